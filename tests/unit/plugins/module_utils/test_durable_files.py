# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durable files: the order of what forces them to disk, and what each failure says."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    durable_files,
    file_locks,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.durable_files import (
    Tree,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.file_locks import (
    FileLock,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.failing_os import (
    failing,
    os_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

HOLDER = {"run": "run-1", "pid": 1, "host": "here"}
REFUSED = ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "ENAMETOOLONG")


def test_file_reaches_the_disk_before_its_name_does(tmp_path: Path) -> None:
    calls: list[str] = []

    def noting(name: str) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            calls.append(name)
            return getattr(os, name)(*args, **more)

        return call

    tree = Tree(str(tmp_path / "base"))
    tree.write(b"first", "a", "b", "file")
    with os_of(durable_files, **{n: noting(n) for n in ("write", "fsync", "rename", "mkdir")}):
        tree.write(b"second", "a", "b", "file")
        tree.write(b"third", "a", "c", "file")
    one = ["write", "fsync", "rename", "fsync"]
    # A new directory is forced into the one above it, before anything stands in it.
    assert calls == [*one, "mkdir", "fsync", *one]
    assert tree.read("a", "b", "file") == b"second"


def test_write_in_pieces_is_whole(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    data = os.urandom(10_000)
    with os_of(durable_files, write=lambda file, rest: os.write(file, rest[:700])):
        tree.write(data, "file")
    with os_of(durable_files, read=lambda file, size: os.read(file, min(size, 333))):
        assert tree.read("file") == data


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("call", ["write", "fsync", "close"])
def test_failure_before_the_renaming_changed_nothing(tmp_path: Path, name: str, call: str) -> None:
    tree = Tree(str(tmp_path))
    tree.write(b"old", "file")
    number = getattr(errno, name)
    if call == "close":

        def close(file: int) -> None:
            # As a network file system does, which finds out last that the disk is full.
            os.close(file)
            if not is_folder.pop(file, False):
                raise OSError(number, os.strerror(number))

        is_folder: dict[int, bool] = {}

        def opening(path: str, flags: int, *args: Any, **more: Any) -> int:
            file = os.open(path, flags, *args, **more)
            is_folder[file] = bool(flags & os.O_DIRECTORY)
            return file

        acts: dict[str, Any] = {"close": close, "open": opening}
    else:
        acts = {call: failing(number)}
    with os_of(durable_files, **acts):
        failure = raised(tree.write, b"new", "file")
    assert (failure.kind, failure.landed) == ("store_refused", False)
    assert str(tmp_path / "file") in failure.message
    assert tree.read("file") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_file_system_that_is_not_well_is_unavailable(tmp_path: Path, number: int) -> None:
    tree = Tree(str(tmp_path))
    tree.write(b"old", "file")
    with os_of(durable_files, fsync=failing(number)):
        failure = raised(tree.write, b"new", "file")
    assert (failure.kind, failure.landed) == ("store_unavailable", False)
    with os_of(durable_files, open=failing(number)):
        assert raised(tree.read, "file").kind == "store_unavailable"
        assert raised(lambda: list(tree.names())).kind == "store_unavailable"


def test_failure_at_or_after_the_renaming_is_not_known(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    with os_of(durable_files, rename=failing(errno.EIO)):
        assert raised(tree.write, b"new", "file").landed is None
    with os_of(durable_files, fsync=sync_folders_fail(errno.EIO)):
        assert raised(tree.write, b"new", "file").landed is None
    assert tree.read("file") == b"new"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_file_system_without_syncing_of_directories_does_without(
    tmp_path: Path, number: int
) -> None:
    tree = Tree(str(tmp_path))
    with os_of(durable_files, fsync=sync_folders_fail(number)):
        tree.write(b"new", "folder", "file")
    assert tree.read("folder", "file") == b"new"


def sync_folders_fail(number: int) -> Any:
    """Return an fsync that fails for directories."""

    def fsync(file: int) -> None:
        if os.path.isdir(f"/dev/fd/{file}"):
            raise OSError(number, os.strerror(number))
        os.fsync(file)

    return fsync


def test_forbidden_file_is_unreadable_and_forbidden_directory_refused(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    tree.write(b"x", "folder", "file")

    forbidden = ""

    def opening(path: str, flags: int, *args: Any, **more: Any) -> int:
        if path == forbidden:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return os.open(path, flags, *args, **more)

    kinds = []
    for name in ("file", "folder", str(tmp_path)):
        forbidden = name
        with os_of(durable_files, open=opening):
            kinds.append(raised(tree.read, "folder", "file").kind)
    assert kinds == ["store_unreadable", "store_refused", "store_refused"]


def test_removing_tells_whether_there_was_anything(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    tree.write(b"x", "folder", "file")
    assert tree.remove("folder", "file")
    assert not tree.remove("folder", "file")
    assert not tree.remove("nowhere", "file")


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path / "base"))
    tree.write(b"x", "folder", "file")
    (tmp_path / "base" / "link").symlink_to("folder")
    before = os.listdir("/dev/fd")
    for turn in range(5):
        tree.write(b"x", "folder", "file")
        tree.read("folder", "file")
        tree.read("folder", "none")
        tree.read("none", "none")
        raised(tree.read, "link", "file")
        raised(tree.read, "folder")
        raised(tree.write, b"x", "folder")
        list(tree.names("folder"))
        tree.remove("none", "none")
        lock = FileLock(tree, "it", HOLDER, "folder", "lock")
        raised(FileLock, tree, "it", HOLDER, "folder", "lock")
        lock.release()
        lock.release()
        for call in ("open", "fsync", "rename", "mkdir"):
            with os_of(durable_files, file_locks, **{call: failing(errno.ENOSPC)}):
                raised(tree.write, b"x", f"new-{turn}-{call}", "file")
    assert len(os.listdir("/dev/fd")) == len(before)


def test_lock_is_for_one_and_goes_round(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    inside: list[int] = []
    turns: list[int] = []

    def work(worker: int) -> None:
        mine = Tree(str(tmp_path))
        while turns.count(worker) < 50:
            try:
                lock = FileLock(mine, "it", {**HOLDER, "run": str(worker)}, "locks", "one")
            except Exception as exc:
                assert getattr(exc, "kind", "") == "busy"  # noqa: PT017 - not the one expected
                gate.wait(0.001)
                continue
            inside.append(worker)
            assert inside == [worker]
            assert lock.is_held()
            inside.remove(worker)
            turns.append(worker)
            lock.release()

    gate = threading.Event()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sorted(turns) == sorted(list(range(4)) * 50)
    assert list(tree.names("locks")) == []


def test_lock_whose_holder_removed_it_between_opening_and_locking_is_taken_anew(
    tmp_path: Path,
) -> None:
    tree = Tree(str(tmp_path))
    FileLock(tree, "it", HOLDER, "locks", "one").release()
    opened: list[int] = []

    def opening(path: str, *args: Any, **more: Any) -> int:
        file = os.open(path, *args, **more)
        if path == "one":
            opened.append(file)
            if len(opened) < 3:
                os.unlink(path, dir_fd=more["dir_fd"])
        return file

    with os_of(file_locks, open=opening):
        lock = FileLock(tree, "it", HOLDER, "locks", "one")
    # Whoever comes now opens the very file that is locked.
    assert lock.is_held()
    assert len(opened) == 3
    lock.release()
    assert list(tree.names("locks")) == []


def test_file_that_was_linked_to_the_place_of_a_lock_is_not_written_over(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path / "base"))
    FileLock(tree, "it", HOLDER, "locks", "one").release()
    precious = tmp_path / "precious"
    precious.write_text("mine")
    os.link(precious, tmp_path / "base" / "locks" / "one")
    lock = FileLock(tree, "it", HOLDER, "locks", "one")
    assert lock.is_held()
    assert raised(FileLock, tree, "it", HOLDER, "locks", "one").kind == "busy"
    lock.release()
    assert precious.read_text() == "mine"


def test_file_system_without_locks_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree(str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    failure = raised(FileLock, tree, "it", HOLDER, "locks", "one")
    assert failure.kind == "store_refused"
    assert str(tmp_path / "locks" / "one") in failure.message
    monkeypatch.undo()
    FileLock(tree, "it", HOLDER, "locks", "one").release()


@pytest.mark.parametrize(("owner", "is_said"), [("another", True), ("root", False), ("own", False)])
def test_directory_that_somebody_else_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str, is_said: bool
) -> None:
    base = tmp_path / "records"
    base.mkdir(mode=0o700)
    tree = Tree(str(base))
    real = os.fstat
    uid = {"another": os.geteuid() + 4711, "root": 0, "own": os.geteuid()}[owner]

    def fstat(file: int) -> os.stat_result:
        facts = list(real(file))
        facts[4] = uid
        return os.stat_result(facts)

    monkeypatch.setattr(os, "fstat", fstat)
    assert tree.has_base()
    assert tree.has_base()
    said = [warning for warning in tree.warnings if "another user" in warning]
    assert len(said) == is_said
    assert all(str(base) in warning and str(uid) in warning for warning in said)
