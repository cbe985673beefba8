# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that no record manages yet, and records that the platform contradicts."""

from __future__ import annotations

import dataclasses
import datetime as dt

from .model import ACTIVE, AccessKey, Pair
from .record import HeldKey, Secret
from .rotation_case import Case, held_here, names
from .rotation_issue import Order
from .rotation_proof import accepted, unproven


def take_custody(case: Case) -> Order | None:
    """Report an unmanaged account, import its pair, or return the rotation taking it over."""
    policy = case.policy
    if case.record.is_managed:
        return None
    own = [key for key in case.keys if not key.immutable] if case.sees_keys else []
    is_empty = case.sees_keys and not own and policy.import_pair is None
    if is_empty and (case.desk.facts.listing_is_proof or policy.force):
        if policy.is_named:
            return Order("its first key", policy.rotation_id or new_rotation_id(case))
        case.did("unchanged", "it has no access key")
        return None
    if is_empty and (policy.adopt != "rotate" or not policy.is_named):
        case.did("unmanaged", "the platform shows no key, which proves nothing here")
        return None
    if policy.import_pair is not None or policy.adopt == "import":
        _import(case)
        return None
    leaked = [key.access_key for key in own if key.access_key in policy.compromised]
    if leaked and policy.adopt == "report":
        raise case.fail(
            "disruption_refused",
            f"{', '.join(leaked)} of {case.account.name} is compromised, and no record knows it.",
            next_step="Set adopt: rotate to take the account over and revoke this key, or disable"
            " it with s3_credential_status.",
            alive=names(own),
        )
    if policy.adopt == "report":
        shown = names(own) if case.sees_keys else "keys that the platform does not show"
        case.did("unmanaged", f"no record knows {shown}")
        return None
    exception = policy.exception
    if exception is not None and not leaked and policy.is_excepted(case.desk.now()):
        case.did(
            "unmanaged", f"no record knows its keys; excepted until {exception.until:%Y-%m-%d}"
        )
        return None
    return Order(
        f"compromised: {policy.reason}" if leaked else "taken over",
        policy.rotation_id or new_rotation_id(case),
        replaces=tuple(leaked) or _replaced_by_takeover(case),
        compromised=policy.reason if leaked else None,
    )


def new_rotation_id(case: Case) -> str:
    """Return an identifier for a rotation that the operator gave none."""
    return case.desk.run


def check_identity(case: Case) -> None:
    """Raise drifted where the record belongs to another account or scope than the platform's."""
    record, account = case.record, case.account
    differences = []
    if record.account_id and account.id and record.account_id != account.id:
        differences.append(f"account {record.account_id}, and {account.name} is {account.id} now")
    for name, value in case.desk.scope.items():
        if record.scope.get(name, value) != value:
            differences.append(f"{name} {record.scope[name]}, and the endpoint's is {value} now")
    if differences:
        next_step = (
            "If the account was made anew under the same name, or the endpoint is another one, move"
            " the record away; its keys are those of the old one."
        )
        if all("@" in each.partition(" ")[0] for each in differences):
            next_step = (
                "If the mirror is another one now, name the account with force: true and without"
                " this mirror, which forgets it; then name the mirror again."
            )
        raise case.fail(
            "drifted",
            f"The record {case.place} belongs to {'; '.join(differences)}. Nothing was touched.",
            next_step=next_step,
        )


def check_endpoints(case: Case) -> None:
    """Raise drifted where other endpoints hold the record's pair too, and this run leaves them out.

    force goes on without them.
    """
    record, policy = case.record, case.policy
    holding = (*record.endpoints, *(record.pending.endpoints if record.pending else ()))
    left = " and ".join(dict.fromkeys(each for each in holding if each not in case.desk.endpoints))
    if not left:
        return
    if policy.force and policy.is_named and policy.state == "rotated":
        case.details["left_mirrors"] = f"{left}: what it shows stays as it is"
        return
    raise case.fail(
        "drifted",
        f"The pair of {case.account.name} is held by {left} as well, and this run does not name"
        f" it: {' and '.join(case.desk.endpoints)} alone would get another one.",
        next_step=f"Set mirrors to {left}. If it is to hold the pair no more, name the account with"
        " force: true, which rotates it here alone.",
    )


def enrol(case: Case) -> None:
    """Note a mirror that was named for the first time and holds the current pair already."""
    current = case.record.current
    if current is None or not set(case.desk.endpoints) - set(case.record.endpoints):
        return
    pair = current.pair()
    if pair is None or not case.is_whole(current.access_key):
        return
    verified_at = _verified(case, pair, f"is not noted for {' and '.join(case.desk.endpoints)}")
    held = dataclasses.replace(current, verified_at=verified_at or current.verified_at)
    case.save(
        dataclasses.replace(held_here(case, case.record), current=held),
        "mirrored",
        access_key=current.access_key,
        verified=verified_at is not None,
    )
    case.did("adopted", f"{' and '.join(case.desk.endpoints)} hold its pair")


