# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Ceph gateway: lives of keys through Ansible, TLS, tenants, and what it alone shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef, Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ceph_rgw import (
    CephRgw,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier
from ansible_collections.objectstore.credentials.tests.functional.conftest import (
    Ansible,
    Run,
    assert_no_secret,
)
from ansible_collections.objectstore.credentials.tests.lab.ceph_gateway import (
    Behind,
    running_cluster,
)
from ansible_collections.objectstore.credentials.tests.simulators import ceph_rgw
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, raised

SIGNED = dict(ceph_rgw.SIMULATOR.VARIANTS["16.2"].options)
PAIR = Pair("CHOSENBYTHECALLER001", "Chosen0Secret0Of0The0Caller0000000000001")
VAULT_PASSWORD = "the vault's password, a canary"
TLS = pytest.mark.parametrize("over_tls", [False, True], ids=["http", "tls"])


class Lab:
    """The gateway, emptied, and platforms opened at it."""

    def __init__(self) -> None:
        self.gateway = running_cluster().gateway
        self.behind = Behind(self.gateway)
        self.behind.clear()
        self._clients: list[Client] = []

    def reached(self, over_tls: bool = False) -> dict[str, Any]:
        """Return the options that lead to it, the login left out."""
        if over_tls:
            return {"api_url": self.gateway.tls_url, "ca_path": self.gateway.ca_path}
        return {"api_url": self.gateway.url}

    def open(self, over_tls: bool = False, **options: Any) -> CephRgw:
        """Return a platform, connected."""
        given = {"endpoint": "lab", **SIGNED, **self.reached(over_tls), **options}
        settings = resolve(given, "ceph_rgw", CephRgw.SCOPE, {})
        client = Client(settings, Redactor(), RecordingClock())
        self._clients.append(client)
        platform = CephRgw(settings, client)
        platform.connect()
        return platform

    def user(self, platform: CephRgw, name: str = "backup", **more: str) -> Any:
        """Make a user with one key, and return it as the platform sees it."""
        self.behind.make_user(name, {f"OLDKEY{len(name):014d}": f"old secret of {name}"}, **more)
        return platform.account(AccountRef(name=name))

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A gateway with nobody in it but the login."""
    opened = Lab()
    yield opened
    opened.close()


# --- the gateway by itself -------------------------------------------------------------------


@TLS
def test_pair_of_ours_works_and_is_refused_once_deleted(lab: Lab, over_tls: bool) -> None:
    platform = lab.open(over_tls)
    account = lab.user(platform)
    for _unused in range(2):
        assert platform.create_access_key(account, pair=PAIR).pair == PAIR
    verify = {"s3_url": platform.settings.api_url, "ca_path": platform.settings.ca_path}
    verifier = Verifier(verify, platform.settings, Redactor(), RecordingClock())
    try:
        assert verifier.probe(PAIR).works
        platform.delete_access_key(platform.find_access_key(PAIR.access_key))
        assert verifier.probe(PAIR).is_refusal
    finally:
        verifier.close()
    assert [row["access_key"] for row in lab.behind.rows("backup")] == ["OLDKEY00000000000006"]


def test_certificate_of_an_unknown_ca_is_refused(lab: Lab) -> None:
    exc = raised(lab.open, True, ca_path=None)
    assert exc.kind == "tls"
    assert "ca_path" in exc.next_step


def test_tenants_and_subusers_are_accounts_with_keys_of_their_own(lab: Lab) -> None:
    everybody = lab.open()
    lab.user(everybody, "acme$backup")
    lab.user(everybody, "other$backup2")
    lab.behind.make_key("acme$backup", "SUBKEY00000000000001", "of the subuser", subuser="reader")
    platform = lab.open(tenant="acme")
    assert sorted(a.name for a in platform.accounts()) == ["acme$backup", "acme$backup:reader"]
    subuser = platform.account(AccountRef(name="backup:reader"))
    platform.create_access_key(subuser, pair=PAIR)
    rows = {row["access_key"]: row["user"] for row in lab.behind.rows("acme$backup")}
    assert rows[PAIR.access_key] == "acme$backup:reader"
    platform.delete_access_key(platform.find_access_key("SUBKEY00000000000001"))
    (key,) = platform.access_keys(subuser)
    assert key.access_key == PAIR.access_key
    (of_user,) = platform.access_keys(platform.account(AccountRef(name="backup")))
    assert of_user.access_key not in (PAIR.access_key, "SUBKEY00000000000001")


def test_pair_of_a_suspended_user_is_found_right(lab: Lab) -> None:
    platform = lab.open()
    account = lab.user(platform)
    platform.create_access_key(account, pair=PAIR)
    lab.behind.must("POST", uid="backup", suspended="true")
    assert platform.account(AccountRef(name="backup")).enabled is False
    verify = {"s3_url": lab.gateway.url}
    verifier = Verifier(verify, platform.settings, Redactor(), RecordingClock())
    try:
        verdict = verifier.probe(PAIR)
        assert verdict.code == "UserSuspended"
        assert verdict.works
        assert verifier.probe(Pair(PAIR.access_key, "another secret")).is_refusal
    finally:
        verifier.close()


def test_key_that_is_gone_and_a_login_that_is_gone_differ(lab: Lab) -> None:
    platform = lab.open()
    account = lab.user(platform)
    (key,) = platform.access_keys(account)
    platform.delete_access_key(key)
    assert raised(platform.delete_access_key, key).kind == "not_found"
    assert raised(platform.find_access_key, key.access_key).kind == "not_found"
    lab.behind.remove_user(ceph_rgw.ADMIN)
    assert raised(platform.delete_access_key, key).kind == "authentication"


def test_this_release_takes_no_active_and_says_so(lab: Lab) -> None:
    platform = lab.open()
    account = lab.user(platform)
    (key,) = platform.access_keys(account)
    assert not platform.facts.can_disable
    # Why it is looked at and not tried: the gateway answers success to what it ignores.
    lab.behind.must(
        "PUT", "key", uid="backup", access_key=key.access_key, generate_key="false",
        secret_key="old secret of backup", active="false",
    )  # fmt: skip
    assert lab.behind.is_honoured(key.access_key, "old secret of backup")


def test_secret_stays_out_of_the_log_of_a_gateway_that_is_told_so(lab: Lab) -> None:
    cluster = running_cluster()
    loud, quiet = cluster.gateway, cluster.add_gateway("quiet", {"debug rgw": "0/0"})
    account = lab.user(lab.open())
    pairs = [
        Pair(f"LOGGEDKEY0000000000{n}", f"Secret0that0a0log0may0hold000000000000{n}") for n in "12"
    ]
    for gateway, pair in zip((loud, quiet), pairs):
        lab.open(api_url=gateway.url).create_access_key(account, pair=pair)
    logs = "".join(
        path.read_text(errors="replace") for path in (cluster.directory / "log").glob("client*")
    )
    assert pairs[0].secret_key in logs, "the guide warns of it"
    assert pairs[1].secret_key not in logs
    # Both gateways know at once what one of them was told.
    assert lab.behind.is_honoured(pairs[1].access_key, pairs[1].secret_key)


# --- through Ansible -------------------------------------------------------------------------


class Story:
    """Tasks of s3_access_key_rotate on the gateway, one after the other."""

    def __init__(self, lab: Lab, folder: Path, over_tls: bool) -> None:
        self._ansible = Ansible(folder)
        self._environment = self._ansible.credentials_file({"ceph": SIGNED})
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(VAULT_PASSWORD)
        s3 = {"s3_url": lab.gateway.tls_url if over_tls else lab.gateway.url}
        self._options = {
            "platform": "ceph_rgw",
            "endpoint": "ceph",
            **lab.reached(over_tls),
            "verify": {**s3, "ca_path": lab.gateway.ca_path} if over_tls else s3,
            "secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(password),
            },
        }
        self.output = ""

    def task(self, *flags: str, **options: Any) -> Run:
        """Run one task in a play of its own."""
        task = {"objectstore.credentials.s3_access_key_rotate": {**self._options, **options}}
        told = {"debug": {"msg": "RESULT {{ done | to_json }} END"}}
        run = self._ansible.playbook(
            [{**task, "register": "done"}, told], *flags, environment=self._environment
        )
        self.output += run.output
        assert run.code == 0, run.output
        _before, _unused, rest = run.output.partition("RESULT ")
        run.result = json.loads(json.loads(f'"{rest.partition(" END")[0]}"'))
        return run

    def stored(self, name: str) -> Pair:
        """Return the stored pair, by the lookup."""
        lookup = (
            f"lookup('objectstore.credentials.s3_secret', '{name}', platform='ceph_rgw',"
            f" endpoint='ceph', secret_store=store)"
        )
        path = self._ansible.folder / "pair"
        tasks = [{"copy": {"content": "{{ " + lookup + " | to_json }}", "dest": str(path)}}]
        play = {"vars": {"store": self._options["secret_store"]}}
        run = self._ansible.playbook(tasks, play=play)
        assert run.code == 0, run.output
        return Pair(**json.loads(path.read_text()))


@TLS
def test_whole_life_of_a_key_through_ansible(lab: Lab, tmp_path: Path, over_tls: bool) -> None:
    lab.user(lab.open())
    (old,) = lab.behind.rows("backup")
    story = Story(lab, tmp_path, over_tls)
    planned = story.task("--check", users=["backup"], adopt="rotate")
    assert planned.result["changed"]
    assert lab.behind.rows("backup") == [old]
    rotated = story.task(users=["backup"], adopt="rotate").result["accounts"][0]
    assert (rotated["action"], rotated["previous_access_key"]) == ("rotated", old["access_key"])
    new = story.stored("backup")
    assert new.access_key == rotated["access_key"]
    assert lab.behind.is_honoured(new.access_key, new.secret_key)
    assert lab.behind.is_honoured(old["access_key"], old["secret_key"])
    again = story.task(users=["backup"])
    assert not again.result["changed"]
    ended = story.task(users=["backup"], grace_period="0s", soak_period="0s", settle="1s")
    assert [account["action"] for account in ended.result["accounts"]] == ["deleted"]
    assert not lab.behind.is_honoured(old["access_key"], old["secret_key"])
    assert lab.behind.is_honoured(new.access_key, new.secret_key)
    assert [row["access_key"] for row in lab.behind.rows("backup")] == [new.access_key]
    secrets = [new.secret_key, old["secret_key"], SIGNED["api_secret_key"], VAULT_PASSWORD]
    assert_no_secret(story.output, secrets)
