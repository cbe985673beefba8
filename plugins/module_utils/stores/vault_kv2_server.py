# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One KV v2 mount, by hvac: its verbs, its login, and what no answer proves.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2, and OpenBao's the same.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..errors import CredentialsError
from ..pacing import parse_http_date, retry_wait
from ..record_document import unreadable
from .base import StoreContext
from .vault_kv2_login import LOGINS
from .vault_kv2_options import KvOptions
from .vault_kv2_wire import Answer, Fail, Session, refusal

_WRONG_PATH = "Check secret_store.mount and secret_store.namespace."


class KvServer:
    """A logged-in connection to one mount, shared by all threads."""

    def __init__(self, options: KvOptions, context: StoreContext, fail: Fail) -> None:
        self.options = options
        self._clock = context.clock
        self._redactor = context.redactor
        self._redactor.learn_url(options.settings.proxy)
        self._fail = fail
        self._session = Session(options.settings, fail, context.check_mode)
        self._client = self._make_client()
        self._login = LOGINS[options.method](options, context.redactor)
        self._lock = threading.RLock()
        #: None: not logged in yet; False: logged out.
        self._is_open: bool | None = None

    def _make_client(self) -> Any:
        try:
            import hvac
        except ImportError:
            raise CredentialsError(
                "invalid_option",
                "The secret store vault_kv2 needs the Python library hvac, which is missing on the"
                " machine that runs the module.",
                next_step="pip install 'hvac>=1.2.0', for the Python that runs the module.",
            ) from None
        # An empty token: hvac would take one from the environment, whatever the URL.
        return hvac.Client(
            url=self.options.url,
            token="",
            verify=True,
            session=self._session,
            namespace=self.options.namespace,
        )

    # --- login -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Log in, and prove that the mount is there and is KV version 2. Stores nothing."""
        with self._lock:
            if self._is_open:
                return
            if self._is_open is False:
                raise self._fail("store_unavailable", "This run has logged out already.")
            self._log_in_instead_of("")
            self._require_mount()
            self._is_open = True

    def log_out(self) -> None:
        """Revoke the token where this run has made it, and close the connections."""
        self._is_open = False
        try:
            if self._login.can_repeat and self._client.token:
                self._client.auth.token.revoke_self()
        except Exception:  # noqa: S110  # it expires by itself; nobody waits for it
            pass
        finally:
            self._client.token = ""
            self._session.close()

    def _log_in_instead_of(self, old: str) -> None:
        with self._lock:
            if self._client.token != old:
                return
            # A client of its own: the login must not carry the old token.
            client = self._make_client()
            answer = self._attempt(
                lambda: self._login.send(client),
                f"the login by {self._login.name}",
                dict.fromkeys(
                    ("right", "path", "other"),
                    "Check the credentials and the role in secret_store, auth_mount"
                    f" ({self._login.mount}) and namespace.",
                ),
            )
            auth = answer.get("auth") if isinstance(answer, dict) else None
            token = auth.get("client_token") if isinstance(auth, dict) else None
            if not isinstance(token, str) or not token:
                raise self._fail(
                    "store_refused",
                    f"The login by {self._login.name} gave no token.",
                    next_step="A login that asks for a second factor cannot be used here.",
                )
            self._redactor.learn(token)
            self._client.token = token

    def _token_lives(self) -> bool:
        try:
            self._client.auth.token.lookup_self()
        except CredentialsError:
            raise
        except Exception:
            # A server that is too busy to say tells nothing of rights: a new login does no harm.
            return not (self._login.can_repeat or self._session.last.status_code in (401, 403))
        return True

    # --- sending ---------------------------------------------------------------------------------

    def _call(self, work: Callable[[], Any], what: str, patient: bool = True) -> Any:
        """Return what hvac returns for a call; logs in first where nobody has yet."""
        if not self._is_open:
            self.open()
        return self._ask(work, what, patient)

    def _ask(self, work: Callable[[], Any], what: str, patient: bool = True) -> Any:
        """Return what hvac returns for a call; a token that has died is replaced once.

        patient: try again, after a wait, what was certainly not done. Reads that failed in passing
        are tried again too.
        """
        token = self._client.token
        hints = {
            "right": f"The policy of the login does not allow {what}. The guide of vault_kv2 shows"
            " the one that is needed.",
            "path": _WRONG_PATH,
        }
        try:
            return self._attempt(work, what, hints, patient)
        except CredentialsError as exc:
            if exc.http_status not in (401, 403):
                raise
            if self._client.token == token:
                if self._token_lives():
                    raise
                if not self._login.can_repeat:
                    raise self._fail(
                        "store_refused",
                        f"The secret store refused {what}: the token has expired or was revoked.",
                        http_status=exc.http_status,
                        next_step="Give it a new token, which has the policy default, or a login"
                        " that can be repeated (approle, kubernetes, jwt).",
                    ) from None
                self._log_in_instead_of(token)
        return self._attempt(work, what, hints, patient)

    def _attempt(
        self, work: Callable[[], Any], what: str, hints: Mapping[str, str], patient: bool = True
    ) -> Any:
        attempt = 0
        while True:
            attempt += 1
            retry_after = None
            try:
                return self._once(work, what, hints)
            except CredentialsError as exc:
                is_passing = exc.details.pop("passing", False) and exc.landed is False
                if exc.http_status is not None:
                    retry_after = self._session.last.headers.get("Retry-After")
                wait = retry_wait(attempt, retry_after, self._clock.now())
                if not is_passing or not patient or wait is None:
                    raise
            self._clock.sleep(wait)

    def _once(self, work: Callable[[], Any], what: str, hints: Mapping[str, str]) -> Any:
        from hvac.exceptions import VaultError

        try:
            answer = work()
        except (VaultError, AttributeError, LookupError, TypeError, ValueError):
            # hvac's text quotes the answer and the URL, and it trips over answers of other forms.
            raise refusal(self._session.last, what, self._fail, hints) from None
        if isinstance(answer, Answer) and answer.status_code != 204:
            raise refusal(answer, what, self._fail, hints)
        return answer

    def now(self) -> dt.datetime | None:
        """Return the server's time at its last answer to this thread. Sends nothing."""
        return parse_http_date(self._session.last.headers.get("Date") or "")

    # --- the verbs of a mount ------------------------------------------------------------------

    @property
    def _kv(self) -> Any:
        return self._client.secrets.kv.v2

    def _require_mount(self) -> None:
        """Prove that the mount is there and is KV version 2. Reads only.

        A mount of version 1 answers for a path inside it as if there were just no such secret.
        """
        mount = self.options.mount
        try:
            answer = self._ask(
                lambda: self._client.adapter.get(f"/v1/sys/internal/ui/mounts/{mount}"),
                f"looking at the mount {mount}/",
            )
        except CredentialsError as exc:
            if exc.http_status not in (400, 403, 404, 405):
                raise
            self._require_config(exc)
            return
        data = answer.get("data") if isinstance(answer, dict) else None
        data = data if isinstance(data, dict) else {}
        found = str(data.get("path") or "").strip("/")
        options = data.get("options")
        version = options.get("version") if isinstance(options, dict) else None
        if found != mount:
            raise self._not_this_mount(f"{mount} lies inside the mount {found or 'of no name'}")
        if data.get("type") != "kv" or str(version) != "2":
            kind = f"{data.get('type')} version {version or 1}"
            raise self._not_this_mount(f"{mount} is a mount of type {kind}, not of KV version 2")

    def _require_config(self, why: CredentialsError) -> None:
        """Prove it by the mount's configuration, which only version 2 has."""
        mount = self.options.mount
        try:
            answer = self._ask(
                lambda: self._kv.read_configuration(mount_point=mount),
                f"looking at the mount {mount}/",
            )
        except CredentialsError as exc:
            if exc.kind == "store_unavailable" or not self._token_lives():
                raise
            raise self._not_this_mount(
                f"nothing shows that there is a mount {mount}: {why.message.rstrip('.')}"
            ) from None
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or "cas_required" not in data:
            raise self._not_this_mount(f"{mount} is no mount of KV version 2")

    def _not_this_mount(self, what: str) -> CredentialsError:
        inside = f" in the namespace {self.options.namespace}" if self.options.namespace else ""
        return self._fail(
            "store_refused",
            f"secret_store.mount{inside}: {what}.",
            next_step=f"{_WRONG_PATH} The login needs some right below the mount to see it.",
        )

    def read(self, path: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the data of the latest version and its metadata, None where there is no such data.

        A 404 alone proves little; who must be sure asks is_absent() too. Raises store_unreadable
        for a version that was deleted or destroyed.
        """
        mount = self.options.mount
        try:
            answer = self._call(
                lambda: self._kv.read_secret_version(
                    path, mount_point=mount, raise_on_deleted_version=True
                ),
                f"reading {mount}/{path}",
            )
        except CredentialsError as exc:
            if exc.http_status != 404:
                raise
            deleted = self._session.last.deleted()
            if deleted is not None:
                raise self._gone(path, deleted) from None
            if self._session.last.is_of_nothing:
                return None
            raise
        outer = answer.get("data") if isinstance(answer, dict) else None
        data = outer.get("data") if isinstance(outer, dict) else None
        metadata = outer.get("metadata") if isinstance(outer, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("version"), int):
            raise self._malformed(f"reading {mount}/{path}")
        if not isinstance(data, dict):
            raise unreadable(f"{mount}/{path} in the secret store", "it is no JSON object")
        return data, metadata

    def is_absent(self, path: str) -> bool:
        """Tell whether the metadata says, too, that nothing was ever written there. Reads only."""
        metadata = self.metadata(path)
        return metadata is None or not metadata.get("current_version")

    def metadata(self, path: str) -> dict[str, Any] | None:
        """Return the metadata of a path with all its versions, or None. Reads only."""
        mount = self.options.mount
        try:
            answer = self._call(
                lambda: self._kv.read_secret_metadata(path, mount_point=mount),
                f"reading the metadata of {mount}/{path}",
            )
        except CredentialsError as exc:
            if exc.http_status == 404 and self._session.last.is_of_nothing:
                return None
            raise
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("versions"), dict):
            raise self._malformed(f"reading the metadata of {mount}/{path}")
        return data

    def write(
        self, path: str, data: Mapping[str, Any], cas: int, *, patient: bool = True
    ) -> dict[str, Any]:
        """Write a new version where the latest is still this one (0: none); return its metadata."""
        mount = self.options.mount
        answer = self._call(
            lambda: self._kv.create_or_update_secret(
                path, secret=dict(data), cas=cas, mount_point=mount
            ),
            f"writing {mount}/{path}",
            patient,
        )
        metadata = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("version"), int):
            raise self._malformed(f"writing {mount}/{path}", landed=None)
        return metadata

    def write_custom_metadata(self, path: str, custom: Mapping[str, str]) -> None:
        """Replace the custom metadata; a timer on the path that deletes versions is cleared."""
        mount = self.options.mount
        self._call(
            lambda: self._kv.update_metadata(
                path, delete_version_after="0s", mount_point=mount, custom_metadata=dict(custom)
            ),
            f"writing the metadata of {mount}/{path}",
            patient=False,
        )

    def destroy(self, path: str, versions: Sequence[int]) -> None:
        """Destroy versions for good. Repeatable."""
        mount = self.options.mount
        self._call(
            lambda: self._kv.destroy_secret_versions(
                path, versions=list(versions), mount_point=mount
            ),
            f"destroying old versions of {mount}/{path}",
        )

    def forget(self, path: str) -> None:
        """Delete a path with its metadata and all versions. Repeatable."""
        mount = self.options.mount
        self._call(
            lambda: self._kv.delete_metadata_and_all_versions(path, mount_point=mount),
            f"deleting {mount}/{path}",
        )

    def names(self, folder: str) -> list[str]:
        """Return the names of the secrets right below a folder. Reads only."""
        return [name for name in self.entries(folder) if not name.endswith("/")]

    def entries(self, folder: str) -> list[str]:
        """Return what is right below a folder; folders end in a slash. Reads only."""
        mount, what = self.options.mount, f"listing {self.options.mount}/{folder}/"
        try:
            answer = self._call(lambda: self._kv.list_secrets(folder, mount_point=mount), what)
        except CredentialsError as exc:
            if exc.http_status == 404 and self._session.last.is_of_nothing:
                return []
            raise
        data = (answer.get("data") or {}) if isinstance(answer, dict) else {}
        found = data.get("keys") if isinstance(data, dict) else None
        if not isinstance(found, list):
            raise self._malformed(what)
        return [str(name) for name in found]

    def _gone(self, path: str, metadata: Mapping[str, Any]) -> CredentialsError:
        mount, version = self.options.mount, metadata.get("version")
        where = f"{mount}/{path} in the secret store"
        if metadata.get("destroyed"):
            return unreadable(
                where,
                f"its version {version} was destroyed",
                f"Bring an earlier version back (vault kv rollback -mount={mount} -version=N"
                f" {path}); or, if the account is to start anew, vault kv metadata delete"
                f" -mount={mount} {path}.",
            )
        return unreadable(
            where,
            f"its version {version} was deleted at {metadata.get('deletion_time')}",
            f"Bring it back: vault kv undelete -mount={mount} -versions={version} {path}."
            " Look for delete_version_after on the mount if nobody deleted it.",
        )

    def _malformed(self, what: str, landed: bool | None = False) -> CredentialsError:
        return self._fail(
            "store_unavailable",
            f"{what}: the answer is none of the KV version 2 API.",
            next_step="Check that secret_store.url names the server and not a web page or a proxy.",
            http_status=self._session.last.status_code,
            landed=landed,
        )
