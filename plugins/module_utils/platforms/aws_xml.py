# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XML answers of AWS query APIs as elements with checked fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable
from xml.parsers import expat

from ..errors import CredentialsError
from ..http import Answer

Complain = Callable[[str], CredentialsError]
_DEEPEST = 40
#: A page of a thousand users has a few thousand; an answer of the longest could hold millions, each
#: of which takes a hundred times its length here.
_MOST_ELEMENTS = 500_000


class Element:
    """One element; a field that is missing or of another form is a malformed answer."""

    #: Of a root: how many bytes the whole answer has.
    size = 0

    def __init__(self, name: str, complain: Complain) -> None:
        self.name = name
        self.children: list[Element] = []
        self.value = ""
        #: The text as it came, in pieces that are joined once: a server may send millions.
        self.pieces: list[str] = []
        #: Makes the error for what is wrong with the answer.
        self.complain = complain

    def child(self, name: str) -> Element:
        """Return the child of a name, which must be there."""
        found = self.find(name)
        if found is None:
            raise self.complain(f"no {name!r} in it")
        return found

    def find(self, name: str) -> Element | None:
        """Return the child of a name, or None."""
        return next((each for each in self.children if each.name == name), None)

    def members(self, name: str) -> list[Element]:
        """Return the entries of a list, which must be there and may be empty."""
        held = self.child(name)
        if held.value.strip() or any(each.name != "member" for each in held.children):
            raise self.complain(f"something else than a list in {name!r}")
        return held.children

    def text(self, name: str) -> str:
        """Return the text of a child, which must not be empty."""
        found = self.child(name)
        if found.children or not found.value.strip():
            raise self.complain(f"no usable {name!r} in it")
        return found.value.strip()

    def optional(self, name: str) -> str | None:
        """Return the text of a child, or None when it is missing or empty."""
        found = self.find(name)
        return (found.value.strip() or None) if found is not None and not found.children else None

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it."""
        waiting = [self]
        while waiting:
            each = waiting.pop()
            yield each
            waiting.extend(reversed(each.children))

    def as_data(self) -> dict[str, Any]:
        """Return the names and texts of all elements, for the redactor to learn secrets from."""
        found: dict[str, list[str]] = {}
        for each in self.walk():
            if not each.children:
                found.setdefault(each.name, []).append(each.value.strip())
        return dict(found)


def parsed(answer: Answer) -> Element:
    """Return the root of an answer. Raises malformed_answer for what is no XML document."""
    root = parsed_or_none(answer)
    if root is None:
        raise answer.malformed(_instead(answer.body))
    return root


def parsed_or_none(answer: Answer) -> Element | None:
    """Return the root of an answer, or None; its secrets are learned by the redactor."""
    path: list[Element] = []
    roots: list[Element] = []
    count = 0
    parser = expat.ParserCreate()
    # Texts may come in pieces.
    parser.buffer_text = True

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        element = Element(name.rpartition(":")[2], answer.malformed)
        (path[-1].children if path else roots).append(element)
        path.append(element)
        if len(path) > _DEEPEST or count > _MOST_ELEMENTS:
            raise ValueError(name)

    def end(_name: str) -> None:
        element = path.pop()
        element.value = "".join(element.pieces)
        element.pieces.clear()

    def text(data: str) -> None:
        path[-1].pieces.append(data)

    def doctype(*_declaration: object) -> None:
        # No answer of these APIs has one; entities, which it could declare, are its only use here.
        raise ValueError("doctype")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(answer.body, True)
    except (expat.ExpatError, ValueError, LookupError):
        return None
    root = roots[0]
    root.size = len(answer.body)
    answer.redactor.learn_from(root.as_data())
    return root


def _instead(body: bytes) -> str:
    start = body[:512].lstrip().lower()
    if not start:
        return "an empty body instead of XML"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page instead of an answer of the API"
    return "something that is no XML"
