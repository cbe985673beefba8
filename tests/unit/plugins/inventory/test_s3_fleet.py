# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints of a fleet's file: what they become, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.inventory.s3_fleet import InventoryModule
from ansible_collections.objectstore.credentials.plugins.plugin_utils import fleet_options
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet import (
    KNOWN,
    WORDS,
    Endpoint,
    FleetError,
    read_fleet,
)

FILE = "x.s3_fleet.yml"
SECRET = "Plain0Secret0000000001"
TEMPLATE = "{{ lookup('ansible.builtin.env', 'PASSWORD') }}"


def endpoints(defaults: Any = None, **entries: Any) -> dict[str, Endpoint]:
    """Return the endpoints of a file by their names."""
    config = {"defaults": defaults, "endpoints": entries}
    return {endpoint.name: endpoint for endpoint in read_fleet(config, FILE)}


def refusal(defaults: Any = None, **entries: Any) -> str:
    """Return why a file is refused."""
    with pytest.raises(FleetError) as refused:
        endpoints(defaults, **entries)
    assert SECRET not in str(refused.value)
    assert str(refused.value).startswith(f"{FILE}: ")
    return str(refused.value)


def test_options_become_host_variables() -> None:
    found = endpoints(a={"platform": "ontap", "max_age": "30d", "user": ["x"], "vars": {"b": 1}})
    assert list(found["a"].hosts()) == [
        (
            "a",
            {
                "s3_rotate_endpoint": "a",
                "s3_rotate_platform": "ontap",
                "s3_rotate_max_age": "30d",
                "s3_rotate_users": ["x"],
                "b": 1,
            },
        )
    ]


@pytest.mark.parametrize(
    ("shards", "first", "last"),
    [
        (2, "a-shard-01-of-02", "a-shard-02-of-02"),
        (12, "a-shard-01-of-12", "a-shard-12-of-12"),
        (1024, "a-shard-0001-of-1024", "a-shard-1024-of-1024"),
    ],
)
def test_shards_are_hosts_whose_sorted_names_are_in_order(
    shards: int, first: str, last: str
) -> None:
    hosts = list(endpoints(a={"platform": "ose", "shards": shards})["a"].hosts())
    names = [name for name, _variables in hosts]
    assert (names[0], names[-1], len(set(names))) == (first, last, shards)
    assert names == sorted(names)
    assert [variables["s3_rotate_shard"] for _name, variables in hosts] == [
        f"{number}/{shards}" for number in range(1, shards + 1)
    ]
    assert {variables["s3_rotate_endpoint"] for _name, variables in hosts} == {"a"}


