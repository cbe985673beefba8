# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and certificates: send one request, and say in plain words why no answer came."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from .errors import CredentialsError
from .settings import Settings

try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
except ImportError:
    # ansible-test imports every file without other packages; Transport() says what to install.
    requests = None  # type: ignore[assignment]  # the name must exist for the check in Transport

#: ssl.VERIFY_X509_PARTIAL_CHAIN, which Python 3.9 has no name for.
_PARTIAL_CHAIN = 0x80000

#: Answers above this are refused: a server must not fill the memory of the controller.
LARGEST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024


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


class Transport:
    """A pool of kept connections to one endpoint, at most parallelism, shared by all threads."""

    def __init__(self, settings: Settings) -> None:
        if requests is None:
            raise CredentialsError(
                "invalid_option",
                "The Python library requests is missing on the machine that runs the module.",
                next_step=f"Install it for {_python()}: pip install requests.",
            )
        self._settings = settings
        self._lock = threading.Lock()
        self._session: Any = None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request once and return status, headers and the whole body."""
        session = self._ready()
        try:
            prepared = requests.Request(
                method, url, headers=dict(headers), data=body if body else None
            ).prepare()
            with session.send(
                prepared,
                stream=True,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                allow_redirects=False,
                verify=self._settings.validate_certs,
                proxies=session.proxies,
            ) as response:
                return response.status_code, response.headers, self._read(response)
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as exc:
            # ValueError: what cannot be put into a header or a URL.
            raise explain(exc, self._settings) from None

    def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            self._session.close()

    def _read(self, response: Any) -> bytes:
        chunks = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise TransportError(
                    "malformed_answer",
                    f"the answer is larger than {LARGEST_ANSWER // 1048576} MiB",
                    passing=False,
                    maybe_sent=True,
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _ready(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            return self._session

    def _make_session(self) -> Any:
        settings = self._settings
        session = requests.Session()
        # No proxy, .netrc login or CA bundle slips in from the environment unasked.
        session.trust_env = False
        session.headers.clear()
        session.proxies = _proxies(settings)
        adapter = _adapter(settings)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        if not settings.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return session


def make_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS rules: the system's CAs or ca_path, and the client certificate.

    The system's store is asked before certifi's, because that is where operators install their own
    CA; Python's ssl honours SSL_CERT_FILE and SSL_CERT_DIR.
    """
    try:
        if settings.ca_path:
            is_dir = os.path.isdir(settings.ca_path)
            context = ssl.create_default_context(
                cafile=None if is_dir else settings.ca_path,
                capath=settings.ca_path if is_dir else None,
            )
            # Lets ca_path be the endpoint's own certificate as well; Python 3.13 does so itself.
            context.verify_flags |= _PARTIAL_CHAIN
        else:
            context = ssl.create_default_context()
            if (
                not context.cert_store_stats()["x509_ca"]
                and not ssl.get_default_verify_paths().capath
            ):
                context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    except (ssl.SSLError, OSError) as exc:
        raise CredentialsError(
            "invalid_option",
            f"ca_path: {settings.ca_path} holds no certificates in PEM form"
            f" ({exc.__class__.__name__}).",
        ) from None
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert:
        try:
            # An encrypted key would make OpenSSL ask on the terminal; the empty answer stops that.
            context.load_cert_chain(settings.client_cert, settings.client_key, password=lambda: "")
        except (ssl.SSLError, OSError, ValueError) as exc:
            raise CredentialsError(
                "invalid_option",
                "client_cert and client_key cannot be used"
                f" ({exc.__class__.__name__}): both must be PEM, the key unencrypted and the one of"
                " this certificate.",
            ) from None
    return context


def _adapter(settings: Settings) -> Any:
    context = make_context(settings)

    # Defined here because no class may inherit from requests at import.
    class PooledAdapter(requests.adapters.HTTPAdapter):
        """Uses one ready-made context: loading the CAs for each connection costs 50 ms."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)

        def cert_verify(self, *args: Any, **kwargs: Any) -> None:
            """Leave it to the context: requests would add certifi's CAs to the operator's own."""

    return PooledAdapter(
        pool_connections=4, pool_maxsize=settings.parallelism, max_retries=0, pool_block=True
    )


def _proxies(settings: Settings) -> dict[str, str]:
    if not settings.proxy:
        return {}
    if settings.proxy == "environment":
        return dict(requests.utils.get_environ_proxies(settings.api_url))
    return {"http": settings.proxy, "https": settings.proxy}


def explain(exc: BaseException, settings: Settings) -> TransportError:
    """Turn what requests, urllib3 or the socket raised into plain words."""
    chain = _chain(exc)
    # The outer exceptions quote the URL, and an account may be called "expired".
    text = str(chain[-1])
    names = {inner.__class__.__name__ for inner in chain}
    for inner in chain:
        if isinstance(inner, ssl.SSLError) or inner.__class__.__name__ == "CertificateError":
            return _explain_tls(inner)
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
    return _closed()


def _closed() -> TransportError:
    return TransportError(
        "unreachable",
        "the connection was closed before the answer was complete",
        passing=True,
        maybe_sent=True,
        next_step="Run again; if it repeats, check that api_url speaks HTTP on this port"
        " (https:// or http://).",
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


def _explain_tls(exc: BaseException) -> TransportError:
    def tls(
        reason: str, next_step: str | None = None, *, maybe_sent: bool = False
    ) -> TransportError:
        return TransportError(
            "tls", reason, passing=False, maybe_sent=maybe_sent, next_step=next_step
        )

    text = str(exc)
    lowered = text.lower()
    if (
        "key usage" in lowered
        or "authority key identifier" in lowered
        or "basic constraints" in lowered
    ):
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
        return _closed()
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


def _python() -> str:
    import sys

    return sys.executable or "this Python"
