# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option mirrors: where each is and how to log in there, and what is never taken over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.mirrored_open import (
    Site,
    open_site,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import (
    Settings,
    resolve,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

OWN = {
    "endpoint": "near",
    "api_url": "https://near.example.com",
    "api_username": "near-admin",
    "api_password": "near-s3cr3t",
    "svm": "s3",
    "timeout": "12s",
    "requests_per_second": 8.0,
}
FAR = {
    "endpoint": "far",
    "api_url": "https://far.example.com",
    "api_username": "far-admin",
    "api_password": "far-s3cr3t",
    "s3_url": "https://s3.far.example.com",
}
VERIFY = {"s3_url": "https://s3.near.example.com", "bucket": "probe"}


def opened(*mirrors: Any, clock: Clock | None = None, **params: Any) -> Site:
    """Open a site and close it again."""
    ontap = PLATFORMS["ontap"]
    own = resolve({**OWN, **params.pop("own", {})}, "ontap", ontap.SCOPE, environ={})
    clock = clock or Clock()
    client = Client(own, Redactor(), clock, check_mode=True)
    given = {"verify": VERIFY, "mirrors": list(mirrors), **params}
    with open_site(given, ontap(own, client), clock) as site:
        return site


def far_of(site: Site) -> Settings:
    """Return the settings of the first mirror."""
    assert site.platform.endpoints == ("near", "far")
    return site.platform.clients[1].settings


def refused(*mirrors: Any, **params: Any) -> str:
    """Return the message of the error, which holds no secret."""
    error = raised(opened, *mirrors, **params)
    assert error.kind == "invalid_option"
    assert "s3cr3t" not in everything_in(error)
    return error.message


def test_without_mirrors_it_is_the_endpoint_itself() -> None:
    assert opened().platform.endpoints == ("near",)


def test_entry_says_where_and_how_and_the_rest_is_as_at_the_endpoint() -> None:
    site = opened(FAR)
    settings = far_of(site)
    assert settings.api_url == "https://far.example.com"
    assert settings.api_password == "far-s3cr3t"
    assert (settings.read_timeout, settings.requests_per_second) == (12.0, 8.0)
    assert settings.scope["svm"] is None
    # What the endpoint may do, its mirror may.
    assert site.platform.clients[1].check_mode is True


def test_entry_wins_over_what_is_as_at_the_endpoint() -> None:
    settings = far_of(opened({**FAR, "timeout": "40s", "validate_certs": "no", "svm": "dr"}))
    assert settings.read_timeout == 40.0
    assert settings.validate_certs is False
    assert settings.scope["svm"] == "dr"


def test_name_alone_is_found_in_the_credentials_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "logins"
    entry = {k: v for k, v in FAR.items() if k not in ("endpoint", "s3_url")}
    file.write_text(json.dumps({"far": entry}))
    file.chmod(0o600)
    monkeypatch.setenv("S3_CREDENTIALS_FILE", str(file))
    settings = far_of(opened("far", verify={"enabled": False}))
    assert settings.api_password == "far-s3cr3t"


def test_login_and_url_of_the_environment_are_not_for_a_mirror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("S3_ONTAP_API_URL", "https://near.example.com")
    monkeypatch.setenv("S3_ONTAP_API_PASSWORD", "near-s3cr3t")
    monkeypatch.setenv("S3_ONTAP_API_USERNAME", "near-admin")
    assert "api_url" in refused("far", verify={"enabled": False})
    entry = {k: v for k, v in FAR.items() if not k.startswith("api_")}
    url = {"api_url": "https://far.example.com"}
    assert "No login" in refused({**entry, **url})


def test_pace_of_a_mirror_is_divided_by_the_shards_once() -> None:
    own = {"requests_per_second": 2.0}  # divided already
    assert far_of(opened(FAR, own=own, shard="1/4")).requests_per_second == 2.0
    entry = {**FAR, "requests_per_second": 12}
    assert far_of(opened(entry, own=own, shard="1/4")).requests_per_second == 3.0


def test_each_service_is_verified_with_the_options_of_all() -> None:
    verifier: Any = opened({**FAR, "bucket": "far-probe"}).verifier
    assert verifier.options.s3_url == "https://s3.near.example.com"
    (mirror,) = verifier._mirrors.values()
    assert (mirror.options.s3_url, mirror.options.bucket) == (
        "https://s3.far.example.com",
        "far-probe",
    )


def test_secret_of_an_entry_is_masked_wherever_it_turns_up() -> None:
    site = opened(FAR)
    assert "far-s3cr3t" not in site.platform.client.redactor.redact("so: far-s3cr3t")


@pytest.mark.parametrize(
    ("mirrors", "words"),
    [
        ([{k: v for k, v in FAR.items() if k != "s3_url"}], "no s3_url"),
        ([{**FAR, "colour": "blue"}], "colour"),
        ([{**FAR, "endpoint": ""}], "no name"),
        ([7], "no name"),
        ([{**FAR, "endpoint": "near"}], "named twice"),
        ([FAR, FAR], "named twice"),
        ([{**FAR, "platform": "ose"}], "another platform"),
        ([{**FAR, "api_url": "far.example.com"}], "mirrors: far: api_url"),
        ([{**FAR, "parallelism": "many"}], "parallelism is not a int"),
    ],
)
def test_what_is_wrong_with_an_entry_is_named(mirrors: list[Any], words: str) -> None:
    assert words in refused(*mirrors)


def test_clock_of_a_test_is_only_for_machines_of_a_test() -> None:
    assert "moved" in refused(FAR, clock=Clock(3600.0))


def test_endpoint_without_a_name_has_no_mirrors() -> None:
    assert "no name" in refused(FAR, own={"endpoint": None})


def test_warnings_name_the_mirror() -> None:
    site = opened({**FAR, "validate_certs": False})
    assert any(text.startswith("Mirror far: validate_certs") for text in site.warnings)
