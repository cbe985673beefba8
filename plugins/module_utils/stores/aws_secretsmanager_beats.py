# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats as tags of one small secret, which make no versions and cost no further secret.

A secret's value is the wrong place: AWS keeps every version for a day, and warns of more than one
in ten minutes. A secret has room for 50 tags; where the first page has none left, the next one
(_runs/2) is made. Tags know no check-and-set, so a run that was once late by a whole lease counts
itself as deposed (is_exact). Nor is there room for what a run works on: that a turn has ended says
a tag of the record's own secret (aws_secretsmanager_tags.py).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from ..clock import Clock, parse_time
from ..errors import CredentialsError
from .aws_secretsmanager_api import Api
from .aws_secretsmanager_errors import Fail
from .aws_secretsmanager_names import Names, escape, unescape
from .aws_secretsmanager_versions import NEWEST, NewSecret, Versions
from .heartbeat import Heartbeats

#: Begins the tag of each run.
_TAG = "run:"
_LONGEST_TAG = 128
#: A tag's value holds 256 characters, and a heartbeat's six parts with their names must fit.
_LONGEST_PART = 60
#: Tags of a page that are used; AWS allows 50 of a secret, and operators have their own.
_MOST_TAGS = 40
_MOST_PAGES = 25
#: Further looks for a tag that AWS, eventually consistent, may not show yet.
_LOOKS = 2
_BETWEEN_LOOKS = 1.0
#: A heartbeat of a run that never came back is swept away after this many seconds.
_FORGOTTEN = 86400.0
_PAGE_TEXT = '{"purpose":"heartbeats of running rotations, as tags; nothing secret"}'
#: The same for every run, so that asking for the page again changes nothing.
_PAGE_TOKEN = hashlib.sha256(_PAGE_TEXT.encode()).hexdigest()
_PARTS = ("beat", "lease", "at", "deposed_by", "deposed_at")
_NUMBERS = ("beat", "lease")


