# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AWS is logged in to: options, profiles, the chain, roles, partitions; never to strangers."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    aws_endpoints,
    aws_login,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.aws import Aws
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators import aws
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.aws_lab import (
    ROLE,
    SESSION,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
)

__all__ = ["lab"]

NOTHING: dict[str, Any] = {"api_access_key": None, "api_secret_key": None}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without anything of AWS's."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    aws_login._configured_region.cache_clear()
    yield
    aws_login._configured_region.cache_clear()


def profile(folder: Path, name: str = "rotator", **more: str) -> None:
    """Write a profile with the simulator's login."""
    lines = [f"[{name}]", f"aws_access_key_id = {aws.ACCESS_KEY}"]
    lines += [f"aws_secret_access_key = {aws.SECRET_KEY}"]
    (folder / "credentials").write_text("\n".join(lines))
    config = "".join(f"{key} = {value}\n" for key, value in more.items())
    (folder / "config").write_text(f"[profile {name}]\n{config}")


def opened(url: str | None = None, environ: Mapping[str, str] | None = None, **options: Any) -> Aws:
    """Return a platform that sends nothing."""
    given = {"api_url": url, "endpoint": "lab", **options}
    settings = resolve(given, "aws", Aws.SCOPE, environ or {}, usual_url=Aws.usual_url)
    return Aws(settings, Client(settings, Redactor(), RecordingClock()))


# --- where -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "url", "signed"),
    [
        (None, "https://iam.amazonaws.com", "us-east-1"),
        ("eu-central-1", "https://iam.amazonaws.com", "us-east-1"),
        ("us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("us-iso-west-1", "https://iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("us-isob-east-1", "https://iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
    ],
)
def test_endpoint_and_signature_follow_from_the_partition(
    region: str | None, url: str, signed: str
) -> None:
    login: dict[str, Any] = {"api_access_key": "AKIA1", "api_secret_key": "x" * 40}
    platform = opened(api_region=region, **login)
    assert platform.settings.api_url == url
    headers = platform.auth().headers("POST", url + "/", {}, b"")
    assert f"/{signed}/iam/aws4_request" in headers["Authorization"]
    # The same as AWS's own SDK has it.
    import botocore.session

    session = botocore.session.get_session()
    known = session.create_client("iam", region or "us-east-1").meta
    assert known.endpoint_url == url


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://iam.amazonaws.com", "us-east-1"),
        ("https://vpce-0a1b-c2d3.iam.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://IAM.us-gov.amazonaws.com", "us-gov-west-1"),
        ("https://iam.amazonaws.com.example.com", None),
        ("https://amazonaws.com", None),
        ("https://evil-iam.amazonaws.com", None),
    ],
)
def test_only_iam_itself_counts_as_aws(url: str, region: str | None) -> None:
    found = aws_endpoints.partition_of_url(url)
    assert (found.region if found else None) == region


def test_region_comes_from_options_environment_and_profile(tmp_path: Path) -> None:
    login: dict[str, Any] = {"api_access_key": "AKIA1", "api_secret_key": "x" * 40}
    profile(tmp_path, region="cn-north-1")
    assert "cn-north-1" in opened(api_profile="rotator", **login).settings.api_url
    env = {"AWS_DEFAULT_REGION": "us-gov-west-1"}
    assert "us-gov" in opened(environ=env, api_profile="rotator", **login).settings.api_url
    assert opened(environ=env, api_region="eu-west-1", **login).settings.api_url.endswith(
        "iam.amazonaws.com"
    )


def test_secret_of_the_environment_goes_to_the_vendors_own_url_and_nowhere_else() -> None:
    env = {"S3_AWS_API_ACCESS_KEY": "AKIA1", "S3_AWS_API_SECRET_KEY": "x" * 40}
    assert opened(environ=env).settings.api_secret_key == "x" * 40
    assert opened("https://iam.amazonaws.com/", env).settings.api_secret_key == "x" * 40
    exc = raised(opened, "https://iam.example.com", env)
    assert exc.kind == "invalid_option"
    given = {"api_url": "https://iam.example.com", "endpoint": "lab"}
    settings = resolve(given, "aws", Aws.SCOPE, env, usual_url=Aws.usual_url)
    assert settings.api_secret_key is None
    assert any("S3_AWS_API_SECRET_KEY" in warning for warning in settings.warnings)


# --- with what ---------------------------------------------------------------------------------


def test_profile_logs_in_at_another_url_when_it_is_named(lab: Lab, tmp_path: Path) -> None:
    profile(tmp_path)
    platform = lab.open(**NOTHING, api_profile="rotator")
    assert platform.connect().details["login"].endswith("user/rotator")
    # Its own key is known, so that it is rotated with care.
    assert platform.own_pair() == Pair(aws.ACCESS_KEY, aws.SECRET_KEY)
    lab.server.faults.add("status", status=400, body=f"bad {aws.SECRET_KEY}")
    assert aws.SECRET_KEY not in everything_in(raised(lambda: list(platform.accounts())))


