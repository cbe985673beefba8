# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching the simulated cluster: logins, release, SVM, S3 service."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.ontap import (
    SVM,
    TOKEN,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    LOGIN,
    VARIANTS,
    Lab,
    lab,
    read,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)


# --- reaching it -------------------------------------------------------------------------------


@pytest.mark.parametrize("label", VARIANTS)
def test_connect_tells_release_svm_and_service(lab: Lab, label: str) -> None:
    info = lab.variant(label).connect()
    assert (info.product, info.version) == ("ONTAP", label.partition(",")[0])
    assert info.details["svm"] == SVM
    assert info.details["svm_uuid"] == lab.sim.svm.uuid
    assert info.details["s3_enabled"] is True


@pytest.mark.parametrize(
    ("version", "deletes", "chooses", "keys"),
    [
        ("9.7", False, False, 1),
        ("9.13.1", False, False, 1),
        ("9.14.1", True, False, 1),
        ("9.15.1", True, False, 1),
        ("9.16.1", True, True, 1),
        ("9.18.1", True, True, 1),
        ("9.19.1", True, True, 2),
        ("9.20.1", True, True, 2),
    ],
)
def test_facts_follow_the_release(
    lab: Lab, version: str, deletes: bool, chooses: bool, keys: int
) -> None:
    lab.use(version)
    platform = lab.open()
    platform.connect()
    facts = platform.facts
    assert (facts.can_delete, facts.can_choose_pair, facts.max_keys) == (deletes, chooses, keys)
    assert facts.label == ("access_key" if chooses else None)
    assert facts.overlap == facts.can_create == (keys == 2)


def test_connect_asks_only_once(lab: Lab) -> None:
    platform = lab.open()
    platform.connect()
    asked = lab.server.requests
    assert platform.connect() is platform.connect()
    assert lab.server.requests == asked == 3


def test_a_release_before_s3_users_is_unsupported(lab: Lab) -> None:
    lab.use("9.6")
    exc = raised(lab.open().connect)
    assert exc.kind == "unsupported"
    assert "9.6" in exc.message
    assert "9.7" in exc.message


def test_a_base_path_with_api_in_it_is_not_doubled(lab: Lab) -> None:
    lab.use(accounts=3, page_size=2)
    platform = lab.open(**{**LOGIN, "api_url": f"{lab.server.url}/api"})
    assert len(list(platform.accounts())) == 4


@pytest.mark.parametrize(
    "svm", [SVM, "{uuid}", "{UUID}", None], ids=["name", "uuid", "upper", "only one"]
)
def test_the_svm_is_found_by_name_or_uuid_or_because_it_is_the_only_one(
    lab: Lab, svm: str | None
) -> None:
    lab.use(svm_read="own" if svm is None else "allowed")
    uuid = lab.sim.svm.uuid
    given = svm and svm.replace("{uuid}", uuid).replace("{UUID}", uuid.upper())
    platform = lab.open(**{**LOGIN, "svm": given})
    assert platform.connect().details["svm_uuid"] == uuid


def test_without_svm_the_choices_are_named(lab: Lab) -> None:
    exc = raised(lab.open(**{**LOGIN, "svm": None}).connect)
    assert exc.kind == "invalid_option"
    assert "svm-other" in exc.message
    assert "svm" in exc.next_step


@pytest.mark.parametrize("ignore_filters", [False, True])
@pytest.mark.parametrize("svm", ["svm-s", "SVM-S3", "svm*", "a..z", "*"])
def test_an_svm_of_another_name_is_never_taken(lab: Lab, svm: str, ignore_filters: bool) -> None:
    lab.use(ignore_filters=ignore_filters)
    exc = raised(lab.open(**{**LOGIN, "svm": svm}).connect)
    assert exc.kind == "not_found"
    assert repr(svm) in exc.message


def test_the_svm_is_found_where_filters_are_ignored(lab: Lab) -> None:
    lab.use(ignore_filters=True, page_size=1, accounts=1)
    assert [a.name for a in lab.open().accounts()] == ["app-0001", "root"]


def test_an_svm_without_object_store_server_is_named(lab: Lab) -> None:
    exc = raised(lab.open(**{**LOGIN, "svm": "svm-nas"}).connect)
    assert exc.kind == "not_found"
    assert "svm-nas has no S3 object store server" in exc.message
    assert "vserver object-store-server create" in exc.next_step


