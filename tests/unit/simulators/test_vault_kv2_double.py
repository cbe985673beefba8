# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of a KV version 2 server, as hvac finds it: each call of its KV API, each refusal."""

from __future__ import annotations

from typing import Any, Callable, Union

import hvac
import pytest
import requests
from hvac.exceptions import (
    Forbidden,
    InternalServerError,
    InvalidPath,
    InvalidRequest,
    RateLimitExceeded,
    UnexpectedError,
    VaultDown,
    VaultError,
)

from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double
from ansible_collections.objectstore.credentials.tests.unit.support import reset

Refused = Union[type[VaultError], tuple[type[VaultError], ...]]


@pytest.fixture
def double(server: SimulatorServer) -> VaultKv2Double:
    """A double behind the running server."""
    made = VaultKv2Double()
    reset(server, made)
    return made


@pytest.fixture
def client(double: VaultKv2Double, server: SimulatorServer) -> hvac.Client:
    """hvac, logged in as root."""
    return hvac.Client(url=server.url, token=double.root.id)


@pytest.fixture
def kv(client: hvac.Client) -> Any:
    """hvac's KV version 2."""
    return client.secrets.kv.v2


def refused(work: Callable[..., Any], *args: Any, **named: Any) -> VaultError:
    """Return what hvac raises."""
    with pytest.raises(VaultError) as caught:
        work(*args, **named)
    return caught.value


def read(kv: Any, path: str = "a/b", **named: Any) -> Any:
    """Read as hvac 3 will."""
    return kv.read_secret_version(path, raise_on_deleted_version=True, **named)


# --- data -----------------------------------------------------------------------------------------


def test_versions_are_kept_and_read(kv: Any) -> None:
    first = kv.create_or_update_secret("a/b", {"x": 1, "y": {"z": [None, True, 1.5]}})["data"]
    assert (first["version"], first["destroyed"], first["deletion_time"]) == (1, False, "")
    kv.create_or_update_secret("a/b", {"x": 2})
    latest = read(kv)
    assert latest["data"]["data"] == {"x": 2}
    assert latest["data"]["metadata"]["version"] == 2
    assert latest["mount_type"] == "kv"
    old = read(kv, version=1)["data"]
    assert (old["data"], old["metadata"]["version"]) == ({"x": 1, "y": {"z": [None, True, 1.5]}}, 1)
    assert isinstance(refused(read, kv, version=3), InvalidPath)


def test_check_and_set(kv: Any, double: VaultKv2Double) -> None:
    mismatch = "check-and-set parameter did not match the current version"
    assert refused(kv.create_or_update_secret, "a/b", {}, cas=1).errors == [mismatch]
    kv.create_or_update_secret("a/b", {"x": 1}, cas=0)
    assert refused(kv.create_or_update_secret, "a/b", {}, cas=0).errors == [mismatch]
    kv.create_or_update_secret("a/b", {"x": 2}, cas=1)
    assert isinstance(refused(kv.create_or_update_secret, "a/b", {}, cas=1), InvalidRequest)
    # A deleted version counts on, a forgotten secret does not.
    kv.delete_latest_version_of_secret("a/b")
    assert refused(kv.create_or_update_secret, "a/b", {}, cas=0).errors == [mismatch]
    kv.create_or_update_secret("a/b", {"x": 3}, cas=2)
    kv.delete_metadata_and_all_versions("a/b")
    assert kv.create_or_update_secret("a/b", {}, cas=0)["data"]["version"] == 1


def test_check_and_set_may_be_required(kv: Any) -> None:
    required = "check-and-set parameter required for this call"
    kv.configure(cas_required=True)
    assert refused(kv.create_or_update_secret, "a/b", {}).errors == [required]
    kv.create_or_update_secret("a/b", {}, cas=0)
    kv.configure(cas_required=False)
    kv.create_or_update_secret("a/b", {})
    kv.update_metadata("a/b", cas_required=True)
    assert refused(kv.create_or_update_secret, "a/b", {}).errors == [required]
    kv.patch("a/b", {"x": 1})
    assert read(kv)["data"]["data"] == {"x": 1}


