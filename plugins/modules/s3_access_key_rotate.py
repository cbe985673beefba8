#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate S3 access keys without losing a secret."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access_key_rotate
short_description: Rotate S3 access keys without losing a secret
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Brings accounts to their policy. It rotates the keys that are due, finishes what was
    interrupted, and retires what is past its grace period.
  - Every step is noted in the secret store before anything is sent, and a new pair is stored before
    anything else happens, so that a run that is killed at any moment is repaired by the next one.
  - No key is ever disabled or deleted unless the record or a label proves it ours, or
    O(replaces) names it. A second run changes nothing that is not due or left unfinished.
  - Where a platform lets two keys live side by side, the old key goes on working for
    O(grace_period) after the consumers have the new one, is then disabled for O(soak_period), and
    then deleted. Where it replaces a key in place, the old one dies at once, which needs
    O(allow_disruption), and may wait for its O(window).
  - In check mode it rehearses every account and tells what a real run would do.
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.connection
  - objectstore.credentials.platforms
  - objectstore.credentials.secret_store
  - objectstore.credentials.secret_store.ephemeral
  - objectstore.credentials.verify
  - objectstore.credentials.policies
  - objectstore.credentials.rotation
options:
  report_unchanged:
    default: false
"""

EXAMPLES = r"""
- name: Nightly run over a Huawei Cloud account, two keys side by side
  objectstore.credentials.s3_access_key_rotate:
    platform: huawei
    api_url: https://iam.eu-de.example.com
    all: true
    adopt: rotate
    max_age: 90d
    max_rotations: 200
    secret_store:
      type: vault_kv2
      url: https://vault.example.com:8200
      mount: s3
    verify:
      s3_url: https://obs.eu-de.example.com
    journal: /var/log/s3-rotation

- name: Replace the keys of ONTAP users in place, in the maintenance window
  objectstore.credentials.s3_access_key_rotate:
    platform: ontap
    api_url: https://cluster1.example.com
    svm: s3
    users: [backup, archive]
    rotation_id: CHG0031337
    allow_disruption: true
    window: sat,sun 22:00-04:00 Europe/Berlin
    secret_store:
      type: ansible_vault
      path: /srv/s3-credentials
    verify:
      s3_url: https://s3.example.com

- name: The same keys on both clusters of a disaster recovery pair
  objectstore.credentials.s3_access_key_rotate:
    platform: ontap
    endpoint: cluster1
    api_url: https://cluster1.example.com
    svm: s3
    mirrors:
      - endpoint: cluster2
        api_url: https://cluster2.example.com
        svm: s3_dr
        s3_url: https://s3.cluster2.example.com
    all: true
    allow_disruption: true
    secret_store:
      type: ansible_vault
      path: /srv/s3-credentials
    verify:
      s3_url: https://s3.cluster1.example.com

- name: A key was found on the internet
  objectstore.credentials.s3_access_key_rotate:
    platform: ose
    api_url: https://osis.example.com:8443
    user: backup
    compromised: 00e4a3d674aada749f04
    reason: INC0042, found in a public repository
    secret_store: "{{ s3_secret_store }}"
    verify:
      s3_url: https://s3.example.com

- name: A key was found on the internet, and nobody knows whose it is
  objectstore.credentials.s3_access_key_rotate:
    platform: huawei
    compromised: HST3BZW1DHLAQEXAMPLE
    reason: INC0043
    adopt: rotate
    secret_store: "{{ s3_secret_store }}"
    verify:
      s3_url: https://obs.eu-de.example.com

- name: Write down what a run would do, to be approved
  objectstore.credentials.s3_access_key_rotate:
    platform: ontap
    all: true
    allow_disruption: true
    secret_store: "{{ s3_secret_store }}"
    write_plan: /srv/plans/CHG0031339.json
  check_mode: true

- name: Do that and nothing else
  objectstore.credentials.s3_access_key_rotate:
    platform: ontap
    all: true
    allow_disruption: true
    secret_store: "{{ s3_secret_store }}"
    plan: /srv/plans/CHG0031339.json
    plan_hash: "{{ approved_hash }}"
    change: CHG0031339

- name: The new key does not work for a client, go back
  objectstore.credentials.s3_access_key_rotate:
    platform: ose
    user: backup
    state: rolled_back
    reason: the new key is refused by the archive's client
    change: CHG0031338
    secret_store: "{{ s3_secret_store }}"
    verify:
      s3_url: https://s3.example.com
