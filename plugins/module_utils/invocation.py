# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a task's arguments may be shown: Ansible puts them into results, job events and syslog.

Ansible hides the value of an option that is marked as secret and nothing else: no misspelt option,
no login in a URL, no pair in a list, and not even marked options once it cannot read a dictionary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .redaction import MASK, passwords_in_url

#: What identifies an entry of a list of accounts. All else in it is hidden.
_SHOWN_OF_ENTRY = ("name", "id", "match", "access_key")

Options = Mapping[str, Mapping[str, Any]]


def entries(value: Any, may_be_one: bool = True) -> Any:
    """Return a list as it was meant: a text that is a list in JSON becomes that list.

    Ansible would split it at its commas, and nobody could tell any more what of it is secret.
    may_be_one: a single dictionary is a list of one.
    """
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(read, list):
            return read
        return [read] if may_be_one else value
    return value


def is_list_typed(value: Any) -> bool:
    """Tell whether a text is certainly a list or a dictionary of YAML or Python, and no name.

    As where a survey or -e hands on what somebody typed: as a name it would be nobody's, and what
    it was to leave out would not be left out. "[x] jane", "[a], [b]" and "{4e7f}" may be names.
    """
    text = value.strip() if isinstance(value, str) else ""
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        return inner[:1] in ("[", "{", "'", '"') or not re.search(r"[\[\]]", inner)
    if text.startswith("{") and text.endswith("}"):
        return bool(re.search(r":\s|['\"]\s*:", text))
    return text.startswith("- ") and "\n" in text


def shown(params: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return arguments as they may be shown: logins in URLs and everything unknown is masked."""
    names = {alias: name for name in options for alias in options[name].get("aliases", ())}
    result: dict[str, Any] = {}
    for name, value in params.items():
        option = options.get(names.get(name, name))
        if value is None or isinstance(value, bool):
            result[name] = value
        elif option is None or option.get("no_log"):
            result[name] = MASK
        elif option.get("type") == "dict":
            result[name] = _shown_dict(value, option.get("options"))
        elif option.get("elements") == "raw":
            result[name] = _shown_entries(value)
        elif option.get("elements") == "dict":
            # Such a list holds what other results said, and may be as long as all of them.
            result[name] = f"{len(value)} entries" if isinstance(value, list) else MASK
        else:
            result[name] = _shown_text(name, value)
    return result


def url_passwords(value: Any, name: str = "") -> Iterator[str]:
    """Yield the passwords in the URLs among arguments, however deep."""
    if isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from url_passwords(inner, str(inner_name))
    elif isinstance(value, list):
        for inner in value:
            yield from url_passwords(inner, name)
    elif _is_url(name):
        yield from passwords_in_url(value)


def _is_url(name: str) -> bool:
    return name.endswith("url") or name == "proxy"


def _shown_dict(value: Any, options: Options | None) -> Any:
    if not isinstance(value, Mapping):
        return MASK  # not understood yet, so that nobody knows what is in it
    return shown(value, options) if options is not None else dict.fromkeys(value, MASK)


def _shown_entries(value: Any) -> Any:
    return [_shown_entry(entry) for entry in value] if isinstance(value, list) else MASK


def _shown_entry(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return {
            name: inner if name in _SHOWN_OF_ENTRY or inner is None else MASK
            for name, inner in entry.items()
        }
    # Neither a name nor an identifier, but perhaps a piece of a broken text.
    is_odd = not isinstance(entry, (str, int, float)) or any(mark in str(entry) for mark in '"{')
    return MASK if is_odd else entry


def _shown_text(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not _is_url(name):
        return value
    scheme, separator, rest = value.rpartition("://")
    login, at, rest = rest.rpartition("@")
    place, question, _query = rest.partition("?")
    return f"{scheme}{separator}{MASK if login else ''}{at}{place}{question}" + (
        MASK if question else ""
    )
