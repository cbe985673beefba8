# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suboptions of verify, and what a connection's trouble says about them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.objectstore.credentials.plugins.doc_fragments.verify import (
    ModuleDocFragment,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    ACCEPTED,
    UNREACHABLE,
    VERIFY_SPEC,
    Verifier,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.verify_lab import (
    GOOD,
    Lab,
    everywhere_is_here,
)
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import data_plane
from ansible_collections.objectstore.credentials.tests.unit.support import raised, settings_for


@pytest.fixture
def lab(server: SimulatorServer) -> Lab:
    """A lab whose data plane is a plain one."""
    return Lab(server, data_plane())


@pytest.fixture
def tls_lab(certificates: Certificates) -> Iterator[Lab]:
    """A lab whose data plane speaks TLS, with a certificate of a private CA."""
    with SimulatorServer(data_plane(), certificate=certificates.good.chain) as server:
        yield Lab(server, server.simulator)


def verifier(options: Any, **settings: Any) -> Verifier:
    """Return a verifier that is not meant to get anywhere."""
    return Verifier(
        options, settings_for("https://api.example.com", **settings), Redactor(), Clock()
    )


def test_documentation_and_spec_say_the_same() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["verify"]["suboptions"]
    assert set(documented) == set(VERIFY_SPEC)
    for name, spec in VERIFY_SPEC.items():
        for word in ("type", "default", "choices"):
            assert documented[name].get(word) == spec.get(word), name


def test_verification_can_be_switched_off() -> None:
    assert not verifier({"enabled": False, "s3_url": "nonsense", "timeout": "never"}).enabled
    assert verifier({"s3_url": "https://s3.example.com"}).enabled


@pytest.mark.parametrize("options", [None, {}, {"enabled": True}, {"bucket": "demo"}])
def test_missing_url_is_an_error_once_it_is_needed(options: Any) -> None:
    unfinished = verifier(options)
    assert unfinished.enabled
    for work in (unfinished.prove, lambda: unfinished.probe(GOOD)):
        exc = raised(work)
        assert exc.kind == "invalid_option"
        assert "verify.s3_url" in exc.message
        assert "verify.enabled" in exc.next_step


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"s3_url": "s3.example.com"}, "s3_url"),
        ({"s3_url": "ftp://s3.example.com"}, "s3_url"),
        ({"s3_url": "https://"}, "s3_url"),
        ({"s3_url": "https://s3.example.com:port"}, "s3_url"),
        ({"s3_url": "https://s3.example.com/?x=1"}, "s3_url"),
        ({"s3_url": "https://s3.example.com/a b"}, "s3_url"),
        ({"s3_url": "https://me:secret-word@s3.example.com"}, "s3_url"),
        ({"s3_url": "https://@s3.example.com"}, "s3_url must not hold a user name"),
        ({"bucket": "a/b"}, "bucket"),
        ({"bucket": ".."}, "bucket"),
        ({"bucket": "a\nb"}, "bucket"),
        ({"region": "a/b"}, "region"),
        ({"addressing_style": "host"}, "addressing_style"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": "0s"}, "timeout"),
        ({"interval": "soon"}, "interval"),
        ({"interval": "0s"}, "interval"),
        ({"successes": 0}, "successes"),
        ({"successes": 1000}, "successes"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path"),
    ],
)
def test_wrong_value_is_named(options: Any, word: str) -> None:
    exc = raised(verifier, options)
    assert exc.kind == "invalid_option"
    assert word in exc.message
    assert "secret-word" not in exc.message


def test_account_s_own_url_is_checked_as_well() -> None:
    work = verifier({"s3_url": "https://s3.example.com"}).probe
    exc = raised(work, GOOD, s3_url="s3.example.com")
    assert exc.kind == "invalid_option"
    assert exc.message.startswith("s3_url ")


def test_account_s_own_url_and_bucket_come_first(lab: Lab) -> None:
    work = lab.verifier(s3_url="http://127.0.0.1:1", bucket="other")
    verdict = work.probe(GOOD, bucket="demo", s3_url=lab.server.url)
    assert verdict.outcome == ACCEPTED
    assert f"s3_url ({lab.server.url})" in verdict.message
    assert lab.sent()[-1].startswith("/demo?")


