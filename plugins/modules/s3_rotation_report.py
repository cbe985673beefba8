#!/usr/bin/python
# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report of a rotation over many endpoints: HTML, JSON, CSV and metrics."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_rotation_report
short_description: Write the report of a rotation over many endpoints
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Writes what became of the accounts of many endpoints as one HTML page for people and auditors,
    as JSON for programs and for merging, as CSV for spreadsheets, and as metrics for Prometheus.
  - It reads the files that O(objectstore.credentials.s3_access_key_rotate#module:report_path) and
    O(objectstore.credentials.s3_credential_info#module:report_path) name, and the journal. It
    asks no platform and no secret store, and needs none of their options.
  - The page needs nothing but itself. It holds no secret, and names of accounts come out as text
    whatever they hold.
  - The page docs/report.md of this collection says what each number means and which standard it
    answers to.
extends_documentation_fragment:
  - objectstore.credentials.attributes.controller
options:
  path:
    description:
      - The directory that the files are written to. It is made for its owner only if it is not
        there, and none above it.
    type: path
    required: true
  name:
    description:
      - What the files are called, without the end of the name.
    type: str
    default: report
  formats:
    description:
      - What is written; V(html), V(json), V(csv), and V(prometheus), whose file ends in C(.prom).
    type: list
    elements: str
    choices: [html, json, csv, prometheus]
    default: [html, json, csv, prometheus]
  prometheus_path:
    description:
      - Where the metrics go instead, such as into the directory of a textfile collector.
      - The time of the last success of each endpoint is carried over from the file that is there,
        so that a run that fails, or leaves an endpoint out, does not lose it.
    type: path
  endpoints:
    description:
      - What ran, a dictionary for each host; anything but C(platform) and C(endpoint) may be
        missing, as it is when a host failed early.
      - C(host), C(platform), C(endpoint), C(shard), C(title) and C(version) name it; C(facts) are
        those of C(platform_info).
      - C(mode) is V(rotate), V(audit), V(plan) or another word for what was done; C(check_mode),
        C(started_at) and C(ended_at) tell how and when.
      - C(report_path) is the file with a line for each account, or a list of the files of several
        calls, the last line of an account counting; C(accounts) may hold the lines instead.
      - C(totals), C(left_out), C(failure), C(warnings) and C(run) are those of the module's
        result; C(journal) too, with the directory as C(path); C(journals) lists those of further
        runs over the same host.
      - C(journal_checks) is what M(objectstore.credentials.s3_credential_info) returns as
        C(journal).
      - C(consumers) lists C(name), C(accounts), C(failed) and C(message).
      - C(is_planned) says that the lines are those of a preflight that no run followed.
      - C(policies) is the option of that name of the rotation. With it an account that was left
        out can have an exception.
    type: list
    elements: dict
    default: []
  missing_hosts:
    description:
      - Hosts that should have an entry in O(endpoints), or be in a report of O(merge), and failed
        before they had one. They are shown as failed, so that the report does not look complete
        without them. One that a report of O(merge) tells of is not missing.
    type: list
    elements: str
    default: []
  merge:
    description:
      - Earlier JSON reports to merge, such as those of the slices of one job. Of an account that
        stands in several the later run wins; all sums are counted anew.
    type: list
    elements: path
    default: []
  journal:
    description:
      - The directory of the journal. What it says of the runs in O(endpoints) is shown for each
        account, line by line, after each chain is checked against the head that the run returned.
      - Left out, the C(path) of each host's own journal is used.
    type: path
  write_plan:
    description:
      - Merge the plans that the entries of O(endpoints) name in C(plan_path) (each written by
        O(objectstore.credentials.s3_access_key_rotate#module:write_plan)) into this file.
    type: path
  title:
    description:
      - The title of the report.
    type: str
  reason:
    description:
      - Why the run was made.
    type: str
  change:
    description:
      - The ticket under which it was made.
    type: str
  max_age:
    description:
      - The limit of an account whose line names none.
    type: str
    default: 90d
"""

EXAMPLES = r"""
- name: Rotate one endpoint, every account into a file
  objectstore.credentials.s3_access_key_rotate:
    platform: ontap
    api_url: https://cluster1.example.com
    svm: svm-s3
    all: true
    report_path: /var/lib/s3-rotation/cluster1.jsonl
    journal: /var/log/s3-rotation
    secret_store: "{{ s3_secret_store }}"
    verify: {s3_url: "https://s3.example.com"}
  register: rotation
  ignore_errors: true

- name: Write the report
  objectstore.credentials.s3_rotation_report:
    path: /srv/www/s3-rotation
    prometheus_path: /var/lib/node_exporter/s3_rotation.prom
    journal: /var/log/s3-rotation
    endpoints:
      - platform: ontap
        endpoint: cluster1
        report_path: /var/lib/s3-rotation/cluster1.jsonl
        totals: "{{ rotation.totals }}"
        left_out: "{{ rotation.left_out | default({}) }}"
        failure: "{{ rotation.failure | default(omit) }}"
        run: "{{ rotation.run | default(omit) }}"
        journal: "{{ rotation.journal | default(omit) }}"
        ended_at: "{{ now(utc=true).isoformat() }}"

- name: Merge the reports of the slices of a job
  objectstore.credentials.s3_rotation_report:
    path: /srv/www/s3-rotation
    name: all-slices
    merge: "{{ query('ansible.builtin.fileglob', '/srv/slices/*.json') }}"
"""

RETURN = r"""
paths:
  description: Where each format was written.
  returned: success
  type: dict
  sample: {html: /srv/www/s3-rotation/report.html, json: /srv/www/s3-rotation/report.json}
status:
  description: >-
    V(act) if somebody must act, V(look) if somebody should look at something, otherwise V(good).
  returned: success
  type: str
status_line:
  description: The same as a sentence.
  returned: success
  type: str
  sample: 3 of 3 endpoints finished, 40 of 900 accounts changed, 3 accounts overdue
told:
  description: What failed and what changed, an account a line, failures first; the first twenty.
  returned: success
  type: list
  elements: str
  sample: ["cloud1: backup AKEXAMPLE2: rotated: due since 2026-11-20"]
plan:
  description: The plan of all endpoints, its C(path) and C(sha256); null where none has a plan.
  returned: if O(write_plan)
  type: dict
summary:
  description: >-
    The figures of the report, and its C(findings), each with C(id), C(level), C(title), C(count)
    and C(next_step).
  returned: success
  type: dict
  sample: {accounts: 1200, compliant: 1190, compliant_percent: 99.1, overdue: 3, findings: []}
failure:
  description: What went wrong, as the other modules of this collection return it.
  returned: on failure
  type: dict
accounts:
  description: Stands beside C(failure) as with the other modules; empty.
  returned: on failure
  type: list
  elements: dict
totals:
  description: Stands beside C(failure) as with the other modules; empty.
  returned: on failure
  type: dict
"""

from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_call import (
    SPEC,
    write_report,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.front_controller import run


def main() -> None:
    """Run the module."""
    run(SPEC, write_report)


if __name__ == "__main__":
    main()
