# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver: task, then environment by platform, then defaults; secrets only with their URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.settings import (
    Settings,
    resolve,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

URL = "https://storage.example.com"
SCOPE: dict[str, dict[str, Any]] = {
    "tenant": {"type": "str"},
    "release": {"type": "str", "choices": ["1", "2"], "default": "1"},
    "deep": {"type": "bool"},
}


def resolved(params: dict[str, Any], **environ: str) -> Settings:
    """Resolve for platform "alpha" with an environment of its own."""
    return resolve({"api_url": URL, **params}, "alpha", SCOPE, environ)


def refused(params: dict[str, Any], **environ: str) -> str:
    """Return the message of the invalid_option that resolving raises."""
    error = raised(resolved, params, **environ)
    assert error.kind == "invalid_option"
    assert error.next_step
    return error.message


def test_defaults_apply_last() -> None:
    settings = resolved({})
    assert (settings.validate_certs, settings.read_timeout, settings.parallelism) == (True, 30, 8)
    assert settings.scope == {"tenant": None, "release": "1", "deep": None}
    assert settings.warnings == ()


def test_task_wins_over_environment() -> None:
    settings = resolved(
        {"api_username": "task", "timeout": "5s", "tenant": "t1"},
        S3_ALPHA_API_USERNAME="environment",
        S3_ALPHA_TIMEOUT="7s",
        S3_ALPHA_TENANT="t2",
    )
    assert (settings.api_username, settings.read_timeout) == ("task", 5)
    assert settings.scope["tenant"] == "t1"


def test_environment_fills_what_is_missing() -> None:
    settings = resolve(
        {},
        "alpha",
        SCOPE,
        {
            "S3_ALPHA_API_URL": URL + "/",
            "S3_ALPHA_API_USERNAME": "env",
            "S3_ALPHA_API_PASSWORD": "s3cr3t",
            "S3_ALPHA_VALIDATE_CERTS": "no",
            "S3_ALPHA_PARALLELISM": "3",
            "S3_ALPHA_REQUESTS_PER_SECOND": "2.5",
            "S3_ALPHA_DEEP": "yes",
            "S3_ALPHA_RELEASE": "2",
            "S3_BETA_API_TOKEN": "of another platform",
        },
    )
    assert settings.api_url == URL
    assert (settings.api_username, settings.api_password) == ("env", "s3cr3t")
    assert (settings.validate_certs, settings.parallelism) == (False, 3)
    assert settings.requests_per_second == 2.5
    assert settings.scope == {"tenant": None, "release": "2", "deep": True}
    assert settings.api_token is None


@pytest.mark.parametrize("option", ["api_password", "api_token", "api_secret_key"])
@pytest.mark.parametrize("env_url", ["", "https://elsewhere.example.com", URL + "/base"])
def test_secret_of_the_environment_stays_when_the_url_differs(option: str, env_url: str) -> None:
    variable = f"S3_ALPHA_{option.upper()}"
    settings = resolved({}, S3_ALPHA_API_URL=env_url, **{variable: "s3cr3t"})
    assert getattr(settings, option) is None
    assert variable in "".join(settings.warnings)
    assert "s3cr3t" not in repr(settings) + "".join(settings.warnings)


@pytest.mark.parametrize("env_url", [URL, URL + "/", "HTTPS://Storage.Example.COM:443", f" {URL} "])
def test_secret_of_the_environment_goes_to_the_same_url(env_url: str) -> None:
    settings = resolved({}, S3_ALPHA_API_URL=env_url, S3_ALPHA_API_PASSWORD="s3cr3t")
    assert settings.api_password == "s3cr3t"
    assert settings.warnings == ()


