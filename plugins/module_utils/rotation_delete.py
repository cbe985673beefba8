# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a key: whether it can be disabled, and when it is believed that it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import CredentialsError
from .model import AccessKey
from .pacing import waits

if TYPE_CHECKING:
    from .rotation_case import Case


def delete_key(case: Case, key: AccessKey) -> None:
    """End a key for good; one that is gone already is no failure where a look agrees.

    A gateway whose service is not there just now answers 404 to everything: believed, it would make
    the record forget a key that lives on. Raises platform_error where the key is still shown.
    """
    try:
        case.desk.platform.delete_access_key(key)
        return
    except CredentialsError as exc:
        if exc.kind != "not_found":
            raise
        said = exc
    for wait in waits(case.desk.facts.listing_lag):
        case.look()
        if case.shown(key.access_key) is None:
            return
        case.desk.clock.sleep(wait)
    raise case.fail(
        "platform_error",
        f"{case.desk.platform.title} answered that there is no key {key.access_key} to delete, and"
        f" still shows it: {said.message}",
        http_status=said.http_status,
        code=said.code,
        alive=f"{key.access_key} ({key.status})",
    )


def is_disabled(case: Case, access_key: str, purpose: str) -> bool:
    """Disable a key; False where the endpoint says now that it has no way to, as its facts do then.

    The caller ends the key as it would have, had that been known before.
    """
    if not _can_disable(case):
        return False
    try:
        case.change_key("disable", access_key, purpose)
    except CredentialsError as exc:
        if exc.landed is not False or _can_disable(case):
            raise
        case.details["cannot_disable"] = exc.message
        return False
    return True


def _can_disable(case: Case) -> bool:
    return case.desk.facts.can_disable