def test_deleted_version_is_shown_by_its_metadata_only(kv: Any) -> None:
    kv.create_or_update_secret("a/b", {"x": 1})
    kv.delete_latest_version_of_secret("a/b")
    error = refused(read, kv)
    assert isinstance(error, InvalidPath)
    assert error.json["data"]["data"] is None
    assert error.json["data"]["metadata"]["deletion_time"]
    assert not error.json["data"]["metadata"]["destroyed"]
    kv.undelete_secret_versions("a/b", [1])
    assert read(kv)["data"]["data"] == {"x": 1}
    kv.delete_secret_versions("a/b", [1])
    shown = kv.read_secret_version("a/b", raise_on_deleted_version=False)
    assert shown["data"]["metadata"]["version"] == 1


def test_destroyed_version_is_gone_for_good(kv: Any, double: VaultKv2Double) -> None:
    for number in range(3):
        kv.create_or_update_secret("a/b", {"x": number})
    kv.destroy_secret_versions("a/b", [1, 2, 77])
    kv.destroy_secret_versions("a/b", [1])
    kv.undelete_secret_versions("a/b", [1])
    assert refused(read, kv, version=1).json["data"]["metadata"]["destroyed"]
    versions = kv.read_secret_metadata("a/b")["data"]["versions"]
    assert [versions[number]["destroyed"] for number in "123"] == [True, True, False]
    assert [double.kv.secrets["a/b"].versions[n].data for n in (1, 2, 3)] == [None, None, {"x": 2}]
    assert kv.destroy_secret_versions("nothing/here", [1]).status_code == 204


def test_old_versions_fall_out(kv: Any) -> None:
    for number in range(12):
        kv.create_or_update_secret("a/b", {"x": number})
    metadata = kv.read_secret_metadata("a/b")["data"]
    assert sorted(metadata["versions"], key=int) == [str(n) for n in range(3, 13)]
    assert (metadata["oldest_version"], metadata["current_version"]) == (3, 12)
    kv.update_metadata("a/b", max_versions=2)
    kv.create_or_update_secret("a/b", {"x": 12})
    assert sorted(kv.read_secret_metadata("a/b")["data"]["versions"]) == ["12", "13"]
    kv.configure(max_versions=1)
    kv.create_or_update_secret("c", {})
    kv.create_or_update_secret("c", {})
    assert sorted(kv.read_secret_metadata("c")["data"]["versions"]) == ["2"]


@pytest.mark.parametrize(
    ("mount", "path", "lasts"),
    [
        ("1h", "0s", 3600),
        ("0s", "90m", 5400),
        ("1h", "2h", 3600),
        ("2h", "30s", 30),
        ("-1s", "1h", None),
        ("0s", "0s", None),
    ],
)
def test_versions_delete_themselves(
    kv: Any, double: VaultKv2Double, mount: str, path: str, lasts: int | None
) -> None:
    kv.configure(delete_version_after=mount)
    kv.update_metadata("a/b", delete_version_after=path)
    written = kv.create_or_update_secret("a/b", {"x": 1})["data"]
    assert bool(written["deletion_time"]) is (lasts is not None)
    double.clock.advance((lasts or 10**6) - 5)
    assert read(kv)["data"]["data"] == {"x": 1}
    double.clock.advance(10)
    if lasts is None:
        assert read(kv)["data"]["data"] == {"x": 1}
    else:
        assert refused(read, kv).json["data"]["metadata"]["version"] == 1


# --- metadata -------------------------------------------------------------------------------------


