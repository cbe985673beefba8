# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of a fleet's file, checked, as the hosts and variables that they become."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ..module_utils.invocation import url_passwords
from ..module_utils.shard import MOST_SHARDS
from .fleet_mirrors import MIRRORS, fill_mirrors
from .fleet_options import ALIASES, CHOICES, DICTIONARIES, OPTIONS, SCOPES, SECRETS
from .literal import literal

#: What begins the name of every host variable that is an option of the module.
PREFIX = "s3_rotate_"
#: Words of an endpoint that are no options of the module.
SHARDS, ACCOUNTS_FILE, VARS, POLICIES = "shards", "accounts_file", "vars", "policies"
#: Suboptions of verify that may stand right at the endpoint.
SHORTHANDS = ("s3_url", "bucket", "region", "addressing_style")
WORDS = (SHARDS, ACCOUNTS_FILE, VARS, POLICIES, *SHORTHANDS)
KNOWN = frozenset((*OPTIONS, *ALIASES, *WORDS))
#: Options that follow from the endpoint's name and its shards.
_MADE = {
    "endpoint": "the endpoint is called as its entry is; leave endpoint out",
    "shard": f"write {SHARDS}: N, which makes N hosts, each with its shard",
}
_NAME = re.compile(r"\w[\w.-]*")
_LIKE_A_SHARD = re.compile(r".*-shard-\d+-of-\d+", re.IGNORECASE)
_RESERVED = re.compile(r"all|ungrouped|s3_.*", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: An error of thousands of lines helps nobody.
_MOST_PROBLEMS = 10


class FleetError(Exception):
    """What is wrong in a fleet's files; every line names its file and place."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = list(problems)
        more = len(lines) - _MOST_PROBLEMS
        tail = [f"... and {more} more"] if more > 0 else []
        super().__init__("\n".join(lines[:_MOST_PROBLEMS] + tail))


@dataclass
class Endpoint:
    """One endpoint of the file, its defaults filled in."""

    name: str
    platform: str
    #: Options of the module, as host variables without their prefix.
    options: dict[str, Any] = field(default_factory=dict)
    #: Other host variables.
    variables: dict[str, Any] = field(default_factory=dict)
    shards: int = 1
    #: Its own policies, its own file of them, and the policies of the defaults.
    policies: list[Any] = field(default_factory=list)
    accounts_file: Optional[str] = None
    more_policies: list[Any] = field(default_factory=list)

    def hosts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each host with its variables, policies apart, in the order of their names."""
        made = {"endpoint": literal(self.name), "platform": literal(self.platform)}
        options = {**self.options, **made}
        variables = {PREFIX + name: value for name, value in options.items()}
        variables.update(self.variables)
        if self.shards == 1:
            yield self.name, variables
            return
        width = max(2, len(str(self.shards)))
        for number in range(1, self.shards + 1):
            name = f"{self.name}-shard-{number:0{width}}-of-{self.shards:0{width}}"
            yield name, {**variables, f"{PREFIX}shard": literal(f"{number}/{self.shards}")}


def is_template(value: Any) -> bool:
    """Tell whether Ansible will fill in a value of a source file when it is used."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the known words that an unknown one may stand for, as an end of a sentence."""
    near = difflib.get_close_matches(word, sorted(known), 3)
    return f"; did you mean {' or '.join(near)}?" if near else "."


def read_fleet(config: Mapping[str, Any], file: str) -> list[Endpoint]:
    """Return the endpoints of a fleet's file, sorted by name. Reads only. Raises FleetError."""
    problems: list[str] = []
    defaults = config.get("defaults")
    if defaults is None:
        defaults = {}
    elif not isinstance(defaults, Mapping):
        raise FleetError([f"{file}: defaults is not a mapping of options."])
    problems += [f"{file}: {text}" for text in _wrong_in("defaults", defaults, None)]
    entries = config.get("endpoints")
    if not isinstance(entries, Mapping) or not entries:
        raise FleetError(
            [f"{file}: endpoints must name one at least: {{name: {{option: value}}}}."]
        )
    endpoints = []
    for name, entry in entries.items():
        own = {} if entry is None else entry
        where = f"endpoints.{name}"
        wrong = _wrong_name(name) or _wrong_entry(where, own, defaults)
        problems += [f"{file}: {text}" for text in wrong]
        if not wrong and not problems:
            endpoints.append(_endpoint(str(name), own, defaults))
    if problems:
        raise FleetError(problems)
    fill_mirrors(endpoints)
    return sorted(endpoints, key=lambda endpoint: endpoint.name)


def _wrong_name(name: Any) -> list[str]:
    if not isinstance(name, str):
        return [f"endpoints.{name}: YAML reads this name as no text; write it in quotes."]
    if not _NAME.fullmatch(name):
        return [
            f"endpoints: {name!r} cannot be the name of a host; use letters, digits, '_', '-', '.'."
        ]
    if _LIKE_A_SHARD.fullmatch(name):
        return [f"endpoints.{name}: such names are made from {SHARDS}: N; choose another."]
    if _RESERVED.fullmatch(name):
        return [f"endpoints.{name}: this may be the name of a group; choose another."]
    return []


def _wrong_entry(where: str, entry: Any, defaults: Mapping[str, Any]) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"{where} is not a mapping of options."]
    platform = entry.get("platform", defaults.get("platform"))
    known = " or ".join(sorted(SCOPES))
    if platform is None:
        return [f"{where}.platform is missing; set it to {known}."]
    if not isinstance(platform, str) or platform not in SCOPES:
        return [f"{where}.platform: {str(platform)!r} is none of {known}."]
    return list(_wrong_in(where, entry, str(platform)))