def test_defaults_fill_what_a_platform_has_and_what_is_missing() -> None:
    found = endpoints(
        {
            "platform": "ose",
            "svm": "s3",
            "max_age": "60d",
            "region": "eu",
            "verify": {"timeout": "9s"},
            "secret_store": {"type": "vault_kv2", "url": "https://v"},
            "vars": {"x": 1, "y": 1},
        },
        a={"platform": "ontap", "verify": {"region": "us", "bucket": "b"}, "vars": {"y": 2}},
        b={"s3_url": "https://s3", "secret_store": {"type": "ansible_vault", "path": "/p"}},
        c={"max_age": "1d", "secret_store": {"mount": "m"}, "svm": None, "platform": "ontap"},
    )
    assert found["a"].options["svm"] == "s3"
    assert found["a"].options["verify"] == {"region": "us", "bucket": "b", "timeout": "9s"}
    assert found["a"].variables == {"x": 1, "y": 2}
    assert found["b"].platform == "ose"
    assert "svm" not in found["b"].options
    assert found["b"].options["secret_store"] == {"type": "ansible_vault", "path": "/p"}
    assert found["b"].options["verify"] == {"region": "eu", "s3_url": "https://s3", "timeout": "9s"}
    assert found["c"].options["max_age"] == "1d"
    assert "svm" not in found["c"].options
    assert found["c"].options["secret_store"] == {
        "type": "vault_kv2",
        "url": "https://v",
        "mount": "m",
    }
    assert not set(WORDS) & set(found["a"].options) - {"policies"}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"platfrom": "ose"}, "endpoints.a.platform is missing; set it to "),
        ({"platform": "ontpa"}, "endpoints.a.platform: 'ontpa' is none of"),
        ({"platform": "{{ p }}"}, "endpoints.a.platform: '{{ p }}' is none of"),
        ({"platform": "ose", "maxage": "9d"}, "there is no option 'maxage'; did you mean max_age"),
        ({"platform": "ose", "zzzz": 1}, "there is no option 'zzzz'."),
        ({"platform": "ose", "svm": "x"}, "endpoints.a.svm: platform ose does not have it"),
        ({"platform": "ose", "endpoint": "b"}, "leave endpoint out"),
        ({"platform": "ose", "shard": "1/2"}, "write shards: N"),
        ({"platform": "ose", "shards": 0}, "0 is no number from 1 to 1024"),
        ({"platform": "ose", "shards": True}, "True is no number from 1 to 1024"),
        ({"platform": "ose", "shards": "4"}, "'4' is no number"),
        ({"platform": "ose", "state": "gone"}, "endpoints.a.state: 'gone' is none of rotated,"),
        ({"platform": "ose", "api_password": SECRET}, "api_password is a secret in plain text"),
        ({"platform": "ose", "api_token": 123456}, "api_token is a secret in plain text"),
        (
            {"platform": "ose", "secret_store": {"type": "vault_kv2", "token": SECRET}},
            "endpoints.a.secret_store.token is a secret in plain text",
        ),
        (
            {"platform": "ose", "users": ["x", {"name": "y", "secret_key": SECRET}]},
            "endpoints.a.users[2].secret_key is a secret in plain text",
        ),
        ({"platform": "ose", "proxy": f"http://me:{SECRET}@p:1"}, "a URL holds a password"),
        (
            {"platform": "ose", "verify": {"proxy": f"http://me:{SECRET}@p:1"}},
            "a URL holds a password",
        ),
        ({"platform": "ose", "verify": "yes"}, "endpoints.a.verify is not a mapping"),
        (
            {"platform": "ose", "verify": {"s3url": "x"}},
            "endpoints.a.verify: there is no suboption 's3url'; did you mean s3_url",
        ),
        ({"platform": "ose", "verify": "{{ v }}", "s3_url": "x"}, "it must be a mapping"),
        ({"platform": "ose", "secret_store": {"type": "file"}}, "'file' is none of ansible_vault"),
        ({"platform": "ose", "user": "a", "users": "b"}, "it is another name of users"),
        ({"platform": "ose", "policies": {}}, "endpoints.a.policies is not a list"),
        ({"platform": "ose", "accounts_file": ["x"]}, "endpoints.a.accounts_file is no path"),
        ({"platform": "ose", "vars": {"a-b": 1}}, "'a-b' cannot be the name of a variable"),
        (
            {"platform": "ose", "vars": {"s3_rotate_max_age": "1d"}},
            "write it as the option max_age of the endpoint",
        ),
        ("ose", "endpoints.a is not a mapping"),
    ],
)
def test_wrong_entry_is_refused_by_name(entry: Any, says: str) -> None:
    assert says in refusal(a=entry)


@pytest.mark.parametrize(
    "value", [TEMPLATE, "prefix-{% if x %}a{% endif %}", ""], ids=["lookup", "if", "empty"]
)
def test_secret_from_elsewhere_is_taken_as_it_is(value: Any) -> None:
    found = endpoints(a={"platform": "ose", "api_password": value})
    assert found["a"].options["api_password"] == value


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a b", "cannot be the name of a host"),
        ("a:1", "cannot be the name of a host"),
        ("-a", "cannot be the name of a host"),
        ("a\n", "cannot be the name of a host"),
        ("{{x}}", "cannot be the name of a host"),
        ("a-shard-01-of-08", "such names are made from shards"),
        ("all", "may be the name of a group"),
        ("s3_endpoints", "may be the name of a group"),
    ],
)
def test_name_that_is_no_host_is_refused(name: str, says: str) -> None:
    assert says in refusal(**{name: {"platform": "ose"}})