def test_what_the_machine_has_is_not_shown_to_strangers(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(tmp_path, "default")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", aws.SECRET_KEY)
    exc = raised(lab.open, **NOTHING)
    assert exc.kind == "invalid_option"
    assert lab.server.log == []
    # At AWS itself it is what everybody expects.
    assert opened().own_pair() == Pair(aws.ACCESS_KEY, aws.SECRET_KEY)


def test_machine_without_any_login_says_where_one_could_come_from() -> None:
    exc = raised(opened().connect)
    assert exc.kind == "authentication"
    assert "AWS_PROFILE" in exc.next_step
    assert opened().own_pair() is None


def test_profile_that_is_not_there_is_named(lab: Lab) -> None:
    exc = raised(lab.open(**NOTHING, api_profile="nobody").connect)
    assert exc.kind == "invalid_option"
    assert "nobody" in exc.message


def test_broken_credential_process_is_no_traceback(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile p]\ncredential_process = /bin/false\n")
    exc = raised(lab.open(**NOTHING, api_profile="p").connect)
    assert exc.kind == "authentication"


def test_session_token_belongs_to_the_key(lab: Lab) -> None:
    platform = lab.open(**SESSION)
    assert platform.connect().scope == {"account": "123456789012"}
    assert platform.own_pair() is None  # nothing that could be rotated
    exc = raised(lab.open(**{**SESSION, "api_token": "x" * 40}).connect)
    assert (exc.kind, exc.code) == ("authentication", "InvalidClientTokenId")
    lab.sim.clock.advance(3651 * 86400)
    lab.clock.slept.append(3651 * 86400)
    exc = raised(platform.account, AccountRef(name="x"))
    assert (exc.kind, exc.code) == ("authentication", "ExpiredToken")
    assert "profile or a role" in exc.next_step


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"api_secret_key": None}, "api_secret_key"),
        ({"api_access_key": None}, "api_access_key"),
        ({**NOTHING, "api_token": "t" * 20}, "api_token"),
        ({"api_external_id": "4711"}, "api_role_arn"),
        ({"api_session_name": "nightly"}, "api_role_arn"),
        ({"api_role_arn": "rotator"}, "arn:aws:iam"),
        ({"user_path": "backup/"}, "slash"),
    ],
)
def test_options_that_contradict_each_other_are_named(
    lab: Lab, options: dict[str, Any], named: str
) -> None:
    exc = raised(lab.open, **options)
    assert exc.kind == "invalid_option"
    assert named in exc.message + exc.next_step
    assert lab.server.log == []


def test_without_botocore_the_message_says_what_to_install(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def no_botocore(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("botocore"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_botocore)
    ways: list[dict[str, Any]] = [{}, {**NOTHING, "api_profile": "rotator"}]
    for options in ways:
        exc = raised(lab.open(**options).connect)
        assert exc.kind == "invalid_option"
        assert "pip install botocore" in exc.next_step
        assert exc.platform == "aws"


# --- roles -------------------------------------------------------------------------------------


def test_role_is_assumed_once_for_eight_threads_and_renewed(lab: Lab) -> None:
    lab.account("backup")
    platform = lab.open(**ROLE)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _n: len(list(platform.accounts())), range(8)))
    assert found == [1] * 8
    assert lab.asked().count("AssumeRole") == 1
    assert platform.connect().details["login"].endswith("rotator-role/objectstore-credentials")
    # The base key is the one that could be rotated.
    assert platform.own_pair() == Pair(aws.ACCESS_KEY, aws.SECRET_KEY)
    lab.clock.sleep(56 * 60)
    assert [account.name for account in platform.accounts()] == ["backup"]
    assert lab.asked().count("AssumeRole") == 2


def test_role_that_is_refused_is_asked_for_once(lab: Lab) -> None:
    platform = lab.open(**{**ROLE, "api_external_id": "wrong"})
    with ThreadPoolExecutor(8) as pool:
        kinds = set(pool.map(lambda _n: raised(platform.connect).kind, range(8)))
    assert kinds == {"permission"}
    assert lab.asked() == ["AssumeRole"]
    assert "sts:AssumeRole" in raised(platform.connect).next_step


def test_role_of_check_mode_is_assumed_and_nothing_else_is_sent(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open(check_mode=True, **ROLE)
    assert raised(platform.create_access_key, account).kind == "check_mode_write"
    assert len(platform.access_keys(account)) == 1
    assert lab.asked() == ["AssumeRole", "ListAccessKeys"]


def test_secrets_of_a_role_are_masked(lab: Lab) -> None:
    platform = lab.open(**ROLE)
    platform.connect()
    session = next(s for s in lab.sim.world.sessions.values() if s.user is None)
    for secret in (session.secret, session.token):
        assert secret not in platform.client.redactor.redact(f"x {secret} y")
