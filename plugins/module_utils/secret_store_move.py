# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a secret store's records and the heads of its journal to another one."""

from __future__ import annotations

from .errors import CredentialsError
from .journal_heads import HEADS, keep_heads
from .record_moves import place_of
from .results import AccountResult, Outcome
from .secret_store_copy import Copier, undo
from .secret_store_work import Work
from .stores.base import Place, SecretStore


def copy_store(work: Work, destination: SecretStore) -> Outcome:
    """Move the records of the scope. Raises invalid_option, and what either store raises."""
    source = work.store
    if source.where() == destination.where():
        raise CredentialsError(
            "invalid_option",
            f"destination is the secret store itself: {place_of(source.where())}.",
            next_step="Name another store, or another path.",
        )
    places = work.scope.places(source)
    outcome = Outcome()
    if work.params.get("undo"):

        def back(place: Place) -> AccountResult:
            return undo(work, destination, place)

        outcome.accounts = work.each(places, back)
    else:
        copier = Copier(work, destination, bool(work.params.get("destroy")))
        outcome.accounts = work.each(places, copier.copy)
        try:
            heads = _copy_heads(source, destination, work.check_mode)
        except CredentialsError as exc:
            # The records are moved whatever becomes of the heads; the next run tries again.
            heads = 0
            outcome.warnings.append(f"The heads of the journal were not copied: {exc.message}")
        outcome.touched = heads > 0
        outcome.extra["journal_heads"] = heads
    outcome.extra["secret_store"] = source.where()
    outcome.extra["destination"] = destination.where()
    outcome.totals = {"accounts": len(outcome.accounts)}
    if source.unplaced:
        outcome.warnings.append(
            f"{len(source.unplaced)} files that tell no account were left where they are."
        )
    return outcome


def _copy_heads(source: SecretStore, destination: SecretStore, check_mode: bool) -> int:
    """See to it that the destination has the journal's heads too; return how many it had not."""
    found = source.read_note(HEADS)
    kept = found[0].get("chains") or {} if found else {}
    return keep_heads(destination, [{"chain": n, **head} for n, head in kept.items()], check_mode)
