# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin s3_fleet in real Ansible: hosts, variables, and answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from .conftest import BIN, Ansible, Run, World, make_world

HOSTILE = "{{ lookup('pipe', 'touch PWNED') }}{% raw %}"
STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
VAULT_PASSWORD = "made-up-vault-password-9100"
IN_VAULT = "Vaulted0Secret0000001"
FROM_ENVIRONMENT = "Environment0Secret001"
PASSWORD_TEMPLATE = "{{ lookup('ansible.builtin.env', 'CLUSTER1_PASSWORD') }}"


def fleet(folder: Path, **content: Any) -> str:
    """Write a fleet's file and return its path."""
    path = folder / "fleet.s3_fleet.yml"
    head = {"plugin": "objectstore.credentials.s3_fleet"}
    path.write_text(yaml.safe_dump({**head, **content}, sort_keys=False))
    return str(path)


def endpoint_of(world: World, **more: Any) -> dict[str, Any]:
    """Return the entry of an endpoint, its secrets from the environment."""
    secrets = {
        name: "{{ lookup('ansible.builtin.env', '" + f"{world.options['platform']}_{name}" + "') }}"
        for name in world.secret_options
    }
    return {**world.plain_options, **secrets, **more}


def environment_of(*worlds: World) -> dict[str, str]:
    """Return the environment that the entries of these worlds look into."""
    return {
        f"{world.options['platform']}_{name}": str(value)
        for world in worlds
        for name, value in world.secret_options.items()
    }


def known_to(
    ansible: Ansible,
    source: str,
    *names: str,
    environment: dict[str, str],
    flags: tuple[str, ...] = (),
) -> dict[str, dict[str, Any]]:
    """Return what each host knows under these names in a play, every template filled in."""
    pairs = ", ".join(f"'{name}': {name} | default(none)" for name in names)
    task = {
        "ansible.builtin.copy": {
            "content": "{{ {" + pairs + "} | to_json }}",
            "dest": str(ansible.folder / "known.{{ inventory_hostname }}.json"),
        },
        "no_log": True,
        "diff": False,
    }
    play = {"hosts": "s3_endpoints"}
    run = ansible.playbook([task], *flags, environment=environment, play=play, inventory=source)
    assert run.code == 0, run.output
    files = ansible.folder.glob("known.*.json")
    return {file.name[6:-5]: json.loads(file.read_text()) for file in files}


def test_endpoints_become_hosts_in_groups(ansible: Ansible, tmp_path: Path) -> None:
    endpoints = {
        "cluster1": {"platform": "ontap", "shards": 3, "region": "eu"},
        "cloud1": {"platform": "huawei", "region": "us"},
        "cluster2": {"platform": "ontap"},
    }
    keyed = [{"key": "s3_rotate_verify.region", "prefix": "region"}]
    groups = {"shared": "s3_rotate_shard is defined"}
    source = fleet(tmp_path, endpoints=endpoints, keyed_groups=keyed, groups=groups)
    run = ansible.inventory("-i", source, "--list", environment=STRICT)
    assert run.code == 0, run.output
    shards = [f"cluster1-shard-0{number}-of-03" for number in (1, 2, 3)]
    assert run.result["s3_endpoints"] == {"children": ["s3_platform_huawei", "s3_platform_ontap"]}
    assert run.result["s3_platform_huawei"]["hosts"] == ["cloud1"]
    assert run.result["s3_platform_ontap"]["hosts"] == [*shards, "cluster2"]
    assert run.result["region_eu"]["hosts"] == run.result["shared"]["hosts"] == shards
    assert run.result["region_us"]["hosts"] == ["cloud1"]
    assert "s3_unreachable" not in run.result
    assert "s3_overlap" not in run.result
    graph = ansible.inventory("-i", source, "--graph", environment=STRICT)
    assert "@s3_platform_ontap" in graph.output
    assert [line.split("--")[1] for line in graph.output.splitlines() if "-of-03" in line][:3] == (
        shards
    )
    one = ansible.inventory("-i", source, "--host", shards[1], environment=STRICT).result
    assert one == {
        "ansible_connection": "local",
        "ansible_python_interpreter": one["ansible_python_interpreter"],
        "s3_rotate_endpoint": "cluster1",
        "s3_rotate_platform": "ontap",
        "s3_rotate_shard": "2/3",
        "s3_rotate_verify": {"region": "eu"},
    }
    assert Path(one["ansible_python_interpreter"]).parent == BIN
    # AWX gives a slice of a job some of the hosts, and what an export says of all.
    export = ansible.inventory("-i", source, "--list", "--export", environment=STRICT).result
    assert export["all"]["vars"] == {
        "s3_fleet_groups_fleet": {
            "s3_endpoints": ["cloud1", *shards, "cluster2"],
            "s3_platform_huawei": ["cloud1"],
            "s3_platform_ontap": [*shards, "cluster2"],
            "region_eu": shards,
            "region_us": ["cloud1"],
            "shared": shards,
        }
    }


