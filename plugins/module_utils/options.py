# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as data: argument specs that modules merge, and the reading of durations.

What an option means to a user stands in plugins/doc_fragments/ and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
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


#: More options of every module, so that defaults for the action group fit them all. A module whose
#: purpose is the whole list keeps report_unchanged; one that rarely changes much sets it to false.
COMMON = ArgumentSpec(
    {
        "shard": {"type": "str"},
        "progress": {"type": "bool", "default": True},
        "report_path": {"type": "path"},
        "report_unchanged": {"type": "bool", "default": True},
    }
)


def connection_spec(scopes: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> ArgumentSpec:
    """Return the options of every module: the platform, the connection, the platforms' scopes.

    scopes: platform name -> its SCOPE. An option that several platforms have keeps its choices only
    if all of them have some; check_scope() then asks the platform's own. Defaults are left to
    settings.resolve(), because the credentials file and the environment come before them.
    """
    choices = sorted(scopes)
    platform: dict[str, Any] = {"type": "str", "choices": choices}
    platform.update({"default": choices[0]} if len(choices) == 1 else {"required": True})
    options: dict[str, dict[str, Any]] = {"platform": platform, **CONNECTION}
    for name in sorted({name for scope in scopes.values() for name in scope}):
        specs = [dict(scope[name]) for scope in scopes.values() if name in scope]
        merged = {key: value for spec in specs for key, value in spec.items() if key != "default"}
        if all("choices" in spec for spec in specs):
            merged["choices"] = sorted({choice for spec in specs for choice in spec["choices"]})
        else:
            merged.pop("choices", None)
        options[name] = merged
    return ArgumentSpec(options)


def check_scope(
    params: Mapping[str, Any], scopes: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> None:
    """Refuse scope options, or values of them, that the chosen platform does not know."""
    platform = params["platform"]
    for name in sorted({name for scope in scopes.values() for name in scope}):
        value = params.get(name)
        if value is None:
            continue
        spec = scopes[platform].get(name)
        if spec is None:
            raise CredentialsError(
                "invalid_option",
                f"{name} is not an option of platform {platform}.",
                next_step=f"Leave {name} out, or set the platform that has it.",
                platform=platform,
            )
        known = spec.get("choices")
        if known and value not in known:
            raise CredentialsError(
                "invalid_option",
                f"{name}: {value!r} is not one of {', '.join(known)} on platform {platform}.",
                platform=platform,
            )


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


def duration_text(period: dt.timedelta) -> str:
    """Return a duration as options have it: 90d, 1d12h, 30s."""
    left = int(period.total_seconds())
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


class ListedText(str):
    """An entry of a list that was given as one: no bare string was split to make it."""


def mark_listed(value: Any) -> Any:
    """Return a list with its texts marked as entries of a list of the operator's own."""
    return [ListedText(entry) if isinstance(entry, str) else entry for entry in value]


def split_hint(names: Sequence[str], unknown: str) -> str:
    """Explain a name that Ansible split at a comma, when the list holds its other half."""
    if len(names) > 1 and not any(isinstance(name, ListedText) for name in names):
        return (
            f" A bare string is split at commas: if {unknown!r} is part of a longer name that holds"
            " a comma, pass a YAML list, or all arguments as JSON on an ad-hoc command line."
        )
    return ""
