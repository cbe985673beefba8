# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's credential types keep to its schema, and inject what modules and stores read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import sandbox

from ansible_collections.objectstore.credentials.plugins.module_utils.options import CONNECTION
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.store_environment import fill
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES
from ansible_collections.objectstore.credentials.tests.simulators.awx_injection import (
    filename,
    load,
    rendered,
)

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "s3_awx"
#: What the documentation of custom credential types allows for a field.
FIELD: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "label": str,
    "type": str,
    "help_text": str,
    "choices": list,
    "format": str,
    "multiline": bool,
    "secret": bool,
    "ask_at_runtime": bool,
    "default": (str, bool),
}
#: Names that AWX refuses, beside all that begins with ANSIBLE_.
RESERVED = {"VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID"}
RESERVED |= {"INVENTORY_UPDATE_ID", "AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN"}
RESERVED |= {"MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION", "CACHE", "AWX_HOST"}
RESERVED |= {
    "JOB_CALLBACK_DEBUG",
    "INVENTORY_HOSTVARS",
    "PROJECT_REVISION",
    "SUPERVISOR_CONFIG_PATH",
}


TYPES = load(ROLE / "vars/main/credential_types.yml")["s3_awx__credential_types"]


def place(label: str) -> str:
    """Return where a job has the file of a label."""
    return f"/runner/env/{label or 'file'}"


def injected(kind: dict[str, Any], inputs: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return environment and files of a job."""
    return rendered(kind, inputs, place)


def of(name: str) -> dict[str, Any]:
    """Return the credential type of a platform or store."""
    title = PLATFORMS[name].title if name in PLATFORMS else STORES[name].title
    (found,) = [each for each in TYPES if each["name"].partition(": ")[2] == title]
    return dict(found)


def test_every_platform_and_every_store_has_a_type_of_its_own() -> None:
    names = [each["name"] for each in TYPES]
    assert len(set(names)) == len(names) == 1 + len(PLATFORMS) + len(STORES)
    assert all(of(name)["kind"] == "cloud" for name in (*PLATFORMS, *STORES))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind["name"])
def test_inputs_keep_to_the_schema(kind: dict[str, Any]) -> None:
    assert set(kind["inputs"]) <= {"fields", "required"}
    ids = [field["id"] for field in kind["inputs"]["fields"]]
    assert len(set(ids)) == len(ids)
    assert set(kind["inputs"].get("required", [])) <= set(ids)
    for field in kind["inputs"]["fields"]:
        assert {"id", "label"} <= set(field) <= set(FIELD), field
        for name, value in field.items():
            assert isinstance(value, FIELD[name]), (field, name)
        assert re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", field["id"])
        assert field["id"] != "tower"
        # An unset boolean is false to AWX, which would turn off what is on by default.
        assert field["type"] == "string"
        assert field.get("format") in (None, "url")
        if "format" in field:
            assert field["id"] in kind["inputs"]["required"], "an empty text is no URL"
        if "choices" in field:
            assert len(set(field["choices"])) == len(field["choices"]) > 0
            assert field["choices"][0] == field["default"], "AWX takes the first where none is set"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind["name"])
def test_injectors_keep_to_the_schema_and_know_only_their_own_fields(kind: dict[str, Any]) -> None:
    injectors = kind["injectors"]
    assert set(injectors) <= {"env", "file"}, "a secret is never an extra variable"
    for name in injectors["env"]:
        assert re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", name)
        assert not name.startswith("ANSIBLE_")
        assert name not in RESERVED
    files = list(injectors.get("file", {}))
    for name in files:
        assert re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name)
    assert "template" not in files or len(files) == 1
    strict = sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    example: dict[str, Any] = {field["id"]: "EXAMPLE" for field in kind["inputs"]["fields"]}
    labels = [name.partition(".")[2] for name in files]
    example["tower"] = {"filename": filename({label: place(label) for label in labels})}
    used = ""
    for group in injectors.values():
        for text in group.values():
            assert text.isascii()
            assert strict.from_string(text).render(example)
            used += text
    for field in kind["inputs"]["fields"]:
        assert re.search(rf"\b{field['id']}\b", used), f"{field['id']} is injected nowhere"


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_what_is_injected_is_the_login_that_a_module_reads(name: str, tmp_path: Path) -> None:
    platform, kind = PLATFORMS[name], of(name)
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    logins = {option for options in platform.LOGINS for option in options}
    assert {"api_url", "validate_certs", "ca_path"} | logins | set(platform.SCOPE) <= set(fields)
    for option, spec in {**CONNECTION, **platform.SCOPE}.items():
        if spec.get("no_log") and option in fields:
            assert fields[option]["secret"]
    inputs = {
        option: field.get("default") or f"https://{option}.example.com"
        for option, field in fields.items()
    }
    env, files = injected(kind, inputs)
    real = {}
    for variable, value in env.items():
        if value in files:
            path = tmp_path / variable
            path.write_text(files[value])
            assert files[value] == inputs[variable.partition(f"S3_{name.upper()}_")[2].lower()]
            value = str(path)
        real[variable] = value

    settings = resolve({}, name, platform.SCOPE, real)

    for option in logins - {"client_cert", "client_key"}:
        assert getattr(settings, option) == inputs[option]
    assert settings.api_url == inputs["api_url"]
    assert settings.scope == {option: inputs[option] for option in platform.SCOPE}
    assert settings.validate_certs is True
    assert Path(str(settings.ca_path)).read_text() == inputs["ca_path"]
    assert settings.warnings == ()


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_fields_that_are_left_empty_say_nothing(name: str) -> None:
    kind = of(name)
    env, _files = injected(kind, {"api_url": "https://here.example.com"})
    assert {k: v for k, v in env.items() if v} == {
        f"S3_{name.upper()}_API_URL": "https://here.example.com"
    }
    settings = resolve({}, name, PLATFORMS[name].SCOPE, env)
    assert settings.validate_certs is True
    assert settings.ca_path is None


@pytest.mark.parametrize("name", sorted(STORES))
def test_what_is_injected_is_the_store_that_is_opened(name: str) -> None:
    kind, options = of(name), STORES[name].OPTIONS
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    chosen = {"auth_method": "approle"}
    inputs = {
        option: chosen.get(option) or field.get("default") or f"https://{option}.example.com"
        for option, field in fields.items()
    }
    env, files = injected(kind, inputs)
    assert env.pop("S3_SECRET_STORE_TYPE") == name
    values, unused = fill(name, options, {}, env)
    assert unused == []
    by_file = {f"{option}_file" for option in fields}
    for option, value in values.items():
        text = files.get(value, value)
        wanted = inputs[option.removesuffix("_file") if option in by_file else option]
        assert text == (wanted == "true" if options[option]["type"] == "bool" else wanted)
    for option, spec in options.items():
        if spec.get("no_log"):
            assert fields[option]["secret"]
    empty, _files = injected(kind, {})
    empty.pop("S3_SECRET_STORE_TYPE")
    assert not any(empty.values())


def test_a_vault_password_lies_in_a_file_and_not_in_the_environment() -> None:
    env, files = injected(of("ansible_vault"), {"path": "/srv", "vault_password": "canary"})
    assert "canary" not in env.values()
    assert "canary" in files.values()
