# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a journal: canonical JSON, each with the hash of the one before and its own.

A line's hash is the SHA-256 of the line as it stands without its hash, which is canonical JSON:
names sorted, no blanks, ASCII. The hash comes last, so that a reader needs no JSON to check it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .clock import iso
from .redaction import SHORTEST_SECRET, Redactor
from .stores.file_names import escape

#: What stands for the hash before the first line.
BEGINNING = "0" * 64
SUFFIX = ".jsonl"
#: Names that a line has of its own; no fact may take them.
RESERVED = frozenset(
    {
        *(
            "id",
            "at",
            "run",
            "who",
            "job",
            "reason",
            "change",
            "platform",
            "endpoint",
            "account",
            "event",
        ),
        *("chain", "seq", "prev", "hash", "late", "meant_for"),
    }
)
#: What append() adds; an entry that comes back from a record must not bring its own.
_OF_THE_LINE = ("seq", "prev", "hash", "late", "meant_for")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)
_HASH_AT = len(',"hash":""}') + 64
STAMP = "%Y%m%dT%H%M%SZ"
_PART = r"(?!\.)[A-Za-z0-9_.+%~-]{1,255}"
_CHAIN = re.compile(f"{_PART}/{_PART}/{_PART}", re.ASCII)


def chain_name(
    platform: str, endpoint: str, started: dt.datetime, run: str, shard: object = None
) -> str:
    """Return a chain's name, which is also where its file lies below the journal's directory."""
    name = f"{started.strftime(STAMP)}-{escape(run)}"
    if shard is not None and str(shard) not in ("", "1/1"):
        name += "-" + escape(str(shard).replace("/", "of"))
    return f"{escape(platform)}/{escape(endpoint)}/{name}"


def is_chain_name(text: object) -> bool:
    """Tell whether a text can be a chain's name: what comes out of a record becomes no path."""
    return isinstance(text, str) and _CHAIN.fullmatch(text) is not None


def make_line(
    entry: Mapping[str, Any], chain: str, seq: int, prev: str, meant_for: str | None = None
) -> tuple[bytes, str]:
    """Return an entry as a line, its end included, and the line's hash.

    meant_for: the chain that the entry should stand in and does not: the line is then late.
    """
    fields = {name: value for name, value in entry.items() if name not in _OF_THE_LINE}
    fields.update(chain=chain, seq=seq, prev=prev)
    if meant_for is not None:
        fields.update(late=True, meant_for=meant_for)
    body = _CANONICAL.encode(fields).encode()
    digest = hashlib.sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body[:-1], digest.encode()), digest


def read_line(line: bytes) -> tuple[dict[str, Any], str] | None:
    """Return a line (its end left out) and its hash; None if it is not as it was written."""
    tail = line[-_HASH_AT:]
    body = line[:-_HASH_AT] + b"}"
    digest = hashlib.sha256(body).hexdigest()
    if tail != b',"hash":"%b"}' % digest.encode():
        return None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return (fields, digest) if isinstance(fields, dict) else None


def plain(value: Any, redactor: Redactor) -> Any:
    """Return a fact as JSON can hold it, with every known secret masked."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value if len(value) < SHORTEST_SECRET else redactor.redact(value)
    if isinstance(value, dt.datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {redactor.redact(name): plain(inner, redactor) for name, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        inner = [plain(each, redactor) for each in value]
        return sorted(inner, key=str) if isinstance(value, (set, frozenset)) else inner
    return redactor.redact(value)
