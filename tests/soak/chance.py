# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chance by a seed: nonces, pairs, salts and jitter, too, come from it."""

from __future__ import annotations

import os
import random
import secrets
from typing import Any

_SYSTEM = os.urandom


def begin(seed: str) -> None:
    """From now on, this process draws everything by a seed."""
    dice = random.Random(seed)
    random.seed(seed)

    def urandom(size: int) -> bytes:
        return dice.randbytes(size)

    os.urandom = urandom
    # Both modules took the system's own when they were imported.
    secrets_of: Any = secrets
    secrets_of.token_bytes = lambda size=None: dice.randbytes(32 if size is None else size)
    secrets_of.choice = dice.choice
    secrets_of.randbelow = dice.randrange
    secrets_of.randbits = dice.getrandbits
    secrets_of._sysrand = dice


def end() -> None:
    """Let chance be chance again."""
    os.urandom = _SYSTEM
    secrets_of: Any = secrets
    system = random.SystemRandom()
    secrets_of._sysrand = system
    secrets_of.choice = system.choice
    secrets_of.randbits = system.getrandbits
    secrets_of.randbelow = system._randbelow  # type: ignore[attr-defined]
    secrets_of.token_bytes = lambda size=None: _SYSTEM(32 if size is None else size)