def test_configuration_and_metadata_are_read_as_written(kv: Any) -> None:
    kv.configure(max_versions=5, cas_required=True, delete_version_after="3h25m19s")
    assert kv.read_configuration()["data"] == {
        "max_versions": 5,
        "cas_required": True,
        "delete_version_after": "3h25m19s",
    }
    kv.update_metadata("a/b", max_versions=3, cas_required=True, custom_metadata={"owner": "me"})
    metadata = kv.read_secret_metadata("a/b")["data"]
    assert (metadata["max_versions"], metadata["current_version"]) == (3, 0)
    assert metadata["custom_metadata"] == {"owner": "me"}
    assert isinstance(refused(read, kv), InvalidPath)
    assert kv.create_or_update_secret("a/b", {}, cas=0)["data"]["custom_metadata"] == {
        "owner": "me"
    }
    kv.update_metadata("a/b", custom_metadata={"state": "current"})
    assert read(kv)["data"]["metadata"]["custom_metadata"] == {"state": "current"}


@pytest.mark.parametrize(
    "custom",
    [
        {f"k{number}": "v" for number in range(65)},
        {"k" * 129: "v"},
        {"k": "v" * 513},
        {"k": "ü" * 257},
        {"k": ""},
        {"": "v"},
        {"k": "a\nb"},
        {"k": ["v"]},
    ],
)
def test_custom_metadata_has_limits(kv: Any, custom: dict[str, Any]) -> None:
    error = refused(kv.update_metadata, "a/b", custom_metadata=custom)
    assert isinstance(error, InvalidRequest)
    assert "custom_metadata validation failed" in str(error)


def test_list_shows_names_and_folders(kv: Any, client: hvac.Client) -> None:
    for path in ("top", "a/b", "a/c/d", "a"):
        kv.create_or_update_secret(path, {})
    assert kv.list_secrets("")["data"]["keys"] == ["a", "a/", "top"]
    assert kv.list_secrets("a")["data"]["keys"] == ["b", "c/"]
    assert client.list("secret/metadata/a/")["data"]["keys"] == ["b", "c/"]
    error = refused(kv.list_secrets, "nowhere")
    assert (error.errors, error.json) == ([], {"errors": []})


def test_nothing_is_told_from_no_mount(kv: Any, double: VaultKv2Double) -> None:
    assert refused(read, kv).json == {"errors": []}
    assert refused(kv.read_secret_metadata, "a/b").json == {"errors": []}
    error = refused(read, kv, mount_point="elsewhere")
    assert isinstance(error, InvalidPath)
    assert "no handler for route" in str(error)
    # Version 1 answers as if there were just no such secret: that is the trap.
    double.add_mount("old", version=1)
    assert refused(read, kv, mount_point="old").json == {"errors": []}


@pytest.mark.parametrize("name", ["a b", "ü", "a%20b", "a+b", "~41", "a:b@c", "😀"])
def test_odd_names_are_their_own(kv: Any, name: str) -> None:
    kv.create_or_update_secret(f"odd/{name}", {"name": name})
    assert read(kv, f"odd/{name}")["data"]["data"] == {"name": name}
    assert kv.list_secrets("odd")["data"]["keys"] == [name]


# --- who may what ---------------------------------------------------------------------------------


def test_policy_of_a_rotating_run(double: VaultKv2Double, server: SimulatorServer) -> None:
    kv = hvac.Client(url=server.url, token=double.issue_token()).secrets.kv.v2
    path = "objectstore/ontap/lab/app"
    kv.create_or_update_secret(path, {}, cas=0)
    kv.create_or_update_secret(path, {}, cas=1)
    kv.update_metadata(path, custom_metadata={"a": "b"})
    kv.destroy_secret_versions(path, [1])
    assert kv.list_secrets("objectstore/ontap/lab")["data"]["keys"] == ["app"]
    for work, args in (
        (kv.delete_metadata_and_all_versions, (path,)),
        (kv.delete_latest_version_of_secret, (path,)),
        (kv.undelete_secret_versions, (path, [1])),
        (kv.create_or_update_secret, ("other", {})),
        (kv.list_secrets, ("",)),
        (kv.read_configuration, ()),
    ):
        error = refused(work, *args)
        assert isinstance(error, Forbidden)
        assert error.errors == ["1 error occurred:\n\t* permission denied\n\n"]


