# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one line per transition of an account, each holding the hash of the one before.

A run writes one chain; the record carries what may not stand in it yet. journal_lines has the
form of a line, journal_files the files, journal_chains checks them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import pwd
import re
import secrets
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from .clock import Clock, iso
from .errors import CredentialsError, missing
from .journal_chains import ChainReport, verify_journal
from .journal_files import ChainFile, chains_below, open_chain
from .journal_lines import (
    BEGINNING,
    RESERVED,
    STAMP,
    chain_name,
    is_chain_name,
    make_line,
    plain,
    read_line,
)
from .redaction import Redactor

__all__ = ["ChainReport", "Journal", "verify_journal"]

#: Lines are dated by this machine's clock, rotations by the platform's: so far apart they may be.
_CLOCKS_APART = dt.timedelta(minutes=5)
#: A chain that began so long before a moment has no line of a later one.
_LONGEST_RUN = dt.timedelta(days=2)
_ID = re.compile(rb'"id":"([^"\\]{1,64})"')
_LATE = b',"late":true,'

#: Names of the environment that tell which job this is: AWX sets JOB_ID beside AWX_HOST.
_JOBS = (
    ("awx", "JOB_ID", "AWX_HOST", {"host": "AWX_HOST", "revision": "PROJECT_REVISION"}),
    ("awx", "AWX_JOB_ID", "AWX_JOB_ID", {"host": "AWX_HOST"}),
    ("tower", "TOWER_JOB_ID", "TOWER_JOB_ID", {"host": "TOWER_HOST"}),
    ("gitlab", "CI_JOB_ID", "CI_JOB_ID", {"url": "CI_JOB_URL"}),
    ("github", "GITHUB_RUN_ID", "GITHUB_RUN_ID", {"repository": "GITHUB_REPOSITORY"}),
    ("jenkins", "BUILD_TAG", "BUILD_TAG", {"url": "BUILD_URL"}),
)


