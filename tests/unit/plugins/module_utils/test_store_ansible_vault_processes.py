# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes on one ansible_vault store: one writer at a time, and any of them may die."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    durable_files,
    file_locks,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501 - the package is this deep
    file_of,
    store_at,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501 - the package is this deep
    OTHER,
    PLACE,
    opened,
    pending_of,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

pytestmark = pytest.mark.slow

TURNS = 15


def forked(work: Callable[[], None]) -> int:
    """Run something in a process of its own; return its identifier."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a process; return its exit code, negative for a signal."""
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def until_free(act: Callable[[], None]) -> None:
    """Do something, again for as long as another process is at it."""
    for _turn in range(20_000):
        try:
            act()
        except CredentialsError as exc:
            if exc.kind != "busy":
                raise
            time.sleep(0.002)
        else:
            return
    raise AssertionError("it was busy for ever")


def add_one(store: AnsibleVault, name: str) -> None:
    """Add an entry to the record, on what is there now."""
    stored = store.read(PLACE)
    assert stored is not None
    record = dataclasses.replace(stored.record, suspects=(*stored.record.suspects, name))
    store.write(PLACE, record, stored.version)


@pytest.mark.parametrize("is_leased", [True, False])
def test_processes_that_race_lose_nothing(tmp_path: Path, is_leased: bool) -> None:
    base = tmp_path / "secrets"
    store_at(base).write(PLACE, record_of(), None)

    def work(worker: int) -> None:
        store = store_at(base, f"run-{worker}")
        for turn in range(TURNS):
            name = f"{worker}-{turn}"

            def act(name: str = name) -> None:
                if not is_leased:
                    add_one(store, name)
                    return
                with store.lease(PLACE) as lease:
                    # Nobody else is here.
                    alone = os.open(tmp_path / "alone", os.O_CREAT | os.O_EXCL)
                    os.close(alone)
                    add_one(store, name)
                    assert lease.is_sure()
                    os.unlink(tmp_path / "alone")

            until_free(act)

    children = [forked(lambda worker=worker: work(worker)) for worker in range(3)]  # type: ignore[misc]  # a lambda with a default
    assert [ended(child) for child in children] == [0, 0, 0]
    stored = store_at(base).read(PLACE)
    assert stored is not None
    wanted = {f"{worker}-{turn}" for worker in range(3) for turn in range(TURNS)}
    assert set(stored.record.suspects) == wanted
    assert len(stored.record.suspects) == len(wanted)
    assert stored.record.serial == len(wanted) + 1
    assert not list((base / ".locks").glob("*.lock"))


def test_busy_names_process_and_host_of_the_holder(tmp_path: Path) -> None:
    base = tmp_path / "secrets"
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    ready, go = os.pipe(), os.pipe()

    def hold() -> None:
        with store_at(base, "night-run").lease(PLACE):
            os.write(ready[1], b"x")
            os.read(go[0], 1)

    child = forked(hold)
    os.read(ready[0], 1)
    with_lease = raised(store.lease(PLACE).__enter__)
    stored = store.read(PLACE)
    assert stored is not None
    without = raised(store.write, PLACE, stored.record, stored.version)
    os.write(go[1], b"x")
    assert ended(child) == 0
    for failure in (with_lease, without):
        assert failure.kind == "busy"
        assert "night-run" in failure.message
        assert str(child) in failure.message
        assert os.uname().nodename in failure.message
    for end in (*ready, *go):
        os.close(end)
    store.write(PLACE, stored.record, stored.version)


