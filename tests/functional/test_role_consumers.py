# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ready-made consumers: files, services, webhooks; run by the role as an operator would."""

from __future__ import annotations

import configparser
import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import assert_no_secret
from .fleet_lab import Fleet

pytestmark = pytest.mark.fleet
ACCOUNTS = 2


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """One endpoint with keys side by side, one with keys in place."""
    made = Fleet(
        tmp_path, {"osis": ("ose", "osis"), "cluster": ("ontap", "9.14.1")}, accounts=ACCOUNTS
    )
    yield made
    made.stop()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        """Notes bodies."""

        def do_POST(self) -> None:
            """Note one."""
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", told
    server.shutdown()
    server.server_close()


def pairs_of(path: Path, key: str, secret: str) -> dict[str, tuple[str, str]]:
    """Return the pairs of an INI file by section."""
    parser = configparser.RawConfigParser()
    parser.read_string(path.read_text())
    return {name: (parser[name][key], parser[name][secret]) for name in parser.sections()}


def test_files_and_webhook_are_told(estate: Fleet, hook: tuple[str, list[dict[str, Any]]]) -> None:
    url, told = hook
    kept = estate.folder / "kept"
    kept.mkdir()
    files = [
        {"template": "rclone", "dest": f"{kept}/{{{{ inventory_hostname }}}}.rclone"},
        {"template": "aws", "dest": f"{kept}/{{{{ inventory_hostname }}}}.aws", "mode": "0640"},
        {"template": "s3cmd", "dest": f"{kept}/{{{{ inventory_hostname }}}}-{{account}}.s3cfg"},
    ]
    estate.variables["s3_rotate_consumers"] = [
        {"name": "backup", "uses": "files", "files": files, "s3_url": "https://s3.example.com"},
        {"name": "chat", "uses": "webhook", "url": url},
    ]

    run = estate.run("rotate", "-vvv", "--diff")

    assert run.code == 0, run.output
    assert_no_secret(run.output, estate.secrets())
    for name, one in estate.endpoints.items():
        for ending, key, secret in (
            ("rclone", "access_key_id", "secret_access_key"),
            ("aws", "aws_access_key_id", "aws_secret_access_key"),
        ):
            found = pairs_of(kept / f"{name}.{ending}", key, secret)
            assert set(found) == {"app-0001", "app-0002"}
            assert all(one.simulator.secret_of(k) == s for k, s in found.values())
        s3cfg = pairs_of(kept / f"{name}-app-0002.s3cfg", "access_key", "secret_key")["default"]
        assert one.simulator.secret_of(s3cfg[0]) == s3cfg[1]
        assert stat.S_IMODE((kept / f"{name}.rclone").stat().st_mode) == 0o600
        assert stat.S_IMODE((kept / f"{name}.aws").stat().st_mode) == 0o640
    # Side by side once for all, in place once for each account.
    assert sorted(len(each["accounts"]) for each in told) == [1, 1, 2]
    assert {each["endpoint"] for each in told} == {"osis", "cluster"}
    assert_no_secret(json.dumps(told), estate.secrets())


def test_a_consumer_that_cannot_be_reached_is_found_out_before_a_key_is_replaced_in_place(
    estate: Fleet,
) -> None:
    files = [{"template": "aws", "dest": str(estate.folder / "nowhere" / "credentials")}]
    estate.variables["s3_rotate_consumers"] = [{"name": "backup", "uses": "files", "files": files}]

    run = estate.run("rotate")

    assert run.code == 2
    assert estate.writes("cluster") == 0, "a key was replaced that nobody could be told of"
    assert estate.writes("osis") > 0


def test_an_account_whose_name_would_break_a_file_is_refused(estate: Fleet) -> None:
    estate.endpoints["osis"].simulator.add_account("a]\naws_access_key_id = mine\n[b")
    files = [{"template": "aws", "dest": str(estate.folder / "credentials")}]
    estate.variables["s3_rotate_consumers"] = [{"name": "backup", "uses": "files", "files": files}]

    run = estate.run("rotate", "--limit", "osis")

    assert run.code == 2
    assert not (estate.folder / "credentials").exists()
    assert "name" in run.output
