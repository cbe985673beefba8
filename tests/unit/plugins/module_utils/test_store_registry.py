# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret stores' options together, and the opening of the one that is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils import store_registry
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    OPTIONS,
    STORES,
    open_store,
    secret_store_spec,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import POLICY
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    RecordingClock,
    everything_in,
    raised,
)

ROOT = Path(__file__).resolve().parents[4]


class Shelf(SecretStore):
    """A store that notes what happens to it."""

    name = "shelf"
    title = "a shelf"
    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "str", "required": True},
        "colour": {"type": "str", "choices": ["red", "blue"], "default": "red"},
        "key": {"type": "str", "no_log": True},
    }
    happened: ClassVar[list[str]] = []
    error: ClassVar[Any] = None

    def open(self) -> None:
        self.happened.append("open")
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.happened.append("close")


class Cellar(Shelf):
    """Another one, with an option of its own and one in common."""

    name = "cellar"
    title = "a cellar"
    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "str", "default": "down/{account}"},
        "colour": {"type": "str", "choices": ["blue", "green"]},
        "depth": {"type": "int"},
    }


def there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be these two stores, with the options that they have now."""
    stores: dict[str, type[SecretStore]] = {"shelf": Shelf, "cellar": Cellar}
    monkeypatch.setattr(store_registry, "STORES", stores)
    options = {name: store.OPTIONS for name, store in stores.items()}
    monkeypatch.setattr(store_registry, "OPTIONS", options)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only these two stores."""
    there_are(monkeypatch)
    Shelf.happened.clear()
    yield
    Shelf.error = None


def context() -> StoreContext:
    """Return a context with nothing special."""
    return StoreContext(clock=RecordingClock(), redactor=Redactor(), run="run-1", environ={})


def test_spec_is_the_union_without_defaults(two: None) -> None:
    assert secret_store_spec() == {
        "type": "dict",
        "no_log": False,
        "options": {
            "type": {"type": "str", "required": True, "choices": ["cellar", "shelf"]},
            "path": {"type": "str"},
            "colour": {"type": "str", "choices": ["blue", "green", "red"]},
            "key": {"type": "str", "no_log": True},
            "depth": {"type": "int"},
        },
    }


@pytest.mark.parametrize(
    "spec", [{"type": "path"}, {"type": "str", "no_log": True}, {"type": "list"}]
)
def test_two_meanings_of_one_name_are_a_defect(
    two: None, monkeypatch: pytest.MonkeyPatch, spec: dict[str, Any]
) -> None:
    monkeypatch.setattr(Cellar, "OPTIONS", {"path": spec})
    there_are(monkeypatch)
    with pytest.raises(ValueError, match="path"):
        secret_store_spec()


def test_store_is_opened_with_its_own_defaults(two: None) -> None:
    store = open_store({"type": "cellar", "path": None, "key": None}, context())
    assert store.options == {"path": "down/{account}", "colour": None, "depth": None}
    assert Shelf.happened == ["open"]


def test_store_that_cannot_be_opened_is_closed(two: None) -> None:
    Shelf.error = ValueError("no shelf")
    with pytest.raises(ValueError, match="no shelf"):
        open_store({"type": "shelf", "path": "x"}, context())
    assert Shelf.happened == ["open", "close"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (None, ["secret_store is not a dictionary"]),
        ([], ["secret_store is not a dictionary"]),
        ({}, ["secret_store.type is missing"]),
        ({"type": None}, ["secret_store.type is missing"]),
        ({"type": "attic"}, ["'attic'", "no secret store"]),
        ({"type": "shelf"}, ["secret_store.path is missing", "a shelf"]),
        (
            {"type": "shelf", "path": "x", "depth": 3},
            ["secret_store.depth", "cellar, not of shelf"],
        ),
        ({"type": "shelf", "path": "x", "width": 3}, ["secret_store.width", "no option of shelf"]),
        ({"type": "shelf", "path": "x", "colour": "green"}, ["colour", "red, blue"]),
    ],
)
def test_wrong_option_is_named(two: None, options: Any, words: list[str]) -> None:
    failure = raised(open_store, options, context())
    assert failure.kind == "invalid_option"
    assert [word for word in words if word not in failure.message] == []
    assert not Shelf.happened


def test_secret_options_are_learnt_before_anything_is_said(two: None) -> None:
    where = context()
    failure = raised(open_store, {"type": "shelf", "key": CANARY}, where)
    assert CANARY not in everything_in(failure)
    assert where.redactor.redact(f"<{CANARY}>") == "<********>"


def documented_options() -> Mapping[str, Any]:
    """Return the suboptions that the documentation has."""
    fragment = (ROOT / "plugins" / "doc_fragments" / "secret_store.py").read_text()
    found = yaml.safe_load(fragment.split('r"""')[1].split('"""')[0])["options"]["secret_store"]
    assert found["type"] == "dict"
    suboptions: Mapping[str, Any] = found["suboptions"]
    return suboptions


def test_documentation_has_every_option_of_every_store() -> None:
    documented = documented_options()
    spec = secret_store_spec()["options"]
    assert set(documented) == set(spec)
    for name, option in spec.items():
        kinds = ("type", "choices", "elements", "required")
        assert {k: documented[name].get(k) for k in kinds} == {k: option.get(k) for k in kinds}
        # A default that is written out must be one that a store has.
        text = " ".join(documented[name]["description"])
        defaults = [
            store.OPTIONS[name].get("default") for store in STORES.values() if name in store.OPTIONS
        ]
        for default in defaults:
            if default is not None:
                assert f"V({str(default).lower() if default is True else default})" in text


@pytest.mark.parametrize("name", sorted(STORES))
def test_store_is_known_by_its_own_name(name: str) -> None:
    assert STORES[name].name == name
    assert STORES[name].OPTIONS is OPTIONS[name]
    assert STORES[name].title
    assert "type" not in STORES[name].OPTIONS


def guide() -> str:
    """Return the guide to the secret stores."""
    return (ROOT / "docs" / "secret-stores.md").read_text()


def test_every_secret_store_has_its_guide() -> None:
    for name in STORES:
        assert f"\n## `{name}`\n" in guide()


def test_guide_gives_aws_exactly_the_rights_that_are_used() -> None:
    policy = json.loads(guide().split("```json\n")[1].split("```")[0])
    given = {
        action
        for statement in policy["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if action.startswith("secretsmanager:")
    }
    sources = (ROOT / "plugins" / "module_utils" / "stores").glob("aws_secretsmanager*.py")
    used = {
        operation
        for path in sources
        for operation in re.findall(r'call\(\s*"(\w+)"', path.read_text())
    }
    assert given == {f"secretsmanager:{operation}" for operation in used}


def test_guide_gives_vault_exactly_the_rights_that_its_tests_have() -> None:
    text = guide().split("```hcl\n")[1].split("```")[0]
    rules = re.findall(r'path "([^"]+)" \{\s*capabilities = (\[[^]]*\])', text)
    assert {path: set(json.loads(words)) for path, words in rules} == {
        path: set(words) for path, words in POLICY.items()
    }
