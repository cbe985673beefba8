# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of accounts in a file beside a fleet's: read quickly, checked, given to endpoints."""

from __future__ import annotations

import contextlib
import fnmatch
import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..module_utils.shard import number_of
from .fleet import FleetError, did_you_mean, is_template
from .literal import literal

#: Which accounts a policy is for: exactly one of them.
WHICH = ("name", "id", "match")
#: What a policy may say of them.
SAYS = (
    "max_age",
    "grace_period",
    "soak_period",
    "window",
    "exception",
    "owner",
    "contact",
    "application",
    "bucket",
    "s3_url",
)
_EXCEPTION = ("reason", "approver", "until")
#: The name or shell pattern of the endpoints that a policy is for; it does not go to the module.
_ENDPOINT = "endpoint"
_KNOWN = frozenset((*WHICH, *SAYS, _ENDPOINT))
_NULL = "tag:yaml.org,2002:null"
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_PARSER):  # type: ignore[misc]  # chosen at import: C where it is there
    """Reads every scalar as the text it is: an account may be called 0042 or 2026-01-01."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] == _NULL]
        for first, pairs in _PARSER.yaml_implicit_resolvers.items()
    }


Policy = dict[str, Any]


@dataclass
class Policies:
    """The policies of one file, in its order, by the endpoints that they are for."""

    file: str
    #: Of the entries for every endpoint, for one, and for a pattern: place in the file, policy.
    everywhere: list[tuple[int, Policy]] = field(default_factory=list)
    by_name: dict[str, list[tuple[int, Policy]]] = field(default_factory=dict)
    by_pattern: dict[str, list[tuple[int, Policy]]] = field(default_factory=dict)

    def of(self, endpoint: str) -> list[Policy]:
        """Return the policies for an endpoint, in the order of the file."""
        found = list(self.by_name.get(endpoint, ()))
        for pattern, rows in self.by_pattern.items():
            if fnmatch.fnmatchcase(endpoint, pattern):
                found += rows
        if not found:
            return [policy for _number, policy in self.everywhere]
        seen: set[tuple[str, str]] = set()
        result = []
        for _number, policy in sorted(found + self.everywhere, key=_place):
            whom = _whom(policy)
            # The module refuses two for the same; the first is for this endpoint.
            if whom not in seen:
                seen.add(whom)
                result.append(policy)
        return result

    def strangers(self, endpoints: Iterable[str]) -> list[str]:
        """Return the endpoints that entries name and that are not among these."""
        return sorted(set(self.by_name).difference(endpoints))


def _whom(policy: Policy) -> tuple[str, str]:
    return next((word, str(policy[word])) for word in WHICH if word in policy)


def _place(row: tuple[int, Policy]) -> int:
    return row[0]


def read_policies(path: str, file: str) -> Policies:
    """Return the policies of a file in YAML or JSON. Reads only. Raises FleetError.

    path: where it is; file: what messages call it. The texts of the file are data, never templates.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or exc.__class__.__name__
        raise FleetError([f"{file} cannot be read: {why}."]) from None
    with _without_collector():
        entries, lines = _json(text) if text.lstrip().startswith("[") else (None, [])
        if entries is None:
            entries, lines = _yaml(text, file)
        problems = list(_wrong(entries, lines, file))
        if problems:
            raise FleetError(problems)
        return _sorted(entries, file)


def _sorted(entries: Sequence[Policy], file: str) -> Policies:
    found, marked = Policies(file), dict[str, Any]()

    def mark(value: Any) -> Any:
        if not isinstance(value, str):
            return literal(value)
        if value not in marked:
            marked[value] = literal(value)  # a thousand accounts may have one owner
        return marked[value]

    for number, entry in enumerate(entries):
        # What a column of a table left empty says nothing.
        policy = {name: mark(value) for name, value in entry.items() if value not in (None, "")}
        endpoint = policy.pop(_ENDPOINT, None)
        if endpoint is None:
            found.everywhere.append((number, policy))
        elif any(sign in endpoint for sign in "*?["):
            found.by_pattern.setdefault(str(endpoint), []).append((number, policy))
        else:
            found.by_name.setdefault(str(endpoint), []).append((number, policy))
    return found


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Hold back the garbage collector: it would walk all that is being read again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def in_order(*lists: Sequence[Any]) -> list[Any]:
    """Return lists of policies as one; what an earlier list has is left out of later ones.

    The first list wins, as the module takes the first pattern that fits, and refuses two policies
    for the same name, identifier or pattern.
    """
    given = [policies for policies in lists if policies]
    if len(given) < 2:
        return list(given[0]) if given else []
    seen: set[tuple[str, str]] = set()
    result = []
    for policies in given:
        names = set()
        for policy in policies:
            named = [(w, str(policy[w])) for w in WHICH if _has(policy, w)]
            if not seen.intersection(named):
                result.append(policy)
            names.update(named)
        seen |= names
    return result


