# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator wants of ONTAP S3 users, and what follows for one user. Sends nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import CredentialsError
from ..model import AccessKey, Account, Pair
from ..options import split_hint
from . import ontap_rows as rows
from .ontap import Ontap

#: Stands in Plan.ends for what may be in slot 2 of a user whose slots are not shown.
UNSEEN = "key 2 (not shown)"

_NAME = re.compile(r"[0-9A-Za-z_+=,.@-]+")


@dataclass(frozen=True)
class Wanted:
    """The state that the users shall have; None leaves a side of it alone."""

    names: tuple[str, ...]
    present: bool = True
    comment: str | None = None
    #: Zero: never expires.
    lifetime: dt.timedelta | None = None
    regenerate_keys: bool = False
    delete_keys: bool = False
    pair: Pair | None = None
    key_id: int | None = None
    return_secret: bool = False
    #: Keys that are made are kept in a secret store.
    has_store: bool = False
    allow_disruption: bool = False
    strict: bool = False

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> Wanted:
        """Read the options of ontap_s3_user. Raises invalid_option, naming the option."""
        access_key, secret_key = params.get("access_key"), params.get("secret_key")
        if (access_key is None) != (secret_key is None):
            missing = "secret_key" if secret_key is None else "access_key"
            raise _invalid(f"{missing}: access_key and secret_key belong together.", "92406201")
        lifetime = params.get("key_time_to_live")
        return cls(
            names=tuple(dict.fromkeys(params.get("name") or ())),
            present=params.get("state", "present") == "present",
            comment=params.get("comment"),
            lifetime=None
            if lifetime is None
            else rows.parse_lifetime(lifetime, "key_time_to_live"),
            regenerate_keys=bool(params.get("regenerate_keys")),
            delete_keys=bool(params.get("delete_keys")),
            pair=None if access_key is None else Pair(access_key, str(secret_key)),
            key_id=params.get("key_id"),
            return_secret=bool(params.get("return_secret")),
            has_store=params.get("secret_store") is not None,
            allow_disruption=bool(params.get("allow_disruption")),
            strict=bool(params.get("strict")),
        )


@dataclass(frozen=True)
class Plan:
    """What is to be done with one user."""

    name: str
    #: The user as it was read; None: there is none.
    before: Account | None
    action: str = "unchanged"
    why: str = "already as wanted"
    create: bool = False
    delete_user: bool = False
    #: The comment to set.
    comment: str | None = None
    #: A key is made in this slot (None: the only one), in place of the one in replaces.
    make_key: bool = False
    slot: int | None = None
    replaces: AccessKey | None = None
    delete_key: AccessKey | None = None
    #: A first key that an earlier run began to make is brought into its record.
    resumes: bool = False
    #: Working access keys that would stop working.
    ends: tuple[str, ...] = ()

    @property
    def makes(self) -> bool:
        """Whether a pair comes into being, or into its record."""
        return self.create or self.make_key or self.resumes


def check(wanted: Wanted) -> None:
    """Check the options against each other and ONTAP's rules. Raises invalid_option."""
    _check_names(wanted.names)
    one_shot = (
        "regenerate_keys"
        if wanted.regenerate_keys
        else "delete_keys"
        if wanted.delete_keys
        else "access_key"
        if wanted.pair
        else None
    )
    if not wanted.present:
        if one_shot or wanted.key_id is not None:
            raise _invalid(f"{one_shot or 'key_id'} contradicts state: absent.")
        return
    if wanted.regenerate_keys and wanted.delete_keys:
        raise _invalid("regenerate_keys and delete_keys contradict each other.", "92406082")
    if wanted.delete_keys and wanted.pair:
        raise _invalid("delete_keys and access_key contradict each other.", "92406202")
    if wanted.delete_keys and wanted.lifetime is not None:
        raise _invalid("key_time_to_live has no meaning with delete_keys.", "92406088")
    if wanted.key_id is not None and not one_shot:
        raise _invalid("key_id only has a meaning with regenerate_keys, delete_keys or access_key.")
    if wanted.has_store and wanted.key_id is not None and not wanted.delete_keys:
        raise _invalid(
            "key_id contradicts secret_store: the record says which key is replaced, and a new one"
            " takes the free place."
        )
    if wanted.key_id not in (None, 1, 2):
        raise _invalid("key_id must be 1 or 2.")
    if wanted.comment is not None and len(wanted.comment) > 256:
        raise _invalid("comment: ONTAP takes at most 256 characters.")
    if wanted.pair:
        _check_pair(wanted.pair, len(wanted.names))