def test_values_of_the_file_are_filled_in_and_those_beside_it_are_not(
    ansible: Ansible, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(VAULT_PASSWORD)
    vaulted = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))]).encrypt(IN_VAULT)
    source = fleet(
        tmp_path,
        accounts_file="accounts.yml",
        defaults={"max_age": "{{ limit }}d", "verify": {"timeout": "30s"}},
        endpoints={
            "cluster1": {
                "platform": "ontap",
                "api_password": PASSWORD_TEMPLATE,
                "s3_url": "https://s3.example.com",
                "policies": [{"name": "special", "owner": "{{ inventory_hostname }}"}],
                "vars": {"s3_rotate_note": "{{ s3_rotate_endpoint }}!"},
            },
            "cluster2": {"platform": "ontap", "api_token": "VAULTED"},
        },
    )
    text = Path(source).read_text()
    block = "!vault |\n" + "".join(f"      {line}\n" for line in vaulted.decode().splitlines())
    Path(source).write_text(text.replace("VAULTED\n", block))
    Path(tmp_path, "accounts.yml").write_text(
        f"- {{name: special, owner: nobody}}\n- {{match: 'a*', owner: \"{HOSTILE}\"}}\n"
        "- {name: 0042, endpoint: cluster2, exception: {reason: r, approver: a, until: 2027-01-31}}"
    )
    beside = tmp_path / "group_vars"
    beside.mkdir()
    (beside / "s3_platform_ontap.yml").write_text("limit: 45\ns3_rotate_grace_period: 3d\n")
    known = known_to(
        ansible,
        source,
        "s3_rotate_api_password",
        "s3_rotate_api_token",
        "s3_rotate_max_age",
        "s3_rotate_grace_period",
        "s3_rotate_verify",
        "s3_rotate_policies",
        "s3_rotate_note",
        flags=("--vault-password-file", str(password)),
        environment={"CLUSTER1_PASSWORD": FROM_ENVIRONMENT},
    )
    assert known == {
        "cluster1": {
            "s3_rotate_api_password": FROM_ENVIRONMENT,
            "s3_rotate_api_token": None,
            "s3_rotate_max_age": "45d",
            "s3_rotate_grace_period": "3d",
            "s3_rotate_verify": {"timeout": "30s", "s3_url": "https://s3.example.com"},
            "s3_rotate_policies": [
                {"name": "special", "owner": "cluster1"},
                {"match": "a*", "owner": HOSTILE},
            ],
            "s3_rotate_note": "cluster1!",
        },
        "cluster2": {
            "s3_rotate_api_password": None,
            "s3_rotate_api_token": IN_VAULT,
            "s3_rotate_max_age": "45d",
            "s3_rotate_grace_period": "3d",
            "s3_rotate_verify": {"timeout": "30s"},
            "s3_rotate_policies": [
                {"name": "special", "owner": "nobody"},
                {"match": "a*", "owner": HOSTILE},
                {
                    "name": "0042",
                    "exception": {"reason": "r", "approver": "a", "until": "2027-01-31"},
                },
            ],
            "s3_rotate_note": None,
        },
    }
    assert not (tmp_path / "PWNED").exists()
    listed = ansible.inventory("-i", source, "--list", environment={"CLUSTER1_PASSWORD": "x"})
    assert PASSWORD_TEMPLATE in listed.output
    assert IN_VAULT not in listed.output


