# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of report_path: whole or as before, for its owner only, without a secret."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.report import Report


def prepared(path: Path) -> Report:
    """Return a report that can be written."""
    report = Report.prepare(str(path))
    assert report is not None
    return report


def test_every_row_is_a_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    rows: list[dict[str, Any]] = [{"account": "a\nb", "details": {"n": 1}}, {"account": "Jürgen"}]
    prepared(path).write(iter(rows))
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["report.jsonl"]


def test_no_secret_is_written_however_deep(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    row = {"account": "a", "secret_key": "canary", "more": [{"secret_key": "canary", "id": 1}]}
    prepared(path).write([row])
    assert json.loads(path.read_text()) == {"account": "a", "more": [{"id": 1}]}
    assert row["secret_key"] == "canary"


def test_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_text("old\n")
    path.chmod(0o644)
    prepared(path).write([{"account": "new"}])
    assert "new" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_text("old\n")
    with pytest.raises(TypeError):
        prepared(path).write([{"account": object()}])
    assert path.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["report.jsonl"]


def test_preparing_leaves_nothing_behind(tmp_path: Path) -> None:
    prepared(tmp_path / "report.jsonl")
    assert os.listdir(tmp_path) == []
    assert Report.prepare(None) is None
    assert Report.prepare("") is None


def _refusal(path: Path) -> str:
    with pytest.raises(CredentialsError) as caught:
        Report.prepare(str(path))
    assert caught.value.kind == "invalid_option"
    assert "report_path" in caught.value.message
    assert "Nothing was touched" in caught.value.message
    return caught.value.message


def test_directory_that_is_not_there_is_refused_beforehand(tmp_path: Path) -> None:
    assert f"{tmp_path}/missing does not exist" in _refusal(tmp_path / "missing" / "report.jsonl")


def test_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in _refusal(tmp_path)


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in _refusal(tmp_path / "link")


def test_pipe_or_device_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "it is no file" in _refusal(tmp_path / "pipe")
    assert "it is no file" in _refusal(Path(os.devnull))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_directory_that_cannot_be_written_is_refused() -> None:
    # Not even root makes a file here.
    assert "cannot be written" in _refusal(Path("/proc/report.jsonl"))


def test_long_name_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250)
    prepared(path).write([{"account": "a"}])
    assert path.exists()
