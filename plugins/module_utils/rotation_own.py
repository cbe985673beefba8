# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotator's own access key: rotated only from its own record, last, and proven by a login."""

from __future__ import annotations

import dataclasses

from .errors import CredentialsError
from .http import Client
from .results import AccountResult
from .rotation_case import Case

_CHANGES = ("rotated", "recovered", "disabled", "deleted", "rolled_back", "decommissioned")


def is_own_key(case: Case) -> bool:
    """Tell whether this run logs in with a key of the account."""
    used = {own.access_key for own in case.desk.platform.own_pairs()}
    current = case.record.current
    held = current is not None and current.access_key in used
    return held or any(case.shown(own) is not None for own in used)


def check_own_key(case: Case, planned: AccountResult) -> None:
    """Refuse to touch the own key unless this run's login was read from this very record.

    Raises disruption_refused: afterwards nothing could log in, and nobody would know the new pair.
    """
    actions = {planned.action, *(action for action, _why in case.done)}
    if not actions & set(_CHANGES):
        return
    if len(case.desk.endpoints) > 1:
        raise case.fail(
            "unsupported",
            f"This run logs in with a key of {case.account.name}, which several endpoints hold: it"
            " cannot prove its own new key at all of them.",
            next_step="Log in with the key of another account.",
        )
    own = case.desk.platform.own_pair()
    before = case.before.current if case.before else None
    pair = before.pair() if before is not None else None
    if own is None or pair == own:
        return
    raise case.fail(
        "disruption_refused",
        f"{own.access_key} of {case.account.name} is the key that this run logs in with,"
        " and it was not read from this account's record: after its rotation the next run could"
        " not log in.",
        next_step="Leave the account out with exclude, log in with a key of another account, or"
        " read api_access_key and api_secret_key from the record with the lookup s3_secret.",
        alive=own.access_key,
    )


def log_in_anew(case: Case) -> dict[str, str]:
    """Log in with the new own key; that is its acknowledgement. Reads only at the platform.

    Returns what is to be said of it; a failure leaves the key unacknowledged, and the old one on.
    """
    current = case.record.current
    pair = current.pair() if current is not None else None
    if current is None or pair is None or pair.access_key == _used(case):
        return {}
    platform = case.desk.platform
    settings = dataclasses.replace(
        platform.settings, api_access_key=pair.access_key, api_secret_key=pair.secret_key
    )
    client = Client(settings, platform.client.redactor, platform.client.clock)
    try:
        type(platform)(settings, client).connect()
        case.save(
            dataclasses.replace(
                case.record, current=dataclasses.replace(current, acknowledged_at=case.desk.now())
            ),
            "acknowledged",
            access_key=pair.access_key,
            why="a login with it worked",
        )
    except CredentialsError as exc:
        return {"own_key": f"not acknowledged, the old one goes on: {exc.message}"}
    finally:
        client.close()
    return {"own_key": "a login with the new key worked"}


def _used(case: Case) -> str | None:
    own = case.desk.platform.own_pair()
    return own.access_key if own is not None else None
