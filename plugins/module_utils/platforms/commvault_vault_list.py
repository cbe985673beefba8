# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of vaults, and what of a vault can be compared with it.

The list is on no page of the vendor's: it is what the vendor's own tool asks, and only the name of
a vault is sure to be in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import CredentialsError
from ..model import AccountRef
from . import commvault_answers as answers
from .commvault import Commvault
from .commvault_answers import Body

PAGE = 100


@dataclass(frozen=True)
class Listed:
    """A vault as the list shows it; None: the list does not tell."""

    name: str
    id: Optional[str]
    #: Identifier and name, either of which may be missing.
    plan: Optional[tuple[Optional[str], Optional[str]]]
    endpoints: Optional[tuple[tuple[Optional[str], Optional[str]], ...]]

    def as_dict(self, only_told: bool = False) -> dict[str, Any]:
        """Return what is shown to the user."""
        shown = {
            "vault_id": None if self.id is None else int(self.id),
            "plan": None if self.plan is None else _shown(self.plan),
            "endpoints": None
            if self.endpoints is None
            else [_shown(endpoint) for endpoint in self.endpoints],
        }
        return {k: v for k, v in shown.items() if v is not None or not only_told}


def find_vault(platform: Commvault, name: str) -> Optional[Listed]:
    """Return the vault of this exact name, or None. Reads only.

    Asks past the CommCell's entity cache (hardRefresh), which may lack a vault made just now.
    Raises conflict where a name differs in case only: Commvault takes them for one.
    """
    near = None
    for vault in _vaults(platform):
        if vault.name == name:
            return vault
        if vault.name.lower() == name.lower():
            near = vault.name
    if near is not None:
        raise platform.fail(
            "conflict",
            f"There is a vault {near!r}, whose name differs from {name!r} in case only.",
            next_step=f"Write {near!r} if that is the one you mean; else choose another name.",
        )
    return None


def differences(vault: Listed, plan: str, clients: Sequence[str]) -> list[str]:
    """Return in words what differs between a vault and what is wanted, where the list tells."""
    found = []
    if vault.plan is not None and not _is(vault.plan, plan):
        found.append(f"its plan is {_words(vault.plan)}, not {plan}")
    if vault.endpoints is not None and clients:
        for client in clients:
            if not any(_is(endpoint, client) for endpoint in vault.endpoints):
                found.append(f"{client} is no endpoint of it")
        for endpoint in vault.endpoints:
            if not any(_is(endpoint, client) for client in clients):
                found.append(f"{_words(endpoint)} is an endpoint of it too")
    return found


def _vaults(platform: Commvault) -> list[Listed]:
    doing = "list the vaults"
    pages = platform.begin_listing(doing)
    found: list[Listed] = []
    seen: set[tuple[Optional[str], str]] = set()
    start = 0
    while True:
        query = {"hardRefresh": True, "start": start, "limit": PAGE, "fl": "overview"}
        _body, rows = platform.listing("/V4/CVS3Stores", "CVS3Stores", doing, _vault, query, pages)
        fresh = [vault for vault in rows if (vault.id, vault.name) not in seen]
        seen.update((vault.id, vault.name) for vault in fresh)
        found += fresh
        start += len(rows)
        # The list has no count: a page that brings nothing new was one too many.
        if not fresh or len(rows) < PAGE:
            return found


def _vault(row: Body) -> Listed:
    name = row.get("name")
    if not isinstance(name, str):
        raise CredentialsError("malformed_answer", "The list of vaults has a row without a name.")
    number = row.get("id") or row.get("clientId") or answers.inner(row, "client").get("clientId")
    plan = row.get("plan")
    listed = row.get("endpoints", row.get("cvs3Endpoints"))
    return Listed(
        name,
        str(answers.as_int(number)) if answers.as_int(number) > 0 else None,
        _named(plan, "plan") if isinstance(plan, dict) and plan else None,
        tuple(_named(e, "client") for e in listed if isinstance(e, dict))
        if isinstance(listed, list)
        else None,
    )


def _named(row: Body, prefix: str) -> tuple[Optional[str], Optional[str]]:
    number = row.get("id", row.get(f"{prefix}Id"))
    name = row.get("name", row.get(f"{prefix}Name"))
    return None if number is None else str(number), None if name is None else str(name)


def _is(entity: tuple[Optional[str], Optional[str]], text: str) -> bool:
    """Tell whether a name or identifier means this; what the list leaves out cannot differ."""
    ref = AccountRef.parse(text)
    number, name = entity
    told, asked = (number, ref.id) if ref.id is not None else (name, ref.name)
    return told is None or told == asked


def _shown(entity: tuple[Optional[str], Optional[str]]) -> dict[str, Any]:
    number, name = entity
    return {"id": answers.as_int(number) if number is not None else None, "name": name}


def _words(entity: tuple[Optional[str], Optional[str]]) -> str:
    number, name = entity
    return name if name is not None else f"id:{number}"
