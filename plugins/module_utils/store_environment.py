# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment says of the secret store: which one it is, and options left out of it.

S3_SECRET_STORE_TYPE stands for an option secret_store that a task does not have at all; then
S3_<STORE>_<OPTION>, such as S3_VAULT_KV2_SECRET_ID, stands for an option that the task does not
say. A store's own variables, such as VAULT_ADDR, come after these. So a credential of a job fills
what an inventory should not hold.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Optional

from .settings import converted
from .urls import same_url

TYPE_VARIABLE = "S3_SECRET_STORE_TYPE"
#: What is too much for a variable.
_NOT_HERE = ("dict", "list")


def variable(store: str, option: str) -> str:
    """Return the name of the variable that stands for an option of a store."""
    return f"S3_{store.upper()}_{option.upper()}"


def can_come_from_environment(spec: Mapping[str, Any]) -> bool:
    """Tell whether a variable can stand for an option of this spec."""
    return spec.get("type", "str") not in _NOT_HERE


def store_of(options: Any, environ: Optional[Mapping[str, str]] = None) -> Any:
    """Return the option secret_store; where it is left out, the one that the environment names.

    None where neither says anything. A type that does not exist is refused when it is opened.
    """
    kind = (os.environ if environ is None else environ).get(TYPE_VARIABLE)
    return {"type": kind} if options is None and kind else options


def fill(
    store: str,
    specs: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
    environ: Mapping[str, str],
) -> tuple[dict[str, Any], list[str]]:
    """Return the options with what the environment adds to them, and the secrets left unused.

    A secret goes only to the server that the environment names beside it, as with the platforms.
    Where the environment names another server than the task does, nothing of it is taken: it is
    about that other one. Raises invalid_option, naming the variable.
    """
    values = dict(given)
    found = {
        name: environ[variable(store, name)]
        for name, spec in specs.items()
        if can_come_from_environment(spec) and environ.get(variable(store, name))
    }
    is_unnamed = is_other = False
    for name in specs:
        if name == "url" or name.endswith("_url"):
            wanted, own = given.get(name), found.get(name)
            is_other |= bool(wanted and own and not same_url(str(wanted), own))
            # A URL that has a default of its own, such as a cloud's, need not be named by anybody.
            is_unnamed |= own is None and (bool(wanted) or name == "url")
    unused = []
    for name, text in found.items():
        if values.get(name) is not None:
            continue
        if specs[name].get("no_log") and (is_unnamed or is_other):
            unused.append(variable(store, name))
        elif not is_other:
            values[name] = converted(text, specs[name], variable(store, name))
    return values, unused


def unused_warning(store: str, unused: list[str]) -> str:
    """Return the sentence about secrets of the environment that were not used."""
    return (
        f"{', '.join(unused)} in the environment was not used, because the URL of the secret store"
        f" must be that of the environment ({variable(store, 'url')}): a secret only goes where"
        " it was meant for."
    )
