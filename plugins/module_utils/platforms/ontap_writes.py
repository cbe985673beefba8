# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes an ONTAP S3 user, and the look that tells which key lives when an answer is missing.

Every function takes the user as it was just read. ONTAP has no compare-and-set: a change made by
somebody else between that look and the call is overwritten.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from ..errors import CredentialsError
from ..http import Answer, Query
from ..model import AccessKey, Account, AccountRef, Issued, Pair
from . import ontap_rows as rows

if TYPE_CHECKING:
    from .ontap import Ontap

_REGENERATE_AGAIN = (
    "Regenerate the key again (ontap_s3_user: regenerate_keys, allow_disruption and return_secret"
    " true): no call brings this secret back."
)
_MAY_STILL_LAND = (
    "It may still take effect. Wait a minute, look with s3_credential_info, and only then run"
    " again."
)


def create_user(
    platform: Ontap,
    name: str,
    *,
    comment: str | None,
    pair: Pair | None,
    lifetime: dt.timedelta | None,
) -> Issued:
    """Create a user with its first key. Repeated after a lost answer, it says conflict.

    lifetime: None leaves it to the service's maximum, if there is one. Raises conflict when the
    name is taken, also in other case; when the answer was lost, what a look shows.
    """
    if lifetime is None and platform.longest_lifetime:
        lifetime = platform.longest_lifetime
    body: dict[str, Any] = {"name": name}
    if comment:
        body["comment"] = comment
    if lifetime is not None:
        body["key_time_to_live"] = rows.to_iso_duration(lifetime)
    body.update(_chosen(platform, pair))
    before = Account(name=name, listed_keys=())
    doing = "create the user"
    platform.forget_listing()
    try:
        answer = platform.call(
            "POST",
            platform.users_path(),
            body=body,
            ok=(200, 201),
            repeatable=True,
            doing=doing,
            account=name,
        )
        made, expires_at = rows.pair_of(answer, name, pair)
    except CredentialsError as exc:
        made, expires_at = _settled(platform, exc, before, None, pair)
    finally:
        platform.forget_listing()
    slot = 1 if platform.release >= rows.TWO_KEYS else None
    return _issued(platform, before, made, slot, lifetime, expires_at)


def make_key(
    platform: Ontap,
    before: Account,
    slot: int | None,
    pair: Pair | None,
    lifetime: dt.timedelta | None,
) -> Issued:
    """Put a new key into a slot; the one that was there stops working at once.

    lifetime: None keeps that of the key replaced (or of the other one); it is always sent, because
    a regeneration without it may clear it. Repeated after a lost answer, it replaces again.
    """
    body: dict[str, Any] = _chosen(platform, pair)
    if platform.release >= rows.LIFETIME:
        lifetime = kept_lifetime(platform, before, slot) if lifetime is None else lifetime
        body["key_time_to_live"] = rows.to_iso_duration(lifetime)
    if platform.release >= rows.TWO_KEYS:
        slot = slot or 1
        body["key_id"] = slot
    doing = "regenerate the key"
    platform.forget_listing()
    try:
        query = {"regenerate_keys": True}
        answer = _patch(platform, before.name, query, body, doing)
        made, expires_at = rows.pair_of(answer, before.name, pair)
    except CredentialsError as exc:
        made, expires_at = _settled(platform, exc, before, slot, pair)
    finally:
        platform.forget_listing()
    return _issued(platform, before, made, slot, lifetime, expires_at)


def set_comment(platform: Ontap, before: Account, comment: str, look: bool = True) -> Account:
    """Set the comment, "" clears it; return the user as it is then. Repeated, it does no harm.

    look: prove it by a look at this user. Without it the answer is believed for now, and the
    caller proves many users by one listing; after a lost answer it looks all the same.
    """
    doing = "set the comment"
    lost: CredentialsError | None = None
    try:
        _patch(platform, before.name, None, {"comment": comment}, doing)
    except CredentialsError as exc:
        if exc.landed is False:
            raise
        lost = exc
    if not (look or lost):
        return dataclasses.replace(before, details={**before.details, "comment": comment})
    now = _look(platform, before.name, lost, doing)
    if now.details["comment"] == comment:
        return now
    if lost:
        lost.next_step = "Run the same task again: setting a comment twice does no harm."
        raise lost
    raise comment_not_set(platform, now)


