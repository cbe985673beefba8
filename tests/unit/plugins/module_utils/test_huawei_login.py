# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Huawei is logged in to: signatures, tokens, passwords, users who see only themselves."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    huawei_signing,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.huawei_lab import (
    PASSWORD,
    SIGNED,
    V5,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

__all__ = ["lab"]

HOUR = 3600


def signed(method: str, target: str, headers: dict[str, str], body: bytes, **about: str) -> str:
    """Return the Authorization header at a known time, with a known key."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    auth = huawei_signing.SdkHmacAuth("AK0", "SK0", lambda: moment)
    auth.domain_id = about.get("domain_id")
    url = about.get("host", "https://iam.example.com") + target
    return auth.headers(method, url, headers, body)["Authorization"]


# --- signatures --------------------------------------------------------------------------------

KEYS_PATH = "/v3.0/OS-CREDENTIAL/credentials"


def test_signature_of_a_body_and_a_domain_is_the_known_one() -> None:
    body = json.dumps({"credential": {"status": "inactive"}}).encode()
    headers = {"Content-Type": "application/json;charset=utf-8", "Accept": "application/json"}
    assert signed("PUT", f"{KEYS_PATH}/AKEXAMPLE", headers, body, domain_id="d0") == (
        "SDK-HMAC-SHA256 Access=AK0, SignedHeaders=content-type;host;x-domain-id;x-sdk-date,"
        " Signature=c97f59324a2174f79b2613ec7d66b435060eff969508f73eb98bf85279578a03"
    )


def test_signature_of_a_query_is_the_known_one() -> None:
    assert signed("GET", f"{KEYS_PATH}?user_id=u%201%2Fx~", {}, b"") == (
        "SDK-HMAC-SHA256 Access=AK0, SignedHeaders=host;x-sdk-date,"
        " Signature=abb4f02b03579347ce4f2817eb43adb74a532199ad4f2cd645320ca7ccf4a36d"
    )


def test_signature_does_not_depend_on_a_default_port_or_the_order_of_the_query() -> None:
    one = signed("GET", "/v3/users?name=a&enabled=false", {}, b"")
    assert one == signed("GET", "/v3/users/?enabled=false&name=a", {}, b"")
    assert one == signed(
        "GET", "/v3/users?name=a&enabled=false", {}, b"", host="https://iam.example.com:443"
    )
    for other in ("https://iam.example.com:8443", "http://[::1]:80"):
        assert one != signed("GET", "/v3/users?name=a&enabled=false", {}, b"", host=other)


@pytest.mark.parametrize("domain", [None, "acme-storage", "id:d0a1" + "7" * 28])
def test_signed_requests_name_the_account_when_it_is_given(lab: Lab, domain: str | None) -> None:
    platform = lab.open(**SIGNED, domain=domain)
    platform.connect()
    list(platform.accounts())
    sent = {name.lower(): value for name, value in lab.server.log[-1].headers.items()}
    assert sent.get("x-domain-id") == (None if domain is None else lab.sim.world.domain_id)


@pytest.mark.parametrize("options", [SIGNED, PASSWORD], ids=["access key", "password"])
@pytest.mark.parametrize("domain", ["other", "id:0"])
def test_a_domain_that_is_not_the_logins_own_is_refused(
    lab: Lab, options: dict[str, Any], domain: str
) -> None:
    exc = raised(lab.open(**{**options, "domain": domain}).connect)
    assert exc.stops_endpoint
    if options is SIGNED and domain == "other":
        assert "belongs to acme-storage (id:d0a1" in exc.message
        assert exc.kind == "invalid_option"


def test_a_wrong_secret_is_tried_once_and_says_that_five_lock_the_key(lab: Lab) -> None:
    secret = "Wr0ng+secret/for=the&key"
    platform = lab.open(**{**SIGNED, "api_secret_key": secret})
    exc = raised(platform.connect)
    assert (exc.kind, exc.code, exc.http_status) == ("authentication", "APIGW.0301", 401)
    assert "five wrong signatures" in exc.next_step
    assert len(lab.asked()) == 1
    assert secret not in everything_in(exc)


def test_a_locked_key_says_so_and_works_again_five_minutes_later(lab: Lab) -> None:
    for _try in range(5):
        raised(lab.open(**{**SIGNED, "api_secret_key": "wrong-secret"}).connect)
    exc = raised(lab.open().connect)
    assert exc.kind == "authentication"
    assert "Wait five minutes" in exc.next_step
    assert lab.sim.secret_of(SIGNED["api_access_key"]) is None
    lab.sim.clock.advance(301)
    lab.clock.slept.append(301)
    assert lab.open().connect().details


@pytest.mark.parametrize("ahead", [-1000, 1000])
def test_a_wrong_clock_is_named_with_its_offset(lab: Lab, ahead: int) -> None:
    lab.sim.clock.advance(ahead)
    exc = raised(lab.open().connect)
    assert exc.kind == "authentication"
    assert any(f"by {seconds} s" in exc.next_step for seconds in (999, 1000, 1001))
    lab.sim.clock.advance(-ahead / 2)
    assert lab.open().connect().details


def test_an_unknown_and_an_inactive_key_are_told_apart(lab: Lab) -> None:
    exc = raised(lab.open(**{**SIGNED, "api_access_key": "AKUNKNOWN"}).connect)
    assert "does not exist here" in exc.next_step
    lab.sim.world.keys[SIGNED["api_access_key"]].status = "inactive"
    exc = raised(lab.open().connect)
    assert (exc.kind, exc.code) == ("authentication", "IAM.1107")
    assert "Enable it" in exc.next_step


# --- tokens ------------------------------------------------------------------------------------


def test_a_password_logs_in_once_for_its_account_and_asks_for_no_catalog(lab: Lab) -> None:
    platform = lab.open(**PASSWORD)
    platform.connect()
    list(platform.accounts())
    assert lab.asked("POST") == ["/v3/auth/tokens?nocatalog=1"]
    body = json.loads(lab.server.log[0].body)
    assert body["auth"]["scope"] == {"domain": {"name": "acme-storage"}}
    (token,) = lab.sim.world.tokens
    assert platform.client.redactor.redact(token) == "********"


def test_a_password_logs_in_by_the_accounts_id(lab: Lab) -> None:
    platform = lab.open(**{**PASSWORD, "domain": f"id:{lab.sim.world.domain_id}"})
    assert platform.connect().details["domain"] == "acme-storage"


def test_a_password_needs_the_domain(lab: Lab) -> None:
    exc = raised(lab.open, **{**PASSWORD, "domain": None})
    assert exc.kind == "invalid_option"
    assert "domain is missing" in exc.message


def test_a_wrong_password_is_tried_once(lab: Lab) -> None:
    platform = lab.open(**{**PASSWORD, "api_password": "wrong-password"})
    exc = raised(platform.connect)
    assert (exc.kind, exc.step, exc.http_status) == ("authentication", "log in", 401)
    assert raised(platform.connect).kind == "authentication"
    assert len(lab.asked("POST")) == 1
    assert "wrong-password" not in everything_in(exc)


def test_a_user_locked_after_wrong_passwords_says_so(lab: Lab) -> None:
    for _try in range(5):
        raised(lab.open(**{**PASSWORD, "api_password": "wrong-password"}).connect)
    exc = raised(lab.open(**PASSWORD).connect)
    assert exc.code == "IAM.0061"
    assert "locked" in exc.next_step


@pytest.mark.parametrize("field", ["enabled", "console_only"])
def test_a_user_who_may_not_log_in_is_an_authentication_failure(lab: Lab, field: str) -> None:
    setattr(lab.sim.operator, field, field == "console_only")
    assert raised(lab.open(**PASSWORD).connect).kind == "authentication"


def test_an_expired_token_is_renewed_once_in_the_middle_of_a_run(lab: Lab) -> None:
    platform = lab.open(**PASSWORD)
    account = lab.account()
    (key,) = platform.access_keys(account)
    lab.sim.clock.advance(25 * HOUR)
    assert platform.set_access_key(key, status="inactive").status == "inactive"
    assert len(lab.asked("POST")) == 2
    assert len(lab.asked("PUT")) == 2
    assert lab.sim.writes == 1


def test_a_token_that_a_key_change_ended_is_renewed(lab: Lab) -> None:
    own = lab.sim.add_self_service_user("self")
    platform = lab.open(**{**PASSWORD, "api_username": "self", "api_password": "Own-Keys:0nly"})
    key = platform.find_access_key(own.access)
    for status in ("inactive", "active"):
        key = platform.set_access_key(key, status=status)
        assert key.status == status
    platform.delete_access_key(key)
    assert lab.sim.keys_of(own.user.id) == {}
    assert len(lab.asked("POST")) == 4


def test_a_token_that_is_dropped_later_is_renewed_then(lab: Lab) -> None:
    lab.use(drops_tokens_after=1800)
    own = lab.sim.add_self_service_user("self")
    platform = lab.open(**{**PASSWORD, "api_username": "self", "api_password": "Own-Keys:0nly"})
    key = platform.find_access_key(own.access)
    platform.set_access_key(key, status="inactive")
    platform.find_access_key(own.access)
    assert len(lab.asked("POST")) == 1
    lab.sim.clock.advance(1801)
    platform.find_access_key(own.access)
    assert len(lab.asked("POST")) == 2


def test_tokens_that_end_with_every_change_of_a_key_do_not_end_a_run(lab: Lab) -> None:
    # Swiss OTC says of a deletion that it ends the existing token. A night may have hundreds.
    lab.use(drops_all_tokens=True)
    account = lab.account(access_keys=0)
    platform = lab.open(**PASSWORD)
    for _unused in range(40):
        platform.create_access_key(account)
        (key,) = platform.access_keys(account)
        platform.delete_access_key(key)
    assert lab.sim.writes == 80


def test_a_server_that_refuses_every_token_is_asked_twice_and_no_more(lab: Lab) -> None:
    platform = lab.open(**PASSWORD)
    lab.server.faults.add("status", method="GET", status=401, times=0)
    assert raised(platform.connect).kind == "authentication"
    assert [entry.method for entry in lab.server.log] == ["POST", "GET", "POST", "GET"]


@pytest.mark.parametrize(("age", "code"), [(0, ""), (25 * HOUR, "IAM.0066")])
def test_a_given_token_works_until_it_expires(lab: Lab, age: int, code: str) -> None:
    token = lab.sim.issue_token()
    platform = lab.open(api_token=token.value)
    lab.sim.clock.advance(age)
    if not code:
        assert platform.connect().details["domain"] == "acme-storage"
        assert lab.asked() == ["/v3/auth/domains"]
        return
    exc = raised(platform.connect)
    assert (exc.kind, exc.code) == ("authentication", code)
    assert "24 hours" in exc.next_step
    assert token.value not in everything_in(exc)


def test_a_damaged_and_a_project_scoped_token_are_refused_in_words(lab: Lab) -> None:
    exc = raised(lab.open(api_token="not-a-token-of-this-cloud").connect)
    assert exc.kind == "authentication"
    assert "damaged" in exc.next_step
    exc = raised(lab.open(api_token=lab.sim.issue_token(scope="project").value, domain="x").connect)
    assert exc.kind == "permission"


def test_an_answer_without_a_token_is_malformed(lab: Lab) -> None:
    lab.server.faults.add("status", method="POST", status=201, body={"token": {}})
    exc = raised(lab.open(**PASSWORD).connect)
    assert (exc.kind, exc.landed, exc.platform) == ("malformed_answer", False, "huawei")
    assert "X-Subject-Token" in exc.message


def test_an_access_key_goes_before_a_token_before_a_password(lab: Lab) -> None:
    token = {"api_token": lab.sim.issue_token().value}
    lab.open(**{**PASSWORD, **token, **SIGNED}).connect()
    assert "Authorization" in lab.server.log[-1].headers
    lab.open(**{**PASSWORD, **token, "api_access_key": "AK"}).connect()
    assert "X-Auth-Token" in lab.server.log[-1].headers
    assert lab.asked("POST") == []


# --- users who may only see themselves ---------------------------------------------------------


def self_service(lab: Lab, way: str, **modes: Any) -> tuple[Any, Any]:
    """Return a platform of a user without rights, and its own key."""
    lab.use(**modes)
    lab.account("other")
    own = lab.sim.add_self_service_user("self")
    options: dict[str, dict[str, Any]] = {
        "access key": {"api_access_key": own.access, "api_secret_key": own.secret},
        "token": {"api_token": lab.sim.issue_token("self").value},
        "password": {**PASSWORD, "api_username": "self", "api_password": "Own-Keys:0nly"},
    }
    return lab.open(**options[way]), own


@pytest.mark.parametrize("shows_own_user", [True, False])
@pytest.mark.parametrize("way", ["access key", "token", "password"])
def test_a_user_without_rights_finds_itself_and_its_keys(
    lab: Lab, way: str, shows_own_user: bool
) -> None:
    platform, own = self_service(lab, way, shows_own_user=shows_own_user)
    platform.connect()
    # A signed login learns its name only where the platform shows it; the id stands for it then.
    name = "self" if shows_own_user or way != "access key" else own.user.id
    key = platform.find_access_key(own.access)
    assert (key.account.name, key.account.id) == (name, own.user.id)
    assert platform.account(AccountRef(name=name)).id == own.user.id
    assert platform.account(AccountRef(id=own.user.id)).name == name
    assert [k.access_key for k in platform.access_keys(key.account)] == [own.access]
    assert platform.create_access_key(key.account).pair


@pytest.mark.parametrize("way", ["access key", "token", "password"])
def test_a_user_without_rights_is_told_which_right_is_missing(lab: Lab, way: str) -> None:
    platform, own = self_service(lab, way)
    for work in (
        lambda: list(platform.accounts()),
        lambda: platform.account(AccountRef(name="other")),
        lambda: platform.account(AccountRef(id=lab.sim.user("other").id)),
    ):
        exc = raised(work)
        assert (exc.kind, exc.http_status) == ("permission", 403)
        assert "policy" in exc.next_step
        assert f"This login is user self (id:{own.user.id})" in exc.next_step
    foreign = next(iter(lab.sim.keys_of(lab.sim.user("other").id)))
    assert raised(platform.find_access_key, foreign).kind == "permission"


def test_a_user_without_rights_must_be_named_in_v5(lab: Lab) -> None:
    lab.account("other")
    own = lab.sim.add_self_service_user("self")
    platform = lab.open(**{**V5, "api_access_key": own.access, "api_secret_key": own.secret})
    exc = raised(platform.find_access_key, own.access)
    assert (exc.kind, exc.code) == ("permission", "PAP5.0012")
    assert "option user" in exc.next_step
    assert platform.find_access_key(own.access, AccountRef(name="self")).status == "active"


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["/v3", "/v3.0", "/v5/"])
def test_api_url_holds_no_version(lab: Lab, end: str) -> None:
    exc = raised(lab.open, **SIGNED, api_url=lab.server.url + end)
    assert (exc.kind, exc.platform) == ("invalid_option", "huawei")
    assert "api_version" in exc.next_step


def test_api_version_is_one_of_two(lab: Lab) -> None:
    assert "v3.0, v5" in raised(lab.open, **SIGNED, api_version="9.19.1").message


def test_a_login_is_needed(lab: Lab) -> None:
    exc = raised(lab.open, api_username="only-a-name")
    assert exc.kind == "invalid_option"
    assert "api_access_key and api_secret_key; or api_token; or api_username" in exc.message


def test_an_endpoint_that_is_no_iam_says_so(lab: Lab) -> None:
    answer = {"error": {"code": 404, "message": "nothing here", "title": "Not Found"}}
    lab.server.faults.add("status", status=404, body=answer)
    exc = raised(lab.open().connect)
    assert (exc.kind, exc.http_status) == ("malformed_answer", 404)
    assert "has no IAM API" in exc.message


def test_an_account_that_may_not_be_looked_up_matters_only_when_it_is_named(lab: Lab) -> None:
    lab.server.faults.add("status", status=403, times=0)
    assert lab.open().connect().details == {}
    assert raised(lab.open(**SIGNED, domain="acme-storage").connect).kind == "permission"
