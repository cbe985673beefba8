# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that a secret store is usable, and that each of its records can be read.

Reads only, but for the probe, which writes something that is no record and removes it again.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .clock import iso
from .errors import CredentialsError
from .escrow import escrow_files
from .journal_findings import add_findings
from .record import Record
from .record_moves import MOVED
from .record_summary import state_of, summary_of
from .results import AccountResult, Outcome, failed
from .secret_store_work import Work, gone, result_of
from .stores.base import Place

#: A run that is killed is repaired by the next; what is open for longer waits for somebody.
_STUCK = dt.timedelta(days=1)
#: As many are named in a warning.
_MOST_NAMED = 10
_NOT_KNOWN = "whether the secret store can be written and leases can be had: check mode only reads"


def check_store(work: Work) -> Outcome:
    """Probe the store, read its records, and return what was found of each.

    Raises what concerns the store as a whole: it cannot be reached, listed, written or locked.
    """
    places = work.scope.places(work.store)
    if not work.check_mode:
        work.store.probe()
        _lease_probe(work, places)
    look = _Look(work)
    results = work.each(places, look, only_reads=True)
    results += [_unplaced(text) for text in work.store.unplaced]
    outcome = Outcome(accounts=results)
    outcome.extra = {
        "secret_store": work.store.where(),
        "proven": {"read": True, "write": not work.check_mode, "lease": not work.check_mode},
        "oldest": _dated(min(look.dated, default=None, key=lambda each: each[0])),
        "newest": _dated(max(look.dated, default=None, key=lambda each: each[0])),
        "escrow_files": escrow_files(work.journal),
    }
    outcome.totals = {
        "accounts": len(results),
        **dict(sorted(look.states.items())),
        "stuck": sum(_is_stuck(result, look.now) for result in results),
        "escrow_files": len(outcome.extra["escrow_files"]),
    }
    if look.opens:
        outcome.extra["opened_with"] = dict(sorted(look.opened_with.items()))
        outcome.totals["secrets_opened"] = sum(look.opened_with.values())
    if work.check_mode:
        outcome.extra["not_known"] = [_NOT_KNOWN]
    outcome.warnings = _warnings(outcome, look.now)
    if work.journal is not None:
        scope = work.scope
        add_findings(outcome, work.journal, work.store, scope.platform, scope.endpoint)
    return outcome


class _Look:
    """Reads one record after the other, and counts what is of interest of all of them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.now = work.clock.now()
        #: Whether every secret is opened, too.
        self.opens = bool(work.params.get("open_secrets"))
        self.opened_with: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        #: When the current keys were made.
        self.dated: list[tuple[dt.datetime, Place]] = []

    def __call__(self, place: Place) -> AccountResult:
        """Return what a record says. Raises what kept it from being read."""
        store = self._work.store
        stored = store.read(place)
        if stored is None:
            return gone(place)
        record = stored.record
        state = MOVED if record.moved_to is not None else state_of(record)
        details: dict[str, Any] = {
            "state": state,
            "serial": record.serial,
            "secrets": len(record.secrets()),
            "open_since": iso(_open_since(record)),
            "moved_to": dict(record.moved_to.store) if record.moved_to else None,
            "journal_lines_waiting": len(record.outbox) or None,
        }
        if self.opens:
            sources = [store.opened_with(secret) for secret in record.secrets()]
            self.opened_with.update(sources)
            details["opened_with"] = sorted(set(sources))
        self.states[state] += 1
        if record.current is not None and record.current.created_at is not None:
            self.dated.append((record.current.created_at, place))
        result = result_of(place, "unchanged", f"readable; {state}", record, **details)
        result.details["record"] = summary_of(record, self.now)
        return result


def _lease_probe(work: Work, places: Sequence[Place]) -> None:
    """Take and give back the lease of an account that nobody has."""
    first = places[0] if places else Place("probe", "probe", "")
    name = f"s3_secret_store-{secrets.token_hex(8)}"
    scope = work.scope
    place = Place(scope.platform or first.platform, scope.endpoint or first.endpoint, name)
    with work.store.lease(place) as lease:
        if not lease.is_sure():
            raise CredentialsError(
                "store_unavailable",
                f"A lease in {work.store.title} was lost at once.",
            )


def _open_since(record: Record) -> dt.datetime | None:
    """Return when the step began that is not finished, None where there is none."""
    begun = [each.started_at for each in (record.pending, record.intent) if each is not None]
    return min(begun, default=None)


def _is_stuck(result: AccountResult, now: dt.datetime) -> bool:
    since = result.details.get("open_since")
    return since is not None and since < (iso(now - _STUCK) or "")


def _dated(found: tuple[dt.datetime, Place] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    moment, place = found
    named = {"platform": place.platform, "endpoint": place.endpoint, "account": place.account}
    return {**named, "created_at": iso(moment)}


def _unplaced(text: str) -> AccountResult:
    """Return the failure of what lies among the records and tells no account."""
    exc = CredentialsError(
        "store_unreadable",
        text,
        next_step="If it is a record, restore it from a backup under its own name; if not, take it"
        " away from there.",
    )
    result = failed(exc, AccountResult(account=None, action="skipped"))
    result.extra = {"platform": None, "endpoint": None}
    return result


def _warnings(outcome: Outcome, now: dt.datetime) -> list[str]:
    stuck = [str(result.account) for result in outcome.accounts if _is_stuck(result, now)]
    warnings = []
    if stuck:
        more = f" and {len(stuck) - _MOST_NAMED} more" if len(stuck) > _MOST_NAMED else ""
        warnings.append(
            "A rotation was begun more than a day ago and never finished:"
            f" {', '.join(stuck[:_MOST_NAMED])}{more}. Run s3_access_key_rotate for them."
        )
    escrow = outcome.extra["escrow_files"]
    if escrow:
        warnings.append(
            f"{len(escrow)} pairs wait in escrow files that no run has taken back, the first in"
            f" {escrow[0]}. Run s3_access_key_rotate for their accounts."
        )
    return warnings
