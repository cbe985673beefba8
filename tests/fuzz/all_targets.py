# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All targets, made known once."""

from __future__ import annotations

import argparse
import fnmatch
import random

from . import of_files, of_options, of_platforms, of_records, of_secretsmanager
from .registry import TARGETS

#: Each makes its targets known when it is imported.
GROUPS = (of_files, of_options, of_records, of_secretsmanager)


def load() -> dict[str, object]:
    """Make all targets known, and return them by their names."""
    if not any(": " in name for name in TARGETS):
        of_platforms.load()
    return dict(TARGETS)


def choose(parser: argparse.ArgumentParser) -> None:
    """Add the options that name targets and repeat a run."""
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    parser.add_argument("--only", default="*", help="targets whose name holds this, or a pattern")
    parser.add_argument("--without", default="", help="leave out targets whose name holds this")
    parser.add_argument("--jobs", type=int, default=2, help="processes")


def chosen(options: argparse.Namespace) -> tuple[list[str], int]:
    """Return the names of the targets that the options mean, and the seed."""
    pattern = options.only if set(options.only) & set("*?[") else f"*{options.only}*"
    names = [name for name in sorted(load()) if fnmatch.fnmatchcase(name, pattern)]
    if options.without:
        names = [name for name in names if options.without not in name]
    seed = options.seed
    return names, random.SystemRandom().randrange(1, 10**6) if seed is None else seed
