# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a KV v2 server is and how to log in: options, then the environment as its client has it.

BAO_* is looked at before VAULT_*. A secret of the environment goes only to the server that the
environment names, and neither does it decide about the certificates of another one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import urlsplit, urlunsplit

from ..clock import is_loopback
from ..errors import CredentialsError
from ..options import parse_duration
from ..settings import CONNECT_TIMEOUT, Settings
from ..urls import same_url
from .vault_kv2_spec import METHODS, OPTIONS

KUBERNETES_JWT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_SHORTEST_LEASE, _LONGEST_LEASE = 3.0, 3600.0
#: Option -> its name behind BAO_ or VAULT_. Those that are secret travel only with the URL.
_FROM_ENVIRONMENT = {
    "auth_method": "AUTH_METHOD",
    "role_id": "ROLE_ID",
    "role": "ROLE",
    "namespace": "NAMESPACE",
    "ca_path": "CACERT",
    "client_cert": "CLIENT_CERT",
    "client_key": "CLIENT_KEY",
}
_SECRET_FROM_ENVIRONMENT = {"token": "TOKEN", "secret_id": "SECRET_ID", "jwt": "JWT"}
_PREFIXES = ("BAO_", "VAULT_")


@dataclass(frozen=True)
class KvOptions:
    """A resolved connection to one KV v2 mount. Secrets are kept out of its repr."""

    url: str
    method: str
    mount: str
    template: str
    #: Seconds.
    lease: float
    settings: Settings
    auth_mount: Optional[str] = None
    namespace: Optional[str] = None
    role_id: Optional[str] = None
    role: Optional[str] = None
    jwt_path: Optional[str] = None
    token: Optional[str] = field(default=None, repr=False)
    secret_id: Optional[str] = field(default=None, repr=False)
    jwt: Optional[str] = field(default=None, repr=False)
    with_metadata: bool = True
    warnings: tuple[str, ...] = ()


def resolve_kv(
    options: Mapping[str, Any], environ: Mapping[str, str], parallelism: int
) -> KvOptions:
    """Return the settings that options and environment make together. Reads only.

    Raises invalid_option, naming the option, where it could come from, and what was wrong.
    """
    values = {name: options.get(name) for name in OPTIONS}
    warnings: list[str] = []
    prefix, own_url = _environment_url(environ)
    values["url"] = url = _checked_url(values["url"] or own_url)
    is_meant = bool(own_url) and same_url(url, str(own_url))
    if is_meant or not own_url:
        _fill(values, environ, prefix)
    unused: list[str] = []
    if is_meant:
        _fill_secrets(values, environ, prefix)
        if values["validate_certs"] is None and _is_true(_from(environ, prefix, "SKIP_VERIFY")):
            values["validate_certs"] = False
    else:
        unused = [
            prefix + word
            for prefix in _PREFIXES
            for word in _SECRET_FROM_ENVIRONMENT.values()
            if environ.get(prefix + word)
        ]
    for name, spec in OPTIONS.items():
        if values[name] is None:
            values[name] = spec.get("default", True if name == "validate_certs" else None)
    try:
        method = _method(values)
    except CredentialsError as exc:
        if unused:
            exc.next_step = f"{_not_used(unused)} {exc.next_step}"
        raise
    if unused:
        warnings.append(_not_used(unused))
    warnings += _open_to_others(url, values["validate_certs"])
    return KvOptions(
        url=url,
        method=method,
        mount=_mount(values["mount"], "mount"),
        template=str(values["path"]),
        lease=_lease(values["lease"]),
        settings=_settings(values, parallelism),
        auth_mount=_mount(values["auth_mount"], "auth_mount") if values["auth_mount"] else None,
        namespace=(values["namespace"] or "").strip("/") or None,
        role_id=values["role_id"],
        role=values["role"],
        jwt_path=values["jwt_path"],
        token=values["token"],
        secret_id=values["secret_id"],
        jwt=values["jwt"],
        with_metadata=bool(values["custom_metadata"]),
        warnings=tuple(warnings),
    )


def _open_to_others(url: str, validate_certs: bool | None) -> list[str]:
    """Return warnings of what others on the network path may read."""
    warnings = []
    if validate_certs is False:
        warnings.append(
            "validate_certs is false for the secret store: anyone on the network path can read and"
            f" change what is sent to {url}, every secret included."
        )
    if url.startswith("http:") and not is_loopback(url):
        warnings.append(
            f"{url} is not encrypted: anyone on the network path can read every secret. Use https."
        )
    return warnings


def _not_used(names: list[str]) -> str:
    return (
        f"{', '.join(names)} in the environment was not used, because secret_store.url is not"
        " VAULT_ADDR (or BAO_ADDR): a secret only goes where it was meant for."
    )


