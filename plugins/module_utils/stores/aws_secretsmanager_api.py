# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to AWS Secrets Manager: boto3 without its retries, behind the guard of check mode."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Callable

from ..errors import CredentialsError
from ..options import parse_duration
from ..pacing import Pace, retry_wait
from .aws_secretsmanager_bounds import bounded_clients
from .aws_secretsmanager_errors import LOGIN, THROTTLED, Fail, no_answer, of_exception
from .aws_secretsmanager_spec import DEFAULT_TIMEOUT
from .base import StoreContext

#: The only operations that change nothing.
_READS = frozenset({"DescribeSecret", "GetSecretValue", "ListSecrets"})
#: What each answer holds, unless it is none: boto3 takes any web page with status 200 for one.
_ANSWERED = {
    "CreateSecret": ("ARN", "VersionId"),
    "DescribeSecret": ("ARN",),
    "GetSecretValue": ("ARN", "VersionId"),
    "ListSecrets": ("SecretList",),
    "PutSecretValue": ("ARN", "VersionId"),
    "UpdateSecretVersionStage": ("ARN",),
}
#: Quotas allow 50 a second of each kind of write for the whole AWS account and region, so one run
#: takes no more than this for all of its own.
#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
WRITES_PER_SECOND = 40.0
#: Tries of one request: when throttled, when AWS failed, and when a write was not answered, which
#: takes a time-out each.
_THROTTLED_TRIES, _FAILED_TRIES, _LOST_TRIES = 8, 3, 2
_CONNECT_TIMEOUT = 10.0


class Api:
    """Sends one operation at a time, from any thread."""

    def __init__(
        self,
        options: Mapping[str, Any],
        context: StoreContext,
        fail: Fail,
        wrote: Callable[[], None],
    ) -> None:
        self._options = options
        self._context = context
        self._fail = fail
        self._wrote = wrote
        self._pace = Pace(WRITES_PER_SECOND, context.clock)
        self._lock = threading.Lock()
        self._client: Any = None
        timeout = parse_duration(options.get("timeout") or DEFAULT_TIMEOUT, "secret_store.timeout")
        self.timeout = max(0.1, timeout.total_seconds())

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Send an operation and return its answer; the error's code is AWS's own.

        Every operation that this store uses can be repeated: a version is named by the caller, a
        label or a tag is where it is. So what failed, was throttled or not answered is sent again,
        a few times.
        """
        client = self._ready()
        method = getattr(client, _snake(operation))
        reads = operation in _READS
        attempt = 0
        was_lost = False
        while True:
            attempt += 1
            if not reads:
                self._guard(operation)
                self._pace.wait()
            try:
                answer = dict(method(**parameters))
                if all(name in answer for name in _ANSWERED.get(operation, ())):
                    return answer
                error = no_answer(self._fail, operation, "not of its form")
            except CredentialsError:
                raise
            except Exception as exc:  # boto3 raises its own, urllib3's and ValueError
                error = of_exception(self._fail, operation, exc, self.timeout)
            was_lost = was_lost or (error.landed is None and not reads)
            wait = self._wait(error, attempt, reads)
            if wait is None:
                # A refusal now says nothing of what came before.
                error.landed = None if was_lost else False
                raise error from None
            self._context.clock.sleep(wait)

    @property
    def region(self) -> str:
        """Where the requests go, by options, profile or environment. Sends nothing."""
        return str(self._ready().meta.region_name or "")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._context.clock.sleep(seconds)

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and hasattr(client, "close"):  # botocore 1.27 has none
            client.close()

    def _wait(self, error: CredentialsError, attempt: int, reads: bool) -> float | None:
        if error.kind != "store_unavailable":
            return None
        tries = _FAILED_TRIES
        if error.code in THROTTLED or error.http_status == 429:
            tries = _THROTTLED_TRIES
        elif error.landed is None and error.http_status is None and not reads:
            tries = _LOST_TRIES
        if attempt >= tries:
            return None
        # Pacing's waits stop at its own number of tries.
        return retry_wait(min(attempt, 3), None, self._context.clock.now())

    def _guard(self, operation: str) -> None:
        if self._context.check_mode:
            raise self._fail("check_mode_write", f"check mode: {operation} was not sent.")

    def _before_send(self, request: Any, event_name: str = "", **_unused: Any) -> None:
        """Refuse, as the last instance, what check mode must not send; count what is sent."""
        operation = event_name.rpartition(".")[2]
        if operation not in _READS:
            self._guard(operation)
            self._wrote()

    def _ready(self) -> Any:
        with self._lock:
            if self._client is None:
                try:
                    self._client = self._make_client()
                except CredentialsError:
                    raise
                except Exception as exc:  # see call()
                    raise of_exception(self._fail, LOGIN, exc, self.timeout) from None
            return self._client

    def _make_client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise CredentialsError(
                "invalid_option",
                "The secret store aws_secretsmanager needs the Python library boto3 on the machine"
                " that runs the module.",
                next_step="Install it there: pip install boto3.",
            ) from None
        # At DEBUG botocore logs whole requests, and a request holds the record.
        logging.getLogger("botocore").setLevel(logging.INFO)
        options = self._options
        self._context.redactor.learn_url(options.get("proxy"))
        session = boto3.Session(
            aws_access_key_id=options.get("aws_access_key_id"),
            aws_secret_access_key=options.get("aws_secret_access_key"),
            aws_session_token=options.get("aws_session_token"),
            region_name=options.get("region"),
            profile_name=options.get("profile"),
        )
        inner = session._session
        # Those that boto3 makes to log in (STS, SSO) as well.
        inner.create_client = bounded_clients(inner.create_client, self.timeout)
        connection = {
            # boto3 itself only looks at AWS_DEFAULT_REGION.
            "region_name": session.region_name or self._context.environ.get("AWS_REGION"),
            "verify": _verify(options),
            "config": Config(
                connect_timeout=min(_CONNECT_TIMEOUT, self.timeout),
                read_timeout=self.timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies=_proxies(options),
                max_pool_connections=self._context.parallelism + 2,
            ),
        }
        if options.get("role_arn"):
            _assume(session, options["role_arn"], self._context.run, connection)
        client = session.client(
            "secretsmanager", endpoint_url=options.get("endpoint_url"), **connection
        )
        client.meta.events.register("before-send.secretsmanager", self._before_send)
        return client


def _assume(session: Any, role_arn: str, run: str, connection: Mapping[str, Any]) -> None:
    """Make a session act as a role, with credentials that renew themselves; sends nothing yet."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    inner = session._session

    def create_client(service: str, **login: Any) -> Any:
        return inner.create_client(service, **{**connection, **login})

    allowed = "".join(each for each in run if each.isascii() and (each.isalnum() or each in "_=@-"))
    fetcher = AssumeRoleCredentialFetcher(
        create_client,
        session.get_credentials(),
        role_arn,
        extra_args={"RoleSessionName": f"objectstore-{allowed}"[:64]},
    )
    inner._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )


def _verify(options: Mapping[str, Any]) -> bool | str | None:
    """Return what TLS trusts; None leaves AWS_CA_BUNDLE and botocore's own CAs to boto3."""
    if options.get("validate_certs") is False:
        return False
    ca_path = options.get("ca_path")
    return str(ca_path) if ca_path else None


def _proxies(options: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the proxies: none unless asked for, as with the platforms; None: the environment's."""
    proxy = options.get("proxy")
    if proxy == "environment":
        return None
    return {"http": proxy, "https": proxy} if proxy else {}


def _snake(operation: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in operation)[1:]
