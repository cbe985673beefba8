# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment fills what a task leaves out of secret_store, and sends no secret elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.options import CONNECTION
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.store_environment import (
    TYPE_VARIABLE,
    fill,
    store_of,
    unused_warning,
    variable,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES

KV2 = STORES["vault_kv2"].OPTIONS
AWS = STORES["aws_secretsmanager"].OPTIONS
FILES = STORES["ansible_vault"].OPTIONS
HERE, THERE = "https://vault.example.com:8200", "https://other.example.com:8200"


def test_a_store_that_no_task_names_is_that_of_the_environment() -> None:
    assert store_of(None, {TYPE_VARIABLE: "vault_kv2"}) == {"type": "vault_kv2"}
    assert store_of(None, {}) is None
    given = {"type": "ansible_vault", "path": "/srv"}
    assert store_of(given, {TYPE_VARIABLE: "vault_kv2"}) is given


def test_the_environment_fills_what_is_left_out_and_nothing_else() -> None:
    environ = {
        "S3_VAULT_KV2_URL": HERE,
        "S3_VAULT_KV2_MOUNT": "s3",
        "S3_VAULT_KV2_SECRET_ID": "abc",
        "S3_VAULT_KV2_VALIDATE_CERTS": "no",
        "S3_VAULT_KV2_NAMESPACE": "",
    }
    values, unused = fill("vault_kv2", KV2, {"mount": "own"}, environ)
    assert values == {"mount": "own", "url": HERE, "secret_id": "abc", "validate_certs": False}
    assert unused == []


@pytest.mark.parametrize("url", [HERE, HERE + "/", "HTTPS://VAULT.example.com:8200"])
def test_a_secret_goes_to_the_url_of_the_environment_however_it_is_written(url: str) -> None:
    environ = {"S3_VAULT_KV2_URL": HERE, "S3_VAULT_KV2_TOKEN": "abc"}
    assert fill("vault_kv2", KV2, {"url": url}, environ)[0]["token"] == "abc"


def test_a_secret_without_a_url_beside_it_goes_nowhere_but_the_rest_holds() -> None:
    environ = {"S3_VAULT_KV2_TOKEN": "abc", "S3_VAULT_KV2_MOUNT": "s3"}
    for given in ({"url": HERE}, {}):
        values, unused = fill("vault_kv2", KV2, given, environ)
        assert values == {**given, "mount": "s3"}
        assert unused == ["S3_VAULT_KV2_TOKEN"]
    assert "S3_VAULT_KV2_TOKEN" in unused_warning("vault_kv2", unused)


def test_nothing_of_the_environment_is_taken_for_another_server() -> None:
    environ = {
        "S3_VAULT_KV2_URL": THERE,
        "S3_VAULT_KV2_TOKEN": "abc",
        "S3_VAULT_KV2_MOUNT": "s3",
        "S3_VAULT_KV2_VALIDATE_CERTS": "false",
    }
    assert fill("vault_kv2", KV2, {"url": HERE}, environ) == ({"url": HERE}, ["S3_VAULT_KV2_TOKEN"])


@pytest.mark.parametrize(
    ("given", "own", "is_used"),
    [(None, None, True), (None, THERE, True), (HERE, HERE, True), (HERE, None, False)],
)
def test_a_cloud_has_a_url_of_its_own(given: Any, own: Any, is_used: bool) -> None:
    environ = {"S3_AWS_SECRETSMANAGER_AWS_SECRET_ACCESS_KEY": "abc"}
    environ.update({"S3_AWS_SECRETSMANAGER_ENDPOINT_URL": own} if own else {})
    options = {"endpoint_url": given} if given else {}
    values, unused = fill("aws_secretsmanager", AWS, options, environ)
    assert (values.get("aws_secret_access_key") == "abc") is is_used
    assert (unused == []) is is_used


def test_files_have_no_server_that_a_password_could_go_to() -> None:
    environ = {"S3_ANSIBLE_VAULT_VAULT_PASSWORD": "abc", "S3_ANSIBLE_VAULT_PATH": "/srv"}
    values = {"vault_password": "abc", "path": "/srv"}
    assert fill("ansible_vault", FILES, {}, environ) == (values, [])


def test_a_value_of_the_wrong_kind_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(CredentialsError, match="S3_VAULT_KV2_VALIDATE_CERTS is not a bool"):
        fill("vault_kv2", KV2, {}, {"S3_VAULT_KV2_VALIDATE_CERTS": "perhaps"})
    with pytest.raises(CredentialsError, match="S3_VAULT_KV2_AUTH_METHOD must be one of"):
        fill("vault_kv2", KV2, {}, {"S3_VAULT_KV2_AUTH_METHOD": "userpass"})


def test_no_variable_stands_for_two_things() -> None:
    names = [variable(name, option) for name, store in STORES.items() for option in store.OPTIONS]
    names += [
        variable(name, option)
        for name, platform in PLATFORMS.items()
        for option in {**CONNECTION, **platform.SCOPE}
    ]
    assert len(set(names)) == len(names)
    assert TYPE_VARIABLE not in names
