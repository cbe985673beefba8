# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS IAM users and their access keys, and object stores with the same API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..auth import Auth
from ..clock import parse_time
from ..errors import CredentialsError
from ..http import WRITE
from ..model import (
    ACTIVE,
    INACTIVE,
    AccessKey,
    Account,
    AccountRef,
    EndpointInfo,
    Facts,
    Issued,
    Pair,
)
from ..pacing import waits
from .aws_calls import IamCalls
from .aws_endpoints import partition_of_region, partition_of_url
from .aws_login import Login, default_region
from .aws_users import Users
from .aws_xml import Element


class Aws(IamCalls):
    """IAM users and their access keys: two for each user, without a label of any kind."""

    name = "aws"
    title = "AWS IAM"
    FACTS = Facts(
        overlap=True,
        can_disable=True,
        can_delete=True,
        can_create=True,
        can_regenerate=False,
        can_choose_pair=False,
        label=None,
        has_description=False,
        cannot_describe_because="IAM keeps no description of an access key",
        shows_access_key=True,
        tells_created=True,
        tells_last_used="per_key",
        max_keys=2,
        secret_comes_back=("create",),
        # IAM is eventually consistent: a change may take some seconds to show.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
        listing_lag=30.0,
    )
    SCOPE = {
        "api_region": {"type": "str"},
        "api_profile": {"type": "str"},
        "api_role_arn": {"type": "str"},
        "api_external_id": {"type": "str"},
        "api_session_name": {"type": "str"},
        "user_path": {"type": "str"},
        "user_tags": {"type": "str"},
    }
    LOGINS = (("api_access_key", "api_secret_key"),)
    COVERS = "AWS in every partition, and S3 services with an IAM API of the same kind"

    @classmethod
    def usual_url(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
        """Return where IAM is in the partition of the region. Reads files at most."""
        region = values.get("api_region") or default_region(values.get("api_profile"), environ)
        return partition_of_region(region).iam_url

    def auth(self) -> Auth:
        """Return what signs. Sends nothing."""
        self.client.promises_nothing_done = self.is_later
        # HTTP 500 (ServiceFailure) is one of those that AWS asks to be sent again.
        self.client.passing_statuses = (500, *self.client.passing_statuses)
        return self._login

    def check_options(self) -> None:
        """Check the login's options and the selection's. Sends nothing."""
        given, scope = self.settings, self.settings.scope
        is_aws = partition_of_url(given.api_url) is not None
        if given.api_access_key or given.api_secret_key:
            self.require_login()
        elif given.api_token:
            self._refuse("api_token is the session token of an access key, which is missing", "")
        elif not is_aws and not scope.get("api_profile"):
            # What the environment or this machine has for AWS is not shown to anybody else.
            self.require_login()
        if not scope.get("api_role_arn"):
            for name in ("api_external_id", "api_session_name"):
                if scope.get(name):
                    self._refuse(f"{name} has no meaning without api_role_arn", "")
        elif not str(scope["api_role_arn"]).startswith("arn:"):
            self._refuse(
                f"api_role_arn: {scope['api_role_arn']!r} is no ARN",
                "Write it as in arn:aws:iam::123456789012:role/rotator.",
            )
        path = scope.get("user_path")
        if path and not path.startswith("/"):
            self._refuse(
                f"user_path: {path!r} does not begin with a slash", "Write it as in /backup/."
            )
        self._login = Login(self)
        self._users = Users(self, self._login)
        #: Access keys made here, with their user and when: IAM may not show them yet.
        self._made: dict[str, tuple[str, float]] = {}

    def _refuse(self, what: str, how: str) -> None:
        raise self.fail("invalid_option", f"{what}.", next_step=how or None)

    def own_pair(self) -> Pair | None:
        """Return the login's own lasting pair, also of a profile. Sends nothing to IAM."""
        return self._login.base_pair()

    def connect(self) -> EndpointInfo:
        """Log in and ask whose account it is; records are bound to that. Reads only."""
        caller = self._login.caller()
        if caller is None:
            self._prove_login()
            return EndpointInfo("IAM API")
        account = caller.text("Account")
        details = {"account": account, "login": caller.optional("Arn") or ""}
        return EndpointInfo(self.title, None, details, {"account": account})

    def _prove_login(self) -> None:
        """Ask for one user; a login that may not list is a login all the same."""
        try:
            self.fetch("ListUsers", {"MaxItems": 1}, doing="list the users")
        except CredentialsError as exc:
            if exc.kind != "permission":
                raise

    def accounts(self) -> Iterator[Account]:
        """Yield the users below user_path that have all of user_tags. Reads only."""
        return self._users.all()

    def account(self, ref: AccountRef) -> Account:
        """Return one user by its name, compared exactly, or its id (AIDA...). Reads only."""
        return self._users.find(ref)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return a user's access keys; last_used asks for each by itself. Reads only.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
        """
        keys: list[AccessKey] = []
        for wait in waits(self.facts.listing_lag):
            rows = self.pages(
                "ListAccessKeys",
                "AccessKeyMetadata",
                "AccessKeyId",
                {"UserName": account.name},
                doing="list the access keys",
                account=account.name,
            )
            keys = [_key(row, account) for row in rows]
            missing = self._young_keys(account.name) - {key.access_key for key in keys}
            if not missing or not wait:
                break
            self.client.clock.sleep(wait)
        return [self._with_last_use(key) for key in keys] if last_used else keys

    def _young_keys(self, account: str) -> set[str]:
        """Return the keys that were made here so recently that a list may not show them."""
        since = self.client.clock.monotonic() - self.facts.listing_lag
        return {key for key, (of, at) in list(self._made.items()) if of == account and at > since}

    def _with_last_use(self, key: AccessKey) -> AccessKey:
        return _used(self._last_use(key.access_key, key.account.name), key)

    def _last_use(self, access_key: str, account: str | None = None) -> Element:
        """Ask when and by whom a key was last used; the answer names its user."""
        return self.fetch(
            "GetAccessKeyLastUsed",
            {"AccessKeyId": access_key},
            doing=f"ask when access key {access_key} was last used",
            account=account,
        )

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key with its user. Reads only. Raises not_found, also for another user's key.

        Without ref, GetAccessKeyLastUsed tells whose it is.
        """
        if ref is None:
            return self._found(access_key)
        account = self.account(ref)
        key = self._of(account, access_key)
        if key is None:
            raise self.fail(
                "not_found",
                f"Access key {access_key} is not one of account {account.name}.",
                account=account.name,
            )
        return key

    def _found(self, access_key: str) -> AccessKey:
        try:
            used = self._last_use(access_key)
            account = self.account(AccountRef(name=used.text("UserName")))
        except CredentialsError as exc:
            # IAM cannot tell whether a key that it does not find may be looked at.
            is_unknown = exc.kind == "permission" and "resource: access key" in exc.message
            if exc.kind in ("not_found", "rejected") or is_unknown:
                raise self.fail("not_found", f"There is no access key {access_key}.") from None
            raise
        key = self._of(account, access_key)
        if key is None:
            raise self.fail("not_found", f"There is no access key {access_key}.")
        return _used(used, key)

    def _of(self, account: Account, access_key: str) -> AccessKey | None:
        keys = self.access_keys(account)
        return next((key for key in keys if key.access_key == access_key), None)

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make one more key; its secret comes back this once and never again.

        Repeated after a lost answer, it makes another; nothing tells the two apart. Raises limit
        when the user has two keys.
        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
        """
        if pair is not None:
            raise self.unsupported("take a pair chosen by the caller", "it makes them itself")
        if label is not None:
            raise self.unsupported("describe an access key", self.facts.cannot_describe_because)
        made = self.fetch(
            "CreateAccessKey",
            {"UserName": account.name},
            effect=WRITE,
            doing="create an access key",
            account=account.name,
        ).child("AccessKey")
        owner = made.text("UserName")
        issued = Pair(made.text("AccessKeyId"), made.text("SecretAccessKey"))
        self.client.redactor.learn(issued.secret_key)
        if owner != account.name:
            # Without a name that is understood, IAM makes a key for whoever asks.
            raise made.complain(f"a key of {owner!r} ({issued.access_key}), who was not asked for")
        self._made[issued.access_key] = (account.name, self.client.clock.monotonic())
        created = parse_time(made.optional("CreateDate"))
        return Issued(account, issued, created_at=created)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Set a key active or inactive; return it as the list shows it, which may take a while.

        Repeated after a lost answer, it does no harm.
        https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
        """
        if description is not None:
            raise self.unsupported("describe an access key", self.facts.cannot_describe_because)
        if status is None:
            return key
        if status == INACTIVE:
            self._refuse_own_key(key, "disabling")
        word = "Active" if status == ACTIVE else "Inactive"
        self._change("UpdateAccessKey", key, "update", {"Status": word}, repeatable=True)
        shown = self._seen(
            key,
            lambda now: now is not None and now.status == status,
            f"is {status}, but still shows it otherwise, or not at all",
        )
        return shown or key

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key for good, and look until the list shows it no more. Repeated: not_found.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
        """
        self._refuse_own_key(key, "deleting")
        self._change("DeleteAccessKey", key, "delete", {}, repeatable=False)
        self._made.pop(key.access_key, None)
        self._seen(key, lambda now: now is None, "is deleted, but still shows it")

    def _change(
        self, action: str, key: AccessKey, verb: str, more: Mapping[str, str], *, repeatable: bool
    ) -> None:
        for wait in waits(self.facts.listing_lag):
            try:
                self.ask(
                    action,
                    {"UserName": key.account.name, "AccessKeyId": key.access_key, **more},
                    effect=WRITE,
                    repeatable=repeatable,
                    doing=f"{verb} access key {key.access_key}",
                    account=key.account.name,
                )
                return
            except CredentialsError as exc:
                # "There is no such key" of one made a moment ago only says: not here yet.
                is_young = key.access_key in self._young_keys(key.account.name)
                if exc.kind != "not_found" or not is_young or not wait:
                    raise
            self.client.clock.sleep(wait)

    def _seen(
        self, key: AccessKey, is_so: Callable[[AccessKey | None], bool], what: str
    ) -> AccessKey | None:
        """Look at a key until it is as it was set; return it as it is shown, None when it is gone.

        Raises platform_error when the list has not caught up in time: nobody knows then.
        """
        now: AccessKey | None = None
        for wait in waits(self.facts.listing_lag):
            try:
                now = self._of(key.account, key.access_key)
            except CredentialsError as exc:
                # The change was answered with success: a failed look must not read as "nothing".
                exc.landed = None
                raise
            if is_so(now):
                return now
            self.client.clock.sleep(wait)
        raise self.fail(
            "platform_error",
            f"{self.title} answered that {key.access_key} {what}.",
            account=key.account.name,
            alive=f"{key.access_key} ({now.status if now else 'not shown'})",
            next_step="Look again in a few minutes.",
            landed=None,
        )

    def _refuse_own_key(self, key: AccessKey, doing: str) -> None:
        """Refuse to cut off the login itself: no later look could tell how it ended."""
        own = self.own_pair()
        if own is not None and own.access_key == key.access_key:
            raise self.fail(
                "disruption_refused",
                f"{key.access_key} is the access key that this very login signs with; {doing} it"
                " would cut the login off.",
                account=key.account.name,
                alive=f"{key.access_key} ({key.status})",
                next_step="Log in with another access key, or with a role of another login.",
            )


def _key(row: Element, account: Account) -> AccessKey:
    if row.text("UserName") != account.name:
        raise row.complain("a key of another user than the one asked for")
    word = row.text("Status")
    if word not in ("Active", "Inactive"):
        raise row.complain("a status that is neither Active nor Inactive")
    return AccessKey(
        access_key=row.text("AccessKeyId"),
        account=account,
        status=ACTIVE if word == "Active" else INACTIVE,
        created_at=parse_time(row.optional("CreateDate")),
    )


def _used(used: Element, key: AccessKey) -> AccessKey:
    """Return a key with its last use. A key never used has no date, and N/A as service."""
    last = used.child("AccessKeyLastUsed")
    told = {"used_service": last.optional("ServiceName"), "used_region": last.optional("Region")}
    return dataclasses.replace(
        key,
        last_used_at=parse_time(last.optional("LastUsedDate")),
        details={name: text for name, text in told.items() if text and text != "N/A"},
    )
