# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret stores there are, their options together, and the opening of the one that is wanted.

A store's options are known at once; its class is imported when it is the one that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import CredentialsError
from .lazy import LazyClasses
from .store_environment import TYPE_VARIABLE, fill, unused_warning
from .stores import ansible_vault_spec, aws_secretsmanager_spec, vault_kv2_spec
from .stores.base import SecretStore, StoreContext

#: Store -> its options, as an argument spec.
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "ansible_vault": ansible_vault_spec.OPTIONS,
    "vault_kv2": vault_kv2_spec.OPTIONS,
    "aws_secretsmanager": aws_secretsmanager_spec.OPTIONS,
}


def _class_of(name: str) -> type[SecretStore]:
    if name == "ansible_vault":
        from .stores.ansible_vault import AnsibleVault

        return AnsibleVault
    if name == "vault_kv2":
        from .stores.vault_kv2 import VaultKv2

        return VaultKv2
    if name == "aws_secretsmanager":
        from .stores.aws_secretsmanager import AwsSecretsManager

        return AwsSecretsManager
    raise KeyError(name)


STORES: Mapping[str, type[SecretStore]] = LazyClasses(OPTIONS, _class_of)

#: What two stores that share an option's name must agree on; each may have its own default.
_AGREED = ("type", "elements", "no_log")


def secret_store_spec() -> dict[str, Any]:
    """Return the spec of the option secret_store: its type, and the suboptions of every store.

    Ansible parses the dictionary before anyone looks at its type, so the union has no defaults and
    requires nothing but the type; open_store() knows what the chosen store has and wants.
    """
    merged: dict[str, dict[str, Any]] = {
        "type": {"type": "str", "required": True, "choices": sorted(OPTIONS)}
    }
    for name in sorted({name for own in OPTIONS.values() for name in own}):
        specs = [own[name] for own in OPTIONS.values() if name in own]
        # Two meanings under one name are a defect, which a test finds before any user does.
        if any(spec.get(each) != specs[0].get(each) for spec in specs for each in _AGREED):
            raise ValueError(f"two secret stores mean different things by {name}")
        option = {each: specs[0][each] for each in _AGREED if each in specs[0]}
        if all("choices" in spec for spec in specs):
            option["choices"] = sorted({choice for spec in specs for choice in spec["choices"]})
        merged[name] = option
    # no_log: the name says "secret", but only some of its suboptions are.
    return {"type": "dict", "no_log": False, "options": merged}


def open_store(options: Mapping[str, Any] | None, context: StoreContext) -> SecretStore:
    """Return the secret store that the option secret_store describes, opened. Reads only.

    options: parsed by secret_store_spec(); None stands for what was left out, which the environment
    may say. Raises invalid_option, and whatever the store's open() raises.
    """
    store_class = _chosen(options)
    given = {name: value for name, value in (options or {}).items() if value is not None}
    given.pop("type")
    given, unused = fill(store_class.name, store_class.OPTIONS, given, context.environ)
    for name, value in given.items():
        _check(store_class, name, value)
        if store_class.OPTIONS[name].get("no_log"):
            context.redactor.learn(value)
    values: dict[str, Any] = {}
    for name, spec in store_class.OPTIONS.items():
        values[name] = given.get(name, spec.get("default"))
        if values[name] is None and spec.get("required"):
            raise CredentialsError(
                "invalid_option", f"secret_store.{name} is missing; {store_class.title} needs it."
            )
    store = store_class(values, context)
    if unused:
        store.warnings.append(unused_warning(store_class.name, unused))
    try:
        store.open()
    except BaseException:
        store.close()
        raise
    return store


def _chosen(options: Mapping[str, Any] | None) -> type[SecretStore]:
    known = ", ".join(sorted(STORES))
    if not isinstance(options, Mapping):
        raise CredentialsError(
            "invalid_option",
            "secret_store is not a dictionary.",
            next_step=f"Write it with a type ({known}) and that store's options; or leave it out"
            f" and set {TYPE_VARIABLE} in the environment.",
        )
    kind = options.get("type")
    if kind is None or str(kind) not in STORES:
        what = "is missing" if kind is None else f"is {kind!r}, which is no secret store"
        raise CredentialsError(
            "invalid_option",
            f"secret_store.type {what}.",
            next_step=f"Set it to one of {known}.",
        )
    return STORES[str(kind)]


def _check(store_class: type[SecretStore], name: str, value: Any) -> None:
    spec = store_class.OPTIONS.get(name)
    if spec is None:
        others = [other for other, own in OPTIONS.items() if name in own]
        what = f"an option of {' and '.join(others)}, not" if others else "no option"
        raise CredentialsError(
            "invalid_option",
            f"secret_store.{name} is {what} of {store_class.name}.",
            next_step=f"Leave it out; {store_class.name} has {', '.join(store_class.OPTIONS)}.",
        )
    choices = spec.get("choices")
    if choices and value not in choices:
        raise CredentialsError(
            "invalid_option",
            f"secret_store.{name}: {value!r} is not one of {', '.join(choices)}.",
        )
