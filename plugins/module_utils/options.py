# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as data: argument specs that modules merge, and the reading of durations.

What an option means to a user stands in plugins/doc_fragments/ and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import CredentialsError

#: Options of every module. They have no default here: settings.resolve() fills what is missing
#: from the credentials file, then the environment, then DEFAULTS, in that order.
CONNECTION: dict[str, dict[str, Any]] = {
    "endpoint": {"type": "str"},
    "api_url": {"type": "str"},
    "api_username": {"type": "str"},
    "api_password": {"type": "str", "no_log": True},
    "api_token": {"type": "str", "no_log": True},
    "api_access_key": {"type": "str", "no_log": False},
    "api_secret_key": {"type": "str", "no_log": True},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "str"},
    "proxy": {"type": "str"},
    "requests_per_second": {"type": "float"},
    "parallelism": {"type": "int"},
}

DEFAULTS: dict[str, Any] = {
    "validate_certs": True,
    "timeout": "30s",
    "parallelism": 8,
}

#: Options that only travel together with the URL they were meant for.
SECRET_OPTIONS = ("api_password", "api_token", "api_secret_key")


@dataclass(frozen=True)
class ArgumentSpec:
    """An argument spec with its rules; two merge by |, the right one wins."""

    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    mutually_exclusive: tuple[Sequence[str], ...] = ()
    required_together: tuple[Sequence[str], ...] = ()
    required_one_of: tuple[Sequence[str], ...] = ()
    required_by: dict[str, Sequence[str]] = field(default_factory=dict)
    required_if: tuple[Sequence[Any], ...] = ()

    def __or__(self, other: ArgumentSpec) -> ArgumentSpec:
        return ArgumentSpec(
            {**self.options, **other.options},
            self.mutually_exclusive + other.mutually_exclusive,
            self.required_together + other.required_together,
            self.required_one_of + other.required_one_of,
            {**self.required_by, **other.required_by},
            self.required_if + other.required_if,
        )

    def for_module(self) -> dict[str, Any]:
        """Return the keyword arguments of AnsibleModule."""
        return {
            "argument_spec": self.options,
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_together": list(self.required_together),
            "required_one_of": list(self.required_one_of),
            "required_by": dict(self.required_by),
            "required_if": list(self.required_if),
        }


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,9})\s*([smhdw])", re.IGNORECASE)


def parse_duration(text: Any, option: str) -> dt.timedelta:
    """Read a duration such as 90d, 12h, 30m, 45s, 2w or 1h30m; the option is named in the error."""
    value = str(text).strip()
    parts = _DURATION.findall(value)
    if not parts or _DURATION.sub("", value).strip():
        hint = f"; write {value}s, {value}m, {value}h or {value}d" if value.isdigit() else ""
        raise CredentialsError(
            "invalid_option",
            f"{option}: {value!r} is not a duration{hint}.",
            next_step=f"Write {option} as a number with a unit, such as 90d, 12h or 30s.",
        )
    total = dt.timedelta()
    try:
        for number, unit in parts:
            total += dt.timedelta(**{_UNITS[unit.lower()]: int(number)})
    except OverflowError:
        raise CredentialsError("invalid_option", f"{option}: {value!r} is too long.") from None
    return total


def optional_duration(params: dict[str, Any], option: str) -> dt.timedelta | None:
    """Read a duration option that may be left out."""
    return None if params.get(option) is None else parse_duration(params[option], option)


def split_hint(names: list[str], unknown: str) -> str:
    """Explain a name that Ansible split at a comma, when the list holds its other half."""
    if len(names) > 1:
        return (
            f" A bare string is split at commas: if {unknown!r} is part of a longer name that holds"
            " a comma, pass a YAML list, or all arguments as JSON on an ad-hoc command line."
        )
    return ""
