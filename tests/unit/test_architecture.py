# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers hold: what imports what, whose name is known where, and how long a file is."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import KINDS
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
UTILS = PLUGINS / "module_utils"
PLATFORM_FILES = sorted((UTILS / "platforms").glob("*.py"))
LAYERS = sorted(UTILS.glob("*.py")) + sorted((UTILS / "stores").glob("*.py"))
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
SIMULATORS = sorted((ROOT / "tests" / "simulators").glob("*.py"))
PYTHON = [
    path
    for top in ("plugins", "tests", "tools")
    for path in sorted((ROOT / top).rglob("*.py"))
    if "__pycache__" not in path.parts
]
#: Of module_utils, the lowest layer first: a file imports only from its own layer or lower ones.
ORDER = (
    ("ancestors", "copies", "errors", "lazy", "threads", "visible"),
    ("clock", "listing", "model", "options", "redaction", "urls"),
    ("auth", "invocation", "pacing", "settings", "shard", "signing"),
    ("ephemeral", "store_environment", "transport", "transport_bounds", "transport_errors"),
    ("http", "liaison", "record", "record_document", "record_moves", "record_types", "report"),
    ("journal", "platform", "progress", "record_summary", "results", "stores", "verify"),
    ("audit", "bulk", "escrow", "mirrored_verify", "mirrored_view", "platforms", "store_registry"),
    ("mirrored", "mirrored_open", "registry", "rotation_parts", "selection"),
    ("rotation",),
    ("rehearsal", "rotation_own", "rotation_plan", "rotation_results"),
    ("access_key_search", "access_key_turn", "custody"),
    ("access_key_turns",),
    ("access_key_rotate", "credential_info", "credential_status", "operations", "secret_store"),
    ("access_key_call", "fleet"),
    ("front",),
    ("front_bare",),
)
_STORE_NAME = re.compile("|".join([*STORES, *(store.__name__ for store in STORES.values())]))
#: Functions of more than fifty lines that are tables: one answer, one error or one field each.
FLAT = {
    "aws_secretsmanager_errors.of_client_error",
    "fleet_report_lines.line_of",
    "sync_awx_import.import_file",
    "transport_errors._explain_tls",
    "transport_errors.explain",
    "vault_kv2_wire.refusal",
}
HEADER = (
    "# Copyright (c) 2026, objectstore.credentials contributors\n"
    "# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
#: The one layer of module_utils that may know Ansible, and the files that may know requests.
FRONT, HTTP = "front", ("transport", "transport_bounds", "transport_errors")


def relative(path: Path) -> str:
    """Return a path as a test's name."""
    return str(path.relative_to(ROOT))


def name_of(path: Path) -> str:
    """Return the name of a file's layer; the operations of a platform's own modules have theirs."""
    if path.parent.name == "stores":
        return "stores"
    if path.parent.name != "platforms":
        return layer_of(path.stem)
    by_modules = {name for module in MODULES for name in imports_of(module)}
    is_used = any(f".platforms.{path.stem}." in f"{name}." for name in by_modules)
    return "operations" if "_" in path.stem and is_used else "platforms"


def layer_of(name: str) -> str:
    """Return the layer of a file right in module_utils: verify.py and verify_signing.py are one."""
    noun = name.partition("_")[0]
    if name.startswith("secret_store_"):
        return "secret_store"
    if noun == "rotation":
        return name if any(name in names for names in ORDER) else "rotation_parts"
    return noun if noun in ("fleet", "front", "journal", "liaison", "progress", "verify") else name


def level_of(name: str) -> int:
    """Return the layer of a file of module_utils, by its name."""
    for level, names in enumerate(ORDER):
        if layer_of(name) in names:
            return level
    raise AssertionError(f"{name}.py stands in no layer: put it into ORDER, or somewhere else")


@functools.cache
def imports_of(path: Path) -> set[str]:
    """Return the full names of what a file imports, wherever in it."""
    package = relative(path.parent).replace("/", ".")
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, node.module or ""]).strip(".") if node.level else node.module
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return {name.replace("ansible_collections.objectstore.credentials.", "") for name in found}


def utils_imported_by(path: Path) -> set[str]:
    """Return the names of the files of module_utils that a file imports; platforms are one."""
    prefix = "plugins.module_utils."
    return {
        name[len(prefix) :].split(".")[0] for name in imports_of(path) if name.startswith(prefix)
    }


@pytest.mark.parametrize("path", [*LAYERS, *PLATFORM_FILES], ids=relative)
def test_arrows_only_point_down(path: Path) -> None:
    name = name_of(path)
    above = {other for other in utils_imported_by(path) if level_of(other) > level_of(name)}
    assert not above


@pytest.mark.parametrize("path", PLATFORM_FILES, ids=relative)
def test_platform_knows_no_front_end_and_no_other_platform(path: Path) -> None:
    assert not utils_imported_by(path) & {"front", "registry", "credential_status", "transport"}
    own = path.stem.partition("_")[0]
    others = {
        name.split(".")[3].partition("_")[0]
        for name in imports_of(path)
        if name.startswith("plugins.module_utils.platforms.")
    }
    assert others <= {own}


