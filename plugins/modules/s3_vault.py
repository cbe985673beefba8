#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create a Commvault S3 vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_vault
short_description: Create a Commvault S3 vault
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Creates an S3 vault (today's product name is Unified Data Vault) on a plan, installs the S3
    endpoint package on clients, lets owners and user groups use it, and waits for the endpoint job.
  - A vault that is there is reported and not changed, because Commvault publishes no operation that
    updates or deletes a vault. What of it can be compared (plan and endpoint clients, where the
    list of vaults tells them) is compared, and differences are named.
  - A vault that was made while its endpoint job was refused or failed is told apart in RV(failure).
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.connection
  - objectstore.credentials.commvault
  - objectstore.credentials.secret_store
options:
  platform:
    description:
      - The kind of object store. There is only one choice; the option is here so that defaults for
        all modules fit this one too.
    type: str
    choices: [commvault]
    default: commvault
  name:
    description:
      - Name of the vault, and of its bucket. No other client of the CommCell can have it.
    type: str
    required: true
  plan:
    description:
      - The plan that holds its data, by exact name or as V(id:3). A Server plan on a storage pool
        that can hold vaults. One that the list of such plans lacks is tried, with a warning.
    type: str
    required: true
  endpoint_clients:
    description:
      - Clients that become S3 endpoints, each by exact client name, display name, or V(id:7).
        Commvault installs the endpoint package on them in a job of its own.
    type: list
    elements: str
    default: []
  owners:
    description:
      - Users that may use the vault, each by exact name or V(id:42). They get the S3 role on it.
    type: list
    elements: str
    default: []
  user_groups:
    description:
      - User groups that may use the vault, each by exact name or V(id:5).
    type: list
    elements: str
    default: []
  rotate_keys:
    description:
      - Rotate the S3 access keys of the owners, and presumably of all members of the user groups,
        when the vault is created. A key belongs to the user and not to a vault, so this ends the
        present keys of these users in every vault and application.
      - Needs O(allow_disruption) and O(key_delivery=email).
      - With O(secret_store) it is refused if a record holds a key of one of these users
        (V(held_by_record)), or if there are records and not all members of a group can be read.
        M(objectstore.credentials.s3_access_key_rotate) rotates such users.
      - Check mode names the users. A vault that is there already rotates nothing.
    type: bool
    default: false
  key_delivery:
    description:
      - How you expect the new keys of O(rotate_keys). Commvault delivers them by e-mail alone, so
        only V(email) is accepted with it; say so if each of the users reads that mailbox.
    type: str
    choices: [email, inline]
  allow_disruption:
    description:
      - Permit O(rotate_keys) to end working keys.
    type: bool
    default: false
  wait:
    description:
      - Wait until the endpoint job is over, and fail if it ends badly.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for the endpoint job, such as V(30m). The job goes on when the time is up.
    type: str
    default: 30m
"""

EXAMPLES = r"""
- name: Create a vault with two endpoints
  objectstore.credentials.s3_vault:
    api_url: https://commandcenter.example.com/commandcenter/api
    name: payroll
    plan: s3-plan
    endpoint_clients: [ma1, ma2]
    owners: [payroll-backup]
    user_groups: [s3-operators]

- name: Have the owner's first or next key sent by e-mail, and do not wait for the endpoint job
  objectstore.credentials.s3_vault:
    name: payroll
    plan: id:3
    endpoint_clients: id:7
    owners: id:42
    rotate_keys: true
    key_delivery: email
    allow_disruption: true
    wait: false
"""

RETURN = r"""
accounts:
  description: One entry, the vault.
  returned: always
  type: list
  elements: dict
  contains:
    account:
      description: Name of the vault.
      type: str
    account_id:
      description: Its number, that of its pseudo-client, as far as it is known.
      type: str
    action:
      description: V(created), V(unchanged) or V(failed). In check mode, what would be done.
      type: str
    access_key:
      description: Always null here.
      type: str
    previous_access_key:
      description: Always null here.
      type: str
    created_at:
      description: Always null here.
      type: str
    due_at:
      description: Always null here.
      type: str
    why:
      description: Why this action, with what differs in a vault that is there.
      type: str
    details:
      description: The vault as it was found or made.
      type: dict
      contains:
        vault_id:
          description: Number of the vault.
          type: int
        plan:
          description: The plan.
          type: dict
          contains:
            id:
              description: Number of the plan.
              type: int
            name:
              description: Name of the plan.
              type: str
        endpoints:
          description: The endpoint clients, each with C(id) and C(name). Null where not told.
          type: list
          elements: dict
        owners:
          description: The owners given to a new vault, each with C(id) and C(name).
          type: list
          elements: dict
        user_groups:
          description: The user groups given to a new vault, each with C(id) and C(name).
          type: list
          elements: dict
        rotates_keys_of:
          description: The users whose keys O(rotate_keys) ends, as far as they can be read.
          type: list
          elements: str
        job:
          description: The endpoint job as last seen; C(id), C(status), C(percent), C(reason).
          type: dict
        warning:
          description: Commvault's own warning about a new vault, with C(code) and C(message).
          type: dict
        differences:
          description: What differs between a vault that is there and the task, in words.
          type: list
          elements: str
        not_compared:
          description: Options of the task that could not be compared with a vault that is there.
          type: list
          elements: str
    failure:
      description: What went wrong, like RV(failure).
      type: dict
totals:
  description: How many vaults met each action.
  returned: always
  type: dict
  sample: {created: 1}
report_path:
  description: The file that holds every account.
  returned: when O(report_path) is set
  type: str
failure:
  description: What went wrong.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        A word from the closed list in docs/failures.md. V(partial) and V(job_failed) mean that the
        vault exists now.
      type: str
    platform:
      description: The platform.
      type: str
    endpoint:
      description: The endpoint's name.
      type: str
    account:
      description: The vault.
      type: str
    step:
      description: What was being done.
      type: str
    http_status:
      description: The HTTP status of the answer.
      type: int
    code:
      description: The platform's own code.
      type: str
    message:
      description: What happened.
      type: str
    details:
      description: More of the platform's own words.
      type: dict
    alive:
      description: What exists now.
      type: str
    next_step:
      description: What to do.
      type: str
"""

from typing import cast

from ansible_collections.objectstore.credentials.plugins.module_utils.custody import in_custody
from ansible_collections.objectstore.credentials.plugins.module_utils.front import Job, run
from ansible_collections.objectstore.credentials.plugins.module_utils.options import ArgumentSpec
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    commvault_vault_parts,
    commvault_vaults,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    secret_store_spec,
)

SPEC = ArgumentSpec(
    {
        "name": {"type": "str", "required": True},
        "plan": {"type": "str", "required": True},
        "endpoint_clients": {"type": "list", "elements": "str", "default": []},
        "owners": {"type": "list", "elements": "str", "default": []},
        "user_groups": {"type": "list", "elements": "str", "default": []},
        "rotate_keys": {"type": "bool", "default": False},
        "key_delivery": {"type": "str", "choices": ["email", "inline"], "no_log": False},
        "allow_disruption": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "str", "default": "30m"},
        "secret_store": secret_store_spec(),
    }
)


def operation(job: Job) -> Outcome:
    """Make the vault if there is none of its name."""
    platform = cast(Commvault, job.platform)
    wanted = commvault_vault_parts.Wanted.parse(job.params)
    if not job.shard.holds(wanted.name):
        return Outcome(totals={"other_shards": 1})
    return in_custody(
        job,
        lambda custody: commvault_vaults.ensure_vault(
            platform, wanted, check_mode=job.check_mode, custody=custody
        ),
        reads_only=True,
    )


def main() -> None:
    """Run the module."""
    run(SPEC, {Commvault.name: Commvault}, operation)


if __name__ == "__main__":
    main()