def by_shard(policies: Sequence[Any], of: int) -> list[list[Any]]:
    """Return what each shard needs of the policies of an endpoint.

    A policy that names an account goes to the shard of that account alone.
    """
    shards: list[list[Any]] = [[] for _number in range(of)]
    for policy in policies:
        name = policy.get("name") if isinstance(policy, Mapping) else None
        if isinstance(name, str) and not is_template(name):
            shards[number_of(name, of) - 1].append(policy)
            continue
        for each in shards:
            each.append(policy)
    return shards


def _has(policy: Any, word: str) -> bool:
    return isinstance(policy, Mapping) and policy.get(word) is not None


def _json(text: str) -> tuple[Any, list[int]]:
    try:
        return json.loads(text), []
    except (ValueError, RecursionError):
        return None, []  # a list in YAML may begin like one in JSON


def _yaml(text: str, file: str) -> tuple[Any, list[int]]:
    """Return the entries and the line of each."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return [], []
        if not isinstance(node, yaml.SequenceNode):
            raise FleetError([f"{file} is not a list; write '- name: backup' and so on."])
        return _built(node, file), [child.start_mark.line + 1 for child in node.value]
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(exc, "problem", None) or exc.__class__.__name__
        raise FleetError([f"{file}{where}: this is no YAML that can be read: {what}."]) from None
    except RecursionError:
        raise FleetError([f"{file} holds itself."]) from None
    finally:
        loader.dispose()


def _built(node: Any, file: str) -> Any:
    """Return what a node stands for, in a fifth of the time that PyYAML takes for it."""
    line = f"{file}, line {node.start_mark.line + 1}"
    if node.tag.startswith("!"):
        raise FleetError([f"{line}: {node.tag} has no meaning here; the file holds plain texts."])
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == _NULL else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_built(child, file) for child in node.value]
    result = {}
    for name, child in node.value:
        if not isinstance(name, yaml.ScalarNode) or name.value in result:
            raise FleetError([f"{line}: the entry says {name.value!r} twice, or it is no word."])
        result[name.value] = _built(child, file)
    return result


def _wrong(entries: Any, lines: Sequence[int], file: str) -> Iterator[str]:
    if not isinstance(entries, list):
        yield f"{file} is not a list of policies."
        return
    seen: dict[tuple[Any, ...], int] = {}
    for number, entry in enumerate(entries, 1):
        line = f"line {lines[number - 1]}, " if lines else ""
        where = f"{file}, {line}entry {number}"
        if not isinstance(entry, dict):
            yield f"{where} is not a mapping; write '- name: backup' and so on."
            continue
        if not _KNOWN.issuperset(entry):
            for name in (name for name in entry if name not in _KNOWN):
                yield f"{where}: there is no word {str(name)!r}{did_you_mean(str(name), _KNOWN)}"
            continue
        which = [name for name in WHICH if entry.get(name) not in (None, "")]
        if len(which) != 1:
            yield f"{where} must have one of {', '.join(WHICH)}, and has {len(which)} of them."
            continue
        odd = [
            name
            for name, value in entry.items()
            if name != "exception" and value is not None and not isinstance(value, str)
        ]
        if odd:
            yield f"{where}: {', '.join(odd)} must be text."
            continue
        yield from _wrong_exception(where, entry.get("exception"))
        key = (which[0], entry[which[0]], entry.get(_ENDPOINT))
        if seen.setdefault(key, number) != number:
            yield f"{where}: {which[0]} {key[1]!r} has entry {seen[key]} already."


def _wrong_exception(where: str, exception: Any) -> Iterator[str]:
    if exception in (None, ""):
        return
    needed = ", ".join(_EXCEPTION)
    if not isinstance(exception, dict):
        yield f"{where}: exception is not a mapping of {needed}."
        return
    for name in exception:
        if name not in _EXCEPTION:
            yield f"{where}: an exception has no {str(name)!r}{did_you_mean(str(name), _EXCEPTION)}"
    missing = [name for name in _EXCEPTION if not exception.get(name)]
    if missing:
        yield f"{where}: its exception lacks {', '.join(missing)}."
