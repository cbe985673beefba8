# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search finds what is there."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from .search import search

SECRET = "s/e+c\"r'e\\t é"
CANARY = f"{SECRET} Can4ryOfTheMine"
OTHERS = {f"unrelated-{number}": "other" for number in range(4)}


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"user:{SECRET}",
        json.dumps({"a": SECRET}),
        json.dumps(json.dumps({"a": SECRET})),
        repr({"a": SECRET}),
        quote(SECRET, safe="").lower(),
        SECRET.encode().hex(),
        *(base64.b64encode(f"{'x' * n}:{SECRET}:tail".encode()).decode() for n in range(3)),
    ],
)
def test_search_finds_every_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\x00\xff" + text.encode() + b"\n")
    found = search([tmp_path], {SECRET: "canary", **OTHERS})
    assert {leak.secret for leak in found.leaks} == {"canary"}
    assert found.files == 1


@pytest.mark.parametrize(
    "text",
    [
        CANARY[4:],
        json.dumps(json.dumps(json.dumps(json.dumps(CANARY)))),
        yaml.safe_dump(CANARY, width=4),
        html.escape(html.escape(CANARY)),
        quote(quote(CANARY)),
        repr(repr(repr(CANARY))),
        base64.b64encode(json.dumps({"a": CANARY}).encode()).decode(),
    ],
    ids=["cut", "JSON", "folded", "HTML", "URL", "repr", "base64 of JSON"],
)
def test_search_finds_what_was_encoded_often_or_cut(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert search([tmp_path], {CANARY: "canary", **OTHERS}).leaks


def test_search_leaves_out_what_may_hold_secrets(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "password").write_text(SECRET)
    (tmp_path / "held-not").write_text(SECRET)
    found = search([tmp_path], {SECRET: "canary", **OTHERS}, [tmp_path / "held"])
    assert {leak.file for leak in found.leaks} == {"held-not"}
