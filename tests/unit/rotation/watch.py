# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no rotation may ever do, looked at after every change of the platform and of the store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Facts
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record, Secret
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place

Truth = dict[str, str]


class Watch:
    """Follows one platform and one secret store.

    The rules: every change of a key has its intent in the record before it. Only a key that the
    record holds, or that the record says is to be replaced, or that a run of ours made, is ended.
    Where old and new keys overlap, an account under management always has a stored pair that works.
    An account that no record knows is not touched.
    """

    def __init__(self, simulator: Any, ids: Mapping[str, str], facts: Facts) -> None:
        self.simulator = simulator
        self.ids = ids
        self.facts = facts
        self.violations: list[str] = []
        #: Account -> its record as last written.
        self.records: dict[str, Record] = {}
        #: What happened, in order: ("store", event) and ("platform", what).
        self.story: list[tuple[str, str]] = []
        #: Ended on purpose before there is another: an emergency with cut_first, a decommission.
        self.may_cut = False
        #: Nobody keeps a record.
        self.has_store = True
        #: Made by a run of ours.
        self.born: set[str] = set()
        self._plain: dict[str, str] = {}
        self._is_outside = False
        #: Accounts that had a stored working pair at the last look.
        self._was_so: set[str] = set()
        self._truth: dict[str, Truth] = {}
        self.look_again()
        simulator.observers.append(self._committed)

    def look_again(self) -> None:
        """Take what is there for what has always been there."""
        self._truth = {n: dict(self.simulator.keys_of(i)) for n, i in self.ids.items()}

    def forget_records(self) -> None:
        """The store was exchanged: what it has shows at the next write."""
        self.records.clear()
        self._was_so.clear()

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Within: somebody else changes keys, and the promise of their accounts ends."""
        self._is_outside = True
        try:
            yield
        finally:
            self._is_outside = False
            self.look_again()
            self._was_so.clear()

    def stored_now(self, place: Place, record: Record) -> None:
        """Note a record that was just written."""
        self.records[place.account] = record
        pending = f"pending {record.pending.step}" if record.pending else ""
        intent = f"{record.intent.action} intended" if record.intent else ""
        current = f"current {record.current.access_key}" if record.current else ""
        self.story.append(("store", " ".join(filter(None, (pending, intent, current)))))
        self._check_stored_pair(place.account, "a write of the record")

    # --- inside ----------------------------------------------------------------------------------

    def _committed(self) -> None:
        if self._is_outside:
            return
        what = self.simulator.commits[-1].what
        self.story.append(("platform", what))
        for name, number in self.ids.items():
            before, now = self._truth.get(name, {}), dict(self.simulator.keys_of(number))
            if before == now:
                continue
            self._truth[name] = now
            self.born |= set(now) - set(before)
            if self.has_store:
                self._check_intent(name, what, before)
                self._check_ended(name, what, before, now)
                self._check_stored_pair(name, what)

    def _check_intent(self, name: str, what: str, was: Truth) -> None:
        record = self.records.get(name)
        pending = record.pending if record else None
        is_announced = pending is not None and pending.step == "intended"
        if self.facts.listing_has_side_effect and not was:
            return  # a listing of no keys makes one by itself
        if record is None or not (is_announced or record.intent is not None):
            self.violations.append(f"{name}: {what}, and no intent of it was in the record")

    def _check_ended(self, name: str, what: str, before: Truth, now: Truth) -> None:
        record = self.records.get(name)
        ended = {
            key
            for key, status in before.items()
            if key not in now or (status == "active" and now[key] != "active")
        }
        known = self._known(record)
        # Some records know a key by what a listing shows of it.
        known |= {key for key in ended if self.simulator.name_of(key) in known}
        if self.facts.shows_access_key and not ended <= known:
            self.violations.append(f"{name}: {what}, which ended {sorted(ended - known)}, not ours")

    def _known(self, record: Optional[Record]) -> set[str]:
        known = set(self.born)
        if record is None:
            return known
        known |= {key.access_key for key in record.held_keys() if key.access_key}
        if record.pending is not None:
            known |= set(record.pending.replaces) | {record.pending.access_key or ""}
            if not self.facts.overlap:
                # What was seen there when the intent was written.
                known |= {noted.partition("@")[0] for noted in record.pending.keys_before}
        if record.intent is not None and record.intent.purpose == "replace":
            known.add(record.intent.access_key)
        return known

    def _check_stored_pair(self, name: str, what: str) -> None:
        record = self.records.get(name)
        if record is None or record.current is None:
            return
        if any(self.works(access_key, secret) for access_key, secret in self._pairs(record)):
            self._was_so.add(name)
        elif name in self._was_so:
            self._was_so.discard(name)
            if self.facts.overlap and not self.may_cut:
                self.violations.append(f"{name}: {what}, and no stored pair works any more")

    def works(self, access_key: str, secret: Secret) -> bool:
        """Tell whether the platform honours a pair of the record."""
        honoured = self.simulator.secret_of(access_key)
        return honoured is not None and honoured == self._opened(secret)

    def _pairs(self, record: Record) -> Iterator[tuple[str, Secret]]:
        pending = record.pending
        held = [(key.access_key, key.secret) for key in record.held_keys()]
        held += [(pending.access_key, pending.secret)] if pending else []
        for access_key, secret in held:
            if access_key is not None and secret is not None:
                yield access_key, secret

    def _opened(self, secret: Secret) -> str:
        if secret.sealed is None:
            return secret.open()
        sealed = str(secret.sealed)
        if sealed not in self._plain:
            self._plain[sealed] = secret.open()
        return self._plain[sealed]
