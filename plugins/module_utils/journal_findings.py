# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module tells of a journal: its chains, compared with the heads in a secret store."""

from __future__ import annotations

from .journal_chains import verify_journal
from .journal_heads import HEADS, no_heads
from .results import Outcome
from .stores.base import SecretStore

#: Chains that are sound are told of up to here, the newest first; a result must stay small.
MOST_CHAINS = 200


def add_findings(
    outcome: Outcome,
    path: str,
    store: SecretStore | None,
    platform: str | None,
    endpoint: str | None,
) -> Outcome:
    """Add to an outcome what is found of the chains in a journal. Reads only; needs no platform.

    platform, endpoint: only their chains. store: has the heads to compare with; None: each chain is
    only checked by itself.
    """
    heads = None
    if store is not None:
        found = store.read_note(HEADS)
        heads = found[0] if found else no_heads()
    reports = verify_journal(path, heads, platform, endpoint)
    reports.sort(key=lambda report: report.chain.rpartition("/")[2], reverse=True)
    unsound = [report for report in reports if not report.is_sound]
    sound = [report for report in reports if report.is_sound]
    outcome.extra["journal"] = [each.as_dict() for each in [*unsound, *sound[:MOST_CHAINS]]]
    outcome.totals["journal_chains"] = len(reports)
    outcome.totals["journal_unsound"] = len(unsound)
    outcome.warnings += [
        f"The chain {each.chain} of the journal is {each.state}: {each.message}."
        for each in unsound
    ]
    return outcome
