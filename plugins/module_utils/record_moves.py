# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says of its move from one secret store to another: which of the two is to be used.

A copy takes four writes, and at each moment one record alone may be changed: first the source is
held still (moving), then the copy is made (arriving), then it becomes the record (arrived), then
the source is a pointer to it (moved). Consumers read the source until it is the pointer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from .clock import iso
from .errors import CredentialsError

#: Of a record that goes to another store: held still until its copy is made; or gone there.
MOVING, MOVED = "moving", "moved"
#: Of a record that came from another store: not to be used yet; or the record from then on.
ARRIVING, ARRIVED = "arriving", "arrived"
#: What only a reader gets that says so, see StoreContext.may_read.
RESTRICTED = frozenset({MOVING, MOVED, ARRIVING})


@dataclass(frozen=True)
class Move:
    """One move of a record, as the record at either end of it has it."""

    #: Of moved_to "moving" or "moved", of moved_from "arriving" or "arrived".
    state: str
    #: The other store: its type and place, never a login.
    store: Mapping[str, str]
    at: dt.datetime
    #: The same at both ends, so that a copy is recognised however often it was rotated since.
    link: str


def restriction_of(moved_to: Optional[Move], moved_from: Optional[Move]) -> Optional[Move]:
    """Return what keeps a record from being used, or None."""
    if moved_to is not None:
        return moved_to
    return moved_from if moved_from is not None and moved_from.state == ARRIVING else None


def place_of(store: Mapping[str, str]) -> str:
    """Return a secret store's place as a person reads it."""
    rest = ", ".join(f"{name} {value}" for name, value in store.items() if name != "type")
    return f"{store.get('type')} ({rest})"


def refusal(move: Move, where: str) -> CredentialsError:
    """Return the error of whoever would use a record that is at another place by now.

    where: names the record, as the beginning of a sentence.
    """
    other, at = place_of(move.store), iso(move.at)
    goes_on = (
        "Run s3_secret_store with state: copied again, with the same two stores: it goes on where"
        " it stopped."
    )
    if move.state == MOVED:
        text = f"{where} was moved to {other} at {at}; what is left here is not used any more."
        next_step = (
            f"Set secret_store to {other}. To go back, copy from there to here with"
            " s3_secret_store, state: copied."
        )
    elif move.state == MOVING:
        text = f"{where} is held still: its copy to {other}, begun at {at}, is not finished."
        next_step = goes_on
    else:
        text = (
            f"{where} is a copy, begun at {at}, that is not finished; the record is the one in"
            f" {other}."
        )
        next_step = goes_on
    return CredentialsError(
        "store_moved",
        text,
        next_step=next_step,
        alive=f"the pair in {other}" if move.state != MOVING else "the pair that is stored here",
        details={"state": move.state, "store": dict(move.store), "at": at},
    )
