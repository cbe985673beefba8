# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a pair of access key and secret key from the secret store."""

from __future__ import annotations

DOCUMENTATION = r"""
name: s3_secret
short_description: Read a pair of access key and secret key from the secret store
version_added: 1.0.0
author: objectstore.credentials contributors (@objectstore)
description:
  - Returns the pair of an account, as M(objectstore.credentials.s3_access_key_rotate) keeps it in
    the secret store, for the consumers that need it.
  - Reads only. It runs on the controller, logs in to the secret store once for each call, and takes
    several accounts.
  - A secret is in the result. Set C(no_log) on the task that uses it, and C(diff=false) where a
    template writes it.
extends_documentation_fragment:
  - objectstore.credentials.secret_store
options:
  _terms:
    description:
      - The accounts, by their exact names.
    type: list
    elements: str
    required: true
  platform:
    description:
      - The platform of the accounts, as in the module.
    type: str
    required: true
  endpoint:
    description:
      - The name of the endpoint, as in the module. The inventory host's name when left out.
    type: str
  pair:
    description:
      - V(current) is the pair that is in use.
      - V(previous) is the newest of those that are being retired, until its key is deleted.
      - V(pending) is the new pair of a rotation that is under way.
    type: str
    choices: [current, previous, pending]
    default: current
"""

EXAMPLES = r"""
- name: Hand the pair to the backup application
  ansible.builtin.template:
    src: repository.conf.j2
    dest: /etc/backup/repository.conf
    mode: "0600"
  diff: false
  no_log: true
  vars:
    pair: >-
      {{ lookup('objectstore.credentials.s3_secret', 'backup-prod', platform='ontap',
                endpoint='cluster1', secret_store=my_store) }}
    my_store:
      type: ansible_vault
      path: /srv/credentials
      vault_password_file: /etc/ansible/vault-password

- name: Read several pairs with one login
  ansible.builtin.set_fact:
    pairs: >-
      {{ query('objectstore.credentials.s3_secret', 'app-0001', 'app-0002', platform='huawei',
               endpoint='cloud1', secret_store={'type': 'vault_kv2'}) }}
  no_log: true
"""

RETURN = r"""
_raw:
  description: One dictionary for each account, in the order asked for.
  type: list
  elements: dict
  contains:
    access_key:
      description: The access key.
      type: str
    secret_key:
      description: The secret key.
      type: str
"""

import datetime as dt
from typing import Any, Optional

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock, iso
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    CredentialsError,
    sentences,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import HeldKey, Record
