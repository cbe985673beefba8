# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of secrets: a template filled with escaped parts, and read back."""

from __future__ import annotations

import re

from ..errors import CredentialsError
from .base import Place

#: Length of a secret's name at most, and what it may hold beside letters and digits: /_+=.@-
#: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
LONGEST_NAME = 512
_ALLOWED = re.compile(r"[A-Za-z0-9/_+=.@-]*")
#: Stays as it is inside a part; / parts the parts, and = begins an escape.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.@-")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_PARTS = ("platform", "endpoint", "account")


def escape(text: str) -> str:
    """Return a text of any characters as one part of a name; different texts stay different.

    A byte of UTF-8 that is not allowed becomes =XX. No escaped text begins with an underscore
    (names of our own do) or ends with a hyphen and six characters (an ARN does, and AWS warns of
    names that look like one).
    """
    if not text:
        return "="
    escaped = "".join(
        character if character in _PLAIN else _escaped(character) for character in text
    )
    if escaped[0] == "_":
        escaped = "=5F" + escaped[1:]
    if len(escaped) > 6 and escaped[-7] == "-":
        escaped = escaped[:-7] + "=2D" + escaped[-6:]
    return escaped


def unescape(name: str) -> str | None:
    """Return the text of an escaped part, or None if escape() never makes such a part."""
    if name == "=":
        return ""
    try:
        raw = re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), name.encode())
        text = raw.decode("utf-8", "surrogatepass")
    except ValueError:
        return None
    return text if escape(text) == name else None


class Names:
    """Where records, notes and heartbeats are, by the template of the option path."""

    def __init__(self, template: str) -> None:
        literal = _PLACEHOLDER.sub("", template)
        found = _PLACEHOLDER.findall(template)
        parts = template.split("/")
        if (
            sorted(found) != sorted(_PARTS)
            or not _ALLOWED.fullmatch(literal)
            or not all(parts)
            or any(len(_PLACEHOLDER.findall(part)) > 1 for part in parts)
        ):
            raise CredentialsError(
                "invalid_option",
                f"secret_store.path: {template!r} is no template of a secret's name.",
                next_step="Write it like objectstore/{platform}/{endpoint}/{account}: each of the"
                " three once, parted by slashes, beside them only letters, digits and _+=.@-.",
            )
        self._template = template
        first = next(number for number, part in enumerate(parts) if "{" in part)
        #: What all names begin with, also those of notes and heartbeats.
        self.head = "".join(f"{part}/" for part in parts[:first])
        self._pattern = re.compile(
            _PLACEHOLDER.sub(r"(?P<\1>[^/]+)", re.sub(r"([.+])", r"\\\1", template))
        )

    def of(self, place: Place) -> str:
        """Return the name of the secret that holds a record."""
        name = self._fill(place.platform, place.endpoint, escape(place.account))
        return _checked(name, f"the account {place.account!r}")

    def before_account(self, platform: str | None, endpoint: str | None) -> str:
        """Return what the names of the records of an endpoint begin with; None: of all."""
        open_end = "\0"
        values = {
            "platform": open_end if platform is None else escape(platform),
            "endpoint": open_end if endpoint is None else escape(endpoint),
            "account": open_end,
        }
        return self._filled(values).partition(open_end)[0]

    def place_of(self, name: str) -> Place | None:
        """Return whose record a secret holds, or None if its name is none of a record."""
        found = self._pattern.fullmatch(name)
        if found is None:
            return None
        parts = [unescape(found[part]) for part in _PARTS]
        if any(part is None for part in parts):
            return None
        return Place(*(part or "" for part in parts))

    def of_note(self, name: str) -> str:
        """Return the name of the secret that holds a note."""
        return _checked(f"{self.head}_notes/{escape(name)}", f"the note {name!r}")

    def of_runs(self, page: int) -> str:
        """Return the name of the secret whose tags are heartbeats; the first page has no number."""
        return f"{self.head}_runs" + (f"/{page}" if page > 1 else "")

    def _fill(self, platform: str, endpoint: str, account: str) -> str:
        values = {"platform": escape(platform), "endpoint": escape(endpoint), "account": account}
        return self._filled(values)

    def _filled(self, values: dict[str, str]) -> str:
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self._template)


def _escaped(character: str) -> str:
    return "".join(f"={byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _checked(name: str, what: str) -> str:
    if len(name) > LONGEST_NAME:
        raise CredentialsError(
            "unsupported",
            f"The name of the secret for {what} would have {len(name)} characters; AWS Secrets"
            f" Manager takes {LONGEST_NAME}.",
            next_step="Shorten secret_store.path, or leave this account out.",
        )
    return name
