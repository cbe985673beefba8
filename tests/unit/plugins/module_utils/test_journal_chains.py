# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain that is not as it was written is found, by itself or against the head that is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.journal import (
    ChainReport,
    Journal,
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_heads import (
    merge_heads,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, raised

pytestmark = pytest.mark.slow

SOME = [("a", "intended", ""), ("a", "kept", ""), ("b", "promoted", "")]
EVENTS = st.lists(
    st.tuples(st.text(max_size=12), st.sampled_from(["kept", "promoted"]), st.text(max_size=20)),
    min_size=2,
    max_size=6,
)


def write(base: Path, events: Any, run: str = "run-1", clock: Any = None, **names: str) -> Journal:
    """Write a chain of these events, and return its journal."""
    journal = Journal(
        str(base),
        run=run,
        platform=names.get("platform", "echo"),
        endpoint=names.get("endpoint", "lab"),
        clock=clock or RecordingClock(),
        redactor=Redactor(),
        environ={},
    )
    for account, event, why in events:
        journal.append([journal.entry(account, event, why=why)])
    journal.close()
    return journal


def only(base: Path, heads: Any = None) -> ChainReport:
    """Return the report of the only chain."""
    (report,) = verify_journal(str(base), heads)
    return report


@contextmanager
def chain_of(events: Any) -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    """Give a journal with one chain: its directory, its file, the document of its head."""
    base = Path(tempfile.mkdtemp()) / "journal"
    try:
        journal = write(base, events)
        file = Path(journal.head["file"])
        heads = merge_heads(None, journal.head)
        assert only(base).state == only(base, heads).state == "intact"
        yield base, file, heads
    finally:
        shutil.rmtree(base.parent)


quick = settings(max_examples=40, deadline=None)


@quick
@given(EVENTS, st.data())
def test_any_changed_byte_is_found(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, heads):
        content = bytearray(file.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
        file.write_bytes(content)
        assert only(base).state in ("broken", "torn")
        # Only the end of the last line can pass for a kill, and its head tells it from one.
        assert only(base).state == "broken" or place == len(content) - 1
        assert only(base, heads).state in ("broken", "cut")


@quick
@given(EVENTS, st.data())
def test_any_inserted_or_removed_byte_is_found(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, heads):
        content = bytearray(file.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content.insert(place, data.draw(st.integers(0, 255)))
        else:
            del content[place]
        file.write_bytes(content)
        assert only(base, heads).state in ("broken", "cut")


@quick
@given(EVENTS, st.data())
def test_deleted_line_is_found(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, heads):
        lines = file.read_bytes().splitlines(keepends=True)
        place = data.draw(st.integers(0, len(lines) - 1))
        del lines[place]
        file.write_bytes(b"".join(lines))
        is_last = place == len(lines)
        assert only(base).state == ("intact" if is_last else "broken")
        report = only(base, heads)
        assert report.state == ("cut" if is_last else "broken")
        assert report.at_line == place + 1


@quick
@given(EVENTS, st.data())
def test_swapped_lines_are_found(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, _unused):
        lines = file.read_bytes().splitlines(keepends=True)
        one = data.draw(st.integers(0, len(lines) - 2))
        two = data.draw(st.integers(one + 1, len(lines) - 1))
        lines[one], lines[two] = lines[two], lines[one]
        file.write_bytes(b"".join(lines))
        report = only(base)
        assert report.state == "broken"
        assert report.at_line == one + 1


@quick
@given(EVENTS, st.data())
def test_repeated_line_is_found(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, _unused):
        lines = file.read_bytes().splitlines(keepends=True)
        place = data.draw(st.integers(0, len(lines) - 1))
        lines.insert(place, lines[place])
        file.write_bytes(b"".join(lines))
        assert only(base).state == "broken"


@quick
@given(EVENTS, st.data())
def test_cut_tail_is_found_by_its_head(events: Any, data: Any) -> None:
    with chain_of(events) as (base, file, heads):
        content = file.read_bytes()
        left = content[: data.draw(st.integers(0, len(content) - 1))]
        file.write_bytes(left)
        whole = left.count(b"\n")
        # By itself it looks like a run that was killed.
        assert only(base).state == ("intact" if left[-1:] in (b"\n", b"") else "torn")
        assert only(base).lines == whole
        assert only(base, heads).state == "cut"


def written_anew(file: Path, **changes: Any) -> bytes:
    """Return a chain with other fields, as somebody would who can make hashes."""
    prev, lines = "0" * 64, []
    for line in file.read_bytes().splitlines():
        fields = json.loads(line)
        fields.pop("hash")
        fields.update({"prev": prev, **changes})
        body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        prev = hashlib.sha256(body).hexdigest()
        lines.append(body[:-1] + f',"hash":"{prev}"}}\n'.encode())
    return b"".join(lines)


@quick
@given(EVENTS)
def test_chain_written_anew_is_found_by_its_head(events: Any) -> None:
    with chain_of(events) as (base, file, heads):
        file.write_bytes(written_anew(file, event="nothing_happened"))
        assert only(base).state == "intact"
        report = only(base, heads)
        assert report.state == "broken"
        assert "anew" in report.message


@pytest.mark.parametrize(
    ("changes", "at_line"),
    [({"seq": 1}, 2), ({"prev": "0" * 64}, 2), ({"chain": "echo/lab/other"}, 1), ({"seq": "1"}, 1)],
)
def test_line_with_a_right_hash_in_the_wrong_place_is_found(changes: Any, at_line: int) -> None:
    with chain_of(SOME) as (base, file, _unused):
        file.write_bytes(written_anew(file, **changes))
        report = only(base)
        assert (report.state, report.at_line) == ("broken", at_line)


# --- files that come and go ---------------------------------------------------------------------


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where the journal is to be."""
    return tmp_path / "journal"


def test_missing_chain_is_told(base: Path) -> None:
    journal = write(base, SOME)
    heads = merge_heads(None, journal.head)
    Path(journal.head["file"]).unlink()
    report = only(base, heads)
    assert (report.state, report.lines, report.chain) == ("missing", 0, journal.chain)
    assert not report.is_sound
    assert not verify_journal(str(base))


def test_chain_that_no_head_is_kept_of_is_unknown(base: Path) -> None:
    journal = write(base, SOME)
    report = only(base, {"format": 1, "chains": {}})
    assert report.state == "unknown"
    assert report.is_sound
    assert report.head == journal.head["head"]


def test_lines_younger_than_the_head_are_no_fault(base: Path) -> None:
    clock = RecordingClock()
    journal = Journal(
        str(base), run="r", platform="echo", endpoint="lab", clock=clock, redactor=Redactor()
    )
    journal.append([journal.entry("a", "intended")])
    heads = merge_heads(None, journal.head)
    journal.append([journal.entry("a", "kept")])
    report = only(base, heads)
    assert report.state == "intact"
    assert "1 lines" in report.message


def test_torn_last_line_is_told_from_a_broken_one(base: Path) -> None:
    file = Path(write(base, SOME).head["file"])
    content = file.read_bytes()
    file.write_bytes(content + content[:50])
    report = only(base)
    assert (report.state, report.lines, report.at_line) == ("torn", 3, 4)
    assert report.is_sound
    file.write_bytes(content + content[:50] + b"\n")
    report = only(base)
    assert (report.state, report.lines, report.at_line) == ("broken", 3, 4)
    file.write_bytes(content + b"\0" * 4096)
    assert only(base).state == "torn"


def test_torn_line_does_not_hide_lines_that_are_gone(base: Path) -> None:
    journal = write(base, SOME)
    file = Path(journal.head["file"])
    file.write_bytes(file.read_bytes()[:-5])
    assert only(base, merge_heads(None, journal.head)).state == "cut"


def test_chain_under_another_name_is_broken(base: Path) -> None:
    file = Path(write(base, SOME).head["file"])
    file.rename(file.with_name("20200101T000000Z-other.jsonl"))
    report = only(base)
    assert (report.state, report.at_line) == ("broken", 1)


def test_symbolic_link_in_place_of_a_chain_is_broken(base: Path, tmp_path: Path) -> None:
    file = Path(write(base, SOME).head["file"])
    file.rename(tmp_path / "moved")
    file.symlink_to(tmp_path / "moved")
    assert only(base).state == "broken"


def test_line_without_end_is_not_read_into_memory(base: Path) -> None:
    file = Path(write(base, SOME).head["file"])
    with file.open("ab") as handle:
        handle.write(b"x" * (3 << 20))
    assert only(base).state == "broken"


def test_only_the_chains_asked_for_are_checked(base: Path) -> None:
    one, two = write(base, SOME), write(base, SOME, endpoint="B/2")
    three = write(base, SOME, platform="other")
    heads = None
    for journal in (one, two, three):
        heads = merge_heads(heads, journal.head)
    for limits, expected in (
        ({}, {one.chain, two.chain, three.chain}),
        ({"platform": "echo"}, {one.chain, two.chain}),
        ({"platform": "echo", "endpoint": "B/2"}, {two.chain}),
    ):
        for known in (None, heads):
            reports = verify_journal(str(base), known, **limits)
            assert {report.chain for report in reports} == expected
            assert {report.state for report in reports} == {"intact"}


@pytest.mark.parametrize("name", ["nowhere", "file", "link"])
def test_journal_that_is_no_directory_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    exc = raised(verify_journal, str(tmp_path / name))
    assert exc.kind == "invalid_option"
    assert exc.message.startswith("journal:")


def test_strangers_among_the_files_are_left_alone(base: Path) -> None:
    write(base, SOME)
    (base / "README").write_text("hello")
    (base / "echo" / "lab" / "notes.txt").write_text("hello")
    (base / "loop").symlink_to(base)
    assert only(base).state == "intact"


# --- the heads ----------------------------------------------------------------------------------


def head(chain: str, lines: int, digest: str = "f" * 64) -> dict[str, Any]:
    """Return a head as Journal.head gives it."""
    return {"chain": chain, "file": f"/j/{chain}", "lines": lines, "head": digest}


def test_head_goes_forward_only() -> None:
    kept = merge_heads(None, head("echo/lab/20260101T000000Z-a", 3, "a" * 64))
    kept = merge_heads(kept, head("echo/lab/20260101T000000Z-a", 5, "b" * 64))
    same = merge_heads(kept, head("echo/lab/20260101T000000Z-a", 4, "c" * 64))
    assert same == kept
    assert kept["chains"]["echo/lab/20260101T000000Z-a"] == {"lines": 5, "head": "b" * 64}


def test_head_of_a_chain_without_lines_is_not_kept() -> None:
    assert merge_heads(None, head("echo/lab/20260101T000000Z-a", 0)) == {"format": 1, "chains": {}}


def test_latest_heads_are_kept() -> None:
    kept: dict[str, Any] = {}
    for number in range(30):
        place = ("z", "a")[number % 2]
        chain = f"echo/{place}/202601{number + 1:02d}T000000Z-run"
        kept = merge_heads(kept or None, head(chain, 1), most=10)
    days = sorted(chain.rpartition("/")[2][6:8] for chain in kept["chains"])
    assert days == [f"{day:02d}" for day in range(21, 31)]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format": 2, "chains": {}},
        {"format": 1, "chains": []},
        {"format": 1, "chains": {"../../x/y": {"lines": 1, "head": ""}}},
        {"format": 1, "chains": {"a/b/c": {"lines": "1", "head": ""}}},
        {"format": 1, "chains": {"a/b/c": 1}},
    ],
)
def test_note_that_is_none_of_ours_is_an_error(base: Path, document: Any) -> None:
    base.mkdir()
    assert raised(verify_journal, str(base), document).kind == "store_unreadable"
    assert raised(merge_heads, document, head("a/b/c", 1)).kind == "store_unreadable"
