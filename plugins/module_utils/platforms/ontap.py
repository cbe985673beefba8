# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp ONTAP S3: one key per user, replaced in place; two keys side by side from 9.19.1 on.

https://docs.netapp.com/us-en/ontap-restapi/ (protocols/s3/services/{svm.uuid}/users).
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import CredentialsError
from ..model import AccessKey, Account, AccountRef, Facts, Issued, Pair
from . import ontap_rows as rows
from . import ontap_writes as writes
from .ontap_api import PAGE, OntapApi

FACTS = Facts(
    # Facts of 9.16.1 to 9.18; facts_of() says what other releases can do.
    overlap=False,
    can_disable=False,
    can_delete=True,
    can_create=False,
    can_regenerate=True,
    can_choose_pair=True,
    label="access_key",
    has_description=False,
    shows_access_key=True,
    tells_created=False,  # only where a lifetime is set: expiry minus lifetime
    tells_last_used="no",
    max_keys=1,
    secret_comes_back=("create", "regenerate"),
    cannot_disable_because="ONTAP has no switch for a key: it can be regenerated, deleted (9.14.1+)"
    " or given a lifetime",
    cannot_describe_because="the comment belongs to the S3 user; ontap_s3_user sets it",
)

#: Above this age of the cached listing, an access key that it lacks is looked for again.
_LISTING_AGE = 10.0


