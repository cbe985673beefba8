#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List S3 accounts and access keys with age and compliance, never with a secret."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_credential_info
short_description: List S3 accounts and access keys with age and compliance, never with a secret
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Lists the accounts of an endpoint and their access keys with status, creation date, age, last
    use, expiry, and whether they comply with O(max_age).
  - Never returns a secret, also where the platform hands it out with every listing.
  - What the platform does not tell is V(unknown), never guessed. With O(secret_store) the record
    of each account is read too, without opening a secret. It tells whether the account is under
    management, which of its keys the record holds, and how old a key is where the platform does
    not tell.
extends_documentation_fragment:
  - objectstore.credentials.attributes.info
  - objectstore.credentials.connection
  - objectstore.credentials.platforms
  - objectstore.credentials.secret_store
  - objectstore.credentials.policies
options:
  users:
    description:
      - The accounts to list. An entry is a name, an identifier such as V(id:42), or a dictionary
        with C(name) or C(id).
      - A bare string is split at commas; for a name that holds a comma pass a list. A text in
        brackets is a list in JSON.
    type: list
    elements: raw
    aliases: [user]
  all:
    description:
      - List all accounts of the endpoint, but for suspended ones and those that the platform
        reserves; RV(left_out) names them.
    type: bool
    default: false
  exclude:
    description:
      - Names, or identifiers as V(id:42), to leave out under O(all).
    type: list
    elements: str
    default: []
  max_age:
    description:
      - The age that an active access key must not exceed, such as V(90d) or V(12w), unless
        O(policies) says otherwise of its account.
    type: str
    default: 90d
  last_used:
    description:
      - Also tell when a key was last used, where that costs one more request for each key.
    type: bool
    default: false
  allow_side_effects:
    description:
      - Permit a listing that can itself make an access key, as on a Scality OSIS adapter. Never
        done in check mode.
    type: bool
    default: false
  strict:
    description:
      - Stop at the first account that fails. Otherwise a missing account fails alone.
    type: bool
    default: false
  journal:
    description:
      - The directory of a journal that O(endpoint)'s rotations were written to, on the machine that
        runs the module. Each of its chains is checked, and RV(journal) tells what was found.
      - With O(secret_store) they are compared with the heads that it keeps, so that a chain that
        was cut, written anew or taken away shows too; without, each is only checked by itself.
    type: path
"""

EXAMPLES = r"""
- name: Which keys of this cluster are older than 90 days
  objectstore.credentials.s3_credential_info:
    platform: ontap
    api_url: https://cluster1.example.com
    svm: svm-s3
    all: true
  register: keys

- name: Name the accounts that do not comply
  ansible.builtin.debug:
    msg: "{{ old | map(attribute='account') }}"
  vars:
    old: "{{ keys.accounts | selectattr('compliance', 'eq', 'non_compliant') }}"

- name: The same for ten thousand accounts, for a program to read
  objectstore.credentials.s3_credential_info:
    platform: ontap
    api_url: https://cluster1.example.com
    svm: svm-s3
    all: true
    parallelism: 32
    report_path: "/var/lib/s3-audit/{{ inventory_hostname }}.jsonl"

- name: Two accounts, with last use
  objectstore.credentials.s3_credential_info:
    platform: huawei
    users: [backup, "id:0760a1b2c3d4e5f60718293a4b5c6d7e"]
    last_used: true

- name: The same, with what the records say
  objectstore.credentials.s3_credential_info:
    platform: huawei
    endpoint: eu-de
    all: true
    secret_store: "{{ s3_secret_store }}"
  register: audit

- name: Name the accounts that are not under management
  ansible.builtin.debug:
    msg: "{{ known | selectattr('record.state', 'eq', 'unmanaged') | map(attribute='account') }}"
  vars:
    known: "{{ audit.accounts | selectattr('record') }}"

- name: Prove that the journal is as it was written
  objectstore.credentials.s3_credential_info:
    platform: ontap
    endpoint: cluster1
    all: true
    journal: /srv/s3-journal
    secret_store: "{{ s3_secret_store }}"
  register: audit
  failed_when: audit is failed or audit.totals.journal_unsound > 0
