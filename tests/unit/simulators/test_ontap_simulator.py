# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated ONTAP is as strict as the documents: gates by release, every error code, pages."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any, Optional
from urllib.parse import quote, urlencode

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
)
from ansible_collections.objectstore.credentials.tests.simulators.ontap import (
    PASSWORD,
    TOKEN,
    USERNAME,
    OntapSimulator,
)

BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
PAIR = {"access_key": "MYOWNKEY0000000000A1", "secret_key": "made-up-secret"}


class Cluster:
    """A simulator and a way to ask it without a server."""

    def __init__(self, version: str = "9.19.1", accounts: int = 1, **modes: Any) -> None:
        self.sim = OntapSimulator(version=version, **modes)
        self.sim.seed(accounts)
        self.users = f"/api/protocols/s3/services/{self.sim.svm.uuid}/users"

    def ask(
        self,
        method: str,
        where: str,
        query: Optional[dict[str, Any]] = None,
        body: Any = None,
        *,
        raw: Optional[bytes] = None,
        authorization: str = BASIC,
        accept: str = "application/json",
    ) -> Response:
        """Send one request below the users, or to a full path."""
        target = where if where.startswith(("/api", "/x")) else self.users + where
        if query:
            target += "?" + urlencode(query, quote_via=quote)
        payload = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        headers = CaseInsensitive({"Authorization": authorization, "Accept": accept}.items())
        return self.sim.handle(Request(method, target, headers, payload))

    def refused(self, *asked: Any, **options: Any) -> tuple[int, str]:
        """Return status and code of a refusal, which changes nothing."""
        before = self.sim.writes
        response = self.ask(*asked, **options)
        assert self.sim.writes == before
        return response.status, response.body["error"]["code"]


ONE = "/app-0001"
REGENERATE = {"regenerate_keys": "true"}
DELETE = {"delete_keys": "true"}


