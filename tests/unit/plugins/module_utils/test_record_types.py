# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record whose values are of other types is unreadable; it never breaks whoever uses it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import record as records
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    from_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_types import _FITS
from ansible_collections.objectstore.credentials.tests.unit.support import raised

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "platform": "echo",
    "endpoints": ["lab"],
    "account": "app-0001",
    "current": {"access_key": "AK1", "secret_key": "made-up-secret-key", "slot": 1},
    "pending": {
        "rotation_id": "r2",
        "started_at": "2026-01-02T03:04:05Z",
        "run": "run-1",
        "attempt": "a",
        "keys_before": ["AK1"],
        "settle": 90,
    },
    "retiring": [],
    "scope": {"svm": "uuid"},
    "serial": 3,
}
PARTS = ("HeldKey", "Pending", "KeyIntent", "PastRotation", "Hold", "Decommission", "Move")


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the document with one value changed."""
    document = {k: dict(v) if isinstance(v, dict) else v for k, v in DOCUMENT.items()}
    *way, name = path.split(".")
    place = document
    for step in way:
        place = place[step]
    place[name] = value
    return document


def test_true_document_is_read() -> None:
    assert from_document(DOCUMENT).pending is not None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account", None),
        ("account", 5),
        ("endpoints", "lab"),
        ("endpoints", [None]),
        ("scope", ["svm"]),
        ("scope", {"svm": 1}),
        ("serial", "3"),
        ("serial", True),
        ("retiring", {"access_key": "AK1"}),
        ("current.origin", None),
        ("current.access_key", ["AK1"]),
        ("current.slot", "1"),
        ("pending.keys_before", [None]),
        ("pending.keys_before", "AK1"),
        ("pending.keys_before", {"AK1": 1}),
        ("pending.replaces", {}),
        ("pending.settle", float("nan")),
        ("pending.settle", float("inf")),
        ("pending.started_at", None),
        ("outbox", ["no line"]),
    ],
)
def test_value_of_another_type_makes_a_record_unreadable(path: str, value: Any) -> None:
    error = raised(from_document, changed(path, value))
    assert error.kind == "store_unreadable"
    assert path.rpartition(".")[2] in error.message


def test_every_declared_type_is_known() -> None:
    classes = [getattr(records, name) for name in (*PARTS, "Record")]
    for field in (field for each in classes for field in dataclasses.fields(each)):
        said = str(field.type)
        said = said[len("Optional[") : -1] if said.startswith("Optional[") else said
        is_part = said in PARTS or said.replace("tuple[", "").replace(", ...]", "") in PARTS
        assert said in _FITS or is_part, (field.name, said)


@pytest.mark.parametrize("opening", ["[", '{"a": ['])
def test_line_that_nests_deeper_than_any_is_unreadable(opening: str) -> None:
    closing = "]" if opening == "[" else "]}"
    # JSON reads it; writing it again would end in a RecursionError.
    line = json.loads('{"id": "x", "event": ' + opening * 200 + closing * 200 + "}")
    error = raised(from_document, {**DOCUMENT, "outbox": [line]})
    assert error.kind == "store_unreadable"
    assert "outbox" in error.message
    shallow = {"id": "x", "who": {"user": "a", "more": [{"b": [1]}]}}
    assert from_document({**DOCUMENT, "outbox": [shallow]}).outbox == (shallow,)
