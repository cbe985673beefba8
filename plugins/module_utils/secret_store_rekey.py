# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt every secret of a store with a new vault password, one record after the other.

Each record is one write, so that a run which is killed leaves some with the new password and the
others with the old one; with both at hand all can be read, and the next run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import CredentialsError
from .results import AccountResult, Outcome
from .secret_store_work import Act, Work, gone, result_of
from .stores.base import Place


def rekey_store(work: Work) -> Outcome:
    """Bring all secrets of the scope to the new password. Raises unsupported, store_refused.

    A run over the whole store that leaves nothing old lets the old password open it no more.
    """
    store = work.store
    if store.cannot_rekey_because:
        raise CredentialsError(
            "unsupported",
            f"The secret store {store.name} cannot be rekeyed, because"
            f" {store.cannot_rekey_because}.",
            next_step="Rotate that key at the server; only ansible_vault has a password to change.",
        )
    places = work.scope.places(store)
    results = work.each(places, _look(work))
    if not work.check_mode:
        if any(result.action == "rekeyed" for result in results):
            # Before the first secret needs it: the new password opens the store from now on.
            store.probe()
        results = _renewed(work, places, results)
        # A run with the old password may have made records meanwhile.
        seen = set(places)
        late = [place for place in work.scope.places(store) if place not in seen]
        results += work.each(late, _renew(work))
    outcome = Outcome(accounts=results)
    outcome.extra = {"secret_store": store.where(), "old_passwords": "accepted"}
    outcome.totals = {
        "accounts": len(results),
        "secrets": sum(result.details.get("secrets", 0) for result in results),
    }
    is_done = all(result.action in ("rekeyed", "unchanged") for result in results)
    if is_done and work.scope.is_whole and not store.unplaced:
        outcome.touched = store.forget_old_passwords()
        outcome.extra["old_passwords"] = "refused"
    elif not is_done:
        outcome.warnings.append(
            "Some records still need an old vault password: keep it at hand, and run again."
        )
    return outcome


def _look(work: Work) -> Act:
    def look(place: Place) -> AccountResult:
        """Tell what would be done. Reads only."""
        stored = work.store.read(place)
        if stored is None:
            return gone(place)
        count = work.store.count_old(stored.record)
        if not count:
            why = "its secrets are encrypted with the new password"
            return result_of(place, "unchanged", why, stored.record)
        why = _said(count, "are to be" if count > 1 else "is to be")
        return result_of(place, "rekeyed", why, stored.record, secrets=count)

    return look


def _renew(work: Work) -> Act:
    def renew(place: Place) -> AccountResult:
        with work.store.lease(place):
            stored = work.store.read(place)
            if stored is None:
                return gone(place)
            count = work.store.renew(place, stored)
        if not count:
            why = "its secrets are encrypted with the new password"
            return result_of(place, "unchanged", why, stored.record)
        why = _said(count, "are" if count > 1 else "is")
        return result_of(place, "rekeyed", why, stored.record, secrets=count)

    return renew


def _renewed(
    work: Work, places: Sequence[Place], results: list[AccountResult]
) -> list[AccountResult]:
    """Do what was found to be done, and return all results in their order."""
    at = [index for index, result in enumerate(results) if result.action == "rekeyed"]
    done = work.each([places[index] for index in at], _renew(work))
    by_index = dict(zip(at, done))
    return [by_index.get(index, result) for index, result in enumerate(results)]


def _said(count: int, verb: str) -> str:
    what = f"{count} secret keys" if count > 1 else "1 secret key"
    return f"{what} {verb} encrypted with the new password"