@pytest.mark.parametrize(
    ("version", "asked", "code"),
    [
        ("9.19.1", ("POST", "", None, {"name": "a b"}), "92405787"),
        ("9.19.1", ("POST", "", None, {"name": "x" * 65}), "92405788"),
        ("9.19.1", ("POST", "", None, {"name": ""}), "92405788"),
        ("9.19.1", ("POST", "", None, {}), "262212"),
        ("9.19.1", ("POST", "", None, {"name": "APP-0001"}), "1"),
        ("9.19.1", ("POST", "", None, {"name": "n", "comment": "x" * 257}), "262197"),
        ("9.19.1", ("POST", "", None, {"name": "n", "key_id": 1}), "262179"),
        ("9.19.1", ("POST", "", None, {"name": "n", "colour": "red"}), "262179"),
        ("9.19.1", ("POST", "", {"secret_key": "x"}, {"name": "n"}), "262202"),
        ("9.19.1", ("POST", "", None, {"name": "n", "key_time_to_live": "P1Y"}), "262197"),
        ("9.19.1", ("POST", "", None, {"name": "n", "key_time_to_live": "90d"}), "262197"),
        ("9.19.1", ("POST", "", None, {"name": "n", "key_time_to_live": "P1096D"}), "92406083"),
        ("9.19.1", ("POST", "", None, {"name": "n", "access_key": "A"}), "92406201"),
        ("9.19.1", ("POST", "", None, {"name": "n", **PAIR, "access_key": "a"}), "92406205"),
        ("9.15.1", ("POST", "", None, {"name": "n", **PAIR}), "262196"),
        ("9.13.1", ("POST", "", None, {"name": "n", "key_time_to_live": "P1D"}), "262179"),
        ("9.19.1", ("PATCH", ONE, None, {}), "262190"),
        ("9.19.1", ("PATCH", "/nobody", REGENERATE, {}), "4"),
        ("9.19.1", ("PATCH", ONE, {**REGENERATE, **DELETE}, {}), "92406082"),
        ("9.19.1", ("PATCH", ONE, None, {"key_time_to_live": "P1D"}), "92406088"),
        ("9.19.1", ("PATCH", ONE, REGENERATE, {"key_time_to_live": "P157W"}), "92406083"),
        ("9.19.1", ("PATCH", ONE, DELETE, PAIR), "92406202"),
        ("9.19.1", ("PATCH", ONE, REGENERATE, {"secret_key": "s"}), "92406201"),
        ("9.19.1", ("PATCH", ONE, None, PAIR), "2"),
        ("9.19.1", ("PATCH", ONE, REGENERATE, {"key_id": 3}), "262197"),
        ("9.19.1", ("PATCH", ONE, REGENERATE, {"key_id": True}), "262197"),
        ("9.19.1", ("PATCH", ONE, None, {"key_id": 1, "comment": "x"}), "2"),
        ("9.18.1", ("PATCH", ONE, REGENERATE, {"key_id": 1}), "262179"),
        ("9.13.1", ("PATCH", ONE, DELETE, {}), "262179"),
        ("9.19.1", ("PATCH", ONE, {"regenerate_keys": "yes"}, {}), "262197"),
        ("9.19.1", ("PATCH", ONE, {"colour": "red"}, {}), "262179"),
        ("9.19.1", ("PATCH", ONE, None, {"name": "other"}), "262203"),
        ("9.19.1", ("PATCH", ONE, None, {"svm": {"uuid": "other"}, "comment": "x"}), "2"),
        ("9.19.1", ("DELETE", "/nobody"), "4"),
        ("9.19.1", ("DELETE", "/root"), "2"),
        ("9.19.1", ("DELETE", ONE, None, {"name": "x"}), "262198"),
        ("9.19.1", ("GET", "/nobody"), "4"),
        ("9.19.1", ("GET", "", {"fields": "secret_key"}), "262249"),
        ("9.19.1", ("GET", "", {"secret_key": "x"}), "262250"),
        ("9.19.1", ("GET", "", {"fields": "colour"}), "262197"),
        ("9.18.1", ("GET", "", {"fields": "keys"}), "262197"),
        ("9.13.1", ("GET", "", {"fields": "key_expiry_time"}), "262197"),
        ("9.19.1", ("GET", "", {"max_records": "0"}), "262197"),
        ("9.19.1", ("GET", "", {"query": "x"}), "262273"),
        ("9.19.1", ("GET", "/api/protocols/s3/services/0/users"), "8586226"),
        ("9.19.1", ("GET", "/api/protocols/s4"), "39387137"),
        ("9.19.1", ("PUT", ONE), "3"),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(
    version: str, asked: tuple[Any, ...], code: str
) -> None:
    assert Cluster(version).refused(*asked)[1] == code


@pytest.mark.parametrize(
    ("modes", "asked", "expected"),
    [
        ({"role": "readonly"}, ("PATCH", ONE, REGENERATE), (403, "6")),
        ({"throttle": 1}, ("GET", ONE), (429, "262160")),
        ({"writes_fail": "92406096"}, ("POST", "", None, {"name": "n"}), (403, "92406096")),
        ({"writes_fail": "92406097"}, ("PATCH", ONE, REGENERATE), (500, "92406097")),
        ({"create_fails": "before"}, ("POST", "", None, {"name": "n"}), (500, "92405791")),
        ({"regenerate_fails": "before"}, ("PATCH", ONE, REGENERATE), (500, "92405792")),
        (
            {"root_has_keys": True, "root_in_snapmirror": True},
            ("PATCH", "/root", DELETE),
            (409, "92406080"),
        ),
        (
            {"max_key_time_to_live": "P30D"},
            ("PATCH", ONE, REGENERATE, {"key_time_to_live": "P31D"}),
            (400, "92406196"),
        ),
        (
            {"max_key_time_to_live": "P30D"},
            ("PATCH", ONE, REGENERATE, {"key_time_to_live": "PT0S"}),
            (400, "92406197"),
        ),
    ],
)
def test_modes_refuse_with_their_code(
    modes: dict[str, Any], asked: tuple[Any, ...], expected: tuple[int, str]
) -> None:
    assert Cluster(**modes).refused(*asked) == expected


def test_an_access_key_in_use_is_refused_also_across_svms() -> None:
    cluster = Cluster(accounts=2)
    taken = {**PAIR, "access_key": cluster.sim.svm.users["app-0002"].slots[1].access_key}
    assert cluster.refused("PATCH", ONE, REGENERATE, taken) == (409, "92406200")
    root = cluster.sim.svms[1].users["root"]
    root.slots[1] = cluster.sim.new_key(None, ("OTHERSVM", "s"))
    other = {**PAIR, "access_key": "OTHERSVM"}
    assert cluster.refused("POST", "", None, {"name": "n", **other}) == (409, "92406200")


def test_an_svm_without_object_store_server_takes_no_users() -> None:
    cluster = Cluster()
    users = f"/api/protocols/s3/services/{cluster.sim.svms[2].uuid}/users"
    assert cluster.refused("POST", users, None, {"name": "n"}) == (400, "92405773")


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    assert Cluster().refused("PATCH", ONE, REGENERATE, raw=raw) == (400, "262199")


@pytest.mark.parametrize(
    ("version", "authorization", "status"),
    [
        ("9.16.1", BASIC, 200),
        ("9.16.1", f"Bearer {TOKEN}", 200),
        ("9.13.1", f"Bearer {TOKEN}", 401),
        ("9.16.1", "Bearer wrong", 401),
        ("9.16.1", BASIC[:-4] + "AAAA", 401),
        ("9.16.1", "", 401),
    ],
)
def test_only_a_right_login_is_let_in(version: str, authorization: str, status: int) -> None:
    answer = Cluster(version).ask("GET", "", authorization=authorization)
    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_request_without_login_is_let_in_when_tls_has_checked_a_certificate() -> None:
    assert Cluster(certificate_login=True).ask("GET", "", authorization="").status == 200


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE"])
def test_booleans_come_in_every_spelling(spelling: str) -> None:
    cluster = Cluster()
    answer = cluster.ask("PATCH", ONE, {"regenerate_keys": spelling, "return_timeout": "30"}, {})
    assert answer.status == 200
    assert cluster.sim.writes == 1


@pytest.mark.parametrize("version", ["9.7", "9.14.1", "9.15.1", "9.19.1"])
def test_a_creation_is_answered_like_the_documents(version: str) -> None:
    cluster = Cluster(version)
    body: dict[str, Any] = {"name": "a@b.c"}
    if version != "9.7":
        body["key_time_to_live"] = "P1D"
    answer = cluster.ask("POST", "", None, body)
    assert answer.status == 201
    assert answer.headers["Location"].endswith("/users/a%40b.c")
    (record,) = answer.body["records"]
    assert cluster.sim.secret_of(record["access_key"]) == record["secret_key"]
    assert len(record["access_key"]) == (128 if version == "9.7" else 20)
    assert ("key_expiry_time" in record) == (version in ("9.15.1", "9.19.1"))


def test_the_secret_is_in_no_reading_answer() -> None:
    cluster = Cluster(accounts=3)
    for where, query in (("", {"fields": "**"}), (ONE, None), (ONE, {"fields": "*"})):
        answer = cluster.ask("GET", where, query, accept="application/hal+json")
        assert not any(s in json.dumps(answer.body) for s in cluster.sim.secrets())
        assert "access_key" in json.dumps(answer.body)


def test_a_collection_shows_little_unless_asked() -> None:
    cluster = Cluster()
    (row, _root) = cluster.ask("GET", "").body["records"]
    assert sorted(row) == ["name", "svm"]
    (row, _root) = cluster.ask("GET", "", {"fields": "keys.id,comment"}).body["records"]
    assert sorted(row) == ["keys", "name", "svm"]
    answer = cluster.ask("GET", "", {"fields": "colour", "ignore_unknown_fields": "true"})
    assert answer.status == 200


def test_links_come_only_when_asked_for() -> None:
    cluster = Cluster(accounts=3, next_link="hal")
    plain = cluster.ask("GET", "", {"max_records": "1"})
    assert "_links" not in json.dumps(plain.body)
    linked = cluster.ask("GET", "", {"max_records": "1"}, accept="application/hal+json")
    assert linked.body["records"][0]["_links"]["self"]["href"].endswith("/users/app-0001")
    assert "start.name=app-0001" in linked.body["_links"]["next"]["href"]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("app-0001", ["app-0001"]),
        ("app-0001|app-0003", ["app-0001", "app-0003"]),
        ("app*", ["app-0001", "app-0002", "app-0003"]),
        ("!app*", ["a..z", "root"]),
        ("a..z", ["a..z", "app-0001", "app-0002", "app-0003", "root"]),
        ('"a..z"', ["a..z"]),
        ("{a..z}", ["a..z"]),
        (">=app-0003", ["app-0003", "root"]),
        ("<app-0001", ["a..z"]),
    ],
)
def test_the_query_language_reads_operators(condition: str, names: list[str]) -> None:
    cluster = Cluster(accounts=3)
    cluster.sim.add_account("a..z")
    answer = cluster.ask("GET", "", {"name": condition})
    assert [row["name"] for row in answer.body["records"]] == names
    cluster.sim.modes["ignore_filters"] = True
    assert cluster.ask("GET", "", {"name": condition}).body["num_records"] == 5


