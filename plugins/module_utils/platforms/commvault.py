# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault: S3 access keys of CommCell users, rotated in place (Unified Data Vault, CVFS).

One pair per user, and no operation that shows, disables or deletes it. GET .../S3AccessKey is never
sent: it makes the CommCell send an e-mail.
Vendor pages: https://api.commvault.com/docs/SP38/api/cv/OpenAPI3/rotate-user-s-3-access-key and
https://api.commvault.com/docs/SP38/api/cv/AuthenticationOperations/login
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Callable, TypeVar

from ..auth import Auth, HeaderAuth, Headers, LoginAuth
from ..errors import CredentialsError
from ..http import LOGIN, Answer
from ..listing import Listing
from ..model import AccessKey, Account, AccountRef, EndpointInfo, Facts, Issued, Pair
from ..platform import ErrorParts, Platform
from ..transport_bounds import is_markup
from ..urls import path
from . import commvault_answers as answers
from .commvault_answers import Body

T = TypeVar("T")

#: Rows asked for at a time; the server may give fewer, so the next page starts after what came.
PAGE = 1000

_WRONG_BASE = (
    "Check that api_url ends in the base path of the API: https://HOST/commandcenter/api"
    " (older releases: /webconsole/api)."
)
_CHECK_LOGIN = "Check api_username, api_password and domain. Repeated failures lock the login."


