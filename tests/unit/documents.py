# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module documents, read from its file: importing it would need Ansible."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"


@functools.cache
def return_of(module: str) -> Mapping[str, Any]:
    """Return RETURN of a module."""
    for node in ast.walk(ast.parse((_MODULES / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise LookupError(module)
