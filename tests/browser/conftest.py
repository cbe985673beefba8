# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, started for each look at a page and gone after it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--hide-scrollbars", "--force-device-scale-factor=1"),
    # What the page says to its console goes to stderr.
    *("--enable-logging=stderr", "--v=0"),
)
#: Ends a browser that hangs.
_MOST_SECONDS = 600


@dataclass
class Look:
    """What a look at a page has shown."""

    dom: str
    #: What the page said to its console: errors of its script, and what its policy refused.
    console: list[str]
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = Page(self.dom)


class Page(HTMLParser):
    """The rows of the table of accounts, and what stands around it."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.title = ""
        self.text = ""
        #: Of each account its cells, of each row of evidence its text.
        self.accounts: list[list[str]] = []
        self.details: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self._path: list[tuple[str, str]] = []
        self.feed(dom)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where an element begins."""
        found = dict(attrs)
        name = found.get("id") or found.get("class") or ""
        if found.get("id"):
            self.attributes[str(found["id"])] = found
        if tag == "html":
            self.attributes["html"] = found
        if tag in ("br", "meta", "link", "input"):
            return
        if self._in_rows() and tag == "tr" and not self._in_detail():
            if name == "detail":
                self.details.append("")
            else:
                self.accounts.append([])
        if self._in_rows() and tag in ("th", "td") and not self._in_detail() and self.accounts:
            self.accounts[-1].append("")
        self._path.append((tag, name))

    def handle_endtag(self, tag: str) -> None:
        """Note where an element ends."""
        while self._path:
            known, _name = self._path.pop()
            if known == tag:
                break

    def handle_data(self, data: str) -> None:
        """Note a text where it belongs."""
        tag = self._path[-1][0] if self._path else ""
        if tag == "title" and not any(known == "svg" for known, _name in self._path):
            self.title += data
        elif tag not in ("script", "style"):
            self.text += data
        if self._in_detail():
            self.details[-1] += data + " "
        elif self._in_rows() and self.accounts and self.accounts[-1]:
            self.accounts[-1][-1] += data

    def _in_rows(self) -> bool:
        return ("tbody", "rows") in self._path

    def _in_detail(self) -> bool:
        return ("tr", "detail") in self._path


class Browser:
    """Looks at pages on this machine."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._looks = 0

    def look(self, path: Path, fragment: str = "", *flags: str) -> Look:
        """Open a page and return what its script has made of it."""
        done = self._run(path, fragment, "--dump-dom", *flags)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return Look(done.stdout, console)

    def corner(self, path: Path, *flags: str) -> tuple[int, int, int]:
        """Return the colour of a page's first pixel: that of the paper."""
        target = self._folder / "shot.png"
        self._run(path, "", f"--screenshot={target}", "--window-size=400,300", *flags)
        return _first_pixel(target.read_bytes())

    def print(self, path: Path, fragment: str = "") -> bytes:
        """Return a page as it is printed, a PDF."""
        target = self._folder / "page.pdf"
        self._run(path, fragment, f"--print-to-pdf={target}", "--no-pdf-header-footer")
        return target.read_bytes()

    def _run(self, path: Path, fragment: str, *flags: str) -> subprocess.CompletedProcess[str]:
        self._looks += 1
        profile = self._folder / f"profile-{self._looks}"
        address = path.as_uri() + (f"#{fragment}" if fragment else "")
        command = [self._program, *_FLAGS, f"--user-data-dir={profile}", *flags, address]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
        )
        shutil.rmtree(profile, ignore_errors=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The browser of this machine; REQUIRE_BROWSER=1 makes its absence a failure."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        told = "no Chromium here: apt-get install --no-install-recommends chromium fonts-dejavu"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(told)
        pytest.skip(told)
    return Browser(program, tmp_path_factory.mktemp("browser"))


def _first_pixel(png: bytes) -> tuple[int, int, int]:
    """Return the first pixel of a PNG file: of the first one every filter leaves the value."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    row = zlib.decompressobj().decompress(data, 8)
    return (row[1], row[2], row[3])
