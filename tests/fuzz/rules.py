# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold whatever comes in: a value of the documented shape, or an error of our own."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    KINDS,
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccessKey,
    Account,
    EndpointInfo,
    Issued,
    Pair,
)

from .texts import unseen

T = TypeVar("T")
#: Longer than any message of ours is, whatever a stranger writes into it.
LONGEST_MESSAGE = 5000
#: Seconds after which a call hangs; a parser takes thousandths of one.
HANGS_AFTER = 20


class HangingError(Exception):
    """A call did not come back."""


class Refused:
    """Stands for the error that a call raised, already judged."""

    def __init__(self, error: CredentialsError) -> None:
        self.error = error


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Raise where the block hangs; only the main thread can be woken."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def wake(number: int, frame: object) -> None:
        raise HangingError

    before = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def value_or_refusal(
    work: Callable[..., T], *given: Any, secrets: Sequence[str] = (), **named: Any
) -> T | Refused:
    """Return what a call gives, or its error, judged. Any other exception goes through."""
    try:
        with ends():
            return work(*given, **named)
    except CredentialsError as exc:
        judge(exc, secrets)
        return Refused(exc)


def judge(error: CredentialsError, secrets: Sequence[str] = ()) -> None:
    """Hold an error against what errors promise."""
    assert error.kind in KINDS, error.kind
    assert error.kind != "internal", error.message
    for name in ("message", "next_step", "code", "alive"):
        text: Any = getattr(error, name)
        assert text is None or isinstance(text, str), (name, text)
        assert not unseen(text or ""), (name, text)
        assert len(text or "") <= LONGEST_MESSAGE, name
    assert error.message.strip()
    assert (error.next_step or "").strip()
    assert str(error) == error.message
    failure = json.dumps(error.failure(), allow_nan=False)
    for secret in secrets:
        assert secret not in failure, error.kind
        assert json.dumps(secret)[1:-1] not in failure, error.kind


def is_text(value: Any, *, or_none: bool = True) -> bool:
    """Tell whether a value is a text, and one that a file can hold."""
    if value is None:
        return or_none
    return isinstance(value, str) and value.encode("utf-8", "surrogatepass") is not None


def is_slot(value: Any) -> bool:
    """Tell whether this is a number of a slot, or none; a truth value is no number."""
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def is_moment(value: Any) -> bool:
    """Tell whether a value is no date, or one with a zone."""
    return value is None or (isinstance(value, dt.datetime) and value.tzinfo is not None)


def check_account(account: Any) -> None:
    """Hold an account against the types that it declares."""
    assert isinstance(account, Account), account
    assert isinstance(account.name, str), account
    assert account.name, account
    assert is_text(account.id), account
    assert account.enabled in (None, True, False), account
    assert isinstance(account.reserved, bool), account
    json.dumps(account.details)
    assert all(is_text(v, or_none=False) for v in account.address.values()), account.address
    for key in account.listed_keys or ():
        check_key(key)


def check_key(key: Any) -> None:
    """Hold an access key against the types that it declares."""
    assert isinstance(key, AccessKey), key
    assert isinstance(key.access_key, str), key
    assert key.access_key, key
    assert key.status in (ACTIVE, INACTIVE), key
    for moment in (key.created_at, key.last_used_at, key.expires_at):
        assert is_moment(moment), key
    assert is_text(key.description), key
    assert isinstance(key.immutable, bool), key
    assert is_slot(key.slot), key
    json.dumps(key.details)


def check_pair(pair: Any) -> None:
    """Hold a pair against the types that it declares."""
    assert isinstance(pair, Pair), type(pair)
    assert isinstance(pair.access_key, str)
    assert pair.access_key
    assert isinstance(pair.secret_key, str)
    assert pair.secret_key


def check_issued(issued: Any) -> None:
    """Hold an issued key against the types that it declares."""
    assert isinstance(issued, Issued), issued
    assert issued.delivery in ("inline", "email"), issued
    if issued.pair is not None:
        check_pair(issued.pair)
    assert is_moment(issued.created_at), issued
    assert is_moment(issued.expires_at), issued
    assert is_slot(issued.slot), issued
    json.dumps(issued.details)


def check_info(info: Any) -> None:
    """Hold what an endpoint says of itself against the types that it declares."""
    assert isinstance(info, EndpointInfo), info
    assert isinstance(info.product, str), info
    assert is_text(info.version), info
    json.dumps(info.details)
    assert all(isinstance(v, str) for v in info.scope.values()), info.scope


def check_text(text: Any) -> None:
    """Hold a text for people against what a terminal bears."""
    assert isinstance(text, str)
    assert not unseen(text), text
