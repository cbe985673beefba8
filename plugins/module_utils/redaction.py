# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mask secrets before they are shown: one redactor per endpoint learns them and cleans texts."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from .visible import visible

MASK = "********"

#: A text shorter than this is not learned: masking "abc" everywhere would spoil innocent output.
SHORTEST_SECRET = 5

#: More characters of secrets than this are of no estate: a million accounts with a key each have 40
#: million. Each is kept in up to twenty forms, so who teaches without end would fill the memory.
MOST_LEARNED = 64 * 1024 * 1024

#: Longer than anything that is shown to anybody; an answer can have 32 MiB.
LONGEST_TEXT = 256 * 1024

#: Parts of names in answers whose values are secret, and endings that say that they are not.
SECRET_WORDS = (b"secret", b"passw", b"token", b"private", b"authorization")
_SECRET_NAME = re.compile(b"|".join(SECRET_WORDS).decode(), re.IGNORECASE)
_NOT_SECRET_NAME = re.compile(
    r"(type|expir\w*|ttl|lifetime|name|id|uri|url|count|status|state|policy|enabled)$",
    re.IGNORECASE,
)
#: What servers write in place of a secret; masking it would spoil messages that use the same words.
_PLACEHOLDER = re.compile(
    r"\W*|x+|not[ _-]?available|n/?a|none|null|hidden|masked|redacted|unknown", re.IGNORECASE
)
_URL_USERINFO = re.compile(r"(?<=://)[^/?#\s'\"<>]+(?=@)")
#: A text that every way of writing it leaves as it is.
_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9]+")
#: How often a text may have been escaped: a message in a message, in a page.
_MOST_LAYERS = 3
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_AFTER_BACKSLASH = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
#: One character each; what UTF-8 makes several bytes of is among the forms.
_ESCAPE = re.compile(
    r"&#[xX]([0-9a-fA-F]{1,6});|%([2-7][0-9a-fA-F])|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
    r"|&#([0-9]{1,7});|&(amp|lt|gt|quot|apos);|\\([\"'\\/nrtbf])"
)
#: Names of this collection's own results: never masked, whatever the password is.
_OWN_NAME = re.compile(r"[a-z_]+")