def _wrong_in(where: str, entry: Mapping[str, Any], platform: Optional[str]) -> Iterator[str]:
    """Yield what is wrong with the options of an entry or, without a platform, of the defaults."""
    for name, value in entry.items():
        place = f"{where}.{name}"
        if name not in KNOWN:
            yield f"{where}: there is no option {str(name)!r}{did_you_mean(str(name), KNOWN)}"
        elif name in _MADE:
            yield f"{place}: {_MADE[name]}."
        elif name in ALIASES and ALIASES[name] in entry:
            yield f"{place}: it is another name of {ALIASES[name]}, which is there too."
        elif platform and name not in SCOPES[platform] and name in _SCOPED:
            yield f"{place}: platform {platform} does not have it; leave it out."
        elif name in DICTIONARIES:
            yield from _wrong_dictionary(place, name, value)
        elif name in ("users", "user"):
            yield from _wrong_users(place, value)
        elif name == MIRRORS:
            yield from _wrong_mirrors(place, value)
        else:
            yield from _wrong_value(place, name, value)
    yield from _wrong_words(where, entry, platform)
    for _password in url_passwords(_literal_texts(entry)):
        yield f"{where}: a URL holds a password in plain text. {_INSTEAD}"


_SCOPED = frozenset(name for names in SCOPES.values() for name in names)
_INSTEAD = (
    "Write \"{{ lookup('ansible.builtin.env', 'NAME') }}\" or another lookup, or a value of"
    " ansible-vault encrypt_string."
)


def _wrong_value(place: str, name: str, value: Any) -> Iterator[str]:
    is_literal = isinstance(value, (str, int, float)) and not is_template(value)
    if name in SECRETS and is_literal and value != "":
        yield (
            f"{place} is a secret in plain text. {_INSTEAD} Or leave it out: modules take logins"
            " from the file of S3_CREDENTIALS_FILE, too."
        )
    elif name in CHOICES and is_literal and value not in CHOICES[name]:
        near = did_you_mean(str(value), CHOICES[name])
        yield f"{place}: {str(value)!r} is none of {', '.join(CHOICES[name])}{near}"


def _wrong_dictionary(place: str, name: str, value: Any) -> Iterator[str]:
    for number, each in enumerate(value if isinstance(value, list) else [value], 1):
        here = f"{place}[{number}]" if isinstance(value, list) else place
        if value is None or is_template(each):
            continue
        if not isinstance(each, Mapping):
            yield f"{here} is not a mapping of suboptions."
            continue
        for inner, content in each.items():
            if inner not in DICTIONARIES[name]:
                near = did_you_mean(str(inner), DICTIONARIES[name])
                yield f"{here}: there is no suboption {str(inner)!r}{near}"
            else:
                yield from _wrong_value(f"{here}.{inner}", f"{name}.{inner}", content)


def _wrong_users(place: str, value: Any) -> Iterator[str]:
    for number, each in enumerate(value if isinstance(value, list) else [], 1):
        secret = each.get("secret_key") if isinstance(each, Mapping) else None
        if isinstance(secret, str) and secret and not is_template(secret):
            yield f"{place}[{number}].secret_key is a secret in plain text. {_INSTEAD}"