class DyingOs:
    """The module os of a process that is killed at one of its calls; a write is cut in half."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if not callable(real) or name in ("fspath", "getpid", "uname", "strerror"):
            return real

        def call(*args: Any, **more: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                if name == "write":
                    os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        return call


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("is_leased", [True, False])
def test_writer_that_is_killed_at_any_call_leaves_a_whole_record(
    tmp_path: Path, is_new: bool, is_leased: bool
) -> None:
    found = set()
    for step in range(500):
        base = tmp_path / f"secrets-{step}"
        old = None if is_new else store_at(base).write(PLACE, record_of(), None)

        def work(base: Path = base, old: Any = old, step: int = step) -> None:
            store = store_at(base, "killed")
            for module in (durable_files, file_locks):
                vars(module)["os"] = DyingOs(step)  # of this process only
            record = record_of(pending=pending_of()) if old is None else old.record
            record = dataclasses.replace(record, pending=pending_of())
            if is_leased:
                with store.lease(PLACE):
                    store.write(PLACE, record, old.version if old else None)
            else:
                store.write(PLACE, record, old.version if old else None)

        code = ended(forked(work))
        # Whoever comes next finds a whole record, and can go on at once.
        store = store_at(base, "next")
        stored = store.read(PLACE)
        pending = None if stored is None else stored.record.pending
        found.add("nothing" if stored is None else "old" if pending is None else "new")
        if stored is not None:
            assert opened(stored.record)[0] == "Made0Up0Secret0Key0/+=01"
        with store.lease(PLACE) as lease:
            record = record_of() if stored is None else stored.record
            store.write(PLACE, record, stored.version if stored else None)
            assert lease.is_sure()
        names = {path.name for path in file_of(base, PLACE).parent.iterdir()}
        assert names == {"app-0001.yml"}
        assert not list((base / ".locks").iterdir())
        if code == 0:
            assert step > 15
            break
        assert code == -signal.SIGKILL
    else:
        raise AssertionError("the write never ended")
    assert found == {"nothing" if is_new else "old", "new"}


def test_full_disk_refuses_and_changes_nothing(tmp_path: Path) -> None:
    base = tmp_path / "secrets"
    old = store_at(base).write(PLACE, record_of(), None)

    def work() -> None:
        store = store_at(base, "full")
        big = dataclasses.replace(old.record, suspects=("x" * 100_000,))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        for place, record, version in (
            (PLACE, big, old.version),
            (OTHER, dataclasses.replace(big, account=OTHER.account), None),
        ):
            failure = raised(store.write, place, record, version)
            assert (failure.kind, failure.landed) == ("store_refused", False)
            assert str(file_of(base, place)) in failure.message
        assert store.read(OTHER) is None
        store.write(PLACE, old.record, old.version)

    assert ended(forked(work)) == 0
    stored = store_at(base).read(PLACE)
    assert stored is not None
    assert stored.record.serial == 2
    assert [path.name for path in file_of(base, PLACE).parent.iterdir()] == ["app-0001.yml"]


def test_lock_whose_file_was_removed_is_not_sure(tmp_path: Path) -> None:
    base = tmp_path / "secrets"
    one, other = store_at(base, "run-1"), store_at(base, "run-2")
    with one.lease(PLACE) as lease:
        assert lease.is_sure()
        (lock,) = (path for path in (base / ".locks").iterdir() if path.suffix == ".lock")
        lock.unlink()
        assert not lease.is_sure()
        assert raised(one.write, PLACE, record_of(), None).kind == "busy"
        assert other.read(PLACE) is None

        def take() -> None:
            with store_at(base, "run-3").lease(PLACE) as theirs:
                assert theirs.is_sure()
                assert not lease.is_sure()

        # Another process may go on, and its file is not removed by the one that lost its own.
        assert ended(forked(take)) == 0
    with other.lease(PLACE) as again:
        assert again.is_sure()


def test_lock_left_by_a_fork_is_not_the_childs(tmp_path: Path) -> None:
    store = store_at(tmp_path / "secrets")
    with store.lease(PLACE):

        def work() -> None:
            assert raised(store_at(tmp_path / "secrets").lease(PLACE).__enter__).kind == "busy"
            with store_at(tmp_path / "secrets").lease(OTHER) as lease:
                assert lease.is_sure()

        assert ended(forked(work)) == 0
