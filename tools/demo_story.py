# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo tells of a rotation, and the claims that it checks while it tells them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import demo_others
from demo_run import Demo, Pair, Run
from demo_world import MAKING

BOOK = "rotate.yml"
SHOWN = "$ ansible-playbook tests/demo/rotate.yml"
#: The endpoints whose keys are rotated, and whether two keys of an account work side by side.
SIDE_BY_SIDE = {"ose": True, "huawei": True, "ontap": False, "commvault": False}
ACCOUNTS = ("billing", "cameras", "logs")
#: Of the killed run: the account that was done, the one in whose middle it was, and the rest.
DONE, HALF, REST = ACCOUNTS
#: Days until the old keys' grace period is over, and from there until all keys are due.
GRACE, QUARTER = 8, 80


def tell(demo: Demo, seconds: float) -> None:
    """Run everything and tell it."""
    out = demo.out
    out.line()
    out.line(
        out.style("objectstore.credentials", "bold", "cyan")
        + ": S3 access keys rotated on simulated platforms, and what became of them"
    )
    out.heading("1  Four platforms, on 127.0.0.1")
    rows = [
        [
            name,
            demo.world.endpoints[name]["url"],
            "old and new key work side by side"
            if SIDE_BY_SIDE[name]
            else "replaced in place: the old key dies at once",
        ]
        for name in MAKING
    ]
    out.table(["endpoint", "api_url", "keys are"], rows)
    _took(demo, "started in", seconds)
    _first(demo)
    _again(demo)
    _retired(demo)
    _killed(demo)
    _repaired(demo)
    demo_others.tell(demo)
    _leaks(demo)


def _first(demo: Demo) -> None:
    """Take every account over."""
    out = demo.out
    out.heading(f"2  {SHOWN}: accounts that nobody manages yet are taken over")
    run = demo.playbook(BOOK)
    rows = []
    working, hidden = 0, True
    for name, overlap in SIDE_BY_SIDE.items():
        told = run.rows(name)
        new = dict(zip(ACCOUNTS, demo.handed_over(name), strict=True))
        for account in ACCOUNTS:
            row, before, after = told[account], _born(demo, name, account), new[account][0]
            demo.check(f"{name} {account}: action", "rotated", row["action"])
            demo.check(f"{name} {account}: access key told", after, row["access_key"])
            old_answer = demo.world.honours(name, before)
            new_answer = demo.world.honours(name, new[account])
            demo.check(f"{name} {account}: S3 with the old pair", overlap, old_answer == "works")
            demo.check(f"{name} {account}: S3 with the new pair", "works", new_answer)
            working += new_answer == "works"
            told_old = "works on" if old_answer == "works" else "refused"
            rows.append([name, account, before[0], out.style(after, "cyan"), told_old])
            hidden &= new[account][1] not in run.output
    out.table(["endpoint", "account", "old key", "new key", "old pair at S3"], rows)
    out.line()
    counted = sum(run.counted(name) for name in MAKING)
    right = demo.check("keys made", len(rows), counted)
    right &= demo.check("new pairs that work", len(rows), working)
    text = f"the platforms counted {counted} new keys; S3 takes all {working} new pairs"
    demo.verdict(right, text)
    right = demo.check("new secrets are in no result", True, hidden)
    demo.verdict(right, "no result holds a secret; consumers got them by the lookup s3_secret")
    _took(demo, "all four at once,", run.seconds)


def _again(demo: Demo) -> None:
    """Run again: nothing may change."""
    out = demo.out
    out.heading("3  The same again: nothing changes")
    before = demo.store_files()
    run = demo.playbook(BOOK)
    rows = []
    right = demo.check("records written by the second run", before, demo.store_files())
    for name in MAKING:
        (result,) = run.results(name, "s3_access_key_rotate")
        counted = run.counted(name)
        unchanged = result["totals"].get("unchanged", 0)
        right &= demo.check(f"{name}: accounts unchanged", len(ACCOUNTS), unchanged)
        right &= demo.check(f"{name}: changes counted in the second run", 0, counted)
        requests = run.counted(name, "requests")
        rows.append([name, str(unchanged), str(requests), str(counted)])
    out.table(["endpoint", "unchanged", "requests", "changes counted"], rows)
    demo.verdict(right, "no change at any platform, no record written")
    _took(demo, "all four at once,", run.seconds)


