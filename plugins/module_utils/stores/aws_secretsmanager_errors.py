# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS and boto3 answer when they do not do what was asked, in this collection's words."""

from __future__ import annotations

from typing import Any, Callable

from ..errors import CredentialsError
from .aws_secretsmanager_bounds import why_given_up

#: Codes with which AWS says that nothing was done, and to come back later.
THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
#: The login itself is not accepted.
_LOGIN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_SKEWED = ("Signature expired", "Signature not yet current", "RequestExpired")
_SKEW_CODES = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
#: How AWS says that a secret was deleted and can still be restored: it is there, and unreadable.
_DELETED = ("marked for deletion", "marked deleted", "scheduled for deletion")

Fail = Callable[..., CredentialsError]
#: Stands for an operation while there is none yet.
LOGIN = "login"


def of_client_error(fail: Fail, operation: str, answer: Any) -> CredentialsError:
    """Return the error for an answer that is a failure.

    answer: ClientError.response. code holds AWS's own, for callers that know what it means there.
    landed is None only where AWS does not say that nothing was done.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
    """
    error = answer.get("Error") or {}
    code = str(error.get("Code") or "")
    said = str(error.get("Message") or "").strip()
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
    if not code or code == str(status):
        return no_answer(fail, operation, f"HTTP {status}")
    facts: dict[str, Any] = {"code": code, "http_status": status}

    def failed(kind: str, text: str, next_step: str | None = None, **more: Any) -> CredentialsError:
        what = f"AWS Secrets Manager {text} ({operation}: {code})"
        return fail(kind, f"{what}: {said}" if said else f"{what}.", next_step=next_step, **more)

    if code in THROTTLED or status == 429:
        return failed("store_unavailable", "asks for fewer requests", **facts)
    if code in _SKEW_CODES or said.startswith(_SKEWED):
        return failed(
            "store_unavailable",
            "says that this machine's clock is wrong",
            "Set the clock right (NTP), then run again.",
            **facts,
        )
    if code in _LOGIN:
        return failed(
            "store_refused",
            "refuses the login",
            "Check the access key, its session token and whether they have expired.",
            **facts,
        )
    if code in _DENIED:
        what = "KMS refuses to let it decrypt" if "KMS" in said else "does not allow this"
        return failed(
            "store_refused",
            what,
            "Give the login the policy of docs/secret-stores.md"
            + (" and, for the key, kms:Decrypt and kms:GenerateDataKey." if "KMS" in said else "."),
            **facts,
        )
    if code in ("DecryptionFailure", "EncryptionFailure") or "KMS" in code:
        reads = code != "EncryptionFailure"
        return failed(
            "store_unreadable" if reads else "store_refused",
            "cannot decrypt what is there" if reads else "cannot encrypt with this key",
            "Look at the state of the KMS key, and at kms_key_id.",
            **facts,
        )
    if code == "InvalidRequestException" and any(words in said for words in _DELETED):
        return failed(
            "store_unreadable",
            "holds this secret, but it was marked for deletion",
            "Restore it (aws secretsmanager restore-secret), or wait until it is gone for good.",
            **facts,
        )
    if code == "LimitExceededException":
        return failed(
            "store_refused",
            "is full",
            "See which quota the message names; ask AWS for more, or "
            "remove secrets that are not needed.",
            **facts,
        )
    if code == "InternalFailure" or code == "InternalServiceError" or status >= 500:
        return failed("store_unavailable", "failed", landed=None, **facts)
    return failed("store_refused", "refuses this", **facts)


def of_exception(fail: Fail, operation: str, exc: Exception, seconds: float) -> CredentialsError:
    """Return the error for what boto3 raised without an answer, or with one it cannot read."""
    from botocore import exceptions

    def failed(kind: str, text: str, next_step: str | None = None, **more: Any) -> CredentialsError:
        return fail(kind, f"AWS Secrets Manager {text} ({operation}).", next_step=next_step, **more)

    if isinstance(exc, exceptions.ClientError):
        return of_client_error(fail, operation, exc.response)
    login = _of_login(fail, exc)
    if login is not None:
        return login
    if operation == LOGIN and isinstance(exc, (ValueError, exceptions.InvalidRegionError)):
        return fail(
            "invalid_option",
            f"secret_store.region, endpoint_url or proxy cannot be used: {exc}.",
        )
    if isinstance(exc, exceptions.ParamValidationError):
        return fail("store_refused", f"boto3 refuses to send {operation}: {exc}")
    if isinstance(exc, exceptions.ReadTimeoutError):
        return failed("store_unavailable", f"did not answer within {seconds:g} s", landed=None)
    if isinstance(exc, exceptions.SSLError):
        return failed(
            "store_unavailable",
            "could not be reached over TLS: its certificate is not trusted here",
            "Name the CA of the endpoint or proxy with secret_store.ca_path.",
            landed=None,
        )
    not_sent = (
        exceptions.EndpointConnectionError,
        exceptions.ConnectTimeoutError,
        exceptions.ProxyConnectionError,
    )
    if isinstance(exc, not_sent):
        return failed(
            "store_unavailable",
            "cannot be reached: no connection could be made",
            "Check secret_store.region and secret_store.endpoint_url, DNS, the firewall and the"
            " proxy.",
        )
    return no_answer(fail, operation, why_given_up(exc) or exc.__class__.__name__)


def no_answer(fail: Fail, operation: str, what: str) -> CredentialsError:
    """Return the error for bytes that are no answer of AWS: nobody knows what became of it."""
    return fail(
        "store_unavailable",
        f"AWS Secrets Manager gave no answer that can be read ({operation}: {what}).",
        next_step="Check that secret_store.endpoint_url and proxy lead to AWS and not to a web"
        " page.",
        landed=None,
    )


def _of_login(fail: Fail, exc: Exception) -> CredentialsError | None:
    """Return the error for a login or region that boto3 could not find, before it sent anything."""
    from botocore import exceptions

    if isinstance(exc, exceptions.NoRegionError):
        return fail(
            "invalid_option",
            "secret_store.region is missing, and neither the environment nor the profile has one.",
            next_step="Set it to the region of the secrets, such as eu-central-1.",
        )
    if isinstance(exc, exceptions.ProfileNotFound):
        return fail("invalid_option", f"secret_store.profile: {exc}.")
    no_login = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.NoAuthTokenError,
        exceptions.SSOError,
    )
    if isinstance(exc, no_login):
        return fail(
            "store_refused",
            f"There is no login for AWS Secrets Manager: {exc}.",
            next_step="Set aws_access_key_id and aws_secret_access_key or profile of secret_store,"
            " or give this machine a role.",
        )
    return None