def _check_names(names: tuple[str, ...]) -> None:
    if not names:
        raise _invalid("name is empty: there is nothing to do.")
    seen: dict[str, str] = {}
    for name in names:
        if not 1 <= len(name) <= 64:
            raise _invalid(f"name: {name!r} does not have 1 to 64 characters.", "92405788")
        if not _NAME.fullmatch(name):
            raise _invalid(
                f"name: {name!r} holds a character other than 0-9 A-Z a-z _ + = , . @ -.",
                "92405787",
            )
        if name in (".", ".."):
            raise _invalid(f"name: {name!r} cannot be addressed: a URL cannot carry it.")
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise _invalid(
                f"name: {other!r} and {name!r} differ only in case; to ONTAP they are one user.",
                "1",
            )


def _check_pair(pair: Pair, users: int) -> None:
    if users > 1:
        raise _invalid("access_key: a pair can belong to one user only; give one name.", "92406200")
    if not re.fullmatch(r"[0-9A-Z]+", pair.access_key):
        raise _invalid("access_key may hold the characters 0-9 and A-Z only.", "92406205")
    if not pair.secret_key:
        raise _invalid("secret_key is empty.", "92406201")


def _invalid(message: str, code: str | None = None) -> CredentialsError:
    return CredentialsError("invalid_option", message, code=code)


def plan_for(platform: Ontap, wanted: Wanted, name: str, before: Account | None) -> Plan:
    """Return what is to be done with a user. Raises what concerns this user alone."""
    if not wanted.present:
        return _plan_absent(platform, name, before)
    if before is None:
        return _plan_new(platform, wanted, name)
    comment = wanted.comment
    if comment == before.details["comment"]:
        comment = None
    plan = Plan(name, before, comment=comment)
    if comment is not None:
        plan = replace(plan, action="updated", why="comment set" if comment else "comment cleared")
    if wanted.delete_keys:
        return _plan_delete_keys(platform, wanted, plan, before)
    if wanted.pair and not wanted.regenerate_keys:
        held = [k for k in before.listed_keys or () if k.access_key == wanted.pair.access_key]
        if held:
            return _plan_held_pair(platform, wanted, plan, held[0])
    if (wanted.regenerate_keys or wanted.pair) and wanted.has_store and platform.facts.overlap:
        # As a rotation: beside the old key, which goes on working for its grace period.
        return replace(plan, action="rotated", why="key rotated", make_key=True)
    if wanted.regenerate_keys or wanted.pair:
        slot = platform.slot_to_replace(before, wanted.key_id)
        if slot is None and platform.release >= rows.TWO_KEYS:
            slot = 1
        old = rows.key_in(before, slot)
        why = "key regenerated" if wanted.pair is None else "own pair set"
        if old is None:
            why = "key made" if wanted.pair is None else why
        return replace(
            plan,
            action="rotated",
            why=why if comment is None else f"{plan.why}, {why}",
            make_key=True,
            slot=slot,
            replaces=old,
            ends=(UNSEEN,)
            if _is_unseen(platform, before, slot)
            else _working(platform, [old] if old else []),
        )
    _refuse_lifetime_alone(platform, wanted, before)
    return plan


def refusal(platform: Ontap, wanted: Wanted, plan: Plan) -> CredentialsError | None:
    """Return the error for a plan that makes or ends a key without having been told so."""
    ended = "end the working access key " + " and ".join(plan.ends)
    if UNSEEN in plan.ends:
        ended = f"end the unknown {UNSEEN}, if there is one,"
    if (plan.create or plan.make_key) and not (wanted.return_secret or wanted.has_store):
        also = ""
        if plan.ends and not wanted.allow_disruption:
            also = f" It would also {ended}, for which it needs allow_disruption: true."
        what = "creating the user" if plan.create else "regenerating"
        return platform.fail(
            "custody_refused",
            f"{plan.name}: {what} makes a key, whose secret ONTAP shows only once, and nothing"
            f" would keep it. Nothing was touched.{also}"
            # A name that Ansible split at a comma is seldom there.
            + (split_hint(list(wanted.names), plan.name) if plan.create else ""),
            account=plan.name,
            alive=_alive(plan),
        )
    if plan.ends and not wanted.allow_disruption:
        what = "regenerating its key" if plan.make_key else "deleting its key"
        if plan.delete_user:
            what = "deleting the user"
        return platform.fail(
            "disruption_refused",
            f"{plan.name}: {what} would {ended} at once, and cut off"
            " every client that uses it. Nothing was touched.",
            account=plan.name,
            alive=_alive(plan),
        )
    return None


