#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate S3 access keys without losing a secret."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_access_key_rotate
short_description: Rotate S3 access keys without losing a secret
version_added: 0.2.0
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
    O(allow_disruption).
  - In check mode it rehearses every account and tells what a real run would do.
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.connection
  - objectstore.credentials.platforms
  - objectstore.credentials.secret_store
  - objectstore.credentials.verify
options:
  state:
    description:
      - V(rotated) rotates what is due, finishes what is open and retires what is past.
      - V(acknowledged) notes that the consumers have the key that O(access_key) names.
      - V(retired) only retires old keys that are past their dates.
      - V(rolled_back) makes the key before the current one again, until it is deleted, and holds
        the schedule.
      - V(decommissioned) ends an account's keys for good; off, after O(soak_period) deleted, the
        secrets destroyed, a tombstone kept. Takes several runs.
    type: str
    choices: [rotated, acknowledged, retired, rolled_back, decommissioned]
    default: rotated
  users:
    description:
      - The accounts. A bare word is a name, V(id:42) an identifier.
      - A dictionary has C(name) or C(id), and may have C(access_key), C(secret_key) (to import this
        pair), C(replaces), C(max_age), C(grace_period), C(soak_period), C(bucket) and C(s3_url) of
        that account alone.
    type: list
    elements: raw
    aliases: [user]
  all:
    description:
      - Every account of the endpoint, but those that the platform keeps for itself and suspended
        ones; RV(left_out) names them. Also finishes and retires what is open in records of accounts
        that were left out, and reports records whose account is gone.
    type: bool
    default: false
  exclude:
    description:
      - With O(all), the accounts to leave alone.
    type: list
    elements: str
    default: []
  max_age:
    description:
      - The limit that the rule sets. A key is due early enough that nothing of it works past this
        limit. That is O(max_age) minus O(grace_period) minus O(rotate_before), minus O(soak_period)
        too where keys cannot be disabled; in place O(max_age) minus O(rotate_before).
    type: str
    default: 90d
  rotate_before:
    description:
      - How long before that a key is due, so that a run that fails can be repeated.
    type: str
    default: 7d
  grace_period:
    description:
      - How long the old key stays enabled after the new one was acknowledged.
    type: str
    default: 7d
  soak_period:
    description:
      - How long an old key stays disabled before it is deleted.
    type: str
    default: 7d
  spread:
    description:
      - Make keys due up to this long earlier, each account by another share of it, so that accounts
        of one age do not all fall due on one day.
    type: str
    default: 0s
  rotation_id:
    description:
      - Rotate once for this identifier, such as V(2026-Q4), whatever the age of the keys; the
        record remembers the last ones.
    type: str
  force:
    description:
      - Rotate now. For accounts named in O(users) it also goes on where platform and record
        contradict each other.
    type: bool
    default: false
  compromised:
    description:
      - Access keys that are in wrong hands. Their accounts are rotated now, and these keys are
        revoked in the same run, without grace. Needs O(reason).
    type: list
    elements: str
    default: []
  reason:
    description:
      - Why, such as a ticket; goes on record and into the journal.
    type: str
  cut_first:
    description:
      - Revoke the O(compromised) keys before their successors are made. Clients are cut off;
        needs O(allow_disruption).
    type: bool
    default: false
  adopt:
    description:
      - What to do with accounts that have keys and no record. V(report) lists them as
        C(unmanaged); V(rotate) takes them over by rotating; V(import) takes over the pair as it
        stands, given in O(users) or read back where the platform shows it, verified first.
      - An account without any key gets its first one when it is named in O(users).
    type: str
    choices: [report, rotate, import]
    default: report
  replaces:
    description:
      - Which of several keys that no record knows the new key replaces; for one account.
    type: list
    elements: str
    default: []
  max_rotations:
    description:
      - The most accounts that are rotated in this run, those that are due longest first.
    type: int
  allow_disruption:
    description:
      - Permit what cuts off clients. Replacing a key in place, O(cut_first), decommissioning, and
        deleting a key that O(replaces) names to make room.
    type: bool
    default: false
  allow_side_effects:
    description:
      - Permit reads that make the platform do something. Some OSIS adapters make a key when keys
        are listed. Check mode never sends them.
    type: bool
    default: false
  acknowledge:
    description:
      - V(auto) takes a promoted key as acknowledged. With V(explicit) the grace period of the old
        key begins only with O(state=acknowledged), and no new rotation begins before that.
    type: str
    choices: [auto, explicit]
    default: auto
  access_key:
    description:
      - With O(state=acknowledged), the key that the consumers have; any other than the current one
        is refused. With O(state=rolled_back), the key to go back to, the newest one if left out.
    type: str
  retire:
    description:
      - Whether a rotating run also retires old keys.
    type: bool
    default: true
  force_retire:
    description:
      - A reason for retiring an old key although it is still used.
    type: str
  last_used:
    description:
      - Ask when an old key was last used before it is disabled, also where that costs a request for
        each key.
    type: bool
    default: false
  quiet_period:
    description:
      - How long an old key must not have been used, where the platform tells, before it is
        disabled.
    type: str
    default: 1d
  settle:
    description:
      - How long a call whose answer was lost may still take effect; longer than the time-out of any
        proxy in between. An interrupted account waits up to twice as long.
    type: str
    default: 90s
  recover_within:
    description:
      - Up to which age an interrupted rotation in place is repaired by another one. An older record
        may be a copy from a backup, and is reported as drifted.
    type: str
    default: 7d
  hold_until:
    description:
      - With O(state=rolled_back), until when the schedule leaves the account alone; until it is
        rotated by O(force) or O(rotation_id) when left out.
    type: str
  canary:
    description:
      - How many accounts are rotated before all others; if one of them fails, no other is begun.
    type: int
    default: 1
  max_failures:
    description:
      - How many accounts may fail before no other is begun.
    type: int
    default: 3
  key_delivery:
    description:
      - How the platform delivers a new pair. Required for Commvault, where it depends on the build.
        The first answer that contradicts it stops the endpoint.
      - With V(email) the pair goes to the user's address and into no secret store; such an account
        is C(delivered), and stands outside of what this module promises.
    type: str
    choices: [inline, email]
  return_secret:
    description:
      - Return the secret keys of the pairs that were made, as C(secret_key) in RV(accounts). Needs
        C(register). Without O(secret_store) it needs O(force), and nothing is under management.
    type: bool
    default: false
  journal:
    description:
      - A directory that gets one file of JSON lines per run, one line per transition of an account,
        chained by hashes. Never a secret.
    type: path
  strict:
    description:
      - Stop the list at the first account that fails.
    type: bool
    default: false
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
    secret_store:
      type: ansible_vault
      path: /srv/s3-credentials
    verify:
      s3_url: https://s3.example.com

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