class TagHeartbeats(Heartbeats):
    """Keeps each heartbeat in one tag; its version is the tag's text."""

    is_exact = False

    def __init__(self, api: Api, names: Names, fail: Fail, clock: Clock, kms: str | None) -> None:
        self._api = api
        self._names = names
        self._fail = fail
        self._clock = clock
        self._kms = kms
        self._versions = Versions(api, fail)
        self._lock = threading.Lock()
        #: Where the heartbeats of runs were last seen.
        self._pages: dict[str, int] = {}

    def put(self, run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        """Write a heartbeat; not exact: somebody may come between the look and the tag.

        A run's own beat needs no more than that the heartbeat is there and nobody marked it:
        what AWS shows of it may be an earlier beat.
        """
        found = self._look(run, must_be_there=expected is not None)
        is_mark = bool(beat.get("deposed_by"))
        if found is None:
            may_write = expected is None
        elif is_mark:
            may_write = found[1] == expected
        else:
            may_write = not found[0].get("deposed_by")
        if not may_write:
            raise self._fail("busy", f"The heartbeat of {run} was changed.")
        text = _as_text(beat)
        page = self._pages.get(run) if found is not None else None
        self._tag(run, text, page or self._page_with_room())
        return text

    def get(self, run: str) -> tuple[Mapping[str, Any], Any] | None:
        """Return a run's heartbeat and its version; None: no such. Reads only."""
        known = self._pages.get(run)
        for page in [known] if known else range(1, _MOST_PAGES + 1):
            tags = self.tags(page)
            if tags is None:
                break
            text = tags.get(_tag_of(run))
            if text is not None:
                with self._lock:
                    self._pages[run] = page
                return _as_beat(run, text), text
        with self._lock:
            self._pages.pop(run, None)
        return None

    def remove(self, run: str) -> None:
        """Remove a heartbeat. Repeatable."""
        page = self._pages.get(run)
        if page is None and self.get(run) is not None:
            page = self._pages[run]
        if page is not None:
            self._untag(page, [_tag_of(run)])

    def prove(self) -> None:
        """Send each kind of write of this store to the first page; none makes a version.

        Raises store_refused where the login lacks one of the rights.
        """
        name = self._make_page(1)
        label = {"SecretId": name, "VersionStage": NEWEST, "MoveToVersionId": _PAGE_TOKEN}
        try:
            self._api.call(
                "PutSecretValue",
                SecretId=name,
                SecretString=_PAGE_TEXT,
                ClientRequestToken=_PAGE_TOKEN,
                VersionStages=[NEWEST],
            )
            self._api.call("UpdateSecretVersionStage", **label)
        except CredentialsError as exc:
            # Rights are looked at before values: whoever hears that has them.
            if exc.code not in ("InvalidParameterException", "ResourceExistsException"):
                raise
        self._api.call(
            "TagResource", SecretId=name, Tags=[{"Key": "purpose", "Value": "heartbeats"}]
        )
        self._sweep(1)

    def tags(self, page: int) -> dict[str, str] | None:
        """Return the tags of a page, or None where there is none. Reads only."""
        try:
            answer = self._api.call("DescribeSecret", SecretId=self._names.of_runs(page))
        except CredentialsError as exc:
            if exc.code == "ResourceNotFoundException":
                return None
            raise
        return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags") or ()}

    def _look(self, run: str, must_be_there: bool) -> tuple[Mapping[str, Any], Any] | None:
        """Return a heartbeat; what was there once is looked for again before it counts as gone."""
        found = self.get(run)
        for _look in range(_LOOKS if must_be_there else 0):
            if found is not None:
                break
            self._clock.sleep(_BETWEEN_LOOKS)
            found = self.get(run)
        return found

    def _tag(self, run: str, text: str, page: int) -> None:
        tag = {"Key": _tag_of(run), "Value": text}
        self._api.call("TagResource", SecretId=self._names.of_runs(page), Tags=[tag])
        with self._lock:
            self._pages[run] = page

    def _untag(self, page: int, tags: list[str]) -> None:
        self._api.call("UntagResource", SecretId=self._names.of_runs(page), TagKeys=tags)

    def _page_with_room(self) -> int:
        for page in range(1, _MOST_PAGES + 1):
            tags = self.tags(page)
            if tags is None:
                self._make_page(page)
            if len(tags or ()) < _MOST_TAGS:
                return page
        raise self._fail(
            "store_refused",
            f"More than {_MOST_PAGES * _MOST_TAGS} runs are under way with this secret store.",
            next_step="Remove the tags of dead runs from the secrets"
            f" {self._names.of_runs(1)} and following.",
        )

    def _make_page(self, page: int) -> str:
        name = self._names.of_runs(page)
        new = NewSecret("Heartbeats of running rotations, as tags; nothing secret.", {}, self._kms)
        try:
            self._versions.write(name, _PAGE_TEXT, _PAGE_TOKEN, None, new)
        except CredentialsError as exc:
            if exc.kind != "busy":
                raise  # somebody wrote another value there: the tags are what counts
        return name

    def _sweep(self, page: int) -> None:
        """Remove heartbeats whose run never came back: a page has room for few."""
        now = self._clock.now()
        dead = []
        for tag, text in (self.tags(page) or {}).items():
            at = parse_time(_as_beat("", text).get("at"))
            if tag.startswith(_TAG) and at and (now - at).total_seconds() > _FORGOTTEN:
                dead.append(tag)
        if dead:
            self._untag(page, dead)


def _tag_of(run: str) -> str:
    name = _TAG + escape(run)
    if len(name) > _LONGEST_TAG:
        name = _TAG + hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()
    return name


def _as_text(beat: Mapping[str, Any]) -> str:
    """Return a heartbeat in the few characters that a tag's value may hold."""
    parts = []
    for name in _PARTS:
        value = beat.get(name)
        if value is not None:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            while len(escape(text)) > _LONGEST_PART:
                text = text[:-1]
            parts.append(f"{name}:{escape(text)}")
    return " ".join(parts)


def _as_beat(run: str, text: str) -> dict[str, Any]:
    """Return a heartbeat from a tag's value; what cannot be read is left out."""
    beat: dict[str, Any] = {"run": run}
    for part in text.split(" "):
        name, _colon, escaped = part.partition(":")
        value = unescape(escaped)
        if value is None:
            continue
        beat[name] = value
        if name in _NUMBERS:
            try:
                beat[name] = int(value) if name == "beat" else float(value)
            except ValueError:
                del beat[name]
    return beat