def test_task_secret_needs_no_url_in_the_environment() -> None:
    settings = resolved({"api_password": "mine"}, S3_ALPHA_API_PASSWORD="theirs")
    assert settings.api_password == "mine"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("S3_ALPHA_RELEASE", "3", "S3_ALPHA_RELEASE must be one of 1, 2"),
        ("S3_ALPHA_VALIDATE_CERTS", "maybe", "S3_ALPHA_VALIDATE_CERTS is not a bool"),
        ("S3_ALPHA_PARALLELISM", "many", "S3_ALPHA_PARALLELISM is not a int"),
        ("S3_ALPHA_REQUESTS_PER_SECOND", "fast", "S3_ALPHA_REQUESTS_PER_SECOND is not a float"),
        ("S3_ALPHA_TIMEOUT", "30", "timeout"),
    ],
)
def test_environment_value_that_is_wrong_is_named(variable: str, value: str, says: str) -> None:
    assert says in refused({}, **{variable: value})


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"timeout": "0s"}, "timeout must be longer"),
        ({"timeout": "soon"}, "timeout"),
        ({"parallelism": 0}, "parallelism must be between"),
        ({"parallelism": 65}, "parallelism must be between"),
        ({"requests_per_second": 0.0}, "requests_per_second must be above 0"),
        ({"requests_per_second": float("inf")}, "requests_per_second must be above 0"),
        ({"requests_per_second": float("nan")}, "requests_per_second must be above 0"),
        ({"ca_path": "/nonexistent/ca.pem"}, "ca_path: /nonexistent/ca.pem does not exist"),
        ({"client_cert": "/nonexistent/c"}, "client_cert: /nonexistent/c does not exist"),
        ({"client_key": "/nonexistent/k"}, "client_key: /nonexistent/k does not exist"),
    ],
)
def test_task_value_that_is_wrong_is_named(params: dict[str, Any], says: str) -> None:
    assert says in refused(params)


@pytest.mark.parametrize(
    "url",
    [
        *("storage.example.com", "ftp://storage.example.com", "https://", "https:///path"),
        *("https://host:port", "https://host name/", "https://[::1", "http://host:99999"),
        *("https://host/?a=1", "https://host/#x"),
    ],
)
def test_url_that_is_none_is_refused(url: str) -> None:
    assert "api_url" in refused({"api_url": url})


@pytest.mark.parametrize(
    "url",
    [
        *("https://admin:hunter2@host", "https://hunter2@host/x", "ftp://admin:hunter2@host"),
        *("https://@host", "https://:@host"),
    ],
)
def test_url_with_a_login_is_refused_without_showing_it(url: str) -> None:
    error = raised(resolved, {"api_url": url})
    assert error.kind == "invalid_option"
    assert "hunter2" not in everything_in(error)


def test_url_missing_names_every_place_it_could_come_from() -> None:
    message = raised(resolve, {"endpoint": "lab"}, "alpha", SCOPE, {}).message
    for place in ("task option", "'lab'", "S3_CREDENTIALS_FILE", "S3_ALPHA_API_URL"):
        assert place in message


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("HTTPS://host/base/", "https://host/base"),
        (" https://host:8443 ", "https://host:8443"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_url_is_normalised(url: str, kept: str) -> None:
    assert resolved({"api_url": url}).api_url == kept


def test_verification_off_warns() -> None:
    (warning,) = resolved({"validate_certs": False}).warnings
    assert "validate_certs" in warning
    assert "ca_path" in warning


def test_secrets_and_proxy_stay_out_of_the_repr() -> None:
    settings = resolved(
        {
            "api_password": "s3cr3t-1",
            "api_token": "s3cr3t-2",
            "api_secret_key": "s3cr3t-3",
            "proxy": "http://u:s3cr3t-4@proxy",
        }
    )
    assert "s3cr3t" not in repr(settings)


def test_paths_are_expanded_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("x")
    settings = resolve({}, "alpha", SCOPE, {"S3_ALPHA_API_URL": URL, "S3_ALPHA_CA_PATH": str(path)})
    assert settings.ca_path == str(path)


def test_empty_texts_count_as_left_out() -> None:
    settings = resolved({"proxy": "", "ca_path": ""}, S3_ALPHA_TIMEOUT="")
    assert (settings.proxy, settings.ca_path, settings.read_timeout) == (None, None, 30)


@pytest.mark.parametrize(
    ("given", "environment", "used"),
    [
        (None, None, True),
        (None, "https://login.example.com", True),
        ("https://login.example.com/", "https://login.example.com", True),
        ("https://elsewhere.example.com", "https://login.example.com", False),
        ("https://elsewhere.example.com", None, False),
    ],
)
def test_secret_of_the_environment_goes_to_no_other_login_url(
    given: Any, environment: Any, used: bool
) -> None:
    environ = {"S3_ALPHA_API_URL": URL, "S3_ALPHA_API_PASSWORD": "hunter2-canary"}
    if environment:
        environ["S3_ALPHA_LOGIN_URL"] = environment
    settings = resolve(
        {"api_url": URL, "login_url": given},
        "alpha",
        {**SCOPE, "login_url": {"type": "str"}},
        environ,
    )
    assert (settings.api_password == "hunter2-canary") is used
    assert ("login_url" in " ".join(settings.warnings)) is not used
