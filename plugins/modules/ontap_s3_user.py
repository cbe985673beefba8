#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change or delete ONTAP S3 users and their keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ontap_s3_user
short_description: Create, change or delete ONTAP S3 users and their keys
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Brings S3 users of an ONTAP SVM to a state - there or not, comment, keys. Takes one user or a
    list, over one login and kept connections, several users at a time.
  - ONTAP shows the secret of a key once, when it is made. So what makes a key needs
    O(secret_store), which keeps the pair, or O(return_secret); and what ends a working key needs
    O(allow_disruption). Without them the whole call is refused before anything is touched.
  - With O(secret_store) a key is made as M(objectstore.credentials.s3_access_key_rotate) makes it,
    but for the verification. Its intent stands in the user's record before the call, the pair right
    after it (from 9.16.1 on before it), and a run that was killed is finished by the next. What a
    record holds is neither deleted nor overwritten past it (V(held_by_record)).
  - Works with ONTAP 9.7 and later, gated by the release that the cluster reports.
    O(key_time_to_live) and O(delete_keys) need 9.14.1, O(access_key) with O(secret_key) 9.16.1,
    O(key_id) 9.19.1.
  - O(regenerate_keys) is a one-shot option; a task with it makes a new key at every run. Leave it
    out of tasks that run on a schedule.
extends_documentation_fragment:
  - objectstore.credentials.attributes
  - objectstore.credentials.connection
  - objectstore.credentials.ontap
  - objectstore.credentials.secret_store
  - objectstore.credentials.secret_store.ephemeral
options:
  platform:
    description:
      - The kind of object store. There is only one choice; the option is here so that defaults for
        all modules fit this one too.
    type: str
    choices: [ontap]
    default: ontap
  state:
    description:
      - V(present) creates a user that is missing, with its first key. V(absent) deletes the user
        with its keys.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The user or users, compared exactly; two names that differ only in case are one user to
        ONTAP.
      - A bare string is split at commas, which a name may hold; pass a list for such a name.
    type: list
    elements: str
    required: true
  comment:
    description:
      - The comment, at most 256 characters. An empty string clears it; left out, it stays as it is.
    type: str
  key_time_to_live:
    description:
      - How long a key that is made works, such as V(90d), V(12h) or V(P90D); at most V(1095d), or
        the maximum of the S3 service. V(0s) is for ever.
      - ONTAP sets it only when a key is made. For a key that is there and has another lifetime, the
        task fails and says so. It counts from the moment the key is made.
      - When left out, a key made in place of another keeps that one's lifetime, cut to the maximum
        of the service; a new user's key gets that maximum, or works for ever where there is none.
    type: str
  regenerate_keys:
    description:
      - Make a new key in place of the present one, which stops working at once. A user that is
        missing is created once, with its first key.
      - With O(secret_store) the user is rotated. From 9.19.1 on the new key takes the free place,
        and the old one works until its grace period is over; a user that no record holds is taken
        over. Nothing is made while the consumers have not acknowledged the key before.
    type: bool
    default: false
  delete_keys:
    description:
      - Delete the key and keep the user. Without a key, nothing changes.
    type: bool
    default: false
  access_key:
    description:
      - Your own access key, of the characters 0-9 and A-Z, together with O(secret_key); for one
        user only. A user that has this access key already stays unchanged.
      - ONTAP does not show secrets, so a changed O(secret_key) of the same O(access_key) is only
        set together with O(regenerate_keys=true).
    type: str
  secret_key:
    description:
      - The secret key that belongs to O(access_key). Pass a variable from a vault.
    type: str
  key_id:
    description:
      - Which of a user's two keys is meant. Needed with O(regenerate_keys), O(delete_keys) or
        O(access_key) if the user has two keys; with V(2) and no second key yet, that one is made
        and the first goes on working.
      - With O(secret_store) only O(delete_keys) has it; the record decides about the others.
    type: int
    choices: [1, 2]
  return_secret:
    description:
      - Return the secret of a key that is made, as RV(accounts[].secret_key). Required for all that
        makes a key without O(secret_store). A result with a secret is kept off the terminal and the
        log; C(register) has it.
    type: bool
    default: false
  allow_disruption:
    description:
      - Permit ending a working key, which cuts off every client that uses it.
    type: bool
    default: false
  strict:
    description:
      - Stop at the first user that fails. Otherwise a user fails alone.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Two users, their pairs kept in the secret store and under management from the start
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    endpoint: cluster1
    svm: svm-s3
    name: [backup, archive]
    secret_store:
      type: ansible_vault
      path: /srv/s3-secrets
      vault_password_file: /etc/s3/vault-password

- name: Two users whose keys stop working after 90 days
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    svm: svm-s3
    name: [backup, archive]
    comment: Veeam, CHG0031337
    key_time_to_live: 90d
    return_secret: true
  register: made

- name: A new key for one user; the old one stops working at once
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    svm: svm-s3
    name: backup
    regenerate_keys: true
    return_secret: true
    allow_disruption: true
  register: made