def test_a_search_over_fields_and_a_count() -> None:
    cluster = Cluster(accounts=3)
    answer = cluster.ask("GET", "", {"query": "*0002", "query_fields": "name,comment"})
    assert [row["name"] for row in answer.body["records"]] == ["app-0002"]
    assert cluster.ask("GET", "", {"return_records": "false"}).body == {"num_records": 4}


def test_an_expired_pair_is_refused_and_still_shown() -> None:
    cluster = Cluster("9.16.1")
    body = {"key_time_to_live": "PT1H"}
    record = cluster.ask("PATCH", ONE, REGENERATE, body).body["records"][0]
    cluster.sim.clock.advance(3601)
    assert cluster.sim.secret_of(record["access_key"]) is None
    assert cluster.sim.keys_of("app-0001") == {record["access_key"]: "inactive"}
    assert cluster.ask("GET", ONE).body["access_key"] == record["access_key"]


@pytest.mark.parametrize(("left_out", "kept"), [("cleared", False), ("kept", True)])
def test_a_lifetime_left_out_is_cleared_or_kept(left_out: str, kept: bool) -> None:
    cluster = Cluster("9.16.1", lifetime_left_out=left_out)
    cluster.ask("PATCH", ONE, REGENERATE, {"key_time_to_live": "P1D"})
    cluster.ask("PATCH", ONE, REGENERATE, {})
    lifetime = cluster.sim.svm.users["app-0001"].slots[1].lifetime
    assert lifetime == (dt.timedelta(days=1) if kept else None)


