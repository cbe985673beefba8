# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager as the secret store: one secret for each account, one version for each write.

The record is one JSON document, state and secret keys together, encrypted by AWS with the KMS key
of the secret. How a version is made current by check-and-set: aws_secretsmanager_versions.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..clock import is_loopback
from ..errors import CredentialsError
from ..listing import Listing
from ..options import parse_duration
from ..record import Record, Secret
from ..record_document import from_document, to_document, unreadable
from .aws_secretsmanager_api import Api
from .aws_secretsmanager_beats import TagHeartbeats
from .aws_secretsmanager_names import Names
from .aws_secretsmanager_spec import OPTIONS
from .aws_secretsmanager_tags import FREE, audit_tags, own_tags
from .aws_secretsmanager_versions import NewSecret, Versions, tags_as_list
from .base import CheckModeLease, Lease, Place, SecretStore, StoreContext, Stored
from .heartbeat import HeartbeatKeeper
from .heartbeat_watch import HeartbeatWatch, run_of

#: A record that the lease read is handed to the turn's own first read, for so many seconds.
_FRESH = 1.0
_TRIES = 3
_NO_END = "Check that secret_store.endpoint_url and proxy lead to AWS: something makes secrets up."
_BETWEEN_TRIES = 2.0


@dataclass
class _Turn:
    """An account that this run works on: the lease's token, and what was written last."""

    token: str
    stored: Optional[Stored] = None
    #: What lease() has just read, as long as nobody asked for it: the record or None, and when.
    fresh: Optional[tuple[Optional[Stored], float]] = None


