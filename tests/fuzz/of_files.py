# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: files that are read back (journals, plans, rows, reports), and those of a fleet."""

from __future__ import annotations

import csv
import functools
import html.parser
import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.lookup import s3_report
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_call import (
    SPEC,
    write_report,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_chains import (
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_heads import (
    merge_heads,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_lines import (
    BEGINNING,
    make_line,
    read_line,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_plan import (
    Approval,
    Plan,
    call_of,
    document_of,
    hash_of,
    merge,
    text_of,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet import (
    FleetError,
    read_fleet,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_policies import (
    read_policies,
)
from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    NOW,
    StillClock,
    account_row,
)

from .registry import target
from .rules import Refused, ends, value_or_refusal
from .spoils import Spoil, spoils, spoilt
from .texts import bodies, texts, values

CHAIN = "ontap/cluster1/20261128T030000Z-run-1"
ENTRY: dict[str, Any] = {
    "id": "0123456789abcdef",
    "at": "2026-11-28T03:00:00Z",
    "run": "run-1",
    "who": {"user": "root", "host": "h", "pid": 1},
    "platform": "ontap",
    "endpoint": "cluster1",
    "account": "app-0001",
    "event": "promoted",
    "access_key": "AK1",
    "job": {"system": "awx", "id": "7", "host": "https://awx"},
}
ROW = account_row("app-0001", 40)
_LINE = json.dumps(ROW).encode()
HOST: dict[str, Any] = {
    "host": "cluster1",
    "platform": "ontap",
    "endpoint": "cluster1",
    "started_at": "2026-11-28T02:50:00Z",
    "ended_at": "2026-11-28T02:59:00Z",
    "run": "run-1",
    "totals": {"unchanged": 1},
    "facts": {"overlap": True, "can_disable": True},
    "consumers": [{"name": "backup", "accounts": 1}],
    "left_out": {"root": "reserved by the platform"},
    "journal_checks": [{"chain": CHAIN, "state": "intact", "lines": 2, "head": "0" * 64}],
    "policies": [{"match": "*", "exception": {"reason": "r", "until": "2027-01-01"}}],
    "warnings": ["w"],
}  # fmt: skip


@contextmanager
def folder() -> Iterator[Path]:
    """Make a directory for one input."""
    made = Path(tempfile.mkdtemp(prefix="s3-fuzz-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def chain_of(entries: list[Any]) -> bytes:
    """Return a chain whose lines are as they were written: whoever can write can hash as well."""
    lines, prev = b"", BEGINNING
    for number, entry in enumerate(entries, 1):
        line, prev = make_line(entry, CHAIN, number, prev)
        lines += line
    return lines


def _written(base: Path, content: bytes) -> None:
    file = base / f"{CHAIN}.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)


def spoilt_json(true: Any, some: list[Spoil]) -> Any:
    """Return what a spoilt document reads as; the true one where it reads as nothing."""
    try:
        return json.loads(spoilt(json.dumps(true).encode(), some))
    except (ValueError, RecursionError):
        return true


BYTES = ("cut", "zero", "flip", "body")
CHAINS = st.one_of(
    bodies(),
    st.builds(
        lambda some: spoilt(chain_of([ENTRY] * 4), [s for s in some if s.how in BYTES]), spoils()
    ),
)


@target(
    "journal lines",
    st.one_of(bodies(), CHAINS, texts().map(lambda t: t.encode("utf-8", "replace"))),
)
def lines(line: bytes) -> None:
    """A line that is as it was written, or none."""
    found = read_line(line)
    if found is not None:
        fields, digest = found
        assert isinstance(fields, dict)
        assert digest in line.decode()


HEADS: dict[str, Any] = {"format": 1, "chains": {CHAIN: {"lines": 4, "head": "0" * 64}}}


@target(
    "journal chains",
    st.tuples(
        CHAINS, st.one_of(st.none(), values(), spoils().map(lambda s: spoilt_json(HEADS, s)))
    ),
    short=40,
)
def chains(given: tuple[bytes, Any]) -> None:
    """Only a chain as it was written is intact."""
    content, heads = given
    with folder() as base:
        _written(base, content)
        kept = heads if isinstance(heads, dict) else None
        found = value_or_refusal(verify_journal, str(base), kept)
        if isinstance(found, Refused):
            return
        for report in found:
            json.dumps(report.as_dict())
            if report.state == "intact" and report.chain == CHAIN:
                assert content == chain_of([ENTRY] * 4)[: len(content)]
    if kept is not None:
        value_or_refusal(merge_heads, kept, {"chain": CHAIN, "lines": 3, "head": "0" * 64})


# --- plans -----------------------------------------------------------------------------------

CALL = call_of("ontap", "cluster1", None, "rotated")
PLAN = document_of(
    CALL,
    [
        AccountResult(
            "app-0001",
            "rotated",
            account_id="1",
            why="old",
            before={"current": "AK1", "keys": {"AK1": "active"}},
            after={"current": "new"},
        )
    ],
    NOW,
    "reason",
    "CHG1",
)


@target("plans", st.tuples(spoils(), st.booleans(), st.one_of(st.none(), texts())), short=80)
def plans(given: tuple[list[Spoil], bool, str | None]) -> None:
    """A plan whose hash is its own, or a refusal; an approval permits what it names alone."""
    some, is_sealed, expected = given
    content = spoilt(text_of(PLAN).encode(), some)
    if is_sealed:
        document = spoilt_json(PLAN, some)
        if isinstance(document, dict):
            content = text_of({**document, "sha256": hash_of(document)}).encode()
    with folder() as base:
        file = base / "plan.json"
        file.write_bytes(content)
        found = value_or_refusal(Plan.read, str(file), expected)
        if isinstance(found, Refused):
            return
        assert not expected or found.sha256 in expected.lower()
        value_or_refusal(merge, [found])
        value_or_refusal(merge, [found, found])
        approval = Approval(found, CALL)
        planned = AccountResult("app-0001", "rotated", account_id="1", before={"current": "AK2"})
        assert approval.why_not(planned, None)
        assert isinstance(approval.absent(["other"]), list)


# --- reports ---------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """The elements of a page that load or run something, and its data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.scripts = 0
        self.data = ""
        self._is_data = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what acts."""
        given = dict(attrs)
        self.scripts += tag == "script"
        self._is_data = tag == "script" and given.get("type") == "application/json"
        if tag in ("img", "iframe", "object", "embed", "base", "form", "frame", "audio", "video"):
            self.acting.append(tag)
        self.acting += [name for name in given if name.startswith("on")]
        address = (given.get("href") or "").strip().lower()
        if address.startswith(("javascript:", "http", "//")):
            self.acting.append(address)

    def handle_data(self, data: str) -> None:
        """Keep the data."""
        if self._is_data:
            self.data += data
            self._is_data = False


@functools.cache
def _scripts_of_a_true_page() -> int:
    with folder() as base:
        return Page(_report(base, [ROW], HOST, None)["html"]).scripts


def _report(base: Path, rows: list[Any], host: Any, journal: bytes | None) -> dict[str, str]:
    """Write the report of one host and return its files."""
    (base / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if journal is not None:
        _written(base / "journal", journal)
    given = {name: option.get("default") for name, option in SPEC.options.items()}
    entry = {**host, "report_path": str(base / "rows.jsonl")}
    params = {
        **given,
        "path": str(base / "report"),
        "formats": list(given["formats"] or ()),
        "endpoints": [entry],
        "missing_hosts": [],
        "journal": str(base / "journal") if journal is not None else None,
    }
    write_report(params, StillClock(NOW))
    return {file.suffix[1:]: _text(file) for file in (base / "report").iterdir()}


def _text(file: Path) -> str:
    with open(file, encoding="utf-8", newline="") as opened:
        return opened.read()


def check_report(files: dict[str, str]) -> None:
    """Hold a report's files against what their readers bear."""
    page = Page(files["html"])
    assert page.acting == []
    assert page.scripts == _scripts_of_a_true_page()
    json.loads(page.data, parse_constant=_refuse)
    json.loads(files["json"], parse_constant=_refuse)
    assert files["json"].isascii()
    for row in csv.reader(io.StringIO(files["csv"])):
        for cell in row:
            assert not cell.lstrip(" \xa0").startswith(("=", "+", "@", "\t", "\r")), cell
            assert cell[:1] != "-" or _is_number(cell), cell
            assert not set(cell) & set("\x00\x1b\x9b\u202e"), cell
    for line in files["prom"].splitlines():
        assert line.isprintable(), line


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@target("rows of report_path", st.lists(spoils(), min_size=1, max_size=3), short=30)
def rows(some: list[list[Spoil]]) -> None:
    """A report that acts on nobody, whatever rows say."""
    spoilt_rows = [spoilt_json(ROW, each) for each in some]
    with folder() as base, ends():
        check_report(_report(base, [ROW, *spoilt_rows], HOST, None))


@target("hosts of a report", spoils(), short=30)
def hosts(some: list[Spoil]) -> None:
    """A report that acts on nobody, whatever a host's result says."""
    host = spoilt_json(HOST, some)
    with folder() as base, ends():
        check_report(_report(base, [ROW], host if isinstance(host, dict) else HOST, None))


@target("journals in a report", st.lists(spoils(), min_size=1, max_size=3), short=30)
def evidence(some: list[list[Spoil]]) -> None:
    """A report that acts on nobody, whatever a journal's lines say that are hashed well."""
    entries = [spoilt_json(ENTRY, each) for each in some]
    chain = chain_of([ENTRY, *(entry for entry in entries if isinstance(entry, dict))])
    host = {**HOST, "journal": {"chain": CHAIN}}
    with folder() as base, ends():
        check_report(_report(base, [ROW], host, chain))


@functools.cache
def _true_report() -> str:
    with folder() as base:
        return _report(base, [ROW], HOST, chain_of([ENTRY] * 2))["json"]


@target("reports to merge", spoils(), short=30)
def merged(some: list[Spoil]) -> None:
    """A merged report that acts on nobody, or a refusal."""
    given = {name: option.get("default") for name, option in SPEC.options.items()}
    with folder() as base:
        (base / "earlier.json").write_bytes(spoilt(_true_report().encode(), some))
        params = {
            **given,
            "path": str(base / "report"),
            "formats": list(given["formats"] or ()),
            "endpoints": [],
            "missing_hosts": [],
            "merge": [str(base / "earlier.json")],
        }
        found = value_or_refusal(write_report, params, StillClock(NOW))
        if not isinstance(found, Refused):
            check_report({f.suffix[1:]: _text(f) for f in (base / "report").iterdir()})


@target(
    "rows for consumers", st.one_of(bodies(), spoils().map(lambda s: spoilt(_LINE, s))), short=60
)
def rows_for_consumers(content: bytes) -> None:
    """Rows, or an error of the lookup."""
    from ansible.errors import AnsibleLookupError

    with folder() as base:
        (base / "rows.jsonl").write_bytes(content)
        try:
            found = s3_report._rows(str(base / "rows.jsonl"))
        except AnsibleLookupError:
            return
        assert all(isinstance(row, dict) for row in found)
        assert all(
            hash((row.get("endpoint"), row.get("account"), row.get("account_id"))) for row in found
        )


# --- a fleet's file ------------------------------------------------------------------------------

FLEET: dict[str, Any] = {
    "defaults": {
        "platform": "ose",
        "max_age": "60d",
        "verify": {"timeout": "9s"},
        "secret_store": {"type": "vault_kv2", "url": "https://v"},
        "vars": {"x": 1},
        "accounts_file": "a.csv",
    },
    "endpoints": {
        "a": {"platform": "ontap", "svm": "s3", "shards": 3, "users": [{"name": "u"}]},
        "b": {"s3_url": "https://s3", "policies": [{"match": "*", "max_age": "30d"}]},
        "c": None,
    },
}


@target("a fleet's file", spoils(), short=80)
def fleets(some: list[Spoil]) -> None:
    """Hosts whose names are harmless, or a refusal in words."""
    config = spoilt_json(FLEET, some)
    if not isinstance(config, dict):
        return
    try:
        with ends():
            found = read_fleet(config, "x.s3_fleet.yml")
            names = [name for endpoint in found for name, _variables in endpoint.hosts()]
    except FleetError:
        return
    assert all(isinstance(name, str) and name.isascii() for name in names)
    assert not any(set(name) & set("{}/ \\\n\x00") for name in names)


POLICIES = json.dumps(
    [{"name": "a", "max_age": "30d"}, {"match": "b*", "owner": "o", "endpoint": "e*"}]
).encode()


@target(
    "a fleet's policies", st.one_of(bodies(), spoils().map(lambda s: spoilt(POLICIES, s))), short=80
)
def policies(content: bytes) -> None:
    """Policies, or a refusal in words."""
    with folder() as base:
        (base / "p.yml").write_bytes(content)
        try:
            with ends():
                found = read_policies(str(base / "p.yml"), "p.yml")
        except FleetError:
            return
        assert isinstance(found.of("a"), list)
