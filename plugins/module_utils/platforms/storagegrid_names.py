# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tenant's users are named here, and how StorageGRID names them."""

from __future__ import annotations

from ..model import Account
from .storagegrid_calls import Row

_LOCAL, _FEDERATED, ROOT = "user/", "federated-user/", "root"


def name_of(unique_name: str) -> str:
    """Return the name of an account: a local user's without the prefix, any other as it is.

    A local user whose bare name would read as that of root or of a federated one keeps the prefix.
    """
    bare = unique_name[len(_LOCAL) :] if unique_name.startswith(_LOCAL) else unique_name
    return (
        bare
        if bare and bare != ROOT and not bare.startswith((_LOCAL, _FEDERATED))
        else (unique_name)
    )


def path_of(name: str) -> tuple[str, ...]:
    """Return the segments below /org/users that an account of this name is at."""
    if name == ROOT:
        return (ROOT,)
    for prefix in (_FEDERATED, _LOCAL):
        if name.startswith(prefix) and len(name) > len(prefix):
            return (prefix[:-1], name[len(prefix) :])
    return (_LOCAL[:-1], name)


def account_of(row: Row) -> Account:
    """Return the account of a user as the API shows it."""
    unique_name = row.text("uniqueName")
    details = {"unique_name": unique_name, "full_name": row.optional("fullName")}
    if row.values.get("disable") is True:
        # It may not sign in; its access keys go on working.
        details["sign_in"] = "denied"
    return Account(
        name=name_of(unique_name),
        id=row.text("id"),
        # The tenant's root user, whose keys open everything.
        reserved=unique_name in (ROOT, _LOCAL + ROOT),
        details={name: value for name, value in details.items() if value},
    )