def test_create_and_update_are_two_rights(double: VaultKv2Double, server: SimulatorServer) -> None:
    double.allow("maker", "secret/data/+/x*", "create")
    double.allow("maker", "secret/data/one/xx", "deny")
    kv = hvac.Client(url=server.url, token=double.issue_token("maker")).secrets.kv.v2
    kv.create_or_update_secret("one/x", {})
    for path in ("one/x", "one/xx", "one/two/x"):
        assert isinstance(refused(kv.create_or_update_secret, path, {}), Forbidden)


@pytest.mark.parametrize("shape", ["long", "short"])
def test_token_ends(double: VaultKv2Double, server: SimulatorServer, shape: str) -> None:
    double.modes["invalid_token"] = shape
    client = hvac.Client(url=server.url, token=double.issue_token(ttl=600))
    assert client.auth.token.lookup_self()["data"]["creation_ttl"] == 600
    double.clock.advance(500)
    client.auth.token.renew_self()
    double.clock.advance(500)
    assert 0 < client.auth.token.lookup_self()["data"]["ttl"] <= 100
    double.clock.advance(200)
    error = refused(client.auth.token.lookup_self)
    assert isinstance(error, Forbidden)
    assert ("invalid token" in str(error)) is (shape == "long")
    revoked = hvac.Client(url=server.url, token=double.issue_token())
    revoked.auth.token.revoke_self()
    assert isinstance(refused(revoked.auth.token.lookup_self), Forbidden)
    assert isinstance(
        refused(hvac.Client(url=server.url, token="").secrets.kv.v2.list_secrets, ""), Forbidden
    )


def test_logins(double: VaultKv2Double, server: SimulatorServer) -> None:
    approle = double.add_role("approle", "app")
    kubernetes = double.add_role("kubernetes", "pod")
    jwt = double.add_role("jwt", "job", ttl=60)
    secret_id = next(iter(approle.secret_ids))
    ways: tuple[Callable[[Any], Any], ...] = (
        lambda c: c.auth.approle.login(approle.role_id, secret_id),
        lambda c: c.auth.kubernetes.login("pod", next(iter(kubernetes.jwts))),
        lambda c: c.auth.jwt.jwt_login("job", next(iter(jwt.jwts))),
    )
    for login in ways:
        client = hvac.Client(url=server.url, token="")
        auth = login(client)["auth"]
        assert auth["policies"] == ["default", "rotator"]
        client.secrets.kv.v2.create_or_update_secret("objectstore/x", {})
    client = hvac.Client(url=server.url, token="")
    for refusal in (
        lambda: client.auth.approle.login("wrong", secret_id),
        lambda: client.auth.approle.login(approle.role_id, "wrong"),
        lambda: client.auth.approle.login(approle.role_id, secret_id, mount_point="elsewhere"),
        lambda: client.auth.kubernetes.login("pod", "wrong"),
        lambda: client.auth.kubernetes.login("wrong", "wrong"),
        lambda: client.auth.jwt.jwt_login("job", "wrong"),
    ):
        assert isinstance(refused(refusal), (Forbidden, InvalidRequest, InvalidPath))
    approle.secret_ids["once"] = 1
    client.auth.approle.login(approle.role_id, "once")
    assert isinstance(refused(client.auth.approle.login, approle.role_id, "once"), InvalidRequest)


def test_namespace(server: SimulatorServer) -> None:
    double = VaultKv2Double(namespace="team/a")
    reset(server, double)
    inside = hvac.Client(url=server.url, token=double.root.id, namespace="team/a")
    inside.secrets.kv.v2.create_or_update_secret("a", {})
    for namespace in (None, "team/b"):
        outside = hvac.Client(url=server.url, token=double.root.id, namespace=namespace)
        assert isinstance(refused(outside.secrets.kv.v2.list_secrets, ""), Forbidden)


# --- states of a server, and how strict it is -----------------------------------------------------


