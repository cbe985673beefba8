# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception: what it tells, and how it is shared."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    KINDS,
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.visible import (
    LONGEST_MESSAGE,
)
from ansible_collections.objectstore.credentials.tests.unit.support import CANARY

NAMES = {
    *("kind", "platform", "endpoint", "account", "step", "http_status", "code"),
    *("message", "details", "alive", "next_step"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_failure_has_every_name_whatever_the_kind(kind: str) -> None:
    failure = CredentialsError(kind, "It went wrong.").failure()
    assert set(failure) == NAMES
    assert failure["kind"] == kind
    assert failure["next_step"] == KINDS[kind].next_step


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_what_it_means_and_what_to_do(kind: str) -> None:
    assert KINDS[kind].meaning
    assert KINDS[kind].next_step.endswith(".")


def test_kind_unknown_is_refused() -> None:
    with pytest.raises(KeyError):
        assert CredentialsError("made_up", "message")


def test_next_step_given_replaces_that_of_the_kind() -> None:
    error = CredentialsError("timeout", "slow", next_step="Wait.")
    assert error.failure()["next_step"] == "Wait."


def test_at_fills_only_what_is_not_known() -> None:
    error = CredentialsError("timeout", "slow", platform="here")
    assert error.at(platform="there", account="app") is error
    assert (error.platform, error.account) == ("here", "app")


def test_stops_endpoint_follows_the_kind() -> None:
    assert CredentialsError("authentication", "no").stops_endpoint
    assert not CredentialsError("not_found", "no").stops_endpoint


def test_again_is_equal_and_independent() -> None:
    error = CredentialsError(
        "authentication", "no", http_status=401, code="E1", details={"a": 1}, landed=None, alive="k"
    )
    copy = error.again().at(account="first")
    copy.details["b"] = 2
    assert error.account is None
    assert error.details == {"a": 1}
    assert {**copy.failure(), "account": None, "details": {"a": 1}} == error.failure()
    assert copy.landed is None


def test_landed_defaults_to_nothing_happened() -> None:
    assert CredentialsError("rejected", "no").landed is False


def test_internal_names_the_exception_and_its_place() -> None:
    def breaks() -> None:
        raise ZeroDivisionError("by nought")

    with pytest.raises(ZeroDivisionError) as caught:
        breaks()
    error = CredentialsError.internal(caught.value)
    assert error.kind == "internal"
    assert error.landed is None
    assert "ZeroDivisionError at test_errors.py:" in error.message
    assert "by nought" in error.message


ESCAPES = "\x1b[31mred\x1b]0;title\x07 \x9b31m \u202egnp \x00 \ud800"


def test_texts_of_strangers_act_on_no_terminal() -> None:
    error = CredentialsError("rejected", ESCAPES, code=ESCAPES, next_step=ESCAPES, alive=ESCAPES)
    later = CredentialsError("rejected", "x")
    later.message, later.next_step, later.alive = ESCAPES, ESCAPES, ESCAPES
    error.message += ESCAPES
    for text in (
        *(error.message, str(error), error.code, error.next_step, error.alive),
        *(later.message, later.next_step, later.alive),
    ):
        assert text is not None
        assert text.isprintable()
        assert "\\u001b[31mred" in text


def test_message_has_a_bound() -> None:
    assert len(CredentialsError("rejected", "x" * 10**6).message) == LONGEST_MESSAGE


def test_long_text_of_an_unexpected_exception_is_left_out_and_not_cut() -> None:
    # Cut at the bound of a message it would end in half a secret, which no redactor knows.
    whole = CredentialsError.internal(ValueError(f"{'x' * 1900} {CANARY}"))
    assert CANARY in whole.message
    for length in range(3900, 4000, 9):
        error = CredentialsError.internal(ValueError(f"{'x' * length} {CANARY}"))
        assert CANARY[:6] not in error.message
        assert "is left out" in error.message
