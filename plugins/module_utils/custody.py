# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store of one call: opened, and asked which keys its records hold.

What a module other than s3_access_key_rotate does to a key that a record holds is either refused
here or done as a rotation does it: under the account's lease, its intent in the record before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, Optional, Protocol

from .clock import Clock, new_run
from .ephemeral import EPHEMERAL, refuse_unless_allowed
from .errors import CredentialsError
from .escrow import Escrow, escrow_folder
from .journal import Journal
from .model import Account
from .options import ArgumentSpec
from .platform import Platform
from .record import Record
from .rehearsal import rehearsed
from .results import Outcome
from .rotation_case import Case
from .rotation_custody import check_endpoints, check_identity
from .rotation_desk import Desk
from .rotation_permit import Permit
from .rotation_policy import Policy
from .rotation_resume import settle_intent
from .store_registry import open_store, secret_store_spec
from .stores.base import SecretStore, StoreContext
from .stores.none import NoStore
from .verify import Verifier

#: Options of every module that writes to a secret store.
CUSTODY = ArgumentSpec({"secret_store": secret_store_spec(), **EPHEMERAL})


class Call(Protocol):
    """What the front gives to an operation, as far as a secret store needs it."""

    params: dict[str, Any]
    platform: Platform
    clock: Clock
    check_mode: bool

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds."""

    @property
    def parallelism(self) -> int:
        """How many accounts at a time."""


class Custody:
    """The records of one endpoint, as they bear on what is done to its keys."""

    def __init__(
        self,
        platform: Platform,
        store: SecretStore,
        run: str,
        *,
        check_mode: bool = False,
        escrow: Escrow | None = None,
    ) -> None:
        self.store = store
        self._platform = platform
        self._run = run
        self._check_mode = check_mode
        self._escrow = escrow
        #: Immutable identifiers of the scope, as the platform reported them.
        self.scope: Mapping[str, str] = {}
        settings, client = platform.settings, platform.client
        client.may_write = Permit.check
        # Nothing is verified here, and these modules keep no journal: the record tells it all.
        self._verifier = Verifier({"enabled": False}, settings, client.redactor, client.clock)
        self._journal = Journal(
            None,
            run=run,
            platform=platform.name,
            endpoint=settings.endpoint or "",
            clock=client.clock,
            redactor=client.redactor,
        )

    def record(self, account: Account) -> Record | None:
        """Return the account's record, or None where it is proven that there is none. Reads only.

        Raises store_unreadable, and drifted for a record of another account or scope.
        """
        case = self._case(self._desk(self._platform), account, Policy())
        return case.record if case.has_record else None

    def held_among(self, names: Iterable[str]) -> list[str]:
        """Return those of the accounts whose keys a record holds. Reads only."""
        return [name for name in names if holds_any(self.record(Account(name)))]

    def has_records(self) -> bool:
        """Tell whether the endpoint has any record. Reads only."""
        platform = self._platform
        places = self.store.places(platform.name, platform.settings.endpoint or "")
        return next(places, None) is not None

    @contextlib.contextmanager
    def turn(
        self, account: Account, policy: Policy | None = None, platform: Any = None
    ) -> Iterator[Case]:
        """Be the only one who works on an account; its record is read anew.

        A change of a key that an earlier run left unanswered is settled first. platform: stands in
        for the platform. In check mode all is done on stand-ins that only remember. Raises busy,
        drifted, and what the store raises.
        """
        desk = self._desk(platform or self._platform)
        policy = policy or Policy()
        if self._check_mode:
            case = self._case(rehearsed(desk), account, policy)
            check_endpoints(case)
            yield case
            return
        with self.store.lease(desk.place(account)) as lease:
            case = self._case(desk, account, policy)
            check_endpoints(case)
            case.lease = lease
            Permit.grant(case)
            try:
                settle_intent(case)
                yield case
            finally:
                Permit.grant(None)

    def _case(self, desk: Desk, account: Account, policy: Policy) -> Case:
        case = Case(desk, account, policy, self.store.read(desk.place(account)))
        if case.has_record:
            check_identity(case)
        return case

    def _desk(self, platform: Platform) -> Desk:
        return Desk(
            platform,
            self.store,
            self._verifier,
            self._journal,
            platform.client.clock,
            self._run,
            self.scope,
            self._escrow,
        )


def holds_any(record: Record | None) -> bool:
    """Tell whether a record holds a key, or a rotation is under way that may have made one."""
    return record is not None and bool(record.held_keys() or record.pending)


def held_by_record(
    platform: Platform, account: str, what: str, next_step: str, alive: str | None = None
) -> CredentialsError:
    """Return the error for a change to a key that only its record may bring about."""
    place = f"{platform.name}/{platform.settings.endpoint}/{account}"
    return platform.fail(
        "held_by_record",
        f"{what} Nothing was touched. The record is {place}.",
        account=account,
        alive=alive,
        next_step=next_step,
    )


def in_custody(
    call: Call, operation: Callable[[Optional[Custody]], Outcome], *, reads_only: bool = False
) -> Outcome:
    """Do an operation with the secret store that the options name, opened; None: they name none.

    reads_only: nothing is ever written to the store.
    """
    if call.params.get("secret_store") is None:
        return operation(None)
    run = new_run(call.clock)
    check_mode = call.check_mode or reads_only
    with opened_store(call, run, check_mode=check_mode) as store:
        escrow = escrow_of(call.params, store, call.platform)
        custody = Custody(call.platform, store, run, check_mode=check_mode, escrow=escrow)
        outcome = operation(custody)
        outcome.warnings += store.warnings
        return outcome


@contextlib.contextmanager
def opened_store(call: Call, run: str, *, check_mode: bool) -> Iterator[SecretStore]:
    """Open the secret store that the options name; where they name none, one that forgets.

    Raises custody_refused, before anything is touched, for files that go with the container; a
    module that has no option to insist only reads.
    """
    platform = call.platform
    context = StoreContext(
        call.clock,
        platform.client.redactor,
        run,
        check_mode=check_mode,
        parallelism=call.parallelism,
        vault_secrets=call.vault_secrets,
    )
    options = call.params.get("secret_store")
    if options is None:
        store: SecretStore = NoStore({}, context)
        store.open()
    else:
        if not platform.settings.endpoint:
            raise CredentialsError(
                "invalid_option",
                "endpoint is missing: records hang on the endpoint's name, not on its URL.",
                next_step="Give the endpoint a name that stays; in a playbook it is the host's.",
            )
        store = open_store(options, context)
    with contextlib.closing(store):
        if "allow_ephemeral" in call.params:
            refuse_unless_allowed("secret_store.path", store.folder, call.params)
        yield store


def escrow_of(params: Mapping[str, Any], store: SecretStore, platform: Platform) -> Escrow | None:
    """Return where a pair goes that exists nowhere else and cannot be stored."""
    settings = platform.settings
    login = settings.api_password or settings.api_secret_key or settings.api_token
    if not store.is_durable or not (store.can_seal or login):
        return None
    return Escrow.of(escrow_folder(params.get("journal")), store, login)
