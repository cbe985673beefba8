# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is told: credential types from the options' own specs, and the whole kit as a file.

Credential types follow from platforms and secret stores; job templates, surveys, the workflow and
schedules are written by hand in roles/s3_awx/vars/main/kit.yml. The file that `awx import` reads is
made of both, so that it says what the role installs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2.defaults
import yaml

#: Options of a connection that belong to a login rather than to an inventory, and in this order.
_TRANSPORT = ("validate_certs", "ca_path", "proxy")
#: May hold a login in its URL.
_SECRET_TOO = ("proxy", "client_key")
_LABELS = {
    "api": "API",
    "url": "URL",
    "id": "ID",
    "aws": "AWS",
    "kms": "KMS",
    "arn": "ARN",
    "svm": "SVM",
    "ca": "CA",
    "jwt": "JWT",
    "certs": "certificates",
    "cert": "certificate",
}
#: What a path to a file becomes, where the credential holds the file itself.
_CONTENTS = {
    "ca_path": "CA certificates",
    "client_cert": "Client certificate",
    "client_key": "Private key of the client certificate",
}
FILE_TYPE = {
    "name": "Object store: several endpoints",
    "description": "Logins of several endpoints, of one platform or of many; the environment has"
    " only the path of the file (objectstore.credentials)",
    "kind": "cloud",
    "inputs": {
        "fields": [
            {
                "id": "endpoints",
                "label": "Endpoints",
                "type": "string",
                "multiline": True,
                "secret": True,
                "help_text": "YAML or JSON: {endpoint: {option: value}}, such as cluster1:"
                " {api_url: https://cluster1.example.com, api_username: me, api_password: ...}. The"
                " endpoint is the host's name in the inventory.",
            }
        ],
        "required": ["endpoints"],
    },
    "injectors": {
        "file": {"template": "{{ endpoints }}"},
        "env": {"S3_CREDENTIALS_FILE": "{{ tower.filename }}"},
    },
}


class Unsafe(str):
    """A text that Ansible must not take for a template of its own."""


class _Dumper(yaml.SafeDumper):
    """Indents lists, and marks texts with templates in them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), "'")
)


class _Loader(yaml.SafeLoader):
    """Reads what _Dumper writes."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _unsafe)


def load(path: Path) -> Any:
    """Return a file of variables as AWX would get it."""
    return yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a safe loader with one tag