@pytest.fixture
def pair_of_worlds() -> Iterator[tuple[World, World]]:
    """A platform with overlap whose name for itself is hostile, and one without."""
    ose, ontap = make_world("ose", accounts=5), make_world("ontap", accounts=2)
    ose.simulator.modes["platform_name"] = HOSTILE
    yield ose, ontap
    ose.server.stop()
    ontap.server.stop()


def test_hosts_reach_their_endpoints(
    ansible: Ansible, tmp_path: Path, pair_of_worlds: tuple[World, World]
) -> None:
    ose, ontap = pair_of_worlds
    endpoints = {"store1": endpoint_of(ose, shards=2), "cluster1": endpoint_of(ontap)}
    options = ["endpoint", "shard", "svm", "tenant", "flavor", "api_username", "api_password"]
    options += ["api_access_key", "api_secret_key", "platform", "api_url"]
    task = {
        "objectstore.credentials.s3_credential_info": {
            "all": True,
            **{name: "{{ s3_rotate_" + name + " | default(omit) }}" for name in options},
        },
        "register": "listed",
    }
    told = {
        "ansible.builtin.copy": {
            "content": "{{ listed.totals.accounts }}",
            "dest": str(tmp_path / "count.{{ inventory_hostname }}"),
        }
    }
    run = ansible.playbook(
        [task, told],
        environment=environment_of(ose, ontap),
        play={"hosts": "s3_endpoints"},
        inventory=fleet(tmp_path, endpoints=endpoints),
    )
    assert run.code == 0, run.output
    counts = {file.name[6:]: int(file.read_text()) for file in tmp_path.glob("count.*")}
    assert sorted(counts) == ["cluster1", "store1-shard-01-of-02", "store1-shard-02-of-02"]
    assert counts.pop("cluster1") == 2
    assert sum(counts.values()) == 5


def asked(ansible: Ansible, source: str, *worlds: World, **more: str) -> Run:
    """Return what ansible-inventory lists, having asked the endpoints."""
    environment = {**STRICT, **environment_of(*worlds), **more}
    run = ansible.inventory("-i", source, "--list", environment=environment)
    assert run.code == 0, run.output
    return run


def test_endpoints_are_asked_and_what_they_say_is_never_a_template(
    ansible: Ansible, tmp_path: Path, pair_of_worlds: tuple[World, World]
) -> None:
    ose, ontap = pair_of_worlds
    source = fleet(
        tmp_path,
        ask=True,
        compose={"shown": "s3_fleet_product"},
        strict=True,
        endpoints={
            "store1": endpoint_of(ose, shards=2),
            "cluster1": endpoint_of(ontap),
            "down1": {**endpoint_of(ontap), "api_url": "http://127.0.0.1:9", "timeout": "2s"},
            "odd1": {"platform": "ose", "api_url": "{{ nowhere_to_be_found }}"},
        },
    )
    run = asked(ansible, source, ose, ontap)
    shards = ["store1-shard-01-of-02", "store1-shard-02-of-02"]
    assert run.result["s3_overlap"]["hosts"] == shards
    assert run.result["s3_in_place"]["hosts"] == ["cluster1"]
    assert run.result["s3_unreachable"]["hosts"] == ["down1", "odd1"]
    assert "Endpoint down1" in run.output
    assert "Endpoint odd1" in run.output
    assert not [secret for secret in ose.secrets() + ontap.secrets() if secret in run.output]
    assert not [logged for logged in ose.server.log + ontap.server.log if logged.writes]
    known = known_to(
        ansible,
        source,
        *(f"s3_fleet_{name}" for name in ("reachable", "product", "accounts", "version")),
        "shown",
        "s3_fleet_facts",
        "s3_fleet_failure",
        environment=environment_of(ose, ontap),
    )
    facts = known["cluster1"].pop("s3_fleet_facts")
    assert facts["overlap"] is False
    assert facts["secret_comes_back"]
    assert known["cluster1"] == {
        "s3_fleet_reachable": True,
        "s3_fleet_product": "ONTAP",
        "s3_fleet_accounts": 2,
        "s3_fleet_version": known["cluster1"]["s3_fleet_version"],
        "shown": "ONTAP",
        "s3_fleet_failure": None,
    }
    assert known[shards[0]]["s3_fleet_product"] == known[shards[0]]["shown"] == HOSTILE
    assert known[shards[0]]["s3_fleet_accounts"] == 5
    assert known["down1"]["s3_fleet_reachable"] is False
    assert known["down1"]["s3_fleet_failure"]["kind"] == "unreachable"
    assert not (tmp_path / "PWNED").exists()


