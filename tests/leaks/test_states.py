# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module leaves behind, in each of its states, with a fact cache that is on."""

from __future__ import annotations

from typing import Any

from .lab import Lab
from .outcome import FQCN
from .scenarios import covers

_STORE = "module s3_secret_store"


@covers(
    f"{_STORE}: checked",
    f"{_STORE}: rekeyed",
    f"{_STORE}: copied",
    "module s3_secret_store",
    "module ontap_s3_user",
    "module ontap_s3_user: present",
    "module ontap_s3_user: absent",
    "module s3_credential_info",
    "module s3_credential_status",
    "module s3_credential_status: active",
    "module s3_credential_status: inactive",
    "module s3_access_key_rotate",
    "module s3_vault",
    "way: a fact cache",
)
def test_every_module_in_every_state(lab: Lab) -> None:
    lab.add("backup", "commvault", "inline")
    lab.add_vault()
    new = "New/vault+password, 4CanaryOfTheNewVault"
    lab.learn("new vault password", new)
    rekeyed = {**lab.files, "vault_password_file": str(lab.hold("new-password", new))}
    user = {**lab.plain("cluster"), "name": "app-0009", "allow_disruption": True}
    key = sorted(lab.endpoints["adapter"].simulator.access_keys())[0]
    status = {**lab.plain("adapter"), "access_keys": [key], "allow_disruption": True}
    # A result of each goes into the fact cache, as somebody's play would keep it.
    calls: list[tuple[str, dict[str, Any]]] = [
        ("ontap_s3_user", {**user, "secret_store": lab.files}),
        ("s3_credential_info", {**lab.plain("cluster"), "all": True, "secret_store": lab.files}),
        # Of a user that has no record.
        ("ontap_s3_user", {**user, "name": "app-0002", "state": "absent"}),
        ("s3_credential_status", {**status, "status": "inactive"}),
        ("s3_credential_status", {**status, "status": "active"}),
        ("s3_vault", {**lab.plain("backup"), "name": "v", "plan": "sp1", "owners": ["app-0001"]}),
        ("s3_secret_store", {"secret_store": lab.files, "open_secrets": True}),
        (
            "s3_secret_store",
            {
                "secret_store": lab.files,
                "state": "rekeyed",
                "new_vault_password_file": rekeyed["vault_password_file"],
            },
        ),
        (
            "s3_secret_store",
            {"secret_store": rekeyed, "state": "copied", "destination": lab.kv2},
        ),
    ]
    tasks = [lab.rotation("cluster", users=["app-0001"], register="kept_0")]
    for number, (module, options) in enumerate(calls, 1):
        tasks.append({"name": module, FQCN + module: options, "register": f"kept_{number}"})
    kept = "{{ [" + ", ".join(f"kept_{number}" for number in range(len(tasks))) + "] }}"
    tasks.append({"ansible.builtin.set_fact": {"kept": kept, "cacheable": True}})
    done = lab.run(tasks, "--diff", variables={"vault_token": lab.vault_token})
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()
