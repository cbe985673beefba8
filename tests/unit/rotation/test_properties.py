# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random lives: faults, kills, operators, restored backups, time; the promise holds, or it stops.

S3_CREDENTIALS_PROPERTIES=N multiplies the number of lives. They are the same in every run, unless
S3_CREDENTIALS_PROPERTIES_RANDOM is set.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import vault_format

from .conftest import MEMORY
from .lab import (
    ACCOUNT,
    ADVISORY,
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)
from .lab_store import always, is_intended, is_kept, is_key_intent, is_promoted
from .wire import Killed

MORE = int(os.environ.get("S3_CREDENTIALS_PROPERTIES", "1"))
BOUNDED = settings(
    max_examples=12 * MORE,
    stateful_step_count=14,
    deadline=None,
    derandomize="S3_CREDENTIALS_PROPERTIES_RANDOM" not in os.environ,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
#: What may end a run without any account's having been at fault.
STOPS = {"drifted", "ambiguous", "limit", "conflict", "outcome_unknown", "not_found"}
WRITES = {
    "any": always,
    "intended": is_intended,
    "kept": is_kept,
    "promoted": is_promoted,
    "key intent": is_key_intent,
}
SKIP = st.integers(0, 3)


class Lives(RuleBasedStateMachine):
    """One account of one platform, its runs, and everybody who interferes."""

    form: Form = UNLABELLED

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lives-", dir=MEMORY))
        self.lab: Lab
        #: Keys made by others, which nobody ever named.
        self.foreign: set[str] = set()
        #: Somebody interfered since the last good look: it may stop, and must say why.
        self.is_disturbed = False
        self.last: Optional[AccountResult] = None
        self.copy: Optional[Path] = None

    @initialize()
    def begin(self) -> None:
        """Make the world, and bring the account under management."""
        self._patches = contextlib.ExitStack()
        patch = pytest.MonkeyPatch()
        self._patches.callback(patch.undo)
        patch.setattr(os, "fsync", lambda _file: None)
        patch.setattr(vault_format, "_ITERATIONS", 1)
        self.lab = Lab(self.form, self.folder)
        self.lab.adopt()

    def teardown(self) -> None:
        """Bring everything to rest, and look at the end; then throw it away."""
        if hasattr(self, "lab"):
            try:
                self.come_to_rest()
            finally:
                self._patches.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- runs ------------------------------------------------------------------------------------

    def run_once(self, **params: Any) -> Optional[AccountResult]:
        """Do one run; return its result, or None when it was killed."""
        lab = self.lab
        before = lab.truth()
        try:
            results = lab.run(**params).accounts
            self.last = next(each for each in results if each.account == ACCOUNT)
        except Killed:
            self.last = None
        except CredentialsError as exc:
            self.last = AccountResult(ACCOUNT, "failed", failure=exc.failure(), why=exc.message)
        self.check_result(before)
        return self.last

    def check_result(self, before: dict[str, str]) -> None:
        """A result names what is so, and never a secret."""
        result = self.last
        if result is None:
            return
        text = str(result.as_dict())
        assert not [secret for secret in self.lab.simulator.secrets() if secret in text]
        if result.has_failed:
            assert result.failure is not None
            assert result.failure["kind"] != "internal", result.failure
            assert result.failure["next_step"], result.failure
        # A listing that makes a key by itself is a fact of its platform.
        if not result.changed and not self.lab.facts.listing_has_side_effect:
            assert self.lab.truth() == before or self.lab.network.is_something_under_way

    @rule(force=st.booleans(), explicit=st.booleans())
    def run(self, force: bool, explicit: bool) -> None:
        """Let the schedule come round."""
        how = {"acknowledge": "explicit"} if explicit else {}
        self.run_once(force=force, **how)

    @rule(number=st.integers(0, 2))
    def run_by_id(self, number: int) -> None:
        """Rotate at most once for an identifier."""
        name = f"change-{number}"
        record = self.lab.record()
        done = {p.rotation_id for p in record.rotations if p.outcome == "rotated"} if record else {}
        result = self.run_once(rotation_id=name)
        if name in done and result is not None:
            assert result.action not in ("rotated",), result.why

    @rule()
    def roll_back(self) -> None:
        """Go back to the key before."""
        self.run_once(state="rolled_back", reason="it failed")

    @rule(right=st.booleans())
    def acknowledge(self, right: bool) -> None:
        """Say that the consumers have a key; any but the current one is refused."""
        record = self.lab.record()
        assume(record is not None and record.current is not None)
        assert record is not None
        assert record.current is not None
        key = record.current.access_key if right else "ANOTHER"
        result = self.run_once(state="acknowledged", access_key=key)
        if not right and result is not None:
            assert result.has_failed

    @rule()
    def emergency(self) -> None:
        """Say that the current key is compromised."""
        record = self.lab.record()
        assume(record is not None and record.current is not None)
        assert record is not None
        assert record.current is not None
        # Rights: the operator has said that this key may end.
        self.run_once(compromised=[record.current.access_key or ""], reason="found in a log")

    @rule()
    def plan(self) -> None:
        """Check mode changes nothing, whatever state this is in."""
        files, writes = self.lab.files(), self.lab.writes
        with contextlib.suppress(CredentialsError):
            self.lab.run(check_mode=True, force=True)
        assert (self.lab.files(), self.lab.writes) == (files, writes)

    # --- time ------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([0.01, 1, 8, 8, 30, 90]))
    def time_passes(self, days: float) -> None:
        """Let time pass; what is under way lands."""
        self.lab.later(days)

    # --- trouble ---------------------------------------------------------------------------------

    @rule(
        action=st.sampled_from(["drop", "status", "garbage", "late"]),
        when=st.sampled_from(["before", "after"]),
        method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]),
        skip=SKIP,
    )
    def platform_fault(self, action: str, when: str, method: str, skip: int) -> None:
        """Let an answer of the platform go wrong."""
        more: dict[str, Any] = {"seconds": 60.0, "when": "before"} if action == "late" else {}
        assume(action != "late" or method != "GET")
        more.setdefault("when", when)
        self.lab.faults.add(action, method=method, skip=skip, **more)

    @rule(action=st.sampled_from(["drop", "status", "html"]), skip=SKIP)
    def service_fault(self, action: str, skip: int) -> None:
        """Let an answer of the S3 service go wrong."""
        self.lab.s3.faults.add(action, skip=skip)

    @rule(
        action=st.sampled_from(
            ["refuse", "unavailable", "lost", "unsent", "lost answer", "kill before", "kill after"]
        ),
        wants=st.sampled_from(sorted(WRITES)),
        skip=st.integers(0, 1),
    )
    def store_fault(self, action: str, wants: str, skip: int) -> None:
        """Let a write of the record go wrong, or kill the run there."""
        self.lab.store_faults.add(action, WRITES[wants], skip=skip)

    @rule(verb=st.sampled_from(["create", "regenerate", "disable", "delete"]))
    def kill(self, verb: str) -> None:
        """Kill the next run between such a call and its answer."""
        with contextlib.suppress(KeyError):
            self.lab.kill_before_answer(verb)

    @rule()
    def trouble_ends(self) -> None:
        """Everything is well again."""
        self.lab.faults.clear()
        self.lab.s3.faults.clear()
        self.lab.store_faults.clear()
        self.lab.network.after.clear()

    # --- others ----------------------------------------------------------------------------------

    @precondition(lambda self: self.lab.facts.overlap)
    @rule()
    def somebody_makes_a_key(self) -> None:
        """A colleague makes a key, where there is room."""
        with contextlib.suppress(CredentialsError):
            self.trouble_ends()
            self.foreign.add(self.lab.make_key())
            self.is_disturbed = True

    @precondition(lambda self: self.lab.facts.can_disable or self.lab.facts.can_delete)
    @rule(
        which=st.integers(0, 3),
        status=st.sampled_from(["active", "inactive", "deleted"]),
    )
    def somebody_changes_a_key(self, which: int, status: str) -> None:
        """A colleague enables, disables or deletes a key."""
        keys = sorted(self.lab.truth())
        assume(keys)
        key = keys[which % len(keys)]
        self.trouble_ends()
        with contextlib.suppress(CredentialsError):
            self.lab.set_key(key, status)
            self.is_disturbed = True
        self.foreign &= set(self.lab.truth())

    @precondition(lambda self: not self.lab.facts.overlap)
    @rule()
    def somebody_regenerates(self) -> None:
        """A colleague replaces the key."""
        self.trouble_ends()
        self.lab.regenerate()
        self.is_disturbed = True

    @rule()
    def backup(self) -> None:
        """Copy the secret store."""
        self.copy = self.lab.backup()

    @precondition(lambda self: self.copy is not None)
    @rule()
    def restore(self) -> None:
        """Put yesterday's copy in its place."""
        assert self.copy is not None
        self.lab.restore(self.copy)
        self.is_disturbed = True

    @rule(wrong=st.sampled_from(["password", "path"]))
    def wrong_store(self, wrong: str) -> None:
        """Run with a wrong password or path: nothing is touched."""
        assume(self.lab.truth())  # without any key, the first one may be made
        lab, writes = self.lab, self.lab.writes
        records, away = lab.folder / "records", lab.folder / "away"
        if wrong == "password":
            lab.password = "another password"
        else:
            records.rename(away)
        try:
            result = self.run_once(force=True)
            assert lab.writes == writes
            assert result is None or result.has_failed or result.action == "unmanaged"
        finally:
            lab.password = "made-up vault password"
            if wrong == "path":
                shutil.rmtree(records, ignore_errors=True)
                away.rename(records)

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    def rules_hold(self) -> None:
        """No rule of the watch was broken, and no key of others was ended."""
        if not hasattr(self, "lab"):
            return
        assert not self.lab.watch.violations, self.lab.watch.violations
        truth = self.lab.truth()
        gone = {key for key in self.foreign if key not in truth}
        assert not gone, f"keys of others were ended: {gone}"

    def come_to_rest(self) -> None:
        """With all trouble over, it repairs itself, or stops and names what it cannot explain."""
        self.trouble_ends()
        lab = self.lab
        lab.later(0.1)
        for _unused in range(4):
            result = self.run_once()
            assert result is not None
            if not result.has_failed and not result.changed:
                break
        self.rules_hold()
        assert result is not None
        if result.has_failed:
            assert result.failure is not None
            kind = result.failure["kind"]
            assert kind in STOPS or (self.is_disturbed and kind == "verification_failed"), (
                result.failure
            )
            if not self.is_disturbed and kind not in ("limit",):
                # Nobody interfered: only what nobody can know may stop it.
                assert kind in ("outcome_unknown", "ambiguous"), result.failure
            return
        assert result.action in (
            *("unchanged", "announced", "still_used", "still_honoured", "unmanaged"),
        ), (result.action, result.why)
        record = lab.rec()
        assert (record.pending, record.intent) == (None, None)
        if not self.is_disturbed:
            assert lab.stored_pair_works()


def lives_of(form: Form, name: str) -> Any:
    """Return the test case of a form."""
    machine: Any = type(name, (Lives,), {"form": form})
    case: Any = machine.TestCase
    case.settings = BOUNDED
    return case


TestLabelled = lives_of(LABELLED, "LabelledLives")
TestTwoKeys = lives_of(TWO_KEYS, "TwoKeysLives")
TestUnlabelled = lives_of(UNLABELLED, "UnlabelledLives")
TestNoDisable = lives_of(NO_DISABLE, "NoDisableLives")
TestAdvisory = lives_of(ADVISORY, "AdvisoryLives")
TestFront = lives_of(FRONT, "FrontLives")
TestTwoSlots = lives_of(TWO_SLOTS, "TwoSlotsLives")
TestInPlace = lives_of(IN_PLACE, "InPlaceLives")
TestChosen = lives_of(CHOSEN, "ChosenLives")
TestUnseen = lives_of(UNSEEN, "UnseenLives")
