# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module os with some of its functions failing, for the code that looks them up in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Callable
from unittest.mock import patch

Act = Callable[..., Any]


class FailingOs:
    """Everything of os; what is named here acts otherwise."""

    def __init__(self, **acts: Act) -> None:
        self._acts = acts

    def __getattr__(self, name: str) -> Any:
        return self._acts.get(name) or getattr(os, name)


@contextmanager
def os_of(*modules: Any, **acts: Act) -> Iterator[None]:
    """Within: the modules find these functions in os."""
    failing = FailingOs(**acts)
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(patch.object(module, "os", failing))
        yield


def failing(number: int) -> Act:
    """Return a function that only raises."""

    def fail(*_args: Any, **_more: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def failing_when(wanted: Callable[..., bool], act: Act, number: int) -> Act:
    """Return act, failing for the arguments that are wanted."""

    def run(*args: Any, **more: Any) -> Any:
        if wanted(*args, **more):
            raise OSError(number, os.strerror(number))
        return act(*args, **more)

    return run
