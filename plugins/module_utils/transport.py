# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and certificates: send one request, and say in plain words why no answer came."""

from __future__ import annotations

import logging
import os
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import CredentialsError
from .settings import Settings
from .transport_bounds import bounded_response, unpacked
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
#: A header that needs no closer look: no control character, no blank around its value.
_PLAIN_HEADER = re.compile(r"[A-Za-z0-9-]+:[!-~](?:[ -~]*[!-~])?")
#: ssl.VERIFY_X509_PARTIAL_CHAIN, which Python 3.9 has no name for.
_PARTIAL_CHAIN = 0x80000

#: Answers above this are refused: a server must not fill the memory of the controller.
LARGEST_ANSWER = 32 * 1024 * 1024
#: Hosts that a transport remembers its connections of; fewer than urllib3 does.
_MOST_ORIGINS = 3
_CHUNK = 64 * 1024
_SMALL_CHUNK = 1024
#: Seconds after which a kept connection is not used again: Apache and Node, for two, close theirs
#: after five, and a change that is sent just then is one whose outcome nobody knows.
_LONGEST_IDLE = 4.0
_NEVER = float("inf")
#: Seconds after which an answer that still arrives is given up, unless the time-out is long.
_LONGEST_ANSWER = 60.0


def _without_queries(record: logging.LogRecord) -> bool:
    """Cut the queries out of a line of urllib3's debug log: where it goes, secrets may follow."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            each.partition("?")[0] if isinstance(each, str) else each for each in record.args
        )
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)


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
        #: By scheme, host and port, and whether a proxy is told the whole URL; None: too many.
        self._pools: dict[str, tuple[Any, bool]] | None = {}
        self._once = urllib3.Retry(total=False, redirect=False)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request once and return status, headers and the whole body."""
        try:
            url, sent = _prepared(method, url, headers, body)
            pool, is_proxied = self._pool(url)
            # The pool itself: requests' way through its adapter takes twice as long, and its
            # session would read a redirect's body unbounded.
            response = pool.request(
                method,
                url if is_proxied else _path_of(url),
                body=body or None,
                headers=sent,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                retries=self._once,
                timeout=urllib3.Timeout(
                    connect=self._settings.connect_timeout, read=self._settings.read_timeout
                ),
            )
            try:
                return response.status, response.headers, self._read(response)
            finally:
                # A connection whose answer was read whole is back in its pool by now.
                response.close()
                response.release_conn()
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
        with self._lock:
            pools, self._pools = self._pools or {}, {}
            for pool, _is_proxied in pools.values():
                pool.close()
            if self._session is not None:
                self._session.close()

    def _read(self, response: Any) -> bytes:
        chunks = []
        size = 0
        started = time.monotonic()
        longest = _longest(self._settings)
        packing = response.headers.get("Content-Encoding") or ""
        for chunk in unpacked(_pieces(response), packing):
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
        if getattr(response, "length_remaining", None):
            raise closed(self._settings)  # urllib3 1.26 lets a cut-off body pass for a whole one
        return b"".join(chunks)

    def _pool(self, url: str) -> tuple[Any, bool]:
        """Return the connections to a URL's host, and whether they are to a proxy of plain http."""
        origin = url[: len(url) - len(_path_of(url))]
        pools = self._pools
        found = pools.get(origin) if pools is not None else None
        if found is None:
            with self._lock:
                found = self._new_pool(url)
                if self._pools is not None and len(self._pools) < _MOST_ORIGINS:
                    self._pools[origin] = found
                else:
                    # urllib3 throws pools out in the end: from now on it is asked each time.
                    self._pools = None
        return found

    def _new_pool(self, url: str) -> tuple[Any, bool]:
        if self._session is None:
            self._session = self._make_session()
        if url[:5].lower() == "https" and "https://" not in self._session.adapters:
            # Not before: reading the system's CAs takes longer than many a request.
            self._session.mount(
                "https://", _adapter(self._settings, with_tls=True, keep=self._keep)
            )
        proxies = self._session.proxies
        adapter = self._session.get_adapter(url)
        proxy = requests.utils.select_proxy(url, proxies)
        is_plain = bool(proxy) and not url.lower().startswith("https")
        is_proxied = is_plain and not str(proxy).lower().startswith("socks")
        if not hasattr(adapter, "get_connection_with_tls_context"):  # requests before 2.32
            return adapter.get_connection(url, proxies), is_proxied
        prepared = requests.PreparedRequest()
        prepared.url = url
        verify = self._settings.validate_certs
        return adapter.get_connection_with_tls_context(prepared, verify, proxies), is_proxied

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


def _prepared(
    method: str, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, dict[str, str]]:
    """Return the URL as it is sent, and all headers: a signature is for these very bytes.

    requests' own preparation of a URL that is encoded already takes longer than sending it.
    """
    if not _PLAIN_URL.fullmatch(url):
        url = requests.Request(method, url).prepare().url or url
    sent = dict(headers)
    for header in sent.items():
        if not _PLAIN_HEADER.fullmatch("{}:{}".format(*header)):
            requests.utils.check_header_validity(header)
    if body or method not in ("GET", "HEAD"):
        sent["Content-Length"] = str(len(body))
    return url, sent


def _path_of(url: str) -> str:
    """Return what follows scheme, host and port: it begins with a slash."""
    return url[url.index("/", url.index("//") + 2) :]


def _pieces(response: Any) -> Iterator[bytes]:
    """Yield the body as it comes: a server that drips must not hold a thread inside one read."""
    if not hasattr(response, "read1"):  # urllib3 1.26
        yield from response.stream(_SMALL_CHUNK, decode_content=False)
        return
    while True:
        piece = response.read1(_CHUNK, decode_content=False)
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
    pools = _pools(settings, keep)

    # Defined here because no class may inherit from requests at import.
    class PooledAdapter(requests.adapters.HTTPAdapter):
        """Uses one ready-made context: loading the CAs for each connection costs 50 ms."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            kwargs.update(tls)
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            kwargs.update(tls)
            manager = super().proxy_manager_for(proxy, **kwargs)
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


def _pools(settings: Settings, keep: bool) -> dict[str, Any]:
    """Return urllib3's pools, whose answers end; unless kept, a connection given back is closed."""
    bounded = bounded_response(_longest(settings), LARGEST_ANSWER)

    def pool_of(base: Any) -> Any:
        class Pool(base):  # type: ignore[misc]  # either of two classes
            ConnectionCls = type(
                "Connection",
                (base.ConnectionCls,),
                {"response_class": bounded, "idle_since": _NEVER},
            )

            def _get_conn(self, timeout: Any = None) -> Any:
                conn = super()._get_conn(timeout)
                if time.monotonic() - conn.idle_since > _LONGEST_IDLE:
                    conn.close()  # it connects anew when it is used
                return conn

            def _put_conn(self, conn: Any) -> None:
                if conn is not None:
                    conn.idle_since = time.monotonic()
                    if not keep:
                        conn.close()
                super()._put_conn(conn if keep else None)

        return Pool

    return {
        "http": pool_of(urllib3.HTTPConnectionPool),
        "https": pool_of(urllib3.HTTPSConnectionPool),
    }


def _longest(settings: Settings) -> float:
    return max(_LONGEST_ANSWER, 4 * settings.read_timeout)


def _proxies(settings: Settings) -> dict[str, str]:
    if not settings.proxy:
        return {}
    if settings.proxy == "environment":
        return dict(requests.utils.get_environ_proxies(settings.api_url))
    return {"http": settings.proxy, "https": settings.proxy}


def _python() -> str:
    import sys

    return sys.executable or "this Python"
