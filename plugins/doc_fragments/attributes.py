# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible features the modules support."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes that every module of this collection shares."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      target.
    support: full
    details:
      - Check mode writes nothing and causes nothing at the platform; the one client that sends
        requests
        refuses writes.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when
      in diff mode.
    support: full
    details:
      - A diff shows identifiers and states, never a secret.
  action_group:
    description: Use C(group/objectstore.credentials.all) in C(module_defaults) to set defaults for
      all modules.
    support: full
    membership:
      - objectstore.credentials.all
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      target.
    support: full
    details:
      - This module only reads. What would have a side effect at the platform is never sent in
        check mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when
      in diff mode.
    support: N/A
    details:
      - This module changes nothing.
  action_group:
    description: Use C(group/objectstore.credentials.all) in C(module_defaults) to set defaults for
      all modules.
    support: full
    membership:
      - objectstore.credentials.all
"""

    CONTROLLER = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      target.
    support: full
    details:
      - The files that the task names are what check mode is asked for, and are written in it too.
        Nothing else is touched.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when
      in diff mode.
    support: none
    details:
      - A report is compared by opening it.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
    details:
      - It runs on the controller, where the files of the runs are. No platform and no secret store
        is asked.
"""
