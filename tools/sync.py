# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what follows from the platform files in step with them: make sync, and --check in the gates.

Written from plugins/module_utils/platforms/*.py and plugins/doc_fragments/<platform>.py:
the registry, the documentation fragment "platforms", the action group, the platform table in the
README, the list of failures, the options that a fleet's file may hold, those that the role hands
on, and the kit for AWX.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from sync_awx import credential_types, load, types_file
from sync_awx_import import import_file
from sync_role import argument_specs, role_variables

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ansible_collections.objectstore.credentials.plugins"
HEADER = (
    "# Copyright (c) 2026, objectstore.credentials contributors\n"
    "# GNU General Public License v3.0+"
    " (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
GUIDES_START = "<!-- guides, made by tools/sync.py -->"
START, END = "<!-- made by tools/sync.py -->", "<!-- end of what tools/sync.py made -->"
FRAGMENT_START = "# --- made by tools/sync.py: the action group"
FRAGMENT_END = "# --- end of what tools/sync.py made"


def main() -> int:
    """Write what is out of step, or with --check only say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if out of step"
    )
    check = parser.parse_args().check
    sys.path.insert(0, str(ROOT / ".build" / "collections"))
    # The registry comes first: what it is made from needs no registry.
    stale = [path for path, content in outputs() if _differs(path, content, write=not check)]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of step; run make sync' if check else 'written'}")
    return 1 if check and stale else 0


def outputs() -> Iterator[tuple[Path, str]]:
    """Yield each file with the content that it should have."""
    platforms = find_platforms()
    yield ROOT / "plugins/module_utils/registry.py", registry(platforms)
    yield ROOT / "plugins/doc_fragments/platforms.py", fragment(platforms)
    runtime = ROOT / "meta/runtime.yml"
    yield runtime, _between(runtime, FRAGMENT_START, FRAGMENT_END, action_group())
    readme = ROOT / "README.md"
    threats = ROOT / "docs/threat-model.md"
    yield readme, _between(readme, START, END, table(platforms))
    yield threats, _between(threats, GUIDES_START, END, f"{guides(platforms)}.\n")
    yield ROOT / "docs/failures.md", failures()
    yield ROOT / "plugins/plugin_utils/fleet_options.py", fleet_options(platforms)
    for name, indent, end in (("call", 4, "# When\n"), ("look", 8, "progress:")):
        tasks, margin = ROOT / "roles/s3_rotate/tasks" / f"{name}.yml", " " * indent
        start = f"{margin}# Its scope, made by tools/sync.py"
        yield tasks, _between(tasks, start, margin + end, handed_on(platforms, margin))
    module = ROOT / "plugins/modules/s3_secret_store.py"
    choices = f"    choices: [{', '.join(cls.name for cls in platforms)}]\n"
    yield module, _between(module, "    # Made by tools/sync.py.", "    # End.", choices)
    defaults = load(ROOT / "roles/s3_rotate/defaults/main.yml")
    specs = argument_specs(HEADER, rotate_options(platforms), defaults)
    yield ROOT / "roles/s3_rotate/meta/argument_specs.yml", specs
    types = awx_types(platforms)
    role = ROOT / "roles/s3_awx"
    yield role / "vars/main/credential_types.yml", types_file(HEADER, types)
    kit, names = load(role / "vars/main/kit.yml"), load(role / "defaults/main.yml")
    yield role / "files/import.json", import_file(types, kit, names)


def find_platforms() -> list[type[Any]]:
    """Return the platform classes: one per file whose class is named after it, sorted by name."""
    base = importlib.import_module(f"{PACKAGE}.module_utils.platform").Platform
    found = []
    for path in sorted((ROOT / "plugins/module_utils/platforms").glob("*.py")):
        module = importlib.import_module(f"{PACKAGE}.module_utils.platforms.{path.stem}")
        for _name, value in inspect.getmembers(module, inspect.isclass):
            own = value.__module__ == module.__name__ and issubclass(value, base)
            if own and vars(value).get("name") == path.stem:
                found.append(value)
    return found


def registry(platforms: list[type[Any]]) -> str:
    """Return module_utils/registry.py."""
    branches = "".join(
        f'    if name == "{cls.name}":\n'
        f"        from .platforms.{cls.name} import {cls.__name__}\n\n"
        f"        return {cls.__name__}\n"
        for cls in platforms
    )
    scopes = _spec({cls.name: cls.SCOPE for cls in platforms}, len("SCOPES"))
    return (
        f'{HEADER}"""The platforms there are, made by tools/sync.py.\n\n'
        "A platform's scope options are known at once; its class is imported when it is asked for."
        '\n"""\n\nfrom __future__ import annotations\n\n'
        "from collections.abc import Mapping\nfrom typing import Any\n\n"
        "from .lazy import LazyClasses\nfrom .platform import Platform\n\n"
        "#: Platform -> its scope options, as an argument spec.\n"
        f"SCOPES: dict[str, dict[str, dict[str, Any]]] = {scopes}\n\n\n"
        f"def _class_of(name: str) -> type[Platform]:\n{branches}    raise KeyError(name)\n\n\n"
        "PLATFORMS: Mapping[str, type[Platform]] = LazyClasses(SCOPES, _class_of)\n"
    )


def fragment(platforms: list[type[Any]]) -> str:
    """Return the documentation of the platform option and of every scope option."""
    options_module = importlib.import_module(f"{PACKAGE}.module_utils.options")
    spec = options_module.connection_spec({cls.name: cls.SCOPE for cls in platforms}).options
    described: dict[str, dict[str, list[str]]] = {}
    for cls in platforms:
        for name, option in _documented(cls.name).items():
            described.setdefault(name, {})[cls.title] = option["description"]
    options: dict[str, Any] = {
        "platform": {
            "description": ["Which kind of object store the endpoint is."],
            "type": "str",
            "choices": spec["platform"]["choices"],
            "required": True,
        }
    }
    for name in sorted(described):
        lines = []
        for title, description in described[name].items():
            first, *rest = description
            lines += [f"{title}: {first}", *rest]
        options[name] = {"description": lines, "type": spec[name].get("type", "str")}
        if "choices" in spec[name]:
            options[name]["choices"] = spec[name]["choices"]
    text = yaml.safe_dump({"options": options}, sort_keys=False, width=84, allow_unicode=True)
    return (
        f'{HEADER}"""Which platform, and its scope. Made by tools/sync.py from the platforms\' own'
        ' fragments."""\n\nfrom __future__ import annotations\n\n\nclass ModuleDocFragment:\n'
        '    """The options of every platform together."""\n\n'
        f'    DOCUMENTATION = r"""\n{text}"""\n'
    )


def _documented(name: str) -> dict[str, Any]:
    path = ROOT / "plugins/doc_fragments" / f"{name}.py"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            options = yaml.safe_load(ast.literal_eval(node.value))["options"] or {}
            for option in options.values():
                if isinstance(option["description"], str):
                    option["description"] = [option["description"]]
            return dict(options)
    raise SystemExit(f"{path}: no DOCUMENTATION")


def action_group() -> str:
    """Return the action groups of meta/runtime.yml: the modules that know secret_store.

    Defaults of a group reach all its members. These take a connection's options too, or put them
    aside; any other would refuse them.
    """
    fragment = "- objectstore.credentials.secret_store\n"
    modules = sorted(
        path.stem
        for path in (ROOT / "plugins/modules").glob("*.py")
        if fragment in path.read_text()
    )
    rows = "\n".join(f"    - {name}" for name in modules)
    return f"action_groups:\n  all:\n{rows}\n"


def table(platforms: list[type[Any]]) -> str:
    """Return the README's platform table."""

    def yes(value: bool) -> str:
        return "yes" if value else "no"

    rows = [
        "| platform | what | old and new key side by side | disable | delete | own pair |"
        " tells age | tells last use | keys per user |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cls in platforms:
        facts = cls.FACTS
        rows.append(
            f"| [`{cls.name}`](docs/platforms/{cls.name}.md) | {cls.title}: {cls.COVERS} |"
            f" {yes(facts.overlap)} | {yes(facts.can_disable)} | {yes(facts.can_delete)} |"
            f" {yes(facts.can_choose_pair)} | {yes(facts.tells_created)} |"
            f" {yes(facts.tells_last_used != 'no')} | {facts.max_keys or 'no limit known'} |"
        )
    return "\n".join(rows) + "\n"


def guides(platforms: list[type[Any]]) -> str:
    """Return links from a page in docs to the platforms' guides, one a line."""
    return ",\n".join(f"[{cls.title}](platforms/{cls.name}.md)" for cls in platforms)


def failures() -> str:
    """Return docs/failures.md from the closed list of kinds."""
    kinds = importlib.import_module(f"{PACKAGE}.module_utils.errors").KINDS
    lines = [
        "# Failures",
        "",
        "Every failure carries `msg` and `failure`, whose `kind` is one of these words."
        " Made by `make sync` from `plugins/module_utils/errors.py`.",
        "[On call](on-call.md) says for each what is dead, where the new pair is, and which"
        " playbook mends it.",
        "",
        "| kind | means | what to do | stops the whole list |",
        "|---|---|---|---|",
    ]
    for name, kind in sorted(kinds.items()):
        stops = "yes" if kind.stops_endpoint else "no"
        lines.append(f"| `{name}` | {kind.meaning} | {kind.next_step} | {stops} |")
    return "\n".join(lines) + "\n"


def awx_types(platforms: list[type[Any]]) -> list[dict[str, Any]]:
    """Return the credential types for AWX, of every platform and every secret store."""
    utils = f"{PACKAGE}.module_utils"
    stores = importlib.import_module(f"{utils}.store_registry").STORES
    described = {name: _documented(name) for name in ("connection", *(p.name for p in platforms))}
    described["secret_store"] = _documented("secret_store")["secret_store"]["suboptions"]
    connection = importlib.import_module(f"{utils}.options").CONNECTION
    return credential_types(platforms, stores.values(), connection, described)


def rotate_options(platforms: list[type[Any]]) -> dict[str, Any]:
    """Return the argument spec of s3_access_key_rotate."""
    utils = f"{PACKAGE}.module_utils"
    options_module = importlib.import_module(f"{utils}.options")
    scopes = {cls.name: cls.SCOPE for cls in platforms}
    known = options_module.connection_spec(scopes) | options_module.COMMON
    return dict((known | importlib.import_module(f"{utils}.access_key_call").SPEC).options)


def handed_on(platforms: list[type[Any]], margin: str) -> str:
    """Return the lines of a role's task that make the scope options of its variables."""
    names = sorted({name for cls in platforms for name in cls.SCOPE})
    return "".join(f'{margin}{n}: "{{{{ s3_rotate_{n} | default(omit) }}}}"\n' for n in names)


def fleet_options(platforms: list[type[Any]]) -> str:
    """Return plugins/plugin_utils/fleet_options.py: what s3_access_key_rotate takes, as data.

    The inventory plugin cannot look it up where it runs: importing the module's own spec takes
    longer than reading a fleet of a thousand endpoints.
    """
    scopes = {cls.name: cls.SCOPE for cls in platforms}
    spec = rotate_options(platforms)
    inner = {name: option["options"] for name, option in spec.items() if option.get("options")}
    flat = {**spec, **{f"{o}.{n}": s for o, subs in inner.items() for n, s in subs.items()}}
    tables = {
        "OPTIONS": ("All of them.", sorted(spec)),
        "ALIASES": (
            "Other names of options.",
            {alias: n for n, option in spec.items() for alias in option.get("aliases", ())},
        ),
        "DICTIONARIES": (
            "Options that are dictionaries, and lists of them, with their suboptions.",
            {name: sorted(options) for name, options in inner.items()},
        ),
        "SECRETS": (
            "Options and suboptions that hold a secret.",
            sorted(name for name, option in flat.items() if option.get("no_log")),
        ),
        "CHOICES": (
            "The values that an option or suboption may have, where they are few.",
            {name: list(flat[name]["choices"]) for name in flat if "choices" in flat[name]},
        ),
        "SCOPES": (
            "Options that only some platforms have: platform -> its own.",
            {name: sorted(scope) for name, scope in scopes.items()},
        ),
        "NAMES_DIFFER": (
            "Platforms where the name in a task may be short for that of an account.",
            [cls.name for cls in platforms if "names_of" in vars(cls)],
        ),
    }
    tables["ROLE_VARIABLES"] = (
        "The variables of the role s3_rotate, without s3_rotate_.",
        sorted(role_variables(spec)),
    )
    body = "\n".join(
        f"#: {meaning}\n{name}: {_annotation(value)} = {_literal(value)}\n"
        for name, (meaning, value) in tables.items()
    )
    return (
        f'{HEADER}"""The options of s3_access_key_rotate as data, made by tools/sync.py."""\n\n'
        f"from __future__ import annotations\n\n{body}"
    )


def _annotation(value: Any) -> str:
    if isinstance(value, list):
        return "tuple[str, ...]"
    inner = next(iter(value.values()))
    return f"dict[str, {'str' if isinstance(inner, str) else 'tuple[str, ...]'}]"


def _literal(value: Any, indent: int = 0) -> str:
    """Return a value as the formatter leaves it: one entry a line, or a list that fits on one."""
    if isinstance(value, str):
        return f'"{value}"'
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        rows = "".join(f'{inner}"{n}": {_literal(v, indent + 4)},\n' for n, v in value.items())
        return f"{{\n{rows}{' ' * indent}}}"
    if len(value) < 3:
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    rows = "".join(f"{inner}{_literal(each)},\n" for each in value)
    return f"(\n{rows}{' ' * indent})"


def _spec(value: Any, used: int = 0, indent: int = 0) -> str:
    """Return an argument spec as the formatter leaves it: on one line where it fits.

    used: characters that stand on the line before it.
    """
    if isinstance(value, dict):
        (first, last), names, inner = "{}", [f'"{n}": ' for n in value], list(value.values())
    elif isinstance(value, list):
        (first, last), names, inner = "[]", [""] * len(value), value
    else:
        return f'"{value}"' if isinstance(value, str) else repr(value)
    line = first + ", ".join(n + _spec(v) for n, v in zip(names, inner)) + last
    if "\n" not in line and used + len(line) < 100:
        return line
    rows = "".join(
        f"{' ' * (indent + 4)}{n}{_spec(v, indent + 4 + len(n), indent + 4)},\n"
        for n, v in zip(names, inner)
    )
    return f"{first}\n{rows}{' ' * indent}{last}"


def _between(path: Path, start: str, end: str, content: str) -> str:
    """Return a file with what stands between two lines replaced."""
    text = path.read_text()
    pattern = re.compile(rf"({re.escape(start)}\n).*?({re.escape(end)})", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{path}: the lines {start!r} and {end!r} are missing")
    replace: Callable[[re.Match[str]], str] = lambda found: found[1] + content + found[2]  # noqa: E731
    return pattern.sub(replace, text, count=1)


def _differs(path: Path, content: str, *, write: bool) -> bool:
    if path.exists() and path.read_text() == content:
        return False
    if write:
        path.write_text(content)
    return True


if __name__ == "__main__":
    sys.exit(main())
