# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an endpoint is and how to log in: options, the credentials file and the environment.

The order is: what the task says, the entry of S3_CREDENTIALS_FILE for this endpoint, the
environment S3_<PLATFORM>_<OPTION>, the default. An argument spec's own fallback could not do this:
it would hand one platform's password to another.
"""

from __future__ import annotations

import functools
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional
from urllib.parse import urlsplit, urlunsplit

from .clock import is_loopback
from .errors import CredentialsError
from .options import CONNECTION, DEFAULTS, SECRET_OPTIONS, parse_duration
from .urls import same_url

FILE_VARIABLE = "S3_CREDENTIALS_FILE"
CONNECT_TIMEOUT = 10.0

#: Returns the vendor's own URL by the options known so far and the environment, or None.
UsualUrl = Callable[[Mapping[str, Any], Mapping[str, str]], Optional[str]]


@dataclass(frozen=True)
class Settings:
    """A resolved connection to one endpoint. Secrets are kept out of its repr."""

    platform: str
    endpoint: str | None
    api_url: str
    api_username: str | None = None
    api_password: str | None = field(default=None, repr=False)
    api_token: str | None = field(default=None, repr=False)
    api_access_key: str | None = None
    api_secret_key: str | None = field(default=None, repr=False)
    client_cert: str | None = None
    client_key: str | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    #: Seconds.
    read_timeout: float = 30.0
    connect_timeout: float = CONNECT_TIMEOUT
    proxy: str | None = field(default=None, repr=False)
    requests_per_second: float | None = None
    parallelism: int = 8
    #: Whether anybody set it: keys that are replaced in place go one at a time otherwise.
    is_parallelism_given: bool = False
    #: The platform's own options: svm, tenant, domain, api_version, flavor, login_url.
    scope: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    #: Says that the credentials file has no entry for this endpoint, where that is so.
    without_entry: str | None = None


def resolve(
    params: Mapping[str, Any],
    platform: str,
    scope_options: Mapping[str, Mapping[str, Any]],
    environ: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] = DEFAULTS,
    usual_url: UsualUrl = lambda values, env: None,
) -> Settings:
    """Return the settings of the endpoint that the options name. Reads only.

    usual_url: see Platform.usual_url().

    Raises invalid_option, naming the option, where it could come from, and what was wrong.
    """
    env = os.environ if environ is None else environ
    specs: dict[str, Mapping[str, Any]] = {**CONNECTION, **scope_options}
    values: dict[str, Any] = {name: params.get(name) for name in specs}
    warnings: list[str] = []
    without_entry = _fill_from_file(values, specs, env, warnings)
    unused = _fill_from_environment(values, specs, platform, env, usual_url)
    is_parallelism_given = values["parallelism"] is not None
    for name, spec in specs.items():
        if values[name] is None:
            values[name] = defaults.get(name, spec.get("default"))
    url = _checked_url(values["api_url"], platform, values["endpoint"])
    warnings += _open_to_others(url, values["validate_certs"])
    if unused:
        warnings.append(
            f"{', '.join(unused)} in the environment was not used, because"
            f" {' and '.join(_urls(specs))} must be those of the environment"
            f" (S3_{platform.upper()}_API_URL): a secret only goes where it was meant for."
        )
    return Settings(
        platform=platform,
        endpoint=values["endpoint"],
        api_url=url,
        api_username=values["api_username"],
        api_password=values["api_password"],
        api_token=values["api_token"],
        api_access_key=values["api_access_key"],
        api_secret_key=values["api_secret_key"],
        client_cert=_readable(values["client_cert"], "client_cert"),
        client_key=_readable(values["client_key"], "client_key"),
        validate_certs=values["validate_certs"],
        ca_path=_readable(values["ca_path"], "ca_path"),
        read_timeout=_positive_seconds(values["timeout"]),
        proxy=values["proxy"] or None,
        requests_per_second=_pace(values["requests_per_second"]),
        parallelism=_parallelism(values["parallelism"]),
        is_parallelism_given=is_parallelism_given,
        scope={name: values[name] for name in scope_options},
        warnings=tuple(warnings),
        without_entry=without_entry,
    )


def _open_to_others(url: str, validate_certs: bool) -> list[str]:
    """Return warnings of what others on the network path may read."""
    warnings, what = [], "anyone on the network path can read and change what is sent"
    if validate_certs is False:
        warnings.append(
            f"validate_certs is false: {what} to {url}, the login included. ca_path trusts a"
            " private CA without that."
        )
    if url.startswith("http:") and not is_loopback(url):
        warnings.append(f"{url} is not encrypted: {what}, the login included. Use https.")
    return warnings


def _fill_from_file(
    values: dict[str, Any],
    specs: Mapping[str, Mapping[str, Any]],
    env: Mapping[str, str],
    warnings: list[str],
) -> str | None:
    """Fill from the endpoint's entry; return a sentence about the entry where there is none."""
    path = env.get(FILE_VARIABLE)
    endpoint = values["endpoint"]
    if not path or not endpoint:
        return None
    entry = _read_file(path, warnings).get(endpoint)
    if entry is None:
        return f"{path} ({FILE_VARIABLE}) has no entry for the endpoint {endpoint!r}."
    if not isinstance(entry, dict):
        raise _file_error(path, f"the entry {endpoint!r} is not a mapping of options")
    unknown = sorted(str(name) for name in entry if name not in specs and name != "platform")
    if unknown:
        known = ", ".join(sorted(specs))
        raise _file_error(
            path,
            f"the entry {endpoint!r} has unknown options: {', '.join(unknown)}",
            f"Of this platform an entry may have: {known}.",
        )
    for name in _urls(specs):
        url, given = str(entry.get(name) or ""), values[name]
        if url and given and not same_url(url, given):
            raise _file_error(
                path,
                f"the entry {endpoint!r} is for {_without_login(url)}, but the task's {name} is"
                f" {_without_login(given)}; its credentials are not sent elsewhere",
                f"Leave {name} out of the task, correct the entry, or name another endpoint.",
            )
    for name, value in entry.items():
        if name in specs and values[name] is None and value is not None:
            values[name] = converted(value, specs[name], f"{name} in {path}")
    return None