class Journal:
    """Writes one chain, from any number of threads; path None: entries are made, none written."""

    def __init__(
        self,
        path: str | None,
        *,
        run: str,
        platform: str,
        endpoint: str,
        shard: object = None,
        clock: Clock,
        redactor: Redactor,
        environ: Mapping[str, str] | None = None,
        reason: str | None = None,
        change: str | None = None,
    ) -> None:
        self.path = os.path.abspath(os.path.expanduser(path)) if path else None
        self.chain = chain_name(platform, endpoint, clock.now(), run, shard)
        self._clock = clock
        self._redactor = redactor
        environ = os.environ if environ is None else environ
        self._who = plain(_who(environ), redactor)
        self._always = {
            "run": run,
            **({"job": job} if (job := plain(_job(environ), redactor)) else {}),
            **({"reason": plain(reason, redactor)} if reason else {}),
            **({"change": plain(change, redactor)} if change else {}),
            "platform": platform,
            "endpoint": endpoint,
            **({"chain": self.chain} if self.path else {}),
        }
        self._file = ChainFile(self.path, self.chain) if self.path else None
        self._lines = 0
        self._head = BEGINNING
        self._ids: set[str] = set()
        #: One thread writes, for all that came while the one before it did.
        self._turn = threading.Condition()
        self._is_writing = False
        self._batch = _Batch()
        self._looking = threading.Lock()
        self._others: dict[tuple[str, bool], _OtherChain] = {}
        #: Identifiers of lines that came late, in all chains looked at.
        self._late: set[str] = set()

    # --- writing -------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the chain's file, so that a journal that cannot be written is found out in time.

        Raises store_refused.
        """
        if self._file is not None:
            self._file.open()

    def entry(self, account: str, event: str, **facts: Any) -> dict[str, Any]:
        """Return what is to become a line: who, which job, why, when, which account, what.

        Never a secret.

        facts that are None are left out; dates become text.
        """
        taken = RESERVED.intersection(facts)
        if taken:
            raise ValueError(f"a line of the journal has its own {', '.join(sorted(taken))}")
        kept = {name: plain(value, self._redactor) for name, value in facts.items()}
        return {
            "id": secrets.token_hex(8),
            "at": iso(self._clock.now()),
            **self._always,
            "who": {**self._who, "pid": os.getpid()},
            "account": plain(account, self._redactor),
            "event": event,
            **{name: value for name, value in kept.items() if value is not None},
        }

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Write entries that are not in the chain yet, and return once they are on disk.

        Raises store_refused, with nothing written.
        """
        self._commit([(entry, None) for entry in entries])

    def settle(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Write those entries, left in a record by an earlier run, that its own chain lacks.

        They get late: true and the name of the chain that they were meant for. Raises
        store_refused.
        """
        wanted: list[tuple[Mapping[str, Any], str | None]] = []
        for entry in entries:
            chain, name = entry.get("chain"), entry.get("id")
            # Without a chain: no journal was kept when it was made.
            if not isinstance(chain, str) or not is_chain_name(chain):
                continue
            if not isinstance(name, str) or not self.path:
                continue
            if chain == self.chain:
                wanted.append((entry, None))
            elif not self._is_written(chain, name):
                wanted.append((entry, chain))
        self._commit(wanted)

    def missing(self, entries: Iterable[Mapping[str, Any]]) -> bool:
        """Tell whether settle() would write any of these entries. Reads only."""
        for entry in entries:
            chain, name = entry.get("chain"), entry.get("id")
            if not self.path or not isinstance(chain, str) or not is_chain_name(chain):
                continue
            if isinstance(name, str) and chain != self.chain and not self._is_written(chain, name):
                return True
        return False

    @property
    def head(self) -> dict[str, Any]:
        """The chain's name, its file, how many lines it has, and the hash of the last one."""
        with self._turn:
            return {
                "chain": self.chain,
                "file": self._file.path if self._file else None,
                "lines": self._lines,
                "head": self._head,
            }

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _commit(self, entries: list[tuple[Mapping[str, Any], str | None]]) -> None:
        if self._file is None or all(entry["id"] in self._ids for entry, _unused in entries):
            return
        with self._turn:
            batch = self._batch
            batch.entries += entries
            while self._is_writing and not batch.is_done:
                self._turn.wait()
            is_mine = not batch.is_done
            if is_mine:
                self._is_writing = True
                self._batch = _Batch()
        if is_mine:
            try:
                self._write(self._file, batch.entries)
            except CredentialsError as exc:
                batch.error = exc
            except BaseException as exc:
                batch.error = CredentialsError.internal(exc)
                raise
            finally:
                with self._turn:
                    batch.is_done = True
                    self._is_writing = False
                    self._turn.notify_all()
        if batch.error is not None:
            raise batch.error.again()

    def _write(
        self, file: ChainFile, entries: Iterable[tuple[Mapping[str, Any], str | None]]
    ) -> None:
        lines: list[bytes] = []
        head, ids = self._head, set()
        for entry, meant_for in entries:
            name = entry["id"]
            if name not in self._ids and name not in ids:
                number = self._lines + len(lines) + 1
                line, head = make_line(entry, self.chain, number, head, meant_for)
                lines.append(line)
                ids.add(name)
        if lines:
            file.append(b"".join(lines))
            with self._turn:
                self._head = head
                self._lines += len(lines)
                self._ids |= ids

    # --- reading -------------------------------------------------------------------------------

    def knows_later(self, account: str, moment: dt.datetime) -> bool:
        """Tell whether another run wrote a line about an account after a moment. Reads only.

        Lines of the minutes right after it do not count: two clocks are compared. Raises
        store_refused.
        """
        if self.path is None:
            return False
        name = plain(account, self._redactor)
        mark = f'"account":{json.dumps(name)},'.encode()
        after = iso(moment + _CLOCKS_APART) or ""
        oldest = f"{moment - _LONGEST_RUN:{STAMP}}"
        for chain in self._neighbours():
            handle = open_chain(self.path, chain) if chain.rpartition("/")[2] >= oldest else None
            if handle is None:
                continue
            with handle:
                for line in handle:
                    read = read_line(line.rstrip(b"\n")) if mark in line else None
                    if read and read[0].get("account") == name and str(read[0].get("at")) > after:
                        return True
        return False

    def _is_written(self, chain: str, name: str) -> bool:
        """Tell whether an entry stands in the chain it was meant for, or late in a later one."""
        with self._looking:
            own = self._other(chain, None)
            if name in own.ids or name in self._late:
                return True
            own.read_on()
            if name in own.ids:
                return True
            # Clocks differ, and of two runs that began in one second either may have come later.
            oldest = _a_day_before(_stamp(chain))
            for other in self._neighbours():
                if other != chain and _stamp(other) >= oldest:
                    self._other(other, self._late).read_on()
            return name in self._late

    def _other(self, chain: str, late: set[str] | None) -> _OtherChain:
        if self.path is None:
            raise missing("self.path")
        key = (chain, late is not None)
        if key not in self._others:
            self._others[key] = _OtherChain(self.path, chain, late)
        return self._others[key]

    def _neighbours(self) -> list[str]:
        """Return the names of the endpoint's other chains."""
        if self.path is None:
            raise missing("self.path")
        parts = self.chain.split("/")[:2]
        return [chain for chain in chains_below(self.path, *parts) if chain != self.chain]


def _stamp(chain: str) -> str:
    """Return when a chain began, as its name has it."""
    return chain.rpartition("/")[2].partition("-")[0]


def _a_day_before(stamp: str) -> str:
    try:
        moment = dt.datetime.strptime(stamp, STAMP)
    except ValueError:
        return ""  # no chain of ours: look everywhere
    return (moment - dt.timedelta(days=1)).strftime(STAMP)


class _Batch:
    """Entries of several threads that one of them writes."""

    def __init__(self) -> None:
        self.entries: list[tuple[Mapping[str, Any], str | None]] = []
        self.is_done = False
        self.error: CredentialsError | None = None


class _OtherChain:
    """The identifiers in another run's chain, which may still be growing; late: takes late ones."""

    def __init__(self, base: str, chain: str, late: set[str] | None) -> None:
        self._base = base
        self._chain = chain
        self._only_late = late is not None
        self._size = 0
        self.ids: set[str] = set() if late is None else late

    def read_on(self) -> None:
        """Read the lines that came since the last look; only whole ones."""
        handle = open_chain(self._base, self._chain)
        if handle is None:
            return
        with handle:
            if os.fstat(handle.fileno()).st_size <= self._size:
                return
            handle.seek(self._size)
            for line in handle:
                if not line.endswith(b"\n"):
                    return  # torn, or being written
                self._size += len(line)
                if not self._only_late or _LATE in line:
                    self.ids.update(found.decode() for found in _ID.findall(line))


def _who(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())  # a container's user without a name
    return {
        "user": user,
        "host": os.uname().nodename,
        **({"sudo_user": environ["SUDO_USER"]} if environ.get("SUDO_USER") else {}),
    }


def _job(environ: Mapping[str, str]) -> dict[str, str] | None:
    for system, name, needed, more in _JOBS:
        if environ.get(name) and environ.get(needed):
            found = {label: environ[each] for label, each in more.items() if environ.get(each)}
            return {"system": system, "id": environ[name], **found}
    return None