def test_default_port_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The host that is signed must be the one that is sent, and clients leave the port out.
    exc = raised(verifier({"s3_url": "HTTP://LOCALHOST:80/"}).prove)
    assert "verify.s3_url (http://localhost)" in exc.message


# --- botocore -----------------------------------------------------------------------------------


def test_missing_botocore_is_told_with_what_to_install(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("botocore.auth", "botocore.awsrequest", "botocore.credentials"):
        monkeypatch.setitem(sys.modules, name, None)
    exc = raised(lab.verifier().prove)
    assert exc.kind == "invalid_option"
    assert "pip install botocore" in exc.next_step
    assert "verify.enabled" in exc.next_step


# --- the connection -----------------------------------------------------------------------------


def test_own_ca_of_the_service_is_trusted(tls_lab: Lab, certificates: Certificates) -> None:
    trusting = tls_lab.verifier(ca_path=certificates.ca.cert_path)
    assert trusting.accept(GOOD).outcome == ACCEPTED
    assert len({entry.connection for entry in tls_lab.server.log}) == 3


def test_unknown_ca_is_told_with_the_option_that_names_it(tls_lab: Lab) -> None:
    exc = raised(tls_lab.verifier().prove)
    assert exc.kind == "verification_unreachable"
    assert "verify.ca_path" in exc.next_step
    assert tls_lab.clock.slept == []


def test_certificates_need_not_be_verified(tls_lab: Lab) -> None:
    assert tls_lab.verifier(validate_certs=False).probe(GOOD).outcome == ACCEPTED


def test_api_s_ca_is_not_the_service_s(tls_lab: Lab, certificates: Certificates) -> None:
    settings = settings_for("https://api.example.com", ca_path=certificates.ca.cert_path)
    options = {"s3_url": tls_lab.server.url}
    exc = raised(Verifier(options, settings, Redactor(), tls_lab.clock).prove)
    assert exc.kind == "verification_unreachable"


def test_file_that_holds_no_certificates_is_told(tls_lab: Lab, certificates: Certificates) -> None:
    exc = raised(tls_lab.verifier(ca_path=certificates.good.key_path).prove)
    assert exc.kind == "invalid_option"
    assert exc.message.startswith("verify.ca_path:")


def test_refused_connection_names_the_option(lab: Lab) -> None:
    with socket.socket() as taken:  # and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        exc = raised(lab.verifier(s3_url=f"http://127.0.0.1:{port}").prove)
    assert exc.kind == "verification_unreachable"
    assert "refused" in exc.message
    assert "verify.s3_url" in exc.next_step
    assert "api_url" not in exc.next_step


def test_unknown_host_is_not_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    exc = raised(lab.verifier(s3_url="http://s3.example.com").prove)
    assert exc.kind == "verification_unreachable"
    assert "DNS" in exc.message
    assert lab.clock.slept == []


def test_service_is_reached_through_its_own_proxy(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere_is_here(monkeypatch)
    # The simulator answers as the proxy of a name that is nowhere.
    proxied = lab.verifier(s3_url="http://s3.example.com", proxy=lab.server.url)
    exc = raised(proxied.prove)
    assert exc.kind == "verification_unreachable"
    assert lab.sent() == ["http://s3.example.com/"]


def test_password_of_the_proxy_is_masked(lab: Lab) -> None:
    lab.verifier(proxy="http://me:proxy-password-1@127.0.0.1:1")
    assert "proxy-password-1" not in lab.redactor.redact("a proxy-password-1 b")


def test_proxy_that_is_no_url_is_an_option_s_fault(lab: Lab) -> None:
    exc = raised(lab.verifier(proxy="socks9://x").prove)
    assert exc.kind == "invalid_option"
    assert "verify.proxy" in exc.message + exc.next_step


def test_key_that_no_header_can_hold_is_unclear(lab: Lab) -> None:
    work = lab.verifier()
    work.prove()
    odd = type(GOOD)("AKIA\r\nX-Injected: 1", "some-secret")
    verdict = work.probe(odd)
    assert verdict.outcome == UNREACHABLE
    assert len(lab.sent()) == 1


def test_server_that_never_ends_is_bounded(lab: Lab) -> None:
    work = lab.verifier()
    work.prove()
    lab.server.faults.add(action="endless", times=1)
    assert work.probe(GOOD).outcome == UNREACHABLE
