# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of StorageGRID: what they go by, how long they live, how they end, what errors say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.storagegrid import (
    StorageGrid,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.grid_lab import (
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)


def known(account: Account, *names: str) -> Account:
    """Return an account with keys that somebody knows."""
    return dataclasses.replace(account, known_keys=names)


def names_of(platform: StorageGrid, account: Account) -> list[str]:
    """Return what the keys of an account go by."""
    return [key.access_key for key in platform.access_keys(account)]


def test_key_that_nobody_knows_goes_by_its_identifier(lab: Lab) -> None:
    account, platform = lab.account(access_keys=2), lab.ready()
    keys = list(lab.sim.keys_of(str(account.id)))
    shown = platform.access_keys(account)
    assert [key.access_key for key in shown] == [lab.sim.name_of(key) for key in keys]
    assert [key.details["display_name"][-4:] for key in shown] == [key[-4:] for key in keys]
    # By its identifier it is found, and deleted.
    found = platform.find_access_key(shown[0].access_key, AccountRef(id=account.id))
    platform.delete_access_key(found)
    assert list(lab.sim.keys_of(str(account.id))) == keys[1:]


def test_known_key_goes_by_its_access_key_and_is_asked_for_once(lab: Lab) -> None:
    account, platform = lab.account(access_keys=2), lab.ready()
    first, second = lab.sim.keys_of(str(account.id))
    for _unused in range(3):
        assert names_of(platform, known(account, second, "AKIAOFSOMEBODYELSE00")) == [
            lab.sim.name_of(first),
            second,
        ]
    asked = [target.rpartition("/")[2] for target in lab.asked() if "s3-access-keys/" in target]
    assert asked == [second]


def test_other_key_with_the_same_end_is_not_taken_for_the_known_one(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    (key,) = lab.sim.keys_of(str(account.id))
    alike = "A" * 16 + key[-4:]
    assert names_of(platform, known(account, alike)) == [lab.sim.name_of(key)]


def test_key_keeps_the_first_name_that_fits(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    (key,) = lab.sim.keys_of(str(account.id))
    identifier = lab.sim.name_of(key)
    assert names_of(platform, known(account, identifier, key)) == [identifier]
    assert names_of(platform, known(account, key, identifier)) == [key]
    (shown,) = platform.access_keys(known(account, identifier, key))
    assert shown.also == (key,)


def test_account_id_that_is_a_rounded_number_is_no_trouble(lab: Lab) -> None:
    account = lab.account(account_id_as="number")
    platform = lab.ready()
    assert len(platform.access_keys(account)) == 1
    assert platform.create_access_key(account).pair is not None


def test_key_is_made_without_an_end_unless_the_account_says_so(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    assert platform.create_access_key(account).expires_at is None
    assert json.loads(lab.server.log[-1].body) == {"expires": None}


@pytest.mark.parametrize(
    ("asked", "given"),
    [(90 * DAY, 90 * DAY), (DAY / 86400, dt.timedelta(minutes=2)), (9999 * DAY, 5 * 365 * DAY)],
)
def test_lifetime_is_kept_within_what_the_grid_takes(
    lab: Lab, asked: dt.timedelta, given: dt.timedelta
) -> None:
    account, platform = lab.account(access_keys=0), lab.ready()
    issued = platform.create_access_key(dataclasses.replace(account, key_lifetime=asked))
    assert issued.pair is not None
    end = lab.sim.world.keys[issued.pair.access_key].expires
    assert end == issued.expires_at
    assert end is not None
    assert issued.created_at is not None
    assert end - issued.created_at == given
    assert abs(end - lab.sim.clock.now() - given) < dt.timedelta(seconds=3)
    assert platform.access_keys(account)[0].expires_at == end


def test_ended_key_that_is_still_listed_has_its_end(lab: Lab) -> None:
    lab.use(expired_keys="listed")
    account = lab.account(access_keys=0)
    lab.sim.make_key(lab.sim.users[str(account.id)], lab.sim.clock.now() - DAY)
    (key,) = lab.ready().access_keys(account)
    assert key.expires_at is not None
    assert key.expires_at < lab.sim.clock.now()


def test_end_that_cannot_be_read_is_not_taken_for_never(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    row = {"id": "x" * 44, "userUUID": account.id, "expires": "soon"}
    lab.server.faults.add("status", status=200, body={"status": "success", "data": [row]})
    assert raised(platform.access_keys, account).kind == "malformed_answer"


def test_key_cloned_to_another_grid_is_not_replaced(lab: Lab) -> None:
    lab.use(federation=True)
    account = lab.account(access_keys=2)
    first = next(iter(lab.sim.world.keys.values()))
    first.clones.append("b1e721a5-1d23-4ee8-82ce-2b529c592961")
    platform = lab.ready()
    cloned, other = platform.access_keys(account)
    assert "b1e721a5" in (platform.why_not_replace(cloned) or "")
    assert platform.why_not_replace(other) is None


def test_clones_are_not_asked_for_where_there_can_be_none(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    platform.access_keys(account)
    assert "includeCloneStatus" not in lab.asked()[-1]


@pytest.mark.parametrize("by", ["access key", "identifier"])
def test_deletion_is_believed_when_the_key_is_shown_no_more(lab: Lab, by: str) -> None:
    lab.use(reads_showing_deleted=2)
    account, platform = lab.account(), lab.ready()
    (key,) = lab.sim.keys_of(str(account.id))
    name = key if by == "access key" else lab.sim.name_of(key)
    platform.delete_access_key(AccessKey(name, account))
    assert lab.clock.slept == [0.5, 0.5]
    assert raised(platform.delete_access_key, AccessKey(name, account)).kind == "not_found"


def test_key_that_stays_is_no_success(lab: Lab) -> None:
    lab.use(reads_showing_deleted=99)
    account, platform = lab.account(), lab.ready()
    exc = raised(platform.delete_access_key, platform.access_keys(account)[0])
    assert (exc.kind, exc.landed) == ("platform_error", None)


def test_neither_status_nor_description_can_be_set(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    (key,) = platform.access_keys(account)
    assert "only makes and deletes" in raised(platform.set_access_key, key, "inactive").message
    assert "no description" in raised(platform.set_access_key, key, None, "text").message
    assert platform.set_access_key(key) == key


def test_key_of_nobody_is_looked_for_at_everybody(lab: Lab) -> None:
    accounts = [lab.account(f"user-{number}") for number in range(3)]
    platform = lab.ready()
    (key,) = lab.sim.keys_of(str(accounts[1].id))
    assert platform.find_access_key(key).account.name == "user-1"
    assert platform.find_access_key(lab.sim.name_of(key)).account.name == "user-1"
    exc = raised(platform.find_access_key, "A" * 20)
    assert exc.kind == "not_found"


def test_refusal_names_the_field_and_the_code(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    body = {
        "status": "error",
        "code": 422,
        "message": {"text": "Validation failed.", "key": "error.422"},
        "errors": [{"text": "must be in the future", "context": "expires", "key": "x"}],
    }
    lab.server.faults.add("status", status=422, body=body, method="POST")
    exc = raised(platform.create_access_key, account)
    assert (exc.kind, exc.code, exc.landed) == ("rejected", "error.422", False)
    assert "expires: must be in the future" in exc.message


@pytest.mark.parametrize("body", [{"message": None}, {"message": []}, {"errors": [1]}, "plain", []])
def test_error_of_any_shape_is_read(lab: Lab, body: object) -> None:
    account, platform = lab.account(), lab.ready()
    lab.server.faults.add("status", status=409, body=body, method="POST")
    assert raised(platform.create_access_key, account).kind == "conflict"
