# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's wire forms: releases, durations, error codes, and user rows as accounts and access keys.

Everything here is pure. The forms are those of the vendor's REST reference,
https://docs.netapp.com/us-en/ontap-restapi/.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from ..clock import parse_time
from ..errors import CredentialsError
from ..http import Answer
from ..model import AccessKey, Account, Pair
from ..options import parse_duration

Release = tuple[int, int, int]

#: The first releases with S3 users; with lifetimes and the deletion of keys; with a maximum
#: lifetime of the service; with pairs that the caller chooses; with a second key per user.
FIRST: Release = (9, 7, 0)
LIFETIME: Release = (9, 14, 1)
SERVICE_MAXIMUM: Release = (9, 15, 1)
OWN_PAIR: Release = (9, 16, 1)
TWO_KEYS: Release = (9, 19, 1)

#: ONTAP refuses a longer lifetime of a key (92406083).
LONGEST_LIFETIME = dt.timedelta(days=1095)
NEVER_EXPIRES = dt.timedelta()

CREATE_FAILED = "92405791"
REGENERATE_FAILED = "92405792"
REGENERATED_REST_FAILED = "92406081"
LIFETIME_ALONE = "92406088"
TOO_MANY_REQUESTS = "262160"

#: ONTAP's error codes by kind. Their HTTP statuses are not documented one by one, so the code
#: decides; what is not here goes by the status.
KIND_BY_CODE = {
    "1": "conflict",
    "2": "rejected",
    "3": "unsupported",
    "4": "not_found",
    "6": "permission",
    "7": "limit",
    "8": "conflict",
    "262160": "throttled",
    "8586226": "not_found",
    "92405773": "not_found",
    "92405787": "rejected",
    "92405788": "rejected",
    "92405791": "platform_error",
    "92405792": "platform_error",
    "92405817": "unsupported",
    "92406080": "conflict",
    "92406081": "partial",
    "92406082": "rejected",
    "92406083": "rejected",
    "92406088": "rejected",
    "92406096": "permission",
    "92406097": "platform_error",
    "92406196": "rejected",
    "92406197": "rejected",
    "92406200": "conflict",
    "92406201": "rejected",
    "92406202": "rejected",
    "92406205": "rejected",
    "92406308": "conflict",
}

NEXT_STEP_BY_CODE = {
    "1": "ONTAP compares names without regard to case: look for a user whose name differs only in"
    " case.",
    "92405773": "Create the object store server of the SVM first, or name another svm.",
    "92405817": "Name a data SVM with svm.",
    "92406080": "Release the S3 SnapMirror relationship, or leave the keys of root alone.",
    "92406083": "Set key_time_to_live to 1095d or less.",
    "92406088": "Set regenerate_keys: true to give the key a new lifetime, or leave"
    " key_time_to_live out.",
    "92406096": "Give the login the REST role that docs/platforms/ontap.md shows at its top.",
    "92406196": "Set key_time_to_live to the service's max_key_time_to_live or less.",
    "92406197": "Set key_time_to_live to more than 0s: the service has a maximum.",
    "92406200": "Choose another access_key; this one belongs to another user.",
    "92406205": "Write access_key with the characters 0-9 and A-Z only.",
    "92406308": "Take the user out of its groups first.",
}

_RELEASE = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ISO_DURATION = re.compile(
    r"P(?:(\d{1,9})W|(?=\d|T\d)(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?)",
    re.IGNORECASE,
)
_PLAIN_FILTER = re.compile(r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*")


def looks_like_uuid(text: str) -> bool:
    """Tell whether a text is a UUID and not a name."""
    return bool(_UUID.fullmatch(text))


def parse_release(text: str) -> Release | None:
    """Read 9.14.1, 9.14.1P3 or "NetApp Release 9.14.1: ..."; None if there is no release in it."""
    found = _RELEASE.search(text)
    if not found:
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)


def release_of(version: Any) -> Release | None:
    """Read the version object of GET /cluster."""
    if not isinstance(version, Mapping):
        return None
    numbers = [version.get(name) for name in ("generation", "major", "minor")]
    if all(isinstance(number, int) for number in numbers):
        generation, major, minor = numbers
        return int(generation or 0), int(major or 0), int(minor or 0)
    return parse_release(str(version.get("full", "")))


def dotted(release: Release) -> str:
    """Return a release as 9.14.1, and 9.7.0 as 9.7."""
    return ".".join(map(str, release[:2] if release[2] == 0 else release))


def iso_duration(text: Any) -> dt.timedelta | None:
    """Read PnDTnHnMnS or PnW (or the CLI's plain 0); None if it is no such duration."""
    value = str(text).strip()
    if value == "0":
        return NEVER_EXPIRES
    found = _ISO_DURATION.fullmatch(value)
    if not found:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None