from ansible_collections.objectstore.credentials.plugins.module_utils.record_moves import MOVING
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import SCOPES
from ansible_collections.objectstore.credentials.plugins.module_utils.store_environment import (
    store_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
    secret_store_spec,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.action import vault_secrets

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """Opens the secret store, reads the records, gives their pairs."""

    def run(
        self, terms: list[Any], variables: Optional[dict[str, Any]] = None, **kwargs: Any
    ) -> list[Any]:
        """Return the pairs of the accounts that the terms name. Reads only."""
        redactor = Redactor()
        try:
            self.set_options(var_options=variables, direct=kwargs)
            return self._pairs(terms, variables or {}, redactor)
        except CredentialsError as exc:
            text = redactor.redact(sentences(exc.message, exc.next_step))
        except Exception as exc:  # whatever it is, its text may hold what must not be printed
            if exc.__class__.__module__.startswith("ansible."):
                raise  # Ansible's own, about the options
            internal = CredentialsError.internal(exc)
            text = redactor.redact(sentences(internal.message, internal.next_step))
        raise AnsibleLookupError(f"objectstore.credentials.s3_secret: {text}")

    def _pairs(self, terms: list[Any], variables: dict[str, Any], redactor: Redactor) -> list[Any]:
        platform = self.get_option("platform")
        if platform not in SCOPES:
            raise CredentialsError(
                "invalid_option",
                f"platform: {platform!r} is not one of {', '.join(sorted(SCOPES))}.",
            )
        endpoint = self.get_option("endpoint") or variables.get("inventory_hostname")
        if not endpoint:
            raise CredentialsError("invalid_option", "endpoint is missing.")
        names = self._flatten(terms)
        for name in names:
            if not isinstance(name, str) or not name or name.startswith("id:"):
                raise CredentialsError(
                    "invalid_option",
                    f"{name!r} is no name of an account.",
                    next_step="Write the name, as records are kept under it; not an identifier.",
                )
        context = StoreContext(
            clock=Clock(),
            redactor=redactor,
            run="lookup",
            check_mode=True,
            parallelism=1,
            vault_secrets=lambda: vault_secrets(self._loader),
            # A consumer needs the pair also while its record is on the way to another store.
            may_read=frozenset({MOVING}),
        )
        store = open_store(_parsed(store_of(self.get_option("secret_store") or None)), context)
        try:
            pair, found = self.get_option("pair"), []
            for name in names:
                found.append(_pair_of(store, Place(platform, str(endpoint), str(name)), pair))
            for warning in store.warnings:
                Display().warning(redactor.redact(warning))
        finally:
            store.close()
        # A secret may look like a template, and must never be taken for one.
        return list(wrap_var(found))


def _parsed(options: Any) -> Optional[dict[str, Any]]:
    """Return the dictionary as a module would get it, types and all; None where there is none."""
    if options is None:
        return None
    spec = {"secret_store": secret_store_spec()}
    result = ArgumentSpecValidator(spec).validate({"secret_store": _resolved(options)})
    if result.error_messages:
        raise CredentialsError("invalid_option", "; ".join(result.error_messages))
    return dict(result.validated_parameters["secret_store"])


def _resolved(value: Any) -> Any:
    """Return a value with every template in it resolved: the validator copies what it gets.

    What is resolved only when it is asked for loses its filters in such a copy.
    """
    if isinstance(value, dict):
        return {name: _resolved(inner) for name, inner in value.items()}
    return [_resolved(each) for each in value] if isinstance(value, list) else value


def _pair_of(store: SecretStore, place: Place, wanted: str) -> dict[str, str]:
    stored = store.read(place)
    where = f"The account {place.account} ({place.platform}, endpoint {place.endpoint})"
    if stored is None:
        raise CredentialsError(
            "not_found",
            f"{where} is not managed: there is no record of it in {store.title}.",
            next_step="Check platform, endpoint and the account's name; they are compared exactly."
            " Otherwise rotate the account, or take it over with adopt.",
        )
    access_key, secret = _wanted(stored.record, wanted, where)
    if not (access_key + secret).isprintable():
        # Behind the end of a line in a consumer's file stands a setting of its own: of one for the
        # AWS tools a command that they run.
        raise CredentialsError(
            "store_unreadable",
            f"{where}: its {wanted} pair holds a line end or another character that cannot be"
            " printed, which no key of an object store has. It is not handed to a consumer.",
            next_step="Find out whether the platform or somebody else made such a pair. Then rotate"
            " the account, once the platform is to be trusted.",
        )
    return {"access_key": access_key, "secret_key": secret}


def _wanted(record: Record, wanted: str, where: str) -> tuple[str, str]:
    if wanted == "pending":
        if record.pending is None:
            raise CredentialsError("not_found", f"{where} has no rotation under way.")
        pair = record.pending.pair()
        if pair is None:
            raise CredentialsError(
                "not_found",
                f"{where} has a rotation under way, begun {iso(record.pending.started_at)}, whose"
                " new pair is not known yet.",
                next_step="Run the rotation again: it finishes what was interrupted.",
            )
        return pair.access_key, pair.secret_key
    key = record.current if wanted == "current" else _newest(record)
    if key is None:
        raise CredentialsError("not_found", _why_none(record, wanted, where))
    held = key.pair()
    if held is None:
        raise CredentialsError("not_found", _why_no_secret(key, wanted, where))
    return held.access_key, held.secret_key


def _newest(record: Record) -> Optional[HeldKey]:
    """Return the retiring key that was current last and that is not deleted yet."""
    living = [key for key in record.retiring if key.deleted_at is None]
    return max(living, key=lambda key: key.retiring_since or _EPOCH, default=None)


def _why_none(record: Record, wanted: str, where: str) -> str:
    if wanted == "previous":
        return f"{where} has no previous pair: no key of it is being retired."
    if record.decommission is not None:
        return f"{where} was decommissioned: it has no current pair any more."
    if record.pending is not None:
        return f"{where} has no current pair yet: its first rotation is under way."
    return f"{where} has a record without a current pair."


def _why_no_secret(key: HeldKey, wanted: str, where: str) -> str:
    if key.origin == "delivered":
        return (
            f"{where}: its {wanted} pair was delivered by e-mail, so there is no secret key in the"
            " secret store."
        )
    return (
        f"{where}: its {wanted} key ({key.access_key}) was taken over without its secret key; the"
        " next rotation makes a pair that is known."
    )
