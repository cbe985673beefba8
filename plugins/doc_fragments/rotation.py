# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts are rotated, when, and with how much care."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/rotation_options.py, SPEC."""

    DOCUMENTATION = r"""
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
      - The accounts. A bare word is a name, V(id:42) an identifier. A text in brackets is a list in
        JSON; any other text that is certainly a list or a dictionary is refused.
      - A dictionary has C(name) or C(id), and may have C(access_key), C(secret_key) (to import this
        pair), C(replaces), and whatever an entry of O(policies) may say, of that account alone.
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
  mirrors:
    description:
      - Other endpoints of the same platform that are to hold the same pair for every account, such
        as the other cluster of a disaster recovery pair. There is one record, under the name of the
        endpoint itself.
      - The pair is made and stored first, applied to the mirrors in their order, then to the
        endpoint itself, tried out at each, and promoted once. What was interrupted is finished with
        the same pair.
      - An entry is the name of an endpoint, or a dictionary with C(endpoint) and any option that
        says where that is and how to log in (C(api_url), C(svm), C(api_username), ...), and with
        C(s3_url) and C(bucket), where pairs are tried out; C(s3_url) is required unless
        O(verify.enabled) is false.
      - What an entry does not say comes from its endpoint's entry in the file of
        E(S3_CREDENTIALS_FILE). No URL and no login is taken from the endpoint itself or from other
        variables of the environment.
      - Refused where a platform takes no pair from its caller, and where a mirror cannot be
        reached, before anything is touched. See docs/mirrors.md.
    type: list
    elements: raw
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
  window:
    description:
      - When what cuts off clients may begin, such as V(sat,sun 22:00-04:00 Europe/Berlin); several
        separated by semicolons. That is replacing a key in place, decommissioning, and deleting a
        key that O(replaces) names to make room. At any time when left out.
      - Days are V(mon) to V(sun), ranges such as V(mon-fri), and V(daily), which none means; the
        day is that of the opening. Times are of the zone named last, or UTC.
      - What is due outside of it is C(skipped), and C(details.window) tells when it opens next and
        whether that is after O(max_age). Repairs of what is dead already, and O(compromised) keys,
        wait for no window.
    type: str
  disruption_time:
    description:
      - How long clients may be cut off. Nothing begins later than this before O(window) closes.
    type: str
    default: 5m
  write_plan:
    description:
      - In check mode, write what a real run would do to this file (0600), to be approved. RV(plan)
        tells its hash. It holds access keys and states, never a secret.
    type: path
  plan:
    description:
      - An approved plan, as O(write_plan) wrote it. Nothing that is not in it is touched; what is
        not, or has changed since, is C(skipped), and says why. What an interrupted run of the same
        plan left open is finished.
      - The file may hold the plans of many endpoints; the one of this O(platform), O(endpoint),
        O(shard) and O(state) counts. A file that is not as it was written is refused.
    type: path
  plan_hash:
    description:
      - The SHA-256 of the O(plan) that was approved; any other one is refused.
    type: str
  plan_max_age:
    description:
      - How long after it was made an O(plan) may be run; an older one is refused.
    type: str
    default: 7d
  rotation_id:
    description:
      - Rotate once for this identifier, such as V(2026-Q4), whatever the age of the keys; the
        record remembers the last ones. Where that was done, a key is due by its age as always.
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
      - Without O(users) and O(all) the accounts that have these keys are found, whatever their
        state, and count as named. The platform is asked whose a key is, then the records are
        searched. A key of nobody's fails alone, as C(not_found).
    type: list
    elements: str
    default: []
  reason:
    description:
      - Why this run is made, with any O(state); goes on record, into every line that the run writes
        to the journal, and into the result.
    type: str
  change:
    description:
      - The ticket of this change, such as V(CHG0031337); goes into the journal and the result
        beside O(reason).
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
  preflight:
    description:
      - Only rehearse, as check mode does, and prove the secret store writable, which check mode
        does not. For plays that look at all endpoints before they touch the first.
    type: bool
    default: false
  strict:
    description:
      - Stop the list at the first account that fails.
    type: bool
    default: false
"""
