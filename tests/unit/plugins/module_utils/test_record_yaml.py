# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixed form of YAML: both readers agree on it, PyYAML too, and on nothing else by mistake."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record, Secret
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    to_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.loose_yaml import (
    read_loose,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.record_yaml import (
    OtherFormError,
    read_canonical,
    read_yaml,
    write_yaml,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.generated import (  # noqa: E501 - the package is as deep as that
    FACTS,
    TEXT,
    records,
)

SEALED = "$ANSIBLE_VAULT;1.1;AES256\n6162\n63"
RECORDS = records("echo", "lab", "app-0001")
MANY = settings(
    database=None, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck)
)


class Reader(yaml.SafeLoader):
    """What an auditor with PyYAML alone would write."""


def _scalar(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


Reader.add_constructor("!vault", lambda loader, node: ("vault", _scalar(loader, node)))
Reader.add_constructor("!unsafe", _scalar)


def secret(sealed: str) -> Secret:
    """Return a secret that is known by its ciphertext."""
    return Secret(None, sealed)


def plain(value: Any) -> Any:
    """Return a document with its secrets as pairs, for comparison."""
    if isinstance(value, Secret):
        return ("vault", value.sealed)
    if isinstance(value, tuple) and len(value) == 2 and value[0] == "vault":
        return ("vault", value[1].rstrip("\n"))
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    # True is not 1, and 1 is not 1.0.
    return (type(value).__name__, value)


def document_of(record: Record) -> dict[str, Any]:
    """Return a record's document with every secret sealed."""
    for number, each in enumerate(record.secrets()):
        each.sealed = f"{SEALED}{number:02d}"
    return to_document(record)


def is_canonical(text: str) -> bool:
    """Tell whether the small reader takes a text."""
    try:
        read_canonical(text, secret)
    except OtherFormError:
        return False
    return True


@MANY
@given(RECORDS)
def test_three_readers_agree_on_what_is_written(record: Record) -> None:
    document = document_of(record)
    text = write_yaml(document, "a comment")
    expected = plain(document)
    assert plain(read_yaml(text, secret)) == expected
    assert plain(read_loose(text, secret)) == expected
    assert plain(yaml.load(text, Reader)) == expected  # noqa: S506 - a safe loader
    assert text.startswith("# a comment\nformat: 1\n")


@MANY
@given(st.dictionaries(TEXT, FACTS, min_size=1, max_size=5))
def test_any_document_is_read_as_written(document: dict[str, Any]) -> None:
    text = write_yaml(document, "a comment")
    assert plain(read_yaml(text, secret)) == plain(document)
    assert plain(read_loose(text, secret)) == plain(document)


@MANY
@given(RECORDS, st.data())
def test_small_reader_never_reads_a_changed_text_differently(
    record: Record, data: st.DataObject
) -> None:
    text = write_yaml(document_of(record), "a comment")
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(
        st.sampled_from(
            (
                *(
                    "",
                    " ",
                    "  ",
                    "\n",
                    "\n\n",
                    "- ",
                    ": ",
                    '"',
                    "'",
                    "#",
                    " # x",
                    "\t",
                    "\r",
                    "null",
                ),
                *(
                    "~",
                    "no",
                    "0x1f",
                    "1_0",
                    "012",
                    "1e3",
                    "!vault |",
                    "!unsafe ",
                    "{}",
                    "[]",
                    "&a ",
                ),
                *(
                    "*a",
                    "<<: ",
                    "---\n",
                    "...\n",
                    "\\",
                    "\x85",
                    "\u2028",
                    "\ufeff",
                    "|",
                    ">",
                    "a: 1\n",
                ),
            )
        )
    )
    changed = text[:at] + put + text[at + cut :]
    try:
        small = plain(read_canonical(changed, secret))
    except OtherFormError:
        return
    assert small == plain(read_loose(changed, secret))


def test_what_is_written_mostly_needs_no_pyyaml() -> None:
    document = {
        "format": 1,
        "empty": {},
        "none": None,
        "nothing": [],
        "list": ["a", 1, True, 1.5, None],
        "maps": [{"a": "b", "deep": {"c": ["d"]}}, {"e": Secret(None, SEALED)}],
        "nested": [[1, 2], {"a": [1.0e16, -0.0, 1e-05]}],
        "null": 'a "quoted" \\ text\n',
        "umlaut ü": "ü",
        "key": {"secret_key": Secret(None, SEALED), "state": "first"},
    }
    text = write_yaml(document, "a comment")
    assert is_canonical(text)
    assert plain(read_canonical(text, secret)) == plain(document)
    assert plain(read_loose(text, secret)) == plain(document)
    # Whoever opens the file sees the state before the ciphertext.
    assert text.index("state:") < text.index("secret_key:")


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "a{% if b %}", "{# c #}"])
def test_text_that_looks_like_a_template_is_marked_unsafe(text: str) -> None:
    written = write_yaml({"account": text, "list": [text], "nested": [[text]]}, "a comment")
    assert written.count("!unsafe") == 3
    assert read_yaml(written, secret) == {"account": text, "list": [text], "nested": [[text]]}


def test_long_text_stays_in_one_line() -> None:
    document = {"a": "x y" * 2000, "b": ["x: y" * 2000], "c": [["z" * 3000]]}
    text = write_yaml(document, "a comment")
    assert is_canonical(text)
    assert read_loose(text, secret) == document


@pytest.mark.parametrize(
    "document",
    [
        {"a": "lone \ud800 surrogate"},
        {"lone \udfff surrogate": 1},
        {"a": math.nan},
        {"a": [math.inf]},
        {"k" * 1001: 1, "K" * 1001: 2},
    ],
)
def test_what_no_file_can_hold_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"surrogates|is no number|too long"):
        write_yaml(document, "a comment")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account: app\n", {"account": "app"}),
        ("# c\n\na: 1\n", {"a": 1}),
        ("# c\na: 'x'\nb: [1, 2]\n", {"a": "x", "b": [1, 2]}),
        ("# c\na: 2026-01-02T03:04:05Z\n", {"a": "2026-01-02T03:04:05Z"}),
        ("---\na: 1 # one\n...\n", {"a": 1}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        (
            "a: !unsafe [x, '{{ y }}']\nb: !unsafe {c: d}\n",
            {"a": ["x", "{{ y }}"], "b": {"c": "d"}},
        ),
        ('{"a": 1, "b": [true]}', {"a": 1, "b": [True]}),
    ],
)
def test_file_that_a_person_changed_is_read(text: str, expected: object) -> None:
    assert not is_canonical(text)
    assert read_yaml(text, secret) == expected


@pytest.mark.parametrize("tag", ["!vault", "!vault-encrypted"])
def test_vault_value_is_read_however_it_is_wrapped(tag: str) -> None:
    lines = SEALED.split("\n")
    text = f"k: {tag} |2-\n          {lines[0]}\n          {lines[1]}\n          {lines[2]}\n\n"
    found = read_yaml(text.replace("|2-", "|"), secret)
    assert found["k"].sealed == SEALED


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "# c\na: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: !vault plain\n",
        "# c\na: !vault |\n  plain\n",
        "a: !python/object/apply:os.system [id]\n",
        "a: [1\n",
        "a: 'made-up-secret\n",
        "\x00",
        "a: \x07\n",
        "? [1]\n: 2\n",
        "[" * 5000,
    ],
)
def test_broken_text_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it is no ") as caught:
        read_yaml(text, secret)
    assert "made-up" not in str(caught.value)
