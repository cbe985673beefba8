#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look after a secret store: prove it usable, change its vault password, copy it to another."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_secret_store
short_description: Check, rekey or copy the secret store that holds access keys
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Looks after the records that M(objectstore.credentials.s3_access_key_rotate) keeps, without a
    request to any platform.
  - V(checked) proves that the store can be used, and reads each of its records.
  - V(rekeyed) encrypts every secret key of the type V(ansible_vault) with a new vault password.
  - V(copied) moves records to another secret store of any type, and leaves a pointer behind.
  - Each record is a turn of its own, under the same lease as a rotation. A run that was killed is
    finished by the next one; one that has nothing to do changes nothing.
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.secret_store
  - objectstore.credentials.secret_store.ephemeral
  - objectstore.credentials.secret_store.destination
options:
  state:
    description:
      - V(checked) writes, reads and removes something that is no record, takes and gives back a
        lease, and reads every record. What cannot be read fails alone, with what to do. In check
        mode it only reads.
      - V(rekeyed) needs the old and the new vault password, and encrypts with a fresh salt what is
        not encrypted with the new one yet. Only V(ansible_vault) has a password to change. Once a
        run over the whole store has found nothing old any more, the store refuses runs that have
        none but the old password.
      - V(copied) needs O(destination). A record is held still, copied, read back and compared with
        its secrets, and becomes a pointer. From then on the old place refuses to be read or
        written, with the kind C(store_moved) and the new place. While the copy is under way
        consumers go on reading the old place, and rotations wait.
      - To go back, copy in the other direction.
    type: str
    default: checked
    choices: [checked, rekeyed, copied]
  platform:
    description:
      - Only the records of this platform. All, where it is left out.
    type: str
    # Made by tools/sync.py.
    choices: [aws, ceph_rgw, commvault, huawei, ontap, ose, storagegrid]
    # End.
  endpoint:
    description:
      - Only the records of this endpoint. All, where it is left out; it is not filled with the name
        of the host. In a play over many hosts either set it to V({{ inventory_hostname }}), or run
        the task once for the whole store (C(run_once)).
    type: str
  shard:
    description:
      - Only the records of one part of the accounts, such as V(3/8), as in the other modules.
    type: str
  open_secrets:
    description:
      - With O(state=checked), also decrypt every secret key and tell what opens it. With
        V(ansible_vault) that takes about 5 ms for each.
    type: bool
    default: false
  journal:
    description:
      - The directory of a journal. With O(state=checked) its chains are compared with the heads in
        the secret store, those of O(platform) and O(endpoint) or all, and RV(journal) tells what
        was found. No platform is asked.
      - Its folder C(escrow) is looked into for pairs that no run has taken back; without a journal,
        that of whoever runs the module.
    type: path
  new_vault_password_file:
    description:
      - With O(state=rekeyed), a file that holds the new vault password, or a script that prints it;
        V(label@path) gives it a label.
      - Without it, the password that the store encrypts with, by O(secret_store.vault_id) or by its
        place as the first, is the new one.
    type: path
  new_vault_id:
    description:
      - With O(state=rekeyed), the label of the new password; without O(new_vault_password_file) it
        names one of those that are at hand.
    type: str
  destroy:
    description:
      - With O(state=copied), destroy the secret keys in the source once the copy has been read at
        its new place. Otherwise they stay below the pointer, and are out of use.
      - Can be set in a later run.
    type: bool
    default: false
  undo:
    description:
      - With O(state=copied), take the pointers away from the source, of those records that
        O(destination) has not. For a destination that is lost; what was rotated there is lost with
        it. Otherwise copy back, with the two stores exchanged.
    type: bool
    default: false
  parallelism:
    description:
      - How many records at a time; 1 to 64.
    type: int
    default: 8
  progress:
    description:
      - Show every few seconds how far a long list is, on standard error.
    type: bool
    default: true
  report_path:
    description:
      - Write one line of JSON per record into this file, on the machine that runs the module. The
        result then holds only failures (the first 200).
    type: path
  report_unchanged:
    description:
      - Whether records without a finding or a change are returned. Otherwise they are only counted.
    type: bool
    default: false
notes:
  - Runs on the controller; use C(connection=local) or C(delegate_to=localhost).
"""

EXAMPLES = r"""
- name: Prove that the secret store is usable, before anything is rotated
  objectstore.credentials.s3_secret_store:
    secret_store: "{{ s3_secret_store }}"
    endpoint: "{{ inventory_hostname }}"

- name: Is every secret still readable, and the journal as it was written
  objectstore.credentials.s3_secret_store:
    secret_store: "{{ s3_secret_store }}"
    open_secrets: true
    journal: /srv/s3-journal
    report_path: /var/lib/s3-audit/store.jsonl
  run_once: true
  register: store
  failed_when: store is failed or store.totals.journal_unsound > 0

