# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo tells of a fleet, and the claims that it checks while it tells them."""

from __future__ import annotations

import os

import demo_kill
from demo_chat import Chat
from demo_kept import ACCOUNTS, CHAT, EXCLUDED, FILES, Demo
from demo_run import FLEET, Run
from demo_world import ROOT, SIDE_BY_SIDE

#: Days until the old keys' grace period is over, and from there until all keys are due.
GRACE, QUARTER = 8, 80
ALL = len(SIDE_BY_SIDE) * len(ACCOUNTS)
NOTHING = dict.fromkeys(SIDE_BY_SIDE, 0)


def tell(demo: Demo, chat: Chat, seconds: float) -> None:
    """Run everything and tell it."""
    _fleet(demo, seconds)
    _audit(demo)
    _first(demo, chat)
    _again(demo, chat)
    _grace(demo)
    demo.world.advance(QUARTER)
    demo_kill.killed(demo, QUARTER)
    demo_kill.repaired(demo)
    demo_kill.by_hand(demo)
    _report(demo)


def _fleet(demo: Demo, seconds: float) -> None:
    out = demo.out
    out.line()
    out.line(
        out.style("objectstore.credentials", "bold", "cyan")
        + ": the S3 keys of a simulated fleet are rotated, and what became of them"
    )
    out.heading("1  Four platforms on 127.0.0.1, one endpoint each")
    rows = []
    for name, overlap in SIDE_BY_SIDE.items():
        told = [FILES[name]] if name in FILES else []
        told += [CHAT] if name == "huawei" else []
        keys = "side by side" if overlap else "replaced in place: the old key dies at once"
        rows.append([name, demo.world.endpoints[name]["url"], keys, ", ".join(told)])
    out.table(["endpoint", "api_url", "old and new key", "consumers of its keys"], rows)
    out.line()
    where = os.path.relpath(demo.folder / FLEET, ROOT)
    out.line(f"  The inventory is {where}: {len(ACCOUNTS)} accounts of each endpoint;")
    out.line(f"  {' and '.join(EXCLUDED)} are excluded, they are rotated elsewhere.")
    out.line(out.style(f"  started in {seconds:.1f} s", "dim"))


def _audit(demo: Demo) -> None:
    """Look at every account, and change nothing."""
    out = demo.out
    out.heading("2  What is there: keys that no record knows")
    run = demo.run("audit")
    report = demo.report()
    rows = []
    for one in report["endpoints"]:
        ages = f"{one['oldest_age_days']} days" if one["oldest_age_days"] else "not told"
        numbers = [str(one[each]) for each in ("accounts", "unmanaged", "non_compliant")]
        rows.append([one["endpoint"], *numbers, ages])
    out.table(["endpoint", "accounts", "unmanaged", "older than 90 days", "oldest key"], rows)
    right = demo.check("unmanaged accounts", ALL, report["summary"]["unmanaged"])
    right &= demo.check("changes counted in the audit", NOTHING, run.writes())
    demo.verdict(right, f"all {ALL} accounts are unmanaged, and the platforms counted no change")
    demo.took(run)


def _first(demo: Demo, chat: Chat) -> None:
    """Take every account over, while one of the consumers is down."""
    out = demo.out
    out.heading("3  Taken over: every account gets a key of ours. The team's chat is down today")
    run = demo.run("rotate", "-e", "s3_rotate_adopt=rotate", expects=2)
    told = demo.rows()
    rows = []
    working = 0
    for name, overlap in SIDE_BY_SIDE.items():
        for account in ACCOUNTS:
            row, before, after = told[name, account], demo.born(name, account), None
            after = demo.stored(name, account)
            demo.check(f"{name} {account}: action", "rotated", row["action"])
            demo.check(f"{name} {account}: access key told", after[0], row["access_key"])
            old_answer = demo.world.honours(name, before)
            new_answer = demo.world.honours(name, after)
            demo.check(f"{name} {account}: S3 with the old pair", overlap, old_answer == "works")
            demo.check(f"{name} {account}: S3 with the new pair", "works", new_answer)
            working += new_answer == "works"
            told_old = "works on" if old_answer == "works" else "refused"
            rows.append([name, account, before[0], out.style(after[0], "cyan"), told_old])
    out.table(["endpoint", "account", "old key", "new key", "old pair at S3"], rows)
    right = demo.check("keys made", dict.fromkeys(SIDE_BY_SIDE, len(ACCOUNTS)), run.writes())
    right &= demo.check("new pairs that work", ALL, working)
    text = f"the platforms counted {sum(run.writes().values())} new keys; S3 takes all new pairs"
    demo.verdict(right, text)
    handed = {name: demo.handed_over(name) for name in FILES}
    stored = demo.all_stored()
    right = True
    for name, pairs in handed.items():
        expected = {account: stored[name, account] for account in ACCOUNTS}
        right &= demo.check(f"{name}: pairs in the consumer's file are stored", expected, pairs)
    demo.verdict(right, f"{' and '.join(FILES.values())} have the new pairs in their rclone.conf")
    _untold(demo, chat, run)
    demo.took(run)


