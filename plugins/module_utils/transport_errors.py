# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why no answer came, in plain words: what requests, urllib3, ssl and the socket raise."""

from __future__ import annotations

import ssl
from typing import Any

from .settings import Settings


class TransportError(Exception):
    """No whole answer came. passing: worth trying again. maybe_sent: the server may have acted."""

    def __init__(
        self,
        kind: str,
        reason: str,
        *,
        passing: bool,
        maybe_sent: bool,
        next_step: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.passing = passing
        self.maybe_sent = maybe_sent
        self.next_step = next_step


def explain(exc: BaseException, settings: Settings) -> TransportError:
    """Turn what requests, urllib3 or the socket raised into plain words."""
    chain = _chain(exc)
    # The outer exceptions quote the URL, and an account may be called "expired".
    text = str(chain[-1])
    names = {inner.__class__.__name__ for inner in chain}
    for inner in chain:
        if isinstance(inner, ssl.SSLError) or inner.__class__.__name__ == "CertificateError":
            return _explain_tls(inner, settings)
    if names & {"InvalidProxyURL", "ProxySchemeUnknown"} or "SOCKS" in text:
        return TransportError(
            "invalid_option",
            "the proxy option is no URL that can be used"
            + (" (SOCKS needs the Python library PySocks)" if "SOCKS" in text else ""),
            passing=False,
            maybe_sent=False,
            next_step="Write it as http://host:port.",
        )
    if "ProxyError" in names:
        return TransportError(
            "unreachable",
            f"the proxy refused or could not be reached ({text[:80]})",
            passing=False,
            maybe_sent=False,
            next_step="Check the proxy option.",
        )
    if names & {"ConnectTimeout", "ConnectTimeoutError"}:
        return TransportError(
            "timeout",
            f"no connection within {settings.connect_timeout:g} s",
            passing=True,
            maybe_sent=False,
            next_step="Check api_url, the port and the firewall: packets seem to be dropped.",
        )
    if names & {"NameResolutionError", "gaierror"}:
        return TransportError(
            "unreachable",
            "the host name is not known (DNS)",
            passing=False,
            maybe_sent=False,
            next_step="Check the host in api_url, and DNS on the machine that runs the module.",
        )
    if names & {"NewConnectionError"} or any(isinstance(i, ConnectionRefusedError) for i in chain):
        refused = isinstance(chain[-1], ConnectionRefusedError)
        return TransportError(
            "unreachable",
            "the connection was refused" if refused else "no connection could be made",
            passing=True,
            maybe_sent=False,
            next_step="Check host and port in api_url, and that the service runs.",
        )
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError", "timeout"}:
        return TransportError(
            "timeout",
            f"no answer within {settings.read_timeout:g} s",
            passing=True,
            maybe_sent=True,
        )
    if isinstance(exc, ValueError) or "LocationParseError" in names:
        is_header = "InvalidHeader" in names or "UnicodeEncodeError" in names
        return TransportError(
            "invalid_option",
            "a header cannot hold this login" if is_header else "the URL cannot be used",
            passing=False,
            maybe_sent=False,
            next_step="Look for a line break or a character outside Latin-1 in the token or key."
            if is_header
            else "Check api_url and the proxy option.",
        )
    return closed(settings)


def closed(settings: Settings | None = None) -> TransportError:
    """Return the error of a connection that ended too early. settings: of that connection."""
    # With TLS 1.3 a server asks for the client's certificate when the client is done already and
    # has sent its request. Closing with that unread resets the connection, and the reset may hide
    # the alert that says why.
    is_bare = settings and settings.api_url.startswith("https:") and not settings.client_cert
    return TransportError(
        "unreachable",
        "the connection was closed before the answer was complete",
        passing=True,
        maybe_sent=True,
        next_step="Run again; if it repeats, check that api_url speaks HTTP on this port"
        " (https:// or http://)"
        + (
            ", and whether it wants a client certificate (client_cert and client_key)."
            if is_bare
            else "."
        ),
    )


def _chain(exc: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[Any] = [exc]
    while todo and len(found) < 20:
        inner = todo.pop(0)
        if not isinstance(inner, BaseException) or any(inner is seen for seen in found):
            continue
        found.append(inner)
        todo += [inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args]
    return found


def _explain_tls(exc: BaseException, settings: Settings) -> TransportError:
    def tls(
        reason: str, next_step: str | None = None, *, maybe_sent: bool = False
    ) -> TransportError:
        return TransportError(
            "tls", reason, passing=False, maybe_sent=maybe_sent, next_step=next_step
        )

    text = str(exc)
    lowered = text.lower()
    if "key usage" in lowered or "key identifier" in lowered or "basic constraints" in lowered:
        return tls(
            "the CA certificate lacks an extension that Python 3.13 and later insist on"
            f" ({_verify_reason(text)}); curl and older Pythons accept it",
            "Have the CA reissued with keyUsage keyCertSign and the key identifiers; until then run"
            " the module under Python 3.12 (ansible_python_interpreter), or put the endpoint's own"
            " certificate into ca_path.",
        )
    if "self-signed" in lowered or "self signed" in lowered:
        return tls(
            "the certificate is self-signed and not trusted",
            "Save it (openssl s_client -connect HOST:PORT -showcerts), compare its fingerprint with"
            " the endpoint's console, and name the file with ca_path.",
        )
    if (
        "hostname mismatch" in lowered
        or "ip address mismatch" in lowered
        or "doesn't match" in lowered
    ):
        return tls(
            "the certificate is for another host name",
            "Use the name that the certificate holds in api_url.",
        )
    if "expired" in lowered:
        return tls(
            "the certificate has expired, or this machine's clock is wrong",
            "Renew the endpoint's certificate.",
        )
    if "unable to get local issuer" in lowered or "unable to get issuer" in lowered:
        return tls(
            "the certificate was signed by a CA that is not trusted here",
            "Name that CA's certificate (PEM) with ca_path.",
        )
    if (
        "wrong version number" in lowered
        or "unknown protocol" in lowered
        or "http_request" in lowered
    ):
        return tls("the port does not speak TLS", "Use http:// in api_url, or the TLS port.")
    if (
        "certificate required" in lowered
        or "bad certificate" in lowered
        or "handshake failure" in lowered
    ):
        return tls(
            "the endpoint refused the TLS handshake",
            "It may want a client certificate: set client_cert and client_key.",
        )
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return closed(settings)
    is_verdict = isinstance(exc, ssl.SSLCertVerificationError)
    # TLS can also break after the request went out: only a verdict on a certificate cannot.
    return tls(f"TLS failed ({_verify_reason(text)})", maybe_sent=not is_verdict)


def _verify_reason(text: str) -> str:
    """Return OpenSSL's own words out of a long exception text."""
    marker = "certificate verify failed: "
    if marker in text:
        return text.partition(marker)[2].partition(" (_ssl")[0].strip("'\") ")[:120]
    if "[SSL" in text:
        return text[text.index("[SSL") :].partition(" (_ssl")[0][:120]
    return "no details"