- name: Change the vault password
  objectstore.credentials.s3_secret_store:
    state: rekeyed
    secret_store:
      type: ansible_vault
      path: /srv/credentials
      vault_password_file: /etc/ansible/vault-password
    new_vault_password_file: /etc/ansible/vault-password.new
  run_once: true

- name: Move to HashiCorp Vault, one platform first
  objectstore.credentials.s3_secret_store:
    state: copied
    platform: ontap
    secret_store:
      type: ansible_vault
      path: /srv/credentials
    destination:
      type: vault_kv2
      url: https://vault.example.com:8200
  run_once: true
"""

RETURN = r"""
accounts:
  description: One entry for each record, but for what O(report_unchanged) and O(report_path) leave
    out.
  returned: always
  type: list
  elements: dict
  contains:
    platform:
      description: The platform of the record; null for what lies there and is no record.
      type: str
    endpoint:
      description: The endpoint of the record.
      type: str
    account:
      description: Name of the account.
      type: str
    account_id:
      description: The platform's identifier of the account.
      type: str
    action:
      description: >-
        V(unchanged) (with O(state=checked) all that can be read), V(rekeyed), V(copied),
        V(rolled_back) (with O(undo)), V(busy) (another run is at work on it), V(skipped) or
        V(failed).
      type: str
    access_key:
      description: The current access key by the record.
      type: str
    created_at:
      description: When it was made.
      type: str
    why:
      description: What was found or done.
      type: str
    details:
      description: >-
        With O(state=checked) C(state), C(serial) (how often it was written), C(secrets) (how many),
        C(opened_with), C(open_since) (when an unfinished step began), C(moved_to),
        C(journal_lines_waiting), and C(record) as in
        M(objectstore.credentials.s3_credential_info). Never a secret.
      type: dict
    previous_access_key:
      description: Always null here.
      type: str
    due_at:
      description: Always null here.
      type: str
    failure:
      description: What went wrong, like RV(failure).
      type: dict
totals:
  description: >-
    Counts of records by action. With O(state=checked) also by state, of unfinished steps that are
    older than a day (C(stuck)), of escrow files, of opened secrets, and of the journal's chains.
  returned: always
  type: dict
  sample: {accounts: 12, unchanged: 12, managed: 10, retiring: 2, stuck: 0, escrow_files: 0}
secret_store:
  description: The type and the place of the store, without a login.
  returned: success
  type: dict
destination:
  description: The same of O(destination).
  returned: with O(state=copied)
  type: dict
proven:
  description: What was proven of the store; C(read), C(write) and C(lease). Check mode only reads.
  returned: with O(state=checked)
  type: dict
oldest:
  description: The record whose current key is the oldest; C(platform), C(endpoint), C(account) and
    C(created_at).
  returned: with O(state=checked)
  type: dict
newest:
  description: The one whose current key is the newest.
  returned: with O(state=checked)
  type: dict
opened_with:
  description: How many secret keys each password opened.
  returned: with O(open_secrets)
  type: dict
  sample: {"vault_password_file /etc/ansible/vault-password": 24}
escrow_files:
  description: Files with pairs that no run has taken back yet.
  returned: with O(state=checked)
  type: list
  elements: str
journal:
  description: >-
    The chains of the journal, as in M(objectstore.credentials.s3_credential_info).
  returned: when O(journal) is set, with O(state=checked)
  type: list
  elements: dict
journal_heads:
  description: How many heads of the journal's chains the destination has got.
  returned: with O(state=copied)
  type: int
old_passwords:
  description: >-
    Whether old vault passwords still open the store, V(accepted), or not, V(refused). They are
    refused after a run over the whole store.
  returned: with O(state=rekeyed)
  type: str
not_known:
  description: What only a real run proves.
  returned: in check mode, with O(state=checked)
  type: list
  elements: str
report_path:
  description: The file that holds every record.
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
      description: The platform of the record.
      type: str
    endpoint:
      description: The endpoint of the record.
      type: str
    account:
      description: The account that it concerns.
      type: str
    step:
      description: What was being done.
      type: str
    http_status:
      description: The HTTP status of the secret store's answer.
      type: int
    code:
      description: The secret store's own code.
      type: str
    message:
      description: What happened.
      type: str
    details:
      description: More of it. Never a secret.
      type: dict
    alive:
      description: Where the pair is that counts.
      type: str
    next_step:
      description: What to do.
      type: str
"""

from ansible_collections.objectstore.credentials.plugins.module_utils.front_bare import (
    run_bare,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_call import (
    SPEC,
    look_after,
)


def main() -> None:
    """Run the module."""
    run_bare(SPEC, look_after)


if __name__ == "__main__":
    main()
