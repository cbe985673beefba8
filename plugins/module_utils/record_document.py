# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document form of a record: plain dictionaries, lists, texts, numbers, as stores keep it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .clock import iso, parse_time
from .errors import CredentialsError
from .record import Decommission, HeldKey, Hold, KeyIntent, PastRotation, Pending, Record, Secret
from .record_moves import Move
from .record_types import check_types, listed

#: The form of the document; a reader refuses what is newer than itself.
FORMAT = 1

T = TypeVar("T")

_TIMES = frozenset(
    {
        "created_at",
        "expires_at",
        "verified_at",
        "promoted_at",
        "acknowledged_at",
        "retiring_since",
        "disabled_at",
        "deleted_at",
        "honoured_at",
        "started_at",
        "since",
        "until",
        "at",
        "done_at",
    }
)
#: The parts of a record that are classes of their own; a tuple: a list of them.
_PARTS: dict[str, Any] = {
    "current": HeldKey,
    "pending": Pending,
    "retiring": (HeldKey,),
    "intent": KeyIntent,
    "rotations": (PastRotation,),
    "held": Hold,
    "decommission": Decommission,
    "moved_to": Move,
    "moved_from": Move,
}
#: Always written, so that a reader and include_vars find them; other empty names are left out.
_ALWAYS = frozenset({"current", "pending", "retiring"})


def to_document(record: Record) -> dict[str, Any]:
    """Return the record as plain data, state first; each secret_key is a Secret object."""
    document: dict[str, Any] = {"format": FORMAT}
    for name, value in _fields(record).items():
        if name in _PARTS and isinstance(value, tuple):
            value = [_part(each) for each in value]
        elif name in _PARTS and value is not None:
            value = _part(value)
        elif isinstance(value, tuple):
            value = [dict(each) if isinstance(each, Mapping) else each for each in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        if name in _ALWAYS or value not in (None, "", [], {}):
            document[name] = value
    return document


def from_document(document: Any, where: str = "the record") -> Record:
    """Read a document; each secret_key may be a Secret or the secret itself.

    where: names the record in messages. Raises store_unreadable for anything that is not a record.
    """
    if not isinstance(document, Mapping):
        raise unreadable(where, "it is not a mapping")
    form = document.get("format")
    if form != FORMAT:
        raise unreadable(
            where,
            f"its format is {form!r}, and this release reads format {FORMAT}",
            "Use the release of the collection that wrote it, or a newer one.",
        )
    try:
        values = {name: value for name, value in document.items() if name != "format"}
        for name, part in _PARTS.items():
            if isinstance(part, tuple):
                values[name] = tuple(_read(part[0], each) for each in listed(values, name))
            elif values.get(name) is not None:
                values[name] = _read(part, values[name])
        for name in ("endpoints", "lost_labels", "suspects", "revoked", "outbox"):
            values[name] = listed(values, name)
        record = Record(**values)
        check_types(record)
        return record
    except (TypeError, ValueError, AttributeError, KeyError) as exc:
        raise unreadable(where, f"it is not of the form of a record ({exc})") from None


def unreadable(where: str, what: str, next_step: str | None = None) -> CredentialsError:
    """Return the error for a record that is there and cannot be read: never taken for none."""
    return CredentialsError(
        "store_unreadable", f"{where} cannot be read: {what}.", next_step=next_step
    )


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def _part(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, inner in _fields(value).items():
        if inner is None or inner == "" or inner == ():
            continue
        if isinstance(inner, dt.datetime):
            inner = iso(inner)
        elif isinstance(inner, tuple):
            inner = list(inner)
        document["secret_key" if name == "secret" else name] = inner
    return document


def _read(part: Callable[..., T], document: Mapping[str, Any]) -> T:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name == "secret_key":
            name, value = "secret", value if isinstance(value, Secret) else Secret(str(value))
        elif name in _TIMES:
            moment = parse_time(value) if isinstance(value, str) else value
            if not isinstance(moment, dt.datetime):
                raise ValueError(f"{name} is no time")
            value = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    if part is HeldKey:
        values.setdefault("access_key", None)
    made = part(**values)
    check_types(made)
    return made
