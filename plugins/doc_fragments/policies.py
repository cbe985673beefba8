# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for single accounts that nobody has to name in the list."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of module_utils/rotation_rules.py."""

    DOCUMENTATION = r"""
options:
  policies:
    description:
      - Rules for accounts, which do not select them; they also work with O(all).
      - Each is a dictionary with one of C(name), C(id) and C(match) (a shell pattern such as
        C(backup-*), capitals being told apart), and any of C(max_age), C(grace_period),
        C(soak_period), C(window), C(exception), C(owner), C(contact), C(application), C(bucket) and
        C(s3_url).
      - C(window) is when what cuts off the account's clients may begin, such as
        C(sat,sun 22:00-04:00 Europe/Berlin).
      - C(exception) is a dictionary with C(reason), C(approver) and C(until) (a date in UTC).
        Before that the account is not due by age. Afterwards it is, if its key was made before.
      - For an account its own entry counts, else the first C(match) that fits. What an entry of
        O(users) says wins.
    type: list
    elements: raw
    default: []
"""
