# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: every verb of every platform in every form, over answers that are wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract.cells import (  # noqa: E501
    CHOSEN,
    FORMS,
)

from .registry import add
from .rules import (
    Refused,
    check_account,
    check_info,
    check_issued,
    check_key,
    check_pair,
    value_or_refusal,
)
from .spoils import Spoil, spoils
from .texts import texts
from .wire import Seat, seated

#: What happens to the first answers, the true ones first: which of them is spoilt is drawn.
Plan = list[list[Spoil]]
Verb = Callable[[Seat], Any]
NAME = "app-0001"
#: More requests than one call ever needs here, retries included.
MOST_REQUESTS = 200


@functools.cache
def plans() -> st.SearchStrategy[Plan]:
    """Some true answers, then some that are not."""
    return st.builds(
        lambda true, some: [[] for _true in range(true)] + some,
        st.integers(0, 3),
        st.lists(spoils(2), min_size=1, max_size=3),
    )


def _connect(seat: Seat) -> None:
    info = seat.platform.connect()
    check_info(info)
    seat.platform.described(info)


def _accounts(seat: Seat) -> None:
    for account in seat.platform.accounts():
        check_account(account)


def _account(seat: Seat) -> None:
    account = seat.platform.account(AccountRef(name=NAME))
    check_account(account)
    assert account.name in seat.platform.names_of(NAME)


def _account_by_id(seat: Seat) -> None:
    check_account(seat.platform.account(AccountRef(id=seat.ids[NAME])))


def _known(seat: Seat) -> Any:
    known = tuple(seat.simulator.keys_of(seat.ids[NAME]))
    return replace(seat.platform.account(AccountRef(name=NAME)), known_keys=known)


def _keys(seat: Seat, given: Any) -> None:
    for key in seat.platform.access_keys(given, last_used=True):
        check_key(key)
        pair = seat.platform.read_pair(key)
        if pair is not None:
            check_pair(pair)


def _find(seat: Seat, given: Any) -> None:
    wanted = next(iter(given.known_keys))
    key = seat.platform.find_access_key(wanted, AccountRef(name=NAME))
    check_key(key)


def _create(seat: Seat, given: Any) -> None:
    check_issued(seat.platform.create_access_key(given, label="by the fuzzer"))


def _regenerate(seat: Seat, given: Any) -> None:
    check_issued(seat.platform.regenerate_access_key(given))


def _regenerate_chosen(seat: Seat, given: Any) -> None:
    check_issued(seat.platform.regenerate_access_key(given, pair=CHOSEN))


def _disable(seat: Seat, given: Any) -> None:
    check_key(seat.platform.set_access_key(given, INACTIVE, "by the fuzzer"))


def _delete(seat: Seat, given: Any) -> None:
    seat.platform.delete_access_key(given)


def _the_account(seat: Seat) -> Any:
    return _known(seat)


def _the_key(seat: Seat) -> Any:
    keys = seat.platform.access_keys(_known(seat))
    return next(key for key in keys if key.status == ACTIVE and not key.immutable)


def _whole_plan(seat: Seat, plan: Plan) -> None:
    seat.wire.plan = [list(some) for some in plan]


def _reading(form: tuple[str, str], verb: Callable[[Seat], None], connects: bool) -> Any:
    def check(plan: Plan) -> None:
        with seated(form) as seat:
            if connects:
                seat.platform.connect()
            _whole_plan(seat, plan)
            value_or_refusal(verb, seat, secrets=seat.secrets())
            assert seat.wire.requests <= MOST_REQUESTS
            assert seat.simulator.writes == 0

    return check


def _doing(
    form: tuple[str, str],
    prepare: Callable[[Seat], Any],
    verb: Callable[[Seat, Any], None],
    *,
    writes: bool,
) -> Any:
    def check(plan: Plan) -> None:
        with seated(form) as seat:
            seat.platform.connect()
            given = prepare(seat)
            before = seat.simulator.writes
            _whole_plan(seat, plan)
            came = value_or_refusal(verb, seat, given, secrets=seat.secrets())
            assert seat.wire.requests <= MOST_REQUESTS
            made = seat.simulator.writes - before
            assert made <= (1 if writes else 0)
            if isinstance(came, Refused) and made and came.error.landed is False:
                # A code that says "refused" is believed.
                refused = 400 <= (came.error.http_status or 0) < 600
                assert refused, came.error.message

    return check


def _odd_name(form: tuple[str, str]) -> Any:
    """A name of any characters reaches the platform whole, or is refused."""

    def check(given: str) -> None:
        with seated(form) as seat:
            seat.platform.connect()
            found = value_or_refusal(seat.platform.account, AccountRef.parse(given))
            if not isinstance(found, Refused):
                check_account(found)
                assert given in (found.name, f"id:{found.id}") or found.name in (
                    seat.platform.names_of(given)
                )
            value_or_refusal(seat.platform.find_access_key, given)
            assert seat.simulator.writes == 0

    return check


def _verbs(form: tuple[str, str], platform: Platform) -> Sequence[tuple[str, Any]]:
    facts = platform.facts
    found: list[tuple[str, Any]] = [
        ("connect", _reading(form, _connect, False)),
        ("list accounts", _reading(form, _accounts, True)),
        ("find an account", _reading(form, _account, True)),
        ("find an account by id", _reading(form, _account_by_id, True)),
    ]
    if facts.shows_access_key:
        effect = facts.listing_has_side_effect
        found += [
            ("list keys", _doing(form, _the_account, _keys, writes=effect)),
            ("find a key", _doing(form, _the_account, _find, writes=effect)),
        ]
    if facts.can_create:
        found.append(("create", _doing(form, _the_account, _create, writes=True)))
    if facts.can_regenerate:
        found.append(("regenerate", _doing(form, _the_account, _regenerate, writes=True)))
        if facts.can_choose_pair:
            found.append(
                ("regenerate, chosen", _doing(form, _the_account, _regenerate_chosen, writes=True))
            )
    if facts.shows_access_key and (facts.can_disable or facts.has_description):
        found.append(("set status", _doing(form, _the_key, _disable, writes=True)))
    if facts.shows_access_key and facts.can_delete:
        found.append(("delete", _doing(form, _the_key, _delete, writes=True)))
    return found


def load() -> None:
    """Make the targets known."""
    for form in FORMS:
        with seated(form) as seat:
            seat.platform.connect()
            name = "{} {}".format(*form)
            for verb, check in _verbs(form, seat.platform):
                add(f"{name}: {verb}", plans(), check, short=6)
            add(f"{name}: names", texts(), _odd_name(form), short=6)