def credential_types(
    platforms: Iterable[type[Any]],
    stores: Iterable[type[Any]],
    connection: Mapping[str, Mapping[str, Any]],
    described: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the credential types: one for several endpoints, each platform, each secret store.

    described: "connection", a platform's name or "secret_store" -> option -> its documentation.
    """
    found = [FILE_TYPE]
    for cls in platforms:
        logins = [option for options in cls.LOGINS for option in options]
        names = dict.fromkeys(("api_url", *logins, *cls.SCOPE, *_TRANSPORT))
        specs = {**connection, **cls.SCOPE}
        texts = {**described["connection"], **described[cls.name]}
        # A vendor with one URL for all need not be told it; and there may be other ways to log in.
        required = [] if "usual_url" in vars(cls) else ["api_url"]
        found.append(
            _type(
                f"Object store: {cls.title}",
                f"Login of one endpoint, platform {cls.name} (objectstore.credentials)",
                f"S3_{cls.name.upper()}_",
                {name: specs[name] for name in names},
                texts,
                required,
            )
        )
    for cls in stores:
        specs = {name: spec for name, spec in cls.OPTIONS.items() if spec.get("type") != "dict"}
        required = [name for name, spec in specs.items() if spec.get("required")]
        made = _type(
            f"Secret store: {cls.title}",
            f"Where the pairs are kept, type {cls.name} (objectstore.credentials)",
            f"S3_{cls.name.upper()}_",
            specs,
            described["secret_store"],
            required,
        )
        made["injectors"]["env"]["S3_SECRET_STORE_TYPE"] = cls.name
        found.append(made)
    return found


def _type(
    name: str,
    description: str,
    prefix: str,
    specs: Mapping[str, Mapping[str, Any]],
    texts: Mapping[str, Any],
    required: list[str],
) -> dict[str, Any]:
    has_server = any(option == "url" or option.endswith("_url") for option in specs)
    fields: list[dict[str, Any]] = []
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    for option, spec in specs.items():
        variable = prefix + option.upper()
        by_file = next((o for o in specs if o in (f"{option}_file", f"{option}_path")), None)
        is_path = spec.get("type") == "path"
        if is_path and option not in _CONTENTS:
            continue  # A file that holds what another option says; that one is in the credential.
        fields.append(_field(option, spec, texts.get(option, {}), option in required))
        if is_path or (by_file and not has_server):
            # A secret that is sent nowhere is better in a file than in the environment.
            files[f"template.{option}"] = f"{{{{ {option} }}}}"
            variable = prefix + (option if is_path else str(by_file)).upper()
            env[variable] = f"{{% if {option} %}}{{{{ tower.filename.{option} }}}}{{% endif %}}"
        else:
            env[variable] = _value(option)
    injectors: dict[str, Any] = {"env": env}
    if files:
        injectors["file"] = files
    inputs: dict[str, Any] = {"fields": fields}
    if required:
        inputs["required"] = required
    return {
        "name": name,
        "description": description,
        "kind": "cloud",
        "inputs": inputs,
        "injectors": injectors,
    }


def _value(option: str) -> str:
    """Return the template of a field; where it is empty, Jinja's own thing of that name is none."""
    is_known = option in jinja2.defaults.DEFAULT_NAMESPACE
    return f"{{{{ {option} if {option} is string }}}}" if is_known else f"{{{{ {option} }}}}"


def _field(
    option: str, spec: Mapping[str, Any], text: Mapping[str, Any], is_required: bool
) -> dict[str, Any]:
    words = [_LABELS.get(word, word) for word in option.split("_")]
    label = _CONTENTS.get(option) or " ".join(words)
    field: dict[str, Any] = {"id": option, "label": label[0].upper() + label[1:], "type": "string"}
    choices, default = spec.get("choices"), spec.get("default")
    if spec.get("type") == "bool":
        # AWX takes a boolean that nobody set for false; what is left out has to stay left out.
        choices, default = ["true", "false"], "true" if default is None else str(default).lower()
    if spec.get("no_log") or option in _SECRET_TOO:
        field["secret"] = True
    if option in _CONTENTS:
        field["multiline"] = True
    if is_required and option.endswith("url"):
        # An empty one would be no URL.
        field["format"] = "url"
    field["help_text"] = _help(option, text)
    if choices and default is not None:
        # AWX takes the first one where none was chosen; without a default there is no such list.
        field["choices"] = sorted(choices, key=lambda choice: choice != default)
        field["default"] = default
    elif choices:
        field["help_text"] += f" One of {', '.join(choices)}, or empty."
    return field


def _help(option: str, text: Mapping[str, Any]) -> str:
    """Return an option's first sentence, without the marks of Ansible's documentation."""
    if option in _CONTENTS:
        return "In PEM form; kept in a file of the job."
    lines = text.get("description") or [""]
    line = lines if isinstance(lines, str) else lines[0]
    return re.sub(r"\b[A-Z]\((?:ignore:)?([^)]*)\)", r"\1", line).strip()


def types_file(header: str, types: list[dict[str, Any]]) -> str:
    """Return roles/s3_awx/vars/main/credential_types.yml."""
    text = yaml.dump(
        {"s3_awx__credential_types": _marked(types)}, Dumper=_Dumper, sort_keys=False, width=90
    )
    return f"{header}---\n# Made by tools/sync.py.\n{text}"


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _marked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner) for inner in value]
    return Unsafe(value) if isinstance(value, str) and re.search(r"\{[{%]", value) else value
