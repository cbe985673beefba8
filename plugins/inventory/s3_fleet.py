# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a short file of endpoints into the hosts of a fleet."""

from __future__ import annotations

DOCUMENTATION = r"""
name: s3_fleet
short_description: The endpoints of a fleet as hosts
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Makes one host of each endpoint, or several of a big one, each with a stable part of its
    accounts.
  - The name of the source file ends in C(s3_fleet.yml) or C(s3_fleet.yaml).
  - Every option of M(objectstore.credentials.s3_access_key_rotate) becomes the host variable
    C(s3_rotate_<option>). C(s3_rotate_endpoint) is always set, to the name of the endpoint. The
    hosts run modules on the controller, with the Python that runs Ansible.
  - All hosts are in the group C(s3_endpoints), and those of a platform in
    C(s3_platform_<platform>), a child of it.
  - In an export (C(ansible-inventory --export), which is what AWX asks for) the variable
    C(s3_fleet_groups_<file>) of the group C(all) says which groups and hosts there are, for slices
    of a job, which have some of them.
  - No platform is asked for anything unless O(ask=true).
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [objectstore.credentials.s3_fleet]
  endpoints:
    description:
      - Name of the endpoint to its options. Records hang on the name, so it must not change.
      - A value may be a template or a C(!vault) value, as in any inventory, and is filled in when
        it is used. A secret in plain text is refused.
      - Takes every option of M(objectstore.credentials.s3_access_key_rotate) but C(endpoint) and
        C(shard), and those of O(defaults).
    type: dict
    required: true
  defaults:
    description:
      - Options of all endpoints. Those that a platform does not have are left out for its
        endpoints. C(verify) and C(secret_store) are filled suboption by suboption, a secret store
        only from one of the same type.
      - C(s3_url), C(bucket), C(region) and C(addressing_style) are short for the suboptions of
        C(verify).
      - C(shards) makes so many hosts of an endpoint, called C(cluster1-shard-03-of-08) and so on.
      - C(accounts_file), only of an endpoint, is like O(accounts_file), for it alone.
      - C(policies) is a list of rules for accounts, see O(accounts_file). An endpoint's own come
        first, then those of its file, then the defaults, then O(accounts_file).
      - C(vars) are other host variables.
    type: dict
    default: {}
  accounts_file:
    description:
      - A file with policies of accounts, relative to the source file, in YAML or JSON. It becomes
        C(s3_rotate_policies).
      - A list of entries, each with C(name), C(id) or C(match) (a shell pattern) and any of
        C(max_age), C(grace_period), C(soak_period), C(window), C(exception), C(owner), C(contact),
        C(application), C(bucket) and C(s3_url); C(endpoint), a name or a shell pattern, says which
        endpoints an entry is for.
      - Its texts are data, never templates, and may hold no secrets.
    type: str
  ask:
    description:
      - Logs in to every endpoint, as the modules would, and reads what it is and how many accounts
        C(all) would take. Nothing is changed. With O(cache) the answers are kept.
      - Sets the host variables C(s3_fleet_reachable), C(s3_fleet_product), C(s3_fleet_version),
        C(s3_fleet_accounts), C(s3_fleet_facts) and C(s3_fleet_asked_at), and puts the host into
        C(s3_overlap) or C(s3_in_place).
      - An endpoint that does not answer is warned about, put into C(s3_unreachable), and its
        C(s3_fleet_failure) says why.
      - Logins come from the file, from E(S3_CREDENTIALS_FILE) and from the environment; variables
        of C(group_vars) and C(host_vars) are not known here.
    type: bool
    default: false
"""

