# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: what is refused by default, what each refusal says, and that its ways out work."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    explain,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.certificates import (
    Certificates,
    Signed,
)
from ansible_collections.objectstore.credentials.tests.unit.conftest import MakeClient
from ansible_collections.objectstore.credentials.tests.unit.support import Echo, raised

Serve = Callable[..., SimulatorServer]

#: What ssl.create_default_context() adds from Python 3.13 on: strict, and any trusted certificate
#: ends the chain.
STRICT = int(ssl.VERIFY_X509_STRICT) | 0x80000


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves the echoing platform with a certificate."""
    started: list[SimulatorServer] = []

    def start(signed: Signed, **fields: Any) -> SimulatorServer:
        started.append(SimulatorServer(Echo(), certificate=signed.chain, **fields).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(params=[False, True], ids=["as before 3.13", "as from 3.13 on"])
def is_strict(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run a test with the verification of both generations of Python."""
    real = ssl.create_default_context

    def of_generation(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = real(*args, **kwargs)
        if request.param:
            context.verify_flags |= STRICT
        else:
            context.verify_flags &= ~STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", of_generation)
    return bool(request.param)


def refusal(make_client: MakeClient, server: SimulatorServer, **settings: Any) -> CredentialsError:
    """Return the error of a request that TLS refuses; nothing reached the platform."""
    error = raised(make_client(url=server.url, **settings).request, "GET", "/x")
    assert (error.kind, error.landed, server.requests) == ("tls", False, 0)
    return error


def accepts(make_client: MakeClient, server: SimulatorServer, **settings: Any) -> bool:
    """Tell whether a request gets through."""
    return make_client(url=server.url, **settings).request("GET", "/x").status == 200


def test_self_signed_is_refused_by_default(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    error = refusal(make_client, serve(certificates.self_signed))
    assert "self-signed" in error.message
    assert "ca_path" in error.next_step


def test_self_signed_in_ca_path_is_trusted(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    server = serve(certificates.self_signed)
    assert accepts(make_client, server, ca_path=certificates.self_signed.cert_path)


def test_private_ca_is_refused_by_default(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    error = refusal(make_client, serve(certificates.good))
    assert "signed by a CA that is not trusted here" in error.message
    assert "ca_path" in error.next_step


def test_private_ca_in_ca_path_is_trusted(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    server = serve(certificates.good)
    assert accepts(make_client, server, ca_path=certificates.ca.cert_path)
    assert accepts(make_client, server, ca_path=certificates.ca.cert_path)


def test_other_ca_in_ca_path_is_refused(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    refusal(make_client, serve(certificates.good), ca_path=certificates.self_signed.cert_path)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_bundle_of_the_environment_is_ignored(
    make_client: MakeClient,
    serve: Serve,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, certificates.ca.cert_path)
    refusal(make_client, serve(certificates.good))


def test_verification_off_accepts_anything_without_a_warning_on_stderr(
    make_client: MakeClient,
    serve: Serve,
    certificates: Certificates,
    recwarn: pytest.WarningsRecorder,
) -> None:
    for signed in (certificates.self_signed, certificates.expired, certificates.other_name):
        assert accepts(make_client, serve(signed), validate_certs=False)
    assert list(recwarn) == []


def test_wrong_host_name_is_refused(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    server = serve(certificates.other_name)
    error = refusal(make_client, server, ca_path=certificates.ca.cert_path)
    assert "for another host name" in error.message
    assert "api_url" in error.next_step


def test_expired_certificate_is_refused(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    server = serve(certificates.expired)
    error = refusal(make_client, server, ca_path=certificates.ca.cert_path)
    assert "has expired" in error.message
    assert "Renew" in error.next_step


def test_ca_without_key_usage_is_accepted_before_3_13_and_explained_after(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    server = serve(certificates.by_old_ca)
    if not is_strict:
        assert accepts(make_client, server, ca_path=certificates.old_ca.cert_path)
        return
    error = refusal(make_client, server, ca_path=certificates.old_ca.cert_path)
    assert "Python 3.13" in error.message
    assert "lacks an extension" in error.message
    for way_out in ("reissued with keyUsage", "Python 3.12", "own certificate into ca_path"):
        assert way_out in error.next_step


def test_ways_out_of_a_ca_without_key_usage_work(
    make_client: MakeClient, serve: Serve, certificates: Certificates, is_strict: bool
) -> None:
    # The endpoint's own certificate in ca_path.
    server = serve(certificates.by_old_ca)
    assert accepts(make_client, server, ca_path=certificates.by_old_ca.cert_path)
    # The CA reissued, and with it the endpoint's certificate.
    server = serve(certificates.good)
    assert accepts(make_client, server, ca_path=certificates.ca.cert_path)


@pytest.mark.parametrize(
    "reason",
    [
        "CA cert does not include key usage extension",
        "Missing Authority Key Identifier",
        "Missing Subject Key Identifier",
        "Basic Constraints of CA cert not marked critical",
    ],
)
def test_refusals_of_3_13_are_all_explained(make_client: MakeClient, reason: str) -> None:
    exc = ssl.SSLCertVerificationError(
        1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason} (_ssl.c:1020)"
    )
    explained = explain(exc, make_client().settings)
    assert "Python 3.13" in explained.reason
    assert reason in explained.reason
    assert explained.next_step
    assert (explained.kind, explained.passing, explained.maybe_sent) == ("tls", False, False)


def test_client_certificate_is_presented(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    server = serve(certificates.good, client_ca=certificates.ca.cert_path)
    assert accepts(
        make_client,
        server,
        ca_path=certificates.ca.cert_path,
        client_cert=certificates.client.cert_path,
        client_key=certificates.client.key_path,
    )


def test_client_certificate_missing_is_explained(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    server = serve(certificates.good, client_ca=certificates.ca.cert_path)
    client = make_client(url=server.url, ca_path=certificates.ca.cert_path)
    error = raised(client.request, "GET", "/x")
    assert error.kind == "tls"
    assert "client_cert" in error.next_step
    assert server.requests == 0


@pytest.mark.parametrize("exc", [ConnectionResetError(104, "reset"), ssl.SSLEOFError(8, "EOF")])
def test_reset_instead_of_an_alert_names_the_client_certificate_too(
    make_client: MakeClient, certificates: Certificates, exc: OSError
) -> None:
    def told(**settings: Any) -> str:
        error = explain(exc, make_client(**settings).settings)
        assert (error.kind, error.maybe_sent) == ("unreachable", True)
        return error.next_step or ""

    own = {"client_cert": certificates.client.cert_path, "client_key": certificates.client.key_path}
    assert "client_cert" in told(url="https://127.0.0.1:1")
    assert "client_cert" not in told(url="http://127.0.0.1:1")
    assert "client_cert" not in told(url="https://127.0.0.1:1", **own)


@pytest.mark.parametrize(("cert", "key"), [("client", "good"), ("key of client", "client")])
def test_client_certificate_that_cannot_be_used_is_an_invalid_option(
    make_client: MakeClient, serve: Serve, certificates: Certificates, cert: str, key: str
) -> None:
    paths = {
        "client": certificates.client.cert_path,
        "key of client": certificates.client.key_path,
    }
    keys = {"client": certificates.client.key_path, "good": certificates.good.key_path}
    client = make_client(
        url=serve(certificates.good).url, client_cert=paths[cert], client_key=keys[key]
    )
    error = raised(client.request, "GET", "/x")
    assert error.kind == "invalid_option"
    assert "client_cert and client_key" in error.message


def test_ca_path_that_holds_no_certificate_is_an_invalid_option(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    client = make_client(url=serve(certificates.good).url, ca_path=certificates.client.key_path)
    error = raised(client.request, "GET", "/x")
    assert error.kind == "invalid_option"
    assert "ca_path" in error.message


def test_https_to_a_plain_port_says_so(make_client: MakeClient, server: SimulatorServer) -> None:
    client = make_client(url=server.url.replace("http:", "https:"))
    error = raised(client.request, "GET", "/x")
    assert error.kind == "tls"
    assert "does not speak TLS" in error.message
    assert "http://" in error.next_step


def test_http_to_a_tls_port_is_unreachable_and_names_the_schemes(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    server = serve(certificates.good)
    error = raised(make_client(url=server.url.replace("https:", "http:")).request, "GET", "/x")
    assert error.kind == "unreachable"
    assert "https:// or http://" in error.next_step


@pytest.mark.parametrize("action", ["drop", "truncate"])
def test_write_over_tls_whose_answer_is_lost_has_an_unknown_outcome(
    make_client: MakeClient, serve: Serve, certificates: Certificates, action: str
) -> None:
    server = serve(certificates.good)
    client = make_client(url=server.url, ca_path=certificates.ca.cert_path)
    server.faults.add(action, "after", times=0)
    error = raised(client.request, "POST", "/x")
    # Over TLS a lost connection shows as an SSL error; it must not pass for a refused certificate.
    assert (error.kind, error.landed) == ("outcome_unknown", None)
    assert server.simulator.writes == 1


@pytest.mark.parametrize(
    "exc",
    [
        ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred (_ssl.c:1006)"),
        ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed (EOF) (_ssl.c:1006)"),
        ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] bad record (_ssl.c:2580)"),
    ],
)
def test_tls_that_breaks_midway_may_have_carried_the_request(
    make_client: MakeClient, exc: ssl.SSLError
) -> None:
    explained = explain(exc, make_client().settings)
    assert explained.maybe_sent
    assert explained.passing is isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


@pytest.mark.parametrize("action", ["drop", "truncate"])
def test_read_over_tls_whose_answer_is_lost_is_repeated(
    make_client: MakeClient, serve: Serve, certificates: Certificates, action: str
) -> None:
    server = serve(certificates.good)
    client = make_client(url=server.url, ca_path=certificates.ca.cert_path)
    server.faults.add(action, times=2)
    assert client.request("GET", "/x").status == 200


def test_connections_are_kept_over_tls(
    make_client: MakeClient, serve: Serve, certificates: Certificates
) -> None:
    server = serve(certificates.good)
    client = make_client(url=server.url, ca_path=certificates.ca.cert_path)
    for _unused in range(5):
        client.request("GET", "/x")
    assert server.connections == 1
