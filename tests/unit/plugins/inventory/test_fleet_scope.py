# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scope means what it says, in a whole inventory and in a slice of one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import constants

from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_scope import (
    doubt,
    fitting,
    unknown,
    variable_of,
    wrong,
)

FLEET = {
    "s3_endpoints": ["cloud1", "cluster1", "cluster2"],
    "s3_platform_huawei": ["cloud1"],
    "s3_platform_ontap": ["cluster1", "cluster2"],
}
WHOLE = {"all": FLEET["s3_endpoints"], "ungrouped": [], **FLEET}
#: The slice that has cloud1 alone: the other groups are there, and empty.
PART: dict[str, list[str]] = {
    "all": ["cloud1"],
    "s3_endpoints": ["cloud1"],
    "s3_platform_huawei": ["cloud1"],
    "s3_platform_ontap": [],
}


def inventory(groups: dict[str, Any], fleet: Any = None) -> dict[str, Any]:
    """Return the variables of a play over all hosts."""
    told = {"s3_fleet_groups_fleet": fleet} if fleet else {}
    return {"groups": groups, "ansible_play_hosts_all": groups["all"], **told}


@pytest.mark.parametrize(
    ("scope", "hosts"),
    [
        ("s3_endpoints", ["cloud1", "cluster1", "cluster2"]),
        ("s3_endpoints:!cluster1", ["cloud1", "cluster2"]),
        (["cloud1", "cluster2"], ["cloud1", "cluster2"]),
        ("cluster*", ["cluster1", "cluster2"]),
        ("s3_endpoints:&s3_platform_ontap", ["cluster1", "cluster2"]),
        ("s3_endpoints:!s3_unreachable", ["cloud1", "cluster1", "cluster2"]),
        ("s3_endpoints,!maintenance*", ["cloud1", "cluster1", "cluster2"]),
        ("~cl(oud|uster)1", ["cloud1", "cluster1"]),
        ("cluster[0]", []),
        ("s3_endpoints[0]", ["cloud1"]),
    ],
)
def test_a_scope_has_the_hosts_that_ansible_takes(scope: Any, hosts: list[str]) -> None:
    here, said = wrong(scope, inventory(WHOLE, FLEET), may_be_none=False)
    assert here == hosts
    assert (said is None) is bool(hosts)


@pytest.mark.parametrize("scope", ["s3_endpoints:!clusterr1", "cloud1,clusterr1", ["clusterr1"]])
@pytest.mark.parametrize("fleet", [None, FLEET])
def test_a_mistyped_name_is_refused_also_beside_one_that_fits(scope: Any, fleet: Any) -> None:
    here, said = wrong(scope, inventory(WHOLE, fleet), may_be_none=False)
    assert here == []
    assert "clusterr1" in str(said)


@pytest.mark.parametrize(
    ("scope", "is_right"),
    [
        ("cluster1", True),
        ("s3_platform_ontap", True),
        ("clust*", True),
        ("s3_endpoints:!cloud1", True),
        ("clusterr1", False),
        ("cluuster*", False),
        ("s3_endpoints:!clusterr1", False),
        ("s3_platform_ontap:&s3_platform_huawei", False),
    ],
)
def test_a_slice_knows_which_hosts_the_others_have(scope: str, is_right: bool) -> None:
    here, said = wrong(scope, inventory(PART, FLEET), may_be_none=True)
    assert here == []
    assert (said is None) is is_right, said
    # In a job that is cut into none, a host of another slice is a host that is not there.
    assert wrong(scope, inventory(PART, FLEET), may_be_none=False)[1]


def test_a_slice_without_any_host_is_one_as_long_as_the_fleet_has_hosts() -> None:
    """AWX counts hosts that are switched off when it cuts, and leaves them out afterwards."""
    none: dict[str, Any] = {"all": [], "ungrouped": []}
    assert wrong("s3_endpoints", inventory(none, FLEET), may_be_none=True) == ([], None)
    said = str(wrong("s3_endpoints", inventory(none), may_be_none=True)[1])
    assert "no host at all" in said
    # Ansible itself only warns of a file that it cannot read, a hundred lines before.
    assert "a warning above" in said
    assert wrong("s3_endpoints", inventory(none, FLEET), may_be_none=False)[1]


@pytest.mark.parametrize("scope", ["clusterr1", "s3_endpoints:!clusterr1"])
def test_where_no_file_of_a_fleet_tells_a_slice_cannot_know_and_says_so(scope: str) -> None:
    assert wrong(scope, inventory(PART), may_be_none=True)[1] is None
    said = str(doubt(scope, inventory(PART)))
    assert "is called clusterr1" in said
    assert "s3_fleet_groups_NAME" in said
    # With what the warning asks for, it is refused.
    assert doubt(scope, inventory(PART, FLEET)) is None
    assert wrong(scope, inventory(PART, FLEET), may_be_none=True)[1]


def test_a_slice_knows_all_groups_and_has_no_doubt_of_them() -> None:
    """AWX gives each slice all groups of the inventory, those without a host there too."""
    for scope in ("s3_platform_ontap", "s3_endpoints:!cloud1", "clust*", ["cloud1"]):
        assert doubt(scope, inventory(PART)) is None


def test_the_hosts_of_several_files_are_one_fleet() -> None:
    variables = inventory(PART, {"s3_endpoints": ["cloud1"]})
    variables[variable_of("/srv/other.s3_fleet.yml")] = {"s3_endpoints": ["cluster7"]}
    assert wrong("cluster7", variables, may_be_none=True) == ([], None)
    assert wrong("all:!cluster7", variables, may_be_none=True) == (["cloud1"], None)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/fleet.s3_fleet.yml", "s3_fleet_groups_fleet"),
        ("north-1.s3_fleet.yaml", "s3_fleet_groups_north_1"),
        ("s3_fleet.yml", "s3_fleet_groups_"),
    ],
)
def test_each_file_has_a_variable_of_its_own(path: str, name: str) -> None:
    assert variable_of(path) == name


def test_patterns_are_no_names() -> None:
    assert unknown("~(a|b):!c*:d?:e[0]", ()) == []
    assert unknown("a:&b:!c", ("b",)) == ["a", "c"]
    assert fitting("s3_endpoints", {"s3_endpoints": ["a"], "all": ["a"]}) == ["a"]


@pytest.mark.parametrize("wanted", ["warning", "error", "ignore"])
def test_what_fits_nothing_is_judged_here_whatever_ansible_would_do(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(constants, "HOST_PATTERN_MISMATCH", wanted)
    here, said = wrong("s3_endpoints:!s3_unreachable", inventory(WHOLE, FLEET), may_be_none=False)
    assert (here, said) == (["cloud1", "cluster1", "cluster2"], None)
    _here, said = wrong("clusterr1", inventory(WHOLE), may_be_none=False)
    assert said is not None
    assert "No host of the inventory fits clusterr1" in said
    assert wanted == constants.HOST_PATTERN_MISMATCH
