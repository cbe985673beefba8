# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 users of one SVM: slots with keys, lifetimes, and the rules of POST and PATCH."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import quote

from .base import BadBody, Request, Response
from .ontap_query import RefusalError, Row, boolean, matches, parameters, wants_links
from .ontap_state import LONGEST, Key, Svm, User, read_duration, show_duration

if TYPE_CHECKING:
    from .ontap import OntapSimulator

#: When fields and parameters came: the release in which each is first accepted.
INTRODUCED = {
    "name": (9, 7, 0),
    "comment": (9, 7, 0),
    "svm": (9, 7, 0),
    "key_time_to_live": (9, 14, 1),
    "access_key": (9, 16, 1),
    "secret_key": (9, 16, 1),
    "key_id": (9, 19, 1),
}
DELETE_KEYS = (9, 14, 1)
EXPIRY_IN_ANSWER = (9, 15, 1)
TWO_KEYS = (9, 19, 1)


class Users:
    """The users endpoint of one SVM."""

    def __init__(self, simulator: OntapSimulator, svm: Svm) -> None:
        self.simulator = simulator
        self.modes = simulator.modes
        self.svm = svm

    # --- reading --------------------------------------------------------------------------------

    def row(self, user: User) -> Row:
        """Return a user as GET shows it, with every field of this release; never a secret."""
        version = self.simulator.version
        where = f"/api/protocols/s3/services/{self.svm.uuid}/users/{quote(user.name, safe='')}"
        row: Row = {
            "svm": self.simulator.svm_reference(self.svm),
            "name": user.name,
            "_links": {"self": {"href": where}},
        }
        if user.comment or self.modes["shows_empty_comment"]:
            row["comment"] = user.comment
        first = user.slots.get(1)
        if first:
            row["access_key"] = first.access_key
        if first and version >= INTRODUCED["key_time_to_live"]:
            row.update(self._times(first, "key_time_to_live", "key_expiry_time"))
        if version >= TWO_KEYS and self.modes["shows_keys"]:
            row["keys"] = [
                {
                    "id": slot,
                    "access_key": key.access_key,
                    **self._times(key, "time_to_live", "expiry_time"),
                }
                for slot, key in sorted(user.slots.items())
            ]
        return row

    def _times(self, key: Key, lifetime: str, expiry: str) -> Row:
        if key.lifetime is None or key.expiry is None:
            return {}
        return {lifetime: show_duration(key.lifetime), expiry: self._moment(key.expiry)}

    def _moment(self, moment: dt.datetime) -> str:
        if self.modes["expiry_offset"] == "Z":
            return self.simulator.iso(moment)
        zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
        return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S+05:30")

    def find(self, name: str) -> User:
        """Return the user that a path names."""
        user = self.svm.users.get(name)
        if user is None and self.modes["names"] == "no_case_in_path":
            user = self._same_but_case(name)
        if user is None:
            raise RefusalError("4")
        return user

    def _same_but_case(self, name: str) -> Optional[User]:
        for user in self.svm.users.values():
            if user.name.casefold() == name.casefold():
                return user
        return None

    # --- writing --------------------------------------------------------------------------------

    def post(self, request: Request) -> Response:
        """Create a user; the answer is the only place where its secret is ever shown."""
        parameters(request, ())
        body = self._body(request)
        if "records" in body:
            made = [self._create(one) for one in _records(body)]
            return self._answer(request, 201, made)
        user, key = self._create(body)
        response = self._answer(request, 201, [(user, key)])
        where = f"{request.path}/{quote(user.name, safe='')}"
        response.headers["Location"] = where
        return response

    def _create(self, body: Row) -> tuple[User, Key]:
        self._check_fields(
            body, ("name", "comment", "key_time_to_live", "access_key", "secret_key")
        )
        name = body.get("name")
        if not isinstance(name, str):
            raise RefusalError("262212", "name")
        if not 1 <= len(name) <= 64:
            raise RefusalError("92405788", "name")
        if not re.fullmatch(r"[0-9A-Za-z_+=,.@-]+", name):
            raise RefusalError("92405787", "name")
        if not self.svm.has_s3:
            raise RefusalError("92405773")
        twin = self.svm.users.get(name) if self.modes["names"] == "case" else None
        if twin or (self.modes["names"] != "case" and self._same_but_case(name)):
            raise RefusalError("1")
        comment = _comment(body)
        lifetime = self._lifetime(body, None)
        chosen = self._own_pair(body)
        self._fail_if_told()
        if self.modes["create_fails"] == "before":
            raise RefusalError("92405791")
        key = self.simulator.new_key(lifetime, chosen)
        user = User(name, comment or "", {1: key})
        self.svm.users[name] = user
        self.simulator.commit(f"created {name} with {key.access_key}")
        if self.modes["create_fails"] == "after":
            raise RefusalError("92405791")
        return user, key

    def patch(self, request: Request, name: str) -> Response:
        """Change the comment, or make or delete keys; one write is one answer."""
        parameters(request, self._patch_parameters())
        user = self.find(name)
        key = self._change(request, user, self._body(request))
        if key is None:
            return self._empty()
        return self._answer(request, 200, [(user, key)])

    def patch_collection(self, request: Request) -> Response:
        """Change every user that the query matches. What such a call answers is not documented."""
        chosen, body = self._chosen(request, self._patch_parameters()), self._body(request)
        made = []
        for user in chosen:
            key = self._change(request, user, body)
            if key:
                made.append((user, key))
        return self._answer(request, 200, made) if made else self._empty()

    def _patch_parameters(self) -> tuple[str, ...]:
        if self.simulator.version < DELETE_KEYS:
            return ("regenerate_keys",)
        return ("regenerate_keys", "delete_keys")

    def _change(self, request: Request, user: User, body: Row) -> Optional[Key]:
        regenerate = boolean(request, "regenerate_keys")
        delete = boolean(request, "delete_keys")
        self._check_fields(
            body, ("comment", "key_time_to_live", "access_key", "secret_key", "key_id"), user.name
        )
        if regenerate and delete:
            raise RefusalError("92406082")
        if delete and ("access_key" in body or "secret_key" in body):
            raise RefusalError("92406202")
        if "key_time_to_live" in body and not regenerate:
            raise RefusalError("92406088", "key_time_to_live")
        chosen = self._own_pair(body, user)
        if chosen and not regenerate:
            # Not documented; the vendor's examples always send both.
            raise RefusalError("2", "access_key")
        slot = body.get("key_id", 1)
        if isinstance(slot, bool) or slot not in (1, 2):
            raise RefusalError("262197", "key_id")
        if "key_id" in body and not (regenerate or delete):
            raise RefusalError("2", "key_id")
        comment = _comment(body)
        if not regenerate and not delete and comment is None:
            raise RefusalError("262190")
        lifetime = self._lifetime(body, user.slots.get(slot)) if regenerate else None
        if delete and user.name == "root" and self.modes["root_in_snapmirror"]:
            raise RefusalError("92406080")
        self._fail_if_told()
        if regenerate:
            return self._regenerate(user, slot, lifetime, chosen, comment)
        if comment is not None:
            user.comment = comment
            self.simulator.commit(f"set the comment of {user.name}")
        if delete and slot in user.slots:
            del user.slots[slot]
            self.simulator.commit(f"deleted key {slot} of {user.name}")
        return None

    def _regenerate(
        self,
        user: User,
        slot: int,
        lifetime: Optional[dt.timedelta],
        chosen: Optional[tuple[str, str]],
        comment: Optional[str],
    ) -> Key:
        fails = self.modes["regenerate_fails"]
        if fails == "before":
            raise RefusalError("92405792")
        rest_fails = fails == "partial"
        key = self.simulator.new_key(None if rest_fails else lifetime, chosen)
        user.slots[slot] = key
        self.simulator.owners[key.access_key] = user
        if comment is not None and not rest_fails:
            user.comment = comment
        self.simulator.commit(f"regenerated key {slot} of {user.name}: {key.access_key}")
        if rest_fails:
            raise RefusalError("92406081")
        if fails == "after":
            raise RefusalError("92405792")
        return key

    def delete(self, request: Request, name: str) -> Response:
        """Delete a user with its keys."""
        parameters(request, ())
        if request.body.strip() not in (b"", b"{}"):
            raise RefusalError("262198")
        self._delete(self.find(name))
        return self._empty()

    def delete_collection(self, request: Request) -> Response:
        """Delete every user that the query matches, or that the body lists."""
        if request.body.strip() not in (b"", b"{}"):
            parameters(request, ())
            chosen = [self.find(str(one.get("name"))) for one in _records(self._body(request))]
        else:
            chosen = self._chosen(request, ())
        for user in chosen:
            self._delete(user)
        return self._empty()

    def _delete(self, user: User) -> None:
        if user.name == "root":
            raise RefusalError("2", "name")  # not documented; an object store server has its root
        self._fail_if_told()
        del self.svm.users[user.name]
        self.simulator.commit(f"deleted {user.name}")

    # --- rules ----------------------------------------------------------------------------------

    def _chosen(self, request: Request, known: tuple[str, ...]) -> list[User]:
        filters = ("name", "comment", "access_key", "svm.name")
        found = parameters(request, (*known, *filters, "max_records", "fields"))
        rules = [(name, value) for name, value in found.items() if name in filters]
        if not rules:
            raise RefusalError("262177", "name")  # a whole SVM by accident would be too much
        users = sorted(self.svm.users.values(), key=lambda user: user.name)
        return [u for u in users if all(matches(self.row(u), n, v) for n, v in rules)]

    def _body(self, request: Request) -> Row:
        if not request.body.strip():
            return {}
        try:
            body = request.json()
        except BadBody:
            raise RefusalError("262199") from None
        if not isinstance(body, dict):
            raise RefusalError("262199")
        return body

    def _check_fields(
        self, body: Mapping[str, Any], known: tuple[str, ...], name: Optional[str] = None
    ) -> None:
        for given, value in body.items():
            if given == "svm":
                # Repeated in the body it must be the SVM of the path.
                if isinstance(value, dict) and value.get("uuid", self.svm.uuid) == self.svm.uuid:
                    continue
                raise RefusalError("2", "svm")
            if given == "name" and name is not None and value == name:
                continue
            if given == "name" and name is not None:
                raise RefusalError("262203", "name")
            if given not in known:
                raise RefusalError("262179", given)
            if self.simulator.version < INTRODUCED[given]:
                raise RefusalError("262196" if given == "access_key" else "262179", given)

    def _own_pair(
        self, body: Mapping[str, Any], owner: Optional[User] = None
    ) -> Optional[tuple[str, str]]:
        if "access_key" not in body and "secret_key" not in body:
            return None
        access_key, secret_key = body.get("access_key"), body.get("secret_key")
        if not access_key or not secret_key:
            raise RefusalError("92406201")
        if not isinstance(access_key, str) or not re.fullmatch(r"[0-9A-Z]+", access_key):
            raise RefusalError("92406205", "access_key")
        if not isinstance(secret_key, str):
            raise RefusalError("262197", "secret_key")
        for user in self.simulator.every_user():
            if user is not owner and any(k.access_key == access_key for k in user.slots.values()):
                raise RefusalError("92406200", "access_key")
        return access_key, secret_key

    def _lifetime(self, body: Mapping[str, Any], old: Optional[Key]) -> Optional[dt.timedelta]:
        most = self.simulator.longest_lifetime()
        if "key_time_to_live" not in body:
            if self.modes["lifetime_left_out"] == "kept" and old and old.lifetime:
                return old.lifetime
            return most
        lifetime = read_duration(body["key_time_to_live"])
        if lifetime > LONGEST:
            raise RefusalError("92406083", "key_time_to_live")
        if most and not lifetime:
            raise RefusalError("92406197", "key_time_to_live")
        if most and lifetime > most:
            raise RefusalError("92406196", "key_time_to_live")
        return lifetime or None

    def _fail_if_told(self) -> None:
        if self.modes["writes_fail"]:
            raise RefusalError(str(self.modes["writes_fail"]))

    def _answer(self, request: Request, status: int, made: list[tuple[User, Key]]) -> Response:
        records: list[Row] = []
        for user, key in made:
            record: Row = {
                "name": user.name,
                "access_key": key.access_key,
                "secret_key": key.secret_key,
            }
            if key.expiry and self.simulator.version >= EXPIRY_IN_ANSWER:
                record["key_expiry_time"] = self._moment(key.expiry)
            if wants_links(request):
                record["_links"] = {"self": {"href": self.row(user)["_links"]["self"]["href"]}}
            records.append(record)
        shape = self.modes["records"]
        return Response(
            status,
            {
                "num_records": len(records),
                "records": records[0] if shape == "object" and len(records) == 1 else records,
            },
        )

    def _empty(self) -> Response:
        return Response(200, None if self.modes["empty_answers"] else {})


def _records(body: Mapping[str, Any]) -> list[Row]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise RefusalError("2", "records")
    return records


def _comment(body: Mapping[str, Any]) -> Optional[str]:
    comment = body.get("comment")
    if comment is not None and (not isinstance(comment, str) or len(comment) > 256):
        raise RefusalError("262197", "comment")
    return comment