def comment_not_set(platform: Ontap, now: Account) -> CredentialsError:
    """Return the error for a comment that was answered with success and is not there."""
    return platform.fail(
        "platform_error",
        f"ONTAP answered success, but the comment of {now.name} is still"
        f" {now.details['comment']!r}.",
        account=now.name,
        landed=None,
    ).at(step="set the comment")


def delete_key(platform: Ontap, key: AccessKey) -> Account:
    """Delete a key and return the user without it, proven by a look. Repeated, it does no harm."""
    name = key.account.name
    doing = "delete the key"
    if platform.release < rows.LIFETIME:
        raise platform.unsupported(
            "delete the key of a user", f"it can from 9.14.1 on, and this is {platform.dotted}"
        ).at(account=name, step=doing)
    body = {"key_id": key.slot or 1} if platform.release >= rows.TWO_KEYS else {}
    lost: CredentialsError | None = None
    platform.forget_listing()
    try:
        _patch(platform, name, {"delete_keys": True}, body, doing)
    except CredentialsError as exc:
        if exc.landed is False:
            raise
        lost = exc
    finally:
        platform.forget_listing()
    now = _look(platform, name, lost, doing)
    if not any(shown.access_key == key.access_key for shown in now.listed_keys or ()):
        return now
    if lost:
        lost.alive = key.access_key
        lost.next_step = _MAY_STILL_LAND
        raise lost
    raise platform.fail(
        "platform_error",
        f"ONTAP answered success, but {key.access_key} of {name} is still there.",
        account=name,
        alive=key.access_key,
        landed=None,
    ).at(step=doing)


def delete_user(platform: Ontap, name: str) -> None:
    """Delete a user with its keys, proven by a look. Repeated, it says not_found."""
    doing = "delete the user"
    lost: CredentialsError | None = None
    platform.forget_listing()
    try:
        platform.call(
            "DELETE", platform.users_path(name), repeatable=True, doing=doing, account=name
        )
    except CredentialsError as exc:
        if exc.landed is False:
            raise
        lost = exc
    finally:
        platform.forget_listing()
    try:
        now = _look(platform, name, lost, doing)
    except CredentialsError as exc:
        if exc.kind == "not_found":
            return
        raise
    alive = _names(now)
    if lost:
        lost.alive = alive
        lost.next_step = _MAY_STILL_LAND
        raise lost
    raise platform.fail(
        "platform_error",
        f"ONTAP answered success, but the user {name} is still there.",
        account=name,
        alive=alive,
        landed=None,
    ).at(step=doing)


def _patch(platform: Ontap, name: str, query: Query, body: dict[str, Any], doing: str) -> Answer:
    return platform.call(
        "PATCH",
        platform.users_path(name),
        query=query,
        body=body,
        # Sent again only after 262160, which promises that nothing was done.
        repeatable=True,
        doing=doing,
        account=name,
    )


def _chosen(platform: Ontap, pair: Pair | None) -> dict[str, Any]:
    if pair is None:
        return {}
    platform.client.redactor.learn(pair.secret_key)
    return {"access_key": pair.access_key, "secret_key": pair.secret_key}


def kept_lifetime(platform: Ontap, before: Account, slot: int | None) -> dt.timedelta:
    """Return the lifetime of the key replaced, or else of the other one, cut to the maximum."""
    key = rows.key_in(before, slot) or rows.key_in(before, None)
    lifetime, most = rows.lifetime_of(key), platform.longest_lifetime
    if most and (not lifetime or lifetime > most):
        return most
    return lifetime