@pytest.mark.parametrize("path", [*LAYERS, *PLATFORM_FILES], ids=relative)
def test_only_the_front_imports_ansible_and_only_the_transport_requests(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports_of(path)}
    assert "ansible" not in tops or layer_of(path.stem) == FRONT
    if path.stem not in HTTP:
        # The line to the controller is a socket, but of this machine.
        own = {"socket"} if path.stem == "liaison" else set()
        assert not tops & {"requests", "urllib3", "http", "socket"} - own


@pytest.mark.parametrize("path", [*LAYERS, *PLATFORM_FILES, *SIMULATORS], ids=relative)
def test_code_and_simulators_do_not_know_each_other(path: Path) -> None:
    other = "plugins." if path in SIMULATORS else "tests."
    assert not [name for name in imports_of(path) if name.startswith(other)]


@pytest.mark.parametrize("path", [path for path in LAYERS if path.stem != "registry"], ids=relative)
def test_no_platform_is_named_outside_its_files(path: Path) -> None:
    named = []
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in (tokenize.NAME, tokenize.STRING):
            # A vendor may have a platform and a secret store; the store's name is none of ours.
            text = _STORE_NAME.sub("", token.string)
            words = re.split(r"[^a-z0-9]+|(?<=[a-z])(?=[A-Z])", text, flags=re.ASCII)
            known = {word.lower() for word in words} & set(PLATFORMS)
            known -= set(path.stem.split("_")) if path.parent.name == "stores" else set()
            # A docstring may give an example; code may not branch on a name.
            if known and not token.string.startswith(('"""', 'r"""')):
                named.append((token.start[0], token.string))
    assert not named


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_is_thin(path: Path) -> None:
    tree = ast.parse(path.read_text())
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, ast.Constant):
            # DOCUMENTATION, EXAMPLES, RETURN and docstrings.
            docs |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code = [
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if number not in docs and line.strip() and not line.lstrip().startswith("#")
    ]
    assert len(code) <= 60


def test_files_are_short() -> None:
    tops = ("plugins", "tests/simulators")
    checked = [path for path in PYTHON if relative(path).startswith(tops)]
    long = [relative(path) for path in checked if len(path.read_text().splitlines()) > 400]
    assert checked
    assert not long


def test_functions_are_short() -> None:
    long = set()
    checked = [path for path in PYTHON if relative(path).startswith(("plugins", "tools"))]
    for path in checked:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > 50:
                    long.add(f"{path.stem}.{node.name}")
    assert checked
    assert long <= FLAT, "split it; a table belongs into FLAT"
    there = {name for name in FLAT if name.split(".")[0] in {path.stem for path in checked}}
    assert long == there, "short now: take it out of FLAT"


def test_files_have_their_header() -> None:
    without = []
    for path in PYTHON:
        lines = path.read_text().splitlines(keepends=True)
        while lines and lines[0].startswith(("#!", "# -*- coding")):
            lines.pop(0)
        text = "".join(lines)
        # An empty __init__.py holds nothing to license.
        is_right = text.startswith(HEADER) and "from __future__ import annotations" in text
        if text and not is_right and "import" in text:
            without.append(relative(path))
    assert not without


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kind_of_failure_is_documented_and_used(kind: str) -> None:
    pages = (ROOT / "docs" / "failures.md").read_text()
    assert f"`{kind}`" in pages
    code = "".join(path.read_text() for path in [*LAYERS, *PLATFORM_FILES] if path.stem != "errors")
    by_itself = "CredentialsError.internal" in code and kind == "internal"
    assert f'"{kind}"' in code or by_itself


def test_documented_kinds_are_those_of_the_code() -> None:
    pages = (ROOT / "docs" / "failures.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", pages, re.MULTILINE)) == set(KINDS)


def test_kinds_used_exist() -> None:
    used: set[str] = set()
    for path in [*LAYERS, *PLATFORM_FILES]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if name in ("CredentialsError", "fail") and isinstance(first, ast.Constant):
                    used.add(str(first.value))
    assert used
    assert used <= set(KINDS)


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_platform_has_all_that_belongs_to_it(name: str) -> None:
    for path in (
        f"plugins/module_utils/platforms/{name}.py",
        f"plugins/doc_fragments/{name}.py",
        f"tests/simulators/{name}.py",
        f"docs/platforms/{name}.md",
    ):
        assert (ROOT / path).is_file(), path
    guide = (ROOT / "docs" / "platforms" / f"{name}.md").read_text()
    first = re.search(r"^## (.*)$", guide, re.MULTILINE)
    assert first
    assert first[1] == "Least-privilege role"
    facts = PLATFORMS[name].FACTS
    assert facts.can_disable or facts.cannot_disable_because
    # What a platform can do stands where a reader looks first.
    text = (UTILS / "platforms" / f"{name}.py").read_text()
    start = "\n".join(text.splitlines()[:60])
    assert "FACTS" in start
    assert "class " in start


def test_every_platform_file_belongs_to_a_platform() -> None:
    files = [path.stem for path in PLATFORM_FILES if path.stem != "__init__"]
    strays = [
        stem for stem in files if not any(f"{stem}_".startswith(f"{name}_") for name in PLATFORMS)
    ]
    assert not strays
