# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the quiet fortnight: every account in a final state, every line told, nothing lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.journal_chains import (
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.tests.kill import journals, promise
from ansible_collections.objectstore.credentials.tests.kill.case import one_run
from ansible_collections.objectstore.credentials.tests.kill.promise import Violation

from .life import Life
from .weeks import Weeks

#: Kilobytes by which the process may grow from the fourth week on.
_MOST_GROWTH = 300_000
#: States of a chain that no hand has touched.
_WHOLE = ("intact", "torn")


def judge(weeks: Weeks) -> None:
    """Hold a site against all that must be true at its end."""
    referee = weeks.referee
    for life in weeks.site.living():
        for violation in _account(weeks, life):
            referee.blame(violation, life)
    for violation in (*_journal(weeks), *_secrets(weeks), *_growth(weeks)):
        referee.blame(violation)


def _account(weeks: Weeks, life: Life) -> Iterator[Violation]:
    site, referee = weeks.site, weeks.referee
    record = site.record(life)
    managed = "managed" if record and record.is_managed else "unmanaged"
    why = "over" if life.is_over else life.excuse.partition(";")[0]
    site.count[f"at the end: {managed}{why and f', {why}'}"] += 1
    keys = life.moments[-1].keys
    if life.row.get("action") == "busy":
        yield Violation("leases are free at the end", str(life.row.get("why")))
    if life.is_over:
        # Decommissioned, or on the way there and given up on.
        return
    if record is None or record.current is None:
        if keys and not life.excuse and not record:
            yield Violation("managed at the end", f"{sorted(keys)}: {life.row.get('why')}")
        return
    if record.current.origin == "delivered":
        return
    if record.pending is not None or record.intent is not None:
        if not life.excuse:
            yield Violation("nothing is left open", f"{record.pending} {record.intent}")
        return
    if referee.works(life, record):
        pass
    elif life.excuse:
        # What somebody else broke is mended by then, or every run says it.
        if site.facts.shows_access_key and not life.row.get("failure"):
            yield Violation("what is broken is reported", f"{life.excuse}: {life.row.get('why')}")
    else:
        yield Violation(promise.CURRENT_WORKS, f"{record.current.access_key}; {sorted(keys)}")
    yield from _lost(weeks, life, record)


def _lost(weeks: Weeks, life: Life, record: Record) -> Iterator[Violation]:
    """A key that a run of ours made is in the record with its secret, or it is reported."""
    simulator = weeks.site.simulator
    said = json.dumps([life.row, record.suspects, record.lost_labels])
    kept = set(promise.pairs_of(record))
    # Taken over as it stood, such as after a renaming: its secret was never this record's.
    adopted = [held.access_key for held in record.held_keys() if held.origin == "adopted"]
    kept.update(filter(None, adopted))
    for key in sorted(life.born & set(life.alive)):
        is_told = key in said or simulator.name_of(key) in said
        if key not in kept and not is_told and not life.was_restored:
            yield Violation("no secret is lost unseen", f"{key} is in no record and in no report")


def _journal(weeks: Weeks) -> Iterator[Violation]:
    site, directory = weeks.site, weeks.site.directory / "journal"
    heads: list[Any] = []

    def read(runtime: Any) -> dict[str, Any]:
        with runtime.open_store() as store:
            found = store.read_note("journal")
            heads.append(found[0] if found else None)
        return {"accounts": []}

    one_run(site, read, {})
    cut = weeks.meddling.cut
    for report in verify_journal(str(directory), heads[0] if heads else None):
        was_cut = str(report.file) in cut
        # Heads of the latest chains only are kept.
        if report.state in (*_WHOLE, "unknown") or (was_cut and report.state in ("cut", "broken")):
            continue
        yield Violation("chains verify", f"{report.chain} is {report.state}: {report.message}")
    lines = [line for _unused, line in journals.lines(directory)]
    own = {str(line.get("id")) for line in lines if not line.get("late")}
    lines = [line for line in lines if not (line.get("late") and str(line.get("id")) in own)]
    written = Counter(str(line.get("id")) for line in lines)
    doubled = [name for name, count in written.items() if count > 1]
    if doubled:
        yield Violation("journal: every line once", f"{doubled[:3]}")
    gone = {name for names in cut.values() for name in names}
    told = journals.Told(lines)
    for life in site.lives.values():
        missing = life.outbox - set(written) - gone
        if missing and not life.was_restored:
            weeks.referee.blame(
                Violation("journal: no line is lost", f"{len(missing)}: {sorted(missing)[:3]}"),
                life,
            )
        untold = life.transitions.untold(told)
        if untold and not life.was_restored and not gone:
            weeks.referee.blame(Violation("journal: every transition", untold[0]), life)


def _secrets(weeks: Weeks) -> Iterator[Violation]:
    """No secret lies about: in what runs print, in the journal, in the store's files."""
    site = weeks.site
    secrets = {*site.simulator.secrets(), *(site.mirror.secrets() if site.mirror else ())}
    for life in site.lives.values():
        secrets |= set(promise.pairs_of(site.record(life)).values())
    texts = site.texts() + json.dumps([life.row for life in site.lives.values()])
    for secret in sorted(secrets):
        for form in promise.forms_of(secret):
            if len(secret) > 7 and form in texts:
                at = texts.index(form)
                yield Violation("no secret in clear", f"after {texts[max(0, at - 60) : at]!r}")
                return


def _growth(weeks: Weeks) -> Iterator[Violation]:
    memory = weeks.memory
    if len(memory) > 6 and memory[-1] - memory[4] > _MOST_GROWTH:
        yield Violation("memory is bounded", f"{memory[4]} kB in the fourth week, {memory[-1]} now")