def _retired(demo: Demo) -> None:
    """Move the clocks past the grace period: the old keys are disabled."""
    out = demo.out
    demo.world.advance(GRACE)
    out.heading(f"4  All clocks {GRACE} days on: the old keys' grace period is over")
    run = demo.playbook(BOOK)
    rows = []
    right = True
    for name, overlap in SIDE_BY_SIDE.items():
        disabled = run.rows(name)
        expected = len(ACCOUNTS) if overlap else 0
        right &= demo.check(f"{name}: old keys disabled", expected, len(disabled))
        right &= demo.check(f"{name}: changes counted", expected, run.counted(name))
        answers = {demo.world.honours(name, _born(demo, name, account)) for account in ACCOUNTS}
        right &= demo.check(f"{name}: S3 with old pairs", False, "works" in answers)
        actions = {row["action"] for row in disabled.values()}
        right &= demo.check(f"{name}: actions", {"disabled"} if overlap else set(), actions)
        what = f"{len(disabled)} disabled" if overlap else "ended with the rotation"
        rows.append([name, what, ", ".join(sorted(answers))])
    out.table(["endpoint", "old keys", "old pairs at S3"], rows)
    working = _count_working(demo)
    right &= demo.check("stored pairs that work", len(MAKING) * len(ACCOUNTS), working)
    demo.verdict(right, f"S3 takes all {working} pairs in the secret store, and no old one")
    _took(demo, "all four at once,", run.seconds)


def _killed(demo: Demo) -> None:
    """Kill a run after each platform has made a key that nobody was told of."""
    out = demo.out
    demo.world.advance(QUARTER)
    out.heading(f"5  {QUARTER} days later every key is due, and the run is killed in the middle")
    before = {(n, a): demo.stored(n, a) for n in MAKING for a in ACCOUNTS}
    for name in MAKING:
        demo.world.hold_back(name, skip=1)
    # Where keys overlap, each rotation deletes the old key of the one before, too.
    far = {name: 4 if overlap else 2 for name, overlap in SIDE_BY_SIDE.items()}
    run = demo.killed(
        BOOK,
        *("-e", '{"parallelism": 1}'),
        when=lambda run: all(run.counted(name) >= far[name] for name in MAKING),
    )
    out.line(f"  Each platform makes the key of {HALF} and holds its answer back; then kill -9 of")
    out.line("  all processes of ansible-playbook. What S3 says of the pairs in the secret store:")
    out.line()
    rows = []
    right = True
    for name, overlap in SIDE_BY_SIDE.items():
        right &= demo.check(f"{name}: changes until the kill", far[name], run.counted(name))
        cells = []
        for account in ACCOUNTS:
            pair = demo.stored(name, account)
            is_new = pair != before[name, account]
            answer = demo.world.honours(name, pair)
            right &= demo.check(f"{name} {account}: is new", account == DONE, is_new)
            alive = overlap or account != HALF
            right &= demo.check(f"{name} {account}: works", alive, answer == "works")
            what = f"{'new' if is_new else 'old'} pair"
            cells.append(
                out.style(f"✓ {what} works", "green")
                if answer == "works"
                else out.style(f"✗ {what} is dead", "red")
            )
        rows.append([name, *cells])
    out.table(["endpoint", *ACCOUNTS], rows)
    demo.verdict(right, "side by side: every account has a stored pair that works, killed or not")
    out.line("    In place the old pair died with the call, and the new secret with the run.")
    _took(demo, "killed after", run.seconds)


