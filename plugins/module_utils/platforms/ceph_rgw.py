# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ceph Object Gateway (RGW): users, subusers and their S3 keys, by the Admin Ops API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ..auth import Auth
from ..errors import CredentialsError
from ..http import Answer
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
from ..threads import leave_signals
from .ceph_rgw_calls import AdminOps, User, key_of
from .ceph_rgw_signing import SigV4Auth

_FACTS = Facts(
    overlap=True,
    # Where the release knows "active" of a key: connect() looks whether the gateway shows it.
    can_disable=True,
    can_delete=True,
    can_create=True,
    can_regenerate=False,
    can_choose_pair=True,
    label="access_key",
    has_description=False,
    shows_access_key=True,
    tells_created=False,
    tells_last_used="no",
    max_keys=None,
    secret_comes_back=("create", "list"),
    cannot_describe_because="its keys have no description",
)
#: Users that are asked for at the same time, at most.
_AT_ONCE = 8


class CephRgw(AdminOps):
    """Users and subusers of one gateway, of all tenants or of one.

    A user's keys live side by side, and the caller chooses every pair. The secret travels in the
    query of the request, and the answers show it again.
    """

    name = "ceph_rgw"
    title = "Ceph Object Gateway"
    FACTS = _FACTS
    SCOPE = {"tenant": {"type": "str"}}
    LOGINS = (("api_access_key", "api_secret_key"),)
    COVERS = "Admin Ops API of Ceph 16 and later; disabling where the release has it"

    def check_options(self) -> None:
        """Check login and tenant. Sends nothing."""
        self.require_login()
        if "$" in (self._tenant or ""):
            raise self.fail(
                "invalid_option",
                f"tenant: {self._tenant!r} holds a $, which stands between tenant and user.",
                next_step="Write the tenant alone.",
            )

    def auth(self) -> Auth:
        """Return what signs the requests. Sends nothing."""
        given = self.settings
        return SigV4Auth(
            given.api_access_key or "", given.api_secret_key or "", self.client.clock.now
        )

    @property
    def _tenant(self) -> str | None:
        return self.settings.scope.get("tenant") or None

    def connect(self) -> EndpointInfo:
        """Prove login and right by a listing, and look whether keys can be disabled. Reads only."""
        names, _marker, _answer = self.page(1)
        own = self._by_access_key(self.settings.api_access_key or "")
        # A login that another service vouches for (Keystone, LDAP) has no key here.
        seen = own or next((self.user(name) for name in names), None)
        if seen is not None and seen.hides_keys:
            raise self._no_keys_shown(seen.uid)
        rows = seen.key_rows if seen is not None else []
        can_disable = any("active" in row for row in rows)
        self.facts = dataclasses.replace(
            self.FACTS,
            can_disable=can_disable,
            cannot_disable_because=""
            if can_disable
            else "this release shows no 'active' on its keys, and takes none"
            if rows
            else "no key was there to show whether this release knows 'active'",
        )
        details = {"login": own.uid if own else None, "tenant": self._tenant}
        return EndpointInfo(self.title, None, {k: v for k, v in details.items() if v})

    def _by_access_key(self, access_key: str) -> User | None:
        """Return the user that has an access key, or None. Reads only."""
        try:
            answer = self.call(
                "GET",
                self.users,
                query={"access-key": access_key},
                doing=f"look for access key {access_key}",
            )
        except CredentialsError as exc:
            # AccessDenied is also what a gateway says of an access key that nobody has.
            if exc.code not in ("AccessDenied", "NoSuchUser", "InvalidAccessKeyId"):
                raise
            # So a right that is missing, or a login that ended, has to show in a call without it.
            self.page(1)
            return None
        return User(answer)

    def _no_keys_shown(self, uid: str) -> CredentialsError:
        return self.fail(
            "permission",
            f"This login may see user {uid}, but not its keys.",
            account=uid,
            next_step="Give the login's user the capability users=read.",
        )

    # --- users -------------------------------------------------------------------------------

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the id that a name stands for: with the option tenant it may be left out."""
        return (f"{self._tenant}${name}" if self._tenant and "$" not in name else name,)

    def accounts(self) -> Iterator[Account]:
        """Yield every user, and every subuser that has an S3 key, with the keys. Reads only.

        The listing tells only ids, so each user is asked for as well, several at a time.
        """
        at_once = min(_AT_ONCE, self.settings.parallelism)
        pages = self.begin_listing("list the users")
        with ThreadPoolExecutor(at_once, initializer=leave_signals) as pool:
            for names in self.listed(pages):
                ours = [name for name in names if self._is_ours(name)]
                for start in range(0, len(ours), 4 * at_once):
                    for found, size in pool.map(self._shown_by, ours[start : start + 4 * at_once]):
                        pages.more(sum(len(each.listed_keys or ()) for each in found), size)
                        yield from found

    def _is_ours(self, uid: str) -> bool:
        return self._tenant is None or uid.startswith(f"{self._tenant}$")

    def _shown_by(self, uid: str) -> tuple[list[Account], int]:
        """Return a user as its accounts, and how long the answer was."""
        try:
            user = self._user(uid)
        except CredentialsError as exc:
            if exc.kind != "not_found":
                raise
            return [], 0  # gone since it was listed
        accounts = [user.account(), *(user.account(name) for name in user.subusers())]
        with_keys = [(each, tuple(user.keys_of(each))) for each in accounts]
        found = [
            dataclasses.replace(each, listed_keys=keys)
            for each, keys in with_keys
            if keys or not each.address["subuser"]
        ]
        return found, len(user.answer.body)

    def _user(self, uid: str) -> User:
        user = self.user(uid)
        if user.hides_keys:
            raise self._no_keys_shown(uid)
        return user

    def account(self, ref: AccountRef) -> Account:
        """Return the user or subuser of this id (tenant$user, user:subuser). Reads only.

        A user's id may hold a colon itself, so for such a name both are looked for.
        """
        name = ref.id if ref.id is not None else self.names_of(ref.name or "")[0]
        found = []
        if name and self._is_ours(name):
            uid, colon, subuser = name.rpartition(":")
            user = self._if_there(name)
            if user is not None:
                found.append(user.account())
            parent = self._if_there(uid) if colon and uid else None
            if parent is not None and subuser in parent.subusers():
                found.append(parent.account(subuser))
        return self.only(found, ref, "user")

    def _if_there(self, uid: str) -> User | None:
        try:
            return self._user(uid)
        except CredentialsError as exc:
            if exc.code != "NoSuchUser":
                raise
            return None

    # --- keys --------------------------------------------------------------------------------

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the S3 keys of a user or subuser; a gateway keeps no dates. Reads only."""
        return self._user(account.address["uid"]).keys_of(account)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key with its user or subuser. Reads only. Raises not_found."""
        account = self.account(ref) if ref is not None else None
        if account is not None:
            user: User | None = self._user(account.address["uid"])
        else:
            user = self._by_access_key(access_key)
            owner = user.owner_of(access_key) if user is not None else None
            account = owner if owner is not None and self._is_ours(owner.name) else None
        for key in user.keys_of(account) if user is not None and account is not None else ():
            if key.access_key == access_key:
                return key
        of = f" of {ref}" if ref is not None else ""
        raise self.fail(
            "not_found",
            f"There is no access key {access_key}{of}.",
            account=str(ref) if ref is not None else None,
        )

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Give the user or subuser one more key, of the pair given or of one made up here.

        Repeated with the same pair, it changes nothing; without one, it makes another. The same
        access key with another secret key would replace the secret. Raises conflict when another
        user has the access key.
        """
        pair = pair or self.new_pair()
        self.client.redactor.learn(pair.secret_key)
        row = self._put(account, pair.access_key, {"secret-key": pair.secret_key}, "create")
        if row.raw.get("secret_key", pair.secret_key) != pair.secret_key:
            raise self.fail(
                "platform_error",
                f"{self.title} took {pair.access_key}, but shows another secret key for it.",
                account=account.name,
                landed=True,
            )
        return Issued(account, pair)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Set a key active or inactive; return it as the answer shows it.

        None leaves as it is. Repeated after a lost answer, it does no harm.
        """
        if description is not None:
            raise self.unsupported("describe an access key", self.facts.cannot_describe_because)
        if status is None:
            return key
        if not self.facts.can_disable:
            raise self.unsupported(
                "disable or enable an access key", self.facts.cannot_disable_because
            )
        if status == INACTIVE:
            self._refuse_own_key(key, "disabling")
        return self._put(
            key.account,
            key.access_key,
            # Without a secret key: a key that was deleted meanwhile is not made again by this.
            {"active": status == ACTIVE},
            "update",
            repeatable=True,
        )

    def _put(
        self,
        account: Account,
        access_key: str,
        more: dict[str, str | bool],
        verb: str,
        repeatable: bool = False,
    ) -> AccessKey:
        """Send a key's creation or change, and return the key as the answer shows it."""
        query = {
            "key": "",
            "uid": account.address["uid"],
            "subuser": account.address["subuser"] or None,
            "key-type": "s3",
            "access-key": access_key,
            "generate-key": "false",
            **more,
        }
        answer = self.call(
            "PUT",
            self.users,
            query=query,
            repeatable=repeatable,
            doing=f"{verb} access key {access_key}",
            account=account.name,
        )
        return self._answered(answer, account, access_key)

    def _answered(self, answer: Answer, account: Account, access_key: str) -> AccessKey:
        rows = answer.json()
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("access_key") == access_key:
                return key_of(row, account, answer)
        raise answer.malformed(f"no key {access_key} in it")

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key for good, and look whether it is gone. Repeated, it says not_found."""
        self._refuse_own_key(key, "deleting")
        try:
            self.call(
                "DELETE",
                self.users,
                query={
                    "key": "",
                    "uid": key.account.address["uid"],
                    "key-type": "s3",
                    "access-key": key.access_key,
                },
                repeatable=True,
                doing=f"delete access key {key.access_key}",
                account=key.account.name,
            )
        except CredentialsError as exc:
            # The same answer, 403, tells of a key that is gone and of a login that is unknown.
            if exc.code != "InvalidAccessKeyId" or self._is_shown(key):
                raise
            raise self.fail(
                "not_found",
                f"There is no access key {key.access_key} of {key.account.name} any more.",
                account=key.account.name,
                http_status=exc.http_status,
                code=exc.code,
            ) from None
        self.require_gone(key, lambda gone: not self._is_shown(gone))

    def _is_shown(self, key: AccessKey) -> bool:
        try:
            shown = self.access_keys(key.account)
        except CredentialsError as exc:
            if exc.code != "NoSuchUser":
                raise
            return False
        return any(each.access_key == key.access_key for each in shown)

    def read_pair(self, key: AccessKey) -> Pair | None:
        """Return the pair of a listed key: the gateway shows every secret to who may see keys."""
        secret = key.raw.get("secret_key")
        return Pair(key.access_key, secret) if isinstance(secret, str) and secret else None

    def _refuse_own_key(self, key: AccessKey, doing: str) -> None:
        """Refuse to cut off the login itself: no later look could tell how it ended."""
        if key.access_key == self.settings.api_access_key:
            raise self.fail(
                "disruption_refused",
                f"{key.access_key} is the access key that this very login signs with; {doing} it"
                " would cut the login off.",
                account=key.account.name,
                alive=f"{key.access_key} ({key.status})",
                next_step="Log in with another access key.",
            )
