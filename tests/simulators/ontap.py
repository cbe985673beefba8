# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp ONTAP's REST API for S3 users, 9.7 to 9.19.1: strict, gated by release, several SVMs.

Where the vendor publishes nothing, the mode that stands first is a guess, and says so.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any, Optional

from .base import Request, Response, Simulator, SimulatorClock, Variant
from .ontap_hands import OntapHands
from .ontap_query import RefusalError, Row, collection, instance
from .ontap_state import OLD_ALPHABET, Key, Svm, User, read_duration
from .ontap_users import TWO_KEYS, Users

USERNAME = "s3rotator"
PASSWORD = "Ontap-Passw0rd/of+the=simulator"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.ontap-simulator-bearer-token.c2lnbmF0dXJl"
SVM = "svm-s3"

_BASIC = {"api_username": USERNAME, "api_password": PASSWORD, "svm": SVM}


class OntapSimulator(Simulator):
    """A cluster with the SVMs svm-s3, svm-other (both with S3 and a root user) and svm-nas."""

    name = "ontap"
    HANDS = OntapHands
    MODES = {
        "version": (
            "9.16.1",
            "the release: fields, parameters, codes and the forms of keys follow",
        ),
        "ignore_filters": (False, "filters are ignored, all rows come back"),
        "records": ("list", "list or object: the form of records in answers with keys"),
        "next_link": ("everywhere", "everywhere (so the vendor's client needs it), hal or header"),
        "page_size": (0, "the most rows of a page, as if return_timeout had struck; 0: no bound"),
        "empty_last_page": (False, "the last link leads to an empty page"),
        "shows_empty_comment": (False, 'an empty comment is shown as "", or left out'),
        "shows_keys": (True, "9.19.1: whether the list of keys is shown"),
        "expiry_offset": ("Z", "Z or +05:30: the zone of expiry times"),
        "names": ("no_case", "no_case (collide), no_case_in_path (found so too), or case"),
        "lifetime_left_out": (
            "cleared",
            "cleared or kept, by a regenerate without key_time_to_live",
        ),
        "max_key_time_to_live": ("", "the service's maximum, as P90D; 9.15.1 and later"),
        "s3_enabled": (True, "whether the object store server is up"),
        "root_has_keys": (False, "root is born with a key"),
        "root_in_snapmirror": (False, "root's keys cannot be deleted (92406080)"),
        "cluster_read": ("allowed", "allowed or forbidden: GET /cluster, as for an SVM's login"),
        "svm_read": ("allowed", "allowed, own (only svm-s3 is seen) or forbidden: GET /svm/svms"),
        "role": ("full", "full or readonly (writes answer 403, code 6)"),
        "certificate_login": (False, "a request without Authorization is let in (TLS has checked)"),
        "throttle": (0, "how many more requests are refused with 429, 262160"),
        "throttle_seconds": (1, "the Retry-After of those"),
        "writes_fail": (
            "",
            "a code that every write of keys and users answers: 92406096, 92406097",
        ),
        "create_fails": ("", "92405791, before or after the user was made"),
        "regenerate_fails": ("", "before, after (92405792), or partial (92406081: keys are new)"),
        "empty_answers": (False, "writes without keys answer nothing instead of {}"),
    }
    VARIANTS = {
        "9.7": Variant({"version": "9.7"}, _BASIC),
        "9.14.1, login of the SVM": Variant(
            {"version": "9.14.1", "cluster_read": "forbidden", "svm_read": "own"},
            {"api_username": USERNAME, "api_password": PASSWORD, "api_version": "9.14.1"},
        ),
        "9.15.1, bearer token": Variant(
            {"version": "9.15.1", "page_size": 3, "empty_last_page": True},
            {"api_token": TOKEN, "svm": SVM},
        ),
        "9.16.1": Variant({"version": "9.16.1"}, _BASIC),
        "9.19.1": Variant({"version": "9.19.1", "expiry_offset": "+05:30"}, _BASIC),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.svms = [
            Svm(name, str(uuid.UUID(int=self.random.getrandbits(128), version=4)), has_s3)
            for name, has_s3 in ((SVM, True), ("svm-other", True), ("svm-nas", False))
        ]
        #: Whose an access key was when it was last made or asked for.
        self.owners: dict[str, User] = {}
        for svm in self.svms[:2]:
            root = User("root", "Root User")
            if self.modes["root_has_keys"]:
                root.slots[1] = self.new_key(None, None)
            svm.users["root"] = root

    @property
    def version(self) -> tuple[int, int, int]:
        """The release."""
        numbers = [int(part) for part in str(self.modes["version"]).split(".")]
        return (*numbers, 0)[:3]  # type: ignore[return-value]  # two or three numbers and a zero

    # --- the world ------------------------------------------------------------------------------

    @property
    def svm(self) -> Svm:
        """The SVM of the tests."""
        return self.svms[0]

    def every_user(self) -> Iterator[User]:
        """Yield the users of all SVMs."""
        for svm in self.svms:
            yield from svm.users.values()

    def new_key(self, lifetime: Optional[dt.timedelta], chosen: Optional[tuple[str, str]]) -> Key:
        """Return a pair; old releases make long ones. It lives from now on."""
        old = self.version < (9, 10, 0)
        access_key, secret_key = chosen or (
            self.token(128, OLD_ALPHABET) if old else self.token(20),
            self.token(128 if old else 40, OLD_ALPHABET),
        )
        # ONTAP shows whole seconds.
        now = self.clock.now().replace(microsecond=0)
        return Key(access_key, secret_key, lifetime, now + lifetime if lifetime else None)

    def longest_lifetime(self) -> Optional[dt.timedelta]:
        """Return the service's maximum, if this release has one."""
        text = self.modes["max_key_time_to_live"]
        return read_duration(text) if text and self.version >= (9, 15, 1) else None

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user of svm-s3; names are unique there."""
        if name in self.svm.users:
            raise ValueError(f"ONTAP has no two users called {name}")
        room = 2 if self.version >= TWO_KEYS else 1
        slots = {n: self.new_key(None, None) for n in range(1, min(access_keys, room) + 1)}
        user = self.svm.users[name] = User(name, "", slots)
        self.owners.update((key.access_key, user) for key in slots.values())
        return name

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return the keys of a user of svm-s3; an expired one is inactive."""
        user = self.svm.users.get(account_id)
        return {
            key.access_key: "inactive" if self._expired(key) else "active"
            for key in (user.slots.values() if user else ())
        }

    def access_keys(self) -> list[str]:
        """Return every access key of every SVM."""
        return [key.access_key for user in self.every_user() for key in user.slots.values()]

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key if the pair is honoured now."""
        owner = self.owners.get(access_key)
        if owner is not None and not any(svm.users.get(owner.name) is owner for svm in self.svms):
            return None
        # Going through ten thousand users for each request would take longer than the request.
        for user in self.every_user() if owner is None else (owner,):
            for key in user.slots.values():
                if key.access_key == access_key and not self._expired(key):
                    self.owners[access_key] = user
                    return key.secret_key
        return None

    def secrets(self) -> list[str]:
        """Return the secret keys, the password and the token."""
        keys = [key.secret_key for user in self.every_user() for key in user.slots.values()]
        return [*keys, PASSWORD, TOKEN]

    def _expired(self, key: Key) -> bool:
        return key.expiry is not None and key.expiry <= self.clock.now()

    # --- the API --------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            self._admit(request)
            return self._route(request)
        except RefusalError as refusal:
            response = refusal.response()
            if refusal.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="Authorized Users"'
            if refusal.status == 429:
                response.headers["Retry-After"] = str(self.modes["throttle_seconds"])
            return response

    def _admit(self, request: Request) -> None:
        given = request.headers.get("Authorization") or ""
        basic = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        bearer = given == f"Bearer {TOKEN}" and self.version >= (9, 14, 1)
        certificate = not given and self.modes["certificate_login"]
        if not (given == basic or bearer or certificate):
            raise RefusalError("6691623")
        if self.modes["throttle"]:
            self.modes["throttle"] -= 1
            raise RefusalError("262160")
        if request.method != "GET" and self.modes["role"] == "readonly":
            raise RefusalError("6")
        if request.method == "GET" and request.body:
            raise RefusalError("262198")

    def _route(self, request: Request) -> Response:
        parts = request.segments
        if parts[:1] != ["api"]:
            return Response(404, "<html><body>Not Found</body></html>", content_type="text/html")
        if parts == ["api", "cluster"] and request.method == "GET":
            return self._cluster(request)
        if parts[:3] == ["api", "svm", "svms"] and len(parts) < 5 and request.method == "GET":
            return self._svms(request, parts[3:])
        if parts[:4] == ["api", "protocols", "s3", "services"]:
            if len(parts) < 6 and request.method == "GET":
                return self._services(request, parts[4:])
            if len(parts) in (6, 7) and parts[5] == "users":
                return self._users(request, self._svm(parts[4]), parts[6:])
        if parts == ["api", "cluster"] or parts[:3] == ["api", "svm", "svms"]:
            raise RefusalError("3")
        raise RefusalError("39387137")

    def _cluster(self, request: Request) -> Response:
        if self.modes["cluster_read"] == "forbidden":
            raise RefusalError("6")
        generation, major, minor = self.version
        release = ".".join(map(str, self.version))
        row: Row = {
            "name": "cluster1",
            "uuid": "e1f2f3c4-0000-11ef-8000-005056bb0001",
            "version": {
                "full": f"NetApp Release {release}: Tue Sep 02 10:00:00 UTC 2025",
                "generation": generation,
                "major": major,
                "minor": minor,
            },
            "_links": {"self": {"href": "/api/cluster"}},
        }
        schema = ["name", "uuid", *(f"version.{n}" for n in row["version"])]
        return instance(request, row, schema, ["name", "uuid"])

    def svm_reference(self, svm: Svm) -> Row:
        """Return an SVM as other objects refer to it."""
        href = f"/api/svm/svms/{svm.uuid}"
        return {"uuid": svm.uuid, "name": svm.name, "_links": {"self": {"href": href}}}

    def _svms(self, request: Request, which: list[str]) -> Response:
        if self.modes["svm_read"] == "forbidden":
            raise RefusalError("6")
        seen = self.svms[:1] if self.modes["svm_read"] == "own" else self.svms
        rows = [{**self.svm_reference(svm), "state": "running"} for svm in seen]
        schema, identifying = ["name", "uuid", "state"], ["name", "uuid"]
        if not which:
            return collection(request, rows, schema, identifying, self.modes)
        for row in rows:
            if row["uuid"] == which[0]:
                return instance(request, row, schema, identifying)
        raise RefusalError("4")

    def _services(self, request: Request, which: list[str]) -> Response:
        rows = []
        for svm in self.svms:
            href = f"/api/protocols/s3/services/{svm.uuid}"
            row: Row = {
                "svm": self.svm_reference(svm),
                "name": f"s3.{svm.name}.example.com",
                "enabled": self.modes["s3_enabled"],
                "comment": "",
                "_links": {"self": {"href": href}},
            }
            if self.longest_lifetime():
                row["max_key_time_to_live"] = self.modes["max_key_time_to_live"]
            if svm.has_s3:
                rows.append(row)
        schema = ["svm.name", "svm.uuid", "name", "enabled", "comment"]
        if self.version >= (9, 15, 1):
            schema.append("max_key_time_to_live")
        if not which:
            return collection(request, rows, schema, ["svm", "name"], self.modes)
        self._svm(which[0])
        for row in rows:
            if row["svm"]["uuid"] == which[0]:
                return instance(request, row, schema, ["svm", "name"])
        raise RefusalError("4")

    def _svm(self, identifier: str) -> Svm:
        for svm in self.svms:
            if svm.uuid == identifier:
                return svm
        raise RefusalError("8586226", "svm.uuid")

    def _users(self, request: Request, svm: Svm, which: list[str]) -> Response:
        users = Users(self, svm)
        if request.method == "GET":
            schema = ["svm.name", "svm.uuid", "name", "comment", "access_key"]
            if self.version >= (9, 14, 1):
                schema += ["key_time_to_live", "key_expiry_time"]
            if self.version >= TWO_KEYS:
                schema += [f"keys.{n}" for n in ("id", "access_key", "time_to_live", "expiry_time")]
            if which:
                return instance(request, users.row(users.find(which[0])), schema, ["svm", "name"])
            rows = [users.row(user) for user in svm.users.values()]
            return collection(request, rows, schema, ["svm", "name"], self.modes)
        if request.method == "POST" and not which:
            return users.post(request)
        if request.method == "PATCH":
            return users.patch(request, which[0]) if which else users.patch_collection(request)
        if request.method == "DELETE":
            return users.delete(request, which[0]) if which else users.delete_collection(request)
        raise RefusalError("3")


SIMULATOR = OntapSimulator
