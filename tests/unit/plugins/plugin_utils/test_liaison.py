# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of the line between controller and module, over a real socket."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.liaison import LOST
from ansible_collections.objectstore.credentials.plugins.module_utils.liaison import (
    Liaison as ModuleEnd,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.liaison import (
    Liaison,
    sentence,
)

SECRETS = [("default", b"first\xff"), ("old", b"second")]
REPORT = {"what": "accounts", "done": 1240, "total": 10000, "failed": 2, "rate": 210.4, "left": 42}


class Shown:
    """Keeps what is shown; may fail like a broken display."""

    def __init__(self) -> None:
        self.reports: list[Mapping[str, Any]] = []
        self.came = threading.Event()
        self.failure: Optional[Exception] = None

    def __call__(self, progress: Mapping[str, Any]) -> None:
        self.reports.append(progress)
        self.came.set()
        if self.failure:
            raise self.failure


@pytest.fixture
def shown() -> Shown:
    """What the controller shows."""
    return Shown()


@pytest.fixture
def controller(shown: Shown, tmp_path: Path) -> Iterator[Liaison]:
    """A controller that serves a module."""
    with Liaison(shown, SECRETS, [str(tmp_path)]) as liaison:
        yield liaison


def opened(controller: Liaison) -> ModuleEnd:
    """Return the module's end."""
    line = ModuleEnd.open(controller.path)
    assert line is not None
    return line


def raw(controller: Liaison) -> socket.socket:
    """Return a line of one that is no module of ours, greeted."""
    assert controller.path
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(60)
    line.connect(controller.path)
    assert line.recv(100) == b'{"hello": 1}\n'
    return line


def soon(true: Callable[[], Any]) -> bool:
    """Wait a little until something is so."""
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(true())


def test_progress_arrives(controller: Liaison, shown: Shown) -> None:
    line = opened(controller)
    line.tell(REPORT)
    assert shown.came.wait(60)
    assert shown.reports == [REPORT]
    line.close()


def test_vault_secrets_come_with_labels_in_their_order(controller: Liaison) -> None:
    line = opened(controller)
    assert line.vault_secrets() == SECRETS
    assert line.vault_secrets() == SECRETS
    line.close()


def test_controller_that_holds_none_hands_over_none(shown: Shown) -> None:
    with Liaison(shown) as controller:
        line = opened(controller)
        assert line.vault_secrets() == []
        line.close()


def test_folder_is_for_its_owner_only_and_goes_away(shown: Shown, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Liaison(shown, folders=[None, str(tmp_path)]) as controller:
        folder = os.path.dirname(str(controller.path))
        assert os.path.dirname(folder) == str(tmp_path)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        (serves,) = set(threading.enumerate()) - before
    assert os.listdir(tmp_path) == []
    assert not serves.is_alive()


def test_folder_goes_away_after_a_failure_too(shown: Shown, tmp_path: Path) -> None:
    lines: list[ModuleEnd] = []

    def fail() -> None:
        with Liaison(shown, folders=[str(tmp_path)]) as controller:
            lines.append(opened(controller))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == []
    assert soon(lambda: lines[0].why_stop() == LOST)


def test_path_too_long_for_a_socket_is_avoided(shown: Shown, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with Liaison(shown, folders=[str(deep), str(tmp_path / "missing")]) as controller:
        assert controller.path
        assert len(controller.path) < 104
        assert os.listdir(deep) == []


def test_without_any_folder_there_is_no_line_and_no_failure(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkdtemp", _no_folder)
        with Liaison(shown) as controller:
            assert controller.path is None


def _no_folder(**_rest: Any) -> str:
    raise OSError("no space")


def test_stranger_is_not_let_in(
    controller: Liaison, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # The socket tells who connects; to a controller of another user that is a stranger.
        patch.setattr(os, "getuid", lambda: 4711)
        assert ModuleEnd.open(controller.path) is None
    line = opened(controller)
    line.close()


def test_system_that_does_not_tell_who_connects_gives_nothing(
    controller: Liaison, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(socket, "SO_PEERCRED")
        assert ModuleEnd.open(controller.path) is None


def test_module_learns_that_the_controller_is_gone(shown: Shown) -> None:
    with Liaison(shown, SECRETS) as controller:
        line = opened(controller)
        assert line.why_stop() is None
    assert soon(lambda: line.why_stop() == LOST)
    # Nothing fails for it.
    line.tell(REPORT)
    assert line.vault_secrets() == []
    line.close()


def test_broken_display_does_not_cut_the_line(controller: Liaison, shown: Shown) -> None:
    shown.failure = BrokenPipeError()
    line = opened(controller)
    line.tell(REPORT)
    assert shown.came.wait(60)
    assert line.vault_secrets() == SECRETS
    assert line.why_stop() is None
    line.close()


@pytest.mark.parametrize(
    "sent",
    [b"no json\n", b"[1]\n", b'{"ask": "passwd"}\n', b'{"progress": 3}\n', b"\xff\n\n", b"{}\n"],
)
def test_nonsense_is_not_answered_and_harms_nobody(
    controller: Liaison, shown: Shown, sent: bytes
) -> None:
    stranger = raw(controller)
    stranger.sendall(sent + b'{"ask": "vault_secrets"}\n')
    assert b"vault_secrets" in stranger.recv(1000)
    stranger.close()
    assert shown.reports == []


def test_line_without_an_end_is_closed(controller: Liaison) -> None:
    endless = raw(controller)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        endless.sendall(b"x" * 65536 * 100)
    endless.close()


def test_folder_is_gone_once_the_module_is_connected(shown: Shown, tmp_path: Path) -> None:
    with Liaison(shown, SECRETS, [str(tmp_path)]) as controller:
        line = opened(controller)
        assert soon(lambda: not os.listdir(tmp_path))
        assert line.vault_secrets() == SECRETS
        # Nobody else gets in any more.
        second = ModuleEnd.open(controller.path)
        assert second is not None
        assert second.why_stop() == LOST
        assert second.vault_secrets() == []
        line.tell(REPORT)
        assert shown.came.wait(60)
        line.close()


def test_message_in_pieces_is_put_together(controller: Liaison, shown: Shown) -> None:
    line = raw(controller)
    text = json.dumps({"progress": REPORT}).encode() + b"\n"
    line.sendall(text[:20])
    time.sleep(0.05)
    line.sendall(text[20:] + text)
    assert soon(lambda: len(shown.reports) == 2)
    line.close()


@pytest.mark.parametrize("path", [None, "", "/nowhere/s", "/tmp", "x" * 200])  # noqa: S108  # not written
def test_module_without_a_controller_has_no_line(path: Optional[str]) -> None:
    assert ModuleEnd.open(path) is None


def test_module_that_comes_too_late_is_not_to_start(shown: Shown, tmp_path: Path) -> None:
    with Liaison(shown, SECRETS, [str(tmp_path)]) as controller:
        path = str(controller.path)
    late = ModuleEnd.open(path)
    assert late is not None
    assert late.why_stop() == LOST
    assert late.vault_secrets() == []
    late.tell(REPORT)
    late.close()


def test_socket_left_by_a_killed_controller_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "s3-left"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "s"))
    late = ModuleEnd.open(str(folder / "s"))
    assert late is not None
    assert late.why_stop() == LOST


@pytest.mark.parametrize(
    ("said", "is_lost"),
    [(b"", True), (b"nonsense\n", False), (b"[]\n", False), (b'{"stranger": 1}\n', False)],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_module_does_not_trust_a_socket_that_does_not_greet(
    said: bytes, is_lost: bool, is_ours: bool, tmp_path: Path
) -> None:
    folder = tmp_path / ("s3-x" if is_ours else "pc")
    folder.mkdir()
    path = str(folder / "s")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)

    def answer() -> None:
        line = listener.accept()[0]
        line.sendall(said)
        line.close()

    thread = threading.Thread(target=answer)
    thread.start()
    line = ModuleEnd.open(path)
    # A line cut before a word is the end of the controller; any other is no controller's.
    assert (line is not None) is (is_lost and is_ours)
    assert line is None or line.why_stop() == LOST
    thread.join(60)
    listener.close()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "1,240 of 10,000 accounts, 210/s, 2 failed, about 42 s left"),
        ({"failed": 0}, "1,240 of 10,000 accounts, 210/s, about 42 s left"),
        ({"left": 0.2}, "1,240 of 10,000 accounts, 210/s, 2 failed, about 1 s left"),
        ({"left": 600.0}, "1,240 of 10,000 accounts, 210/s, 2 failed, about 10 min left"),
        ({"left": 9000}, "1,240 of 10,000 accounts, 210/s, 2 failed, about 2.5 h left"),
        (
            {"rate": 3.25, "what": "access keys"},
            "1,240 of 10,000 access keys, 3.2/s, 2 failed, about 42 s left",
        ),
        ({"rate": 0.05}, "1,240 of 10,000 accounts, 3.0/min, 2 failed, about 42 s left"),
        (
            {"rate": None, "left": None, "done": 0, "failed": 0, "seconds": 6.1},
            "0 of 10,000 accounts, 6 s so far",
        ),
        (
            {"what": "looking up accounts", "done": 0, "total": None, "failed": 0}
            | {"rate": None, "left": None, "seconds": 6.1},
            "looking up accounts, 6 s so far",
        ),
        (
            {"done": 10000, "left": None, "over": True, "seconds": 48.2},
            "10,000 of 10,000 accounts, 210/s, 2 failed, 48 s in all",
        ),
    ],
)
def test_report_becomes_a_sentence(changes: dict[str, Any], says: str) -> None:
    assert sentence({**REPORT, **changes}) == says


@pytest.mark.parametrize(
    "changes",
    [
        {"done": "1; rm -rf"},
        {"done": True},
        {"done": -1},
        {"what": "canary/secret"},
        {"what": "a\x1b[2J"},
        {"what": None},
        {"what": ""},
    ],
)
def test_what_is_no_report_is_not_shown(changes: dict[str, Any]) -> None:
    assert sentence({**REPORT, **changes}) is None


def test_texts_in_place_of_numbers_are_not_shown() -> None:
    shown = sentence({**REPORT, "rate": "canary", "left": "canary", "failed": "canary"})
    assert shown == "1,240 of 10,000 accounts, 0 s so far"
