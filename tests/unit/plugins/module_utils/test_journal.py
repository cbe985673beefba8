# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal loses no line and doubles none: threads, kills, full disks, lines that come late."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.journal import (
    Journal,
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    RecordingClock,
    raised,
)

MakeJournal = Callable[..., Journal]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where the journal is to be."""
    return tmp_path / "journal"


@pytest.fixture
def make(base: Path, clock: RecordingClock) -> MakeJournal:
    """Return a function that makes a journal for a run."""

    def made(run: str = "run-1", **changes: Any) -> Journal:
        values: dict[str, Any] = {
            "path": str(base),
            "run": run,
            "platform": "echo",
            "endpoint": "lab",
            "clock": clock,
            "redactor": Redactor(),
            "environ": {},
            **changes,
        }
        return Journal(values.pop("path"), **values)

    return made


@pytest.fixture
def journal(make: MakeJournal) -> Journal:
    """A journal of one run."""
    return make()


def lines_of(journal: Journal) -> list[dict[str, Any]]:
    """Return the lines of a journal's file."""
    text = Path(journal.head["file"]).read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def states(base: Path, **kwargs: Any) -> list[str]:
    """Return the states of all chains."""
    return [report.state for report in verify_journal(str(base), **kwargs)]


# --- what an entry says -------------------------------------------------------------------------


def test_entry_says_who_when_which_and_what(make: MakeJournal, clock: RecordingClock) -> None:
    environ = {"SUDO_USER": "alice", "AWX_HOST": "https://awx.example.com", "JOB_ID": "42"}
    entry = make(environ=environ).entry(
        "backup", "promoted", access_key="AKIA1", created=clock.now(), why=None, keys=("a", "b")
    )
    assert entry["run"] == "run-1"
    assert entry["who"]["sudo_user"] == "alice"
    assert entry["who"]["pid"] == os.getpid()
    assert entry["who"]["user"]
    assert entry["who"]["host"]
    assert entry["job"] == {"system": "awx", "id": "42", "host": "https://awx.example.com"}
    assert entry["at"].endswith("Z")
    assert entry["created"].endswith("Z")
    assert entry["keys"] == ["a", "b"]
    assert (entry["platform"], entry["endpoint"], entry["account"], entry["event"]) == (
        *("echo", "lab", "backup", "promoted"),
    )
    assert "why" not in entry
    json.dumps(entry)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"JOB_ID": "1"}, None),
        ({"TOWER_JOB_ID": "7"}, {"system": "tower", "id": "7"}),
        (
            {"AWX_HOST": "h", "JOB_ID": "8", "PROJECT_REVISION": "abc"},
            {"system": "awx", "id": "8", "host": "h", "revision": "abc"},
        ),
        ({"CI_JOB_ID": "9", "CI_JOB_URL": "u"}, {"system": "gitlab", "id": "9", "url": "u"}),
    ],
)
def test_job_is_known_by_the_environment(
    make: MakeJournal, environ: dict[str, str], expected: Any
) -> None:
    assert make(environ=environ).entry("a", "e").get("job") == expected


def test_secret_never_gets_into_an_entry(make: MakeJournal) -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    journal = make(redactor=redactor)
    pair = Pair("AKIA1", CANARY)
    entry = journal.entry(
        f"a {CANARY}", "failed", why=f"b {CANARY}", details={"x": [CANARY]}, pair=pair
    )
    journal.append([entry])
    text = Path(journal.head["file"]).read_text() + json.dumps(entry)
    assert "canary" not in text
    assert text.count("********") == 6


def test_fact_cannot_take_the_place_of_a_name_of_the_line(journal: Journal) -> None:
    for name in ("hash", "id", "late", "chain"):
        with pytest.raises(ValueError, match=name):
            journal.entry("a", "e", **{name: "x"})


# --- writing ------------------------------------------------------------------------------------


def test_lines_hold_on_to_each_other(journal: Journal, base: Path) -> None:
    journal.append([journal.entry("a", "intended"), journal.entry("a", "kept")])
    journal.append([journal.entry("b", "promoted")])
    lines = lines_of(journal)
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert [line["prev"] for line in lines] == ["0" * 64, lines[0]["hash"], lines[1]["hash"]]
    assert {line["chain"] for line in lines} == {journal.chain}
    assert journal.head == {
        "chain": journal.chain,
        "file": str(base / f"{journal.chain}.jsonl"),
        "lines": 3,
        "head": lines[2]["hash"],
    }
    assert states(base) == ["intact"]


