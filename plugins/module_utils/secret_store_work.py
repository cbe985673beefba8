# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking after a secret store: its records, one by one or several at a time, without a platform.

What is done to each is the matter of secret_store_check, secret_store_rekey, secret_store_copy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, Protocol

from .bulk import each
from .clock import Clock, iso
from .errors import CredentialsError
from .progress import Progress
from .record import Record
from .redaction import Redactor
from .results import AccountResult, failed
from .shard import Shard
from .store_registry import open_store
from .stores.base import Place, SecretStore, StoreContext

#: What one record's turn returns.
Act = Callable[[Place], AccountResult]
_MOST_AT_A_TIME = 64


class Call(Protocol):
    """What the front gives to an operation."""

    params: dict[str, Any]
    clock: Clock
    redactor: Redactor
    check_mode: bool
    progress: Progress

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds."""


@dataclass(frozen=True)
class Scope:
    """Which records: None stands for all platforms, or all endpoints."""

    platform: Optional[str]
    endpoint: Optional[str]
    shard: Shard

    @property
    def is_whole(self) -> bool:
        """Whether it is every record of the store."""
        return self.platform is None and self.endpoint is None and self.shard.is_whole

    def places(self, store: SecretStore) -> list[Place]:
        """Return where these records are. Reads only."""
        found = store.places(self.platform, self.endpoint)
        return [place for place in found if self.shard.holds(place.account)]


class Work:
    """One call: the store that is looked after, and which of its records."""

    def __init__(self, call: Call, store: SecretStore) -> None:
        params = call.params
        self.params = params
        self.store = store
        self.clock = call.clock
        self.check_mode = call.check_mode
        self.journal: Optional[str] = params.get("journal")
        self.scope = Scope(
            params.get("platform"), params.get("endpoint"), Shard.parse(params.get("shard"))
        )
        self._progress = call.progress
        self._parallelism = parallelism_of(params)

    def each(
        self, places: Sequence[Place], act: Act, *, only_reads: bool = False
    ) -> list[AccountResult]:
        """Do something for each record, several at a time, and return one result for each.

        A record that fails does so alone, unless the store itself is not well. only_reads: what is
        refused of one record says nothing of the others.
        """

        def one(place: Place) -> AccountResult:
            try:
                return act(place)
            except CredentialsError as exc:
                exc.at(platform=place.platform, endpoint=place.endpoint)
                result = failed(exc, blank(place))
                result.stops_endpoint = exc.stops_endpoint and not (
                    only_reads and exc.kind == "store_refused"
                )
                return result

        self._progress.begin(len(places), "records")
        try:
            results = each(
                places,
                one,
                blank,
                parallelism=self._parallelism,
                progress=self._progress,
            )
        finally:
            self._progress.end()
        for place, result in zip(places, results):
            result.extra = {"platform": place.platform, "endpoint": place.endpoint}
        return results


@contextlib.contextmanager
def opened(
    call: Call, options: Mapping[str, Any] | None, run: str, **more: Any
) -> Iterator[SecretStore]:
    """Open a secret store for the time of a with block. more: further facts of StoreContext."""
    context = StoreContext(
        call.clock,
        call.redactor,
        run,
        check_mode=call.check_mode,
        parallelism=parallelism_of(call.params),
        vault_secrets=call.vault_secrets,
        **more,
    )
    with contextlib.closing(open_store(options, context)) as store:
        yield store


def parallelism_of(params: Mapping[str, Any]) -> int:
    """Return how many records at a time. Raises invalid_option."""
    wanted = int(params.get("parallelism") or 8)
    if not 1 <= wanted <= _MOST_AT_A_TIME:
        raise CredentialsError(
            "invalid_option", f"parallelism: {wanted} is not within 1 to {_MOST_AT_A_TIME}."
        )
    return wanted


def blank(place: Place) -> AccountResult:
    """Return a result that only says which account it is."""
    return AccountResult(account=place.account, action="skipped")


def result_of(
    place: Place, action: str, why: str, record: Record | None, **details: Any
) -> AccountResult:
    """Return the result of a record; details that are None are left out."""
    current = record.current if record is not None else None
    return AccountResult(
        account=place.account,
        account_id=record.account_id if record is not None else None,
        action=action,
        access_key=current.access_key if current else None,
        created_at=iso(current.created_at) if current else None,
        why=why,
        details={name: value for name, value in details.items() if value is not None},
    )


def gone(place: Place) -> AccountResult:
    """Return the result of a record that was listed and is not there any more."""
    return result_of(place, "unchanged", "it is not there any more", None)
