# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: records as the secret stores may give them back, and what lies around them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import Any, get_type_hints

from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils import record as records
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    from_document,
    to_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_summary import (
    summary_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    vault_kv2_wire,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.record_yaml import (
    read_yaml,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_format import (
    decrypt,
    encrypt,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2 import (
    VaultKv2,
)
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.generated import (  # noqa: E501
    records as any_records,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501
    PLACE,
    LabClock,
    pending_of,
    record_of,
)

from .registry import target
from .rules import Refused, value_or_refusal
from .spoils import Spoil, spoils, spoilt
from .texts import bodies, texts
from .wire import URL, Wire

SECRET = "Made0Up0Secret0Key0/+=01"
PENDING_SECRET = "Pending0Secret0Key0/+=02"
PASSWORD = "made-up-password"
#: Ways to spoil a text that is no JSON.
_BYTES = ("cut", "zero", "flip", "body")
SECRETS = [SECRET, PENDING_SECRET, PASSWORD]
NOW = dt.datetime(2026, 11, 28, 3, 0, tzinfo=dt.timezone.utc)


def plain(value: Any) -> Any:
    """Return a document with its secrets opened, as stores other than files keep it."""
    if isinstance(value, Secret):
        return value.open()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


FULL = dataclasses.replace(record_of(PLACE, SECRET), pending=pending_of(PENDING_SECRET))
DOCUMENT = json.dumps(plain(to_document(FULL))).encode()


def check_record(record: Any) -> None:
    """Hold a record against the types that it declares, its parts too."""
    assert isinstance(record, Record)
    _check_part(record)
    for secret in record.secrets():
        assert isinstance(secret.open(), str)
    summary_of(record, NOW)
    record.known_access_keys()
    json.dumps(plain(to_document(record)))


def _check_part(part: Any) -> None:
    hints = get_type_hints(type(part), vars(records))
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        said = str(hints[field.name])
        where = (type(part).__name__, field.name, value)
        if dataclasses.is_dataclass(value):
            _check_part(value)
        elif isinstance(value, tuple):
            assert "tuple" in said.lower(), where
            for each in value:
                if dataclasses.is_dataclass(each):
                    _check_part(each)
                elif "Mapping" not in said:
                    assert isinstance(each, str), where
        elif value is None:
            assert "None" in said or "Optional" in said, where
        elif isinstance(value, dt.datetime):
            assert "datetime" in said, where
            assert value.tzinfo is not None, where
        elif isinstance(value, dict):
            assert "Mapping" in said, where
        elif not isinstance(value, Secret):
            kind = value.__class__.__name__
            assert kind in ("str", "int", "float"), where
            assert kind in said or (kind == "int" and "float" in said), where


@target("record documents", spoils(), short=150)
def documents(some: list[Spoil]) -> None:
    """A record of the declared types, or a refusal that says no secret."""
    try:
        document = json.loads(spoilt(DOCUMENT, some))
    except (ValueError, RecursionError):
        return
    found = value_or_refusal(from_document, document, secrets=SECRETS)
    if not isinstance(found, Refused):
        check_record(found)


@target("record documents, said again", any_records("echo", "lab", "app-0001"), short=60)
def again(record: Record) -> None:
    """A record is read back as it was."""
    document = json.loads(json.dumps(plain(to_document(record))))
    found = from_document(document)
    assert found == record
    assert plain(to_document(found)) == document


def opening(sealed: str) -> Secret:
    """Return a secret that nobody opens."""
    return Secret(sealed=sealed, opener=lambda _sealed: SECRET)


#: Removed at the end of the process.
_FOLDER = tempfile.TemporaryDirectory(prefix="s3-fuzz-")
_STORE = Path(_FOLDER.name)


def _context(clock: Any = None) -> StoreContext:
    return StoreContext(clock=clock or LabClock(), redactor=Redactor(), run="run-1", environ={})


def _true_file() -> str:
    options = {"path": str(_STORE / "true"), "vault_password": PASSWORD}
    store = AnsibleVault(options, _context())
    store.open()
    store.write(PLACE, FULL, None)
    (file,) = (_STORE / "true").rglob("*.yml")
    return file.read_text()


FILE = _true_file()
LINES = st.one_of(
    st.sampled_from(
        ("- a", "  b: !unsafe [1]", "x: &a [*a]", "y: !!python/object/apply:os.system [id]", "---")
    ),
    st.sampled_from(
        ("current: null", "  secret_key: plain", "<<: {a: b}", "? [1]\n: 2", "format: 2")
    ),
    st.sampled_from(
        ("pending: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00", "\t", "a: 2026-01-01")
    ),
    texts(),
)
YAML = st.one_of(
    bodies(),
    st.builds(
        lambda line, at: "\n".join(
            [*FILE.split("\n")[: int(at * 40)], line, *FILE.split("\n")[int(at * 40) :]]
        ).encode("utf-8", "surrogatepass"),
        LINES,
        st.floats(0, 1),
    ),
    st.builds(
        lambda line, at: "\n".join(
            [*FILE.split("\n")[: int(at * 40)], line, *FILE.split("\n")[int(at * 40) + 1 :]]
        ).encode("utf-8", "surrogatepass"),
        LINES,
        st.floats(0, 1),
    ),
    st.builds(lambda some: spoilt(FILE.encode(), [s for s in some if s.how in _BYTES]), spoils()),
)


@target("record YAML", YAML, short=100)
def yaml_texts(content: bytes) -> None:
    """A document, or a ValueError whose reason quotes nothing of the text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    why = ""
    try:
        value_or_refusal(read_yaml, text, opening)
    except UnicodeError:
        raise
    except ValueError as exc:
        why = str(exc)
    assert len(why) < 300
    assert SECRET not in why


@target("record files", YAML, short=60)
def files(content: bytes) -> None:
    """A record, or a refusal; never no record."""
    base = _STORE / "spoilt"
    store = AnsibleVault({"path": str(base), "vault_password": PASSWORD}, _context())
    file = base / "echo" / "lab" / "app-0001.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    for folder in (base, base / "echo", file.parent):
        folder.chmod(0o700)
    file.write_bytes(content)
    file.chmod(0o600)
    value_or_refusal(store.open, secrets=SECRETS)
    found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
    assert found is not None
    if not isinstance(found, Refused):
        check_record(_opened(found.record))
    value_or_refusal(lambda: list(store.places("echo", "lab")))


def _opened(record: Record) -> Record:
    for secret in record.secrets():
        came = value_or_refusal(secret.open, secrets=SECRETS)
        if isinstance(came, Refused):
            secret._plain = "stands for what cannot be opened"
    return record


@target(
    "ansible-vault texts",
    st.one_of(
        texts(),
        st.builds(
            lambda some: spoilt(
                encrypt(SECRET, PASSWORD.encode()).encode(), [s for s in some if s.how in _BYTES]
            ).decode("utf-8", "replace"),
            spoils(1),
        ),
    ),
    short=20,
)
def vault_texts(text: str) -> None:
    """The secret, nothing, or a refusal."""
    found = value_or_refusal(decrypt, text, PASSWORD.encode(), secrets=SECRETS)
    assert isinstance(found, (str, Refused, type(None)))


KV_PLANS = st.builds(
    lambda true, some: [[] for _true in range(true)] + some,
    st.integers(0, 2),
    st.lists(spoils(2), min_size=1, max_size=2),
)


@target("KV v2 answers", KV_PLANS, short=40)
def kv_answers(plan: list[list[Spoil]]) -> None:
    """A record, or a refusal; never no record, and never another version than was read."""
    wires: Any = vault_kv2_wire

    double = VaultKv2Double()
    made: list[Wire] = []

    def transport(settings: Any) -> Wire:
        made.append(Wire(settings, double))
        return made[-1]

    real, wires.Transport = wires.Transport, transport
    try:
        options = {
            **{name: spec.get("default") for name, spec in VaultKv2.OPTIONS.items()},
            "url": URL,
            "token": double.issue_token(),
        }
        store = VaultKv2(options, _context())
        store.open()
        stored = store.write(PLACE, FULL, None)
        for wire in made:
            wire.plan = [list(some) for some in plan]
        found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        assert found is not None
        if not isinstance(found, Refused):
            check_record(found.record)
        for wire in made:
            wire.plan = [list(some) for some in plan]
        value_or_refusal(store.write, PLACE, FULL, stored.version, secrets=SECRETS)
        for wire in made:
            wire.plan = [list(some) for some in plan]
        value_or_refusal(lambda: list(store.places("echo", "lab")), secrets=SECRETS)
        value_or_refusal(store.read_note, "journal", secrets=SECRETS)
    finally:
        wires.Transport = real


@target("places in stores", st.tuples(texts(), texts(), texts()), short=150)
def places(names: tuple[str, str, str]) -> None:
    """Every name is one place, in each store, and is read back from it."""
    from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
        aws_secretsmanager_names,
        file_names,
        vault_kv2_paths,
    )

    place = Place(*names)
    file_name = file_names.escape(place.account)
    assert len(file_name) <= file_names.LONGEST
    assert file_name.isascii()
    assert not set(file_name) & set("/\\\x00")
    assert file_name not in ("", ".", "..")
    assert file_name == file_name.lower()
    if not file_names.is_hashed(file_name):
        assert file_names.unescape(file_name) == place.account
    paths = vault_kv2_paths.Paths(VaultKv2.OPTIONS["path"]["default"])
    where = value_or_refusal(paths.record, place)
    if not isinstance(where, Refused):
        assert [vault_kv2_paths.unescape(part) for part in where.split("/")[1:]] == list(names)
        assert ".." not in where
    aws = aws_secretsmanager_names.Names("objectstore/{platform}/{endpoint}/{account}")
    name = value_or_refusal(aws.of, place)
    if not isinstance(name, Refused):
        assert aws.place_of(name) == place
