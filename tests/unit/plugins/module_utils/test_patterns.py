# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns over a stranger's texts: twice the text takes twice the time, not four times."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import rotation_issue
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Answer
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    aws_xml,
    ontap_rows,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor

#: What such a text took before, in seconds of the processor: five and more.
LENGTH = 80_000


def answer(body: bytes, **headers: str) -> Answer:
    """Return an answer of a server that means harm."""
    return Answer("GET", "https://evil.example.com/", 200, headers, body, Redactor())


WORK: dict[str, Callable[[], object]] = {
    # A hundred headers of 64 KiB come as one text.
    "Link": lambda: ontap_rows.next_href(answer(b"{}", Link="<" * LENGTH), {}),
    "names": lambda: Redactor().learn_from({"secret" + "expir" * (LENGTH // 6) + "!": "made-up"}),
    "description": lambda: rotation_issue._LABEL.sub("", " " * LENGTH + "x"),
}


@pytest.mark.parametrize("name", sorted(WORK))
def test_pattern_takes_no_longer_than_the_text_is(name: str) -> None:
    began = time.thread_time()
    WORK[name]()
    assert time.thread_time() - began < 1


def test_mark_of_an_attempt_is_found_behind_any_blanks() -> None:
    for description in (
        "  [s3-rotation 0a1b]",
        "north \t [s3-rotation 0a1b]",
        "[s3-rotation 0a1b]",
    ):
        assert rotation_issue._LABEL.sub("", description) in ("", "north")


def test_document_of_more_elements_than_any_page_is_none() -> None:
    inner = b"<a/>" * 500_000
    assert aws_xml.parsed_or_none(answer(b"<r>" + inner + b"</r>")) is None
    root = aws_xml.parsed_or_none(answer(b"<r>a<b>c</b>d&lt;</r>"))
    assert root is not None
    assert (root.value, root.text("b")) == ("ad<", "c")