class Commvault(Platform):
    """A CommCell, reached through the REST API of its Command Center."""

    name = "commvault"
    title = "Commvault"
    COVERS = "Command Center 11.38 and later; keys inline or by e-mail, by build"
    LOGINS = (("api_token",), ("api_username", "api_password"))
    SCOPE = {"domain": {"type": "str"}}
    FACTS = Facts(
        overlap=False,
        can_disable=False,
        can_delete=False,
        can_create=False,
        can_regenerate=True,
        can_choose_pair=False,
        label=None,
        has_description=False,
        shows_access_key=False,
        tells_created=False,
        tells_last_used="no",
        max_keys=1,
        secret_comes_back=("regenerate", "email"),
        listing_is_proof=False,
        cannot_disable_because=(
            "Commvault publishes no operation that disables or enables one; all it can do is rotate"
            " it, which ends the old pair at once"
        ),
        cannot_describe_because="a user has one key, which Commvault neither shows nor describes",
    )

    # --- logging in ---------------------------------------------------------------------------

    def auth(self) -> Auth:
        """Return the token that was given, or a password login made when first needed.

        A login token (QSDK ...) goes into Authtoken as it is, an access token into Authorization.
        With both kinds of login given, the token is used.
        """
        token = (self.settings.api_token or "").strip()
        if not token:
            return LoginAuth(self._log_in)
        scheme, _unused, rest = token.partition(" ")
        bare = rest.strip() or scheme
        self.client.redactor.learn(bare)
        if scheme.upper() == "QSDK":
            return HeaderAuth("Authtoken", token)
        return HeaderAuth("Authorization", f"Bearer {bare}")

    def _log_in(self) -> Headers:
        """Make a session (POST Login); it lives until 30 minutes pass without a request."""
        given = self.settings
        password = base64.b64encode((given.api_password or "").encode()).decode()
        body = {"username": given.api_username, "password": password}
        if given.scope.get("domain"):
            body["domain"] = given.scope["domain"]
        answer = self.client.request("POST", "/Login", body=body, effect=LOGIN, auth=False)
        if not answer.ok:
            raise self._login_refused(answer)
        # A wrong password is answered with HTTP 200 as well: only the token tells.
        content = answer.json_object()
        token = content.get("token")
        if isinstance(token, str) and token.strip():
            self.client.redactor.learn(token, token.partition(" ")[2])
            return {"Authtoken": token}
        raise self._login_failed(content)

    def _login_refused(self, answer: Answer) -> CredentialsError:
        exc = self.error_of(answer, "log in")
        exc.landed = False
        if answer.status == 404:
            exc.kind, exc.next_step = "malformed_answer", _WRONG_BASE
        elif answer.status in (400, 401, 403) and exc.kind != "malformed_answer":
            exc.kind, exc.next_step = "authentication", _CHECK_LOGIN
        return self.placed(exc, "log in")

    def _login_failed(self, content: Body) -> CredentialsError:
        who = self.settings.api_username
        locked = answers.as_int(content.get("remainingLockTime"))
        if content.get("isAccountLocked") is True or locked > 0:
            minutes = -(-locked // 60)
            rest = f" for another {minutes} minutes" if minutes else ""
            return self._login_error(
                f"The login {who!r} is locked{rest}.",
                "Wait, or have an administrator unlock it; further tries may lock it for longer.",
                details={"locked_for_seconds": locked},
            )
        code, message = answers.verdict(content) or (None, "no token and no reason in the answer")
        return self._login_error(
            f"Commvault refused the login {who!r} (HTTP 200): {message.rstrip('.')}.",
            _CHECK_LOGIN,
            code=code,
        )

    def _login_error(self, message: str, next_step: str, **context: Any) -> CredentialsError:
        exc = self.client.error(
            "authentication", message, next_step=next_step, http_status=200, **context
        )
        return self.placed(exc, "log in")

    # --- verbs --------------------------------------------------------------------------------

    def connect(self) -> EndpointInfo:
        """Log in and ask for one user, which shows that the login may list users. Reads only.

        The release is not asked for: nothing here depends on it, and the build that decides how a
        new pair is delivered is not published.
        """
        where, doing = "/V4/User", "list the users"
        body, _rows = self.listing(where, "users", doing, self._account, _users_page(0, 1))
        users = answers.as_int(body.get("numberOfUsers"), -1)
        return EndpointInfo("Commvault", None, {} if users < 0 else {"users": users})

    def accounts(self) -> Iterator[Account]:
        """Yield every user that the login may see (GET V4/User), page by page. Reads only."""
        return self._users({})

    def account(self, ref: AccountRef) -> Account:
        """Return the user of this exact name, or of this identifier. Reads only.

        Names are compared exactly, case included. With the option domain, a name without a
        backslash means that user of the domain as well. Raises not_found or ambiguous.
        """
        if ref.id is not None:
            return self._account_by_id(ref.id)
        names = self.names_of(ref.name or "")
        near: dict[str, Account] = {}
        found: list[Account] = []
        for name in names:
            for account in self._users({"fq": f"users.userEntity.userName:eq:{name}"}, some=True):
                _sort_in(account, names, found, near)
        if not found:
            # The filter is answered from a cache that may be stale, or may not know this name.
            for account in self._users({"hardRefresh": True}):
                _sort_in(account, names, found, near)
        unique = list({account.id: account for account in found}.values())
        if not unique and near:
            others = ", ".join(f"{a.name!r} (id:{a.id})" for a in list(near.values())[:5])
            raise self.fail(
                "not_found",
                f"There is no account {str(ref)!r}. Names are compared exactly; there is {others}.",
                account=str(ref),
            )
        return self.only(unique, ref)

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the names of accounts that a name in a task may stand for."""
        domain = self.settings.scope.get("domain")
        if domain and "\\" not in name:
            return (name, f"{domain}\\{name}")
        return (name,)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return nothing: no operation shows a key, and the one that seems to sends an e-mail."""
        return []

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Raise unsupported: Commvault tells of no key whose it is."""
        raise self.unsupported("find an account by its access key", "it shows no access keys")

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Rotate the user's key (PUT V4/User/{id}/S3AccessKey); the old pair is dead at once.

        Repeated after a lost answer, it rotates again and ends the pair that nobody saw; so it is
        never repeated here. By build the new pair comes in the answer (delivery "inline"), or goes
        to the user's e-mail address alone (delivery "email", no pair). A whole pair is returned
        whatever else the answer reports (an e-mail that failed): it exists nowhere else.
        """
        if pair is not None or slot is not None:
            raise self.unsupported("take a pair or a slot of the caller's choice")
        doing = "rotate the S3 access key"
        where = path("V4", "User", account.id or "", "S3AccessKey")
        answer = self.call("PUT", where, ok=range(200, 600), doing=doing, account=account.name)
        shown = answer.json_or_none()
        access_key, secret_key = answers.pair_in(shown if isinstance(shown, dict) else {})
        if access_key and secret_key:
            return Issued(account, Pair(access_key, secret_key))
        if not answer.ok:
            raise self.placed(self.error_of(answer, doing), doing, account.name)
        self.content(answer, doing, account.name)
        if access_key or secret_key:
            raise self.fail(
                "malformed_answer",
                f"The key of {account.name} was rotated, but the answer holds only half of the new"
                f" pair ({'the access key' if access_key else 'the secret key'}).",
                account=account.name,
                next_step="The old pair is dead. Rotate again, or take the pair from the e-mail if"
                " the CommCell sent one.",
                alive=access_key or None,
                landed=True,
            )
        return Issued(account, None, delivery="email")

    # --- reading answers ----------------------------------------------------------------------

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the codes of an error, numbers and words alike; the words tell the kind."""
        body = answer.json_or_none()
        if not isinstance(body, dict):
            # For a path that is no API the web server answers with a page.
            is_page = is_markup(answer.body)
            wrong_place = is_page and answer.status in (400, 404, 405)
            if wrong_place:
                return "malformed_answer", None, "a web page instead of JSON"
            return None, None, answer.excerpt()
        code, message = answers.verdict(body) or (None, answer.excerpt())
        return answers.kind_of(code, message, answer.status), code, message

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error that an answer means, with what a Commvault operator can do about it."""
        exc = super().error_of(answer, doing)
        if exc.kind == "platform_error" and answer.method not in ("GET", "HEAD"):
            # "Unknown exception" says nothing of what was done before, whatever the HTTP status.
            exc.landed = None
        if exc.kind == "malformed_answer":
            exc.next_step = _WRONG_BASE
        if exc.kind == "authentication" and self.settings.api_token:
            exc.next_step = (
                "The token in api_token has expired, was renewed elsewhere, or its scope lacks this"
                " path. It is never renewed here: a renewal ends every other copy of the token, and"
                " one with an outdated refresh token deletes the whole chain. Supply a fresh token,"
                " or use api_username and api_password."
            )
        return exc

    def get(self, where: str, doing: str, query: Any = None) -> Body:
        """Return the JSON object that a GET answers. Reads only. Raises what a failure means."""
        return self.content(self.call("GET", where, query=query, doing=doing), doing)

    def content(self, answer: Answer, doing: str, account: str | None = None) -> Body:
        """Return the JSON object in a 2xx answer; an error code in it is an error."""
        try:
            body = answer.json_object()
            verdict = answers.verdict(body)
            if verdict is not None and not answers.is_code(verdict[0]):
                raise answer.malformed("an error code that is none")
            if verdict is not None:
                raise self.error_of(answer, doing)
            return body
        except CredentialsError as exc:
            raise self.placed(exc, doing, account) from None

    def listing(
        self,
        where: str,
        rows: str,
        doing: str,
        make: Callable[[Body], T],
        query: Any = None,
        pages: Listing | None = None,
    ) -> tuple[Body, list[T]]:
        """Return a listing's answer, or a page's, counted in pages, and what its rows are made to.

        Reads only. An empty listing may lack its list. Raises malformed_answer for a row of another
        shape.
        """
        try:
            answer = self.call("GET", where, query=query, doing=doing)
            body = self.content(answer, doing)
            found = answers.rows(body, rows)
            if pages is not None:
                pages.page(len(found), len(answer.body))
            return body, [make(row) for row in found]
        except CredentialsError as exc:
            raise self.placed(exc, doing) from None

    def _users(self, filters: dict[str, Any], some: bool = False) -> Iterator[Account]:
        """Yield the users of a listing. some: not all are asked for, so the count may not match.

        Whether the server heeded the filters is the caller's to check.
        """
        doing = "list the users"
        pages = self.begin_listing(doing)
        seen: set[str] = set()
        start = 0
        while True:
            query = {**_users_page(start, PAGE), **filters}
            body, rows = self.listing("/V4/User", "users", doing, self._account, query, pages)
            fresh = [account for account in rows if account.id not in seen]
            seen.update(str(account.id) for account in fresh)
            yield from fresh
            start += len(rows)
            total = answers.as_int(body.get("numberOfUsers"), -1)
            if 0 <= total <= len(seen) or (not fresh and (some or total < 0)):
                return
            if not fresh:
                raise self.fail(
                    "malformed_answer",
                    f"Commvault counts {total} users and lists only {len(seen)}: its pages do not"
                    " go on.",
                    step=doing,
                    next_step="Run again; users may have been removed while they were listed.",
                )

    def _account_by_id(self, identifier: str) -> Account:
        if not (identifier.isascii() and identifier.isdigit()):
            raise self.fail(
                "not_found",
                f"There is no account 'id:{identifier}': identifiers of users are numbers here.",
                account=f"id:{identifier}",
            )
        number = str(int(identifier))
        try:
            body = self.get(path("V4", "User", number), "read the user")
        except CredentialsError as exc:
            if exc.kind == "not_found":
                exc.message = f"There is no account 'id:{number}'. {exc.message}"
            raise exc.at(account=f"id:{number}") from None
        row = {"id": int(number), **body}
        if not isinstance(row.get("name"), str):
            # Not every release names the user in its properties.
            return self.only([a for a in self.accounts() if a.id == number], AccountRef(id=number))
        account = self._account(row)
        if account.id != number:
            raise self.fail(
                "malformed_answer",
                f"Asked for user {number}, Commvault answered with user {account.id}.",
                account=f"id:{number}",
            )
        return account

    def _account(self, row: Body) -> Account:
        number, name = answers.identity(row, "id", "name")
        details = {
            "guid": row.get("GUID"),
            "email": row.get("email"),
            "company": answers.inner(row, "company").get("name"),
            "locked": answers.inner(row, "lockInfo").get("isLocked"),
        }
        enabled = row.get("enabled")
        return Account(
            name=name,
            id=str(number),
            enabled=enabled if isinstance(enabled, bool) else None,
            details={name: value for name, value in details.items() if value is not None},
        )


def _users_page(start: int, limit: int) -> dict[str, Any]:
    return {"additionalProperties": True, "start": start, "limit": limit}


def _sort_in(
    account: Account, names: tuple[str, ...], found: list[Account], near: dict[str, Account]
) -> None:
    """Put an account where it belongs: one of these names, nearly one of them, or neither."""
    if account.name in names:
        found.append(account)
    elif account.name.lower() in {name.lower() for name in names}:
        near[account.name] = account
