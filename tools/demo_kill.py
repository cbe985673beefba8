# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo tells of a killed run, of its repair, and of what is done by hand beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from demo_kept import ACCOUNTS, FILES, Demo
from demo_run import Run
from demo_world import SIDE_BY_SIDE

#: Of the killed run: the account that was done, the one in whose middle it was, and the rest.
DONE, HALF, REST = ACCOUNTS
ALL = len(SIDE_BY_SIDE) * len(ACCOUNTS)
#: The endpoint that goes first: the others wait for it, and are begun after it.
CANARY = "commvault"
#: Until the kill: where keys overlap, each rotation deletes the old key of the one before, too.
FAR = {"ose": 4, "huawei": 4, "ontap": 2, CANARY: 3}
BY_HAND = "by_hand.yml"


def killed(demo: Demo, days: int) -> None:
    """Kill a run after each platform has made a key that nobody was told of."""
    out = demo.out
    out.heading(f"6  {days} days later every key is due, and the run is killed in the middle")
    before = demo.all_stored()
    for name in SIDE_BY_SIDE:
        if name != CANARY:
            demo.world.hold_back(name, skip=1)
    run = demo.killed(
        "rotate", when=lambda run: all(run.counted(name) >= far for name, far in FAR.items())
    )
    out.line(f"  {CANARY}, the canary, is through. Each other platform makes the key of {HALF} and")
    out.line("  holds its answer back; then kill -9 of all processes. S3 says of the stored pairs:")
    out.line()
    rows = []
    right = True
    for name, overlap in SIDE_BY_SIDE.items():
        right &= demo.check(f"{name}: changes until the kill", FAR[name], run.counted(name))
        cells = []
        for account in ACCOUNTS:
            pair = demo.stored(name, account)
            is_new = pair != before[name, account]
            works = demo.world.honours(name, pair) == "works"
            done = account == DONE or name == CANARY
            right &= demo.check(f"{name} {account}: is new", done, is_new)
            alive = overlap or done or account != HALF
            right &= demo.check(f"{name} {account}: works", alive, works)
            what = f"{'new' if is_new else 'old'} pair"
            mark = f"✓ {what} works" if works else f"✗ {what} is dead"
            cells.append(out.style(mark, "green" if works else "red"))
        rows.append([name, *cells])
    out.table(["endpoint", *ACCOUNTS], rows)
    demo.verdict(right, "side by side: every account has a stored pair that works, killed or not")
    out.line("    In place the old pair died with the call, and the new secret with the run.")
    demo.took(run)


def repaired(demo: Demo) -> None:
    """Run once more: what was interrupted is repaired, what was not begun is done."""
    out = demo.out
    out.heading("7  The next run repairs it")
    run = demo.run("rotate")
    told = demo.rows()
    rows = []
    right = True
    for name in SIDE_BY_SIDE:
        if name == CANARY:
            right &= demo.check(f"{name}: changes counted", 0, run.counted(name))
            continue
        row = told[name, HALF]
        action, what, counted = _repair(name, row)
        right &= demo.check(f"{name} {HALF}: action", action, row["action"])
        right &= demo.check(f"{name} {REST}: action", "rotated", told[name, REST]["action"])
        right &= demo.check(f"{name}: changes counted", counted, run.counted(name))
        rows.append([name, HALF, row["action"], what])
    out.table(["endpoint", "account", "action", "what the killed run left"], rows)
    right &= demo.check("stored pairs that work", ALL, demo.count_working())
    demo.verdict(right, f"S3 takes all {ALL} pairs in the secret store again")
    born = {demo.world.honours(n, demo.born(n, a)) for n in SIDE_BY_SIDE for a in ACCOUNTS}
    right = demo.check("S3 takes pairs of the beginning", False, "works" in born)
    for name in FILES:
        stored = {account: demo.stored(name, account) for account in ACCOUNTS}
        right &= demo.check(f"{name}: pairs in the file", stored, demo.handed_over(name))
    demo.verdict(right, "the consumers have them; the pairs of the beginning are refused for good")
    out.line("    It waited 2 s for calls that might still land (settle: 1s; the default is 90s).")
    demo.took(run)


def _repair(name: str, row: dict[str, Any]) -> tuple[str, str, int]:
    """Return the action that a repair must have, its story, and the changes that it takes."""
    details = row["details"]
    if name == "ontap":
        lost = details.get("overwritten", "")
        return "recovered", f"{lost}, whose secret nobody has: replaced again", 2
    if name == "huawei":
        # The stray and the old key of the last account are deleted, two are made.
        stray = details.get("deleted_stray", "")
        return "rotated", f"{stray}, with our label: deleted, another made", 4
    suspect = details.get("suspect", "")
    return "rotated", f"{suspect}, maybe a colleague's: named and left alone", 3


def by_hand(demo: Demo) -> None:
    """Run the other modules once, on accounts that the fleet leaves out; prove the journal."""
    out = demo.out
    out.heading("8  By hand, beside the schedule: the other modules, and proof of the journal")
    pair = demo.born("huawei", "backup")
    before = demo.world.honours("huawei", pair)
    run = demo.run(BY_HAND, "-e", f"key={pair[0]}")
    told = [
        ("huawei", "s3_credential_status", f"disables {pair[0]} of backup"),
        ("ontap", "ontap_s3_user", "sets the comment of reports"),
        ("commvault", "s3_vault", "creates a vault, waits for its endpoints"),
    ]
    rows = []
    right = True
    for name, module, what in told:
        (result,) = run.results(name, module)
        right &= demo.check(f"{name}: changes counted by hand", 1, run.counted(name))
        right &= demo.check(f"{name}: changed", True, result["changed"])
        rows.append([name, module, what, str(run.counted(name))])
    out.table(["endpoint", "module", "what it does", "changes counted"], rows)
    after = demo.world.honours("huawei", pair)
    right &= demo.check(
        "S3 with that pair, before and after", ("works", False), (before, after == "works")
    )
    demo.verdict(right, f"the platforms counted them; S3 says {after} to that pair now")
    _journal(demo, run)
    demo.took(run)


def _journal(demo: Demo, run: Run) -> None:
    """Tell one account's journal, and what its verification found."""
    out = demo.out
    name = "huawei"
    lines = demo.journal(name, HALF)
    runs = list(dict.fromkeys(line["run"] for line in lines))
    out.line()
    out.line(f"  The journal of {HALF} at {name}, from the run on that was killed:")
    shown = [
        [
            _when(line["at"]),
            line["event"] + (" (late)" if line.get("late") else ""),
            out.style(line.get("access_key") or "", "cyan"),
            # Not the key of the column before again.
            str(line.get("why") or "").removeprefix(f"{line.get('access_key')} "),
        ]
        for line in lines
        if line["run"] in runs[-3:]
    ]
    out.table(["when", "what", "access key", "why"], shown)
    (info,) = run.results(name, "s3_credential_info")
    states = [chain["state"] for chain in info["journal"]]
    # The killed run could not leave the head of its chain in the secret store.
    right = demo.check("chains that only the killed run left", 1, states.count("unknown"))
    right &= demo.check("all other chains", {"intact", "unknown"}, set(states))
    right &= demo.check("unsound chains", 0, info["totals"]["journal_unsound"])
    text = f"s3_credential_info checked the {len(states)} chains of hashes: none is cut or changed"
    demo.verdict(right, text)


def _when(text: str) -> str:
    moment = dt.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return f"{moment:%d %b %H:%M:%S}"