def check_drift(case: Case) -> None:
    """Raise drifted where the platform's keys contradict the record; force goes on regardless."""
    record = case.record
    current = record.current
    if current is None:
        return
    if current.expires_at is not None and current.expires_at <= case.desk.now():
        case.lost = current.access_key
    if not case.sees_keys or current.access_key is None:
        return
    forced = case.policy.force and case.policy.is_named
    shown = case.shown(current.access_key)
    unknown = case.unknown_keys()
    is_gone = shown is None and (case.desk.facts.listing_is_proof or bool(unknown))
    if is_gone or (shown is not None and shown.status != ACTIVE):
        case.lost = current.access_key
    if unknown:
        case.details["unknown_keys"] = names(unknown)
    if forced or current.compromised:
        return
    if shown is None and unknown:
        raise case.fail(
            "drifted",
            f"The record's current key {current.access_key} of {case.account.name} is gone, and the"
            f" platform shows {names(unknown)}, which the record does not know.",
            alive=names(unknown),
            next_step="If these keys may be replaced, name the account with force: true (and, where"
            " several keys live side by side, replaces).",
        )
    if shown is not None and shown.absent_at and not _is_for_new(case, shown):
        raise case.fail(
            "drifted",
            f"The record's current key {current.access_key} of {case.account.name} is not at"
            f" {' and '.join(shown.absent_at)}, which should hold it too: {names(case.keys)}.",
            alive=names(case.keys),
            next_step="Find out who changed it. If what is shown may be replaced, name the account"
            " with force: true: all of them get a new pair.",
        )
    if shown is not None and shown.status != ACTIVE:
        raise case.fail(
            "drifted",
            f"The record's current key {current.access_key} of {case.account.name} was disabled by"
            " somebody else.",
            alive=names([key for key in case.keys if key.status == ACTIVE]),
            next_step="Enable it (s3_credential_status), or replace it: name the account with"
            " force: true.",
        )


def _is_for_new(case: Case, shown: AccessKey) -> bool:
    """Tell whether a key is only missing where it never was, and nobody's key is in its place."""
    never = set(case.desk.endpoints) - set(case.record.endpoints)
    return set(shown.absent_at) <= never and (case.desk.facts.overlap or not case.unknown_keys())


def _replaced_by_takeover(case: Case) -> tuple[str, ...]:
    """Return the keys that a takeover replaces; several unknown ones must be named."""
    policy = case.policy
    if not case.sees_keys or not case.desk.store.is_durable:
        return ()
    unknown = [key.access_key for key in case.unknown_keys() if not key.immutable]
    # What appeared during a call of ours that went unanswered is not what the clients use.
    suspects = [access_key for access_key in unknown if access_key in case.record.suspects]
    used = [access_key for access_key in unknown if access_key not in suspects]
    if policy.replaces:
        named = [access_key for access_key in policy.replaces if access_key in unknown]
        missing = sorted(set(policy.replaces) - set(unknown))
        if missing and not case.has_record:
            raise case.fail(
                "not_found",
                f"replaces: {case.account.name} has no access key {', '.join(missing)} that could"
                f" be replaced; it has {names(case.keys)}.",
            )
        if missing:
            # No failure: an earlier run may have deleted it to make room.
            case.details["replaces_not_found"] = ", ".join(missing)
        # Naming a suspect only makes room; what is in use is still to be replaced.
        only_suspects = named and set(named) <= set(suspects) and len(used) == 1
        return (*named, *used) if only_suspects else tuple(named)
    if len(used) > 1:
        raise case.fail(
            "ambiguous",
            f"{case.account.name} has {len(used)} access keys that no record knows:"
            f" {names(case.keys)}. It is not known which of them is in use.",
            next_step="Say with replaces which of them the new key replaces. Where the platform has"
            " no room for one more, and with allow_disruption: true, it is deleted before the new"
            " one works.",
            alive=names(case.keys),
        )
    return tuple(used)


def _import(case: Case) -> None:
    """Take over a pair that is given, or that the platform shows, verified, at its age."""
    key = _imported_key(case)
    pair = case.policy.import_pair or (case.desk.platform.read_pair(key) if key else None)
    if pair is None:
        raise case.fail(
            "unsupported",
            f"The secret key of {case.account.name} is not shown by {case.desk.platform.title}.",
            next_step="Give access_key and secret_key of the account in users, or adopt: rotate.",
        )
    case.desk.platform.client.redactor.learn(pair.secret_key)
    verified_at = _verified(case, pair)
    now = case.desk.now()
    current = HeldKey(
        pair.access_key,
        Secret(pair.secret_key),
        origin="imported",
        created_at=key.created_at if key else None,
        expires_at=key.expires_at if key else None,
        slot=key.slot if key else None,
        verified_at=verified_at,
        promoted_at=now,
        # Its consumers have it already.
        acknowledged_at=now,
    )
    case.save(
        dataclasses.replace(held_here(case, case.record), current=current),
        "adopted",
        access_key=pair.access_key,
        verified=verified_at is not None,
    )
    case.did("adopted", "its pair is taken over as it stands")


def _imported_key(case: Case) -> AccessKey | None:
    """Return the key to be imported as the platform shows it; None where it shows none."""
    if not case.sees_keys:
        return None
    given = case.policy.import_pair
    case.look()
    if given is not None:
        key = case.shown(given.access_key)
        if key is None or key.absent_at:
            raise case.fail(
                "not_found",
                f"{case.account.name} has no access key {given.access_key}"
                f"{' everywhere' if key else ''}; it has {names(case.keys)}.",
            )
        return key
    usable = [key for key in case.keys if not (key.immutable or key.absent_at)]
    active = [key for key in usable if key.status == ACTIVE]
    if len(active) == 1:
        return active[0]
    raise case.fail(
        "ambiguous" if active else "not_found",
        f"{case.account.name} has {len(active)} active access keys to import: {names(active)}.",
        next_step="Give access_key and secret_key of the one in use, in users.",
    )


def _verified(case: Case, pair: Pair, outcome: str = "was not imported") -> dt.datetime | None:
    if not case.desk.verifier.enabled:
        return None
    verdict = accepted(case, pair)
    if verdict.works:
        return case.desk.now()
    what = f"The pair {pair.access_key} of {case.account.name} {outcome}"
    raise unproven(case, verdict, what, None)