def to_iso_duration(lifetime: dt.timedelta) -> str:
    """Return a duration as ONTAP takes it: P90D, PT3H5M, PT0S."""
    minutes, seconds = divmod(lifetime.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    time = "".join(f"{number}{unit}" for number, unit in parts if number)
    day = f"{lifetime.days}D" if lifetime.days else ""
    if not day and not time:
        return "PT0S"
    return f"P{day}{'T' + time if time else ''}"


def parse_lifetime(text: Any, option: str) -> dt.timedelta:
    """Read a lifetime as an operator writes it, 90d or P90D; 0s is never. Raises invalid_option."""
    lifetime = iso_duration(text) if str(text).strip()[:1] in ("P", "p") else None
    if lifetime is None:
        lifetime = parse_duration(text, option)
    if lifetime > LONGEST_LIFETIME:
        raise CredentialsError(
            "invalid_option",
            f"{option}: {text} is longer than ONTAP's limit of 1095 days.",
            next_step=f"Set {option} to 1095d or less, or to 0s for a key that never expires.",
        )
    return lifetime


def quoted_filter(value: str) -> str:
    """Return a value for a query, quoted where the query language would read an operator in it.

    Two dots are a range there, and a legal user name may hold them.
    """
    return value if _PLAIN_FILTER.fullmatch(value) else f'"{value}"'


def error_parts(body: Any) -> tuple[str | None, str]:
    """Return ONTAP's code and message out of an error body; no code if it is none of ONTAP's."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping) or error.get("code") is None:
        return None, ""
    message = str(error.get("message") or "")
    target = error.get("target")
    return str(error["code"]), f"{message} ({target})" if target else message


def records_of(answer: Answer, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of an answer, which some releases' documents show as a single object."""
    records = body.get("records")
    if records is None and body.get("num_records") == 0:
        return []
    if isinstance(records, dict):
        records = [records]
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise answer.malformed("no list of records")
    return records


def next_href(answer: Answer, body: Mapping[str, Any]) -> str | None:
    """Return where the next page is, by _links.next or by the Link header (RFC 8288)."""
    links = body.get("_links")
    following = links.get("next") if isinstance(links, Mapping) else None
    if isinstance(following, Mapping) and following.get("href"):
        return str(following["href"])
    for target, parameters in re.findall(r"<([^<>]*)>([^<]*)", answer.headers.get("Link") or ""):
        if re.search(r";\s*rel=\"?next\b", parameters):
            return str(target)
    return None


def account_of(answer: Answer, row: Mapping[str, Any]) -> Account:
    """Return a user row as an account with its keys. Raises malformed_answer."""
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise answer.malformed("a user without a name")
    svm = row.get("svm")
    account = Account(
        name=name,
        reserved=name == "root",
        details={
            "comment": str(row.get("comment") or ""),
            "svm": str(svm.get("name") or "") if isinstance(svm, Mapping) else "",
        },
        address={"slots": "shown"} if isinstance(row.get("keys"), list) else {},
    )
    return dataclasses.replace(account, listed_keys=tuple(_keys_of(answer, row, account)))


def _keys_of(answer: Answer, row: Mapping[str, Any], account: Account) -> list[AccessKey]:
    keys = []
    listed = row.get("keys") or []
    if not isinstance(listed, list):
        raise answer.malformed("keys that are no list")
    for entry in listed:
        if not isinstance(entry, Mapping):
            raise answer.malformed("a key that is no object")
        if entry.get("access_key"):
            slot = entry.get("id")
            if slot not in (1, 2):
                raise answer.malformed("a key whose id is neither 1 nor 2")
            times = entry.get("time_to_live"), entry.get("expiry_time")
            keys.append(_key(answer, account, entry["access_key"], int(slot), *times))
    first = row.get("access_key")
    # The fields at the top mirror key 1; where "keys" tells, it is the one to believe.
    if first and not any(key.slot == 1 or key.access_key == first for key in keys):
        slot = 1 if account.address else None
        times = row.get("key_time_to_live"), row.get("key_expiry_time")
        keys.append(_key(answer, account, first, slot, *times))
    return sorted(keys, key=lambda key: key.slot or 0)


def _key(
    answer: Answer, account: Account, access_key: Any, slot: int | None, lifetime: Any, expiry: Any
) -> AccessKey:
    if not isinstance(access_key, str):
        raise answer.malformed("an access key that is no text")
    expires_at = parse_time(expiry)
    length = iso_duration(lifetime) if lifetime else None
    created_at = began(expires_at, length) if expires_at and length else None
    return AccessKey(
        access_key=access_key,
        account=account,
        created_at=created_at,
        expires_at=expires_at,
        slot=slot,
        details={"key_time_to_live": to_iso_duration(length)} if length else {},
    )


def began(expires_at: dt.datetime, lifetime: dt.timedelta) -> dt.datetime | None:
    """Return when a lifetime began; None if that is before all time."""
    try:
        return expires_at - lifetime
    except OverflowError:
        return None


def lifetime_of(key: AccessKey | None) -> dt.timedelta:
    """Return the lifetime that a key was given; zero if it never expires."""
    text = key.details.get("key_time_to_live") if key else None
    return (iso_duration(text) if text else None) or NEVER_EXPIRES


def key_in(account: Account, slot: int | None) -> AccessKey | None:
    """Return the key in a slot of an account as it was read; slot None: where there is only one."""
    for key in account.listed_keys or ():
        if slot is None or (key.slot or 1) == slot:
            return key
    return None


def pair_of(answer: Answer, name: str, chosen: Pair | None) -> tuple[Pair, dt.datetime | None]:
    """Return pair and expiry as a create or regenerate answered. Raises malformed_answer."""
    records = records_of(answer, answer.json_object())
    # Only another name is no answer of ours: a pair is not thrown away for a name left out.
    if len(records) != 1 or (records[0].get("name") or name) != name:
        raise answer.malformed("no record of this user")
    access_key, secret_key = records[0].get("access_key"), records[0].get("secret_key")
    if chosen and access_key == chosen.access_key and not secret_key:
        secret_key = chosen.secret_key
    if not (isinstance(access_key, str) and isinstance(secret_key, str)):
        raise answer.malformed("no pair of keys")
    if not access_key or not secret_key:
        raise answer.malformed("an empty pair of keys")
    return Pair(access_key, secret_key), parse_time(records[0].get("key_expiry_time"))
