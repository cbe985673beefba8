# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that nobody has, for requests that a service must refuse."""

from __future__ import annotations

import secrets
import string

from .model import Pair

#: Of a made-up access key: letters kept of the real one, and least that chance chooses.
_KEPT, _LEAST_CHANCE = 4, 8
_UPPER, _ALL = string.ascii_uppercase + string.digits, string.ascii_letters + string.digits


def made_up_pair(like: Pair | None) -> Pair:
    """Return a pair that nobody has, with the look of a real one where enough is left to chance."""
    access_key = "".join(secrets.choice(_UPPER) for _unused in range(20))
    if like is not None:
        # The first letters stay: some services go by them.
        kept, rest = like.access_key[:_KEPT], like.access_key[_KEPT:]
        if sum(bool(_alphabet_of(character)) for character in rest) >= _LEAST_CHANCE:
            access_key = kept + "".join(
                secrets.choice(_alphabet_of(character) or character) for character in rest
            )
    return Pair(access_key, made_up_secret())


def made_up_secret() -> str:
    """Return a secret key that nobody has."""
    return "".join(secrets.choice(_ALL) for _unused in range(40))


def _alphabet_of(character: str) -> str:
    for alphabet in (string.digits, string.ascii_uppercase, string.ascii_lowercase):
        if character in alphabet:
            return alphabet
    return ""