def _environment_url(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    for prefix in _PREFIXES:
        if environ.get(prefix + "ADDR"):
            return prefix, environ[prefix + "ADDR"]
    return None, None


def _from(environ: Mapping[str, str], prefix: str | None, word: str) -> str | None:
    """Return what the environment says for the server of this prefix, then of the other one.

    Where both name a server, they are two, and neither's words are for the other.
    """
    both = all(environ.get(each + "ADDR") for each in _PREFIXES)
    for each in _PREFIXES if prefix is None or not both else (prefix,):
        if environ.get(each + word):
            return environ[each + word]
    return None


def _fill(values: dict[str, Any], environ: Mapping[str, str], prefix: str | None) -> None:
    """Fill what is no secret."""
    for name, word in _FROM_ENVIRONMENT.items():
        if values[name] is None:
            values[name] = _from(environ, prefix, word)
    if values["ca_path"] is None:
        values["ca_path"] = _from(environ, prefix, "CAPATH")


def _fill_secrets(values: dict[str, Any], environ: Mapping[str, str], prefix: str | None) -> None:
    for name, word in _SECRET_FROM_ENVIRONMENT.items():
        if values[name] is None:
            values[name] = _from(environ, prefix, word)
    if values["token"] is None and values["auth_method"] in (None, "token"):
        named = _from(environ, prefix, "TOKEN_FILE")
        # What `vault login` and `bao login` leave behind.
        for path in [named] if named else ["~/.bao-token", "~/.vault-token"]:
            path = _expanded(path, environ)
            if values["token"] is None and os.path.isfile(path):
                values["token"] = read_secret(path, "token")
            elif named:
                raise CredentialsError(
                    "invalid_option", f"{path} (VAULT_TOKEN_FILE) does not exist."
                )


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    home = environ.get("HOME")
    return home + path[1:] if home and path.startswith("~/") else os.path.expanduser(path)


def read_secret(path: str, what: str) -> str:
    """Return what a file with a token holds. Raises invalid_option."""
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read(64 * 1024).strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise CredentialsError(
            "invalid_option",
            f"the {what} in {path} cannot be read ({exc.__class__.__name__}).",
            next_step="It is read on the machine that runs the module.",
        ) from None
    if not text:
        raise CredentialsError("invalid_option", f"the {what} in {path} is empty.")
    return text


def _method(values: Mapping[str, Any]) -> str:
    method = values["auth_method"]
    if method is None:
        if values["role_id"]:
            method = "approle"
        elif values["role"]:
            method = "jwt" if values["jwt"] or values["jwt_path"] else "kubernetes"
        else:
            method = "token"
    if method not in METHODS:
        raise CredentialsError(
            "invalid_option",
            f"secret_store.auth_method: {method!r} is not one of {', '.join(METHODS)}.",
        )
    wanted = {
        "token": ("token",),
        "approle": ("role_id",),
        "kubernetes": ("role",),
        "jwt": ("role",),
    }[method]
    missing = [name for name in wanted if not values[name]]
    if method == "jwt" and not values["jwt"] and not values["jwt_path"]:
        missing.append("jwt")
    if missing:
        name = missing[0]
        raise CredentialsError(
            "invalid_option",
            f"secret_store.{name} is missing for the login by {method}.",
            next_step=f"Set it, or VAULT_{name.upper()} together with VAULT_ADDR in the"
            " environment; or choose another auth_method.",
        )
    return str(method)


def _checked_url(url: str | None) -> str:
    if not url:
        raise CredentialsError(
            "invalid_option",
            "secret_store.url is missing, and there is no VAULT_ADDR or BAO_ADDR.",
            next_step="Set it to scheme, host and port, as in https://vault.example.com:8200.",
        )
    text = url.strip()
    try:
        parts = urlsplit(text)
        is_url = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        is_plain = "@" not in parts.netloc and not (parts.query or parts.fragment)
        _unused = parts.port
    except ValueError:
        is_url = is_plain = False
    if not is_url or not is_plain or any(c.isspace() for c in text):
        raise CredentialsError(
            "invalid_option",
            "secret_store.url is not of the form https://host[:port][/path], without a login.",
        )
    path = parts.path.rstrip("/")
    if path.endswith("/v1"):
        path = path[:-3]
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, "", ""))


def _mount(value: Any, option: str) -> str:
    mount = str(value).strip().strip("/")
    if not mount or any(part in ("", ".", "..") for part in mount.split("/")):
        raise CredentialsError("invalid_option", f"secret_store.{option}: {value!r} is no mount.")
    return mount


def _lease(value: Any) -> float:
    seconds = parse_duration(value, "secret_store.lease").total_seconds()
    if not _SHORTEST_LEASE <= seconds <= _LONGEST_LEASE:
        raise CredentialsError(
            "invalid_option",
            f"secret_store.lease: {value} is not between {_SHORTEST_LEASE:g}s and 1h.",
        )
    return seconds


def _settings(values: Mapping[str, Any], parallelism: int) -> Settings:
    timeout = parse_duration(values["timeout"], "secret_store.timeout").total_seconds()
    if timeout <= 0:
        raise CredentialsError("invalid_option", "secret_store.timeout must be longer than 0s.")
    for option in ("ca_path", "client_cert", "client_key"):
        if values[option] and not os.path.exists(values[option]):
            raise CredentialsError(
                "invalid_option",
                f"secret_store.{option}: {values[option]} does not exist on the machine that runs"
                " the module.",
            )
    return Settings(
        platform="",
        endpoint=None,
        api_url=values["url"],
        client_cert=values["client_cert"],
        client_key=values["client_key"],
        validate_certs=values["validate_certs"],
        ca_path=values["ca_path"],
        read_timeout=timeout,
        connect_timeout=min(CONNECT_TIMEOUT, timeout),
        proxy=values["proxy"] or None,
        # One connection more for the heartbeat, which must not wait for the others.
        parallelism=parallelism + 1,
    )


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("1", "t", "true", "yes", "on")