- name: New keys for several users, kept for those that succeeded if one fails
  block:
    - name: Regenerate the keys
      objectstore.credentials.ontap_s3_user:
        api_url: https://cluster1.example.com
        svm: svm-s3
        name: [backup, archive]
        regenerate_keys: true
        return_secret: true
        allow_disruption: true
      register: made
  always:
    - name: Write each pair to its own file
      ansible.builtin.copy:
        dest: "/etc/s3/{{ item.account }}.json"
        content: "{{ {'access_key': item.access_key, 'secret_key': item.secret_key} | to_json }}"
        mode: "0600"
      loop: "{{ made.accounts | selectattr('secret_key', 'defined') | selectattr('secret_key') }}"
      no_log: true
      diff: false

- name: A second key beside the first (ONTAP 9.19.1 and later)
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    svm: svm-s3
    name: backup
    key_id: 2
    regenerate_keys: true
    return_secret: true
  register: made

- name: The same pair as on the other cluster (ONTAP 9.16.1 and later)
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster2.example.com
    svm: svm-s3-dr
    name: backup
    access_key: "{{ vaulted_access_key }}"
    secret_key: "{{ vaulted_secret_key }}"
    return_secret: true
    allow_disruption: true

- name: Clear a comment
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    svm: svm-s3
    name: backup
    comment: ""

- name: Delete a user that a client may still use
  objectstore.credentials.ontap_s3_user:
    api_url: https://cluster1.example.com
    svm: svm-s3
    name: archive
    state: absent
    allow_disruption: true
"""

RETURN = r"""
accounts:
  description: One entry for each user, in the order given, but for what O(report_path) and
    O(report_unchanged) leave out.
  returned: always
  type: list
  elements: dict
  contains:
    account:
      description: Name of the user.
      type: str
    account_id:
      description: Always null here; ONTAP's users have no identifier beside their name.
      type: str
    action:
      description: >-
        V(created), V(rotated) (a key was made for a user that was there), V(updated) (comment set,
        or key deleted), V(deleted) (the user), V(unchanged), V(failed), or V(skipped) (not touched
        after a failure or refusal). With O(secret_store) also V(resumed) and V(recovered) (what an
        earlier run left was finished), V(busy) and V(drifted). In check mode, what would be done.
      type: str
    access_key:
      description: The access key made, or else the first one of the user.
      type: str
    secret_key:
      description: >-
        The secret key of a key that was made. Null if none was made, in check mode, and when it was
        you who gave it.
      returned: when O(return_secret=true)
      type: str
    previous_access_key:
      description: The access key that was replaced or deleted.
      type: str
    created_at:
      description: When the key was made, in UTC, as far as it is known.
      type: str
    due_at:
      description: Always null here.
      type: str
    why:
      description: Why this action.
      type: str
    details:
      description: The user afterwards. Never a secret.
      type: dict
      contains:
        comment:
          description: Its comment; null if there is no user.
          type: str
        access_keys:
          description: >-
            Its keys, each with C(access_key) (null where check mode cannot know it), C(key_id)
            (null before 9.19.1), C(key_time_to_live) (null if it works for ever) and C(expires_at).
          type: list
          elements: dict
    acknowledged:
      description: >-
        Whether the consumers are known to have the current key, as in
        M(objectstore.credentials.s3_access_key_rotate).
      returned: with O(secret_store), of a user whose key is made
      type: bool
    failure:
      description: What went wrong, like RV(failure).
      type: dict
totals:
  description: How many users met each action.
  returned: always
  type: dict
  sample: {created: 1, unchanged: 2}
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
      description: The user that it concerns.
      type: str
    step:
      description: What was being done.
      type: str
    http_status:
      description: The HTTP status of the answer.
      type: int
    code:
      description: ONTAP's own code.
      type: str
    message:
      description: What happened.
      type: str
    details:
      description: More of the platform's own words.
      type: dict
    alive:
      description: Which access key is known to be alive now.
      type: str
    next_step:
      description: What to do.
      type: str
"""

from typing import Optional, cast

from ansible_collections.objectstore.credentials.plugins.module_utils.custody import (
    CUSTODY,
    Custody,
    in_custody,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.front import Job, run
from ansible_collections.objectstore.credentials.plugins.module_utils.options import ArgumentSpec
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap import Ontap
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_custody import (  # noqa: E501  # the import's own length
    Keeping,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_plans import (
    Wanted,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_users import (
    set_users,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome

SPEC = CUSTODY | ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "list", "elements": "str", "required": True},
        "comment": {"type": "str"},
        "key_time_to_live": {"type": "str", "no_log": False},
        "regenerate_keys": {"type": "bool", "default": False},
        "delete_keys": {"type": "bool", "default": False},
        "access_key": {"type": "str", "no_log": False},
        "secret_key": {"type": "str", "no_log": True},
        "key_id": {"type": "int", "choices": [1, 2], "no_log": False},
        "return_secret": {"type": "bool", "default": False},
        "allow_disruption": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
    },
    required_together=(("access_key", "secret_key"),),
)


def operation(job: Job) -> Outcome:
    """Bring the users to the state that the options name."""
    platform, wanted = cast(Ontap, job.platform), Wanted.parse(job.params)

    def bring(custody: Optional[Custody]) -> Outcome:
        return set_users(
            platform,
            wanted,
            check_mode=job.check_mode,
            parallelism=job.parallelism,
            progress=job.progress,
            shard=job.shard,
            keeping=Keeping(platform, wanted, custody) if custody else None,
        )

    return in_custody(job, bring)


def main() -> None:
    """Run the module."""
    run(SPEC, {Ontap.name: Ontap}, operation)


if __name__ == "__main__":
    main()
