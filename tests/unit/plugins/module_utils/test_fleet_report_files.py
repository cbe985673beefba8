# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report: private, whole, comparable; CSV without formulas; metrics that last."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import re
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_files import (
    ENDINGS,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_prometheus import (  # noqa: E501
    last_success_in,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_text import cell
from ansible_collections.objectstore.credentials.plugins.module_utils.visible import visible
from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    HOSTILE,
    NOW,
    Fleet,
    account_row,
    broken,
    make_fleet,
    rotated,
    written,
)

#: A line of the text format: a name, labels in quotes with escapes, a number.
_LABEL = r'[a-z]+="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf"[a-z0-9_]+(\{{{_LABEL}(,{_LABEL})*\}})? \d+")


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- files ----------------------------------------------------------------------------------------


def test_every_format_is_written_for_the_owner_alone_but_the_metrics(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    result, _texts = written(fleet)
    folder = tmp_path / "out"
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {
        "report.html": 0o600,
        "report.json": 0o600,
        "report.csv": 0o600,
        "report.prom": 0o644,
    }
    assert set(result["paths"]) == set(ENDINGS)
    assert result["summary"]["accounts"] == 10


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    metrics = tmp_path / "node.prom"
    written(
        make_fleet(tmp_path),
        formats=["csv", "prometheus"],
        name="nightly",
        prometheus_path=str(metrics),
    )
    assert os.listdir(tmp_path / "out") == ["nightly.csv"]
    assert "s3_rotation_accounts" in metrics.read_text()


def test_second_report_of_the_same_runs_is_no_change_at_another_hour(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    # One that failed before it could tell anything.
    fleet.endpoints.append({"platform": "ose", "endpoint": "silent"})
    first, texts = written(fleet)
    second, later = written(fleet, NOW + dt.timedelta(hours=1))
    assert (first["changed"], second["changed"]) == (True, False)
    # The date itself is written all the same.
    assert texts["html"] != later["html"]
    fleet.add("ose", "east", [account_row("new")])
    third, _texts = written(fleet)
    assert third["changed"]


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "n\name", "x" * 200])
def test_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    fleet = make_fleet(tmp_path)
    if name == "":
        written(fleet, name=name)  # as if it were left out
        assert (tmp_path / "out" / "report.json").exists()
        return
    with pytest.raises(CredentialsError, match="name is part of a file name"):
        written(fleet, name=name)
    assert not (tmp_path / "out").exists()


def test_directory_above_is_not_made_and_a_link_is_not_followed(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    with pytest.raises(CredentialsError, match="cannot be made"):
        written(fleet, path=str(tmp_path / "no" / "such"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.csv").symlink_to(tmp_path / "victim")
    with pytest.raises(CredentialsError, match="symbolic link"):
        written(fleet)
    assert os.listdir(tmp_path / "out") == ["report.csv"]


def test_nothing_to_report_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="both empty"):
        written(Fleet(tmp_path))


def test_json_is_complete_ascii_and_can_be_merged(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path, accounts=40, hostile=True)
    _result, texts = written(fleet)
    assert texts["json"].isascii()
    document = json.loads(texts["json"])
    assert {line["account"] for line in document["accounts"]} >= set(HOSTILE)
    again, merged = written(
        Fleet(tmp_path), name="all", merge=[str(tmp_path / "out" / "report.json")]
    )
    assert json.loads(merged["json"])["accounts"] == document["accounts"]
    assert again["summary"]["accounts"] == 40


# --- CSV ------------------------------------------------------------------------------------------


def test_csv_has_a_row_per_key_and_one_for_an_account_without(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    bare = account_row("bare", access_keys=[])
    fleet.add("huawei", "eu", [rotated("two"), bare, broken("bad")])
    _result, texts = written(fleet)
    rows = rows_of(texts["csv"])
    assert [row["account"] for row in rows] == ["bad", "bare", "two", "two"]
    assert {row["held"] for row in rows if row["account"] == "two"} == {"current", "retiring"}
    assert rows[0]["failure_kind"] == "verification_failed"
    assert rows[0]["next_step"].startswith("Look at verify.s3_url")
    assert rows[0]["overdue_days"] == "40"
    assert rows[1]["managed"] == "true"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\xa0@"])
def test_cell_that_a_spreadsheet_would_compute_is_text(start: str) -> None:
    assert cell(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", ' "=', "\xa0@"])
def test_cell_stays_text_where_a_semicolon_parts_the_cells(start: str) -> None:
    behind = cell(f"app;{start}cmd|' /C calc'!A0").partition(";")[2]
    assert behind.lstrip(' "\xa0').startswith("'")


@pytest.mark.parametrize("value", ["app-1", "a=b", "1-2", "x@y", "", "a; b-c; see x=1"])
def test_cell_that_is_no_formula_stays_as_it_is(value: str) -> None:
    assert cell(value) == value


def test_numbers_stay_numbers() -> None:
    assert [cell(value) for value in (-3, 0, True, None, 1.5)] == ["-3", "0", "true", "", "1.5"]


def test_hostile_names_are_plain_cells_in_one_line_each(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu", [account_row(name) for name in HOSTILE])
    _result, texts = written(fleet)
    rows = rows_of(texts["csv"])
    assert len(rows) == len(HOSTILE)
    assert not [row for row in rows if row["account"][0] in "=+-@\t\r\n"]
    assert len(texts["csv"].splitlines()) == len(HOSTILE) + 1
    assert "\x1b" not in texts["csv"]
    assert "\u202e" not in texts["csv"]


# --- metrics --------------------------------------------------------------------------------------


def test_metrics_are_in_the_text_format_with_help_and_type(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path, accounts=40, hostile=True)
    fleet.add("huawei", 'quote"back\\slash\nline', [account_row("a")])
    _result, texts = written(fleet)
    lines = texts["prometheus"].splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert not [line for line in samples if not SAMPLE.fullmatch(line)]
    for name in {line.partition("{")[0].partition(" ")[0] for line in samples}:
        assert len([line for line in lines if line.startswith(f"# HELP {name} ")]) == 1
        assert f"# TYPE {name} gauge" in lines
    assert len(set(samples)) == len(samples)
    # Accounts are no labels.
    assert "app-" not in texts["prometheus"]


def test_metrics_tell_the_figures_of_each_endpoint(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu", [broken("bad"), account_row("app", age=10), account_row("b", age=2)])
    _result, texts = written(fleet)
    place = '{platform="huawei",endpoint="eu"}'
    for name, value in (
        *(("accounts", 3), ("accounts_compliant", 2), ("accounts_overdue", 1), ("failures", 1)),
        *(("oldest_key_age_seconds", 130 * 86400), ("endpoint_finished", 1)),
    ):
        assert f"s3_rotation_{name}{place} {value}" in texts["prometheus"]


def test_last_success_survives_a_failed_run_and_one_that_leaves_the_endpoint_out(
    tmp_path: Path,
) -> None:
    good, odd = Fleet(tmp_path), 'o"dd\\one\nline'
    good.add("huawei", "eu", [account_row("app")])
    good.add("ose", odd, [account_row("app")], shard="1/2")
    written(good)
    bad = Fleet(tmp_path)
    bad.add("huawei", "eu", [broken("app")], at=NOW + dt.timedelta(days=1))
    _result, texts = written(bad)
    kept = last_success_in(texts["prometheus"])
    then = "2026-11-28T03:00:00Z"
    assert kept == {("huawei", "eu", ""): then, ("ose", odd, "1/2"): then}
    (row,) = json.loads(texts["json"])["endpoints"]
    assert row["last_success"] == then
    assert row["last_run"] == "2026-11-29T03:00:00Z"


def test_last_success_survives_without_metrics_too(tmp_path: Path) -> None:
    good, bad = Fleet(tmp_path), Fleet(tmp_path)
    good.add("huawei", "eu", [account_row("app")])
    written(good, formats=["json"])
    bad.add("huawei", "eu", [broken("app")], at=NOW + dt.timedelta(days=1))
    _result, texts = written(bad, formats=["json"])
    assert json.loads(texts["json"])["endpoints"][0]["last_success"] == "2026-11-28T03:00:00Z"


@pytest.mark.parametrize("content", ["", "\x00\xff", '{"hosts": 7}', '{"hosts": [1]}', "[]"])
def test_file_of_somebody_else_in_its_place_is_replaced(tmp_path: Path, content: str) -> None:
    fleet = make_fleet(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text(content)
    result, _texts = written(fleet, formats=["json"])
    assert result["changed"]


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_text_made_visible_has_no_character_that_acts(name: str) -> None:
    text = visible(name)
    assert len(text) <= 300
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    text.encode()


def test_text_made_visible_keeps_letters_of_all_scripts() -> None:
    assert visible("J\u00fcrgen \u65e5\u672c \u05d0") == "J\u00fcrgen \u65e5\u672c \u05d0"
    assert visible("a\tb") == "a\\u0009b"
