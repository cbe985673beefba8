# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of s3_secret_store without Ansible: the options as its front would hand them on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_call import (
    SPEC,
    look_after,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    SecretStore,
)

from .lab import StoreLab


class LabCall:
    """What the front gives to the operation."""

    def __init__(self, lab: StoreLab, params: dict[str, Any], check_mode: bool = False) -> None:
        defaults = {name: spec.get("default") for name, spec in SPEC.options.items()}
        self.params = {**defaults, "secret_store": given(lab), **params}
        self.clock: Clock = lab.clock
        self.redactor: Redactor = lab.redactor
        self.check_mode = check_mode
        self.progress = Progress()

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return nothing: no controller is here."""
        return []


def given(lab: StoreLab, **changed: Any) -> dict[str, Any]:
    """Return the option secret_store (or destination) that reaches a lab."""
    return {"type": lab.store_class.name, **lab.options(), **changed}


def look(lab: StoreLab, *, check_mode: bool = False, **params: Any) -> Outcome:
    """Call the module's operation."""
    return look_after(LabCall(lab, params, check_mode))


def actions(outcome: Outcome) -> dict[str, str]:
    """Return what was done to each account."""
    return {str(row.account): row.action for row in outcome.accounts}


def row_of(outcome: Outcome, account: str) -> AccountResult:
    """Return the result of an account."""
    return next(row for row in outcome.accounts if row.account == account)


class Killed(BaseException):
    """Stands for the end of the process: nothing of it catches this."""


@contextmanager
def killed_at(number: int) -> Iterator[list[int]]:
    """Within: the process ends right after this write of a record, before anyone hears of it.

    Yields a list that is as long as records were written.
    """
    write = SecretStore.write
    seen: list[int] = []

    def counted(store: SecretStore, *args: Any) -> Any:
        seen.append(1)
        done = write(store, *args)
        if len(seen) == number:
            raise Killed
        return done

    with patch.object(SecretStore, "write", counted):
        yield seen