@pytest.mark.parametrize(
    ("modes", "error", "said"),
    [
        ({"sealed": True}, VaultDown, "Vault is sealed"),
        ({"standby": "lost"}, InternalServerError, "active cluster node not found"),
        ({"upgrading": True}, InvalidRequest, "Upgrading from non-versioned"),
    ],
)
def test_state_of_the_server(
    client: hvac.Client, double: VaultKv2Double, modes: dict[str, Any], error: Refused, said: str
) -> None:
    double.modes.update(modes)
    found = refused(client.secrets.kv.v2.list_secrets, "")
    assert isinstance(found, error)
    assert said in str(found)
    assert client.sys.read_seal_status()["sealed"] is bool(modes.get("sealed"))


def test_standby_sends_to_the_active_node(client: hvac.Client, double: VaultKv2Double) -> None:
    double.modes["standby"] = "redirect"
    answer = requests.get(
        f"{client.url}/v1/secret/data/a", allow_redirects=False, timeout=5, headers={}
    )
    assert answer.status_code == 307
    assert answer.headers["Location"].endswith("/v1/secret/data/a")
    assert client.sys.read_health_status(method="GET").status_code == 429


def test_mount_is_shown_to_those_with_a_right_in_it(
    double: VaultKv2Double, server: SimulatorServer
) -> None:
    double.add_mount("old", version=1)
    client = hvac.Client(url=server.url, token=double.issue_token())
    data = client.adapter.get("/v1/sys/internal/ui/mounts/secret")["data"]
    assert (data["path"], data["type"], data["options"]) == ("secret/", "kv", {"version": "2"})
    for mount in ("old", "elsewhere"):
        error = refused(client.adapter.get, f"/v1/sys/internal/ui/mounts/{mount}")
        assert isinstance(error, Forbidden)
        assert "preflight capability check returned 403" in str(error)
    root = hvac.Client(url=server.url, token=double.root.id)
    assert root.adapter.get("/v1/sys/internal/ui/mounts/old/x")["data"]["options"] is None


def test_server_refuses_what_is_not_documented(
    client: hvac.Client, double: VaultKv2Double, server: SimulatorServer
) -> None:
    adapter = client.adapter
    before = double.writes
    for work in (
        lambda: adapter.post("/v1/secret/data/a", json={"data": {}, "typo": 1}),
        lambda: adapter.post("/v1/secret/data/a", json={"options": {"cas": 0}}),
        lambda: adapter.post("/v1/secret/data/a", json={"data": {}, "options": {"max": 1}}),
        lambda: adapter.post("/v1/secret/data/a", json={"data": {}, "options": {"cas": "0"}}),
        lambda: adapter.post("/v1/secret/data/a", json={"data": "text"}),
        lambda: adapter.post("/v1/secret/data/a", json=["data"]),
        lambda: adapter.post("/v1/secret/data/a", data=b"{}"),
        lambda: adapter.post("/v1/secret/destroy/a", json={"versions": []}),
        lambda: adapter.post("/v1/secret/metadata/a", json={"delete_version_after": "soon"}),
        lambda: adapter.get("/v1/secret/data/a", params={"page": 2}),
        lambda: adapter.get("/v1/secret/destroy/a"),
        lambda: adapter.get("/v1/secret/nothing/a"),
        lambda: adapter.delete("/v1/secret/config"),
        lambda: adapter.request("patch", "/v1/secret/data/a", json={"data": {}}),
    ):
        refused(work)
    assert double.writes == before
    server.faults.add("status", status=429, headers={"Retry-After": "1"}, body={"errors": []})
    assert isinstance(refused(client.secrets.kv.v2.list_secrets, ""), RateLimitExceeded)
    server.faults.add("status", status=473)
    assert isinstance(refused(client.secrets.kv.v2.list_secrets, ""), UnexpectedError)


def test_wrapping_header_is_tolerated_and_nothing_secret_is_hidden(
    client: hvac.Client, double: VaultKv2Double
) -> None:
    client.secrets.kv.v2.create_or_update_secret("a", {"x": 1})
    assert client.read("secret/data/a", wrap_ttl="60s")["data"]["data"] == {"x": 1}
    assert double.root.id in double.secrets()
