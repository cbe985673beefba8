# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option mirrors: other endpoints that are to hold the same pairs, opened beside the first."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock, is_loopback
from .errors import CredentialsError
from .http import Client
from .options import CONNECTION, SECRET_OPTIONS
from .platform import Platform
from .settings import FILE_VARIABLE, Settings, converted, resolve
from .shard import Shard
from .verify import Verifier

#: What an entry may say beside the options of a connection: where its pairs are tried out.
_VERIFIED = {"s3_url": {"type": "str"}, "bucket": {"type": "str"}}


@dataclass(frozen=True)
class Site:
    """What a rotation works at: one endpoint, or one with its mirrors."""

    platform: Platform
    verifier: Verifier
    warnings: Sequence[str] = ()


@contextlib.contextmanager
def open_site(params: Mapping[str, Any], own: Platform, clock: Clock) -> Iterator[Site]:
    """Open the verifier of an endpoint, and the mirrors that the options name. Sends nothing.

    Raises invalid_option, naming the entry and what is wrong with it.
    """
    redactor = own.client.redactor
    with contextlib.ExitStack() as opened:
        verifier = Verifier(params.get("verify"), own.settings, redactor, clock)
        opened.callback(verifier.close)
        entries = _entries(params.get("mirrors") or (), own)
        if not entries:
            yield Site(own, verifier)
            return
        # Here, because most endpoints have no mirrors: see lazy.
        from .mirrored import Mirrored
        from .mirrored_verify import MirroredVerifier

        mirrors: list[Platform] = []
        verifiers: dict[str, Verifier] = {}
        warnings: list[str] = []
        for name, entry in entries.items():
            settings = _settings(name, entry, own, clock, params.get("shard"))
            client = Client(
                settings,
                redactor,
                clock,
                check_mode=own.client.check_mode,
                allow_side_effects=own.client.allow_side_effects,
            )
            opened.callback(client.close)
            mirrors.append(type(own)(settings, client))
            verifiers[name] = _verifier(name, entry, params, settings, client)
            warnings += [redactor.redact(f"Mirror {name}: {text}") for text in settings.warnings]
        every: Any = MirroredVerifier(verifier, verifiers)
        opened.callback(every.close)
        yield Site(Mirrored(own, mirrors), every, warnings)


def _entries(given: Sequence[Any], own: Platform) -> dict[str, dict[str, Any]]:
    """Return each mirror's options by its name, of the types that options have."""
    if given and not own.settings.endpoint:
        raise _wrong(
            "mirrors: the endpoint itself has no name, and records are kept under it.",
            "Give the endpoint a name that stays; in a playbook it is the host's.",
        )
    specs: dict[str, Mapping[str, Any]] = {**CONNECTION, **own.SCOPE, **_VERIFIED}
    entries: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(given, 1):
        label = f"mirrors: entry {number}"
        options = dict(entry) if isinstance(entry, Mapping) else {"endpoint": entry}
        if options.pop("platform", own.name) != own.name:
            raise _wrong(f"{label} is of another platform than its endpoint.", "Leave it out.")
        name = options.get("endpoint")
        if not isinstance(name, str) or not name.strip() or "@" in name:
            raise _wrong(
                f"{label} has no name.", "Write the name of an endpoint, or a dictionary with it."
            )
        unknown = sorted(str(each) for each in options if each not in specs)
        if unknown:
            raise _wrong(
                f"{label} ({name}): unknown names: {', '.join(unknown)}.",
                f"It may hold {', '.join(sorted(specs))}.",
            )
        if name in entries or name == own.settings.endpoint:
            raise _wrong(f"{label}: {name} is named twice.", "Name other endpoints than its own.")
        entries[name] = {
            each: converted(value, specs[each], f"{label} ({name}): {each}")
            for each, value in options.items()
            if value is not None
        }
    return entries


def _settings(
    name: str, entry: Mapping[str, Any], own: Platform, clock: Clock, shard: str | None
) -> Settings:
    """Return where a mirror is and how to log in there: by its entry, or the credentials file.

    How to get there is as for its endpoint, unless it says so; who may do what never is.
    """
    prefix = f"S3_{own.name.upper()}_"
    # What the environment says of one endpoint's place and login is not for another.
    away = {prefix + option.upper() for option in (*SECRET_OPTIONS, "api_username")}
    environ = {
        variable: text
        for variable, text in os.environ.items()
        if variable == FILE_VARIABLE
        or (variable.startswith(prefix) and not variable.endswith("_URL") and variable not in away)
    }
    mine = own.settings
    defaults = {
        "validate_certs": mine.validate_certs,
        "ca_path": mine.ca_path,
        "timeout": f"{mine.read_timeout:.0f}s",
        "proxy": mine.proxy,
        "requests_per_second": mine.requests_per_second,
        "parallelism": mine.parallelism,
    }
    try:
        settings = resolve(entry, own.name, own.SCOPE, environ, defaults)
    except CredentialsError as exc:
        exc.message = f"mirrors: {name}: {exc.message}"
        raise exc.at(platform=own.name, endpoint=name) from None
    if clock.offset and not is_loopback(settings.api_url):
        raise _wrong(f"mirrors: {name}: the clock is moved for a test, and this is none.", None)
    if settings.requests_per_second == mine.requests_per_second:
        return settings  # divided by the shards already
    pace = Shard.parse(shard).pace(settings.requests_per_second)
    return dataclasses.replace(settings, requests_per_second=pace)


def _verifier(
    name: str,
    entry: Mapping[str, Any],
    params: Mapping[str, Any],
    settings: Settings,
    client: Client,
) -> Verifier:
    given = dict(params.get("verify") or {})
    given.update({option: entry[option] for option in _VERIFIED if option in entry})
    if given.get("enabled", True) is not False and "s3_url" not in entry:
        raise _wrong(
            f"mirrors: {name} has no s3_url: new pairs are tried out at the S3 service of each.",
            f"Write it as {{endpoint: {name}, s3_url: https://...}}, or set verify:"
            " {enabled: false}; the record then says unverified.",
        )
    return Verifier(given, settings, client.redactor, client.clock)


def _wrong(message: str, next_step: str | None) -> CredentialsError:
    return CredentialsError("invalid_option", message, next_step=next_step)
