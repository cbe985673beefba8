#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable or disable S3 access keys, set their description."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_credential_status
short_description: Enable or disable S3 access keys, set their description
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Sets access keys active or inactive, and their description where the platform has one.
  - Finds the account when only the access key is given. Looks at every key before it changes the
    first,
    and believes only what the platform shows afterwards.
  - A platform that cannot disable a key answers with a clear error that says why.
  - With O(secret_store), a key that a record holds is changed only as its rotations allow. The
    current key and one of an unfinished rotation are not disabled (V(held_by_record));
    M(objectstore.credentials.s3_access_key_rotate) replaces them. A current key that somebody
    disabled can be enabled again. A retiring key is disabled or enabled together with its record,
    so that its soak period counts from then, or its grace period begins anew. A compromised key
    stays off. Keys that no record holds are treated as without O(secret_store).
  - Without O(secret_store) no record is asked. Give it wherever keys are under management.
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.connection
  - objectstore.credentials.platforms
  - objectstore.credentials.secret_store
  - objectstore.credentials.secret_store.ephemeral
options:
  access_keys:
    description:
      - The access keys to work on. The public half; never a secret key.
    type: list
    elements: str
    required: true
    aliases: [access_key]
  user:
    description:
      - The account that the keys belong to, by name, or by identifier as V(id:42).
      - A key of another account then counts as not found. Some platforms cannot find a key without
        it.
    type: str
  status:
    description:
      - V(active) enables the keys, V(inactive) disables them. Left out, the status stays as it is.
    type: str
    choices: [active, inactive]
  description:
    description:
      - The description of the keys. An empty string clears it; left out, it stays as it is.
    type: str
  allow_disruption:
    description:
      - Permit disabling the last active access key of an account, which cuts off every client of
        it. It does not permit disabling what a record holds as current.
    type: bool
    default: false
  strict:
    description:
      - Stop the list at the first key that fails. Otherwise a missing key fails alone.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Disable a leaked key of a Cloud Director user, found by the key alone
  objectstore.credentials.s3_credential_status:
    platform: ose
    api_url: https://osis.example.com:8443
    access_key: 00e4a3d674aada749f04
    status: inactive
    allow_disruption: true

- name: Disable an access key on Huawei Cloud and say why
  objectstore.credentials.s3_credential_status:
    platform: huawei
    api_url: https://iam.eu-de.example.com
    user: backup
    access_key: LOSZM4YRVLKOY9EXAMPL
    status: inactive
    description: Replaced on 2026-11-22, CHG0031337

- name: Disable a retiring key before its grace period is over, in its record too
  objectstore.credentials.s3_credential_status:
    platform: huawei
    endpoint: eu-de
    access_key: LOSZM4YRVLKOY9EXAMPL
    status: inactive
    secret_store: "{{ s3_secret_store }}"

- name: Clear a description, leave the status as it is
  objectstore.credentials.s3_credential_status:
    platform: huawei
    access_key: LOSZM4YRVLKOY9EXAMPL
    description: ""
"""

RETURN = r"""
accounts:
  description: One entry for each access key, in the order given, but for what O(report_path) and
    O(report_unchanged) leave out.
  returned: always
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account, as far as it was found.
      type: str
    account_id:
      description: The platform's identifier of the account.
      type: str
    action:
      description: >-
        V(enabled), V(disabled), V(updated) (only the description), V(unchanged), V(failed), or
        V(skipped)
        (not started after a failure that concerns all). In check mode, what would be done.
      type: str
    access_key:
      description: The access key.
      type: str
    previous_access_key:
      description: Always null here.
      type: str
    created_at:
      description: When the key was created, in UTC, where the platform tells.
      type: str
    due_at:
      description: Always null here.
      type: str
    why:
      description: Why this action.
      type: str
    details:
      description: Status and description afterwards, and the platform's own details. Never a
        secret.
      type: dict
    failure:
      description: What went wrong, like RV(failure).
      type: dict
totals:
  description: How many keys met each action.
  returned: always
  type: dict
  sample: {disabled: 1, unchanged: 2}
report_path:
  description: The file that holds every account.
  returned: when O(report_path) is set
  type: str
failure:
  description: The first failure.
  returned: on failure
  type: dict
  contains:
    kind:
      description: A word from the closed list in docs/failures.md.
      type: str
    platform:
      description: The platform.
      type: str
    endpoint:
      description: The endpoint's name.
      type: str
    account:
      description: The account that it concerns.
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
      description: Which key is known to be alive now.
      type: str
    next_step:
      description: What to do.
      type: str
"""

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_status import (
    Wanted,
    set_credential_status,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.custody import (
    CUSTODY,
    in_custody,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.front import Job, run
from ansible_collections.objectstore.credentials.plugins.module_utils.options import ArgumentSpec
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import (
    PLATFORMS,
    SCOPES,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome

SPEC = CUSTODY | ArgumentSpec(
    {
        "access_keys": {
            "type": "list",
            "elements": "str",
            "required": True,
            "no_log": False,
            "aliases": ["access_key"],
        },
        "user": {"type": "str"},
        "status": {"type": "str", "choices": ["active", "inactive"]},
        "description": {"type": "str"},
        "allow_disruption": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
    },
    required_one_of=(("status", "description"),),
)


def operation(job: Job) -> Outcome:
    """Bring the keys to the status and description that the options name."""
    own = set(SPEC.options) - set(CUSTODY.options)
    return in_custody(
        job,
        lambda custody: set_credential_status(
            job.platform,
            Wanted(**{name: job.params[name] for name in own}),
            check_mode=job.check_mode,
            parallelism=job.parallelism,
            progress=job.progress,
            shard=job.shard,
            custody=custody,
        ),
    )


def main() -> None:
    """Run the module."""
    run(SPEC, PLATFORMS, operation, SCOPES)


if __name__ == "__main__":
    main()
