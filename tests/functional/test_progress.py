# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long list is seen to live: on a terminal, in a playbook and ad hoc; and is quiet when asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import BIN, LONGEST, Ansible, World, assert_no_secret, make_world

MODULE = "objectstore.credentials.s3_credential_info"
WAYS = ("playbook", "adhoc", "one line", "quiet", "async")
ACCOUNTS = 26
#: 26 requests, two at a time, take twice as long as the first report does to come.
LATENCY = 0.8
LINE = re.compile(
    r"s3_credential_info \[localhost\]: \d+ of 26 accounts, \d[\d.]*/s, about \d+ s left"
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A slow adapter with a list that takes seconds."""
    made = make_world("ose", accounts=ACCOUNTS)
    made.server.latency = LATENCY
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def shown(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each way of running the same list printed on a terminal; all run side by side."""
    arguments = {"all": True, "parallelism": 2, **world.options}
    folders = {way: tmp_path_factory.mktemp(way.replace(" ", "-")) for way in WAYS}
    commands = {
        "playbook": [*_playbook(folders["playbook"], arguments, {}), "-vv"],
        "adhoc": _adhoc(arguments),
        "one line": [*_adhoc(arguments), "-o"],
        "quiet": _adhoc({**arguments, "progress": False}),
        "async": _playbook(folders["async"], arguments, {"async": 90}),
    }
    running = {way: _on_terminal(commands[way], folders[way]) for way in WAYS}
    return {way: _read(process, terminal) for way, (process, terminal) in running.items()}


def _adhoc(arguments: dict[str, Any]) -> list[str]:
    return ["ansible", "localhost", "-m", MODULE, "-a", json.dumps(arguments)]


def _playbook(folder: Path, arguments: dict[str, Any], task: dict[str, Any]) -> list[str]:
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    book = [{**play, "tasks": [{MODULE: arguments, **task}]}]
    (folder / "book.yml").write_text(json.dumps(book))
    return ["ansible-playbook", "-i", "localhost,", "book.yml"]


def _on_terminal(command: list[str], folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command whose output is a terminal."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**Ansible(folder).environment, "TERM": "xterm"},
    )
    os.close(theirs)
    return process, ours


def _read(process: subprocess.Popen[bytes], terminal: int) -> str:
    chunks = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how a terminal says that nobody writes any more
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(terminal)
    text = b"".join(chunks).decode(errors="replace").replace("\r\n", "\n")
    assert process.wait(LONGEST) == 0, text[-3000:]
    return text


@pytest.mark.parametrize("way", ["playbook", "adhoc"])
def test_progress_shows_on_the_terminal(shown: dict[str, str], way: str) -> None:
    assert LINE.search(shown[way]), shown[way]
    over = re.findall(r"26 of 26 accounts, .* in all", shown[way])
    assert len(over) == 1
    assert shown[way].index(over[0]) < shown[way].index("localhost |" if way == "adhoc" else "ok:")


@pytest.mark.parametrize("way", ["one line", "quiet", "async"])
def test_progress_is_silent_where_nobody_wants_or_can_see_it(
    shown: dict[str, str], way: str
) -> None:
    assert " of 26 accounts" not in shown[way]
    assert "localhost" in shown[way]


def test_progress_holds_no_secret(shown: dict[str, str], world: World) -> None:
    assert_no_secret(shown["playbook"], world.simulator.secrets())


def test_standard_output_stays_a_result_alone(
    ansible: Ansible, world: World, tmp_path: Path
) -> None:
    command = _adhoc({"all": True, "parallelism": 2, **world.options})
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=True,
        cwd=tmp_path,
        env=ansible.environment,
    )
    assert LINE.search(done.stderr)
    assert done.stdout.startswith("localhost | SUCCESS => {")