def test_hash_is_the_sha256_of_the_canonical_line(journal: Journal) -> None:
    import hashlib

    journal.append([journal.entry("ä/\n", "kept", why="\u2028 \ud800")])
    (line,) = lines_of(journal)
    expected = line.pop("hash")
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == expected


def test_names_become_no_paths(make: MakeJournal, base: Path) -> None:
    journal = make(run="../../x/y", platform="..", endpoint="a/b\0c", shard="3/8")
    journal.append([journal.entry("a", "e")])
    (file,) = base.rglob("*.jsonl")
    assert file.parent.parent.parent == base
    assert str(file) == journal.head["file"]
    assert "3of8" in file.name
    assert states(base) == ["intact"]


def test_files_are_private(journal: Journal, base: Path) -> None:
    before = os.umask(0)
    try:
        journal.append([journal.entry("a", "e")])
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in base.rglob("*") if path.is_dir()}
    assert modes | {stat.S_IMODE(base.stat().st_mode)} == {0o700}
    assert stat.S_IMODE(Path(journal.head["file"]).stat().st_mode) == 0o600


def test_nothing_is_made_before_something_is_written(journal: Journal, base: Path) -> None:
    journal.append([])
    journal.settle([])
    assert journal.head["lines"] == 0
    assert journal.head["head"] == "0" * 64
    assert not base.exists()


def test_preparing_finds_out_in_time_and_leaves_nothing_behind(
    make: MakeJournal, base: Path
) -> None:
    journal = make()
    journal.prepare()
    assert len(list(base.rglob("*.jsonl"))) == 1
    journal.close()
    assert not list(base.rglob("*.jsonl"))
    exc = raised(make(path=str(base / "nowhere" / "journal")).prepare)
    assert exc.kind == "store_refused"
    assert "journal" in exc.message


