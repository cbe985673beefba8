# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo tells of the other modules: documented operations, check mode, compliance."""

from __future__ import annotations

from typing import Any

from demo_run import Demo, Event, Run
from demo_world import ENDPOINTS

BOOK = "playbook.yml"
LIMIT = "90d"
#: How many changes the playbook makes at each endpoint.
CHANGES = {"ose": 2, "huawei": 2, "ontap": 3, "commvault": 1, "ose-front": 1}
#: What check mode foresees: all but the enabling of a key that is still enabled.
PLANNED = {**CHANGES, "ose": 1}
#: How many accounts of each endpoint have an active access key older than LIMIT by then.
BROKEN = {"ose": 2, "huawei": 2, "ontap": 0, "commvault": 0, "ose-front": 5}
#: Actions that are changes.
_CHANGING = ("created", "updated", "enabled", "disabled", "rotated", "deleted")


def tell(demo: Demo) -> None:
    """Run the playbook in check mode and for real, and tell both."""
    out = demo.out
    out.heading("8  The other modules: tests/demo/playbook.yml, first with --check")
    plan = demo.playbook(BOOK, "--check", "--skip-tags", "report")
    run = demo.playbook(BOOK)
    rows = []
    for name in ENDPOINTS:
        planned = _tasks(plan.events[name])
        for task, (module, number) in _tasks(run.events[name]).items():
            would = planned[task][1]
            rows.append([name, task, module, str(would), str(number)])
    out.table(["endpoint", "task", "module", "--check", "run"], rows)
    right = True
    for name in ENDPOINTS:
        right &= demo.check(f"{name}: changes planned", PLANNED[name], _changed(plan, name))
        right &= demo.check(f"{name}: changes reported", CHANGES[name], _changed(run, name))
        right &= demo.check(f"{name}: changes counted in check mode", 0, plan.counted(name))
        right &= demo.check(f"{name}: changes counted", CHANGES[name], run.counted(name))
    counts = [sum(each.counted(name) for name in ENDPOINTS) for each in (plan, run)]
    demo.verdict(
        right,
        f"the platforms counted {counts[0]} changes in check mode, {counts[1]} in the run",
    )
    asked, right = _data_plane(demo)
    demo.verdict(right, f"S3 takes or refuses the {asked} pairs concerned as it should")
    _compliance(demo, run)
    out.line(out.style(f"  both runs, {plan.seconds + run.seconds:.1f} s", "dim"))


def _tasks(events: list[Event]) -> dict[str, tuple[str, int]]:
    """Return the module of each task, and how many accounts or keys it says it changed."""
    return {
        event["task"]: (event["module"].rpartition(".")[2], len(_changes(event)))
        for event in events
        if event["outcome"] == "ok" and _is_ours(event) and not _is_listing(event)
    }


def _changed(run: Run, name: str) -> int:
    return sum(len(_changes(event)) for event in run.events[name])


def _changes(event: Event) -> list[dict[str, Any]]:
    """Return what a module says it changed: rows of its result, or {} for a hidden one."""
    if not _is_ours(event) or not event["changed"]:
        return []
    rows = event["result"].get("accounts", [{"action": "updated"}])
    return [row for row in rows if row["action"] in _CHANGING]


def _is_ours(event: Event) -> bool:
    return bool(event["module"].startswith("objectstore."))


def _is_listing(event: Event) -> bool:
    return "platform_info" in event["result"]


def _data_plane(demo: Demo) -> tuple[int, bool]:
    """Ask the data planes about the pairs that were dealt with."""
    asked = {
        "ose": [("backup", -1, True)],
        "ose-front": [("reports", -1, False)],
        "huawei": [("backup", -1, False), ("backup", 0, True)],
        "ontap": [("backup", 0, False)],
        "commvault": [("backup", 0, True)],
    }
    pairs = [("ontap", demo.new_pair(), True)]
    for name, wanted in asked.items():
        one = demo.world.endpoints[name]
        for account, which, good in wanted:
            key = one["accounts"][account][which]
            pairs.append((name, (key, one["pairs"][key]), good))
    right = True
    for name, pair, good in pairs:
        expected = "works" if good else "InvalidAccessKeyId"
        answer = demo.world.honours(name, pair)
        right &= demo.check(f"{name}: S3 with {pair[0]}", expected, answer)
    return len(pairs), right


def _compliance(demo: Demo, run: Run) -> None:
    """Tell which accounts keep the rule, account by endpoint."""
    out = demo.out
    out.line()
    out.line(f"  s3_credential_info: has an account an active access key older than {LIMIT}?")
    cells: dict[str, dict[str, str]] = {}
    broken = {}
    for name in ENDPOINTS:
        (info,) = run.results(name, "s3_credential_info")
        for row in info["accounts"]:
            cells.setdefault(row["account"], {})[name] = _cell(demo, row)
        broken[name] = info["totals"]["non_compliant"]
    demo.check("accounts that break the rule", BROKEN, broken)
    rows = [
        [account, *(by_endpoint.get(name, "") for name in ENDPOINTS)]
        for account, by_endpoint in sorted(cells.items())
    ]
    out.table(["account", *ENDPOINTS], rows)
    legend = "✓ no   ✗ yes   ? the platform tells no date, or shows no keys   off: inactive keys"
    out.line(f"  {out.style(legend, 'dim')}")


def _cell(demo: Demo, row: dict[str, Any]) -> str:
    ages = [key["age_days"] for key in row["access_keys"] if key["status"] == "active"]
    inactive = sum(key["status"] != "active" for key in row["access_keys"])
    off = f" +{inactive} off" if inactive else ""
    mark, colour = {
        "compliant": ("✓", "green"),
        "non_compliant": ("✗", "red"),
        "not_applicable": ("·", "dim"),
    }.get(row["compliance"], ("?", "yellow"))
    known = [age for age in ages if age is not None]
    shown = f"{max(known)}d" if known else ""
    return demo.out.style(f"{mark} {shown}".rstrip(), colour) + demo.out.style(off, "dim")
