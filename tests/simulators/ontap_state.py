# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated cluster holds: SVMs, users, keys in slots with lifetimes."""

from __future__ import annotations

import datetime as dt
import re
import string
from dataclasses import dataclass, field
from typing import Any, Optional

from .ontap_query import RefusalError

LONGEST = dt.timedelta(days=1095)
#: Releases before 9.10 make keys of 128 of these.
OLD_ALPHABET = string.ascii_letters + string.digits + "_"

_DURATION = re.compile(r"P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)")


@dataclass
class Key:
    """A pair in a slot."""

    access_key: str
    secret_key: str
    lifetime: Optional[dt.timedelta] = None
    expiry: Optional[dt.datetime] = None


@dataclass
class User:
    """An S3 user."""

    name: str
    comment: str = ""
    slots: dict[int, Key] = field(default_factory=dict)


@dataclass
class Svm:
    """A storage virtual machine, with or without an object store server."""

    name: str
    uuid: str
    has_s3: bool = True
    users: dict[str, User] = field(default_factory=dict)


def read_duration(text: Any) -> dt.timedelta:
    """Read PnDTnHnMnS or PnW; nothing else, no years and no months."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found or not any(found.groups()):
        raise RefusalError("262197", "key_time_to_live")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def show_duration(lifetime: dt.timedelta) -> str:
    """Return a duration as ONTAP shows it."""
    hours, rest = divmod(lifetime.seconds, 3600)
    time = "".join(
        f"{number}{unit}"
        for number, unit in ((hours, "H"), (rest // 60, "M"), (rest % 60, "S"))
        if number
    )
    return "P" + (f"{lifetime.days}D" if lifetime.days else "") + (f"T{time}" if time else "")