def has_nameless_files(base: Path) -> bool:
    """Tell whether the file system has files without a name."""
    try:
        os.close(os.open(base, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except (AttributeError, OSError):
        return False
    return True


def test_preparing_finds_a_disk_without_room_before_anything_has_begun(
    make: MakeJournal, base: Path
) -> None:
    base.mkdir()
    journal = make()
    with no_room_beyond(1000):
        if has_nameless_files(base):
            exc = raised(journal.prepare)
            assert exc.kind == "store_refused"
            assert "Make room" in str(exc.next_step)
        else:
            journal.prepare()
    journal.close()
    assert not list(base.rglob("*.jsonl"))


def test_room_is_left_to_the_first_line_where_every_file_has_a_name(
    make: MakeJournal, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    journal = make()
    with no_room_beyond(1000):
        journal.prepare()
        exc = raised(journal.append, [journal.entry("a", "e", why="x" * 2000)])
    assert exc.kind == "store_refused"


def test_without_a_path_entries_are_made_and_nothing_is_written(make: MakeJournal) -> None:
    journal = make(path=None)
    entry = journal.entry("a", "e")
    journal.append([entry])
    journal.settle([entry])
    journal.prepare()
    journal.close()
    assert journal.head["file"] is None
    assert journal.head["lines"] == 0
    assert not journal.knows_later("a", dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc))


def test_entry_is_written_once_however_often_it_comes(journal: Journal) -> None:
    entry, other = journal.entry("a", "e"), journal.entry("a", "f")
    journal.append([entry])
    journal.append([entry, other, other])
    journal.settle([entry])
    assert [line["event"] for line in lines_of(journal)] == ["e", "f"]


def test_threads_share_a_chain(make: MakeJournal, base: Path, monkeypatch: Any) -> None:
    journal = make()
    synced: list[int] = []
    at_work = set(range(16))
    waiting: set[int] = set()
    real = os.fsync

    def slow(file: int) -> None:
        """Take until all who are still at work have brought an entry."""
        synced.append(file)
        deadline = time.monotonic() + 60
        while len(waiting) < len(at_work) and time.monotonic() < deadline:
            threading.Event().wait(0.001)
        real(file)

    journal.prepare()
    monkeypatch.setattr(os, "fsync", slow)
    entries = [journal.entry(f"app-{number}", "kept") for number in range(240)]

    def work(number: int) -> None:
        for entry in entries[number * 15 : number * 15 + 15]:
            waiting.add(number)
            journal.append([entry])
            waiting.remove(number)
            # Returned means on disk.
            assert entry["id"] in Path(journal.head["file"]).read_text()
        at_work.remove(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert {line["id"] for line in lines_of(journal)} == {entry["id"] for entry in entries}
    assert states(base) == ["intact"]
    assert len(synced) < len(entries) / 2


def test_two_runs_of_one_name_do_not_share_a_file(make: MakeJournal, clock: RecordingClock) -> None:
    first = make()
    second = make()
    second.chain = first.chain
    first.append([first.entry("a", "e")])
    same = Journal(
        first.path,
        run="run-1",
        platform="echo",
        endpoint="lab",
        clock=_Stopped(first),
        redactor=Redactor(),
    )
    exc = raised(same.append, [same.entry("a", "e")])
    assert exc.kind == "store_refused"
    assert "another run" in exc.message


class _Stopped(RecordingClock):
    """A clock that stands at the second at which a journal began."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        stamp = journal.chain.rpartition("/")[2][:16]
        self._at = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.timezone.utc)

    def now(self) -> dt.datetime:
        """Return that second."""
        return self._at


# --- what goes wrong ----------------------------------------------------------------------------


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a full disk does; root ignores file modes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_tears_nothing_and_the_line_is_written_later(
    journal: Journal, base: Path
) -> None:
    first, second = journal.entry("a", "e"), journal.entry("b", "f", why="x" * 300)
    journal.append([first])
    size = Path(journal.head["file"]).stat().st_size
    with no_room_beyond(size + 100):
        exc = raised(journal.append, [second])
        assert exc.kind == "store_refused"
        assert "journal" in exc.message
        assert exc.stops_endpoint
        assert Path(journal.head["file"]).stat().st_size == size
    assert journal.head["lines"] == 1
    journal.append([second])
    assert [line["account"] for line in lines_of(journal)] == ["a", "b"]
    assert states(base) == ["intact"]


def test_line_that_could_not_be_taken_back_is_taken_back_before_the_next(
    journal: Journal, base: Path, monkeypatch: Any
) -> None:
    journal.append([journal.entry("a", "e")])
    size = Path(journal.head["file"]).stat().st_size

    def refuse(*args: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", refuse)
        with no_room_beyond(size + 100):
            assert raised(journal.append, [journal.entry("b", "f")]).kind == "store_refused"
        assert Path(journal.head["file"]).stat().st_size == size + 100
        assert raised(journal.append, [journal.entry("b", "f")]).kind == "store_refused"
        assert states(base) == ["torn"]
    journal.append([journal.entry("c", "g")])
    assert [line["account"] for line in lines_of(journal)] == ["a", "c"]
    assert states(base) == ["intact"]


def test_disk_that_does_not_confirm_counts_as_not_written(
    journal: Journal, base: Path, monkeypatch: Any
) -> None:
    journal.prepare()
    entry = journal.entry("a", "e")

    def refuse(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        exc = raised(journal.append, [entry])
    assert "No space left" in exc.message
    assert journal.head["lines"] == 0
    journal.append([entry])
    assert len(lines_of(journal)) == 1
    assert states(base) == ["intact"]


def test_all_who_share_a_failed_write_hear_of_it(journal: Journal, monkeypatch: Any) -> None:
    journal.prepare()
    gate = threading.Event()

    def refuse(file: int) -> None:
        gate.wait(60)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    entries = [journal.entry(f"a-{number}", "e") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(raised, journal.append, [entry]) for entry in entries]
        gate.set()
        assert {future.result(60).kind for future in waiting} == {"store_refused"}
    assert journal.head["lines"] == 0


def test_signal_in_the_middle_of_a_write_tears_nothing(
    journal: Journal, base: Path, monkeypatch: Any
) -> None:
    journal.append([journal.entry("a", "e")])

    def interrupt(file: int) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        journal.append([journal.entry("b", "f")])
    journal.append([journal.entry("c", "g")])
    assert [line["account"] for line in lines_of(journal)] == ["a", "c"]
    assert states(base) == ["intact"]


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_symbolic_link_is_refused(
    make: MakeJournal, base: Path, tmp_path: Path, depth: int
) -> None:
    journal = make()
    parts = [base, *(base / part for part in ("echo", "echo/lab"))]
    target = tmp_path / "elsewhere"
    target.mkdir()
    path = Path(journal.head["file"]) if depth == 3 else parts[depth]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target / "file" if depth == 3 else target)
    exc = raised(journal.append, [journal.entry("a", "e")])
    assert exc.kind == "store_refused"
    assert not list(target.iterdir())


def test_killed_writer_leaves_whole_lines_and_perhaps_a_torn_one(
    make: MakeJournal, base: Path
) -> None:
    for number in range(12):
        child = os.fork()
        if not child:
            killed = make(run=f"killed-{number}")
            threading.Timer(0.004 * number, os.kill, (os.getpid(), signal.SIGKILL)).start()
            while True:
                killed.append([killed.entry("a", "e", why="x" * 3000)])
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert {report.state for report in verify_journal(str(base))} <= {"intact", "torn"}


# --- lines that an earlier run left in a record -------------------------------------------------


def test_entry_that_stands_in_its_chain_is_left_alone(make: MakeJournal) -> None:
    first, second = make("run-1"), make("run-2")
    entry = first.entry("a", "e")
    first.append([entry])
    second.settle([entry])
    assert second.head["lines"] == 0


def test_entry_that_its_chain_lacks_comes_late(make: MakeJournal, base: Path) -> None:
    first, second = make("run-1"), make("run-2")
    first.append([first.entry("a", "d")])
    entry = first.entry("a", "e")
    second.settle([entry])
    (line,) = lines_of(second)
    assert line["late"] is True
    assert line["meant_for"] == first.chain
    assert line["chain"] == second.chain
    assert (line["id"], line["run"], line["at"]) == (entry["id"], "run-1", entry["at"])
    second.settle([entry])
    assert second.head["lines"] == 1
    assert states(base) == ["intact", "intact"]


def test_entry_that_came_late_once_does_not_come_again(make: MakeJournal) -> None:
    first, second, third = make("run-1"), make("run-2"), make("run-3")
    entry = first.entry("a", "e")
    second.settle([entry])
    third.settle([entry])
    assert second.head["lines"] == 1
    assert third.head["lines"] == 0


def test_entry_of_a_chain_whose_file_is_elsewhere_comes_late(
    make: MakeJournal, tmp_path: Path
) -> None:
    first, second = make("run-1", path=str(tmp_path / "other")), make("run-2")
    entry = first.entry("a", "e")
    first.append([entry])
    second.settle([entry])
    assert second.head["lines"] == 1


def test_entry_in_a_torn_line_comes_late(make: MakeJournal, base: Path) -> None:
    first, second = make("run-1"), make("run-2")
    kept, torn = first.entry("a", "e"), first.entry("b", "f")
    first.append([kept])
    first.append([torn])
    file = Path(first.head["file"])
    file.write_bytes(file.read_bytes()[:-10])
    second.settle([kept, torn])
    assert [line["account"] for line in lines_of(second)] == ["b"]
    assert states(base) == ["torn", "intact"]


def test_chain_that_grows_is_looked_at_again(make: MakeJournal) -> None:
    first, second = make("run-1"), make("run-2")
    for number in range(4):
        entry = first.entry(f"app-{number}", "e")
        first.append([entry])
        second.settle([entry])
    assert second.head["lines"] == 0


def test_entries_without_a_journal_are_owed_to_none(make: MakeJournal) -> None:
    journal = make("run-2")
    journal.settle([make("run-1", path=None).entry("a", "e")])
    assert journal.head["lines"] == 0


@pytest.mark.parametrize(
    "chain", ["../../etc/passwd", "a/b", "/a/b/c", "a/../c", "a/b/c/d", "a/b/.c", 7, None]
)
def test_record_s_word_becomes_no_path(make: MakeJournal, chain: Any) -> None:
    journal = make("run-2")
    journal.settle([{"id": "1" * 16, "chain": chain}, {"id": None, "chain": journal.chain}])
    assert journal.head["lines"] == 0


def test_record_s_entry_cannot_forge_the_chain(make: MakeJournal, base: Path) -> None:
    first, second = make("run-1"), make("run-2")
    entry = {**first.entry("a", "e"), "seq": 99, "prev": "x", "hash": "y", "late": False}
    second.settle([entry])
    assert states(base) == ["intact"]
    assert lines_of(second)[0]["late"] is True
    assert Path(second.head["file"]).read_text().count('"hash"') == 1
    second.append([{**second.entry("b", "f"), "late": True, "meant_for": "a/b/c"}])
    assert not {"late", "meant_for"} & set(lines_of(second)[1])


# --- what is known of an account ----------------------------------------------------------------


def test_later_lines_of_other_runs_are_known(make: MakeJournal, clock: RecordingClock) -> None:
    began = clock.now()
    first = make("run-1")
    first.append([first.entry("a", "intended"), first.entry("ab", "intended")])
    clock.sleep(3600)
    second = make("run-2")
    second.append([second.entry("a", "promoted"), second.entry("x", "e", why='"account":"b",')])
    third = make("run-3")
    third.append([third.entry("ab", "looked_at")])
    assert third.knows_later("a", began)
    assert not third.knows_later("ab", began)
    assert not third.knows_later("b", began)
    assert not third.knows_later("a", clock.now())
    # What this run did itself is no news, and neither is the line of the call that is settled.
    assert not second.knows_later("a", began)