"""

RETURN = r"""
accounts:
  description: One entry for each account, but for what O(report_path) leaves out.
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
      description: V(listed), V(failed) or V(skipped).
      type: str
    enabled:
      description: Whether the account is enabled; null where the platform does not tell.
      type: bool
    compliance:
      description: >-
        V(non_compliant) if an active key is too old, else V(insufficient_data) if the age of one is
        unknown, else V(compliant), or V(not_applicable) without an active key. Where no keys are
        listed, it is that of the record's current key.
      type: str
    managed:
      description: Whether a record holds a current key of it; null if it failed.
      returned: when O(secret_store) is set
      type: bool
    record:
      description:
        - What its record says, never with a secret; null if it failed. C(state) is V(unmanaged)
          (no record, or no current key in it), V(decommissioned), V(pending) (a rotation is not
          finished), V(delivered) (the current pair went out by e-mail), V(retiring) (managed, and
          an old key has not come to its end), or else V(managed).
        - C(access_key), C(created_at), C(age), C(age_days), C(expires_at), C(acknowledged),
          C(acknowledged_at), C(verified) and C(verified_at) tell of the current key; C(retiring)
          lists old keys with their dates; C(pending_since) tells when an unfinished rotation began,
          C(on_hold) whether a rollback holds the schedule back, C(suspects) which keys appeared
          while a call went unanswered.
      returned: when O(secret_store) is set
      type: dict
    policy:
      description:
        - What it is held against; C(max_age), C(grace_period) and C(soak_period) (null where
          O(policies) does not tell), C(owner), C(contact), C(application), C(window), and
          C(exception) with C(reason), C(approver), C(until) and C(expired).
      returned: when O(policies) is set, and in the file of O(report_path)
      type: dict
    access_keys:
      description: Its access keys.
      type: list
      elements: dict
      contains:
        access_key:
          description: The access key.
          type: str
        status:
          description: V(active) or V(inactive).
          type: str
        created_at:
          description: When it was created, in UTC, by the platform or the record; null if unknown.
          type: str
        age:
          description: Its age in whole days such as V(95d), or V(unknown).
          type: str
        age_days:
          description: The same as a number, or null.
          type: int
        last_used:
          description: When it was last used, in UTC; V(never), or V(unknown).
          type: str
        expires_at:
          description: When it stops working by itself, in UTC.
          type: str
        expired:
          description: Whether it has stopped working by itself.
          type: bool
        description:
          description: Its description, where the platform has one.
          type: str
        held:
          description: What the record says of it; V(current), V(pending), V(retiring), V(unknown).
          returned: when O(secret_store) is set
          type: str
        immutable:
          description: Whether the platform keeps it for itself.
          type: bool
        slot:
          description: Which of several places it sits in, where there are such.
          type: int
        compliance:
          description: V(compliant), V(non_compliant), V(insufficient_data) or V(not_applicable).
          type: str
        why:
          description: Why this verdict.
          type: str
        details:
          description: The platform's own details. Never a secret.
          type: dict
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
      description: Why no keys are listed, or why it failed.
      type: str
    details:
      description: The platform's own details of the account. Never a secret.
      type: dict
    failure:
      description: What went wrong, like RV(failure).
      type: dict
left_out:
  description: >-
    The accounts that O(all) left out, each with the reason. The first 100; RV(totals) counts them
    all.
  returned: unless the call failed as a whole
  type: dict
  sample:
    root: reserved by the platform; name it to include it
platform_info:
  description: What the endpoint is and what it can do.
  returned: unless the call failed as a whole
  type: dict
  contains:
    platform:
      description: The platform.
      type: str
    title:
      description: What the vendor calls it.
      type: str
    product:
      description: What the endpoint calls itself.
      type: str
    version:
      description: Its version, where it tells.
      type: str
    facts:
      description:
        - What this endpoint can do, as this collection sees it. Whether an old and a new key work
          side by side (C(overlap)), whether a key can be disabled and deleted (C(can_disable),
          C(can_delete)), whether the caller may choose the pair (C(can_choose_pair)), what proves
          a new key ours (C(label), null where nothing does), how many keys a user has at most
          (C(max_keys), null where no limit is known).
        - Whether it tells access keys, when they were made and when they were last used
          (C(shows_access_key), C(tells_created), C(tells_last_used)), when a secret comes back
          (C(secret_comes_back)), whether an empty listing means that there is nothing
          (C(listing_is_proof)), whether a listing may itself make a key
          (C(listing_has_side_effect)).
        - C(cannot_disable_because) and C(cannot_describe_because), only where that is so.
      type: dict
      sample:
        overlap: false
        can_disable: false
        can_delete: true
        max_keys: 1
        cannot_disable_because: ONTAP has no switch for a key
    details:
      description: The platform's own details.
      type: dict
totals:
  description: Counts of accounts and keys, by status, by compliance, and of what was left out.
  returned: always
  type: dict
  sample: {accounts: 12, access_keys: 14, active: 13, inactive: 1, compliant: 10, non_compliant: 2}
journal:
  description: >-
    The chains of the journal, one a run; those that are not sound come first, then at most 200
    others; RV(totals) counts them as C(journal_chains) and C(journal_unsound). Each has C(chain),
    C(file), C(lines), C(head), C(message), C(at_line), and C(state), which is V(intact), V(unknown)
    (whole, but the secret store has no head of it), V(torn) (half a last line, as a killed run
    leaves it), or one of the unsound V(cut), V(broken), V(missing).
  returned: when O(journal) is set
  type: list
  elements: dict
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

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    SPEC,
    audit,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.front import run
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import (
    PLATFORMS,
    SCOPES,
)


def main() -> None:
    """Run the module."""
    run(SPEC, PLATFORMS, audit, SCOPES)


if __name__ == "__main__":
    main()
