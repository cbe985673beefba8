# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of modules that need no platform: options in, files read and written, result out."""

from __future__ import annotations

from typing import Any, Callable

from .clock import Clock
from .front_module import Module, errors_become_failures
from .options import ArgumentSpec
from .redaction import Redactor
from .visible import LONGEST_MESSAGE, visible

#: Gets the options and the clock; returns the result and what the operator should be warned of.
Operation = Callable[[dict[str, Any], Clock], tuple[dict[str, Any], list[str]]]


def run(spec: ArgumentSpec, operation: Operation) -> None:
    """Parse the options, do the operation, leave with its result; never with a traceback.

    Check mode makes no difference here: such an operation writes only files that the operator
    names, and those are what check mode is asked for.
    """
    module = Module(supports_check_mode=True, **spec.for_module())
    with errors_become_failures(module, Redactor()):
        result, warnings = operation(dict(module.params), Clock())
        for warning in warnings:
            module.warn(visible(warning, LONGEST_MESSAGE))
    module.exit_json(**result)
