# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approved plans: what a rehearsal would do, as a document whose hash a person can approve.

A document may hold entries of many endpoints; an entry is one call of the module. Access keys and
states only, never a secret.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .clock import iso, parse_time
from .errors import CredentialsError
from .options import duration_text
from .record import Record
from .rehearsal import is_made_up
from .results import AccountResult
from .rotation_policy import DONE

FORMAT = 1
#: Stands in a plan for an access key that is not made yet.
NEW = "new"
#: Larger than any plan; a larger file is none of ours.
MOST_BYTES = 64 * 1024 * 1024
#: What tells entries apart.
_CALL = ("platform", "endpoint", "shard", "state")
#: States that are dates of the run itself.
_DATED = ("held", "decommissioned")
_DONE = (*DONE, "rolled_back")
#: How far ahead of this machine's clock a plan may have been made: clocks of others are wrong too.
_MOST_AHEAD = dt.timedelta(hours=1)
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Plan:
    """A plan as it was approved."""

    document: Mapping[str, Any]
    sha256: str
    path: str = ""

    @classmethod
    def read(cls, path: str, expected_hash: Optional[str] = None) -> Plan:
        """Read a plan. Raises invalid_option for what is no plan, or another than was approved."""
        document = _document(path)
        sha256 = hash_of(document)
        if document.get("sha256") != sha256:
            raise _wrong(
                f"plan: {path} is not as it was written: its hash is {sha256}, and it says"
                f" {document.get('sha256')}.",
                "Write the plan anew in check mode (write_plan), and have it approved.",
            )
        wanted = (expected_hash or sha256).strip().lower()
        if not _HASH.fullmatch(wanted):
            raise _wrong(
                f"plan_hash: {expected_hash!r} is no SHA-256.",
                "Give the 64 hexadecimal digits that the run with write_plan returned.",
            )
        if wanted != sha256:
            raise _wrong(
                f"plan: {path} is another plan than was approved: its hash is {sha256},"
                f" plan_hash is {wanted}.",
                "Name the file that was approved, or have this one approved.",
            )
        return cls(document, sha256, path)

    @property
    def made_at(self) -> dt.datetime:
        """When it was written."""
        return parse_time(self.document["made_at"]) or dt.datetime.max.replace(
            tzinfo=dt.timezone.utc
        )

    def check_age(self, now: dt.datetime, most: dt.timedelta) -> None:
        """Raise invalid_option where it is too old to be what somebody wants today."""
        age = now - self.made_at
        if age > most:
            raise _wrong(
                f"plan: {self.path} was made at {iso(self.made_at)}, {duration_text(age)} ago, and"
                f" plan_max_age is {duration_text(most)}. Nothing was touched.",
                "Write the plan anew in check mode (write_plan), and have it approved: what an"
                " interrupted run of this one left open is in the new one too. Where approvals"
                " take longer, raise plan_max_age.",
            )
        if -age > _MOST_AHEAD:
            raise _wrong(
                f"plan: {self.path} was made at {iso(self.made_at)}, which is still to come: by"
                " such a date it would never be too old. Nothing was touched.",
                "Set the clock of the machine that wrote it, or of this one; then write the plan"
                " anew in check mode (write_plan), and have it approved.",
            )

    def entry(self, call: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the entry of a call: the same platform, endpoint, shard and state."""
        for entry in self.document["entries"]:
            if all(entry.get(name) == value for name, value in call.items()):
                return dict(entry)
        return None


def call_of(platform: str, endpoint: str | None, shard: str | None, state: str) -> dict[str, Any]:
    """Return what tells the entries of a plan apart."""
    return dict(zip(_CALL, (platform, endpoint, shard, state)))


def document_of(
    call: Mapping[str, Any],
    results: Iterable[AccountResult],
    made_at: dt.datetime,
    reason: str | None = None,
    change: str | None = None,
) -> dict[str, Any]:
    """Return the plan of a rehearsal, with its hash: the accounts that have something to do."""
    accounts = [entry_of(result) for result in results if result.changed and not result.has_failed]
    entry = {**call, "accounts": sorted(accounts, key=_order)}
    return _sealed(made_at, reason, change, [entry])


def merge(plans: Sequence[Plan]) -> dict[str, Any]:
    """Return one document of many: an entry for each call. Raises invalid_option."""
    if not plans:
        raise _wrong("There is no plan to merge.", None)
    entries: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for plan in plans:
        for entry in plan.document["entries"]:
            call = call_of(
                *(entry.get(name) for name in ("platform", "endpoint", "shard", "state"))
            )
            key = tuple(str(part) for part in call.values())
            if key in entries:
                raise _wrong(
                    f"plan: two entries are for {'/'.join(key)}.", "Merge one plan of each call."
                )
            entries[key] = entry
    said = {
        name: "; ".join(dict.fromkeys(p.document[name] for p in plans if p.document.get(name)))
        for name in ("reason", "change")
    }
    # The last one: whatever began after it, began by these plans.
    made_at = max(plan.made_at for plan in plans)
    return _sealed(
        made_at, said["reason"], said["change"], [entries[key] for key in sorted(entries)]
    )


def entry_of(result: AccountResult) -> dict[str, Any]:
    """Return what a plan says of one account."""
    return {
        "account": result.account,
        "account_id": result.account_id,
        "action": result.action,
        "why": result.why,
        "before": _state(result.before),
        "after": _state(result.after),
    }


def hash_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document without its hash: canonical JSON, sorted, without blanks."""
    body = {name: value for name, value in document.items() if name != "sha256"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(document: Mapping[str, Any]) -> str:
    """Return a document as its file has it, for people too."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


class Approval:
    """What an approved plan permits for the accounts of one call."""

    def __init__(self, plan: Plan, call: Mapping[str, Any]) -> None:
        self.plan = plan
        entry = plan.entry(call)
        #: Why nothing at all is permitted.
        self.warning: str | None = None
        if entry is None:
            where = "/".join(str(part) for part in call.values() if part is not None)
            self.warning = f"plan: {plan.path} has no entry for {where}: every account is skipped."
        self._accounts = {
            (str(row.get("account")), row.get("account_id")): row
            for row in (entry or {}).get("accounts", ())
        }

    def why_not(self, planned: AccountResult, record: Record | None) -> str | None:
        """Say why what a rehearsal would do is not what was approved; None: it is."""
        row = self._accounts.get((str(planned.account), planned.account_id))
        if row is None:
            return "it is not in the plan"
        now = entry_of(planned)
        if _is_of_plan(row, record, self.plan.made_at):
            return None
        past = record.rotations if record is not None else ()
        # Where pairs go out by e-mail, one state is like the other.
        if any(each.at > self.plan.made_at and each.outcome in _DONE for each in past):
            return "it was rotated since the plan"
        for name in ("before", "action", "after"):
            if _undated(row.get(name)) != _undated(now[name]):
                return _changed(name, row.get(name), now[name])
        return None

    def absent(self, names: Iterable[str | None]) -> list[str]:
        """Return the accounts of the plan that are not among these."""
        here = set(names)
        return sorted(name for name, _id in self._accounts if name not in here)


def _is_of_plan(row: Mapping[str, Any], record: Record | None, made_at: dt.datetime) -> bool:
    """Tell whether what is open was begun by an interrupted run of this very plan."""
    if record is None:
        return False
    begun = record.pending or record.intent
    if begun is None or begun.started_at < made_at:
        return False
    current = record.current.access_key if record.current is not None else None
    before = (row.get("before") or {}).get("current")
    return bool(before == current)


def _changed(name: str, planned: Any, now: Any) -> str:
    if name == "action":
        return f"changed since the plan: {planned} was planned, and it would be {now} now"
    what = "it is" if name == "before" else "it would become"
    return f"changed since the plan: {what} {_words(now)} and not {_words(planned)}"


def _words(state: Any) -> str:
    if not isinstance(state, Mapping) or not state:
        return "without a record"
    return ", ".join(f"{name} {_flat(value)}" for name, value in sorted(state.items()))


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{key} ({word})" for key, word in sorted(value.items()))
    return str(value)


def _undated(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: bool(each) if name in _DATED else each for name, each in value.items()}


def _state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state of a diff as a plan has it: what is not made yet is new."""
    shown: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            shown[name] = {NEW if is_made_up(key) else key: word for key, word in value.items()}
        else:
            shown[name] = NEW if is_made_up(value) else value
    return shown


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["account"]), str(row["account_id"])


def _sealed(
    made_at: dt.datetime,
    reason: str | None,
    change: str | None,
    entries: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "format": FORMAT,
        "made_at": iso(made_at),
        "reason": reason or None,
        "change": change or None,
        "entries": list(entries),
    }
    return {**document, "sha256": hash_of(document)}


def _document(path: str) -> Mapping[str, Any]:
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise _wrong(f"plan: {path} is too large for a plan.", None)
        with open(path, encoding="utf-8") as lines:
            document = json.load(lines)
    except OSError as exc:
        raise _wrong(
            f"plan: {path} cannot be read: {exc.strerror}.",
            "Name the file that write_plan wrote, on the machine that runs the module.",
        ) from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise _wrong(f"plan: {path} is no plan.", "Name the file that write_plan wrote.")
    if document.get("format") != FORMAT:
        raise _wrong(
            f"plan: {path} has the format {document.get('format')!r}, this version reads {FORMAT}.",
            "Write the plan anew with this version.",
        )
    is_whole = parse_time(document.get("made_at")) is not None and all(
        isinstance(entry, dict)
        and isinstance(entry.get("accounts"), list)
        and all(_is_row(row) for row in entry["accounts"])
        for entry in document["entries"]
    )
    if not is_whole or not all(_is_text(document.get(name)) for name in ("reason", "change")):
        raise _wrong(f"plan: {path} is not whole.", "Write the plan anew (write_plan).")
    return document


def _is_row(row: Any) -> bool:
    """Tell whether a row has the types that entry_of() gives it."""
    return (
        isinstance(row, dict)
        and all(_is_text(row.get(name)) for name in ("account", "account_id", "action", "why"))
        and all(isinstance(row.get(name) or {}, dict) for name in ("before", "after"))
    )


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _wrong(message: str, next_step: str | None) -> CredentialsError:
    return CredentialsError("invalid_option", message, next_step=next_step)
