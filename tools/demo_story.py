# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo tells, and the claims that it checks while it tells them."""

from __future__ import annotations

from typing import Any

from demo_world import CHANGES, ENDPOINTS, Demo, Event, Run, changes, is_listing, is_ours

PLAYBOOK = "$ ansible-playbook tests/demo/playbook.yml"
LIMIT = "90d"
#: How many accounts of each endpoint have an active access key that is older.
BROKEN = {"ose": 2, "ose-front": 2, "huawei": 2, "ontap": 0, "commvault": 0}
#: What check mode foresees: all but the enabling of a key that is still enabled.
PLANNED = {**CHANGES, "ose": 1}


def tell(demo: Demo, seconds: float) -> None:
    """Run everything and tell it."""
    out = demo.out
    out.line()
    out.line(
        out.style("objectstore.credentials", "bold", "cyan")
        + ": the vendors' documented operations, performed on simulated platforms"
    )
    out.heading("1  Five endpoints of four platforms, on 127.0.0.1")
    rows = [
        [name, one["url"], f"{len(one['accounts'])} accounts, {len(one['pairs'])} access keys"]
        for name, one in demo.world.endpoints.items()
    ]
    out.table(["endpoint", "api_url", "holds"], rows)
    _took(demo, "started in", seconds)
    _plan(demo)
    _compliance(demo, _first(demo))
    _again(demo)
    _leaks(demo)


def _took(demo: Demo, what: str, seconds: float) -> None:
    demo.out.line(demo.out.style(f"  {what} {seconds:.1f} s", "dim"))


def _plan(demo: Demo) -> None:
    """Run in check mode: tell the plan, and see that nothing happens."""
    out = demo.out
    out.heading(f"2  {PLAYBOOK} --check")
    run = demo.playbook("--check", "--skip-tags", "report")
    rows = []
    for name, events in run.events.items():
        for event in events:
            diffs = [_diff(one) for one in event["result"].get("diff", ())]
            for row, diff in zip(changes(event), diffs, strict=True):
                rows.append([name, row["action"], row["account"], _what(demo, row, diff)])
        demo.check(f"{name}: changes planned", PLANNED[name], run.changed(name))
        demo.check(f"{name}: changes counted in check mode", 0, run.counted(name))
    out.table(["endpoint", "would be", "account", ""], rows)
    requests = sum(run.counted(name, "requests") for name in ENDPOINTS)
    counted = sum(run.counted(name) for name in ENDPOINTS)
    out.line()
    text = f"{requests} requests, of which the platforms counted {_count(counted, 'change')}"
    _verdict(demo, not counted, text, indent=2)
    _took(demo, "all five at once,", run.seconds)


def _first(demo: Demo) -> Run:
    demo.out.heading(f"3  {PLAYBOOK}")
    run = demo.playbook(tell=lambda run, name: _endpoint(demo, run, name))
    demo.out.line()
    _took(demo, "all five at once,", run.seconds)
    return run


def _endpoint(demo: Demo, run: Run, name: str) -> None:
    """Tell what was asked of one endpoint and what changed; ask the simulator whether it did."""
    out = demo.out
    info = _info(run.events[name])
    out.line()
    out.line(f"  {out.style(name, 'bold', 'cyan')}  {out.style(_product(info), 'dim')}")
    for event in run.events[name]:
        if not is_ours(event) or is_listing(event):
            continue
        module = event["module"].rpartition(".")[2]
        out.line(f"    {event['task']}  {out.style(module, 'dim')}")
        for line in _changes(demo, name, event, info):
            out.line(f"      {line}")
    counted = run.counted(name)
    right = demo.check(f"{name}: changes reported", CHANGES[name], run.changed(name))
    right &= demo.check(f"{name}: changes counted", CHANGES[name], counted)
    _verdict(demo, right, f"the platform counted {_count(counted, 'change')}")
    _data_plane(demo, name)


def _verdict(demo: Demo, right: bool, text: str, indent: int = 4) -> None:
    mark = demo.out.style("✓", "green") if right else demo.out.style("✗", "red")
    demo.out.line(f"{' ' * indent}{mark} {demo.out.style(text, 'dim')}")


def _changes(demo: Demo, name: str, event: Event, info: dict[str, Any]) -> list[str]:
    """Return a line or more for each change that a task made."""
    out = demo.out
    rows = changes(event)
    if not rows:
        return [out.style("nothing to do", "dim")]
    lines = []
    diffs = [_diff(one) for one in event["result"].get("diff", ())]
    for number, row in enumerate(rows):
        if "account" not in row:
            lines += _hidden(demo, name, info)
            continue
        lines.append(f"{row['account']}  {_what(demo, row, diffs[number])}")
        job = row["details"].get("job")
        if job:
            lines.append(f"endpoint job {job['id']}: {job['status']}")
    return lines


def _what(demo: Demo, row: dict[str, Any], diff: str) -> str:
    """Return what changed about an account or a vault, in one line."""
    if "vault_id" not in row["details"]:
        key = demo.out.style(row["access_key"], "cyan") if row["access_key"] else ""
        return f"{key}  {diff}".strip()
    details = row["details"]
    number = f"vault {details['vault_id']} " if details["vault_id"] else ""
    names = {
        field: ", ".join(one["name"] for one in details[field] or ())
        for field in ("endpoints", "owners")
    }
    return (
        f"{number}on plan {details['plan']['name']}, endpoints {names['endpoints']},"
        f" owner {names['owners']}"
    )


