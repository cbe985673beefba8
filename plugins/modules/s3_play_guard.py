#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a play that would defeat a look at all endpoints before the first is touched."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_play_guard
short_description: Refuse a play that would not do what it says
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Fails when the play's strategy lets hosts run ahead of each other, or when C(serial) cuts the
    hosts into batches. Either would rotate keys at one endpoint before another was looked at.
  - Fails when a variable is spelt nearly as one of the role's, which Ansible would ignore.
  - The role P(objectstore.credentials.s3_rotate#role) begins with it. Reads only, runs on the
    controller, and connects to nothing.
  - With O(scope) it says instead whether a pattern of hosts means what it says. The playbooks of
    this collection begin with that.
options:
  scope:
    description:
      - A pattern of hosts and groups. Fails when no host of the play fits it, and when it has a
        name that no host and no group has.
      - Where this is a slice of a job, the other hosts are known from the variables that
        P(objectstore.credentials.s3_fleet#inventory) sets; without them, a name that only another
        slice can judge is a warning.
    type: raw
  may_be_none:
    description: Whether this may be a slice of a job, which may have none of the hosts of O(scope).
    type: bool
    default: false
  refuse:
    description: What else must not be; every reason that applies is told.
    type: list
    elements: dict
    default: []
    suboptions:
      when:
        description: Whether it is so.
        type: bool
        required: true
      why:
        description: What is wrong, as a sentence.
        type: str
        required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
notes:
  - The strategies V(linear) and V(debug), and others whose name ends in V(linear), are accepted.
"""

EXAMPLES = r"""
- name: Refuse a strategy, batches and misspelt variables, and a plan that nobody approved
  objectstore.credentials.s3_play_guard:
    refuse:
      - when: "{{ s3_rotate_plan | length > 0 and s3_rotate_plan_hash | length == 0 }}"
        why: There is a plan, and no hash of the one that was approved.

- name: Refuse a scope that fits no endpoint
  objectstore.credentials.s3_play_guard:
    scope: "{{ s3_hosts }}"
"""

RETURN = r"""
strategy:
  description: The strategy of the play.
  returned: always
  type: str
hosts:
  description: The hosts of the play that fit the scope.
  returned: if O(scope)
  type: list
  elements: str
"""