class AwsSecretsManager(SecretStore):
    """AWS Secrets Manager."""

    name = "aws_secretsmanager"
    title = "AWS Secrets Manager"
    OPTIONS = OPTIONS

    def __init__(self, options: Mapping[str, Any], context: StoreContext) -> None:
        defaults = {name: spec.get("default") for name, spec in self.OPTIONS.items()}
        given = {name: value for name, value in options.items() if value is not None}
        super().__init__({**defaults, **given}, context)
        length = parse_duration(self.options["lease"], "secret_store.lease").total_seconds()
        if length < 10:
            raise CredentialsError(
                "invalid_option", "secret_store.lease must be 10s or more with AWS Secrets Manager."
            )
        self._names = Names(self.options["path"])
        self._api = Api(self.options, context, self.fail, self.count_write)
        self._versions = Versions(self._api, self.fail)
        kms = self.options["kms_key_id"]
        self._beats = TagHeartbeats(self._api, self._names, self.fail, self.clock, kms)
        self._keeper = HeartbeatKeeper(self._beats, context.run, length, self.clock)
        self._watch = HeartbeatWatch(self._beats, context.run, length, self.clock)
        self._turns: dict[Place, _Turn] = {}

    def open(self) -> None:
        """Check the options, log in, prove that the service answers this login. Reads only.

        A login that may read only some of the records is let through: a consumer has no more.
        """
        options = self.options
        if bool(options["aws_access_key_id"]) != bool(options["aws_secret_access_key"]):
            raise CredentialsError(
                "invalid_option",
                "secret_store.aws_access_key_id and secret_store.aws_secret_access_key go"
                " together.",
            )
        if options["aws_access_key_id"] and options["profile"]:
            raise CredentialsError(
                "invalid_option",
                "secret_store has both a profile and an aws_access_key_id; only one can log in.",
            )
        self.context.redactor.learn(options["aws_secret_access_key"], options["aws_session_token"])
        url = options["endpoint_url"] or ""
        if options["validate_certs"] is False:
            self.warn(
                "secret_store.validate_certs is false: anyone on the network path can read and"
                " change what is sent to AWS Secrets Manager, secrets included."
            )
        elif url.startswith("http:") and not is_loopback(url):
            self.warn(f"{url} is not encrypted: anyone on the network path can read the secrets.")
        try:
            self._versions.read(self._names.of_runs(1))
        except CredentialsError as exc:
            if exc.code != "AccessDeniedException":
                raise

    def probe(self) -> None:
        """Prove that records can be written, on the secret of the heartbeats; makes no version."""
        if not self.context.check_mode:
            self._beats.prove()

    def read(self, place: Place) -> Stored | None:
        """Return the record, or None where AWS says that there is none. Reads only."""
        turn = self._turns.get(place)
        if turn is not None and turn.fresh is not None:
            stored, read_at = turn.fresh
            turn.fresh = None
            if self.clock.monotonic() - read_at <= _FRESH:
                return stored
        return self._read(place)

    def _read(self, place: Place) -> Stored | None:
        try:
            found = self._versions.read(self._names.of(place))
            return None if found is None else self._parse(place, *found)
        except CredentialsError as exc:
            raise exc.at(account=place.account) from None

    def write(self, place: Place, record: Record, expected: Any) -> Stored:
        """Write a record if it is unchanged since; under a lease it carries the lease's token."""
        turn = self._turns.get(place)
        if turn is None:
            return super().write(place, record, expected)
        turn.stored = turn.fresh = None
        turn.stored = super().write(place, dataclasses.replace(record, run=turn.token), expected)
        return turn.stored

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        tags = own_tags(self.options["tags"])
        if self.options["audit_tags"]:
            tags.update(audit_tags(record))
        new = NewSecret(
            f"Access keys of {place.account} at {place.endpoint} ({place.platform}), written by"
            " objectstore.credentials. Do not edit.",
            tags,
            self.options["kms_key_id"],
        )
        text = json.dumps(to_document(record), default=_opened)
        return self._versions.write(self._names.of(place), text, record.nonce, expected, new)

    @contextlib.contextmanager
    def lease(self, place: Place) -> Iterator[Lease]:
        """Become the only writer of an account for the time of a with block.

        The record carries the token of the turn that wrote it last; while that run's heartbeat
        beats, it keeps others out. At the turn's end a tag says that it is over, which makes no
        version, unlike a write of the record. A record that was left unfinished is written back
        first, with our token in it, so that no late write of that turn can land any more.
        """
        if self.context.check_mode:
            yield CheckModeLease()
            return
        with self._keeper.turn(self._names.of(place)) as lease:
            stored, was_told = self._require_free(place)
            self._turns[place] = turn = _Turn(str(lease.run))
            try:
                if stored is not None and not was_told and stored.record.is_open:
                    stored = self.write(place, stored.record, stored.version)
                turn.fresh = (stored, self.clock.monotonic())
                yield lease
            finally:
                del self._turns[place]
                lease.end()
                self._release(place, turn)

    def places(self, platform: str | None, endpoint: str | None) -> Iterator[Place]:
        """Yield where the endpoint's records are; None: those of all. Reads only.

        What is marked for deletion is left out. ListSecrets is up to five minutes late, and its
        filter is a prefix of the name.
        """
        first = self._names.before_account(platform, endpoint)
        more: dict[str, Any] = {"Filters": [{"Key": "name", "Values": [first]}]} if first else {}
        pages = Listing(
            self.fail, "ListSecrets", self.clock, kind="store_unavailable", next_step=_NO_END
        )
        seen: set[Place] = set()
        while True:
            answer = self._api.call("ListSecrets", MaxResults=100, **more)
            rows = answer.get("SecretList") or ()
            pages.page(len(rows), sum(len(str(row.get("Name"))) for row in rows))
            for row in rows:
                place = self._names.place_of(str(row.get("Name")))
                if place is None or place in seen:
                    continue
                if place.platform in (platform or place.platform,) and (
                    place.endpoint in (endpoint or place.endpoint,)
                ):
                    seen.add(place)
                    yield place
            if not answer.get("NextToken"):
                return
            more["NextToken"] = answer["NextToken"]

    def destroy_old_versions(self, place: Place, version: Any) -> None:
        """Take the labels from every version but this one. Repeatable.

        AWS destroys no version on demand: without labels it is deprecated, AWS deletes it on its
        own time, and until then who may read the secret can read it by the version's identifier.
        """
        if version is not None:
            self._versions.deprecate(self._names.of(place), version)

    def where(self) -> dict[str, str]:
        """Return region and path, and whose account it is where the options say so."""
        found = {"type": self.name, "region": self._api.region}
        for name in ("path", "profile", "role_arn", "endpoint_url"):
            found[name] = str(self.options[name] or "")
        return {name: value for name, value in found.items() if value}

    def read_note(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Return a document of our own that holds no secret, and its version. Reads only."""
        found = self._versions.read(self._names.of_note(name))
        if found is None:
            return None
        document = _parsed(found[0], f"The note {name!r}")
        return dict(document), found[1]

    def write_note(self, name: str, document: Mapping[str, Any], expected: Any) -> None:
        """Write such a document if it is unchanged since (None: if there is none). Raises busy."""
        if self.context.check_mode:
            raise self.fail("check_mode_write", f"check mode: the note {name!r} was not written.")
        secret = self._names.of_note(name)
        new = NewSecret(
            "A note of objectstore.credentials; nothing secret.",
            own_tags(self.options["tags"]),
            self.options["kms_key_id"],
        )
        text, token = json.dumps(document), secrets.token_hex(16)
        for attempt in range(1, _TRIES + 1):
            try:
                self._versions.write(secret, text, token, expected, new)
                return
            except CredentialsError as exc:
                # The same token again: it lands once, or has landed.
                if exc.landed is not None or attempt == _TRIES:
                    raise
            self.clock.sleep(_BETWEEN_TRIES)

    def close(self) -> None:
        """End the heartbeat and the connections."""
        self._keeper.stop()
        self._api.close()

    def _parse(self, place: Place, text: str, version: str) -> Stored:
        where = f"The record of {place.account} (secret {self._names.of(place)})"
        document = _parsed(text, where)
        self.context.redactor.learn_from(document)
        record = self.admit(from_document(document, where), where)
        for secret in record.secrets():
            self.context.redactor.learn(secret.open())
        found = Place(record.platform, "/".join(record.endpoints), record.account)
        if (place.platform, place.account) != (record.platform, record.account) or (
            place.endpoint not in record.endpoints
        ):
            raise unreadable(where, f"it is the record of {found}")
        return Stored(record, version)

    def _require_free(self, place: Place) -> tuple[Stored | None, bool]:
        """Return the record, and whether its last turn said itself that it was over.

        Raises busy if another run works on the account; takes up to one lease to find out.
        """
        token = None
        for _look in range(3):
            stored = self._read(place)
            token = stored.record.run if stored else None
            if stored is None or token is None or token.rpartition("#")[0] == self._keeper.name:
                return stored, False
            answer = self._api.call("DescribeSecret", SecretId=self._names.of(place))
            tags = {tag["Key"]: tag.get("Value") for tag in answer.get("Tags") or ()}
            if tags.get(FREE) == stored.version:
                return stored, True
            if not self._watch.is_over(token, self._names.of(place)):
                break
            # It may have been written while its run was watched.
            again = self._read(place)
            if again is not None and again.version == stored.version:
                return again, False
        raise self.fail(
            "busy",
            f"The run {run_of(str(token))} is at work on {place.account}.",
            account=place.account,
        )

    def _release(self, place: Place, turn: _Turn) -> None:
        """Say by a tag that nobody works on the account after the version that we wrote last."""
        if turn.stored is None:
            return  # nothing was written, or nobody knows what: the heartbeat's end frees it
        tags = {FREE: str(turn.stored.version)}
        if self.options["audit_tags"]:
            tags.update(audit_tags(turn.stored.record))
        try:
            self._api.call("TagResource", SecretId=self._names.of(place), Tags=tags_as_list(tags))
        except CredentialsError as exc:
            # The record itself is safe; another run waits for the end of this one.
            self.warn(f"The tags of {place} were not written: {exc.message}")


def _opened(value: Any) -> str:
    if isinstance(value, Secret):
        return value.open()
    raise TypeError(f"{value.__class__.__name__} cannot be stored")


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        raise unreadable(where, "it is no JSON") from None
    if not isinstance(document, dict):
        raise unreadable(where, "it is no JSON object")
    return document
