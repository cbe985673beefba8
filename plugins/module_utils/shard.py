# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stable part of an endpoint's accounts, so that several runs can share one big endpoint."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Optional

from .errors import CredentialsError

#: More parts than this is a slip of the pen; every part lists the whole endpoint.
MOST_SHARDS = 1024
_SHARD = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """The number-th of `of` parts, counted from 1; 1/1 is everything."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: Any) -> Shard:
        """Read the option shard, as "3/8"; None or an empty text is everything.

        Raises invalid_option.
        """
        if text is None or not str(text).strip():
            return cls()
        found = _SHARD.fullmatch(str(text).strip())
        if not found:
            raise CredentialsError(
                "invalid_option",
                f"shard: {str(text)!r} is not of the form 3/8.",
                next_step='Write shard as "3/8" for the third of eight; both count from 1.',
            )
        number, of = int(found[1]), int(found[2])
        if number > of or of > MOST_SHARDS:
            what = (
                f"there is no part {number} of {of}"
                if number > of
                else f"{of} parts are too many, the most are {MOST_SHARDS}"
            )
            raise CredentialsError(
                "invalid_option",
                f"shard: {str(text)!r}: {what}.",
                next_step='Write shard as "3/8" for the third of eight; both count from 1.',
            )
        return cls(number, of)

    @property
    def is_whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self.of == 1

    def holds(self, account: str) -> bool:
        """Tell whether an account belongs to it: SHA-256 of its name, as a number, modulo `of`."""
        return self.is_whole or number_of(account, self.of) == self.number

    def pace(self, requests_per_second: Optional[float]) -> Optional[float]:
        """Return this part's share of the requests that the endpoint bears."""
        return requests_per_second / self.of if requests_per_second else requests_per_second

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def number_of(account: str, of: int) -> int:
    """Return which of so many parts, counted from 1, an account belongs to."""
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest, "big") % of + 1


#: All of the endpoint.
WHOLE = Shard()