def _repaired(demo: Demo) -> None:
    """Run once more: what was interrupted is repaired, what was not begun is done."""
    out = demo.out
    out.heading("6  The next run repairs it")
    run = demo.playbook(BOOK, "--tags", "all,journal")
    rows = []
    right = True
    for name, overlap in SIDE_BY_SIDE.items():
        told = run.rows(name)
        action, what, counted = _repair(name, told[HALF], overlap)
        right &= demo.check(f"{name} {HALF}: action", action, told[HALF]["action"])
        right &= demo.check(f"{name} {REST}: action", "rotated", told[REST]["action"])
        right &= demo.check(f"{name}: changes counted", counted, run.counted(name))
        rows.append([name, HALF, told[HALF]["action"], what])
    out.table(["endpoint", "account", "action", "what the killed run left"], rows)
    working = _count_working(demo)
    right &= demo.check("stored pairs that work", len(MAKING) * len(ACCOUNTS), working)
    demo.verdict(right, f"S3 takes all {working} pairs in the secret store again")
    out.line("    It waited 2 s for calls that might still land (settle: 1s; the default is 90s).")
    _took(demo, "all four at once,", run.seconds)
    _journal(demo, run)


def _repair(name: str, row: dict[str, Any], overlap: bool) -> tuple[str, str, int]:
    """Return the action that a repair must have, its story, and the changes that it takes."""
    details = row["details"]
    if not overlap:
        lost = details.get("overwritten", "") if name == "ontap" else "a key"
        return "recovered", f"{lost}, whose secret nobody has: replaced again", 2
    if name == "huawei":
        # The stray and the old key of the last account are deleted, two are made.
        stray = details.get("deleted_stray", "")
        return "rotated", f"{stray}, with our label: deleted, another made", 4
    suspect = details.get("suspect", "")
    return "rotated", f"{suspect}, maybe a colleague's: named and left alone", 3


def _journal(demo: Demo, run: Run) -> None:
    """Tell one account's journal, and what its verification found."""
    out = demo.out
    name = "huawei"
    lines = demo.journal(name, HALF)
    runs = list(dict.fromkeys(line["run"] for line in lines))
    out.heading(f"7  The journal of {HALF} at {name}: {len(runs)} runs, the third one killed")
    demo.check("runs in the journal", 4, len(runs))
    shown = [
        [
            _when(line["at"]),
            str(runs.index(line["run"]) + 1) + (" (late)" if line.get("late") else ""),
            line["event"],
            out.style(line.get("access_key") or "", "cyan"),
            # Not the key of the column before again.
            str(line.get("why") or "").removeprefix(f"{line.get('access_key')} "),
        ]
        for line in lines
    ]
    out.table(["when", "run", "what", "access key", "why"], shown)
    (info,) = run.results(name, "s3_credential_info")
    states = [chain["state"] for chain in info["journal"]]
    # The killed run could not leave the head of its chain in the secret store.
    right = demo.check("chains", ["intact", "intact", "intact", "unknown"], sorted(states))
    right &= demo.check("unsound chains", 0, info["totals"]["journal_unsound"])
    text = f"s3_credential_info checked the {len(states)} chains of hashes: none is cut or changed"
    demo.verdict(right, text)
    out.line("    (3 end as the secret store says; the killed run could leave no head there)")


def _leaks(demo: Demo) -> None:
    leaks = demo.leaks()
    demo.check("places where a secret stands", [], leaks)
    demo.out.line()
    text = "no secret in anything printed here or by Ansible, nor in a file but those meant for it"
    demo.verdict(not leaks, text)


def _when(text: str) -> str:
    moment = dt.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return f"{moment:%d %b %H:%M:%S}"


def _born(demo: Demo, name: str, account: str) -> Pair:
    """Return the pair that an account was born with."""
    endpoint = demo.world.endpoints[name]
    access_key = endpoint["accounts"][account][0]
    return access_key, endpoint["pairs"][access_key]


def _count_working(demo: Demo) -> int:
    """Return how many pairs in the secret store S3 takes."""
    return sum(
        demo.world.honours(name, demo.stored(name, account)) == "works"
        for name in MAKING
        for account in ACCOUNTS
    )


def _took(demo: Demo, what: str, seconds: float) -> None:
    demo.out.line(demo.out.style(f"  {what} {seconds:.1f} s", "dim"))
