# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up fleet as a run leaves it: hosts, files of accounts, a journal with real chains."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock, iso
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_call import (
    SPEC,
    write_report,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor

NOW = dt.datetime(2026, 11, 28, 3, 0, tzinfo=dt.timezone.utc)
#: What a stranger may call an account.
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b[0m",
    "exe\u202etxt.gpj",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(1)",
    "a" * 5000,
    'quote"back\\slash\nline',
    "J\u00fcrgen \u65e5\u672c",
    "\ud800lone",
)
_ENDPOINTS = (
    ("ontap", "cluster1", "NetApp ONTAP", {"overlap": False, "can_disable": False}),
    ("huawei", "eu-de", "Huawei Cloud IAM", {"overlap": True, "can_disable": True}),
    ("ose", "vcd-west", "VMware Cloud Director OSE", {"overlap": True, "can_disable": True}),
    ("commvault", "cell-a", "Commvault", {"overlap": False, "can_disable": False}),
)
_APPLICATIONS = ("backup", "archive", "analytics", "web shop", "billing")


class StillClock(Clock):
    """A clock that stands."""

    def __init__(self, at: dt.datetime = NOW) -> None:
        super().__init__()
        self.at = at

    def now(self) -> dt.datetime:
        """Return the same time always."""
        return self.at


def days(count: float) -> str:
    """Return a moment so many days before the run."""
    return iso(NOW - dt.timedelta(days=count)) or ""


def key_row(access_key: str, age: float, **more: Any) -> dict[str, Any]:
    """Return a key as a line of report_path has it."""
    return {
        "access_key": access_key,
        "status": "active",
        "created_at": days(age),
        "age": f"{int(age)}d",
        "age_days": int(age),
        "last_used": days(0.2),
        "expires_at": None,
        "expired": False,
        "description": None,
        "immutable": False,
        "slot": None,
        "held": "current",
        "compliance": "non_compliant" if age > 90 else "compliant",
        "why": f"{int(age)} days old; the limit is 90 days",
        "details": {},
        **more,
    }


def account_row(name: str, age: float = 10, **more: Any) -> dict[str, Any]:
    """Return a managed account as a line of report_path has it; age: of its only key, in days."""
    access_key = f"AK{hash_of(name) % 10**12:012d}"
    row: dict[str, Any] = {
        "account": name,
        "account_id": f"id-{hash_of(name) % 10**6}",
        "action": "unchanged",
        "access_key": access_key,
        "previous_access_key": None,
        "created_at": days(age),
        "due_at": days(age - 76),
        "why": "nothing is due",
        "details": {},
        "failure": None,
        "acknowledged": True,
        "enabled": True,
        "managed": True,
        "compliance": "non_compliant" if age > 90 else "compliant",
        "access_keys": [key_row(access_key, age)],
        "record": {
            "state": "managed",
            "access_key": access_key,
            "created_at": days(age),
            "age": f"{int(age)}d",
            "age_days": int(age),
            "expires_at": None,
            "acknowledged": True,
            "acknowledged_at": days(age),
            "verified": True,
            "verified_at": days(age),
            "retiring": [],
            "pending_since": None,
            "on_hold": False,
            "suspects": [],
        },
        "policy": {
            "max_age": "90d",
            "grace_period": "7d",
            "soak_period": "7d",
            "owner": f"{_APPLICATIONS[hash_of(name) % 5]} team",
            "contact": f"{_APPLICATIONS[hash_of(name) % 5].replace(' ', '')}@example.com",
            "application": _APPLICATIONS[hash_of(name) % 5],
            "window": None,
            "exception": None,
        },
    }
    row.update(more)
    return row


def rotated(name: str, old_days: float = 3) -> dict[str, Any]:
    """Return an account that was rotated in this run; its old key retires since some days."""
    row = account_row(name, age=0)
    old = f"OLD{hash_of(name) % 10**8:08d}"
    retiring = {
        "access_key": old,
        "created_at": days(80),
        "retiring_since": days(old_days),
        "disabled_at": None,
        "deleted_at": None,
        "honoured_at": None,
        "compromised": False,
    }
    row.update(action="rotated", why="due since yesterday", previous_access_key=old)
    row["access_keys"].append(key_row(old, 80, held="retiring"))
    row["record"].update(state="retiring", retiring=[retiring])
    return row


def broken(name: str) -> dict[str, Any]:
    """Return an account that failed, its key long beyond the limit."""
    row = account_row(name, age=130)
    row.update(
        action="failed",
        why="The S3 service refuses the new pair.",
        failure={
            "kind": "verification_failed",
            "account": name,
            "step": "verify",
            "message": "The S3 service refuses the new pair.",
            "alive": f"{row['access_key']} (active)",
            "next_step": "Look at verify.s3_url, region and bucket, and at the account's state.",
        },
    )
    return row


def unmanaged(name: str) -> dict[str, Any]:
    """Return an account that no record knows."""
    row = account_row(name, age=400)
    row.update(action="unmanaged", managed=False, why="no record holds AKOLD", record=None)
    row["access_keys"][0]["held"] = "unknown"
    row["access_key"] = row["created_at"] = row["due_at"] = None
    return row


def excepted(name: str, until: float, expired: bool) -> dict[str, Any]:
    """Return an account beyond its limit with an exception; until: days before the run."""
    row = account_row(name, age=120)
    row["policy"]["exception"] = {
        "reason": "appliance without support",
        "approver": "J. Doe",
        "until": days(until),
        "expired": expired,
    }
    return row


def hash_of(name: str) -> int:
    """Return a number that is the same in every run."""
    return int(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16)


@dataclass
class Fleet:
    """A folder with the files of a run over some endpoints."""

    folder: Path
    journal: Path = field(init=False)
    endpoints: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = self.folder / "journal"

    def add(self, platform: str, endpoint: str, rows: list[dict[str, Any]], **more: Any) -> None:
        """Add a host that has run, with its accounts, and a chain of what was rotated."""
        at = more.pop("at", NOW)
        name = f"{platform}-{endpoint}-{more.get('shard') or ''}".replace("/", "of")
        path = self.folder / f"{name}-{at:%Y%m%d%H%M}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        actions: dict[str, int] = {}
        for row in rows:
            actions[row["action"]] = actions.get(row["action"], 0) + 1
        self.endpoints.append(
            {
                "host": name,
                "platform": platform,
                "endpoint": endpoint,
                "mode": "rotate",
                "check_mode": False,
                "started_at": iso(at - dt.timedelta(minutes=12)),
                "ended_at": iso(at),
                "totals": {"accounts": len(rows), **actions},
                "left_out": {},
                "failure": None,
                "warnings": [],
                "report_path": str(path),
                "journal": self._chain(platform, endpoint, rows, at, more.get("shard")),
                "journal_checks": [],
                "consumers": [],
                **more,
            }
        )

    def _chain(
        self, platform: str, endpoint: str, rows: list[dict[str, Any]], at: Any, shard: Any
    ) -> dict[str, Any]:
        moved = [row for row in rows if row.get("previous_access_key")]
        journal = Journal(
            str(self.journal),
            run=f"run-{at:%m%d%H%M}",
            platform=platform,
            endpoint=endpoint,
            shard=shard,
            clock=StillClock(at),
            redactor=Redactor(),
            environ={"JOB_ID": "4711", "AWX_HOST": "https://awx.example.com"},
        )
        try:
            entries = []
            for row in moved:
                new, old = row["access_key"], row["previous_access_key"]
                for event, facts in (
                    ("intended", {"previous_access_key": old, "why": row["why"]}),
                    ("kept", {"access_key": new}),
                    (
                        "promoted",
                        {"access_key": new, "previous_access_key": old, "verified": True},
                    ),
                    ("acknowledged", {"access_key": new}),
                ):
                    entry = journal.entry(row["account"], event, rotation_id="q4", **facts)
                    entries.append({**entry, "reason": "quarterly", "change": "CHG-1"})
            journal.append(entries)
            return {"path": str(self.journal), **journal.head}
        finally:
            journal.close()


def written(
    fleet: Fleet, now: dt.datetime = NOW, **params: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a report into the fleet's folder; return the result, and what is in the files."""
    options = {name: option.get("default") for name, option in SPEC.options.items()}
    options.update(path=str(fleet.folder / "out"), endpoints=fleet.endpoints)
    options.update(params)
    result, _warnings = write_report(options, StillClock(now))
    return result, {form: Path(path).read_text() for form, path in result["paths"].items()}


def make_fleet(folder: Path, accounts: int = 10, hostile: bool = False) -> Fleet:
    """Return four endpoints with something of everything; the last one failed early."""
    fleet = Fleet(folder)
    names = [f"app-{number:05d}" for number in range(accounts)]
    if hostile:
        names[: len(HOSTILE)] = HOSTILE
    share = max(1, accounts // 3)
    for index, (platform, endpoint, title, facts) in enumerate(_ENDPOINTS[:3]):
        mine = names[index * share : (index + 1) * share if index < 2 else None]
        rows = [_of_everything(name, index * share + each) for each, name in enumerate(mine)]
        fleet.add(
            platform,
            endpoint,
            rows,
            title=title,
            version="1.2",
            facts=facts,
            left_out={"root": "reserved by the platform; name it to include it"}
            if index == 0
            else {"legacy-nas": "excluded"},
            consumers=[
                {"name": "kubernetes.yml", "accounts": 2, "failed": index == 1, "message": "503"}
            ],
        )
    platform, endpoint, title, facts = _ENDPOINTS[3]
    fleet.endpoints.append(
        {
            "host": "cell-a",
            "platform": platform,
            "endpoint": endpoint,
            "title": title,
            "facts": facts,
            "started_at": iso(NOW - dt.timedelta(minutes=12)),
            "ended_at": iso(NOW - dt.timedelta(minutes=11)),
            "failure": {
                "kind": "unreachable",
                "message": "No connection to https://cell-a.example.com: refused.",
                "next_step": "Check api_url, DNS, the firewall and the proxy option.",
            },
        }
    )
    return fleet


def _of_everything(name: str, number: int) -> dict[str, Any]:
    kind = number % 1000 if number >= 12 else number * 83
    if number == 1 or kind == 91:
        return broken(name)
    if number == 2 or kind % 97 == 5:
        return unmanaged(name)
    if kind == 300:
        return excepted(name, until=-30, expired=False)
    if kind == 400:
        return excepted(name, until=4, expired=True)
    if kind % 43 == 7:
        return rotated(name, old_days=40)
    if kind % 7 == 0:
        return rotated(name)
    return account_row(name, age=(number * 37) % 84)
