# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read rows of the file that report_path names."""

from __future__ import annotations

DOCUMENTATION = r"""
name: s3_report
short_description: Read the rows of files that report_path wrote
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Returns rows of the files that C(report_path) names in the modules of this collection, so that a
    play can work on lists that are too long for a result.
  - Where several files have a row of one account, the row of the last file counts.
  - Reads only. There is no secret in these files.
options:
  _terms:
    description:
      - The files. One that is not there has no rows.
    type: list
    elements: path
    required: true
  actions:
    description:
      - Only rows with one of these actions.
    type: list
    elements: str
  acknowledged:
    description:
      - Only rows whose current key is (V(true)) or is not (V(false)) acknowledged by its consumers.
        Rows of accounts that are not managed are in neither.
    type: bool
  match:
    description:
      - Only rows whose account matches one of these shell patterns, such as V(backup-*).
    type: list
    elements: str
  exclude:
    description:
      - No rows of these accounts.
    type: list
    elements: str
    default: []
  fields:
    description:
      - Give dictionaries of these names instead, each with the value of the row that stands behind
        it, such as C(name=account).
    type: dict
"""

EXAMPLES = r"""
- name: Tell the owners of the keys that are new
  community.general.mail:
    to: "{{ item.policy.contact }}"
    subject: "The access key of {{ item.account }} is {{ item.access_key }} now"
  loop: >-
    {{ query('objectstore.credentials.s3_report', '/var/lib/report.jsonl', actions=['rotated']) }}
"""

RETURN = r"""
_raw:
  description: The rows, in the order of the accounts' first appearance.
  type: list
  elements: dict
"""

import json
from fnmatch import fnmatchcase
from typing import Any, Optional

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.unsafe_proxy import wrap_var


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """Reads the files and gives the rows that are asked for."""

    def run(
        self, terms: list[Any], variables: Optional[dict[str, Any]] = None, **kwargs: Any
    ) -> list[Any]:
        """Return the rows. Reads only."""
        self.set_options(var_options=variables, direct=kwargs)
        rows: dict[Any, dict[str, Any]] = {}
        for path in self._flatten(terms):
            for row in _rows(str(path)):
                rows[row.get("endpoint"), row.get("account"), row.get("account_id")] = row
        # What a platform reports may look like a template, and must never be taken for one.
        return list(wrap_var([self._form(row) for row in rows.values() if self._is_wanted(row)]))

    def _form(self, row: dict[str, Any]) -> dict[str, Any]:
        fields = self.get_option("fields")
        return row if fields is None else {name: row.get(of) for name, of in fields.items()}

    def _is_wanted(self, row: dict[str, Any]) -> bool:
        actions, acknowledged = self.get_option("actions"), self.get_option("acknowledged")
        patterns = self.get_option("match")
        if row.get("account") in self.get_option("exclude"):
            return False
        if actions is not None and row.get("action") not in actions:
            return False
        if acknowledged is not None and row.get("acknowledged") is not acknowledged:
            return False
        return patterns is None or any(
            fnmatchcase(str(row.get("account")), pattern) for pattern in patterns
        )


def _rows(path: str) -> list[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as lines:
            return [_row(json.loads(line)) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as exc:
        raise AnsibleLookupError(
            f"objectstore.credentials.s3_report: {path} cannot be read as a report: {exc}"
        ) from None


def _row(row: Any) -> dict[str, Any]:
    """Return a line that is a row. Raises ValueError."""
    names = ("endpoint", "account", "account_id", "action")
    if not isinstance(row, dict) or any(isinstance(row.get(n), (dict, list)) for n in names):
        raise ValueError("a line is no row of an account")
    return row
