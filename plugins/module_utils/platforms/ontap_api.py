# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's REST API up to the S3 users: login, release, SVM, S3 service, pages, errors."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..auth import Auth, BasicAuth, HeaderAuth
from ..errors import CredentialsError
from ..http import Answer, Client
from ..model import EndpointInfo, Facts
from ..platform import ErrorParts, Platform
from ..settings import Settings
from ..urls import path
from . import ontap_rows as rows

PAGE = 1000
#: More empty pages in a row than this are no slow listing, but one without an end.
EMPTY_PAGES = 10
#: Plain JSON may come without the link to the next page.
_HAL = {"Accept": "application/hal+json"}


class OntapApi(Platform):
    """What all verbs of ONTAP stand on. Thread-safe; connect() asks only once."""

    def __init__(self, settings: Settings, client: Client) -> None:
        super().__init__(settings, client)
        client.promises_nothing_done = _promises_nothing_done
        # /api belongs to the product and not to the address, but is often written into it.
        self._base = "" if settings.api_url.endswith("/api") else "/api"
        self._connecting = threading.Lock()
        self._info: EndpointInfo | None = None
        #: What the cluster, or else api_version, says; set by connect().
        self.release: rows.Release = rows.OWN_PAIR
        self.svm_uuid = ""
        self.svm_name = ""
        #: The longest lifetime that the S3 service permits; None: any.
        self.longest_lifetime: dt.timedelta | None = None

    def auth(self) -> Auth:
        """Return the bearer token, the password, or nothing beside the client certificate."""
        if self.settings.api_token:
            return HeaderAuth("Authorization", f"Bearer {self.settings.api_token}")
        if self.settings.api_username and self.settings.api_password:
            return BasicAuth(self.settings.api_username, self.settings.api_password)
        return Auth()

    def check_options(self) -> None:
        """Check the login and the release. Raises invalid_option."""
        super().check_options()
        text = self.settings.scope.get("api_version")
        if text is not None and rows.parse_release(str(text)) is None:
            raise self.placed(
                CredentialsError(
                    "invalid_option", f"api_version: {text!r} is no release such as 9.14.1."
                )
            )

    def connect(self) -> EndpointInfo:
        """Learn release, SVM and S3 service, and what they permit. Reads only."""
        with self._connecting:
            if self._info is None:
                self._info = self._look_around()
            return self._info

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the error object; the code decides, since its HTTP status is not documented."""
        code, message = rows.error_parts(answer.json_or_none())
        if code is None:
            # A 404 without an error object does not come from this API.
            return ("malformed_answer" if answer.status == 404 else None), None, answer.excerpt()
        kind = rows.KIND_BY_CODE.get(code)
        if code == "6691623":
            kind = "authentication" if answer.status == 401 else "permission"
        return kind, code, message

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error that an answer means, with what to do about this code."""
        exc = super().error_of(answer, doing)
        exc.next_step = rows.NEXT_STEP_BY_CODE.get(exc.code or "", exc.next_step)
        return exc

    def facts_of(self, release: rows.Release) -> Facts:
        """Return what a release can do."""
        raise NotImplementedError

    @property
    def dotted(self) -> str:
        """The release as 9.14.1."""
        return rows.dotted(self.release)

    def users_path(self, *name: str) -> str:
        """Return the path of the users, or of one."""
        return self._base + path("protocols", "s3", "services", self.svm_uuid, "users", *name)

    def records(
        self, where: str, query: Mapping[str, Any], doing: str
    ) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Yield the records of all pages, each once. Reads only.

        A page may be empty and still have a next one. Raises malformed_answer for a next page that
        leads nowhere: in a circle, to rows known already, or to one empty page after the other;
        and for a listing without an end.
        """
        pages = self.begin_listing(doing)
        answer = self.call("GET", where, query=query, headers=_HAL, doing=doing)
        links: set[str] = set()
        known: set[tuple[str, str]] = set()
        empty = 0
        while True:
            body = answer.json_object()
            page, before = rows.records_of(answer, body), len(known)
            pages.page(len(page), len(answer.body))
            for row in page:
                identity = str(row.get("uuid") or ""), str(row.get("name") or "")
                if identity not in known:
                    known.add(identity)
                    yield answer, row
            href = rows.next_href(answer, body)
            if href is None:
                return
            empty = 0 if page else empty + 1
            stuck = empty > EMPTY_PAGES or (page and len(known) == before)
            below = None if stuck or href in links else _below_api(href)
            if below is None:
                raise answer.malformed("a link to a next page that leads nowhere")
            links.add(href)
            answer = self.call("GET", f"{self._base}/{below}", headers=_HAL, doing=doing)

    def _look_around(self) -> EndpointInfo:
        self.release, source = self._ask_release()
        if self.release < rows.FIRST:
            raise self.unsupported(
                "manage S3 users", f"this is {self.dotted}, and they begin at 9.7"
            )
        self.facts = self.facts_of(self.release)
        self.svm_uuid, self.svm_name = self._find_svm()
        service = self._service()
        self.longest_lifetime = (
            rows.iso_duration(service.get("max_key_time_to_live") or "0") or None
        )
        return EndpointInfo(
            "ONTAP",
            self.dotted,
            {
                "release_from": source,
                "svm": self.svm_name,
                "svm_uuid": self.svm_uuid,
                "s3_server": service.get("name"),
                "s3_enabled": service.get("enabled"),
                "max_key_time_to_live": service.get("max_key_time_to_live"),
            },
            {"svm": self.svm_uuid},
        )

    def _ask_release(self) -> tuple[rows.Release, str]:
        doing = "read the release"
        given = rows.parse_release(str(self.settings.scope.get("api_version") or ""))
        try:
            answer = self.call(
                "GET", f"{self._base}/cluster", query={"fields": "version"}, doing=doing
            )
        except CredentialsError as exc:
            if exc.code is None or exc.kind not in ("permission", "not_found", "rejected"):
                raise
            if given is not None:
                return given, "api_version"
            exc.next_step = (
                "Let the login read /api/cluster, or say the release with api_version, as 9.14.1."
            )
            raise
        release = rows.release_of(answer.json_object().get("version"))
        if release is None:
            raise answer.malformed("no version")
        return release, "cluster"

    def _find_svm(self) -> tuple[str, str]:
        """Return uuid and name of the SVM; without the option, of the only one that can be seen."""
        wanted = str(self.settings.scope.get("svm") or "")
        doing = "look up the SVM"
        where = f"{self._base}/svm/svms"
        query: dict[str, Any] = {"fields": "name,uuid", "max_records": PAGE}
        if rows.looks_like_uuid(wanted):
            query["uuid"] = wanted.lower()
        elif wanted:
            query["name"] = rows.quoted_filter(wanted)
        try:
            seen = [
                (str(row.get("uuid") or ""), str(row.get("name") or ""))
                for _answer, row in self.records(where, query, doing)
            ]
        except CredentialsError as exc:
            if exc.kind == "permission" and "uuid" in query:
                return wanted.lower(), wanted  # the uuid is all that is needed
            if exc.kind == "permission":
                exc.next_step = "Let the login read /api/svm/svms, or give svm as a uuid."
            raise
        if wanted:
            # A server may ignore filters: what stands on the row decides.
            found = [svm for svm in seen if wanted == svm[1] or wanted.lower() == svm[0].lower()]
        else:
            found = seen
        if len(found) == 1 and found[0][0]:
            return found[0]
        names = ", ".join(sorted(name for _uuid, name in seen)[:20]) or "none"
        if not wanted:
            raise self.fail(
                "invalid_option",
                f"svm is missing, and this login sees not one SVM, but: {names}.",
                next_step="Set svm to the name or uuid of the SVM with the S3 users.",
            )
        kind, what = ("ambiguous", "several SVMs are") if found else ("not_found", "no SVM is")
        raise self.fail(
            kind,
            f"svm: {what} called {wanted!r} (names are compared exactly).",
            next_step="Check svm, and that the login may see this SVM.",
        )

    def _service(self) -> dict[str, Any]:
        doing = "read the S3 service"
        fields = "name,enabled,svm.name,svm.uuid"
        if self.release >= rows.SERVICE_MAXIMUM:
            fields += ",max_key_time_to_live"
        where = self._base + path("protocols", "s3", "services", self.svm_uuid)
        try:
            answer = self.call("GET", where, query={"fields": fields}, doing=doing)
        except CredentialsError as exc:
            if exc.kind == "not_found":
                raise self.fail(
                    "not_found",
                    f"SVM {self.svm_name} has no S3 object store server.",
                    next_step="Create one (vserver object-store-server create), or check svm.",
                    http_status=exc.http_status,
                    code=exc.code,
                ) from None
            raise
        service = answer.json_object()
        svm = service.get("svm")
        if not isinstance(svm, Mapping) or str(svm.get("uuid")).lower() != self.svm_uuid.lower():
            raise answer.malformed("the S3 service of another SVM")
        self.svm_name = str(svm.get("name") or self.svm_name)
        return service


def _below_api(href: str) -> str | None:
    """Return path and query of a link below /api/; None if it is no such link.

    Only these are followed: the login is never carried to another host.
    """
    try:
        href.encode()
        parts = urlsplit(href)
    except ValueError:
        return None
    below = parts.path.partition("/api/")[2]
    return f"{below}?{parts.query}" if below else None


def _promises_nothing_done(answer: Answer) -> bool:
    """A request that ONTAP counts as one too many (429, 262160) was not carried out."""
    code, _message = rows.error_parts(answer.json_or_none())
    return code == rows.TOO_MANY_REQUESTS or (code is None and answer.status == 429)
