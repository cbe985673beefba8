# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logins of both flavors: a token of the adapter, or a session of Cloud Director."""

from __future__ import annotations

import re

from ..auth import BasicAuth, Headers
from ..errors import CredentialsError
from ..http import LOGIN, Answer
from ..platform import Platform
from .ose_wire import row_of

_VERSION = re.compile(r"<Version>\s*(\d+)\.(\d+)\s*</Version>")
#: The API version of Cloud Director since which /cloudapi logs in, and one that many releases take,
#: for where they cannot be listed.
_CLOUDAPI_SINCE, _COMMON = (33, 0), (37, 0)
#: No such login here: the older one is tried.
_NO_LOGIN = (404, 405, 406)


class OsisLogin:
    """Log in at an adapter for a bearer token (15 minutes), later by the refresh token.

    The path of the login is in no published specification; every known adapter has it.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._refresh_token: str | None = None

    def __call__(self) -> Headers:
        """Return the header with a fresh token."""
        token = self._refreshed() or self._logged_in()
        return {"Authorization": f"Bearer {token}"}

    def _refreshed(self) -> str | None:
        refresh_token, self._refresh_token = self._refresh_token, None
        if not refresh_token:
            return None
        answer = self._platform.client.request(
            "POST",
            "/api/v1/auth/token",
            body={"refresh_token": refresh_token},
            effect=LOGIN,
            auth=False,
        )
        body = answer.json_or_none() if answer.ok else None
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            return None
        self._refresh_token = refresh_token
        return token

    def _logged_in(self) -> str:
        settings = self._platform.settings
        try:
            answer = self._platform.call(
                "POST",
                "/api/v1/auth/login",
                ok=(200, 201),
                body={"username": settings.api_username, "password": settings.api_password},
                effect=LOGIN,
                auth=False,
                doing="log in",
            )
        except CredentialsError as exc:
            if exc.kind in ("not_found", "unsupported"):
                exc.next_step = (
                    "This adapter has its login elsewhere: fetch a token there and set api_token."
                )
            raise
        body = row_of(self._platform, answer)
        token, refresh_token = body.get("access_token"), body.get("refresh_token")
        if not isinstance(token, str) or not token:
            raise self._platform.placed(answer.malformed("a login without access_token"))
        self._refresh_token = refresh_token if isinstance(refresh_token, str) else None
        return token


class DirectorLogin:
    """Open a session at Cloud Director (login_url) and carry its token to OSE.

    The API versions are asked for first, since each release refuses those of the others. The rest
    is docs.vmware.com, Cloud Director API Programming Guide, "Create a Login Session".
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._base = str(platform.settings.scope.get("login_url") or "").rstrip("/")

    def __call__(self) -> Headers:
        """Return the header with the token of a new session."""
        version = self._version()
        answer = None
        if version >= _CLOUDAPI_SINCE:
            organization = (self._platform.settings.api_username or "").rpartition("@")[2]
            provider = "/provider" if organization.lower() == "system" else ""
            answer = self._post(
                f"/cloudapi/1.0.0/sessions{provider}", "application/json", version, _NO_LOGIN
            )
        if answer is None or answer.status in _NO_LOGIN:
            answer = self._post("/api/sessions", "application/*+xml", version)
        token = answer.headers.get("X-VMWARE-VCLOUD-ACCESS-TOKEN")
        self._platform.client.redactor.learn(token)
        if not token:
            raise self._platform.placed(
                answer.malformed("a session without X-VMWARE-VCLOUD-ACCESS-TOKEN")
            )
        kind = answer.headers.get("X-VMWARE-VCLOUD-TOKEN-TYPE") or "Bearer"
        return {"Authorization": f"{kind} {token}"}

    def _post(
        self, where: str, kind: str, version: tuple[int, int], also: tuple[int, ...] = ()
    ) -> Answer:
        settings = self._platform.settings
        login = BasicAuth(settings.api_username or "", settings.api_password or "")
        return self._platform.call(
            "POST",
            self._base + where,
            ok=(200, 201, *also),
            headers={
                "Accept": f"{kind};version={version[0]}.{version[1]}",
                **login.headers("POST", where, {}, b""),
            },
            effect=LOGIN,
            auth=False,
            doing="log in at Cloud Director",
        )

    def _version(self) -> tuple[int, int]:
        answer = self._platform.call(
            "GET",
            f"{self._base}/api/versions",
            ok=(200, *_NO_LOGIN),
            headers={"Accept": "application/*+xml"},
            auth=False,
            doing="list the API versions of Cloud Director",
        )
        known = _VERSION.findall(answer.body.decode("utf-8", "replace"))
        return max([(int(major), int(minor)) for major, minor in known], default=_COMMON)