class Ontap(OntapApi):
    """The S3 users of one SVM, through the cluster's or the SVM's management address."""

    name = "ontap"
    title = "NetApp ONTAP S3"
    COVERS = "ONTAP 9.7 to 9.19.1, gated by the release that the cluster reports"
    FACTS = FACTS
    SCOPE = {"svm": {"type": "str"}, "api_version": {"type": "str"}}
    LOGINS = (("api_username", "api_password"), ("client_cert", "client_key"), ("api_token",))

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lock = threading.Lock()
        self._listing: dict[str, list[AccessKey]] | None = None
        self._listed_at = 0.0

    def facts_of(self, release: rows.Release) -> Facts:
        """Return what a release can do."""
        facts = dataclasses.replace(FACTS, can_delete=release >= rows.LIFETIME)
        if release < rows.OWN_PAIR:
            facts = dataclasses.replace(facts, can_choose_pair=False, label=None)
        if release >= rows.TWO_KEYS:
            facts = dataclasses.replace(facts, overlap=True, can_create=True, max_keys=2)
        return facts

    def accounts(self) -> Iterator[Account]:
        """Yield every S3 user of the SVM with its keys, page by page. Reads only."""
        self.connect()
        query = {"fields": self._fields(), "max_records": PAGE}
        for answer, row in self.records(self.users_path(), query, "list the users"):
            yield rows.account_of(answer, row)

    def account(self, ref: AccountRef) -> Account:
        """Return one user with its keys, read by path: in a filter, two dots in a name are a range.

        Reads only. Raises not_found; ONTAP's users have no identifier beside the name.
        """
        self.connect()
        if ref.name is None:
            raise self.fail(
                "not_found",
                f"ONTAP S3 users have no identifier beside their name; {str(ref)!r} is none.",
                next_step="Write the name without id: before it.",
                account=str(ref),
            )
        try:
            answer = self.call(
                "GET",
                self.users_path(ref.name),
                query={"fields": self._fields()},
                doing="read the user",
                account=ref.name,
            )
        except CredentialsError as exc:
            if exc.kind == "not_found":
                raise self._no_user(ref.name, exc) from None
            raise
        account = rows.account_of(answer, answer.json_object())
        if account.name == ref.name:
            return account
        if account.name.casefold() == ref.name.casefold():
            raise self._no_user(ref.name, None, f" There is {account.name!r}.")
        raise answer.malformed(f"the user {account.name!r} instead")

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the user's keys as they are now. Reads only; ONTAP does not tell the last use."""
        return list(self.account(AccountRef(name=account.name)).listed_keys or ())

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return a key with its user: by one look at the user, or through the listing of all.

        Reads only. The listing is read once for many keys; what it says is confirmed by a look at
        the user, so that a key replaced since is not reported.
        """
        if ref is not None:
            return self._only_key(self.account(ref), access_key)
        for key in self._listed(access_key):
            try:
                return self._only_key(self.account(AccountRef(name=key.account.name)), access_key)
            except CredentialsError as exc:
                if exc.kind != "not_found":
                    raise
                self.forget_listing()
        raise self._no_key(access_key, None)

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make a second key in the free slot (9.19.1+), with the lifetime of the first.

        Raises limit when no slot is free. Repeated after a lost answer, it finds the slot taken.
        ONTAP has no compare-and-set: a key put there between the look and the call is overwritten.
        """
        self.connect()
        if not self.facts.can_create:
            raise self.unsupported(
                "create a second access key", f"it can from 9.19.1 on, and this is {self.dotted}"
            )
        self.require_choice(pair)
        now = self.account(AccountRef(name=account.name))
        return writes.make_key(self, now, self.free_slot(now), pair, None)

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Replace the user's key, keeping its lifetime; the old pair stops working at once.

        slot: 1 or 2, and needed where the user has two keys (9.19.1+). After a failed or lost
        answer it looks which key lives: error.alive names it. Repeated, it replaces again; with a
        chosen pair that the platform shows, a lost answer is a success.
        """
        self.connect()
        self.require_choice(pair)
        self.require_slot(slot)
        now = self.account(AccountRef(name=account.name))
        self.require_keys(now, expected)
        return writes.make_key(self, now, self.slot_to_replace(now, slot), pair, None)

    def delete_access_key(self, key: AccessKey) -> None:
        """Delete a key (9.14.1+), proven by a look. Repeated, it says not_found.

        The slot is looked at before, so that another key that has taken it since is left alone.
        """
        self.connect()
        now = self.account(AccountRef(name=key.account.name))
        writes.delete_key(self, self._only_key(now, key.access_key))

    # --- for ontap_writes and ontap_users -------------------------------------------------------

    def forget_listing(self) -> None:
        """Drop the cached listing; called around every write."""
        self._listing = None

    def require_choice(self, pair: Pair | None) -> None:
        """Raise unsupported if this release takes no pair from the caller."""
        if pair and not self.facts.can_choose_pair:
            raise self.unsupported(
                "take a pair from the caller", f"it can from 9.16.1 on, and this is {self.dotted}"
            )

    def require_keys(self, account: Account, expected: Sequence[str] | None) -> None:
        """Raise conflict if the keys are not those that the caller knows of."""
        shown = sorted(key.access_key for key in account.listed_keys or ())
        if expected is not None and shown != sorted(expected):
            raise self.fail(
                "conflict",
                f"{account.name} has {' and '.join(shown) or 'no access key'} now, no longer"
                f" {' and '.join(sorted(expected)) or 'none'}: somebody else changed it. Nothing"
                " was sent.",
                account=account.name,
                alive=", ".join(shown) or None,
            )

    def require_slot(self, slot: int | None) -> None:
        """Raise unsupported if a slot is named where there is only one."""
        if slot is not None and self.release < rows.TWO_KEYS:
            raise self.unsupported(
                "tell keys apart by key_id", f"it can from 9.19.1 on, and this is {self.dotted}"
            )

    def slot_to_replace(self, account: Account, slot: int | None) -> int | None:
        """Return the slot meant: the one named, else the only one in use. Raises ambiguous."""
        keys = account.listed_keys or ()
        if slot is not None or not keys:
            return slot
        if len(keys) > 1:
            held = " and ".join(f"{key.slot}: {key.access_key}" for key in keys)
            raise self.fail(
                "ambiguous",
                f"{account.name} has two keys ({held}): it must be said which one is meant.",
                next_step="Set key_id to 1 or 2.",
                account=account.name,
            )
        return keys[0].slot

    def free_slot(self, account: Account) -> int:
        """Return the first free slot. Raises limit, or unsupported where slots are not shown."""
        keys = account.listed_keys or ()
        if keys and not account.address.get("slots"):
            raise self.unsupported(
                "create a second access key", "this cluster does not show whether slot 2 is free"
            )
        for slot in (1, 2):
            if rows.key_in(account, slot) is None:
                return slot
        names = ", ".join(key.access_key for key in keys)
        raise self.fail(
            "limit",
            f"{account.name} has two keys already, and ONTAP has no place for a third: {names}.",
            account=account.name,
            alive=names,
        )

    # --- reading --------------------------------------------------------------------------------

    def _fields(self) -> str:
        fields = "name,comment,access_key,svm.name"
        if self.release >= rows.LIFETIME:
            fields += ",key_time_to_live,key_expiry_time"
        if self.release >= rows.TWO_KEYS:
            fields += ",keys"
        return fields

    def _listed(self, access_key: str) -> Sequence[AccessKey]:
        """Return what the listing knows of an access key, reading it anew if it may be outdated."""
        clock = self.client.clock
        self.connect()
        with self._lock:
            known = self._listing
            if known is None or (
                access_key not in known and clock.monotonic() - self._listed_at > _LISTING_AGE
            ):
                known = {}
                for account in self.accounts():
                    for key in account.listed_keys or ():
                        known.setdefault(key.access_key, []).append(key)
                self._listing, self._listed_at = known, clock.monotonic()
            return known.get(access_key, ())

    def _only_key(self, account: Account, access_key: str) -> AccessKey:
        for key in account.listed_keys or ():
            if key.access_key == access_key:
                return key
        raise self._no_key(access_key, account)

    def _no_key(self, access_key: str, account: Account | None) -> CredentialsError:
        whose = f"S3 user {account.name}" if account else f"No S3 user of SVM {self.svm_name}"
        return self.fail(
            "not_found",
            f"{whose} has {'no' if account else 'the'} access key {access_key!r}.",
            account=account.name if account else None,
        )

    def _no_user(self, name: str, exc: CredentialsError | None, hint: str = "") -> CredentialsError:
        return self.fail(
            "not_found",
            f"There is no S3 user {name!r} on SVM {self.svm_name}.{hint}",
            account=name,
            http_status=exc.http_status if exc else None,
            code=exc.code if exc else None,
        )