"""

RETURN = r"""
accounts:
  description: One entry for each account that did not stay unchanged, in the order of the list.
  returned: always
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account.
      type: str
    account_id:
      description: The platform's identifier of the account.
      type: str
    action:
      description: >-
        The most telling of what was done, in check mode of what would be. V(rotated), V(recovered)
        (a secret that an interrupted run lost was replaced), V(resumed) (an interrupted run was
        finished), V(delivered) (by e-mail), V(adopted), V(announced) (the current key is not
        acknowledged), V(acknowledged), V(disabled), V(deleted), V(still_used), V(still_honoured)
        (revoked, and the S3 service still takes it), V(rolled_back), V(decommissioned),
        V(unmanaged), V(unchanged), V(busy) (another run is at work), V(skipped) (RV(accounts[].why)
        tells what it waits for), V(drifted) or
        V(failed). The last two fail the task.
      type: str
    access_key:
      description: The current access key; null where it is not made yet or not shown.
      type: str
    previous_access_key:
      description: The one before it.
      type: str
    created_at:
      description: When the current key was made, in UTC.
      type: str
    due_at:
      description: When it will be due, in UTC.
      type: str
    why:
      description: Why this action.
      type: str
    details:
      description: >-
        More, such as the steps of a turn, unknown keys, suspects, and C(window) with C(open),
        C(next_opens), C(closes) and C(after_limit). Never a secret.
      type: dict
    failure:
      description: What went wrong, like RV(failure).
      type: dict
    acknowledged:
      description: >-
        Whether the consumers are known to have the current key; null where there is none, it
        was not looked at, or the platform has ended it, so that nobody is to be told of it.
      type: bool
    secret_key:
      description: The new secret key.
      returned: if O(return_secret)
      type: str
report_path:
  description: >-
    The file with a line for each account. Beside what stands in RV(accounts) each has what an
    auditor asks, from what was looked at in any case; C(enabled), C(managed), C(compliance),
    C(access_keys) and C(record) as M(objectstore.credentials.s3_credential_info) returns them, and
    C(policy) with C(max_age), C(grace_period), C(soak_period), C(owner), C(contact),
    C(application), C(window) and C(exception).
  returned: when O(report_path) is set
  type: str
reason:
  description: Why this run was made, as O(reason) says.
  returned: when O(reason) is set
  type: str
change:
  description: The ticket of it, as O(change) says.
  returned: when O(change) is set
  type: str
plan:
  description: The plan that was written, or that this run kept to.
  returned: when O(write_plan) or O(plan) is set
  type: dict
  contains:
    path:
      description: Its file.
      type: str
    sha256:
      description: Its hash, for O(plan_hash).
      type: str
platform_info:
  description: >-
    What the endpoint is and what it can do, as M(objectstore.credentials.s3_credential_info)
    returns it.
  returned: unless the call failed as a whole
  type: dict
totals:
  description: How many accounts met each action.
  returned: always
  type: dict
  sample: {rotated: 12, unchanged: 488, accounts: 500}
left_out:
  description: Accounts that O(all) left out, and why; the first hundred.
  returned: unless the call failed as a whole
  type: dict
managed:
  description: Whether the accounts are under management, which needs O(secret_store).
  returned: unless the call failed as a whole
  type: bool
secret_store:
  description: The kind of secret store that holds the pairs.
  returned: unless the call failed as a whole
  type: str
run:
  description: The name of this run, as in records and journal.
  returned: unless the call failed as a whole
  type: str
journal:
  description: The chain that this run wrote, its file, how many lines it has and its head.
  returned: unless the call failed as a whole
  type: dict
mirrors:
  description:
    - The endpoints of O(mirrors). The C(details) of an account that was worked on say which
      C(endpoints) hold its pair, and in which of them it was C(written_at) in this run; those of a
      failure say for each of C(endpoints) whether the change is C(written), C(not written),
      C(unanswered) or C(not reached).
  returned: where O(mirrors) names any
  type: list
  elements: str
to_do:
  description: How many accounts a real run would work on; consumers to be told are not in it.
  returned: in check mode and after O(preflight)
  type: int
not_known:
  description: What a rehearsal cannot know.
  returned: in check mode and after O(preflight)
  type: list
  elements: str
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

from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_call import (
    SPEC,
    rotate,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.front import run
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import (
    PLATFORMS,
    SCOPES,
)


def main() -> None:
    """Run the module."""
    run(SPEC, PLATFORMS, rotate, SCOPES)


if __name__ == "__main__":
    main()
