# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors of an endpoint that are endpoints of the same file: what it says of them is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ..module_utils.options import CONNECTION
from .fleet_options import SCOPES

MIRRORS = "mirrors"
#: What is said of an endpoint's S3 service; shared suboptions of verify are the task's.
_VERIFIED = ("s3_url", "bucket")
#: Said by the entry itself.
_OWN = frozenset({"endpoint"})


class _Endpoint(Protocol):
    name: str
    platform: str
    options: dict[str, Any]


def fill_mirrors(endpoints: Iterable[_Endpoint]) -> None:
    """Turn each name of a mirror into where that endpoint is, as the file has it."""
    known = {endpoint.name: endpoint for endpoint in endpoints}
    for endpoint in known.values():
        given = endpoint.options.get(MIRRORS)
        if isinstance(given, list):
            endpoint.options[MIRRORS] = [_filled(entry, known) for entry in given]


def _filled(entry: Any, known: Mapping[str, _Endpoint]) -> Any:
    own = dict(entry) if isinstance(entry, Mapping) else {"endpoint": entry}
    name = own.get("endpoint")
    mirror = known.get(name) if isinstance(name, str) else None
    if mirror is None:
        return entry
    names = {*CONNECTION, *SCOPES[mirror.platform]} - _OWN
    there = {option: value for option, value in mirror.options.items() if option in names}
    verify = mirror.options.get("verify")
    if isinstance(verify, Mapping):
        there.update({option: verify[option] for option in _VERIFIED if option in verify})
    return {**there, **own}
