# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returned, held against its documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.objectstore.credentials.tests.unit.documents import return_of

#: What Ansible knows of every result, or adds to it.
COMMON = frozenset(
    ("changed", "deprecations", "diff", "exception", "failed", "invocation", "msg", "warnings")
)
TYPES = {"bool": bool, "dict": dict, "int": int, "list": list, "str": str}


def contradictions(module: str, result: Mapping[str, Any]) -> list[str]:
    """Return what of a result its module's documentation does not say, or says otherwise."""
    if not result or ("msg" in result and "failure" not in result):
        return []  # nothing was understood, or Ansible itself refused the arguments
    told = {name: value for name, value in result.items() if name not in COMMON}
    return sorted(set(_contradictions(return_of(module), told, "")))


def _contradictions(
    known: Mapping[str, Any], values: Mapping[str, Any], where: str
) -> Iterator[str]:
    for name, value in values.items():
        if name.startswith("_ansible"):
            continue
        if name not in known:
            yield f"{where}{name} is not documented"
            continue
        kind = TYPES[known[name]["type"]]
        if value is not None and not isinstance(value, kind):
            yield f"{where}{name} is a {value.__class__.__name__}"
        inner = known[name].get("contains")
        for row in value if isinstance(value, list) else [value]:
            if inner and isinstance(row, Mapping):
                yield from _contradictions(inner, row, f"{where}{name}.")
    for name, entry in known.items():
        if name not in values and entry.get("returned", "always" if where else "") == "always":
            yield f"{where}{name} is missing"
