# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of s3_secret_store: its options, and what each state is."""

from __future__ import annotations

from .options import COMMON, ArgumentSpec
from .record_moves import MOVED
from .registry import PLATFORMS
from .results import Outcome
from .secret_store_check import check_store
from .secret_store_work import Call, Work, new_run, opened
from .store_registry import secret_store_spec

SPEC = COMMON | ArgumentSpec(
    {
        "state": {"type": "str", "default": "checked", "choices": ["checked"]},
        "secret_store": {**secret_store_spec(), "required": True},
        "platform": {"type": "str", "choices": sorted(PLATFORMS)},
        "endpoint": {"type": "str"},
        "open_secrets": {"type": "bool", "default": False},
        "journal": {"type": "path"},
        "parallelism": {"type": "int", "default": 8},
        "report_unchanged": {"type": "bool", "default": False},
    },
)


def look_after(call: Call) -> Outcome:
    """Bring the store to the state that the options name."""
    run = new_run(call.clock)
    may_read = frozenset({MOVED})
    with opened(call, call.params["secret_store"], run, may_read=may_read) as store:
        outcome = check_store(Work(call, store))
        outcome.warnings += store.warnings
        return outcome
