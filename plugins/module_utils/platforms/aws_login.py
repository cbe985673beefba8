# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log in at AWS: an access key, or what the AWS tools would use; then a role, if one is named."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..auth import Auth, Headers
from ..clock import parse_time
from ..errors import CredentialsError
from ..http import LOGIN, READ
from ..model import Account, Pair
from ..signing import Signer, SigningKey, without_botocore
from .aws_calls import FORM, STS_VERSION, IamCalls, form_of
from .aws_endpoints import partition_of_region, partition_of_url
from .aws_xml import Element

_WHO = "Platform aws"
#: A role's key is fetched anew this long before it expires.
_RENEW_BEFORE = dt.timedelta(minutes=5)
#: What an API without (this part of) STS answers, in all its variety.
_WITHOUT_STS = ("unsupported", "not_found", "permission", "rejected")
_NO_LOGIN = (
    "Set api_access_key and api_secret_key, api_profile, or the environment of the AWS tools"
    " (AWS_PROFILE, AWS_ACCESS_KEY_ID and so on), or give this machine a role."
)


class Login(Auth):
    """Signs every request with the key of the moment, by Signature Version 4.

    Nothing is tried again after a refusal: keys of a chain renew themselves before they expire.
    """

    def __init__(self, iam: IamCalls) -> None:
        self._iam = iam
        self._settings = iam.settings
        scope = iam.settings.scope
        self._profile: str | None = scope.get("api_profile")
        self._role: str | None = scope.get("api_role_arn")
        partition = partition_of_url(iam.settings.api_url)
        region = scope.get("api_region")
        #: Whether this is AWS itself, and not an API of the same kind.
        self.is_aws = partition is not None
        usual = partition_of_region(region).region
        self._region: str = partition.region if partition else region or usual
        self._sts_region: str = region or self._region
        self._sts_url: str = (
            partition.sts_url(region) if partition is not None else iam.settings.api_url
        )
        self._lock = threading.Lock()
        self._signer: Signer | None = None
        self._session: Any = None
        self._assumed: tuple[SigningKey, dt.datetime] | None = None
        self._failure: CredentialsError | None = None
        self._caller: Element | None = None

    # --- the key -------------------------------------------------------------------------------

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return the headers that sign this very request. May fetch a key from the chain or STS."""
        key = self._assumed_key() if self._role else self.base_key()
        return self._signed(key, "iam", self._region, method, url, body)

    def base_key(self) -> SigningKey:
        """Return the key of the login itself, before any role.

        Raises authentication where there is none, invalid_option for a profile that is not there.
        """
        explicit = self._explicit_key()
        if explicit is not None:
            return explicit
        with self._lock:
            return self._chained_key()

    def base_pair(self) -> Pair | None:
        """Return the login's own pair where it is a lasting one; None where it is temporary."""
        try:
            key = self.base_key()
        except CredentialsError:
            return None
        return None if key.token else Pair(key.access_key, key.secret_key)

    def _chained_key(self) -> SigningKey:
        if self._session is None:
            self._session = _session(self._profile, self._iam)
        try:
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        except Exception as exc:  # botocore's own, of whatever provider: a file, a process, STS
            raise self._without(exc) from None
        if frozen is None or not frozen.access_key or not frozen.secret_key:
            raise self._iam.fail(
                "authentication",
                f"There is no login for {self._settings.api_url}: no option, profile, environment"
                " or role of this machine has one.",
                next_step=_NO_LOGIN,
            )
        self._iam.client.redactor.learn(frozen.secret_key, frozen.token)
        return SigningKey(frozen.access_key, frozen.secret_key, frozen.token)

    def _without(self, exc: Exception) -> CredentialsError:
        name = exc.__class__.__name__
        if name == "ProfileNotFound":
            return self._iam.fail(
                "invalid_option",
                f"api_profile: {exc}.",
                next_step="Profiles are read from ~/.aws/config and ~/.aws/credentials on the"
                " machine that runs the module.",
            )
        return self._iam.fail(
            "authentication", f"No login could be fetched ({name}): {exc}.", next_step=_NO_LOGIN
        )

    # --- the role ------------------------------------------------------------------------------

    def _assumed_key(self) -> SigningKey:
        with self._lock:
            now = self._iam.client.platform_now()
            if self._assumed is not None and now < self._assumed[1] - _RENEW_BEFORE:
                return self._assumed[0]
            # A login that was refused once is not tried again by the other threads.
            if self._failure is not None:
                raise self._failure.again()
            try:
                base = self._explicit_key() or self._chained_key()
                self._assumed = self._assume(base)
            except CredentialsError as exc:
                if exc.kind in ("authentication", "permission"):
                    self._failure = exc.again()
                raise
            return self._assumed[0]

    def _explicit_key(self) -> SigningKey | None:
        given = self._settings
        if not given.api_access_key:
            return None
        return SigningKey(given.api_access_key, given.api_secret_key or "", given.api_token)

    def _assume(self, base: SigningKey) -> tuple[SigningKey, dt.datetime]:
        """Take on the role. Makes a session and nothing else.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        scope = self._settings.scope
        asked = {
            "RoleArn": self._role,
            "RoleSessionName": scope.get("api_session_name") or "objectstore-credentials",
            "ExternalId": scope.get("api_external_id"),
        }
        root = self._ask_sts(base, "AssumeRole", asked, LOGIN, f"assume the role {self._role}")
        made = root.child("AssumeRoleResult").child("Credentials")
        key = SigningKey(
            made.text("AccessKeyId"), made.text("SecretAccessKey"), made.text("SessionToken")
        )
        self._iam.client.redactor.learn(key.secret_key, key.token)
        expires = parse_time(made.optional("Expiration"))
        if expires is None:
            raise made.complain("no usable 'Expiration'")
        return key, expires

    # --- who this is ---------------------------------------------------------------------------

    def caller(self) -> Element | None:
        """Return what STS says who this is; None where the API has no STS. Reads only.

        Needs no permission. https://docs.aws.amazon.com/STS/latest/APIReference/
        API_GetCallerIdentity.html
        """
        if self._caller is None:
            key = self._assumed_key() if self._role else self.base_key()
            try:
                root = self._ask_sts(key, "GetCallerIdentity", {}, READ, "ask who this login is")
            except CredentialsError as exc:
                if self.is_aws or exc.kind not in _WITHOUT_STS:
                    raise
                return None
            self._caller = root.child("GetCallerIdentityResult")
        return self._caller

    def own_user(self) -> Account | None:
        """Return the user that this login is; None for a role, and where nobody tells."""
        try:
            caller = self.caller()
        except CredentialsError:
            return None
        arn = caller.optional("Arn") if caller is not None else None
        user_id = caller.optional("UserId") if caller is not None else None
        resource = (arn or "").rpartition(":")[2]
        if not resource.startswith("user/") or not user_id:
            return None
        path, _slash, name = resource[len("user") :].rpartition("/")
        return Account(name, user_id, details={"arn": arn, "path": f"{path}/"})

    # --- requests ------------------------------------------------------------------------------

    def _ask_sts(
        self, key: SigningKey, action: str, parameters: Mapping[str, Any], effect: str, doing: str
    ) -> Element:
        url = f"{self._sts_url}/"
        body = form_of(action, STS_VERSION, parameters)
        signed = self._signed(key, "sts", self._sts_region, "POST", url, body)
        return self._iam.ask(
            action,
            parameters,
            doing=doing,
            effect=effect,
            where=url,
            version=STS_VERSION,
            headers=signed,
            # Signed already, for another host than api_url.
            auth=False,
        )

    def _signed(
        self, key: SigningKey, service: str, region: str, method: str, url: str, body: bytes
    ) -> Headers:
        if self._signer is None:
            try:
                self._signer = Signer(_WHO, as_s3=False)
            except CredentialsError as exc:
                raise self._iam.placed(exc) from None
        now = self._iam.client.clock.now()
        sent = {"Content-Type": FORM, "Host": urlsplit(url).netloc}
        return self._signer.signed(key, service, region, now, method, url, sent, body)


def default_region(profile: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the region that the AWS tools would use. Reads files at most."""
    named = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return named or _configured_region(profile)


@functools.lru_cache(maxsize=64)
def _configured_region(profile: str | None) -> str | None:
    try:
        import botocore.session

        region = botocore.session.Session(profile=profile).get_config_variable("region")
    except Exception:  # whatever is wrong with it is said when the login needs it
        return None
    return str(region) if region else None


def _session(profile: str | None, iam: IamCalls) -> Any:
    try:
        import botocore.session
    except ImportError:
        raise iam.placed(without_botocore(_WHO)) from None
    # At DEBUG botocore logs what its providers answer.
    logging.getLogger("botocore").setLevel(logging.INFO)
    return botocore.session.Session(profile=profile)