def test_name_that_yaml_reads_as_a_number_is_refused() -> None:
    with pytest.raises(FleetError, match="write it in quotes"):
        read_fleet({"endpoints": {12: {"platform": "ose"}}}, FILE)


@pytest.mark.parametrize("entries", [None, {}, [], "x"])
def test_file_without_endpoints_is_refused(entries: Any) -> None:
    with pytest.raises(FleetError, match="endpoints must name one at least"):
        read_fleet({"endpoints": entries}, FILE)


def test_defaults_are_checked_once() -> None:
    text = refusal({"api_password": SECRET, "accounts_file": "x"}, a={"platform": "ose"}, b={})
    assert text.count("plain text") == 1
    assert "defaults.accounts_file: for all of the fleet, write it beside defaults" in text
    assert "endpoints.b.platform is missing" in text
    with pytest.raises(FleetError, match="defaults is not a mapping"):
        endpoints([1], a={"platform": "ose"})


def test_many_errors_are_cut_short() -> None:
    text = refusal(**{f"e{number}": {} for number in range(25)})
    assert len(text.splitlines()) == 11
    assert text.endswith("... and 15 more")


def test_words_of_the_file_are_no_options_of_the_module() -> None:
    # The plugin fills policies itself, whether or not the module has the option already.
    assert not set(WORDS) - {"policies"} & set(fleet_options.OPTIONS)
    assert set(WORDS) < KNOWN


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("s3_fleet.yml", True),
        ("prod.s3_fleet.yaml", True),
        ("prod_s3_fleet.yml", True),
        ("fleet.yml", False),
        ("s3_fleet.yml.bak", False),
    ],
)
def test_source_is_known_by_its_name(tmp_path: Path, name: str, fits: bool) -> None:
    path = tmp_path / name
    assert InventoryModule().verify_file(str(path)) is False
    path.write_text("")
    assert InventoryModule().verify_file(str(path)) is fits


def test_mirror_of_the_same_file_is_filled_in() -> None:
    near = {"platform": "ontap", "api_url": "https://a", "mirrors": ["b", "elsewhere"]}
    far = {
        "platform": "ontap",
        "api_url": "https://b",
        "svm": "dr",
        "api_password": TEMPLATE,
        "s3_url": "https://s3.b",
        "max_age": "30d",
    }
    found = endpoints({"timeout": "40s"}, a=near, b=far)
    assert found["a"].options["mirrors"] == [
        {
            "endpoint": "b",
            "api_url": "https://b",
            "svm": "dr",
            "api_password": TEMPLATE,
            "s3_url": "https://s3.b",
            "timeout": "40s",
        },
        "elsewhere",
    ]
    # What the entry says itself counts.
    entry = {"endpoint": "b", "s3_url": "https://other"}
    found = endpoints(a={**near, "mirrors": [entry]}, b=far)
    assert found["a"].options["mirrors"][0]["s3_url"] == "https://other"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"api_password": SECRET}, "a.mirrors[1].api_password is a secret in plain text"),
        ({"proxy": f"http://u:{SECRET}@p"}, "a.mirrors[1]: a URL holds a password"),
    ],
)
def test_secret_of_a_mirror_in_plain_text_is_refused(entry: Any, says: str) -> None:
    near = {"platform": "ontap", "mirrors": [{"endpoint": "b", **entry}]}
    assert says in refusal(a=near)


def test_thousand_endpoints_are_read_quickly() -> None:
    entries = {
        f"cluster{number}": {
            "platform": "ontap",
            "api_url": f"https://c{number}.example.com",
            "s3_url": f"https://s3.c{number}.example.com",
            "api_password": TEMPLATE,
            "shards": 8,
        }
        for number in range(1000)
    }
    start = time.thread_time()
    hosts = [host for endpoint in endpoints(**entries).values() for host in endpoint.hosts()]
    assert time.thread_time() - start < 2
    assert len(hosts) == 8000
