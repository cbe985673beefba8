# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and certificates: send one request, and say in plain words why no answer came."""

from __future__ import annotations

import os
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import CredentialsError
from .settings import Settings
from .transport_errors import TransportError, closed, explain

try:
    import requests
    import requests.adapters
    import requests.structures
    import requests.utils
    import urllib3
except ImportError:
    # ansible-test imports every file without other packages; Transport() says what to install.
    requests = None  # type: ignore[assignment]  # the name must exist for the check in Transport

#: A URL that needs no more encoding: host, path and query of nothing but allowed characters.
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9.-]+(:[0-9]+)?(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)"
    r"(\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
#: ssl.VERIFY_X509_PARTIAL_CHAIN, which Python 3.9 has no name for.
_PARTIAL_CHAIN = 0x80000

#: Answers above this are refused: a server must not fill the memory of the controller.
LARGEST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_SMALL_CHUNK = 1024
#: Seconds after which an answer that still arrives is given up, unless the time-out is long.
_LONGEST_ANSWER = 60.0


class Transport:
    """A pool of kept connections to one endpoint, at most parallelism, shared by all threads.

    keep_connections False: every request goes over a connection of its own, which a load balancer
    may lead to another node; the host may also be another each time.
    """

    def __init__(self, settings: Settings, *, keep_connections: bool = True) -> None:
        if requests is None:
            raise CredentialsError(
                "invalid_option",
                "The Python library requests is missing on the machine that runs the module.",
                next_step=f"Install it for {_python()}: pip install requests.",
            )
        self._settings = settings
        self._keep = keep_connections
        self._lock = threading.Lock()
        self._session: Any = None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request once and return status, headers and the whole body."""
        session = self._ready(url)
        try:
            prepared = _prepared(method, url, headers, body)
            # The session's adapter itself: session.send() would read a redirect's body unbounded.
            with session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
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
        started = time.monotonic()
        longest = max(_LONGEST_ANSWER, 4 * self._settings.read_timeout)
        for chunk in _pieces(response):
            size += len(chunk)
            if time.monotonic() - started > longest:
                raise TransportError(
                    "timeout",
                    f"the answer was not complete within {longest:g} s",
                    passing=False,
                    maybe_sent=True,
                )
            if size > LARGEST_ANSWER:
                raise TransportError(
                    "malformed_answer",
                    f"the answer is larger than {LARGEST_ANSWER // 1048576} MiB",
                    passing=False,
                    maybe_sent=True,
                )
            chunks.append(chunk)
        if getattr(response.raw, "length_remaining", None):
            raise closed()  # urllib3 1.26 lets a cut-off body pass for a whole one
        return b"".join(chunks)

    def _ready(self, url: str) -> Any:
        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            if url[:5].lower() == "https" and "https://" not in self._session.adapters:
                # Not before: reading the system's CAs takes longer than many a request.
                self._session.mount(
                    "https://", _adapter(self._settings, with_tls=True, keep=self._keep)
                )
            return self._session

    def _make_session(self) -> Any:
        settings = self._settings
        session = requests.Session()
        # No proxy, .netrc login or CA bundle slips in from the environment unasked.
        session.trust_env = False
        session.headers.clear()
        session.proxies = _proxies(settings)
        session.adapters.clear()
        session.mount("http://", _adapter(settings, with_tls=False, keep=self._keep))
        if not settings.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return session


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Any:
    """Return a request ready to be sent, its URL as it is: a signature is for these very bytes.

    requests' own preparation of a URL that is encoded already takes longer than sending it.
    """
    if not _PLAIN_URL.fullmatch(url):
        return requests.Request(
            method, url, headers=dict(headers), data=body if body else None
        ).prepare()
    for header in headers.items():
        requests.utils.check_header_validity(header)
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body = method, url, body or None
    prepared.headers = requests.structures.CaseInsensitiveDict(headers)
    prepared.hooks = {"response": []}
    if body or method not in ("GET", "HEAD"):
        prepared.headers["Content-Length"] = str(len(body))
    return prepared


def _pieces(response: Any) -> Iterator[bytes]:
    """Yield the body as it comes: a server that drips must not hold a thread inside one read."""
    raw = response.raw
    if not hasattr(raw, "read1"):  # urllib3 1.26
        yield from response.iter_content(_SMALL_CHUNK)
        return
    while True:
        piece = raw.read1(_CHUNK, decode_content=True)
        if not piece:
            return
        yield piece


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
    if not hasattr(urllib3, "BaseHTTPResponse"):  # urllib3 1.26
        # It compares the host name itself, and cannot hand an IP address to OpenSSL.
        context.check_hostname = False
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


def _adapter(settings: Settings, with_tls: bool, keep: bool) -> Any:
    tls: dict[str, Any] = {"ssl_context": make_context(settings)} if with_tls else {}
    pools = None if keep else _forgetful_pools()

    # Defined here because no class may inherit from requests at import.
    class PooledAdapter(requests.adapters.HTTPAdapter):
        """Uses one ready-made context: loading the CAs for each connection costs 50 ms."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            kwargs.update(tls)
            super().init_poolmanager(*args, **kwargs)
            if pools:
                self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            kwargs.update(tls)
            manager = super().proxy_manager_for(proxy, **kwargs)
            if pools:
                manager.pool_classes_by_scheme = pools
            return manager

        def cert_verify(self, *args: Any, **kwargs: Any) -> None:
            """Leave it to the context: requests would add certifi's CAs to the operator's own."""

    return PooledAdapter(
        # A pool per host; one that is thrown out while a thread waits for it fails that thread.
        pool_connections=4 if keep else 4 * settings.parallelism,
        pool_maxsize=settings.parallelism,
        max_retries=0,
        pool_block=True,
    )


def _forgetful_pools() -> dict[str, Any]:
    """Return urllib3's pools, but for one thing: a connection given back is closed."""

    class PlainPool(urllib3.HTTPConnectionPool):
        def _put_conn(self, conn: Any) -> None:
            if conn is not None:
                conn.close()
            super()._put_conn(None)

    class TlsPool(urllib3.HTTPSConnectionPool):
        def _put_conn(self, conn: Any) -> None:
            if conn is not None:
                conn.close()
            super()._put_conn(None)

    return {"http": PlainPool, "https": TlsPool}


def _proxies(settings: Settings) -> dict[str, str]:
    if not settings.proxy:
        return {}
    if settings.proxy == "environment":
        return dict(requests.utils.get_environ_proxies(settings.api_url))
    return {"http": settings.proxy, "https": settings.proxy}


def _python() -> str:
    import sys

    return sys.executable or "this Python"