def _urls(specs: Mapping[str, Any]) -> list[str]:
    """Return the options that say where a login is sent."""
    return [name for name in specs if name.endswith("_url")]


def _read_file(path: str, warnings: list[str]) -> dict[str, Any]:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as handle:
            mode = stat.S_IMODE(os.fstat(handle.fileno()).st_mode)
            text = handle.read()
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or "it is no UTF-8"
        raise _file_error(
            path,
            f"it cannot be read: {why}",
            f"Let {FILE_VARIABLE} name a file that is there and that this user may read.",
        ) from None
    if mode & 0o077:
        warnings.append(f"{path} ({FILE_VARIABLE}) can be read by others; chmod 600 it.")
    return _content_of(path, text)


@functools.lru_cache(maxsize=1)
def _content_of(path: str, text: str) -> dict[str, Any]:
    """Return the entries of a credentials file, which are not to be changed.

    Kept, because whoever asks a thousand endpoints one after the other needs it a thousand times.
    """
    if text.startswith("$ANSIBLE_VAULT"):
        raise _file_error(path, "it is encrypted as a whole; a module cannot decrypt it")
    try:
        content = _parsed(path, text)
    except CredentialsError:
        raise
    except Exception as exc:  # PyYAML's errors quote the line, which may hold a password
        if "!vault" in text:
            raise _file_error(
                path, "it holds !vault values; a module cannot decrypt them"
            ) from None
        raise _file_error(path, f"it is neither YAML nor JSON{_line_of(exc, text)}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _file_error(path, "it is not a mapping of endpoints")
    return content


def _parsed(path: str, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass  # YAML may begin so as well
    try:
        import yaml
    except ImportError:
        raise CredentialsError(
            "invalid_option",
            f"{path} ({FILE_VARIABLE}) is YAML, and PyYAML is not installed for this Python.",
            next_step="Install PyYAML, or write the file as JSON.",
        ) from None

    class Loader(yaml.SafeLoader):
        """Reads every scalar as the text it is: 0123456 is a password, and no octal number."""

        yaml_implicit_resolvers = {
            first: [pair for pair in pairs if pair[0].rpartition(":")[2] in ("null", "merge")]
            for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return yaml.load(text, Loader=Loader)  # noqa: S506  # a safe one


def _line_of(exc: Exception, text: str) -> str:
    """Return where a parser stopped, without a word of what stands there."""
    number = getattr(getattr(exc, "problem_mark", None), "line", None)
    if number is None:
        return ""
    lines = text.splitlines()
    is_tab = number < len(lines) and lines[number].lstrip(" ").startswith("\t")
    return f", as of line {number + 1}" + (": a tab, where YAML has blanks" if is_tab else "")


def _file_error(
    path: str, what: str, next_step: str = "The file is YAML or JSON: {endpoint: {option: value}}."
) -> CredentialsError:
    return CredentialsError(
        "invalid_option", f"{path} ({FILE_VARIABLE}): {what}.", next_step=next_step
    )


def _fill_from_environment(
    values: dict[str, Any],
    specs: Mapping[str, Mapping[str, Any]],
    platform: str,
    env: Mapping[str, str],
    usual_url: UsualUrl,
) -> list[str]:
    """Fill from S3_<PLATFORM>_<OPTION>; return the secrets left unused for their URL's sake."""
    prefix = f"S3_{platform.upper()}_"
    # What nobody names is the vendor's own, for the environment's secrets as well.
    asks = not values["api_url"] or any(env.get(prefix + n.upper()) for n in SECRET_OPTIONS)
    known = {n: env.get(prefix + n.upper()) if v is None else v for n, v in values.items()}
    usual = {"api_url": usual_url(known, env) if asks else None}
    url_matches = bool(env.get(prefix + "API_URL") or usual["api_url"])
    for name in _urls(specs):
        env_url = env.get(prefix + name.upper()) or usual.get(name)
        values[name] = values[name] or env_url or None
        if values[name] and not (env_url and same_url(env_url, values[name])):
            url_matches = False
    unused = []
    for name, spec in specs.items():
        text = env.get(prefix + name.upper())
        if not text or values[name] is not None or name == "endpoint":
            continue
        if name in SECRET_OPTIONS and not url_matches:
            unused.append(prefix + name.upper())
            continue
        values[name] = converted(text, spec, prefix + name.upper())
    return unused


def converted(value: Any, spec: Mapping[str, Any], where: str) -> Any:
    """Return a value as an option of this spec has it. Raises invalid_option, naming where."""
    kind = spec.get("type", "str")
    try:
        if kind == "bool":
            result: Any = _to_bool(value)
        elif kind in ("int", "float"):
            result = {"int": int, "float": float}[kind](value)
        elif isinstance(value, (dict, list)):
            raise ValueError(value)
        elif kind == "path":
            result = os.path.expanduser(os.path.expandvars(str(value)))
        else:
            result = str(value)
    except (TypeError, ValueError):
        raise CredentialsError("invalid_option", f"{where} is not a {kind}.") from None
    choices = spec.get("choices")
    if choices and result not in choices:
        raise CredentialsError("invalid_option", f"{where} must be one of {', '.join(choices)}.")
    return result


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "1", "y", "t"):
        return True
    if word in ("false", "no", "off", "0", "n", "f"):
        return False
    raise ValueError(word)


def _checked_url(url: str | None, platform: str, endpoint: str | None) -> str:
    if not url:
        raise CredentialsError(
            "invalid_option",
            "api_url is missing: no task option, no entry"
            + (f" for endpoint {endpoint!r}" if endpoint else "")
            + f" in the file of {FILE_VARIABLE}, and no S3_{platform.upper()}_API_URL.",
            next_step="Set api_url to scheme, host, port and any base path of the API.",
        )
    text = url.strip()
    try:
        parts = urlsplit(text)
        has_host, _port = bool(parts.hostname), parts.port
    except ValueError:
        has_host, parts = False, urlsplit("")
    if (
        parts.scheme.lower() not in ("http", "https")
        or not has_host
        or any(c.isspace() for c in text)
    ):
        raise CredentialsError(
            "invalid_option",
            f"api_url: {_without_login(text)!r} is not a URL of the form https://host[:port][/path].",
            next_step="Write the scheme too, as in https://storage.example.com.",
        )
    if "@" in parts.netloc:
        raise CredentialsError(
            "invalid_option",
            "api_url must not hold a user name or password.",
            next_step="Use api_username and api_password, or the environment.",
        )
    if parts.query or parts.fragment:
        raise CredentialsError(
            "invalid_option", "api_url must not hold a query (?) or fragment (#)."
        )
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path.rstrip("/"), "", ""))


def _without_login(url: str) -> str:
    scheme, there, rest = url.rpartition("://")
    return scheme + there + rest.rpartition("@")[2]


def _positive_seconds(value: Any) -> float:
    seconds = parse_duration(value, "timeout").total_seconds()
    if seconds <= 0:
        raise CredentialsError("invalid_option", "timeout must be longer than 0s.")
    return seconds


def _pace(value: float | None) -> float | None:
    if value is None:
        return None
    if not 0 < value < float("inf"):
        raise CredentialsError("invalid_option", "requests_per_second must be above 0.")
    return value


def _parallelism(value: int) -> int:
    if not 1 <= value <= 64:
        raise CredentialsError("invalid_option", "parallelism must be between 1 and 64.")
    return value


def _readable(path: str | None, option: str) -> str | None:
    if path and not os.path.exists(path):
        raise CredentialsError(
            "invalid_option",
            f"{option}: {path} does not exist on the machine that runs the module.",
            next_step=f"Give {option} a path on the machine that runs the module.",
        )
    return path or None
