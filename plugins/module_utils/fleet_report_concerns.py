# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of single accounts: a table of the findings that they may be part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional

from .fleet_report_lines import INSUFFICIENT_DATA, beyond_limit, has_failed, without_age

Line = Mapping[str, Any]

#: How urgent a finding is: somebody must act, should look, or should know.
ACT, LOOK, NOTE = "act", "look", "note"
#: CIS AWS Foundations 1.12 counts a credential as unused after so many days.
_UNUSED_DAYS = 45

Telling = Callable[[Line], Optional[str]]


def _compromised(line: Line) -> str | None:
    alive = [
        str(key.get("access_key"))
        for key in line["retiring"]
        if isinstance(key, Mapping)
        and key.get("compromised")
        and (key.get("honoured_at") or not (key.get("disabled_at") or key.get("deleted_at")))
    ]
    return ", ".join(alive) or None


#: What an access key that is not the current one is to its record.
_ROLES = {"retiring": "which retires", "unknown": "which no record knows"}


def _overdue(line: Line) -> str | None:
    if not line["is_overdue"]:
        return None
    whose = _not_current(line, beyond_limit(line))
    return f"{whose}{line['age_days']} days old, the limit is {line['limit_days']}; {_done(line)}"


def _undated(line: Line) -> str | None:
    if line["compliance"] != INSUFFICIENT_DATA:
        return None
    return f"{_not_current(line, without_age(line))}{line['why'] or 'no date'}"


def _not_current(line: Line, access_keys: Sequence[Line]) -> str:
    """Name the keys where a rotation would end none of them, being those beside the current one."""
    roles = [_ROLES.get(str(key.get("held"))) for key in access_keys]
    if not line["managed"] or not roles or not all(roles):
        return ""
    named = [f"{key.get('access_key')}, {role}" for key, role in zip(access_keys, roles)]
    return "; ".join(named) + ": "