def _untold(demo: Demo, chat: Chat, run: Run) -> None:
    """Tell of the consumer that was down: its accounts are not acknowledged, the run failed."""
    acknowledged = {name: _acknowledged(demo, name) for name in SIDE_BY_SIDE}
    expected = {name: 0 if name == "huawei" else len(ACCOUNTS) for name in SIDE_BY_SIDE}
    right = demo.check("accounts acknowledged", expected, acknowledged)
    right &= demo.check("posts to the chat", (1, 0), (chat.refused, len(chat.posts)))
    named = any(CHAT in text and "could not be told" in text for text in run.failures())
    right &= demo.check("the run fails and names the chat", True, named)
    text = f"{CHAT} answered 503: the run fails and names it; no old key of huawei will retire"
    demo.verdict(right, text)


def _acknowledged(demo: Demo, name: str) -> int:
    rows = demo.rows()
    return sum(rows[name, account]["acknowledged"] is True for account in ACCOUNTS)


def _again(demo: Demo, chat: Chat) -> None:
    """Run again: no key changes, and the consumer that was down is told."""
    out = demo.out
    chat.is_up = True
    others = [name for name in SIDE_BY_SIDE if name != "huawei"]
    stored, files = demo.all_stored(), demo.store_files(*others)
    out.heading("4  The same again, the chat is back: it is told, and nothing else happens")
    run = demo.run("rotate")
    rows = []
    right = demo.check("records of the others written again", files, demo.store_files(*others))
    right &= demo.check("pairs in the secret store", stored, demo.all_stored())
    right &= demo.check("changes counted in the second run", NOTHING, run.writes())
    for name in SIDE_BY_SIDE:
        requests, counted = run.counted(name, "requests"), run.counted(name)
        told = [CHAT] if name == "huawei" and chat.posts else []
        acknowledged = _acknowledged(demo, name)
        right &= demo.check(f"{name}: accounts acknowledged", len(ACCOUNTS), acknowledged)
        rows.append([name, str(requests), str(counted), str(acknowledged), ", ".join(told)])
    header = ["endpoint", "requests", "changes counted", "acknowledged", "told now"]
    out.table(header, rows)
    demo.verdict(right, "no change at any platform, no pair replaced, all keys acknowledged")
    posted = {row["account"]: row["access_key"] for post in chat.posts for row in post["accounts"]}
    current = {account: stored["huawei", account][0] for account in ACCOUNTS}
    right = demo.check("access keys that the chat was told", current, posted)
    demo.verdict(right, f"{CHAT} got {len(posted)} access keys, and no secret")
    demo.took(run)


def _grace(demo: Demo) -> None:
    """Move the clocks past the grace period: the old keys are disabled."""
    out = demo.out
    demo.world.advance(GRACE)
    out.heading(f"5  All clocks {GRACE} days on: the old keys' grace period is over")
    run = demo.run("retire")
    told = demo.rows()
    rows = []
    right = True
    for name, overlap in SIDE_BY_SIDE.items():
        disabled = sum(told[name, account]["action"] == "disabled" for account in ACCOUNTS)
        expected = len(ACCOUNTS) if overlap else 0
        right &= demo.check(f"{name}: old keys disabled", expected, disabled)
        right &= demo.check(f"{name}: changes counted", expected, run.counted(name))
        answers = {demo.world.honours(name, demo.born(name, account)) for account in ACCOUNTS}
        right &= demo.check(f"{name}: S3 takes old pairs", False, "works" in answers)
        what = f"{disabled} disabled, deleted in a week" if overlap else "died with the rotation"
        rows.append([name, what, ", ".join(sorted(answers))])
    out.table(["endpoint", "old keys", "S3 with the old pairs"], rows)
    right &= demo.check("stored pairs that work", ALL, demo.count_working())
    demo.verdict(right, f"S3 takes all {ALL} pairs in the secret store, and no old one")
    demo.took(run)


def _report(demo: Demo) -> None:
    """Tell what the last report says, and look for secrets everywhere."""
    out = demo.out
    report = demo.report()
    summary = report["summary"]
    out.heading("9  The report, as the last rotating run left it")
    colour = {"good": "green", "look": "yellow"}.get(report["status"], "red")
    out.line(f"  {out.style(report['status_line'], colour)}")
    out.line()
    figures = [
        ["accounts under management", f"{summary['managed']} of {summary['accounts']}"],
        ["within their limit", f"{summary['compliant_percent']} %"],
        ["overdue, failed", f"{summary['overdue']}, {summary['failed']}"],
        ["left out", f"{summary['left_out']} ({', '.join(EXCLUDED)}, the platforms' own)"],
        ["old keys beside new ones", str(summary["overlaps_open"])],
        ["findings", ", ".join(f"{n} to {what}" for what, n in summary["findings"].items() if n)],
    ]
    out.table(["figure", ""], figures)
    right = demo.check("accounts under management", ALL, summary["managed"])
    right &= demo.check("accounts overdue or failed", 0, summary["overdue"] + summary["failed"])
    right &= demo.check("stored pairs that work", ALL, demo.count_working())
    told = {place: row["access_key"] for place, row in demo.rows().items()}
    stored = {place: pair[0] for place, pair in demo.all_stored().items()}
    right &= demo.check("access keys in the report", stored, told)
    demo.verdict(right, f"the report's {ALL} access keys are those that S3 takes now")
    leaks = demo.leaks()
    demo.check("places where a secret stands", [], leaks)
    text = "no secret in anything printed here or by Ansible, nor in a file but those meant for it"
    demo.verdict(not leaks, text)
    out.line()
    out.line(f"  To look at: {demo.folder / 'report' / 'report.html'}")