def test_users_of_another_svm_are_not_seen(lab: Lab) -> None:
    lab.use(accounts=2)
    other = lab.open(**{**LOGIN, "svm": "svm-other"})
    assert [a.name for a in other.accounts()] == ["root"]
    assert raised(read, other, "app-0001").kind == "not_found"


def test_a_login_that_may_not_read_the_cluster_needs_the_release(lab: Lab) -> None:
    lab.use("9.14.1", cluster_read="forbidden")
    exc = raised(lab.open().connect)
    assert (exc.kind, exc.code, exc.http_status) == ("permission", "6", 403)
    assert "api_version" in exc.next_step
    info = lab.open(**LOGIN, api_version="9.14.1P3").connect()
    assert (info.version, info.details["release_from"]) == ("9.14.1", "api_version")


def test_what_the_cluster_tells_holds_against_api_version(lab: Lab) -> None:
    lab.use("9.14.1")
    platform = lab.open(**LOGIN, api_version="9.19.1")
    assert platform.connect().version == "9.14.1"
    assert not platform.facts.overlap


def test_a_release_that_is_none_is_refused_before_anything_is_sent(lab: Lab) -> None:
    exc = raised(lab.open, **LOGIN, api_version="latest")
    assert exc.kind == "invalid_option"
    assert "api_version" in exc.message
    assert lab.server.requests == 0


def test_a_uuid_is_enough_for_a_login_that_may_not_read_svms(lab: Lab) -> None:
    lab.use(svm_read="forbidden")
    platform = lab.open(**{**LOGIN, "svm": lab.sim.svm.uuid})
    assert platform.connect().details["svm"] == SVM
    exc = raised(lab.open().connect)
    assert exc.kind == "permission"
    assert "uuid" in exc.next_step


@pytest.mark.parametrize(
    ("options", "modes"),
    [
        (LOGIN, {}),
        ({"api_token": TOKEN, "svm": SVM}, {}),
        (
            {"client_cert": __file__, "client_key": __file__, "svm": SVM},
            {"certificate_login": True},
        ),
    ],
    ids=["password", "token", "certificate"],
)
def test_each_login_is_sent_as_it_should_be(
    lab: Lab, options: dict[str, Any], modes: dict[str, Any]
) -> None:
    lab.use(**modes)
    platform = lab.open(**options)
    # The certificate itself is the transport's matter; here only what the headers say.
    scheme = platform.auth().headers("GET", "", {}, b"").get("Authorization", "").partition(" ")[0]
    assert scheme == ("Bearer" if "api_token" in options else "Basic" if options is LOGIN else "")
    if scheme:
        assert platform.connect().version == "9.16.1"


def test_without_a_login_the_ways_are_named(lab: Lab) -> None:
    exc = raised(lab.open, svm=SVM)
    assert exc.kind == "invalid_option"
    for option in ("api_password", "client_cert", "api_token"):
        assert option in exc.message


def test_a_wrong_password_is_an_authentication_error_and_not_shown(lab: Lab) -> None:
    wrong = "wrong-Passw0rd-canary"
    exc = raised(lab.open(**{**LOGIN, "api_password": wrong}).connect)
    assert (exc.kind, exc.http_status) == ("authentication", 401)
    assert wrong not in everything_in(exc)


def test_a_bearer_token_is_refused_before_9_14(lab: Lab) -> None:
    lab.use("9.13.1")
    assert raised(lab.open(api_token=TOKEN, svm=SVM).connect).kind == "authentication"


def test_an_address_that_is_no_ontap_is_said_so(lab: Lab) -> None:
    exc = raised(lab.open(**{**LOGIN, "api_url": f"{lab.server.url}/elsewhere"}).connect)
    assert exc.kind == "malformed_answer"
    assert exc.stops_endpoint is False


@pytest.mark.parametrize("action", ["html", "garbage", "truncate"])
def test_a_spoilt_first_answer_is_an_error_of_its_kind(lab: Lab, action: str) -> None:
    lab.server.faults.add(action, times=0)
    assert raised(lab.open().connect).kind in ("malformed_answer", "unreachable")
