# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of s3_secret_store: its options, and what each state is."""

from __future__ import annotations

import contextlib

from .clock import new_run
from .custody import CUSTODY
from .ephemeral import refuse_unless_allowed
from .errors import CredentialsError
from .options import COMMON, ArgumentSpec
from .record_moves import MOVED, RESTRICTED
from .registry import SCOPES
from .results import Outcome
from .secret_store_check import check_store
from .secret_store_move import copy_store
from .secret_store_rekey import rekey_store
from .secret_store_work import Call, Work, opened
from .store_registry import secret_store_spec

SPEC = (
    COMMON
    | CUSTODY
    | ArgumentSpec(
        {
            "state": {
                "type": "str",
                "default": "checked",
                "choices": ["checked", "rekeyed", "copied"],
            },
            "destination": secret_store_spec(),
            "platform": {"type": "str", "choices": sorted(SCOPES)},
            "endpoint": {"type": "str"},
            "open_secrets": {"type": "bool", "default": False},
            "journal": {"type": "path"},
            "new_vault_password_file": {"type": "path", "no_log": False},
            "new_vault_id": {"type": "str"},
            "destroy": {"type": "bool", "default": False},
            "undo": {"type": "bool", "default": False},
            "parallelism": {"type": "int", "default": 8},
            "report_unchanged": {"type": "bool", "default": False},
        },
        required_if=(("state", "copied", ("destination",)),),
        mutually_exclusive=(("destroy", "undo"),),
    )
)
#: Options that belong to one state; with another they would be taken for done.
_OF_STATE = {
    "open_secrets": "checked",
    "new_vault_password_file": "rekeyed",
    "new_vault_id": "rekeyed",
    "destination": "copied",
    "destroy": "copied",
    "undo": "copied",
}


def look_after(call: Call) -> Outcome:
    """Bring the store to the state that the options name."""
    params, run = call.params, new_run(call.clock)
    state = params["state"]
    for name, wanted in _OF_STATE.items():
        if params.get(name) and state != wanted:
            raise CredentialsError(
                "invalid_option",
                f"{name} has no meaning with state: {state}.",
                next_step=f"Leave it out, or set state: {wanted}.",
            )
    may_read = frozenset({MOVED}) if state == "checked" else RESTRICTED
    new_vault = (params.get("new_vault_password_file"), params.get("new_vault_id"))
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(
            opened(call, params["secret_store"], run, may_read=may_read, new_vault=new_vault)
        )
        if state == "rekeyed":
            refuse_unless_allowed("secret_store.path", store.folder, params)
        work = Work(call, store)
        if state == "checked":
            outcome = check_store(work)
        elif state == "rekeyed":
            outcome = rekey_store(work)
        else:
            other = stack.enter_context(opened(call, params["destination"], run, may_read=may_read))
            refuse_unless_allowed("destination.path", other.folder, params)
            outcome = copy_store(work, other)
            outcome.warnings += other.warnings
        outcome.warnings += store.warnings
        return outcome
