# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records are moved to another secret store: one place alone counts, whatever is killed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_moves import (
    MOVING,
    RESTRICTED,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_copy import (
    is_same_state,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .call import Killed, actions, given, killed_at, look, row_of
from .conftest import LABS
from .lab import OTHER, PLACE, StoreLab, opened, pending_of, record_of

pytestmark = pytest.mark.slow

SECRETS = ("Made0Up0Secret0Key0/+=01", "Pending0Secret0Key0/+=02", "Old0Secret0Key/+03")
#: Each store as source and as destination, and two of one type.
PAIRS = [
    ("ansible_vault", "vault_kv2"),
    ("vault_kv2", "aws_secretsmanager"),
    ("aws_secretsmanager", "ansible_vault"),
    ("ansible_vault", "ansible_vault"),
]


#: Holds PLACE and not OTHER.
ONE = "2/2"


@dataclass
class Two:
    """A source with three records, and an empty destination."""

    source: StoreLab
    destination: StoreLab

    def copy(self, *, check_mode: bool = False, **params: Any) -> Outcome:
        """Copy the source to the destination."""
        destination = given(self.destination)
        return look(
            self.source, check_mode=check_mode, state="copied", destination=destination, **params
        )

    def copy_back(self, **params: Any) -> Outcome:
        """Copy the destination to the source."""
        source = given(self.source)
        return look(self.destination, state="copied", destination=source, **params)


def full_record(place: Place) -> Record:
    """Return a record with a current, a pending and a retiring key."""
    old = HeldKey("AKIDMADEUP0000000000", Secret(SECRETS[2]))
    return record_of(place, pending=pending_of(), retiring=(old,), suspects=("AKIDSTRANGE",))


@pytest.fixture(params=PAIRS, ids=lambda names: f"{names[0]}-{names[1]}")
def two(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """Two secret stores."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    labs = []
    for name, folder in zip(request.param, ("source", "destination")):
        (tmp_path / folder).mkdir()
        labs.append(LABS[name](tmp_path / folder))
        labs[-1].start()
    try:
        store = labs[0].store("filler")
        store.probe()
        store.write(PLACE, full_record(PLACE), None)
        store.write(OTHER, record_of(OTHER), None)
        store.write_note("journal", HEADS, None)
        store.close()
        yield Two(*labs)
    finally:
        for lab in labs:
            lab.close()


HEADS = {
    "format": 1,
    "chains": {"echo/lab/20260102T030405Z-run-1": {"lines": 3, "head": "ab" * 32}},
}


def read(lab: StoreLab, place: Place = PLACE, may_read: frozenset[str] = frozenset()) -> Record:
    """Return a record as a run, a consumer (moving) or the move itself reads it."""
    context = StoreContext(lab.clock, lab.redactor, "reader", environ={}, may_read=may_read)
    store = lab.store_class(lab.options(), context)
    store.open()
    try:
        stored = store.read(place)
    finally:
        store.close()
    if stored is None:
        raise CredentialsError("not_found", "no record")
    assert opened(stored.record)
    return stored.record


def is_read(lab: StoreLab, place: Place = PLACE, may_read: frozenset[str] = frozenset()) -> bool:
    """Tell whether it can be read so."""
    try:
        read(lab, place, may_read)
    except CredentialsError as exc:
        if exc.kind not in ("store_moved", "not_found"):
            raise
        return False
    return True


def contents(two: Two) -> tuple[dict[str, str], dict[str, str]]:
    """Return all that both stores hold."""
    return two.source.contents(), two.destination.contents()


def test_records_are_at_the_new_place_with_their_secrets(two: Two) -> None:
    outcome = two.copy()
    assert actions(outcome) == {"app-0001": "copied", "app-0002": "copied"}
    assert outcome.changed
    there = read(two.destination)
    assert opened(there) == [SECRETS[0], SECRETS[2], SECRETS[1]]
    assert is_same_state(there, full_record(PLACE))
    assert there.moved_from is not None
    assert there.moved_from.store["type"] == two.source.store_class.name
    row = row_of(outcome, "app-0001")
    assert two.destination.store_class.name in row.after["place"]
    assert not any(secret in str(outcome.as_dict(diff=True)) for secret in SECRETS)


def test_old_place_refuses_and_names_the_new_one(two: Two) -> None:
    before = two.source.store("before").read(OTHER)
    assert before is not None
    two.copy()
    plain = two.source.store("rotation")
    failure = raised(plain.read, PLACE)
    assert failure.kind == "store_moved"
    assert not failure.stops_endpoint
    new = two.destination.store("place").where()
    assert all(value in failure.message for value in new.values())
    assert new["type"] in failure.next_step
    # Who read it before it was moved can write it no more.
    with pytest.raises(CredentialsError) as refused, plain.lease(OTHER):
        plain.write(OTHER, before.record, before.version)
    assert refused.value.kind in ("store_moved", "busy")
    assert not is_read(two.source, may_read=frozenset({MOVING}))
    assert look(two.source).totals["moved"] == 2


def test_second_run_changes_nothing(two: Two) -> None:
    two.copy()
    before = contents(two)
    outcome = two.copy()
    assert actions(outcome) == {"app-0001": "unchanged", "app-0002": "unchanged"}
    assert not outcome.changed
    assert contents(two) == before


def test_check_mode_tells_and_writes_nothing(two: Two) -> None:
    before = contents(two)
    outcome = two.copy(check_mode=True)
    assert actions(outcome) == {"app-0001": "copied", "app-0002": "copied"}
    assert outcome.changed
    assert contents(two) == before


def test_heads_of_the_journal_go_along(two: Two) -> None:
    assert two.copy().extra["journal_heads"] == 1
    found = two.destination.store("reader").read_note("journal")
    assert found is not None
    assert found[0] == HEADS
    assert two.copy().extra["journal_heads"] == 0


def test_another_record_at_the_destination_is_not_overwritten(two: Two) -> None:
    store = two.destination.store("somebody")
    store.probe()
    store.write(PLACE, record_of(secret="Another0Secret0Key00001"), None)
    store.close()
    before = read(two.destination), read(two.source)
    outcome = two.copy()
    assert actions(outcome) == {"app-0001": "failed", "app-0002": "copied"}
    failure = row_of(outcome, "app-0001").failure
    assert failure is not None
    assert failure["kind"] == "conflict"
    assert (read(two.destination), read(two.source)) == before


def test_the_same_record_at_the_destination_is_taken(two: Two) -> None:
    store = two.destination.store("somebody")
    store.probe()
    store.write(PLACE, full_record(PLACE), None)
    store.close()
    assert actions(two.copy())["app-0001"] == "copied"
    assert is_read(two.destination)
    assert not is_read(two.source)
    assert actions(two.copy(destroy=True))["app-0001"] == "copied"


def test_secrets_stay_below_the_pointer_unless_destroyed(two: Two) -> None:
    two.copy()
    kept = read(two.source, may_read=RESTRICTED)
    assert opened(kept) == [SECRETS[0], SECRETS[2], SECRETS[1]]
    outcome = two.copy(destroy=True)
    assert actions(outcome) == {"app-0001": "copied", "app-0002": "copied"}
    assert not any(secret in "".join(two.source.versions(PLACE)) for secret in SECRETS)
    assert "$ANSIBLE_VAULT" not in "".join(two.source.versions(PLACE))
    before = contents(two)
    assert not two.copy(destroy=True).changed
    assert contents(two) == before
    assert opened(read(two.destination)) == [SECRETS[0], SECRETS[2], SECRETS[1]]


def test_secrets_are_kept_while_the_new_place_has_another_record(two: Two) -> None:
    two.copy()
    store = two.destination.store("restored")
    found = store.read(PLACE)
    assert found is not None
    store.write(PLACE, dataclasses.replace(found.record, moved_from=None), found.version)
    store.close()
    outcome = two.copy(destroy=True)
    assert actions(outcome)["app-0001"] == "failed"
    assert opened(read(two.source, may_read=RESTRICTED))[0] == SECRETS[0]


def test_record_goes_back_with_what_was_rotated_since(two: Two) -> None:
    two.copy()
    store = two.destination.store("rotation")
    found = store.read(OTHER)
    assert found is not None
    newer = HeldKey("AKIDMADEUP0000000007", Secret("Rotated0Since0Then00007"))
    store.write(OTHER, dataclasses.replace(found.record, current=newer), found.version)
    store.close()
    assert actions(two.copy()) == {"app-0001": "unchanged", "app-0002": "unchanged"}
    assert actions(two.copy_back()) == {"app-0001": "copied", "app-0002": "copied"}
    assert opened(read(two.source, OTHER)) == ["Rotated0Since0Then00007"]
    assert not is_read(two.destination, OTHER)
    assert actions(two.copy()) == {"app-0001": "copied", "app-0002": "copied"}
    assert opened(read(two.destination, OTHER)) == ["Rotated0Since0Then00007"]


def test_pointer_is_taken_away_where_the_new_place_lost_the_record(two: Two) -> None:
    two.copy(endpoint="lab")
    outcome = two.copy(undo=True)
    assert set(actions(outcome).values()) == {"failed"}
    lose(two)
    failure = row_of(two.copy(), "app-0001").failure
    assert failure is not None
    assert (failure["kind"], "undo: true" in failure["next_step"]) == ("conflict", True)
    assert set(actions(two.copy(undo=True, check_mode=True)).values()) == {"rolled_back"}
    assert not is_read(two.source)
    assert set(actions(two.copy(undo=True)).values()) == {"rolled_back"}
    assert is_read(two.source)
    assert actions(two.copy()) == {"app-0001": "copied", "app-0002": "copied"}


def lose(two: Two) -> None:
    """Lose what the destination has, as a store that is set up anew."""
    lab: Any = two.destination
    name = lab.store_class.name
    if name == "ansible_vault":
        for path in lab.base.rglob("app-*.yml"):
            path.unlink()
    elif name == "vault_kv2":
        for path in [path for path in lab.double.kv.secrets if "app-" in path]:
            del lab.double.kv.secrets[path]
    else:
        for place in (PLACE, OTHER):
            lab.simulator.backend.delete_secret(lab.names.of(place), None, True)


def usable(two: Two, place: Optional[Place] = None) -> tuple[bool, bool]:
    """Return whether a run may use the record at the source, and at the destination."""
    return is_read(two.source, place or PLACE), is_read(two.destination, place or PLACE)


@pytest.mark.parametrize("number", range(1, 8))
def test_kill_after_each_write_leaves_one_place_that_counts(two: Two, number: int) -> None:
    was_killed = False
    with killed_at(number):
        try:
            two.copy(shard=ONE, destroy=True)
        except Killed:
            was_killed = True
    # A lease that finds an unfinished step writes the record first, in some stores.
    assert was_killed or number > 5
    two.source.clock.sleep(120)
    # Nobody may write both, and consumers always find the pair.
    assert usable(two) != (True, True)
    consumers = is_read(two.source, may_read=frozenset({MOVING})), is_read(two.destination)
    assert any(consumers)
    for lab, found in zip((two.source, two.destination), consumers):
        if found:
            record = read(lab, may_read=frozenset({MOVING}))
            assert is_same_state(record, full_record(PLACE))
    outcome = two.copy(shard=ONE, destroy=True)
    assert not outcome.failures
    assert usable(two) == (False, True)
    assert is_same_state(read(two.destination), full_record(PLACE))
    assert not any(secret in "".join(two.source.versions(PLACE)) for secret in SECRETS)
    before_third = contents(two)
    assert not two.copy(shard=ONE, destroy=True).changed
    assert contents(two) == before_third


def test_a_record_takes_four_writes_and_a_fifth_to_destroy_the_old_secrets(two: Two) -> None:
    with killed_at(0) as seen:
        two.copy(shard="1/2", destroy=True)
    assert len(seen) == 5


def test_copy_that_is_not_what_was_written_is_never_used(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = SecretStore.write

    def damaging(store: SecretStore, place: Place, record: Record, expected: Any) -> Any:
        if record.moved_from is not None:
            record = dataclasses.replace(record, account_id="another")
        return write(store, place, record, expected)

    monkeypatch.setattr(SecretStore, "write", damaging)
    outcome = two.copy()
    monkeypatch.undo()
    failure = row_of(outcome, "app-0001").failure
    assert failure is not None
    assert failure["kind"] == "store_unreadable"
    assert outcome.changed
    assert usable(two) == (False, False)
    assert is_read(two.source, may_read=frozenset({MOVING}))
    assert set(actions(two.copy(undo=True)).values()) == {"rolled_back"}
    assert usable(two) == (True, False)
    assert actions(two.copy()) == {"app-0001": "copied", "app-0002": "copied"}
    assert is_same_state(read(two.destination), full_record(PLACE))


def test_record_that_another_run_works_on_is_left_alone(two: Two) -> None:
    other = two.source.store("other-run")
    with other.lease(OTHER):
        found = other.read(OTHER)
        assert found is not None
        other.write(OTHER, found.record, found.version)
        assert actions(two.copy()) == {"app-0001": "copied", "app-0002": "busy"}
    other.close()
    assert actions(two.copy()) == {"app-0001": "unchanged", "app-0002": "copied"}


def test_store_is_not_copied_to_itself(two: Two) -> None:
    failure = raised(look, two.source, state="copied", destination=given(two.source))
    assert failure.kind == "invalid_option"
    assert "destination" in failure.message


def test_nothing_is_held_still_where_the_destination_cannot_be_written(two: Two) -> None:
    with two.destination.refused_writes():
        outcome = two.copy()
    # A store that refuses stops the list: what had not begun by then was not started.
    assert {row.action for row in outcome.accounts} - {"skipped"} == {"failed"}
    assert any("heads of the journal" in text for text in outcome.warnings)
    assert usable(two) == (True, False)
    assert usable(two, OTHER) == (True, False)