def _wrong_mirrors(place: str, value: Any) -> Iterator[str]:
    for number, each in enumerate(value if isinstance(value, list) else [], 1):
        here = f"{place}[{number}]"
        for name, content in each.items() if isinstance(each, Mapping) else ():
            yield from _wrong_value(f"{here}.{name}", str(name), content)
        for _password in url_passwords(_literal_texts(each if isinstance(each, Mapping) else {})):
            yield f"{here}: a URL holds a password in plain text. {_INSTEAD}"


def _wrong_words(where: str, entry: Mapping[str, Any], platform: Optional[str]) -> Iterator[str]:
    """Yield what is wrong with the words that only the file has."""
    shards = entry.get(SHARDS, 1)
    is_number = isinstance(shards, int) and not isinstance(shards, bool)
    if not is_number or not 1 <= shards <= MOST_SHARDS:
        yield f"{where}.{SHARDS}: {shards!r} is no number from 1 to {MOST_SHARDS}."
    file = entry.get(ACCOUNTS_FILE)
    if file is not None and platform is None:
        yield f"{where}.{ACCOUNTS_FILE}: for all of the fleet, write it beside defaults."
    elif file is not None and (not isinstance(file, str) or not file):
        yield f"{where}.{ACCOUNTS_FILE} is no path."
    policies = entry.get(POLICIES)
    if policies is not None and not isinstance(policies, list):
        yield f"{where}.{POLICIES} is not a list."
    variables = entry.get(VARS)
    if variables is not None and not isinstance(variables, Mapping):
        yield f"{where}.{VARS} is not a mapping."
    for name in variables if isinstance(variables, Mapping) else ():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            yield f"{where}.{VARS}: {str(name)!r} cannot be the name of a variable."
        elif name.startswith(PREFIX) and name[len(PREFIX) :] in KNOWN:
            option = name[len(PREFIX) :]
            yield f"{where}.{VARS}.{name}: write it as the option {option} of the endpoint."
    is_given = any(name in entry for name in SHORTHANDS)
    if is_given and "verify" in entry and not isinstance(entry["verify"], Mapping):
        yield f"{where}.verify: beside {' and '.join(SHORTHANDS)} it must be a mapping."


def _literal_texts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts of an entry that are no templates, suboptions and all."""
    found: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            found[str(name)] = _literal_texts(value)
        elif isinstance(value, str) and not is_template(value):
            found[str(name)] = str(value)
    return found


def _endpoint(name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Endpoint:
    """Return an endpoint of an entry that was found right."""
    platform = str(entry.get("platform", defaults.get("platform")))
    foreign = _SCOPED.difference(SCOPES[platform])
    filled = {k: v for k, v in _canonical(defaults).items() if k not in foreign}
    own = _canonical(entry)
    # Nothing, said of an option, takes its default away.
    options = {k: v for k, v in {**filled, **own}.items() if k not in WORDS and v is not None}
    verify = _merged(_verify_of(filled), _verify_of(own))
    if verify is not None:
        options["verify"] = verify
    store = _merged(filled.get("secret_store"), own.get("secret_store"), "type")
    if store is not None:
        options["secret_store"] = store
    return Endpoint(
        name,
        platform,
        options,
        {**(filled.get(VARS) or {}), **(own.get(VARS) or {})},
        own.get(SHARDS, filled.get(SHARDS, 1)),
        list(own.get(POLICIES) or ()),
        own.get(ACCOUNTS_FILE),
        list(filled.get(POLICIES) or ()),
    )


def _canonical(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {ALIASES.get(name, str(name)): value for name, value in entry.items()}


def _verify_of(entry: Mapping[str, Any]) -> Any:
    short = {name: entry[name] for name in SHORTHANDS if name in entry}
    verify = entry.get("verify")
    return {**(verify or {}), **short} if short else verify


def _merged(default: Any, own: Any, kind: Optional[str] = None) -> Any:
    """Return a dictionary filled with the suboptions of the default one.

    kind: the suboption that tells what it is a dictionary of; another kind takes no defaults.
    """
    if own is None or not isinstance(default, Mapping) or not isinstance(own, Mapping):
        return default if own is None else own
    is_other = kind is not None and kind in own and own[kind] != default.get(kind)
    return dict(own) if is_other else {**default, **own}