- name: The new key does not work for a client, go back
  objectstore.credentials.s3_access_key_rotate:
    platform: ose
    user: backup
    state: rolled_back
    reason: CHG0031338
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
        V(unmanaged), V(unchanged), V(busy) (another run is at work), V(skipped), V(drifted) or
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
      description: More, such as the steps of a turn, unknown keys, suspects. Never a secret.
      type: dict
    failure:
      description: What went wrong, like RV(failure).
      type: dict
    secret_key:
      description: The new secret key.
      returned: if O(return_secret)
      type: str
totals:
  description: How many accounts met each action.
  returned: always
  type: dict
  sample: {rotated: 12, unchanged: 488, accounts: 500}
left_out:
  description: Accounts that O(all) left out, and why; the first hundred.
  returned: always
  type: dict
managed:
  description: Whether the accounts are under management, which needs O(secret_store).
  returned: always
  type: bool
secret_store:
  description: The kind of secret store that holds the pairs.
  returned: always
  type: str
run:
  description: The name of this run, as in records and journal.
  returned: always
  type: str
journal:
  description: The chain that this run wrote, its file, how many lines it has and its head.
  returned: always
  type: dict
not_known:
  description: What a rehearsal cannot know.
  returned: in check mode
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
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS


def main() -> None:
    """Run the module."""
    run(SPEC, PLATFORMS, rotate)


if __name__ == "__main__":
    main()
