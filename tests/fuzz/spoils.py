# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to spoil a true answer: a value of another type, a name missing or twice, bytes cut off."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from hypothesis import strategies as st

from .texts import DEEP, bodies, texts, values

Path = tuple[Any, ...]


@dataclass(frozen=True)
class Spoil:
    """What happens to one answer. at: which of its values, as a part of all of them."""

    how: str
    at: float = 0.0
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None


HEADERS = st.dictionaries(
    st.sampled_from(
        ("Content-Type", "Date", "Retry-After", "Location", "X-Subject-Token", "Set-Cookie", "ETag")
    ),
    st.one_of(
        st.sampled_from(
            (
                *(
                    "text/html",
                    "application/json; charset=utf-7",
                    "application/xml",
                    "",
                    "\x1b[31m",
                ),
                *("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -9999", "0", "-1"),
                *(
                    "99999999999999999999",
                    "1e9",
                    "Mon, 99 Foo 10000 99:99:99",
                    "//elsewhere.invalid/",
                ),
                *("http://127.0.0.1:1/", "javascript:1", "http://[::1", "a=b; Domain=elsewhere"),
            )
        ),
        texts(),
    ),
    max_size=3,
)
STATUSES = st.sampled_from(
    (None, None, None, 200, 201, 202, 204, 206, 299, 304, 400, 404, 409, 500)
)


@functools.cache
def spoils(most: int = 3) -> st.SearchStrategy[list[Spoil]]:
    """Some spoils for one answer."""
    parts = st.floats(0, 0.999, allow_nan=False)
    one = st.one_of(
        st.builds(Spoil, st.just("replace"), parts, values()),
        st.builds(Spoil, st.just("replace"), parts, values()),
        st.builds(Spoil, st.sampled_from(("remove", "twice", "wrap", "many", "deep")), parts),
        st.builds(Spoil, st.just("rename"), parts, texts()),
        st.builds(Spoil, st.just("body"), value=bodies()),
        st.builds(Spoil, st.sampled_from(("cut", "zero", "flip")), parts),
        st.builds(Spoil, st.just("keep"), headers=HEADERS, status=STATUSES),
    )
    return st.lists(one, min_size=1, max_size=most)


def paths_in(value: Any, path: Path = ()) -> list[Path]:
    """Return the path to every value inside a decoded answer, of long lists to the first ones."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value[:3]))
    return [path, *(spot for name, child in inner for spot in paths_in(child, (*path, name)))]


def spoilt(payload: bytes, some: Sequence[Spoil]) -> bytes:
    """Return an answer's body after what happens to it."""
    for spoil in some:
        if spoil.how == "body":
            payload = bytes(spoil.value)
        elif spoil.how == "cut":
            payload = payload[: int(len(payload) * spoil.at)]
        elif spoil.how == "zero":
            at = int(len(payload) * spoil.at)
            payload = payload[:at] + b"\x00\x1b\xff" + payload[at:]
        elif spoil.how == "flip" and payload:
            at = int(len(payload) * spoil.at)
            payload = payload[:at] + bytes([payload[at] ^ 0x20]) + payload[at + 1 :]
        elif spoil.how != "keep":
            payload = _spoilt_tree(payload, spoil)
    return payload


def _spoilt_tree(payload: bytes, spoil: Spoil) -> bytes:
    if payload.lstrip()[:1] == b"<":
        try:
            return _spoilt_xml(payload, spoil)
        except RecursionError:
            return payload  # another spoil before this one made it deep: nothing reads on in it
    try:
        tree = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return _spoilt_json(tree, spoil)


def _spoilt_json(tree: Any, spoil: Spoil) -> bytes:
    paths = paths_in(tree)
    path = paths[int(len(paths) * spoil.at)]
    holder: dict[str, Any] = {"": copy.deepcopy(tree)}
    parent: Any = holder
    name: Any = ""
    for step in path:
        parent, name = parent[name], step
    inner = parent[name]
    mark = "\u0001spoilt\u0001"
    if spoil.how == "replace":
        parent[name] = spoil.value
    elif spoil.how == "remove":
        del parent[name]
        if not holder:
            return b""
    elif spoil.how == "wrap":
        parent[name] = [inner]
    elif spoil.how == "many":
        parent[name] = inner * 50 if isinstance(inner, (list, str)) else [inner] * 50
    elif spoil.how == "rename" and isinstance(parent, dict) and path:
        parent[spoil.value] = parent.pop(name)
    elif spoil.how == "deep":
        parent[name] = mark
        deep = "[" * DEEP + "]" * DEEP
        return json.dumps(holder[""]).replace(json.dumps(mark), deep).encode()
    elif spoil.how == "twice" and isinstance(parent, dict) and path:
        parent[mark] = None
        whole = json.dumps(holder[""])
        return whole.replace(json.dumps(mark), json.dumps(name)).encode()
    return json.dumps(holder[""]).encode()


def _spoilt_xml(payload: bytes, spoil: Spoil) -> bytes:
    try:
        root = ElementTree.fromstring(payload)  # noqa: S314  # the simulator's own
        places = [(parent, child) for parent in root.iter() for child in parent]
    except (ElementTree.ParseError, RecursionError):
        return payload
    if not places:
        return payload
    parent, child = places[int(len(places) * spoil.at)]
    if spoil.how == "replace":
        child[:] = []
        said = spoil.value if isinstance(spoil.value, str) else json.dumps(spoil.value)
        child.text = "".join(c if c.isprintable() or c in "\t\n" else "\u202e" for c in said)
    elif spoil.how == "remove":
        parent.remove(child)
    elif spoil.how in ("twice", "many"):
        parent.extend([copy.deepcopy(child) for _more in range(50 if spoil.how == "many" else 1)])
    elif spoil.how == "wrap":
        inner = copy.deepcopy(child)
        child[:] = [inner]
    elif spoil.how == "rename":
        child.tag = "Other"
    elif spoil.how == "deep":
        child.text = "spoilt-here"
        whole = ElementTree.tostring(root)
        return whole.replace(b"spoilt-here", b"<a>" * DEEP + b"</a>" * DEEP)
    return ElementTree.tostring(root)
