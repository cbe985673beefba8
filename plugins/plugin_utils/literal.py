# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as variables that no ansible-core takes for templates."""

from __future__ import annotations

from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import trust_as_template as _plain
except ImportError:  # before ansible-core 2.19, which trusts every text that is not marked

    def _plain(value: str) -> str:
        return value


def untrusted(value: Any) -> Any:
    """Return what an API said, every text of it marked: nothing in it is ever filled in."""
    return wrap_var(value)


def literal(value: Any) -> Any:
    """Return what the operator wrote, or this collection, with whatever looks like a template kept.

    Only that is marked, because ansible-inventory prints a mark as a dictionary around the text.
    """
    if isinstance(value, str):
        return wrap_var(value) if "{" in value else _plain(value)
    if isinstance(value, dict):
        return {name: literal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    return value
