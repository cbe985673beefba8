# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Ceph gateway behind the face of a simulator, so that the contract suite runs on it.

Requests are passed on as they came; the server before it adds faults and a log. What is true is
asked for by another administrator, with a signer of its own, and by signed S3 requests.
"""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import http.client
import json
import os
import ssl
from collections.abc import Mapping
from typing import Any, Optional
from urllib.parse import quote, urlencode, urlsplit

from ansible_collections.objectstore.credentials.tests.lab.ceph import (
    LAB,
    LAB_ACCESS_KEY,
    LAB_SECRET_KEY,
    Cluster,
    Gateway,
)
from ansible_collections.objectstore.credentials.tests.simulators import ceph_rgw
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
    SimulatorClock,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import signed_headers

#: What the login may do, and no more.
CAPS = "users=read,write"
Rows = list[dict[str, Any]]


@functools.cache
def running_cluster() -> Cluster:
    """Return a cluster, started when first asked for, ended with this process; forks share it."""
    cluster, process = Cluster().start(), os.getpid()
    atexit.register(lambda: cluster.stop() if os.getpid() == process else None)
    return cluster


class Behind:
    """Looks at a gateway, and changes it, behind the back of what is tested."""

    def __init__(self, gateway: Gateway, *, over_tls: bool = False) -> None:
        self.gateway = gateway
        self.url = gateway.tls_url if over_tls else gateway.url
        self._over_tls = over_tls
        self._connection: Optional[http.client.HTTPConnection] = None
        self._process = os.getpid()

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request as it is; return status, headers and body."""
        for is_last in (False, True):
            connection = self._connected()
            try:
                connection.putrequest(
                    method, target, skip_host="Host" in headers, skip_accept_encoding=True
                )
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body or None)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            except (http.client.HTTPException, OSError):
                self._connection = None
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None or self._process != os.getpid():
            parts = urlsplit(self.url)
            host, port = str(parts.hostname), parts.port
            self._process = os.getpid()
            if self._over_tls:
                context = ssl.create_default_context(cafile=self.gateway.ca_path)
                self._connection = http.client.HTTPSConnection(host, port, context=context)
            else:
                self._connection = http.client.HTTPConnection(host, port)
        return self._connection

    def signed(
        self, method: str, target: str, access_key: str, secret_key: str
    ) -> tuple[int, bytes]:
        """Send a request signed with a pair; return status and body."""
        now = dt.datetime.now(dt.timezone.utc)
        headers = signed_headers(method, self.url + target, access_key, secret_key, at=now)
        status, _unused, content = self.send(method, target, headers)
        return status, content

    def ask(self, method: str, sub: str = "", **query: Any) -> tuple[int, Any]:
        """Send a call of the Admin Ops API; return status and the decoded body."""
        pairs = {name.replace("_", "-"): value for name, value in query.items()}
        text = urlencode(pairs, quote_via=quote)
        target = "/admin/user?" + "&".join(part for part in (sub, text) if part)
        status, content = self.signed(method, target, LAB_ACCESS_KEY, LAB_SECRET_KEY)
        return status, json.loads(content) if content.strip() else None

    def must(self, method: str, sub: str = "", **query: Any) -> Any:
        """Send a call that has to succeed."""
        status, body = self.ask(method, sub, **query)
        if status != 200:
            raise ValueError(f"{method} {sub} {query.get('uid')}: HTTP {status} {body}")
        return body

    def users(self) -> list[str]:
        """Return the ids of all users."""
        return [str(uid) for uid in self.must("GET", "list")["keys"]]

    def rows(self, uid: str) -> Rows:
        """Return a user's keys; none for a user that is gone."""
        status, body = self.ask("GET", uid=uid)
        return list(body["keys"]) if status == 200 else []

    def is_honoured(self, access_key: str, secret_key: str) -> bool:
        """Tell whether the data plane takes a pair, by a signed request."""
        return self.signed("GET", "/", access_key, secret_key)[0] == 200

    def make_user(self, uid: str, keys: Mapping[str, str], **more: str) -> None:
        """Make a user with these keys and no other."""
        self.must("PUT", uid=uid, display_name=uid, generate_key="false", **more)
        for access_key, secret_key in keys.items():
            self.make_key(uid, access_key, secret_key)

    def make_key(self, uid: str, access_key: str, secret_key: str, **more: str) -> None:
        """Give a user a key."""
        self.must(
            *("PUT", "key"),
            **{"uid": uid, "key_type": "s3", "generate_key": "false", **more},
            access_key=access_key,
            secret_key=secret_key,
        )

    def remove_user(self, uid: str) -> None:
        """Remove a user with all keys."""
        self.must("DELETE", uid=uid)

    def clear(self) -> None:
        """Remove everybody, and make the login anew."""
        for uid in self.users():
            if uid != LAB:
                self.remove_user(uid)
        self.make_user(ceph_rgw.ADMIN, {ceph_rgw.ACCESS_KEY: ceph_rgw.SECRET_KEY}, user_caps=CAPS)


class Passed(Response):
    """A response as the gateway gave it, its content type or the lack of one included."""

    def kind(self) -> Optional[str]:
        """Return the gateway's."""
        return self.content_type


class CephGateway(Simulator):
    """A real gateway, emptied for each world."""

    name = "ceph_rgw"
    VARIANTS = {"real": ceph_rgw.CephRgwSimulator.VARIANTS["16.2"]}

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        gateway = running_cluster().gateway
        self.own_s3_url = gateway.url
        self.behind = Behind(gateway)
        self._passing = Behind(gateway)
        self.behind.clear()

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user; ids are unique."""
        if self.behind.ask("GET", uid=name)[0] != 404:
            raise ValueError(f"there is a user {name}")
        pairs = {self.token(20): self.token(40) for _unused in range(access_keys)}
        self.behind.make_user(name, pairs)
        return name

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what keys a user has; this release cannot disable one."""
        return {
            row["access_key"]: "active"
            for row in self.behind.rows(account_id)
            if row["user"] == account_id
        }

    def access_keys(self) -> list[str]:
        """Return every access key."""
        return [row["access_key"] for row in self._every_row()]

    def secrets(self) -> list[str]:
        """Return every secret key, but that of the lab itself."""
        return [row["secret_key"] for row in self._every_row()]

    def _every_row(self) -> Rows:
        uids = [uid for uid in self.behind.users() if uid != LAB]
        return [row for uid in uids for row in self.behind.rows(uid)]

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key of a pair, if a signed S3 request with it is honoured."""
        status, body = self.behind.ask("GET", access_key=access_key)
        for row in body["keys"] if status == 200 else ():
            if row["access_key"] == access_key:
                secret = str(row["secret_key"])
                return secret if self.behind.is_honoured(access_key, secret) else None
        return None

    def handle(self, request: Request) -> Response:
        """Pass a request on, and note what it changed."""
        uid = request.arg("uid") if request.method != "GET" else None
        before = self.behind.rows(uid) if uid else []
        headers = {n: v for n, v in request.headers.items() if n.lower() != "connection"}
        status, answered, content = self._passing.send(
            request.method, request.target, headers, request.body
        )
        if uid and self.behind.rows(uid) != before:
            self.commit(f"{request.method} {request.arg('access-key')} of {uid}")
        own = ("content-type", "content-length", "date", "connection")
        passed = {n: v for n, v in answered.items() if n.lower() not in own}
        return Passed(status, content or None, passed, answered.get("Content-Type"))


SIMULATOR = CephGateway