def _hidden(demo: Demo, name: str, info: dict[str, Any]) -> list[str]:
    """Return the lines for a result that Ansible hides; the listing shows the new access key."""
    out = demo.out
    lines = []
    for row in info["accounts"]:
        before = demo.world.endpoints[name]["accounts"].get(row["account"], [])
        after = [key["access_key"] for key in row["access_keys"]]
        if not set(after) - set(before):
            continue
        old, new = before[0], after[0]
        lines.append(
            f"{row['account']}  {out.style(old, 'cyan')} → {out.style(new, 'cyan')}"
            f", until {row['access_keys'][0]['expires_at'][:10]}"
        )
        demo.check(f"{name}: the access key handed over", new, demo.new_pair()[0])
    lines.append("secret key hidden from all output, handed over in a file of mode 0600")
    return lines


def _diff(diff: dict[str, Any]) -> str:
    """Return what changed, in words; a list shows nothing but its first access key."""
    before, after = _flat(diff["before"]), _flat(diff["after"])
    parts = []
    for field in sorted(after, reverse=True):
        old, new = before.get(field), after[field]
        if old != new:
            parts.append(f"{old} → {new}" if old else f"{field}: {new}")
    return ", ".join(parts)


def _flat(state: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in state.items() if not isinstance(value, list)}
    for key in state.get("access_keys", ()):
        flat.update(lifetime=key["key_time_to_live"], access_key=key["access_key"])
    return flat


def _data_plane(demo: Demo, name: str) -> None:
    """Ask the data plane about the pairs that were dealt with, and tell what it says."""
    one = demo.world.endpoints[name]
    backup, reports = one["accounts"]["backup"], one["accounts"]["reports"]
    asked = {
        "ose": [("the pair", backup[-1], True)],
        "ose-front": [("the disabled pair", reports[-1], False)],
        "huawei": [
            ("the disabled pair", backup[-1], False),
            ("the account's other one", backup[0], True),
        ],
        "ontap": [("the old pair", backup[0], False)],
        "commvault": [("the owner's pair, on the vault", backup[0], True)],
    }[name]
    pairs = [(which, (key, one["pairs"][key]), good) for which, key, good in asked]
    if name == "ontap":
        pairs.append(("the new one", demo.new_pair(), True))
    said = []
    right = True
    for which, pair, good in pairs:
        answer = demo.world.honours(name, *pair)
        expected = "works" if good else "InvalidAccessKeyId"
        right &= demo.check(f"{name}: S3 with {which}", expected, answer)
        said.append(f"takes {which}" if answer == "works" else f"refuses {which} ({answer})")
    _verdict(demo, right, f"S3 {' and '.join(said)}")


def _compliance(demo: Demo, run: Run) -> None:
    """Tell which accounts keep the rule, account by endpoint."""
    out = demo.out
    out.heading(f"4  What s3_credential_info found: is any access key older than {LIMIT}?")
    cells: dict[str, dict[str, str]] = {}
    broken = {}
    for name, events in run.events.items():
        info = _info(events)
        for row in info["accounts"]:
            cells.setdefault(row["account"], {})[name] = _cell(demo, row)
        broken[name] = info["totals"]["non_compliant"]
    demo.check("accounts that break the rule", BROKEN, broken)
    rows = [
        [account, *(by_endpoint.get(name, "") for name in run.events)]
        for account, by_endpoint in sorted(cells.items())
    ]
    out.table(["account", *run.events], rows)
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


def _again(demo: Demo) -> None:
    """Run again without what happens once: nothing may change."""
    out = demo.out
    out.heading(f"5  {PLAYBOOK} -e one_shot=false")
    run = demo.playbook("-e", '{"one_shot": false}', "--skip-tags", "report")
    rows = []
    for name, events in run.events.items():
        done = [event for event in events if event["outcome"] == "ok" and is_ours(event)]
        changed, counted = sum(event["changed"] for event in events), run.counted(name)
        demo.check(f"{name}: tasks that changed something in the second run", 0, changed)
        demo.check(f"{name}: changes counted in the second run", 0, counted)
        requests = run.counted(name, "requests")
        zeros = [out.style(str(n), "red" if n else "green") for n in (changed, counted)]
        rows.append([name, str(len(done)), zeros[0], str(requests), zeros[1]])
    out.table(["endpoint", "tasks", "changed", "requests", "changes counted"], rows)
    _took(demo, "all five at once,", run.seconds)


def _leaks(demo: Demo) -> None:
    out = demo.out
    leaks = demo.leaks()
    demo.check("places where a secret was printed", [], leaks)
    if not leaks:
        out.line()
        out.line("No secret key, password or token stands in anything printed here or by Ansible.")


def _info(events: list[Event]) -> dict[str, Any]:
    for event in events:
        if is_listing(event):
            found: dict[str, Any] = event["result"]
            return found
    return {"accounts": [], "platform_info": {}}


def _product(info: dict[str, Any]) -> str:
    about = info["platform_info"]
    title, product, version = about["title"], about["product"], about.get("version") or ""
    return (f"{title} {version}" if product in title else f"{title}: {product} {version}").rstrip()


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
