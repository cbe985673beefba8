# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would cut clients off: asked for by the operator, and begun within the account's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import iso
from .model import ACTIVE
from .rotation_case import Case, names

if TYPE_CHECKING:
    from .rotation_issue import Order


class WaitsForWindow(Exception):  # noqa: N818  # no error: it says that a turn waits
    """The turn ends here, with nothing begun that would cut anybody off: no failure."""


def refuse_unless_allowed(case: Case, order: Order) -> None:
    """Raise disruption_refused where a rotation would end a working key and nobody asked for it."""
    in_place = not case.desk.facts.overlap
    cuts = case.policy.cut_first and order.compromised is not None
    if case.policy.allow_disruption or order.repairs or not (in_place or cuts):
        return
    if case.sees_keys and not case.keys:
        return
    old = names(case.keys) if case.sees_keys else "the present key"
    why = (
        f"{case.desk.platform.title} replaces keys in place"
        if in_place
        else "cut_first ends it before the new one is made"
    )
    raise case.fail(
        "disruption_refused",
        f"Rotating {case.account.name} ends {old} at once, because {why}: its clients are cut off"
        " until they have the new pair.",
        alive=old,
    )


def wait_for_window(case: Case, order: Order) -> None:
    """Raise WaitsForWindow where a rotation would end a working key at the wrong time."""
    is_urgent = bool(order.repairs) or order.compromised is not None
    if not (case.desk.facts.overlap or is_urgent or _nothing_works(case)):
        keep_to_window(case)


def keep_to_window(case: Case) -> None:
    """Raise WaitsForWindow unless what cuts clients off may begin now; note when it may."""
    policy, current, now = case.policy, case.record.current, case.desk.now()
    if policy.window is None:
        return
    view = policy.window.at(now)
    has_room = view.has_room(policy.disruption_time)
    since = (current.created_at or current.promoted_at) if current is not None else None
    opens = view.next_opens
    is_late = since is not None and opens is not None and opens > since + policy.max_age
    case.details["window"] = {
        "open": view.is_open,
        "next_opens": iso(opens),
        "closes": iso(view.closes),
        "after_limit": is_late and not has_room,
    }
    if not has_room:
        after = ", after the limit" if is_late else ""
        raise WaitsForWindow(f"due; waits for its window, which opens {iso(opens)}{after}")


def _nothing_works(case: Case) -> bool:
    """Tell whether the account has no key that a rotation could end."""
    now, current = case.desk.now(), case.record.current
    if not case.sees_keys:
        return current is not None and current.expires_at is not None and current.expires_at <= now
    return not any(
        key.status == ACTIVE and (key.expires_at is None or key.expires_at > now)
        for key in case.keys
    )