def test_a_partial_success_has_new_keys_and_old_properties() -> None:
    cluster = Cluster("9.16.1", regenerate_fails="partial")
    old = cluster.sim.keys_of("app-0001")
    body = {"comment": "new", "key_time_to_live": "P1D"}
    answer = cluster.ask("PATCH", ONE, REGENERATE, body)
    assert (answer.status, answer.body["error"]["code"]) == (500, "92406081")
    user = cluster.sim.svm.users["app-0001"]
    assert cluster.sim.keys_of("app-0001") != old
    assert (user.comment, user.slots[1].lifetime) == ("", None)


def test_keys_are_deleted_by_slot_and_twice_is_no_error() -> None:
    cluster = Cluster()
    cluster.sim.add_account("two", 2)
    assert cluster.ask("PATCH", "/two", DELETE, {"key_id": 2}).body == {}
    assert sorted(cluster.sim.svm.users["two"].slots) == [1]
    assert cluster.ask("PATCH", "/two", DELETE, {}).status == 200
    assert cluster.ask("PATCH", "/two", DELETE, {}).status == 200
    assert cluster.sim.writes == 2


def test_whole_collections_change_only_by_a_query() -> None:
    cluster = Cluster(accounts=3)
    assert cluster.refused("DELETE", "")[1] == "262177"
    assert cluster.refused("PATCH", "", REGENERATE, {})[1] == "262177"
    answer = cluster.ask("PATCH", "", {"name": "app-0001|app-0002", **REGENERATE}, {})
    assert answer.body["num_records"] == 2
    cluster.ask("DELETE", "", {"name": "app-0003"})
    assert sorted(cluster.sim.svm.users) == ["app-0001", "app-0002", "root"]


def test_what_is_not_below_api_is_a_web_page() -> None:
    answer = Cluster().ask("GET", "/x")
    assert (answer.status, answer.content_type) == (404, "text/html")


def test_there_is_no_second_user_of_a_name() -> None:
    with pytest.raises(ValueError, match="app-0001"):
        Cluster().sim.add_account("app-0001")


def test_body_of_a_get_and_secrets_that_are_no_text_are_refused() -> None:
    cluster = Cluster()
    assert cluster.refused("GET", "", body={"name": "app-0001"}) == (400, "262198")
    numbers = {**PAIR, "secret_key": 12345678901234567890}
    regenerate = {"regenerate_keys": "true"}
    assert cluster.refused("PATCH", "/app-0001", regenerate, numbers) == (400, "262197")
    assert cluster.refused("POST", "", None, {"name": "new", **numbers}) == (400, "262197")
