# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and values that strangers may send, drawn by Hypothesis."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from hypothesis import strategies as st

#: What acts on a terminal or hides what stands there: controls, bidi, marks, surrogates.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)

#: Names and texts that have broken something somewhere.
NASTY = (
    *(
        "",
        " ",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "~",
        "~root",
        "-rf",
        "%",
    ),
    *("\x00", "a\x00b", "a\r\nX-Injected: 1", "a\nb", "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m"),
    *("\u202egnp.exe", "\u200b", "\ufeffbom", "\ud800", "a\udfffb", "\U0001f511", "\uffff"),
    *(
        "e\u0301",
        "\u00e9",
        "\u212a",
        "K",
        "\u00df",
        "\u1e9e",
        "\u0130",
        "\u0131",
        "\ufb01",
        "\uff21",
    ),
    *(
        "{{ lookup('pipe', 'touch PWNED') }}",
        "{% raw %}",
        "{#",
        "${jndi:ldap://x}",
        "<script>alert(1)</script>",
    ),
    *(
        "'\"><img src=x onerror=alert(1)>",
        "</script>",
        "<!--",
        "]]>",
        "&lt;",
        "&#0;",
        "javascript:alert(1)",
    ),
    *("=cmd|' /C calc'!A0", "+1+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\uff1d1", " =1"),
    *(
        "null",
        "true",
        "yes",
        "1e999",
        "NaN",
        "0x10",
        "1_000",
        "2026-01-01",
        "!!python/object:os.system",
    ),
    *("id:", "id:42", "all", "*", "[a-z]", "x" * 300, "é" * 200, "con", "aux.txt", "COM1"),
    *(
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "٣d",
        "90d",
    ),
)
#: Of no type that belongs there, or too much of it.
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**100, -(10**18)),
    *(0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan")),
    *([], {}, [None], [[]], {"": None}, {"a": {"b": []}}, [[[[[]]]]], ["x"] * 100),
)


def unseen(text: str) -> list[str]:
    """Return the characters of a text that a person cannot see or a terminal acts on."""
    return _UNSEEN.findall(text)


@functools.cache
def texts() -> st.SearchStrategy[str]:
    """Texts of any characters, lone surrogates included."""
    return st.one_of(
        st.sampled_from(NASTY),
        st.text(st.characters(codec=None), max_size=20),
        st.builds("".join, st.lists(st.sampled_from(NASTY), max_size=3)),
    )


@functools.cache
def scalars() -> st.SearchStrategy[Any]:
    """What may stand where something else belongs."""
    return st.one_of(st.sampled_from(ODD), texts())


@functools.cache
def values() -> st.SearchStrategy[Any]:
    """Any value that JSON or YAML can carry."""
    return st.recursive(
        scalars(),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3)
        ),
        max_leaves=6,
    )


#: Deeper than any reader goes.
DEEP = 20_000
#: Answers that are none, by a word for each: Hypothesis looks at what it draws from often.
WHOLE: dict[str, bytes] = {
    **{
        text: text.encode() for text in ("", " ", "null", "[]", "{}", "0", '""', "NaN", "-Infinity")
    },
    "deep list": b"[" * DEEP,
    "deep mapping": b'{"a":' * DEEP,
    "deep and whole": b"[" * DEEP + b"]" * DEEP,
    "huge number": b"9" * DEEP,
    "a surrogate": b'"\\ud800"',
    "UTF-16": b"\xff\xfe{\x00}\x00",
    "a mark": b"\xef\xbb\xbf{}",
    "gzip": b"\x1f\x8b\x08\x00",
    "zeros": b"\x00" * 1000,
    "a page": b"<html><body>Sign in</body></html>",
    "long tag": b"<" + b"a" * 10_000,
    "deep XML": b"<a>" * DEEP,
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc">]><a>&b;</a>',
    "twice": b'{"a": 1, "a": 2}',
}


@functools.cache
def bodies() -> st.SearchStrategy[bytes]:
    """Whole answers that are none."""
    return st.one_of(
        st.binary(max_size=200),
        st.sampled_from(sorted(WHOLE)).map(WHOLE.__getitem__),
        values().map(lambda value: json.dumps(value).encode()),
    )