class Redactor:
    """Learns secrets as they pass and masks them, also as base64, URL-encoded and JSON-escaped.

    The time it takes grows with the text, not with the number of secrets: an endpoint that lists
    its users' secrets teaches it thousands, and one that means harm thousands that begin alike.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._unindexed: list[str] = []
        self._learned = 0
        #: Every form of every secret, by its first characters.
        self._alike: dict[str, _Alike] = {}
        self._lock = threading.Lock()

    def learn(self, *secrets: Any) -> None:
        """Remember texts as secret. Empty and very short ones are left out."""
        for secret in secrets:
            if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
                with self._lock:
                    if secret not in self._secrets:
                        self._secrets.add(secret)
                        self._unindexed.append(secret)
                        self._learned += len(secret)

    @property
    def is_full(self) -> bool:
        """Whether nobody should be asked any more that may teach another secret."""
        return self._learned > MOST_LEARNED

    def learn_url(self, url: Any) -> None:
        """Remember the password inside a URL such as a proxy's."""
        self.learn(*passwords_in_url(url))

    def learn_from(self, value: Any) -> None:
        """Walk a decoded answer and remember every text whose name says that it is secret."""
        if isinstance(value, dict):
            for name, inner in value.items():
                text = str(name)
                # Its end tells, and a search through all of a long one would never come to it.
                is_secret = _SECRET_NAME.search(text) and not _NOT_SECRET_NAME.search(text[-64:])
                for each in inner if isinstance(inner, list) else (inner,):
                    if not isinstance(each, str):
                        self.learn_from(each)
                    elif is_secret and not _PLACEHOLDER.fullmatch(each.strip()):
                        self.learn(each)
        elif isinstance(value, list):
            for inner in value:
                self.learn_from(inner)

    def redact(self, text: Any) -> str:
        """Return the text with every known secret masked; of a very long one, its beginning."""
        cleaned = str(text)
        is_cut = len(cleaned) > LONGEST_TEXT
        # Twice what is shown is looked at: a secret that is cut in two would be no secret any more.
        cleaned = _URL_USERINFO.sub(MASK, cleaned[: 2 * LONGEST_TEXT])
        self._index()
        parts: list[str] = []
        shown, last = 0, min(len(cleaned), LONGEST_TEXT)
        for start, end in self._covered(cleaned, _MOST_LAYERS):
            if start >= last:
                break
            parts += [cleaned[shown:start], MASK]
            shown = end
        return "".join([*parts, cleaned[shown:last], "..." if is_cut else ""])

    def redact_all(self, value: Any) -> Any:
        """Return a copy of a structure with every text in it redacted, names included."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {
                self.redact(k) if isinstance(k, str) and not _OWN_NAME.fullmatch(k) else k: (
                    self.redact_all(v)
                )
                for k, v in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.redact_all(v) for v in value]
        return value

    def _covered(self, text: str, layers: int) -> list[tuple[int, int]]:
        """Return from where to where secrets stand in a text, escaped or not, in their order."""
        alike = self._alike
        # Most texts hold nothing that any secret begins with, and this tells so soonest.
        found = [
            at
            for at in range(len(text) - SHORTEST_SECRET + 1)
            if text[at : at + SHORTEST_SECRET] in alike
        ]
        spans = [
            (at, at + self._longest(alike[text[at : at + SHORTEST_SECRET]], text, at))
            for at in found
        ]
        plain = _Plain.of(text) if layers and alike else None
        if plain is not None:
            spans += [plain.origin(*span) for span in self._covered(plain.text, layers - 1)]
            spans.sort()
        merged: list[tuple[int, int]] = []
        for start, end in spans:
            if end == start:
                continue
            if merged and start < merged[-1][1]:
                # What begins inside another ends behind it, maybe: no part of either is shown.
                merged[-1] = merged[-1][0], max(merged[-1][1], end)
            else:
                merged.append((start, end))
        return merged

    def _longest(self, alike: _Alike, text: str, at: int) -> int:
        with self._lock:
            return alike.longest(text, at)

    def _index(self) -> None:
        with self._lock:
            for secret in self._unindexed:
                for form in _forms(secret):
                    start = form[:SHORTEST_SECRET]
                    if start in self._alike:
                        self._alike[start].add(form)
                    else:
                        self._alike[start] = _Alike(form)
            self._unindexed.clear()


class _Plain:
    """A text without its escapes, of whatever language, and where each piece of it came from.

    Who writes a page or a message escapes what he likes: "+" is harmless in one template language
    and not in the next. So what was escaped is looked at as it was before, whichever it was.
    """

    def __init__(self, text: str, places: list[int], origins: list[int]) -> None:
        self.text = text
        self._places = places
        self._origins = origins

    @classmethod
    def of(cls, text: str) -> _Plain | None:
        """Return a text without one layer of escapes, or None where it has none."""
        if not any(first in text for first in "&%\\"):
            return None
        pieces: list[str] = []
        places, origins = [0], [0]
        shown = place = 0
        for escape in _ESCAPE.finditer(text):
            plain = _unescaped(escape)
            if plain is None:
                continue
            pieces += [text[shown : escape.start()], plain]
            place += escape.start() - shown
            shown = escape.end()
            places += [place, place + 1]
            origins += [escape.start(), shown]
            place += 1
        return cls("".join([*pieces, text[shown:]]), places, origins) if pieces else None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return where something stood that stands here now."""
        return self._origin(start), self._origin(end)

    def _origin(self, at: int) -> int:
        piece = bisect_right(self._places, at) - 1
        return self._origins[piece] + at - self._places[piece]


def _unescaped(escape: re.Match[str]) -> str | None:
    """Return the one character that an escape stands for; None: there is none."""
    *hexadecimal, decimal, name, other = escape.groups()
    if name or other:
        return _NAMED[name] if name else _AFTER_BACKSLASH.get(other, other)
    number = int(decimal) if decimal else int(next(filter(None, hexadecimal)), 16)
    return chr(number) if number < 0x110000 else None