def _plan_absent(platform: Ontap, name: str, before: Account | None) -> Plan:
    if before is None:
        return Plan(name, None, why="already absent")
    if before.reserved:
        raise platform.fail(
            "immutable",
            f"{name} belongs to the object store server and cannot be deleted.",
            account=name,
            next_step="Delete its keys instead: state: present with delete_keys: true.",
        )
    keys = list(before.listed_keys or ())
    return Plan(
        name,
        before,
        action="deleted",
        why="user deleted",
        delete_user=True,
        replaces=keys[0] if keys else None,
        ends=_working(platform, keys),
    )


def _plan_new(platform: Ontap, wanted: Wanted, name: str) -> Plan:
    if wanted.delete_keys or wanted.key_id == 2:
        raise platform.fail(
            "not_found",
            f"There is no S3 user {name!r} on SVM {platform.svm_name}, so "
            + (
                "it has no keys to delete."
                if wanted.delete_keys
                else "it cannot get key 2: a user is born with key 1."
            ),
            account=name,
            next_step="Leave delete_keys and key_id out to create it first.",
        )
    slot = 1 if platform.release >= rows.TWO_KEYS else None
    return Plan(name, None, action="created", why="user created", create=True, slot=slot)


def _plan_delete_keys(platform: Ontap, wanted: Wanted, plan: Plan, before: Account) -> Plan:
    slot = platform.slot_to_replace(before, wanted.key_id)
    if _is_unseen(platform, before, slot):
        raise platform.unsupported(
            "delete key 2",
            f"this cluster does not show the key slots of {plan.name}, so nobody can tell whether"
            " there is a key 2",
        ).at(account=plan.name)
    key = rows.key_in(before, slot)
    if key is None:
        return plan
    why = "key deleted"
    return replace(
        plan,
        action="updated",
        why=why if plan.comment is None else f"{plan.why}, {why}",
        delete_key=key,
        ends=_working(platform, [key]),
    )


def _plan_held_pair(platform: Ontap, wanted: Wanted, plan: Plan, held: AccessKey) -> Plan:
    """Leave a pair alone that is there already; its secret cannot be compared."""
    if wanted.key_id is not None and (held.slot or 1) != wanted.key_id:
        raise platform.fail(
            "conflict",
            f"{held.access_key} is key {held.slot or 1} of {plan.name}; it cannot be key"
            f" {wanted.key_id} as well.",
            account=plan.name,
            alive=held.access_key,
        )
    _refuse_other_lifetime(platform, wanted, plan.name, [held])
    return plan


def _refuse_lifetime_alone(platform: Ontap, wanted: Wanted, before: Account) -> None:
    keys = list(before.listed_keys or ())
    if wanted.lifetime and not keys:
        raise platform.fail(
            "rejected",
            f"key_time_to_live: {before.name} has no key that could have a lifetime.",
            account=before.name,
            code=rows.LIFETIME_ALONE,
            next_step="Set regenerate_keys: true to make one, or leave key_time_to_live out.",
        )
    _refuse_other_lifetime(platform, wanted, before.name, keys)


def _refuse_other_lifetime(
    platform: Ontap, wanted: Wanted, name: str, keys: list[AccessKey]
) -> None:
    """Refuse a lifetime that the keys do not have: ONTAP sets it only when it makes a key."""
    for key in keys:
        has = rows.lifetime_of(key)
        if wanted.lifetime is None or has == wanted.lifetime:
            continue
        shown = rows.to_iso_duration(has) if has else "none: it never expires"
        raise platform.fail(
            "rejected",
            f"key_time_to_live: {key.access_key} of {name} has another lifetime ({shown}), and"
            " ONTAP sets one only when it makes a key.",
            account=name,
            code=rows.LIFETIME_ALONE,
            alive=key.access_key,
            next_step="Set regenerate_keys: true (with return_secret and allow_disruption) to make"
            " a key with this lifetime, or leave key_time_to_live out.",
        )


def _working(platform: Ontap, keys: list[AccessKey]) -> tuple[str, ...]:
    # By both clocks: a wrong Date header alone must not declare a live key dead.
    now = min(platform.client.platform_now(), platform.client.clock.now())
    return tuple(key.access_key for key in keys if key.expires_at is None or key.expires_at > now)


def _is_unseen(platform: Ontap, before: Account, slot: int | None) -> bool:
    """Tell whether a key may be in this slot that the platform does not show."""
    return platform.release >= rows.TWO_KEYS and slot == 2 and not before.address.get("slots")


def _alive(plan: Plan) -> str | None:
    keys = (plan.before.listed_keys or ()) if plan.before else ()
    return ", ".join(key.access_key for key in keys) or None
