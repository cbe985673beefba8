# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at a KV version 2 server: options, environment, tokens that end, certificates."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2 import (
    VaultKv2,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2_options import (  # noqa: E501  # one name
    resolve_kv,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
    reset,
)

PLACE = Place("echo", "lab", "app-0001")
URL = "https://vault.example.com:8200"


@pytest.fixture
def double(server: SimulatorServer) -> VaultKv2Double:
    """A double behind the running server."""
    made = VaultKv2Double()
    reset(server, made)
    return made


class Doors:
    """Stores opened at a server, closed at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.redactor = Redactor()
        self.clock = RecordingClock()
        self.opened: list[VaultKv2] = []

    def open(self, environ: dict[str, str] | None = None, **options: Any) -> VaultKv2:
        """Return an opened store."""
        context = StoreContext(
            clock=self.clock, redactor=self.redactor, run="run-1", environ=environ or {}
        )
        store = VaultKv2({"url": self.url, **options}, context)
        self.opened.append(store)
        store.open()
        return store


@pytest.fixture
def doors(server: SimulatorServer, double: VaultKv2Double) -> Iterator[Doors]:
    """Stores at the double."""
    made = Doors(server.url)
    yield made
    for store in made.opened:
        store.close()


def logins(double: VaultKv2Double) -> dict[str, dict[str, Any]]:
    """Make a role of each method at the double; return the options that log in to it."""
    approle = double.add_role("approle", "app")
    return {
        "approle": {"role_id": approle.role_id, "secret_id": next(iter(approle.secret_ids))},
        "kubernetes": {"role": "pod", "jwt": next(iter(double.add_role("kubernetes", "pod").jwts))},
        "jwt": {"role": "job", "jwt": next(iter(double.add_role("jwt", "job").jwts))},
    }


# --- each way in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["approle", "kubernetes", "jwt"])
def test_login_by_method(doors: Doors, double: VaultKv2Double, method: str) -> None:
    options = logins(double)[method]
    store = doors.open(auth_method=method, **options)
    assert store.read(PLACE) is None
    assert double.tokens.logins == 1
    made = [token for token in double.tokens.tokens if token != double.root.id]
    assert len(made) == 1
    text = " ".join([*made, options.get("secret_id", ""), options.get("jwt", "")])
    assert doors.redactor.redact(text).replace("*", "").strip() == ""
    store.close()
    # Its own token ends with the run.
    assert list(double.tokens.tokens) == [double.root.id]


@pytest.mark.parametrize("method", ["approle", "kubernetes", "jwt"])
def test_refused_login_names_the_options(doors: Doors, double: VaultKv2Double, method: str) -> None:
    options = {**logins(double)[method], "auth_method": method}
    wrong = "secret_id" if method == "approle" else "jwt"
    for changed in ({wrong: "wrong-and-secret-1234"}, {"auth_mount": "elsewhere"}):
        failure = raised(doors.open, **{**options, **changed})
        assert (failure.kind, failure.stops_endpoint) == ("store_refused", True)
        assert "auth_mount" in str(failure.next_step)
        assert "wrong-and-secret-1234" not in everything_in(failure)


def test_auth_mount(doors: Doors, double: VaultKv2Double) -> None:
    options = logins(double)["approle"]
    double.tokens.methods["team/roles"] = double.tokens.methods.pop("approle")
    assert doors.open(auth_mount="/team/roles/", **options).read(PLACE) is None


@pytest.mark.parametrize("method", ["kubernetes", "jwt"])
def test_token_of_the_workload_is_read_again_for_each_login(
    doors: Doors, double: VaultKv2Double, tmp_path: Path, method: str
) -> None:
    role = double.add_role(method, "job", ttl=60)
    path = tmp_path / "token"
    path.write_text(next(iter(role.jwts)) + "\n")
    store = doors.open(auth_method=method, role="job", jwt_path=str(path))
    role.jwts = {"renewed-by-the-kubelet"}
    path.write_text("renewed-by-the-kubelet")
    double.clock.advance(61)
    assert store.read(PLACE) is None
    path.unlink()
    double.clock.advance(61)
    failure = raised(store.read, PLACE)
    assert failure.kind == "invalid_option"
    assert str(path) in failure.message


# --- tokens that end in the middle of a run -------------------------------------------------------


def test_login_is_repeated_once_when_the_token_has_expired(
    doors: Doors, double: VaultKv2Double
) -> None:
    store = doors.open(**logins(double)["approle"])
    for turn in range(1, 4):
        double.clock.advance(1300)
        assert store.read(PLACE) is None
        assert double.tokens.logins == turn + 1


def test_many_threads_log_in_again_once(doors: Doors, double: VaultKv2Double) -> None:
    store = doors.open(**logins(double)["approle"])
    double.revoke()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            store.read(PLACE)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert double.tokens.logins == 2


def test_write_is_sent_again_after_a_new_login(doors: Doors, double: VaultKv2Double) -> None:
    store = doors.open(**logins(double)["approle"])
    store.write_note("a", {"a": 1}, None)
    double.revoke()
    store.write_note("a", {"a": 2}, 1)
    assert store.read_note("a") == ({"a": 2}, 2)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_expired_token_is_no_missing_right_where_the_server_is_too_busy_to_say(
    doors: Doors, double: VaultKv2Double, server: SimulatorServer, status: int
) -> None:
    store = doors.open(**logins(double)["approle"])
    store.write_note("a", {"a": 1}, None)
    double.revoke()
    server.faults.add("status", status=status, path="lookup-self")
    store.write_note("a", {"a": 2}, 1)
    assert store.read_note("a") == ({"a": 2}, 2)


def test_credentials_that_no_longer_work_are_refused(doors: Doors, double: VaultKv2Double) -> None:
    store = doors.open(**logins(double)["approle"])
    double.tokens.methods["approle"][1]["app"].secret_ids.clear()
    double.revoke()
    failure = raised(store.read, PLACE)
    assert failure.kind == "store_refused"
    assert "login by approle" in failure.message


@pytest.mark.parametrize("shape", ["long", "short"])
def test_token_revoked_in_mid_run_is_refused_and_says_so(
    doors: Doors, double: VaultKv2Double, shape: str
) -> None:
    double.modes["invalid_token"] = shape
    token = double.issue_token()
    store = doors.open(token=token)
    store.write_note("a", {"a": 1}, None)
    double.revoke(token)
    for work in (
        lambda: store.read(PLACE),
        lambda: store.write_note("a", {"a": 2}, 1),
        lambda: list(store.places("echo", "lab")),
    ):
        failure = raised(work)
        assert (failure.kind, failure.landed, failure.http_status) == ("store_refused", False, 403)
        assert "expired or was revoked" in failure.message
        assert token not in everything_in(failure)


@pytest.mark.parametrize("shows_mounts", [True, False])
def test_token_that_is_dead_at_the_start_is_no_trouble_of_the_mount(
    doors: Doors, double: VaultKv2Double, shows_mounts: bool
) -> None:
    double.modes["shows_mounts"] = shows_mounts
    token = double.issue_token()
    double.revoke(token)
    failure = raised(doors.open, token=token)
    assert failure.kind == "store_refused"
    assert "expired or was revoked" in failure.message
    assert "mount and" not in str(failure.next_step)
    assert "new token" in str(failure.next_step)


def test_missing_right_is_told_from_a_dead_token(doors: Doors, double: VaultKv2Double) -> None:
    double.allow("reader", "secret/data/objectstore/*", "read")
    double.allow("reader", "secret/metadata/objectstore/*", "read")
    role = double.add_role("approle", "app", "reader")
    store = doors.open(role_id=role.role_id, secret_id=next(iter(role.secret_ids)))
    failure = raised(store.write_note, "a", {"a": 1}, None)
    assert failure.kind == "store_refused"
    assert "writing secret/objectstore/_notes/a" in failure.message
    assert "policy" in str(failure.next_step)
    assert double.tokens.logins == 1


def test_fixed_token_is_not_revoked(doors: Doors, double: VaultKv2Double) -> None:
    token = double.issue_token()
    doors.open(token=token).close()
    assert token in double.tokens.tokens


def test_nothing_is_sent_after_the_end(doors: Doors, double: VaultKv2Double) -> None:
    store = doors.open(**logins(double)["approle"])
    store.close()
    assert raised(store.read, PLACE).kind == "store_unavailable"
    assert double.tokens.logins == 1


# --- options and environment ----------------------------------------------------------------------


def test_environment_alone_is_enough(doors: Doors, double: VaultKv2Double, tmp_path: Path) -> None:
    token = double.issue_token()
    for prefix in ("VAULT_", "BAO_"):
        environ = {f"{prefix}ADDR": doors.url + "/", f"{prefix}TOKEN": token}
        assert doors.open(environ, url=None).read(PLACE) is None
    path = tmp_path / "helper"
    path.write_text(token + "\n")
    environ = {"VAULT_ADDR": doors.url, "VAULT_TOKEN_FILE": str(path)}
    assert doors.open(environ).read(PLACE) is None
    (tmp_path / ".vault-token").write_text(token)
    environ = {"VAULT_ADDR": doors.url, "HOME": str(tmp_path)}
    assert doors.open(environ).read(PLACE) is None
    environ["VAULT_TOKEN_FILE"] = str(tmp_path / "nowhere")
    assert "VAULT_TOKEN_FILE" in raised(doors.open, environ).message


def test_secret_of_the_environment_goes_to_its_own_server_only(tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text("hvs.of-the-helper")
    environ = {
        "VAULT_ADDR": URL,
        "VAULT_TOKEN": "hvs.of-the-environment",
        "VAULT_SKIP_VERIFY": "true",
        "VAULT_NAMESPACE": "theirs",
        "HOME": str(tmp_path),
    }
    own = resolve_kv({"url": URL + "/"}, environ, 8)
    assert (own.token, own.namespace) == ("hvs.of-the-environment", "theirs")
    assert own.settings.validate_certs is False
    failure = raised(resolve_kv, {"url": "https://elsewhere.example.com"}, environ, 8)
    assert (failure.kind, "VAULT_TOKEN" in str(failure.next_step)) == ("invalid_option", True)
    other = resolve_kv({"url": "https://elsewhere.example.com", "token": "t0ken-own"}, environ, 8)
    assert (other.token, other.namespace) == ("t0ken-own", None)
    assert other.settings.validate_certs is True
    assert any("VAULT_TOKEN" in text for text in other.warnings)
    assert "hvs.of" not in repr(own) + "".join(other.warnings)


def test_two_servers_in_the_environment_are_not_mixed_up() -> None:
    environ = {
        "BAO_ADDR": "https://bao.example.com",
        "VAULT_ADDR": URL,
        "VAULT_TOKEN": "hvs.of-vault",
        "VAULT_NAMESPACE": "theirs",
    }
    assert raised(resolve_kv, {}, environ, 8).kind == "invalid_option"
    found = resolve_kv({}, {**environ, "BAO_TOKEN": "s.of-bao-0001"}, 8)
    assert (found.url, found.token) == ("https://bao.example.com", "s.of-bao-0001")
    assert found.namespace is None
    # With one address the other prefix helps out, as OpenBao's own client does.
    del environ["VAULT_ADDR"]
    assert resolve_kv({}, environ, 8).token == "hvs.of-vault"


@pytest.mark.parametrize(
    ("options", "environ", "method"),
    [
        ({"token": "t"}, {}, "token"),
        ({"role_id": "r", "secret_id": "s"}, {}, "approle"),
        ({"role_id": "r"}, {}, "approle"),
        ({"role": "r"}, {}, "kubernetes"),
        ({"role": "r", "jwt": "j"}, {}, "jwt"),
        ({"role": "r", "jwt_path": "/p"}, {}, "jwt"),
        ({"role": "r", "jwt_path": "/p", "auth_method": "kubernetes"}, {}, "kubernetes"),
        ({}, {"VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}, "approle"),
        ({}, {"VAULT_AUTH_METHOD": "jwt", "VAULT_ROLE": "r", "VAULT_JWT": "j"}, "jwt"),
    ],
)
def test_method_is_derived(options: dict[str, Any], environ: dict[str, str], method: str) -> None:
    assert resolve_kv(options, {"VAULT_ADDR": URL, **environ}, 8).method == method


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"url": None}, "secret_store.url"),
        ({"url": "vault.example.com"}, "secret_store.url"),
        ({"url": "https://u:p@vault.example.com"}, "secret_store.url"),
        ({"url": "https://@vault.example.com"}, "secret_store.url"),
        ({"url": "https://vault.example.com:port"}, "secret_store.url"),
        ({"url": "https://vault.example.com/?a"}, "secret_store.url"),
        ({"token": None}, "secret_store.token"),
        ({"auth_method": "approle"}, "secret_store.role_id"),
        ({"auth_method": "kubernetes"}, "secret_store.role"),
        ({"auth_method": "jwt", "role": "r"}, "secret_store.jwt"),
        ({"auth_method": "ldap"}, "secret_store.auth_method"),
        ({"mount": "/"}, "secret_store.mount"),
        ({"mount": "a/../b"}, "secret_store.mount"),
        ({"lease": "1s"}, "secret_store.lease"),
        ({"lease": "2h"}, "secret_store.lease"),
        ({"lease": "60"}, "secret_store.lease"),
        ({"timeout": "0s"}, "secret_store.timeout"),
        ({"ca_path": "/nowhere/ca.pem"}, "secret_store.ca_path"),
        ({"path": "objectstore/{account}"}, "secret_store.path"),
    ],
)
def test_option_is_named_that_is_wrong(options: dict[str, Any], named: str) -> None:
    context = StoreContext(clock=RecordingClock(), redactor=Redactor(), run="r", environ={})
    failure = raised(VaultKv2, {"url": URL, "token": "t0ken-own", **options}, context)
    assert failure.kind == "invalid_option"
    assert named in failure.message


def test_what_is_not_safe_is_warned_of() -> None:
    options = {"url": "http://vault.example.com", "token": "t", "validate_certs": False}
    assert len(resolve_kv(options, {}, 8).warnings) == 2
    assert resolve_kv({"url": "http://127.0.0.1:8200", "token": "t"}, {}, 8).warnings == ()


def test_url_may_end_as_the_api_does() -> None:
    assert resolve_kv({"url": f"{URL}/base/v1/", "token": "t"}, {}, 8).url == f"{URL}/base"


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    context = StoreContext(clock=RecordingClock(), redactor=Redactor(), run="r", environ={})
    failure = raised(VaultKv2, {"url": URL, "token": "t0ken-own"}, context)
    assert failure.kind == "invalid_option"
    assert failure.next_step.startswith("pip install 'hvac")


# --- certificates, proxies, and what hvac would do by itself --------------------------------------


def test_server_certificate_is_verified(double: VaultKv2Double, certificates: Certificates) -> None:
    with SimulatorServer(double, certificate=certificates.good.chain) as server:
        doors = Doors(server.url)
        token = double.issue_token()
        failure = raised(doors.open, token=token)
        assert failure.kind == "store_unavailable"
        assert "ca_path" in str(failure.next_step)
        for options in ({"ca_path": certificates.ca.cert_path}, {"validate_certs": False}):
            assert doors.open(token=token, **options).read(PLACE) is None
        environ = {"VAULT_ADDR": server.url, "VAULT_CACERT": certificates.ca.cert_path}
        assert doors.open(environ, token=token).read(PLACE) is None
        for store in doors.opened:
            store.close()


def test_nothing_of_the_process_environment_slips_in(
    doors: Doors, double: VaultKv2Double, monkeypatch: pytest.MonkeyPatch, server: SimulatorServer
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", double.root.id)
    monkeypatch.setenv("VAULT_NAMESPACE", "theirs")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    options = logins(double)["approle"]
    server.log.clear()
    doors.open(**options)
    assert server.log[0].target == "/v1/auth/approle/login"
    # A login carries no token, neither an old one nor the environment's.
    assert "X-Vault-Token" not in server.log[0].headers
    assert all("X-Vault-Namespace" not in entry.headers for entry in server.log)
    assert all(entry.headers.get("X-Vault-Token") != double.root.id for entry in server.log)


def test_login_again_carries_no_old_token(
    doors: Doors, double: VaultKv2Double, server: SimulatorServer
) -> None:
    store = doors.open(**logins(double)["approle"])
    double.revoke()
    server.log.clear()
    store.read(PLACE)
    again = [entry for entry in server.log if entry.target.endswith("/login")]
    assert len(again) == 1
    assert "X-Vault-Token" not in again[0].headers