EXAMPLES = r"""
# fleet.s3_fleet.yml
plugin: objectstore.credentials.s3_fleet
defaults:
  max_age: 90d
  secret_store:
    type: vault_kv2
    url: https://vault.example.com:8200
    token: "{{ lookup('ansible.builtin.env', 'VAULT_TOKEN') }}"
endpoints:
  cluster1:
    platform: ontap
    api_url: https://cluster1.example.com
    svm: s3
    s3_url: https://s3.cluster1.example.com
    shards: 8
  cloud1:
    platform: huawei
    api_url: https://iam.eu-de.example.com
    s3_url: https://obs.eu-de.example.com
    region: eu-de
    api_access_key: ROTATOR0ACCESS0KEY00
    api_secret_key: "{{ lookup('ansible.builtin.env', 'CLOUD1_SECRET_KEY') }}"
    accounts_file: cloud1-accounts.yml
accounts_file: accounts.yml
keyed_groups:
  - key: s3_rotate_verify.region | default('nowhere')
    prefix: region
groups:
  sharded: s3_rotate_shard is defined

# accounts.yml
# - name: backup
#   endpoint: cluster1
#   owner: Storage team
#   contact: storage@example.com
# - match: "legacy-*"
#   exception:
#     reason: the appliance cannot change its keys
#     approver: J. Miller
#     until: 2027-03-31
"""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet import (
    ACCOUNTS_FILE,
    POLICIES,
    PREFIX,
    Endpoint,
    FleetError,
    did_you_mean,
    read_fleet,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_options import (
    NAMES_DIFFER,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_policies import (
    Policies,
    by_shard,
    in_order,
    read_policies,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_scope import (
    variable_of,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.literal import (
    literal,
    untrusted,
)

GROUP = "s3_endpoints"
PLATFORM_GROUP = "s3_platform_"
OVERLAP = "s3_overlap"
IN_PLACE = "s3_in_place"
UNREACHABLE = "s3_unreachable"
_ANSWER = "s3_fleet_"
_POLICIES = PREFIX + POLICIES
#: How many strangers a warning names.
_MOST_NAMED = 10


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Reads a fleet's file and fills the inventory from it."""

    NAME = "objectstore.credentials.s3_fleet"

    def verify_file(self, path: str) -> bool:
        """Tell whether a source is a fleet's file, by its name."""
        return bool(super().verify_file(path) and path.endswith(("s3_fleet.yml", "s3_fleet.yaml")))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory; nothing is added when anything in the files is wrong."""
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            self._refuse_unknown(config, path)
            endpoints = read_fleet(config, path)
            self._fill_policies(endpoints, config, path)
        except FleetError as exc:
            raise AnsibleParserError(f"The fleet cannot be read.\n{exc}") from None
        answers = self._answers(endpoints, path, cache) if self.get_option("ask") else {}
        inventory.add_group(GROUP)
        for platform in sorted({endpoint.platform for endpoint in endpoints}):
            inventory.add_group(PLATFORM_GROUP + platform)
            inventory.add_child(GROUP, PLATFORM_GROUP + platform)
        for endpoint in endpoints:
            self._add(endpoint, answers.get(endpoint.name))
        self._tell_slices(endpoints, path)

    def _tell_slices(self, endpoints: list[Endpoint], path: str) -> None:
        """Tell every slice of a job, which has some of the hosts, which others there are.

        AWX, which cuts jobs, asks for an export; elsewhere each host would list all of them.
        """
        if not context.CLIARGS.get("export"):
            return
        ours = {host for endpoint in endpoints for host, _variables in endpoint.hosts()}
        groups = {
            str(name): sorted(str(host.name) for host in group.get_hosts() if host.name in ours)
            for name, group in self.inventory.groups.items()
            if name not in ("all", "ungrouped")
        }
        told = {name: hosts for name, hosts in groups.items() if hosts}
        self.inventory.set_variable("all", variable_of(path), literal(told))

    def _refuse_unknown(self, config: Mapping[str, Any], path: str) -> None:
        known = set(self.get_options())
        problems = [
            f"{path}: there is no option {str(name)!r}{did_you_mean(str(name), known)}"
            for name in config
            if name not in known
        ]
        if problems:
            raise FleetError(problems)

    def _fill_policies(
        self, endpoints: list[Endpoint], config: Mapping[str, Any], path: str
    ) -> None:
        """Read the files of policies, each once, and give every endpoint its own."""
        read: dict[str, Policies] = {}

        def policies_in(name: str) -> Policies:
            if name not in read:
                place = os.path.join(os.path.dirname(path), os.path.expanduser(name))
                read[name] = read_policies(self._decrypted(place, name), name)
            return read[name]

        problems, shared = [], None
        if config.get(ACCOUNTS_FILE):
            shared = policies_in(str(config[ACCOUNTS_FILE]))
            strangers = shared.strangers(endpoint.name for endpoint in endpoints)
            if strangers:
                named = ", ".join(strangers[:_MOST_NAMED])
                more = ", ..." if len(strangers) > _MOST_NAMED else ""
                self.display.warning(
                    f"{shared.file} has policies for endpoints that {path} does not have:"
                    f" {named}{more}; they are not used."
                )
        for endpoint in endpoints:
            try:
                own = policies_in(endpoint.accounts_file) if endpoint.accounts_file else None
            except FleetError as exc:
                problems.append(f"{path}: endpoints.{endpoint.name}.{ACCOUNTS_FILE}: {exc}")
                continue
            found = in_order(
                endpoint.policies,
                own.of(endpoint.name) if own else [],
                endpoint.more_policies,
                shared.of(endpoint.name) if shared else [],
            )
            endpoint.policies = found
        if problems:
            raise FleetError(problems)

    def _decrypted(self, place: str, name: str) -> str:
        """Return the path of a file as plain text: a vaulted one is decrypted for this process."""
        try:
            return str(self.loader.get_real_file(place))
        except Exception as exc:  # missing, or no password for it: Ansible has many words for it
            raise FleetError([f"{name} cannot be read: {exc}"]) from None

    def _answers(
        self, endpoints: list[Endpoint], path: str, may_read: bool
    ) -> dict[str, dict[str, Any]]:
        """Return what each endpoint answers, from the cache where it is there."""
        # Imported only where it is needed: it takes longer than all else together.
        from ansible_collections.objectstore.credentials.plugins.plugin_utils import (
            fleet_answers,
        )

        is_cached, key = bool(self.get_option("cache")), self.get_cache_key(path)
        kept = self._kept(key) if is_cached and may_read else {}
        answers: dict[str, dict[str, Any]] = {}
        asked: dict[str, dict[str, Any]] = {}
        for endpoint in endpoints:
            before = kept.get(endpoint.name)
            if before and before["asked"] == _asked(endpoint):
                answers[endpoint.name] = before["answer"]
                continue
            try:
                asked[endpoint.name] = self._filled_in(endpoint, fleet_answers.connection_of)
            except Exception as exc:  # a lookup that fails, a variable that is not there
                self._warn(endpoint.name, f"its options cannot be filled in: {exc}")
                failure = {"kind": "invalid_option", "message": str(exc)}
                answers[endpoint.name] = {"reachable": False, "failure": failure}
        for name, answer in zip(asked, fleet_answers.ask_all(list(asked.values()))):
            answers[name] = answer
            for warning in answer.pop("warnings"):
                self._warn(name, warning)
            if not answer["reachable"]:
                self._warn(name, f"it does not answer. {answer['failure']['message']}")
        if is_cached:
            # An endpoint that was down is asked again the next time.
            self._cache[key] = {
                endpoint.name: {"asked": _asked(endpoint), "answer": answers[endpoint.name]}
                for endpoint in endpoints
                if answers[endpoint.name]["reachable"]
            }
        return answers

    def _kept(self, key: str) -> dict[str, Any]:
        try:
            return dict(self._cache[key])
        except KeyError:
            return {}

    def _filled_in(self, endpoint: Endpoint, chosen: Any) -> dict[str, Any]:
        _host, variables = next(endpoint.hosts())
        self.templar.available_variables = {**variables, **self._vars}
        options = {**endpoint.options, "platform": endpoint.platform, "endpoint": endpoint.name}
        # A value of ansible-vault is decrypted by becoming text.
        return {
            name: value if isinstance(value, (bool, int, float, list, dict)) else str(value)
            for name, value in self.templar.template(chosen(options)).items()
            if value is not None
        }

    def _warn(self, endpoint: str, text: str) -> None:
        self.display.warning(f"Endpoint {endpoint}: {text}")

    def _add(self, endpoint: Endpoint, answer: Any) -> None:
        """Add the hosts of an endpoint with their variables and groups."""
        # One that does not answer lacks variables, and must not keep the others from being listed.
        strict = self.get_option("strict") and (answer is None or answer["reachable"])
        groups = [PLATFORM_GROUP + endpoint.platform, *_groups_of(answer)]
        more = {f"{_ANSWER}{name}": untrusted(value) for name, value in (answer or {}).items()}
        for group in groups:
            self.inventory.add_group(group)
        # Where names may be short for others, nobody knows yet which shard an account is in.
        is_known = endpoint.platform not in NAMES_DIFFER
        shares = by_shard(endpoint.policies, endpoint.shards) if is_known else None
        for number, (host, of_host) in enumerate(endpoint.hosts()):
            policies = shares[number] if shares else endpoint.policies
            variables = {
                "ansible_connection": literal("local"),
                "ansible_python_interpreter": literal(sys.executable),
                **of_host,
                **more,
            }
            for group in groups:
                self.inventory.add_host(host, group=group)
            for name, value in variables.items():
                self.inventory.set_variable(host, name, value)
            if policies:
                # Not by way of the inventory, which walks through all of them to note their file.
                self.inventory.get_host(host).set_variable(_POLICIES, policies)
            if self.get_option("compose"):
                self._set_composite_vars(self.get_option("compose"), variables, host, strict)
            if self.get_option("groups"):
                self._add_host_to_composed_groups(
                    self.get_option("groups"), variables, host, strict
                )
            if self.get_option("keyed_groups"):
                self._add_host_to_keyed_groups(
                    self.get_option("keyed_groups"), variables, host, strict
                )


def _asked(endpoint: Endpoint) -> list[str]:
    """Return what an answer hangs on; where it is not the same any more, it is asked for again."""
    url = endpoint.options.get("api_url")
    return [endpoint.platform, f"{url}" if isinstance(url, str) else ""]


def _groups_of(answer: Any) -> Iterator[str]:
    if answer and answer["reachable"]:
        yield OVERLAP if answer["facts"]["overlap"] else IN_PLACE
    elif answer:
        yield UNREACHABLE