class _Alike:
    """Forms that begin with the same characters. Finds the longest one that a text goes on with.

    In the order of the alphabet, the last form that does not come after the text is the longest
    that the text begins with, or else begins with that one itself: so it is looked for among those
    that this one begins with, each of which knows the next shorter one and one further up.
    """

    __slots__ = ("_forms", "_jumps", "_longest", "_new", "_shorter")

    def __init__(self, form: str) -> None:
        self._new = [form]
        #: The first is the empty one, which every text begins with.
        self._forms: list[str] = [""]
        self._shorter: list[int] = []
        self._jumps: list[int] = []
        self._longest = 0

    def add(self, form: str) -> None:
        """Remember another form."""
        self._new.append(form)

    def longest(self, text: str, at: int) -> int:
        """Return the length of the longest form that stands at this place of a text, or 0."""
        if self._new:
            self._sort()
        if len(self._forms) == 2:
            return self._longest if text.startswith(self._forms[1], at) else 0
        piece = text[at : at + self._longest]
        found = bisect_right(self._forms, piece) - 1
        while not piece.startswith(self._forms[found]):
            jump = self._jumps[found]
            found = self._shorter[found] if piece.startswith(self._forms[jump]) else jump
        return len(self._forms[found])

    def _sort(self) -> None:
        self._forms = sorted({*self._forms, *self._new})
        self._new = []
        self._longest = max(map(len, self._forms))
        # A list with skips: from any form to any that it begins with in few steps.
        self._shorter, self._jumps, depths = [0], [0], [0]
        chain = [0]
        for number, form in enumerate(self._forms[1:], 1):
            while not form.startswith(self._forms[chain[-1]]):
                chain.pop()
            above = chain[-1]
            further = self._jumps[above]
            is_even = depths[above] - depths[further] == (
                depths[further] - depths[self._jumps[further]]
            )
            self._shorter.append(above)
            self._jumps.append(self._jumps[further] if is_even else above)
            depths.append(depths[above] + 1)
            chain.append(number)


def passwords_in_url(url: Any) -> list[str]:
    """Return the password inside a URL, as written and decoded; nothing where there is none."""
    if not isinstance(url, str):
        return []
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return []  # no URL at all; whoever uses it says so
    if not password and "@" in url:
        # user:password@host without a scheme, a token alone before the host, or a password whose
        # slashes nobody encoded.
        userinfo = url.rpartition("@")[0].rpartition("://")[2].lstrip("/")
        password = userinfo.partition(":")[2]
        if not password and "/" not in userinfo:
            password = userinfo
    found = {password, unquote(password)}
    return sorted(text for text in found if len(text) >= SHORTEST_SECRET)


def _forms(secret: str) -> set[str]:
    """Return the secret as it may turn up in a message."""
    return {form for form in _all_forms(secret) if len(form) >= SHORTEST_SECRET}


def _all_forms(secret: str) -> Iterator[str]:
    yield secret
    if not _NEVER_ESCAPED.fullmatch(secret):
        yield from _escaped_forms(secret)
        # What looks like an escape in it is taken for one, where a text's escapes are undone.
        bare = _Plain.of(secret)
        for _layer in range(_MOST_LAYERS):
            if bare is not None:
                yield bare.text
                bare = _Plain.of(bare.text)
    raw = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        # Base64 of a longer text that holds the secret, as "user:password": what its characters
        # share with their neighbours is left out.
        first, end = (0, 2, 3)[offset], (offset + len(raw)) * 8 // 6
        yield base64.b64encode(b"\0" * offset + raw).decode()[first:end]
        yield base64.urlsafe_b64encode(b"\0" * offset + raw).decode()[first:end]


def _escaped_forms(secret: str) -> Iterator[str]:
    # repr() as a traceback or a %r would print it, and as a message shows what cannot be seen.
    yield repr(secret)[1:-1]
    yield visible(secret, 10 * len(secret))
    # JSON, plain, with non-ASCII left alone, and as serialisers for web pages escape it.
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        for characters in ("<>&", "<>&='"):
            for character in characters:
                escaped = escaped.replace(character, f"\\u{ord(character):04x}")
            yield escaped
    yield html.escape(secret)
    for encoded in (
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
    ):
        yield encoded
        yield re.sub("%..", lambda match: match.group().lower(), encoded)
