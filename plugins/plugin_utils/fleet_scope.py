# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a scope mean what it says? A mistyped one would end green, or take what it was to spare."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Optional, Union

from ansible import constants
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader

#: Variables of all hosts, each with the groups of one fleet's file and the hosts in them: a slice
#: of a job has some of the hosts, and these.
VARIABLE = "s3_fleet_groups_"
#: Groups that are there only while something is in them.
_SOMETIMES = re.compile(r"all|ungrouped|localhost|s3_(overlap|in_place|unreachable|platform_.*)")
_Groups = Mapping[str, Collection[str]]
_Scope = Union[str, list[str]]


def variable_of(path: str) -> str:
    """Return the name of the variable that tells of a fleet's file."""
    stem = re.sub(r"\.?s3_fleet\.ya?ml$", "", path.rpartition("/")[2])
    return VARIABLE + re.sub(r"\W", "_", stem)


def fitting(scope: _Scope, groups: _Groups) -> list[str]:
    """Return the hosts that Ansible would take for a scope."""
    manager = InventoryManager(DataLoader(), parse=False)
    for group, hosts in groups.items():
        manager.add_group(group)
        for host in hosts:
            manager.add_host(host, group=group)
    # What matches nothing is for us to judge: warning or refusing would be Ansible's own way.
    wanted = constants.HOST_PATTERN_MISMATCH
    constants.HOST_PATTERN_MISMATCH = "ignore"
    try:
        return [str(host.name) for host in manager.get_hosts(pattern=scope)]
    finally:
        constants.HOST_PATTERN_MISMATCH = wanted


def unknown(scope: _Scope, names: Collection[str]) -> list[str]:
    """Return the names in a scope that no host and no group has; patterns may match nothing."""
    plain = (re.sub(r"^[!&]", "", part) for part in split_host_pattern(scope))
    return [
        name
        for name in plain
        if name not in names
        and not name.startswith("~")
        and not re.search(r"[*?\[\]]", name)
        and not _SOMETIMES.fullmatch(name)
    ]


def wrong(
    scope: _Scope, variables: Mapping[str, Any], may_be_none: bool
) -> tuple[list[str], Optional[str]]:
    """Return the hosts that a scope has in this play, and what is wrong with it, if anything is.

    may_be_none: this may be a slice of a job, which has some of the hosts; the fleet's file says
    which there are. Where no such file tells, a slice cannot know.
    """
    groups: _Groups = variables["groups"]
    fleet = _merged(value for name, value in variables.items() if name.startswith(VARIABLE))
    here = set(fitting(scope, groups)) & set(variables["ansible_play_hosts_all"])
    known = {name for each in (groups, fleet) for name in _names(each)}
    said = scope if isinstance(scope, str) else ",".join(scope)
    if not here and not (fleet or groups["all"]):
        return [], (
            f"No host of the inventory fits {said}, so nothing was done. The inventory has no host"
            " at all: check -i, or the source of the inventory. Of a file that could not be read a"
            " warning above says why."
        )
    if not here and not (may_be_none and (not fleet or fitting(scope, fleet))):
        more = " Where a slice of a job may be without any, set s3_allow_no_hosts: true."
        return [], (
            f"No host of the inventory fits {said}, so nothing was done. Check s3_hosts (in AWX:"
            " the scope) and --limit; ansible-inventory --graph shows the hosts."
            f"{'' if may_be_none else more}"
        )
    strangers = unknown(scope, known) if fleet or not may_be_none else []
    if strangers:
        return [], (
            f"s3_hosts (in AWX: the scope) is {said}, and no host and no group is called"
            f" {' or '.join(strangers)}, so nothing was done: what a mistyped name leaves out would"
            " not be left out. ansible-inventory --graph shows the names; a group that is there"
            f" only at times can be written as a pattern, {strangers[0]}*."
        )
    return sorted(here), None


def doubt(scope: _Scope, variables: Mapping[str, Any]) -> Optional[str]:
    """Say which names in a scope a slice of a job cannot judge; None where it can.

    Every slice gets all groups of an inventory, and some of the hosts; AWX tells it neither which
    slice it is nor of how many. So a name that is no group's may be a host of another slice.
    """
    groups: _Groups = variables["groups"]
    if any(name.startswith(VARIABLE) for name in variables):
        return None
    strangers = unknown(scope, _names(groups))
    if not strangers:
        return None
    return (
        f"No group, and no host of this slice of the job, is called {' or '.join(strangers)}. If no"
        " other slice has such a host, the name is mistyped: nothing is done by it, and nothing is"
        f" left out. A variable of the inventory, {VARIABLE}NAME: {{GROUP: [HOSTS]}} with all hosts"
        " of all slices, lets each slice refuse that."
    )


def _names(groups: _Groups) -> set[str]:
    return {*groups, *(host for hosts in groups.values() for host in hosts)}


def _merged(parts: Iterable[_Groups]) -> dict[str, list[str]]:
    """Return the groups of several files as one fleet's, with all of their hosts in "all"."""
    found: dict[str, list[str]] = {}
    for part in parts:
        for group, hosts in part.items():
            found.setdefault(group, []).extend(hosts)
    if found:
        found["all"] = sorted({host for hosts in found.values() for host in hosts})
    return found