def test_answers_are_kept_and_asked_for_again_where_they_may_be_wrong(
    ansible: Ansible, tmp_path: Path, pair_of_worlds: tuple[World, World]
) -> None:
    ose, ontap = pair_of_worlds
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "kept")}
    endpoints = {"store1": endpoint_of(ose), "cluster1": endpoint_of(ontap)}
    source = fleet(tmp_path, ask=True, **cache, endpoints=endpoints)
    first = asked(ansible, source, ose, ontap).result
    seen = len(ose.server.log)
    assert seen
    again = asked(ansible, source, ose, ontap).result
    assert len(ose.server.log) == seen
    assert again == first
    kept = "".join(path.read_text() for path in (tmp_path / "kept").iterdir())
    assert not [secret for secret in ose.secrets() + ontap.secrets() if secret in kept]
    known = known_to(ansible, source, "s3_fleet_product", environment=environment_of(ose, ontap))
    assert known["store1"]["s3_fleet_product"] == HOSTILE
    assert not (tmp_path / "PWNED").exists()
    # Another URL is another endpoint, and the one that did not change is not asked.
    endpoints["store1"]["api_url"] = endpoints["store1"]["api_url"].replace(
        "127.0.0.1", "localhost"
    )
    fleet(tmp_path, ask=True, **cache, endpoints=endpoints)
    before = len(ontap.server.log)
    asked(ansible, source, ose, ontap)
    assert len(ose.server.log) > seen
    assert len(ontap.server.log) == before
    seen = len(ose.server.log)
    asked(ansible, source, ose, ontap, ANSIBLE_INVENTORY_CACHE="false")
    # The file says that there is a cache, which the environment does not change.
    assert len(ose.server.log) == seen
    known_to(ansible, source, flags=("--flush-cache",), environment=environment_of(ose, ontap))
    assert len(ose.server.log) > seen


def test_wrong_file_is_refused_with_all_that_is_wrong_and_no_secret(
    ansible: Ansible, tmp_path: Path
) -> None:
    source = fleet(
        tmp_path,
        endpoints={
            "cluster1": {"platform": "ontap", "api_ulr": "https://x", "api_password": IN_VAULT},
            "cloud1": {"platform": "huawei", "verify": {"s3url": "https://x"}},
        },
    )
    run = ansible.inventory("-i", source, "--list", environment=STRICT)
    assert run.code != 0
    output = " ".join(run.output.split())
    assert "endpoints.cluster1: there is no option 'api_ulr'; did you mean api_url" in output
    assert "endpoints.cluster1.api_password is a secret in plain text" in output
    assert "endpoints.cloud1.verify: there is no suboption 's3url'; did you mean s3_url" in output
    assert IN_VAULT not in run.output
    fleet(tmp_path, endpoint={}, endpoints={"a": {"platform": "ose"}})
    run = ansible.inventory("-i", source, "--list", environment=STRICT)
    assert "there is no option 'endpoint'; did you mean endpoints" in " ".join(run.output.split())


def test_documentation_can_be_read(ansible: Ansible) -> None:
    command = ["-t", "inventory", "objectstore.credentials.s3_fleet"]
    done = subprocess.run(
        [str(BIN / "ansible-doc"), *command],
        capture_output=True,
        text=True,
        check=False,
        env=ansible.environment,
    )
    assert done.returncode == 0, done.stderr
    assert "accounts_file" in done.stdout
    assert "keyed_groups" in done.stdout
