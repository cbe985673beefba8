# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every platform is: facts, verbs, and its own reading of errors."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, ClassVar, Optional

from .auth import Auth, BasicAuth
from .errors import CredentialsError, sentences
from .http import Answer, Client, Query
from .listing import Listing
from .model import AccessKey, Account, AccountRef, EndpointInfo, Facts, Issued, Pair
from .settings import Settings

#: What a platform read out of an error answer: a kind (None: by status), its own code, its words.
ErrorParts = tuple[Optional[str], Optional[str], str]

_KIND_BY_STATUS = {
    400: "rejected",
    401: "authentication",
    403: "permission",
    404: "not_found",
    405: "unsupported",
    409: "conflict",
    429: "throttled",
    501: "unsupported",
}


class Platform:
    """One kind of object store at one endpoint.

    A subclass is one file: facts as class attributes, the verbs below, read_error(). It never sees
    Ansible, check mode, retries, masking or the state of a rotation. Verbs raise CredentialsError.
    """

    #: The word of the platform option; also the prefix of its environment variables.
    name: ClassVar[str]
    #: What the vendor calls it.
    title: ClassVar[str]
    #: The facts of its best-known form; self.facts holds those of this very endpoint.
    FACTS: ClassVar[Facts]
    #: Its scope options as an argument spec: {"svm": {"type": "str"}}. Their meaning stands in
    #: plugins/doc_fragments/<name>.py.
    SCOPE: ClassVar[dict[str, dict[str, Any]]] = {}
    #: Sets of options that can log in; one set must be complete.
    LOGINS: ClassVar[tuple[tuple[str, ...], ...]] = (("api_username", "api_password"),)
    #: For the platform table in the README: releases and flavours covered.
    COVERS: ClassVar[str] = ""
    #: Looks at a deleted key before it counts as not deleted, and the seconds between them.
    LOOKS_AFTER_DELETE: ClassVar[int] = 1
    SECONDS_BETWEEN_LOOKS: ClassVar[float] = 0.5

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings = settings
        self.client = client
        self.facts = self.FACTS
        self.check_options()
        client.auth = self.auth()

    @classmethod
    def usual_url(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
        """Return the vendor's own api_url, where there is one for all; None: it must be named.

        values: the options given so far, the environment's included. Sends nothing.
        """
        return None

    # --- what a platform defines -------------------------------------------------------------

    def auth(self) -> Auth:
        """Return the way to log in that the settings ask for. Sends nothing."""
        return BasicAuth(self.settings.api_username or "", self.settings.api_password or "")

    def check_options(self) -> None:
        """Check the options before anything is sent. Raises invalid_option, naming the option."""
        self.require_login()

    def connect(self) -> EndpointInfo:
        """Reach the endpoint, check the scope, refine self.facts by what it reports. Reads only."""
        raise NotImplementedError

    def accounts(self) -> Iterator[Account]:
        """Yield every account of the scope, page by page. Reads only."""
        raise NotImplementedError

    def account(self, ref: AccountRef) -> Account:
        """Return the one account that a name or identifier means, compared exactly. Reads only.

        Raises not_found, or ambiguous when several have the name. A server that ignores a filter
        must not lead to another account: the name on the row is checked.
        """
        raise NotImplementedError

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the account's keys. Reads only, unless facts.listing_has_side_effect.

        last_used: also ask when each was last used, where that costs a request per key.
        """
        raise NotImplementedError

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key with its account, found by the access key alone or within an account.

        Reads only. Raises not_found, also when the key belongs to another account than ref.
        """
        raise NotImplementedError

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make one more key. Repeated after a lost answer, it makes another.

        label: where facts.label is "description". pair: where facts.can_choose_pair.
        """
        raise self.unsupported("create a second access key")

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Replace the account's key; the old one stops working at once.

        Repeated after a lost answer, it replaces again. pair: where facts.can_choose_pair.
        slot: which of several, where the platform has them. expected: the access keys that a look
        just before must show where keys are visible; conflict, and nothing sent, if it does not.
        """
        raise self.unsupported("regenerate an access key")

    def read_pair(self, key: AccessKey) -> Pair | None:
        """Return the pair of a key that was just listed, where the listing shows secrets."""
        return None

    def why_not_replace(self, key: AccessKey) -> str | None:
        """Say why a new key cannot be like this one, so that it must not be replaced."""
        return "the platform keeps it for itself" if key.immutable else None

    def new_pair(self) -> Pair:
        """Return a made-up pair for a platform that takes the caller's. Sends nothing."""
        letters = string.ascii_uppercase + string.digits
        return Pair(
            "".join(secrets.choice(letters) for _unused in range(20)),
            "".join(secrets.choice(string.ascii_letters + string.digits) for _unused in range(40)),
        )

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Set a key active or inactive, its description, or both; return it as it is afterwards.

        None leaves as it is, "" clears. Repeated after a lost answer, it does no harm.
        """
        raise self.unsupported("disable or enable an access key", self.facts.cannot_disable_because)

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key for good. Repeated, it says not_found or nothing."""
        raise self.unsupported("delete an access key")

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read an error answer: its kind (None: by status), the platform's code, its message."""
        return None, None, answer.excerpt()

    # --- what a result says of it ------------------------------------------------------------

    def described(self, info: EndpointInfo) -> dict[str, Any]:
        """Return what the endpoint is and can do; info: what connect() returned."""
        return {
            "platform": self.name,
            "title": self.title,
            "product": info.product,
            "version": info.version,
            "facts": self.facts.shown(),
            "details": info.details,
        }

    # --- where one pair is held by several endpoints (see mirrored) --------------------------

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of the endpoints that hold an account's pair; the record's own comes first."""
        return (self.settings.endpoint or "",)

    @property
    def clients(self) -> tuple[Client, ...]:
        """The clients of these endpoints, in the same order."""
        return (self.client,)

    def noted(self, keys: Sequence[AccessKey]) -> tuple[str, ...]:
        """Return keys as an intent notes them, for the look just before its call. Sends nothing."""
        return tuple(key.access_key for key in keys)

    def is_as_noted(
        self, keys: Sequence[AccessKey], noted: Sequence[str], chosen: str | None
    ) -> bool:
        """Tell whether keys are what an intent noted, wherever the chosen one did not land."""
        return sorted(self.noted(keys)) == sorted(noted)

    def written_at(self, account: Account) -> tuple[str, ...]:
        """Return which of several endpoints this run has changed for an account. Sends nothing."""
        return ()

    def count(self, keys: Sequence[AccessKey]) -> int:
        """Return how many of an account's places for keys are taken. Sends nothing."""
        return len(keys)

    # --- whose login is a pair of its own ----------------------------------------------------

    def own_pair(self) -> Pair | None:
        """Return the pair that this very login signs with, or None. Sends nothing."""
        given = self.settings
        if not given.api_access_key:
            return None
        return Pair(given.api_access_key, given.api_secret_key or "")

    def own_pairs(self) -> tuple[Pair, ...]:
        """Return the pairs that the logins at all endpoints sign with. Sends nothing."""
        own = self.own_pair()
        return () if own is None else (own,)

    # --- what a platform uses ----------------------------------------------------------------

    def call(
        self,
        method: str,
        where: str,
        *,
        ok: Sequence[int] = (200,),
        query: Query = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        effect: str | None = None,
        repeatable: bool = False,
        auth: bool = True,
        doing: str = "",
        account: str | None = None,
    ) -> Answer:
        """Send one request and return its answer if the status is one of ok; raise what it means.

        doing: a few words for the message ("list the users"); account: who it concerns.
        """
        try:
            answer = self.client.request(
                method,
                where,
                query=query,
                body=body,
                headers=headers,
                effect=effect,
                repeatable=repeatable,
                auth=auth,
            )
            answer.place = lambda exc: self.placed(exc, doing, account)
            if answer.status in ok:
                return answer
            raise self.error_of(answer, doing)
        except CredentialsError as exc:
            raise self.placed(exc, doing, account) from None

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error that an answer means."""
        kind, code, message = self.read_error(answer)
        kind = kind or _KIND_BY_STATUS.get(answer.status)
        if kind is None and code is None and answer.status < 400:
            # Success, but not the one of this call: a proxy's page, or a change of the API.
            return self.placed(answer.malformed("a status that this call does not have"))
        if kind is None:
            kind = "platform_error" if answer.status >= 500 else "rejected"
        text = f"{self.title} refused to {doing}" if doing else f"{self.title} refused"
        if kind == "platform_error":
            text = f"{self.title} failed to {doing}" if doing else f"{self.title} failed"
        coded = f", code {code}" if code else ""
        return self.client.error(
            kind,
            f"{text} (HTTP {answer.status}{coded}): {message or 'no message'}",
            http_status=answer.status,
            code=code,
            # A 5xx may come after the change was made; a 4xx says that it was not.
            landed=(
                None
                if answer.is_of_change and answer.status >= 500 and answer.status != 501
                else False
            ),
        )

    def placed(
        self, exc: CredentialsError, doing: str = "", account: str | None = None
    ) -> CredentialsError:
        """Return the error with platform, endpoint, account and step filled in."""
        return exc.at(
            platform=self.name,
            endpoint=self.settings.endpoint,
            account=account,
            step=doing or None,
        )

    def fail(self, kind: str, message: str, **context: Any) -> CredentialsError:
        """Return an error of this platform, redacted and placed."""
        return self.placed(self.client.error(kind, message, **context))

    def begin_listing(self, doing: str) -> Listing:
        """Return what bounds a listing that begins now, in rows and in time. Sends nothing."""
        client, given = self.client, self.settings
        before = client.requests_sent

        def paced() -> float:
            pace = given.requests_per_second
            return (client.requests_sent - before) / pace if pace else 0.0

        return Listing(self.fail, doing, client.clock, slowest=given.read_timeout, paced=paced)

    def unsupported(self, what: str, because: str = "") -> CredentialsError:
        """Return the error for something that this platform, release or configuration cannot do."""
        reason = f", because {because}" if because else ""
        return self.fail("unsupported", f"{self.title} cannot {what}{reason}.")

    def require_gone(self, key: AccessKey, is_gone: Callable[[AccessKey], bool]) -> None:
        """Look until a key that was deleted is shown no more; raise platform_error if it stays."""
        for look in range(self.LOOKS_AFTER_DELETE):
            if look:
                self.client.clock.sleep(self.SECONDS_BETWEEN_LOOKS)
            try:
                if is_gone(key):
                    return
            except CredentialsError as exc:
                exc.landed = True
                raise
        raise self.fail(
            "platform_error",
            f"{self.title} answered that {key.access_key} is deleted, but still shows it.",
            account=key.account.name,
            alive=f"{key.access_key} ({key.status})",
            next_step="Look again in a few minutes, then delete it once more.",
            landed=None,
        )

    def require_login(self) -> None:
        """Raise invalid_option unless one set of LOGINS is complete."""
        given = self.settings
        for options in self.LOGINS:
            if all(getattr(given, option) for option in options):
                return
        ways = "; or ".join(" and ".join(options) for options in self.LOGINS)
        prefix = f"S3_{self.name.upper()}_"
        raise self.placed(
            CredentialsError(
                "invalid_option",
                sentences(f"No login for {given.api_url}: set {ways}.", given.without_entry),
                next_step="Secrets come by the file of S3_CREDENTIALS_FILE, by the environment"
                f" ({prefix}API_URL with {prefix}{self.LOGINS[0][-1].upper()}), or from a vaulted"
                " variable; not on a command line.",
            )
        )

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the account names that a name in a task may stand for; by default only itself."""
        return (name,)

    def only(
        self, found: Sequence[Account], ref: AccountRef | str, what: str = "account"
    ) -> Account:
        """Return the only account in a list; raise not_found, or ambiguous naming those found."""
        if not found:
            raise self.fail("not_found", f"There is no {what} {str(ref)!r}.", account=str(ref))
        if len(found) > 1:
            names = ", ".join(f"id:{account.id} ({account.name})" for account in found[:10])
            raise self.fail(
                "ambiguous",
                f"{len(found)} accounts answer to {str(ref)!r}: {names}.",
                account=str(ref),
            )
        return found[0]