def _issued(
    platform: Ontap,
    account: Account,
    pair: Pair,
    slot: int | None,
    lifetime: dt.timedelta | None,
    expires_at: dt.datetime | None,
) -> Issued:
    # The key is made: no odd date may make its pair be thrown away.
    now: dt.datetime | None = None
    with contextlib.suppress(OverflowError):
        now = platform.client.platform_now()
    # What was asked for and granted; releases before 9.15.1 do not repeat the expiry.
    details = {"key_time_to_live": rows.to_iso_duration(lifetime)} if lifetime else {}
    return Issued(
        account=account,
        pair=pair,
        created_at=rows.began(expires_at, lifetime) if expires_at and lifetime else now,
        expires_at=expires_at,
        slot=slot,
        details=details,
    )


def _look(platform: Ontap, name: str, lost: CredentialsError | None, doing: str) -> Account:
    """Read the user; if that fails too, a lost answer before it is the error to tell."""
    try:
        return platform.account(AccountRef(name=name))
    except CredentialsError as exc:
        if lost is None or exc.kind == "not_found":
            if lost is None and exc.kind != "not_found":
                # The change was answered with success; only its proof is missing.
                exc.landed = True
            raise
        lost.next_step = _MAY_STILL_LAND
        lost.message += f" The look afterwards failed as well: {exc.message}"
        raise lost from None


def _settled(
    platform: Ontap,
    exc: CredentialsError,
    before: Account,
    slot: int | None,
    pair: Pair | None,
) -> tuple[Pair, dt.datetime | None]:
    """Look which key lives after an answer that leaves it open; return the pair if it is ours.

    Otherwise raises the error, with alive and landed set by what the platform shows.
    """
    told = exc.code in (rows.CREATE_FAILED, rows.REGENERATE_FAILED, rows.REGENERATED_REST_FAILED)
    if exc.landed is False and not told:
        raise exc
    partial = exc.code == rows.REGENERATED_REST_FAILED
    old = rows.key_in(before, slot)
    try:
        now: Account | None = platform.account(AccountRef(name=before.name))
    except CredentialsError as look:
        if look.kind != "not_found":
            exc.landed = True if partial else None
            exc.alive = "unknown"
            exc.next_step = _MAY_STILL_LAND
            exc.message += f" The look afterwards failed as well: {look.message}"
            raise exc from None
        now = None
    shown = rows.key_in(now, slot) if now else None
    was, is_now = (key.access_key if key else None for key in (old, shown))
    if pair and is_now == pair.access_key and was != is_now and not partial:
        return pair, shown.expires_at if shown else None
    exc.alive = is_now or "none"
    if is_now == was:
        # 92405791 and 92405792 say that it failed, and it did. A lost answer proves nothing yet.
        same_name = pair is not None and pair.access_key == was
        exc.landed = False if told and not partial and not same_name else None
        what = f"the access key is {was}, as before" if was else "there is no key, as before"
        exc.message += f" A look shows that {what}."
        if exc.landed is None:
            exc.next_step = _MAY_STILL_LAND
        elif was:
            exc.next_step = f"{was} goes on working. Run again once the cluster is well."
    else:
        exc.landed = True
        exc.kind = "partial" if told else exc.kind
        ended = f" It replaced {was}, which is dead." if was else ""
        if pair and is_now == pair.access_key:
            exc.message += f" A look shows {is_now}, the pair that was given: it lives.{ended}"
            exc.next_step = "Keep that pair, and check its lifetime with s3_credential_info."
        elif is_now:
            exc.message += f" A look shows a new access key, {is_now}; its secret is lost.{ended}"
            exc.next_step = _REGENERATE_AGAIN
        else:
            exc.message += f" A look shows no key.{ended}"
            exc.next_step = _REGENERATE_AGAIN
    raise exc


def _names(account: Account) -> str:
    return ", ".join(key.access_key for key in account.listed_keys or ()) or "none"
