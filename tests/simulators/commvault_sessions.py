# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins, sessions and access tokens of a simulated CommCell."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from .base import BadBody, Response

if TYPE_CHECKING:
    from .commvault import Call, CommvaultSimulator


@dataclass
class Login:
    """A person or program that may log in."""

    name: str
    password: str
    is_admin: bool
    #: The user whose own key it may rotate.
    user_id: Optional[int] = None
    failures: int = 0
    locked_until: Optional[dt.datetime] = None


@dataclass
class Session:
    """A login token: ends after some minutes without a request, may be renewed by its device."""

    login: Login
    device: str
    last_used: dt.datetime


@dataclass
class Chain:
    """An access token with the tokens that it was renewed from."""

    login: Login
    scope: tuple[str, ...]
    access: str
    refresh: str
    expires: dt.datetime
    number: int
    name: str
    old_refreshes: list[str] = field(default_factory=list)


class Sessions:
    """Everything about who calls."""

    def __init__(self, sim: CommvaultSimulator) -> None:
        self.sim = sim
        self.logins: dict[str, Login] = {}
        self.sessions: dict[str, Session] = {}
        self.chains: list[Chain] = []
        self._seen_secrets: list[str] = []

    def routes(self) -> list[tuple[Any, ...]]:
        """Return method, pattern, handler, and whether no login is needed."""
        return [
            ("POST", "login", self.log_in, True),
            ("POST", "renewlogintoken", self.renew_login, True),
            ("POST", "logout", self.log_out, False),
            ("POST", "whoami", self.who_am_i, False),
            ("GET", "v2/whoami", self.who_am_i, False),
            ("POST", "v4/accesstoken", self.create_access_token, False),
            ("GET", "v4/accesstoken", self.list_access_tokens, False),
            ("DELETE", r"v4/accesstoken/(\d+)", self.delete_access_token, False),
            ("POST", "v4/accesstoken/renew", self.renew_access_token, True),
        ]

    def secrets(self) -> list[str]:
        """Return passwords and tokens, those that have expired included."""
        return [*(login.password for login in self.logins.values()), *self._seen_secrets]

    def add_login(
        self, name: str, password: str, is_admin: bool = False, user_id: Optional[str] = None
    ) -> Login:
        """Let somebody log in; user_id: the account that it is."""
        login = Login(name, password, is_admin, None if user_id is None else int(user_id))
        self.logins[name.lower()] = login
        return login

    def add_access_token(self, login: str, scope: tuple[str, ...] = ()) -> Chain:
        """Make an access token behind the API's back; scope: path prefixes, none for all."""
        chain = Chain(
            self.logins[login.lower()],
            tuple(prefix.lower().strip("/") for prefix in scope),
            *self._new_pair(),
            number=len(self.chains) + 1,
            name=f"token{len(self.chains) + 1}",
        )
        self.chains.append(chain)
        return chain

    def expire_all(self) -> None:
        """End every session, as a restart of the web server does."""
        self.sessions.clear()

    def caller(self, call: Call) -> Optional[Login]:
        """Return the login that a request carries, or None; using a session keeps it alive."""
        now = self.sim.clock.now()
        sent = call.request.headers.get("Authtoken", "").strip()
        if sent.upper().startswith("QSDK "):
            session = self.sessions.get(sent)
            if session is None or self._is_stale(session):
                return None
            session.last_used = now
            return session.login
        # Three forms of an access token are in use by the vendor's own tools.
        sent = sent or call.request.headers.get("Authorization", "").strip()
        token = sent[7:].strip() if sent.lower().startswith("bearer ") else sent
        for chain in self.chains:
            if token and chain.access == token and now < chain.expires:
                path = "/".join(call.segments).lower()
                inside = any(path == p or path.startswith(p + "/") for p in chain.scope)
                return chain.login if inside or not chain.scope else None
        return None

    def log_in(self, call: Call) -> Response:
        """Answer POST Login: HTTP 200 also for a wrong password."""
        try:
            body = call.request.json()
            encoded = body["password"]
            name = str(body["username"])
            password = base64.b64decode(encoded, validate=True).decode()
        except (BadBody, KeyError, TypeError, ValueError, binascii.Error):
            return _refused("Unable to decode the login request", 1117)
        if body.get("domain"):
            name = f"{body['domain']}\\{name}"
        login = self.logins.get(name.lower())
        now = self.sim.clock.now()
        if login and login.locked_until and now < login.locked_until:
            return self._locked(login)
        if login is None or login.password != password:
            return self._failed(login)
        login.failures, login.locked_until = 0, None
        token = self._new_session(login, str(body.get("deviceId") or ""))
        return Response(
            200,
            {
                "aliasName": "4",
                "userGUID": "5B4C4C9E-0000-4000-8000-000000000001",
                "loginAttempts": 0,
                "remainingLockTime": 0,
                "smtpAddress": f"{login.name}@example.com",
                "userName": login.name,
                "providerType": 1,
                "ccn": 0,
                "token": token,
                "capability": 4328650366975,
                "forcePasswordChange": False,
                "isAccountLocked": False,
                "errList": [],
            },
        )

    def renew_login(self, call: Call) -> Response:
        """Answer POST RenewLoginToken: the device that made a session may renew it once expired."""
        try:
            body = call.request.json()
        except BadBody:
            body = {}
        session = self.sessions.get(str(body.get("sessionId")))
        if session is None or not session.device or body.get("deviceId") != session.device:
            return Response(200, {"error": {"errLogMessage": "Session cannot be renewed."}})
        del self.sessions[str(body["sessionId"])]
        return Response(200, {"token": self._new_session(session.login, session.device)})

    def log_out(self, call: Call) -> Response:
        """Answer POST Logout: text."""
        self.sessions.pop(call.request.headers.get("Authtoken", "").strip(), None)
        return Response(200, "User logged out")

    def who_am_i(self, call: Call) -> Response:
        """Answer POST WhoAmI and GET V2/WhoAmI."""
        user = {"userName": call.caller.name, "userId": call.caller.user_id or 1}
        return Response(200, {"user": user})

    def create_access_token(self, call: Call) -> Response:
        """Answer POST V4/AccessToken."""
        body = call.request.json()
        chain = self.add_access_token(call.caller.name, tuple(body.get("apiEndpoints") or ()))
        chain.name = body.get("tokenName", chain.name)
        self.sim.commit(f"access token {chain.number} created")
        return Response(200, {"error": {"errorCode": 0}, "tokenInfo": self._shown(chain)})

    def list_access_tokens(self, call: Call) -> Response:
        """Answer GET V4/AccessToken: no tokens in it, only what they are."""
        hidden = ("accessToken", "refreshToken")
        rows = [
            {k: v for k, v in self._shown(chain).items() if k not in hidden}
            for chain in self.chains
        ]
        return Response(200, {"tokens": rows})

    def delete_access_token(self, call: Call, number: str) -> Response:
        """Answer DELETE V4/AccessToken/{id}."""
        self.chains = [chain for chain in self.chains if chain.number != int(number)]
        self.sim.commit(f"access token {number} deleted")
        return Response(200, {"errorCode": 0, "errorMessage": ""})

    def renew_access_token(self, call: Call) -> Response:
        """Answer POST V4/AccessToken/Renew: an outdated pair ends and deletes the whole chain."""
        try:
            body = call.request.json()
        except BadBody:
            body = {}
        access, refresh = body.get("accessToken"), body.get("refreshToken")
        for chain in self.chains:
            if refresh in chain.old_refreshes:
                self.chains.remove(chain)
                self.sim.commit(f"access token chain {chain.number} killed")
                break
            if (chain.access, chain.refresh) == (access, refresh):
                chain.old_refreshes.append(chain.refresh)
                chain.access, chain.refresh, chain.expires = self._new_pair()
                self.sim.commit(f"access token {chain.number} renewed")
                return Response(
                    200, {"error": {"errorMessage": "", "errorCode": 0}, **self._shown(chain)}
                )
        message = "The refresh token is not valid any more"
        error = {"errorMessage": message, "errorCode": "REFRESH_TOKEN_EXPIRED"}
        return Response(400, {"error": error})

    def _shown(self, chain: Chain) -> dict[str, Any]:
        expires = int(chain.expires.timestamp())
        return {
            "accessTokenId": chain.number,
            "tokenName": chain.name,
            "userId": chain.login.user_id or 1,
            "tokenType": 3 if chain.scope else 2,
            "tokenExpiryTimestamp": expires,
            "accessToken": chain.access,
            "refreshToken": chain.refresh,
            "refreshTokenExpiryTimestamp": expires + 14 * 86400,
            "renewableUntilTimestamp": expires + 90 * 86400,
        }

    def _new_pair(self) -> tuple[str, str, dt.datetime]:
        access, refresh = self.sim.lower_token(64), self.sim.lower_token(64)
        self._seen_secrets += [access, refresh]
        minutes = self.sim.modes["access_token_minutes"]
        return access, refresh, self.sim.clock.now() + dt.timedelta(minutes=minutes)

    def _new_session(self, login: Login, device: str) -> str:
        token = f"QSDK {self.sim.lower_token(96)}"
        self._seen_secrets.append(token)
        self.sessions[token] = Session(login, device, self.sim.clock.now())
        return token

    def _is_stale(self, session: Session) -> bool:
        idle = self.sim.clock.now() - session.last_used
        return idle > dt.timedelta(minutes=self.sim.modes["session_minutes"])

    def _failed(self, login: Optional[Login]) -> Response:
        allowed = self.sim.modes["lockout_after"]
        if login is not None and allowed:
            login.failures += 1
            if login.failures >= allowed:
                minutes = self.sim.modes["lockout_minutes"]
                login.failures = 0
                login.locked_until = self.sim.clock.now() + dt.timedelta(minutes=minutes)
                return self._locked(login)
        tries = login.failures if login else 1
        return _refused("Username/Password are incorrect", 1116, loginAttempts=tries)

    def _locked(self, login: Login) -> Response:
        assert login.locked_until is not None
        left = int((login.locked_until - self.sim.clock.now()).total_seconds())
        return _refused(
            "User account is locked", 1118, isAccountLocked=True, remainingLockTime=left
        )


def _refused(message: str, code: int, **fields: Any) -> Response:
    body = {"isAccountLocked": False, "remainingLockTime": 0, **fields}
    return Response(200, {**body, "errList": [{"errLogMessage": message, "errorCode": code}]})
