# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records in KV version 2, against the double: versions, absence, trouble, leases, the copy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import listing
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    KeyIntent,
    Pending,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
    Stored,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2 import (
    VaultKv2,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import (
    POLICY,
    VaultKv2Double,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
    reset,
)

PLACE = Place("echo", "lab", "app-0001")
PATH = "objectstore/echo/lab/app-0001"
DATA = "/v1/secret/data/"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)


class Lab:
    """A double and the runs that use it; a run that is to stand still has a clock of its own."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.double = VaultKv2Double()
        self.clock = RecordingClock()
        self.redactor = Redactor()
        self.token = self.double.issue_token()
        self._stores: list[VaultKv2] = []
        reset(server, self.double)

    def store(self, run: str = "run-1", **changed: Any) -> VaultKv2:
        """Return a store of its own run; clock, check_mode and environ are the context's."""
        is_opened = changed.pop("opened", True)
        context: dict[str, Any] = {"clock": self.clock, "environ": {}, "check_mode": False}
        context.update({name: changed.pop(name) for name in list(changed) if name in context})
        options = {"url": self.server.url, "token": self.token, **changed}
        store = VaultKv2(options, StoreContext(redactor=self.redactor, run=run, **context))
        self._stores.append(store)
        if is_opened:
            store.open()
        return store

    def asked(self) -> list[str]:
        """Return method and target of every request of the log, and clear it."""
        found = [f"{entry.method} {entry.target}" for entry in self.server.log]
        self.server.log.clear()
        return found

    def close(self) -> None:
        """Close every store."""
        for store in self._stores:
            store.close()


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A double with nothing in it."""
    made = Lab(server)
    yield made
    made.close()


def record_of(
    place: Place = PLACE, secret: str = "Made0Up0Secret0Key0/+=01", **more: Any
) -> Record:
    """Return a managed record with one key."""
    current = HeldKey("AKIDMADEUP01", Secret(secret), created_at=NOW, acknowledged_at=NOW)
    fields = {"current": current, **more}
    return Record(place.platform, (place.endpoint,), place.account, **fields)


def pending_of(run: str = "run-1") -> Pending:
    """Return a rotation that was intended."""
    return Pending("r2", NOW, run, "attempt-1", keys_before=("AKIDMADEUP01",))


def read(store: VaultKv2, place: Place = PLACE) -> Stored:
    """Return a record that must be there."""
    stored = store.read(place)
    assert stored is not None
    return stored


def enter(store: VaultKv2, place: Place = PLACE) -> None:
    """Take a lease and give it back."""
    with store.lease(place) as lease:
        assert lease.is_sure()


# --- what is stored -------------------------------------------------------------------------------


def test_record_is_plain_data_below_the_template(lab: Lab) -> None:
    store = lab.store(path="/team-a/{platform}/keys/{endpoint}/{account}", mount="secret/")
    lab.double.allow("rotator", "secret/data/team-a/*")
    store.write(PLACE, record_of(), None)
    data = lab.double.kv.secrets["team-a/echo/keys/lab/app-0001"].versions[1].data
    assert data is not None
    assert data["current"]["access_key"] == "AKIDMADEUP01"
    assert data["current"]["secret_key"] == "Made0Up0Secret0Key0/+=01"
    assert (data["pending"], data["retiring"], data["format"]) == (None, [], 1)
    assert store.paths.note("heads") == "team-a/_notes/heads"


@pytest.mark.parametrize("where", ["mount", "path"])
def test_check_and_set_may_be_required(lab: Lab, where: str) -> None:
    store = lab.store()
    lab.double.kv.cas_required = where == "mount"
    first = store.write(PLACE, record_of(), None)
    lab.double.kv.secrets[PATH].cas_required = where == "path"
    store.write(PLACE, first.record, first.version)
    store.probe()
    store.write_note("heads", {"a": 1}, None)
    with store.lease(PLACE) as lease:
        assert lease.is_sure()


def test_path_with_metadata_and_no_version_holds_no_record(lab: Lab) -> None:
    now = lab.double.clock.now()
    store = lab.store()
    store.write(PLACE, record_of(), None)
    kept = lab.double.kv.secrets[PATH]
    kept.versions.clear()
    kept.current = 0
    kept.custom = {"owner": "team-a"}
    assert store.read(PLACE) is None
    assert store.write(PLACE, record_of(), None).version == 1
    assert kept.updated >= now


@pytest.mark.parametrize("what", ["deleted", "destroyed", "timed out"])
def test_deleted_version_is_unreadable_and_says_how_to_bring_it_back(lab: Lab, what: str) -> None:
    store = lab.store()
    if what == "timed out":
        lab.double.kv.delete_after = 60
    store.write(PLACE, record_of(), None)
    version = lab.double.kv.secrets[PATH].versions[1]
    if what == "deleted":
        version.deleted = lab.double.clock.now()
    elif what == "destroyed":
        version.data = None
    lab.double.clock.advance(61)
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.account) == ("store_unreadable", "app-0001")
    assert ("rollback" if what == "destroyed" else "undelete -mount=secret -versions=1") in str(
        failure.next_step
    )
    # Neither is it overwritten as if there were none.
    assert raised(store.write, PLACE, record_of(), None).kind == "busy"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"format": 2},
        {"format": 1},
        {"format": 1, "platform": "echo", "endpoints": ["lab"], "account": "app-0001", "new": 1},
    ],
)
def test_record_of_another_form_is_unreadable(lab: Lab, data: dict[str, Any]) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    lab.double.kv.secrets[PATH].versions[1].data = data
    assert raised(store.read, PLACE).kind == "store_unreadable"


# --- nothing is proven by a mere 404 --------------------------------------------------------------


@pytest.mark.parametrize("shows_mounts", [True, False])
@pytest.mark.parametrize("wrong", ["absent", "version 1", "inside"])
def test_wrong_mount_is_no_absence(lab: Lab, wrong: str, shows_mounts: bool) -> None:
    lab.double.modes["shows_mounts"] = shows_mounts
    mount = {"absent": "elsewhere", "version 1": "old", "inside": "secret/objectstore"}[wrong]
    lab.double.add_mount("old", version=1)
    lab.double.allow("rotator", f"{mount}/*")
    failure = raised(lab.store, mount=mount)
    assert (failure.kind, failure.stops_endpoint) == ("store_refused", True)
    assert mount in failure.message
    assert "mount" in str(failure.next_step)


def test_mount_is_proven_by_its_configuration_where_the_list_is_closed(lab: Lab) -> None:
    lab.double.modes["shows_mounts"] = False
    lab.double.allow("rotator", "secret/config", "read")
    assert lab.store().read(PLACE) is None


def test_mount_that_vanishes_is_no_absence(lab: Lab) -> None:
    store = lab.store()
    del lab.double.mounts["secret"]
    failure = raised(store.read, PLACE)
    assert failure.kind == "store_refused"
    assert "no handler for route" in failure.message


def test_namespace_is_sent_and_a_wrong_one_is_no_absence(lab: Lab) -> None:
    lab.double.modes["namespace"] = "team/a"
    assert lab.store(namespace="/team/a/").read(PLACE) is None
    for wrong in ("team/b", None):
        assert raised(lab.store, namespace=wrong).kind == "store_refused"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, "<html>not here</html>", "store_unavailable"),
        (404, {"errors": ["no handler for route"]}, "store_refused"),
        (403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}, "store_refused"),
        (403, "<html>forbidden</html>", "store_refused"),
        (401, {"errors": []}, "store_refused"),
        (405, {"errors": []}, "store_refused"),
        (429, {"errors": []}, "store_unavailable"),
        (472, {"errors": []}, "store_unavailable"),
        (473, None, "store_unavailable"),
        (500, {"errors": ["internal error"]}, "store_unavailable"),
        (502, "bad gateway", "store_unavailable"),
        (503, {"errors": ["Vault is sealed"]}, "store_unavailable"),
        (200, "<html>welcome</html>", "store_unavailable"),
        (200, {"data": {"data": {}}}, "store_unavailable"),
        (200, {"data": None}, "store_unavailable"),
        (204, None, "store_unavailable"),
        (302, None, "store_unavailable"),
    ],
)
@pytest.mark.parametrize("path", ["/data/", "/metadata/"])
def test_answer_that_proves_nothing_is_an_error(
    lab: Lab, status: int, body: Any, kind: str, path: str
) -> None:
    store = lab.store()
    lab.server.faults.add("status", method="GET", path=path, status=status, body=body, times=0)
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.landed, failure.http_status) == (kind, False, status)
    assert "passing" not in failure.details


@pytest.mark.parametrize("action", ["drop", "garbage", "html", "truncate"])
def test_broken_answer_is_an_error(lab: Lab, action: str) -> None:
    store = lab.store()
    lab.server.faults.add(action, "after", method="GET", times=0)
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.landed) == ("store_unavailable", False)


# --- writes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "fields", "kind", "landed"),
    [
        ("drop", {}, "store_unavailable", None),
        ("html", {}, "store_unavailable", None),
        ("truncate", {}, "store_unavailable", None),
        ("status", {"status": 500, "body": {"errors": ["storage"]}}, "store_unavailable", None),
        ("status", {"status": 502, "body": "bad gateway"}, "store_unavailable", None),
        ("status", {"status": 503, "body": "no server"}, "store_unavailable", None),
        (
            "status",
            {"status": 503, "body": {"errors": ["Vault is sealed"]}},
            "store_unavailable",
            False,
        ),
        ("status", {"status": 429, "body": {"errors": []}}, "store_unavailable", False),
        (
            "status",
            {"status": 307, "headers": {"Location": "https://a:b@x/"}},
            "store_unavailable",
            False,
        ),
        ("status", {"status": 413, "body": {"errors": ["too large"]}}, "store_refused", False),
    ],
)
def test_write_tells_what_is_known_of_it(
    lab: Lab, action: str, fields: dict[str, Any], kind: str, landed: bool | None
) -> None:
    store = lab.store()
    lab.server.faults.add(action, "before", method="POST", path=DATA, times=0, **fields)
    failure = raised(store.write, PLACE, record_of(), None)
    assert (failure.kind, failure.landed) == (kind, landed)
    assert "a:b" not in failure.message
    lab.server.faults.clear()
    assert store.read(PLACE) is None


def test_write_without_a_connection_never_landed(lab: Lab, slow_server: SimulatorServer) -> None:
    slow_server.stop()
    store = lab.store(url=slow_server.url, opened=False)
    failure = raised(store.write, PLACE, record_of(), None)
    assert (failure.kind, failure.landed) == ("store_unavailable", False)
    assert "secret_store.url" in str(failure.next_step)


def test_lost_answer_of_a_write_is_recognised_by_its_nonce(lab: Lab) -> None:
    store = lab.store()
    lab.server.faults.add("drop", "after", method="POST", path=DATA)
    written = store.write(PLACE, record_of(), None)
    assert written.version == 1
    assert read(store) == written
    assert len(lab.double.kv.secrets[PATH].versions) == 1


def test_write_that_lands_late_after_it_was_sent_again_changes_nothing(lab: Lab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    lab.server.faults.add("late", method="POST", path=DATA, status=0, seconds=600)
    second = store.write(PLACE, first.record, first.version)
    third = store.write(PLACE, second.record, second.version)
    lab.server.land()
    refused = [commit.what for commit in lab.double.commits if PATH in commit.what]
    assert [what for what in refused if "version" in what] == [
        f"secret: {PATH} version {number}" for number in (1, 2, 3)
    ]
    assert read(store) == third


def test_late_landing_before_the_second_try_is_taken_for_ours(lab: Lab) -> None:
    """The lost request lands while the store waits, so that the re-send finds it there."""
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    lab.server.faults.add("late", method="POST", path=DATA, status=0, seconds=0.0)
    written = store.write(PLACE, first.record, first.version)
    assert read(store) == written
    assert written.version == 2


def test_two_stores_racing_lose_nothing(lab: Lab) -> None:
    stores = [lab.store(f"run-{number}") for number in range(4)]
    stores[0].write(PLACE, record_of(), None)
    kinds: list[str] = []

    def work(store: VaultKv2, mark: str) -> None:
        for turn in range(6):
            stored = read(store)
            suspects = (*stored.record.suspects, f"{mark}{turn}")
            record = dataclasses.replace(stored.record, suspects=suspects)
            try:
                store.write(PLACE, record, stored.version)
                kinds.append("written")
            except CredentialsError as exc:
                kinds.append(exc.kind)

    threads = [
        threading.Thread(target=work, args=(store, chr(65 + n))) for n, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(kinds) <= {"written", "busy"}
    last = read(stores[0])
    assert len(last.record.suspects) == kinds.count("written") == last.version - 1
    assert len(set(last.record.suspects)) == len(last.record.suspects)


def test_sealed_server_says_so_and_recovers(lab: Lab) -> None:
    store = lab.store()
    written = store.write(PLACE, record_of(), None)
    lab.double.modes["sealed"] = True
    for work in (lambda: store.read(PLACE), lambda: store.write(PLACE, written.record, 1)):
        failure = raised(work)
        assert (failure.kind, failure.landed) == ("store_unavailable", False)
        assert "sealed" in failure.message
        assert "unseal" in str(failure.next_step)
    assert raised(lab.store).kind == "store_unavailable"
    lab.double.modes["sealed"] = False
    assert read(store) == written


@pytest.mark.parametrize("standby", ["redirect", "lost"])
def test_standby_is_unavailable_and_no_token_follows_its_redirect(lab: Lab, standby: str) -> None:
    store = lab.store()
    lab.double.modes["standby"] = standby
    failure = raised(store.read, PLACE)
    assert failure.kind == "store_unavailable"
    assert ("active.example.com:8200" in failure.message) is (standby == "redirect")


def test_throttled_write_is_sent_again_after_the_wait_that_is_asked_for(lab: Lab) -> None:
    store = lab.store()
    lab.server.faults.add(
        "status", method="POST", path=DATA, status=429, headers={"Retry-After": "7"}, times=2
    )
    store.write(PLACE, record_of(), None)
    assert [7 <= wait < 8 for wait in lab.clock.slept] == [True, True]


# --- old versions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "before", "after"])
def test_old_versions_are_destroyed_though_answers_are_lost(lab: Lab, fault: str | None) -> None:
    store = lab.store()
    stored = store.write(PLACE, record_of(), None)
    for _turn in range(3):
        stored = store.write(PLACE, stored.record, stored.version)
    if fault:
        lab.server.faults.add("drop", fault, method="POST", path="/destroy/", times=2)
    store.destroy_old_versions(PLACE, stored.version)
    versions = lab.double.kv.secrets[PATH].versions
    assert [versions[number].data is None for number in (1, 2, 3, 4)] == [True, True, True, False]
    lab.asked()
    store.destroy_old_versions(PLACE, stored.version)
    assert lab.asked() == [f"GET /v1/secret/metadata/{PATH}"]
    assert read(store) == stored


def test_newer_version_of_somebody_else_is_never_destroyed(lab: Lab) -> None:
    store = lab.store()
    mine = store.write(PLACE, record_of(), None)
    theirs = lab.store("run-2").write(PLACE, mine.record, mine.version)
    store.destroy_old_versions(PLACE, mine.version)
    assert read(store) == theirs


def test_mount_that_deletes_versions_by_itself_is_refused_or_warned_of(lab: Lab) -> None:
    store = lab.store()
    lab.double.kv.delete_after = 86400 * 30
    failure = raised(store.probe)
    assert (failure.kind, failure.stops_endpoint) == ("store_refused", True)
    assert "30 days" in failure.message
    assert "delete_version_after" in str(failure.next_step)
    store.write(PLACE, record_of(), None)
    assert [PATH in text for text in store.warnings] == [True]
    reader = lab.store("run-2", check_mode=True)
    read(reader)
    assert len(reader.warnings) == 1
    lab.double.kv.delete_after = 86400 * 3650
    store.probe()


def test_timer_of_a_path_is_cleared_with_the_copy(lab: Lab) -> None:
    store = lab.store()
    written = store.write(PLACE, record_of(), None)
    kept = lab.double.kv.secrets[PATH]
    kept.delete_after, kept.custom = 60, None
    second = store.write(PLACE, written.record, written.version)
    assert kept.delete_after == 0
    store.write(PLACE, second.record, second.version)
    assert kept.versions[3].deleted is None


# --- the auditor's copy ---------------------------------------------------------------------------


def test_copy_shows_state_and_no_secret_and_keeps_what_is_not_ours(lab: Lab) -> None:
    store = lab.store()
    written = store.write(PLACE, record_of(account_id="42"), None)
    kept = lab.double.kv.secrets[PATH]
    assert kept.custom == {
        "managed_by": "objectstore.credentials",
        "platform": "echo",
        "endpoint": "lab",
        "account": "app-0001",
        "account_id": "42",
        "state": "current",
        "access_key": "AKIDMADEUP01",
        "created_at": "2026-01-02T03:04:05Z",
        "acknowledged_at": "2026-01-02T03:04:05Z",
    }
    kept.custom = {**kept.custom, "owner": "team-a", "held_until": "stale"}
    lab.asked()
    store.write(PLACE, written.record, written.version)
    assert kept.custom["owner"] == "team-a"
    assert "held_until" not in kept.custom
    assert len(lab.asked()) == 2


def test_copy_is_not_written_in_the_middle_of_a_rotation_nor_when_it_is_right(lab: Lab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    lab.asked()
    second = store.write(
        PLACE, dataclasses.replace(first.record, pending=pending_of()), first.version
    )
    store.write(PLACE, dataclasses.replace(second.record, pending=None), second.version)
    assert lab.asked() == [f"POST {DATA}{PATH}"] * 2


def test_copy_fails_alone(lab: Lab) -> None:
    policy = {path: rights for path, rights in POLICY.items() if "_" in path or "/data/" in path}
    lab.double.tokens.policies["rotator"] = {**policy, "secret/metadata/objectstore/*": ("read",)}
    store = lab.store()
    written = store.write(PLACE, record_of(), None)
    store.write(PLACE, written.record, written.version)
    assert len(store.warnings) == 1
    assert "Custom metadata" in store.warnings[0]
    lab.server.log.clear()
    store.write(PLACE, written.record, written.version + 1)
    assert len(lab.server.log) == 1
    off = lab.store("run-2", custom_metadata=False)
    off.write(PLACE, written.record, written.version + 2)
    assert off.warnings == []


@pytest.mark.parametrize("account", ["a\nb", "ü" * 400, "x" * 600])
def test_copy_fits_the_limits(lab: Lab, account: str) -> None:
    place = Place("echo", "lab", account)
    if len(account.encode()) > 600:
        place = Place("echo", "lab", "b")
    store = lab.store()
    store.write(place, dataclasses.replace(record_of(place), account_id=account), None)
    assert store.warnings == []
    assert len(lab.double.kv.secrets) == 1


# --- leases ---------------------------------------------------------------------------------------


def test_lost_lease_shows_at_the_deposed_runner_as_busy(lab: Lab) -> None:
    """A runner that was paused wakes up: its lease is unsure, and its write comes too late."""
    still = RecordingClock()
    paused, other = lab.store("run-1", clock=still), lab.store("run-2")
    with paused.lease(PLACE) as lease:
        stored = paused.write(PLACE, record_of(pending=pending_of()), None)
        assert lease.is_sure()
        with other.lease(PLACE) as taken:
            assert taken.is_sure()
            assert read(other).record.nonce != stored.record.nonce
            assert sum(lab.clock.slept) >= 60
        # Its own clock has not moved: it thinks itself sure, so the store must refuse it.
        failure = raised(paused.write, PLACE, stored.record, stored.version)
        assert (failure.kind, failure.landed) == ("busy", False)
        still.sleep(200)
        assert not lease.is_sure()
    assert raised(enter, paused).kind == "busy"


def test_paused_runner_that_nobody_deposed_is_sure_again_after_a_beat(lab: Lab) -> None:
    still = RecordingClock()
    store = lab.store("run-1", clock=still)
    with store.lease(PLACE) as lease:
        still.slept.append(500)  # time passes, and nothing beats
        assert not lease.is_sure()
        still.sleep(30)
        assert lease.is_sure()


def test_lease_stays_sure_as_long_as_it_beats(lab: Lab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        for _minute in range(20):
            lab.clock.sleep(60)
            assert lease.is_sure()
    assert sum("POST /v1/secret/data/objectstore/_runs/" in each for each in lab.asked()) <= 62


def test_beats_that_fail_make_the_lease_unsure_in_time(lab: Lab) -> None:
    store = lab.store(lease="60s")
    with store.lease(PLACE) as lease:
        lab.double.modes["sealed"] = True
        lab.clock.sleep(35)
        assert lease.is_sure()
        lab.clock.sleep(25)
        assert not lease.is_sure()
        lab.double.modes["sealed"] = False
        lab.clock.sleep(15)
        assert lease.is_sure()


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_of_a_beat_is_looked_for(lab: Lab, when: str) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        for _turn in range(4):
            lab.server.faults.add("drop", when, method="POST", path="_runs")
            lab.clock.sleep(25)
            assert lease.is_sure()
            lab.server.faults.clear()
            lab.clock.sleep(25)
            assert lease.is_sure()


def test_first_beat_must_be_confirmed(lab: Lab) -> None:
    store = lab.store()
    lab.server.faults.add("drop", "before", method="POST", path="_runs", times=0)
    failure = raised(enter, store)
    assert failure.kind == "store_unavailable"
    lab.server.faults.clear()
    enter(store)


def test_dead_run_with_many_accounts_costs_one_watch(lab: Lab) -> None:
    dead = lab.store("run-1", clock=RecordingClock())
    places = [Place("echo", "lab", f"app-{number:04d}") for number in range(30)]
    turns = [dead.lease(place) for place in places]
    for place, turn in zip(places, turns):
        turn.__enter__()
        dead.write(place, record_of(place), None)
    other = lab.store("run-2")
    for place in places:
        enter(other, place)
    assert 60 <= sum(lab.clock.slept) <= 61
    # Its heartbeat was marked and removed, so that a third run need not watch at all.
    before = sum(lab.clock.slept)
    enter(lab.store("run-3"), places[0])
    assert sum(lab.clock.slept) == before
    assert not [path for path in lab.double.kv.secrets if "_runs/run-1" in path]


def test_live_run_is_busy_at_once_for_its_other_accounts(lab: Lab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    places = [Place("echo", "lab", f"app-{number:04d}") for number in range(20)]
    turns = [one.lease(place) for place in places]
    for place, turn in zip(places, turns):
        turn.__enter__()
        one.write(place, record_of(place), None)
    for place in places:
        failure = raised(enter, other, place)
        assert (failure.kind, failure.account) == ("busy", place.account)
        assert "run-1" in failure.message
    assert sum(lab.clock.slept) <= 30
    for turn in turns:
        turn.__exit__(None, None, None)


def test_turn_that_is_over_frees_its_account_while_its_run_goes_on(lab: Lab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    with one.lease(PLACE):
        one.write(PLACE, record_of(), None)
    lab.clock.sleep(25)
    before = sum(lab.clock.slept)
    with one.lease(Place("echo", "lab", "app-0002")) as lease:
        enter(other)
        assert lease.is_sure()
    assert sum(lab.clock.slept) == before


def test_run_that_has_closed_keeps_nobody_waiting(lab: Lab) -> None:
    one = lab.store("run-1")
    with one.lease(PLACE):
        one.write(PLACE, record_of(), None)
    one.close()
    assert not [path for path in lab.double.kv.secrets if "_runs/" in path]
    enter(lab.store("run-2"))
    assert lab.clock.slept == []


@pytest.mark.parametrize("left", ["pending", "intent"])
def test_what_was_left_open_is_written_back_before_anything_else(lab: Lab, left: str) -> None:
    one = lab.store("run-1")
    intent = KeyIntent("disable", "AKIDMADEUP01", NOW, "run-1")
    fields: dict[str, Any] = {left: pending_of() if left == "pending" else intent}
    stored = one.write(PLACE, record_of(**fields), None)
    other = lab.store("run-2")
    with other.lease(PLACE) as lease:
        found = read(other)
        assert (found.version, found.record.run) == (stored.version + 1, lease.run)
        assert found.record.nonce != stored.record.nonce
        # The late write of the first run lands on nothing.
        assert raised(one.write, PLACE, stored.record, stored.version).kind == "busy"


def test_two_runs_of_one_name_are_two(lab: Lab) -> None:
    one, twin = lab.store("nightly"), lab.store("nightly")
    with one.lease(PLACE):
        one.write(PLACE, record_of(), None)
        assert raised(enter, twin).kind == "busy"


def test_turn_costs_no_second_read(lab: Lab) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    enter(store)
    lab.asked()
    with store.lease(PLACE):
        read(store)
        assert lab.asked() == [f"GET {DATA}{PATH}"]
        read(store)
        assert lab.asked() == [f"GET {DATA}{PATH}"]


def test_requests_of_a_rotation_are_few(lab: Lab) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    enter(store, Place("echo", "lab", "other"))  # the heartbeat is there
    lab.asked()
    with store.lease(PLACE):
        stored = read(store)
        for step in ("intended", "kept", None):
            pending = dataclasses.replace(pending_of(), step=step) if step else None
            current = stored.record.current if step else HeldKey("AKIDNEW", Secret("New0Secret1"))
            record = dataclasses.replace(stored.record, pending=pending, current=current)
            stored = store.write(PLACE, record, stored.version)
    assert lab.asked() == [
        f"GET {DATA}{PATH}",
        f"POST {DATA}{PATH}",
        f"POST {DATA}{PATH}",
        f"POST {DATA}{PATH}",
        f"POST /v1/secret/metadata/{PATH}",
    ]
    store.destroy_old_versions(PLACE, stored.version)
    assert lab.asked() == [f"GET /v1/secret/metadata/{PATH}", f"POST /v1/secret/destroy/{PATH}"]


# --- notes, lists, check mode, what is left behind ------------------------------------------------


def test_note_whose_answer_was_lost_is_recognised(lab: Lab) -> None:
    store = lab.store()
    for when in ("before", "after"):
        lab.server.faults.add("drop", when, method="POST", path="_notes")
        store.write_note(when, {"a": 1}, None)
        assert store.read_note(when) == ({"a": 1}, 1)
    lab.server.faults.add("drop", "before", method="POST", path="_notes", times=0)
    failure = raised(store.write_note, "never", {"a": 1}, None)
    assert (failure.kind, failure.landed) == ("store_unavailable", None)


def test_list_is_one_request_and_shows_accounts_only(lab: Lab) -> None:
    store = lab.store()
    for name in ("a/b", "b", "..", "_runs", ""):
        place = Place("echo", "lab", name)
        store.write(place, record_of(place), None)
    now = lab.double.clock.now()
    kept = lab.double.kv.secrets[PATH.replace("app-0001", "b")]
    for foreign in ("_runs/x", "A~zz", "b/deeper", "a~2fb"):
        lab.double.kv.secrets[f"objectstore/echo/lab/{foreign}"] = kept
    lab.asked()
    assert {place.account for place in store.places("echo", "lab")} == {
        *("a/b", "b", "..", "_runs", "")
    }
    assert lab.asked() == ["LIST /v1/secret/metadata/objectstore/echo/lab"]
    assert kept.updated <= now


def test_heartbeats_of_long_ago_are_swept_away(lab: Lab) -> None:
    for run, days in (("run-old", 8), ("run-young", 1)):
        store = lab.store(run, clock=RecordingClock())
        store.lease(PLACE).__enter__()
        kept = next(kept for path, kept in lab.double.kv.secrets.items() if run in path)
        kept.versions[1].created -= dt.timedelta(days=days)
    lab.store().probe()
    assert [path.rpartition("/")[2][:9] for path in lab.double.kv.secrets] == ["run-young"]


def test_probe_leaves_nothing_and_asks_for_every_right(lab: Lab) -> None:
    lab.store().probe()
    assert lab.double.kv.secrets == {}
    for missing in ("secret/data/objectstore/*", "secret/destroy/objectstore/*"):
        lab.double.tokens.policies["rotator"] = {**POLICY, missing: ("read",)}
        failure = raised(lab.store("run-2").probe)
        assert failure.kind == "store_refused"
        assert "guide of vault_kv2" in str(failure.next_step)


def test_check_mode_is_guarded_at_the_wire(lab: Lab) -> None:
    role = lab.double.add_role("approle", "app")
    store = lab.store(
        check_mode=True, token=None, role_id=role.role_id, secret_id=next(iter(role.secret_ids))
    )
    before = lab.double.writes
    server = store.server
    for work in (
        lambda: server.write(PATH, {}, 0),
        lambda: server.write_custom_metadata(PATH, {"a": "b"}),
        lambda: server.destroy(PATH, [1]),
        lambda: server.forget(PATH),
    ):
        assert raised(work).kind == "check_mode_write"
    store.close()
    assert lab.double.writes == before
    methods = {line.partition(" ")[0] for line in lab.asked() if "/auth/" not in line}
    assert methods == {"GET"}


def test_folders_without_an_end_are_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 500)
    store = lab.store()
    listed: list[str] = []

    def entries(folder: str) -> list[str]:
        listed.append(folder)
        return [f"{len(listed)}-{number}/" for number in range(40)]

    monkeypatch.setattr(store.server, "entries", entries)
    failure = raised(lambda: list(store.places(None, None)))
    assert failure.kind == "store_unavailable"
    assert "does not end (list the records)" in failure.message
    assert "secret_store.url" in failure.next_step
    assert len(listed) == 13


def test_folders_that_drip_are_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    store = lab.store()

    def entries(folder: str) -> list[str]:
        store.clock.sleep(3600)
        return [f"{number}/" for number in range(9)]

    monkeypatch.setattr(store.server, "entries", entries)
    failure = raised(lambda: list(store.places(None, None)))
    assert failure.kind == "store_unavailable"
    assert "takes too long (list the records)" in failure.message
    assert "load" in failure.next_step


def test_no_half_of_a_secret_is_in_a_long_failure(lab: Lab) -> None:
    store = lab.store()
    written = store.write(PLACE, record_of(), None)
    for length in range(240, 300, 6):
        said = {"errors": [f"{'x' * length} Made0Up0Secret0Key0/+=01 and {lab.token}: no"]}
        lab.server.faults.add("status", status=400, body=said, times=0)
        failure = raised(store.write, PLACE, written.record, written.version)
        assert "xxx" in failure.message
        assert "Made0Up" not in everything_in(failure)
        assert lab.token[:12] not in everything_in(failure)
        lab.server.faults.clear()


def test_nothing_secret_is_in_any_failure(lab: Lab) -> None:
    store = lab.store()
    secret = "Made0Up0Secret0Key0/+=01"
    said = {"errors": [f"token {lab.token} and {secret} are secret"]}
    written = store.write(PLACE, record_of(), None)
    for status in (400, 403, 404, 429, 500, 503):
        lab.server.faults.add("status", status=status, body=said, times=0)
        for failure in (
            raised(store.read, PLACE),
            raised(store.write, PLACE, written.record, written.version),
        ):
            text = everything_in(failure)
            assert lab.token not in text
            assert secret not in text
        lab.server.faults.clear()