#: Findings about accounts: a word for filters, the level, the title, what to do, and what is said
#: of an account that it concerns (None: it does not).
CONCERNS: tuple[tuple[str, str, str, str, Telling], ...] = (
    (
        "overdue",
        ACT,
        "Access keys older than their limit, without a valid exception",
        "Rotate them now; where the run skipped or failed them, its reason is in the list. One that"
        " retires goes at its date, one that no record knows only by replaces or by hand. A reason"
        " to wait needs an exception with reason, approver and end.",
        _overdue,
    ),
    (
        "compromised",
        ACT,
        "Compromised access keys that are not proven dead",
        "Run the emergency playbook again, or end the key at the platform by hand.",
        _compromised,
    ),
    (
        "after_limit",
        ACT,
        "The next window opens after the limit",
        "Widen the window of these accounts, or grant an exception.",
        lambda line: (
            f"next window: {line['details']['window'].get('next_opens')}"
            if isinstance(line["details"].get("window"), Mapping)
            and line["details"]["window"].get("after_limit")
            else None
        ),
    ),
    (
        "expired",
        ACT,
        "Exceptions that have ended",
        "Let the next run rotate the key, or have the exception approved anew.",
        lambda line: (
            f"ended on {line['exception']['until']}: {line['exception']['reason']}"
            f" (approved by {line['exception']['approver']})"
            if line["exception"] and line["exception"]["expired"]
            else None
        ),
    ),
    (
        "still_honoured",
        ACT,
        "Ended access keys that the S3 service still takes",
        "A gateway's cache can honour a key for minutes. If the next run says so again, look at the"
        " platform.",
        lambda line: _why(line) if line["action"] == "still_honoured" else None,
    ),
    (
        "unmanaged",
        LOOK,
        "Accounts that are not under management",
        "Take them over with adopt: rotate or adopt: import, a few at a time, or grant an"
        " exception.",
        lambda line: _why(line) if line["state"] == "unmanaged" else None,
    ),
    (
        "overlap",
        LOOK,
        "Two access keys work side by side for too long",
        "Acknowledge the new key, so that the old one can be retired; a key that nobody can explain"
        " is to be ended by its owner.",
        lambda line: (
            f"since {line['overlap']['since']}, {line['overlap']['days']} days;"
            f" {line['overlap']['allowed_days']} are allowed:"
            f" {', '.join(line['overlap']['access_keys'])}"
            if line["overlap"] and line["overlap"]["too_long"]
            else None
        ),
    ),
    (
        "unknown_keys",
        LOOK,
        "Access keys that no record explains",
        "Find out who made them. A rotation never touches them; replaces names one that may go.",
        lambda line: ", ".join([*line["unknown_keys"], *_suspected(line)]) or None,
    ),
    (
        "waiting",
        LOOK,
        "New access keys that the consumers have not acknowledged",
        "Look at the consumers; the old key stays alive until they have the new one.",
        lambda line: (
            f"{line['access_key']} is not acknowledged" if line["acknowledged"] is False else None
        ),
    ),
    (
        "pending",
        LOOK,
        "Rotations that are not finished",
        "Run again: the next run goes on from where this one was stopped.",
        lambda line: (
            f"begun {line['pending_since']}; {_done(line)}" if line["pending_since"] else None
        ),
    ),
    (
        "still_used",
        LOOK,
        "Old access keys still in use after their grace period",
        "Find the consumer that was not told; force_retire with a reason ends the key anyway.",
        lambda line: _why(line) if line["action"] == "still_used" else None,
    ),
    (
        "skipped",
        LOOK,
        "Accounts that the run did not come to",
        "Mend what stopped it, and run again.",
        lambda line: (
            _why(line)
            if line["action"] == "skipped"
            and line["state"] != "left"
            and "window" not in line["details"]
            else None
        ),
    ),
    (
        "left",
        LOOK,
        "Records whose account has left the platform",
        "If the account is gone for good, run the decommission playbook for it.",
        lambda line: line["why"] if line["state"] == "left" else None,
    ),
    (
        "unverified",
        NOTE,
        "Current access keys that were never tried out",
        "Set verify.s3_url, so that a signed request proves each new pair.",
        lambda line: (
            f"{line['access_key']} is unverified"
            if line["verified"] is False and line["managed"] and line["access_key"]
            else None
        ),
    ),
    (
        "no_age",
        NOTE,
        "Access keys whose age nobody knows",
        "A rotation makes a key with a date; until the one without is gone, its account counts as"
        " not compliant.",
        _undated,
    ),
    (
        "never_used",
        NOTE,
        f"Access keys never used since they were made, {_UNUSED_DAYS} days ago or longer",
        "Ask the owner whether the account is needed; if not, decommission it.",
        lambda line: (
            f"{line['access_key']}, {line['age_days']} days old"
            if line["never_used_since_created"] and (line["age_days"] or 0) >= _UNUSED_DAYS
            else None
        ),
    ),
    (
        "busy",
        NOTE,
        "Accounts at which another run was at work",
        "Nothing is wrong: the other run does the work.",
        lambda line: _why(line) if line["action"] == "busy" else None,
    ),
    (
        "window",
        NOTE,
        "Accounts that wait for their window",
        "Nothing to do: a run inside the window rotates them.",
        lambda line: (
            _why(line) if line["action"] == "skipped" and "window" in line["details"] else None
        ),
    ),
    (
        "exception",
        NOTE,
        "Valid exceptions",
        "Nothing to do until they end.",
        lambda line: (
            f"until {line['exception']['until']}: {line['exception']['reason']}"
            f" (approved by {line['exception']['approver']})"
            if line["exception"] and not line["exception"]["expired"]
            else None
        ),
    ),
)


def words_about(line: Line) -> list[str]:
    """Return the words by which an account can be filtered: the findings that it is part of."""
    words = [word for word, _level, _title, _step, told in CONCERNS if told(line)]
    return ["failed", *words] if has_failed(line) else words


def _why(line: Line) -> str:
    return str(line["why"] or line["action"])


def _done(line: Line) -> str:
    return f"{line['action']}: {line['why']}" if line["why"] else str(line["action"])


def _suspected(line: Line) -> list[str]:
    known = set(line["unknown_keys"])
    return [
        f"{key} (appeared while a call of ours went unanswered)"
        for key in line["suspects"]
        if key not in known
    ]
