# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials file: found by endpoint, in YAML and JSON, and refused when it does not fit."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.settings import (
    Settings,
    resolve,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

URL = "https://storage.example.com"
SCOPE: dict[str, dict[str, Any]] = {"tenant": {"type": "str"}, "release": {"choices": ["1", "2"]}}
ENTRY = {
    "platform": "alpha",
    "api_url": URL,
    "api_username": "admin",
    "api_password": "s3cr3t-of-lab",
    "tenant": "t1",
    "timeout": "12s",
    "parallelism": "4",
}


class File:
    """A credentials file below a test's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, content: Any, mode: int = 0o600) -> None:
        """Write a text as it is, all else as JSON."""
        self.path.write_text(content if isinstance(content, str) else json.dumps(content))
        self.path.chmod(mode)

    def resolve(self, params: dict[str, Any], **environ: str) -> Settings:
        """Resolve for platform alpha at endpoint lab."""
        env = {"S3_CREDENTIALS_FILE": str(self.path), **environ}
        return resolve({"endpoint": "lab", **params}, "alpha", SCOPE, env)

    def refused(self, params: dict[str, Any]) -> str:
        """Return the message of the error; it never holds the password."""
        error = raised(self.resolve, params)
        assert error.kind == "invalid_option"
        assert str(self.path) in error.message
        assert "s3cr3t" not in everything_in(error)
        return error.message


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "credentials")


YAML = """
lab:
  platform: alpha
  api_url: https://storage.example.com
  api_username: admin
  api_password: s3cr3t-of-lab
  tenant: t1
  timeout: 12s
  parallelism: 4
other:
  api_url: https://other.example.com
