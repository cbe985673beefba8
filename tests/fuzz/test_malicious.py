# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every platform, the secret store and the S3 probe against a server that means harm."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2 import (
    VaultKv2,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.transport import (
    LARGEST_ANSWER,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    ACCEPTED,
    Verifier,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract.cells import (  # noqa: E501
    FORMS,
    simulator_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501
    PLACE,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    settings_for,
)

from .malicious import MODES, Malicious, attacked
from .of_records import _context
from .rules import Refused, check_account, check_text, value_or_refusal

#: One form of each platform.
ONE_EACH = [next(form for form in FORMS if form[0] == name) for name in sorted(PLATFORMS)]
#: What the sockets between may hold when a client hangs up.
IN_BETWEEN = 24 * 1024 * 1024
#: More than any client here asks in one go.
MOST_REQUESTS = 60
#: Answers that a reading may take for a true one: nothing is wrong in it, or nobody looks.
INNOCENT = {"doubled_names"}
SECRET = "Made0Up0Secret0Key0/+=01"


def platform_at(form: tuple[str, str], url: str) -> tuple[Platform, list[str]]:
    """Return a platform in one form whose endpoint is elsewhere, and its secrets."""
    name, label = form
    simulator = simulator_of(name)
    variant = simulator.VARIANTS[label]
    options = {
        "api_url": url + simulator.BASE_PATH,
        "endpoint": "lab",
        "timeout": "5s",
        **{
            k: v.replace("{url}", url) if isinstance(v, str) else v
            for k, v in variant.options.items()
        },
    }
    platform_class = PLATFORMS[name]
    settings = resolve(options, name, platform_class.SCOPE, environ={})
    client = Client(settings, Redactor(), RecordingClock(), allow_side_effects=True)
    secrets = [
        str(options[n]) for n in ("api_password", "api_token", "api_secret_key") if n in options
    ]
    return platform_class(settings, client), secrets


def bounded(server: Malicious, elsewhere: Malicious, secrets: list[str]) -> None:
    """Hold what the server could do against the bounds."""
    assert len(server.heard) <= MOST_REQUESTS
    for heard in server.heard:
        assert heard.sent <= LARGEST_ANSWER + IN_BETWEEN, (heard.line, heard.sent)
    assert elsewhere.heard == [], "a login may have been carried elsewhere"
    for heard in server.heard[1:]:
        assert "stolen" not in heard.head, "a cookie was sent back"
    del secrets


def weighed(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what a call gives, and the most memory that it took meanwhile."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("attack", sorted(MODES))
@pytest.mark.parametrize("form", ONE_EACH, ids=lambda form: form[0])
def test_platform_under_attack_says_what_is_wrong(form: tuple[str, str], attack: str) -> None:
    with attacked(attack) as (server, elsewhere):
        platform, secrets = platform_at(form, server.url)
        try:

            def look() -> None:
                platform.connect()
                for account in platform.accounts():
                    check_account(account)
                platform.account(AccountRef(name="app-0001"))

            found = value_or_refusal(look, secrets=secrets)
        finally:
            platform.client.close()
        assert isinstance(found, Refused)
        assert found.error.landed is False
        assert found.error.endpoint == "lab"
        bounded(server, elsewhere, secrets)


@pytest.mark.parametrize("attack", sorted(MODES))
def test_write_under_attack_never_says_that_nothing_happened_unless_it_was_refused(
    attack: str,
) -> None:
    with attacked(attack) as (server, elsewhere):
        client = Client(settings_for(server.url), Redactor(), RecordingClock())
        try:
            found = value_or_refusal(
                client.request, "POST", "/keys", body={"name": "\r\nX-Injected: 1"}
            )
        finally:
            client.close()
        assert len(server.heard) == 1, "a change was sent twice"
        assert "X-Injected: 1\r\n" not in server.heard[0].head
        if isinstance(found, Refused):
            is_whole = found.error.http_status is not None
            assert found.error.landed is None or is_whole, found.error.message
        bounded(server, elsewhere, [])


@pytest.mark.parametrize("attack", sorted(MODES))
def test_probe_under_attack_accepts_nothing(attack: str) -> None:
    with attacked(attack) as (server, elsewhere):
        settings = settings_for("https://api.example.com")
        options = {"s3_url": server.url, "bucket": "b", "timeout": "2s"}
        verifier = Verifier(options, settings, Redactor(), RecordingClock())
        try:
            found = value_or_refusal(verifier.accept, Pair("AKIDMADEUP0000000001", SECRET))
        finally:
            verifier.close()
        if not isinstance(found, Refused):
            assert found.outcome != ACCEPTED
            for text in (found.message, found.next_step or "", found.code or ""):
                check_text(text)
                assert SECRET not in text
        bounded(server, elsewhere, [SECRET])


@pytest.mark.parametrize("attack", sorted(MODES))
def test_secret_store_under_attack_never_says_that_there_is_no_record(attack: str) -> None:
    with attacked(attack) as (server, elsewhere):
        options: Mapping[str, Any] = {
            **{name: spec.get("default") for name, spec in VaultKv2.OPTIONS.items()},
            "url": server.url,
            "token": "hvs.made-up-token-0001",
        }
        store = VaultKv2(options, _context(RecordingClock()))
        try:
            value_or_refusal(store.open, secrets=["hvs.made-up-token-0001"])
            found = value_or_refusal(store.read, PLACE, secrets=["hvs.made-up-token-0001"])
        finally:
            value_or_refusal(store.close)
        assert isinstance(found, Refused)
        bounded(server, elsewhere, [])


@pytest.mark.parametrize(
    "attack", ["endless_body", "gzip_bomb", "bombs_in_bombs", "endless_chunks", "endless_header"]
)
def test_memory_has_a_bound_under_attack(attack: str) -> None:
    with attacked(attack) as (server, _elsewhere):
        client = Client(settings_for(server.url), Redactor(), RecordingClock())
        try:
            found, most = weighed(lambda: value_or_refusal(client.request, "GET", "/"))
        finally:
            client.close()
        assert isinstance(found, Refused)
        # The answer in pieces, and once more as a whole where it still fits.
        assert most < 3 * LARGEST_ANSWER
