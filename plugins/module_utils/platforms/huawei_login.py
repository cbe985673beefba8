# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log in at Huawei's IAM: with an access key, with a token, or by user name and password."""

from __future__ import annotations

from typing import Any

from ..auth import Auth, HeaderAuth, Headers, LoginAuth
from ..errors import CredentialsError
from ..http import LOGIN
from ..model import Account, AccountRef
from ..urls import path
from .huawei_calls import IamCalls, Row
from .huawei_signing import SdkHmacAuth

TOKENS = "/v3/auth/tokens"


class Login:
    """The way to log in: an access key if there is one, else a token, else a password."""

    def __init__(self, iam: IamCalls) -> None:
        self._iam = iam
        self._settings = iam.settings
        domain = iam.settings.scope.get("domain")
        #: The account that the operator named.
        self.domain = AccountRef.parse(domain) if domain else None
        self._user: Account | None = None
        self._signer: SdkHmacAuth | None = None
        self.auth = self._choose()

    @property
    def signs(self) -> bool:
        """Whether requests are signed with an access key."""
        return self._signer is not None

    @property
    def needs_domain(self) -> bool:
        """Whether this way to log in must know the account by the option domain."""
        return isinstance(self.auth, LoginAuth)

    def _choose(self) -> Auth:
        given = self._settings
        if given.api_access_key and given.api_secret_key:
            self._signer = SdkHmacAuth(
                given.api_access_key, given.api_secret_key, self._iam.client.clock.now
            )
            if self.domain:
                self._signer.domain_id = self.domain.id
            return self._signer
        if given.api_token:
            return HeaderAuth("X-Auth-Token", given.api_token)
        return LoginAuth(self._fetch_token)

    def use_domain(self, domain_id: str) -> None:
        """Name the account in every signed request from now on. Tokens carry it themselves."""
        if self._signer and self.domain:
            self._signer.domain_id = domain_id

    def is_own_key(self, access_key: str) -> bool:
        """Tell whether requests are signed with this very key."""
        return self.signs and access_key == self._settings.api_access_key

    def _fetch_token(self) -> Headers:
        """Fetch a domain-scoped token; it lives 24 hours. Makes a session and nothing else.

        Vendor's page: support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html.
        """
        given = self._settings
        domain = _named(self.domain or AccountRef())
        user = {"name": given.api_username, "password": given.api_password, "domain": domain}
        answer = self._iam.send(
            "POST",
            TOKENS,
            doing="log in",
            ok=(201,),
            query={"nocatalog": "1"},
            body={
                "auth": {
                    "identity": {"methods": ["password"], "password": {"user": user}},
                    "scope": {"domain": domain},
                }
            },
            effect=LOGIN,
            auth=False,
        )
        token = answer.headers.get("X-Subject-Token")
        if not token:
            raise answer.malformed("no X-Subject-Token header")
        self._iam.client.redactor.learn(token)
        body = answer.json_or_none()
        described = body.get("token") if isinstance(body, dict) else None
        if isinstance(described, dict):
            self._user = _user_of(described)
        return {"X-Auth-Token": token}

    def own_account(self) -> Account | None:
        """Return the user that this login is, or None when that is not told. Reads only."""
        if self._user is None:
            try:
                self._user = self._ask_who_i_am()
            except CredentialsError:
                return None
        return self._user

    def _ask_who_i_am(self) -> Account | None:
        if self.needs_domain:
            return None
        if not self.signs:
            token = self._settings.api_token or ""
            answer = self._iam.call(
                "GET", TOKENS, headers={"X-Subject-Token": token}, doing="look at the token"
            )
            described = answer.json_object().get("token")
            return _user_of(described) if isinstance(described, dict) else None
        # A user may always look at its own keys, and a key tells whose it is.
        row = self._iam.fetch(
            "GET",
            path("v3.0", "OS-CREDENTIAL", "credentials", self._settings.api_access_key),
            "credential",
            doing="look up the login's own access key",
        )
        return self._with_name(row)

    def _with_name(self, row: Row) -> Account:
        user_id = row.text("user_id")
        try:
            user = self._iam.fetch(
                "GET", path("v3", "users", user_id), "user", doing="look up the login's own user"
            )
            return Account(name=user.text("name"), id=user_id)
        except CredentialsError:
            return Account(name=user_id, id=user_id)


def _named(ref: AccountRef) -> dict[str, str]:
    return {"id": ref.id} if ref.id is not None else {"name": ref.name or ""}


def _user_of(token: dict[str, Any]) -> Account | None:
    user = token.get("user")
    if isinstance(user, dict) and isinstance(user.get("id"), str):
        name = user.get("name")
        return Account(name=name if isinstance(name, str) else user["id"], id=user["id"])
    return None