"""


@pytest.mark.parametrize("content", [{"lab": ENTRY, "other": {}}, YAML], ids=["JSON", "YAML"])
def test_entry_of_the_endpoint_fills_what_is_missing(file: File, content: Any) -> None:
    file.write(content)
    settings = file.resolve({})
    assert (settings.api_url, settings.api_username) == (URL, "admin")
    assert (settings.api_password, settings.scope["tenant"]) == ("s3cr3t-of-lab", "t1")
    assert (settings.read_timeout, settings.parallelism) == (12, 4)
    assert settings.warnings == ()


def test_task_wins_over_file_wins_over_environment(file: File) -> None:
    file.write({"lab": ENTRY})
    settings = file.resolve(
        {"api_username": "task"},
        S3_ALPHA_API_URL=URL,
        S3_ALPHA_API_USERNAME="environment",
        S3_ALPHA_API_PASSWORD="s3cr3t-of-environment",
        S3_ALPHA_TENANT="t9",
        S3_ALPHA_REQUESTS_PER_SECOND="5",
    )
    assert (settings.api_username, settings.api_password) == ("task", "s3cr3t-of-lab")
    assert (settings.scope["tenant"], settings.requests_per_second) == ("t1", 5)


def test_secret_of_the_environment_is_not_sent_to_the_url_of_the_file(file: File) -> None:
    file.write({"lab": {"api_url": URL}})
    settings = file.resolve(
        {}, S3_ALPHA_API_URL="https://elsewhere.example.com", S3_ALPHA_API_PASSWORD="s3cr3t"
    )
    assert (settings.api_url, settings.api_password) == (URL, None)
    assert "S3_ALPHA_API_PASSWORD" in settings.warnings[0]


def test_url_given_must_be_that_of_the_entry(file: File) -> None:
    file.write({"lab": ENTRY})
    message = file.refused({"api_url": "https://elsewhere.example.com"})
    assert URL in message
    assert "https://elsewhere.example.com" in message
    assert file.resolve({"api_url": URL + ":443/"}).api_password == "s3cr3t-of-lab"


@pytest.mark.parametrize("url", ["https://admin:s3cr3t@host", 5, ["https://host"]])
def test_url_of_the_entry_that_is_none_is_refused(file: File, url: Any) -> None:
    file.write({"lab": {**ENTRY, "api_url": url}})
    assert file.refused({"api_url": URL})
    assert raised(file.resolve, {}).kind == "invalid_option"


def test_entry_of_another_endpoint_is_not_used(file: File) -> None:
    file.write({"other": ENTRY})
    assert "no entry for endpoint 'lab'" in raised(file.resolve, {}).message


def test_entry_that_is_missing_is_said_so(file: File) -> None:
    file.write({"other": {}})
    settings = file.resolve({"api_url": "https://storage.example.com"})
    assert settings.without_entry == (
        f"{file.path} (S3_CREDENTIALS_FILE) has no entry for the endpoint 'lab'."
    )
    file.write({"lab": {}})
    assert file.resolve({"api_url": "https://storage.example.com"}).without_entry is None


def test_file_is_not_read_without_an_endpoint(file: File) -> None:
    file.write("{ broken")
    env = {"S3_CREDENTIALS_FILE": str(file.path)}
    assert resolve({"api_url": URL}, "alpha", SCOPE, env).api_url == URL


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_file_that_others_can_read_warns(file: File, mode: int) -> None:
    file.write({"lab": ENTRY}, mode)
    (warning,) = file.resolve({}).warnings
    assert str(file.path) in warning
    assert "chmod 600" in warning


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{ broken s3cr3t", "neither YAML nor JSON"),
        ("lab: [s3cr3t\nother", "neither YAML nor JSON, as of line 2."),
        ("lab:\n\ts3cr3t: 1", "neither YAML nor JSON, as of line 2: a tab"),
        ("[1, 2]", "not a mapping of endpoints"),
        ("just s3cr3t text", "not a mapping of endpoints"),
        ('{"lab": ["s3cr3t"]}', "not a mapping of options"),
        ('{"lab": "s3cr3t"}', "not a mapping of options"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3639", "encrypted as a whole"),
        ("lab:\n  api_password: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3639", "!vault"),
        ("lab: !!python/object/apply:os.system ['echo s3cr3t']", "neither YAML nor JSON"),
        ('{"lab": {"api_passwd": "s3cr3t", "zone": 1}}', "unknown options: api_passwd, zone"),
        ('{"lab": {"parallelism": "s3cr3t"}}', "parallelism in"),
        ('{"lab": {"api_password": {"a": "s3cr3t"}}}', "api_password in"),
        ('{"lab": {"release": "3"}}', "release in"),
    ],
)
def test_file_that_is_malformed_is_refused_without_quoting_it(
    file: File, content: str, says: str
) -> None:
    file.write(content)
    assert says in file.refused({"api_url": URL})


def test_file_that_is_empty_holds_no_entry(file: File) -> None:
    file.write("\n")
    assert file.resolve({"api_url": URL}).api_password is None


def test_file_that_is_missing_is_refused(file: File) -> None:
    assert "cannot be read: No such file" in file.refused({"api_url": URL})
    assert "is there" in raised(file.resolve, {"api_url": URL}).next_step


def test_option_that_is_none_is_answered_with_those_there_are(file: File) -> None:
    file.write({"lab": {"api_pasword": "x"}})
    assert "api_password" in raised(file.resolve, {"api_url": URL}).next_step


@pytest.mark.parametrize("text", ["0123456", "1_000", "1.0", "yes", "0x1F", "2026-01-01", "12:30"])
def test_a_text_of_yaml_is_what_stands_there(file: File, text: str) -> None:
    file.write(f"lab: {{api_url: {URL}, api_username: {text}, api_password: {text}}}")
    settings = file.resolve({})
    assert (settings.api_username, settings.api_password) == (text, text)


def test_endpoint_whose_name_is_a_number_has_its_entry(file: File) -> None:
    file.write(f"12: {{api_url: {URL}, api_password: s3cr3t, validate_certs: no}}")
    settings = file.resolve({"endpoint": "12"})
    assert (settings.api_password, settings.validate_certs) == ("s3cr3t", False)


def test_yaml_may_be_written_in_braces_and_share_what_is_alike(file: File) -> None:
    file.write(f"{{lab: {{api_url: {URL}, api_username: admin}}}}")
    assert file.resolve({}).api_username == "admin"
    file.write(f"all: &all {{api_username: admin, proxy: null}}\nlab: {{<<: *all, api_url: {URL}}}")
    settings = file.resolve({})
    assert (settings.api_username, settings.proxy) == ("admin", None)


def test_file_that_is_no_text_is_refused(file: File) -> None:
    file.path.write_bytes(b"\xff\xfe\x00lab")
    assert "cannot be read" in file.refused({"api_url": URL})


def test_values_keep_their_types(file: File) -> None:
    file.write('{"lab": {"api_url": "https://h", "validate_certs": false, "timeout": "1m"}}')
    settings = file.resolve({})
    assert settings.validate_certs is False
    assert settings.read_timeout == 60


def test_yaml_without_its_library_says_what_to_do(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    file.write(YAML)
    error = raised(file.resolve, {})
    assert "PyYAML" in error.next_step
    assert "JSON" in error.next_step
    file.write({"lab": ENTRY})
    assert file.resolve({}).api_username == "admin"
