# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page by its source: everything in it, nothing outside it, and no name that acts."""

from __future__ import annotations

import base64
import builtins
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    HOSTILE,
    Fleet,
    account_row,
    broken,
    make_fleet,
    rotated,
    written,
)

#: Elements that load or run something.
LOADING = {"img", "iframe", "object", "embed", "video", "audio", "source", "form", "base", "frame"}


class Page(HTMLParser):
    """What a page consists of: its elements, its text, its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.style = ""
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        """Note where an element ends."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self._inside == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif self._inside == "style":
            self.style += data
        else:
            self.text += data

    @property
    def data(self) -> dict[str, Any]:
        """What the script gets."""
        (found,) = [text for attributes, text in self.scripts if attributes.get("id") == "data"]
        data: dict[str, Any] = json.loads(found)
        return data

    @property
    def policy(self) -> str:
        """The Content-Security-Policy."""
        (found,) = [
            attributes["content"]
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        return found or ""


def page_of(fleet: Fleet, **params: Any) -> tuple[Page, str]:
    """Return a fleet's page, read, and its source."""
    _result, texts = written(fleet, formats=["html"], **params)
    return Page(texts["html"]), texts["html"]


def sha256(text: str) -> str:
    """Return a hash as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_page_allows_its_own_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    page, _source = page_of(make_fleet(tmp_path))
    (script,) = [text for attributes, text in page.scripts if "type" not in attributes]
    assert page.policy == (
        f"default-src 'none'; script-src '{sha256(script)}'; style-src '{sha256(page.style)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page, _source = page_of(make_fleet(tmp_path, hostile=True, accounts=40))
    tags = {tag for tag, _attributes in page.elements}
    assert not tags & LOADING
    for tag, attributes in page.elements:
        # A style of an element's own would be against the policy.
        assert not {"src", "srcset", "style", "action"} & set(attributes), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        target = attributes.get("href") or "#"
        assert target.startswith("#") or (tag, target) == ("link", "data:,")
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_hostile_names_are_text_in_every_part_of_the_page(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    # All of them in the findings, in the pictures, in the table.
    for number, name in enumerate(HOSTILE):
        rows = [broken(name), rotated(name + "!")]
        more = {"title": name, "left_out": {name: "excluded"}, "warnings": [name]}
        consumers = [{"name": name, "failed": True, "message": name}]
        fleet.add("huawei", f"e{number}", rows, consumers=consumers, **more)
    name = HOSTILE[1]
    page, source = page_of(fleet, title=name, reason=name, change=HOSTILE[0])
    assert len(page.scripts) == 2
    assert not [tag for tag, _attributes in page.elements if tag in LOADING]
    assert source.lower().count("</script") == 2
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", source)
    strings = page.data["strings"]
    for wanted in (HOSTILE[0], HOSTILE[1], HOSTILE[2], "J\u00fcrgen \u65e5\u672c"):
        assert wanted in strings
        assert wanted in page.text
    assert "\\u001b[31mred\\u001b[0m" in strings
    assert "exe\\u202etxt.gpj" in page.text
    assert "49" not in page.text.partition("{{ 7 * 7 }}")[2][:40]
    assert max(map(len, strings)) <= 300
    # A huge name does not make a huge page.
    assert len(source) < 400_000


def test_page_without_script_names_what_is_overdue_and_has_failed(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    rows = [broken(f"late-{number:03d}") for number in range(130)]
    fleet.add("huawei", "eu-de", [*rows, account_row("fine")], title="Huawei Cloud IAM")
    page, _source = page_of(fleet)
    assert "late-000" in page.text
    assert "late-099" in page.text
    assert "late-129" not in page.text
    assert "The first 100 of 130" in page.text
    assert "fine" not in page.text.split()
    assert "1 of 1 endpoint finished, 130 accounts failed, 130 accounts overdue" in page.text
    assert "Look at verify.s3_url" in page.text
    assert "Huawei Cloud IAM" in page.text
    assert "This table needs its script" in page.text


def test_page_of_a_fleet_that_nobody_could_look_at_praises_nothing(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.endpoints.append(
        {"platform": "ontap", "endpoint": "c1", "failure": {"step": "preflight", "message": "no"}}
    )
    page, _source = page_of(fleet)
    figures = [attrs["class"] for tag, attrs in page.elements if tag == "li" and "class" in attrs]
    assert "card act" in figures
    assert "card good" not in figures
    assert "0 d" not in page.text.splitlines()
    assert "No run of this report wrote a journal" in page.text


def test_every_account_is_in_the_data_with_its_findings(tmp_path: Path) -> None:
    page, _source = page_of(make_fleet(tmp_path, accounts=40))
    data = page.data
    names = {data["strings"][row[0]] for row in data["rows"]}
    assert names == {f"app-{number:05d}" for number in range(40)}
    bit = data["words"].index("failed")
    failed = [data["strings"][row[0]] for row in data["rows"] if bit in row[15]]
    assert failed == ["app-00001"]
    assert data["titles"][bit] == "Failed"


def test_account_carries_its_keys_and_its_evidence(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [rotated("app")])
    page, _source = page_of(fleet)
    strings, (row,) = page.data["strings"], page.data["rows"]
    assert [strings[key[1]] for key in row[17]] == ["current", "retiring"]
    assert strings[row[18][0][1]] == "rotation intended"
    assert "accepted by the S3 service" in strings[row[18][2][1]]
    # Run 1 of the table of chains, and its lines.
    assert [(move[5], move[6]) for move in row[18]] == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert "awx 4711" in page.text
    assert "CHG-1" in page.text


def test_pictures_are_told_in_words(tmp_path: Path) -> None:
    _page, source = page_of(make_fleet(tmp_path, accounts=40, hostile=True))
    pictures = re.findall(r'<svg class="chart".*?</svg>', source, re.DOTALL)
    assert len(pictures) == 2
    for picture in pictures:
        root = ElementTree.fromstring(picture)  # noqa: S314
        title, told = root[0], root[1]
        assert (title.tag, told.tag) == ("title", "desc")
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
        assert title.text
        assert told.text
    assert "75 to 90 days: " in pictures[0]
    assert "within the limit" in pictures[0]
    assert "400 days, the limit is 90" in pictures[1]


def test_report_without_a_finding_says_so(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [account_row("app")])
    page, source = page_of(fleet)
    assert "There is nothing to look at" in page.text
    assert 'class="status good"' in source
    assert "The oldest of the overdue" not in page.text


def test_dry_run_says_that_nothing_was_changed(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [account_row("app")], check_mode=True)
    page, _source = page_of(fleet)
    assert "Dry run." in page.text


def test_page_without_jinja_is_refused_and_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CredentialsError, match="needs Jinja2") as caught:
        page_of(make_fleet(tmp_path))
    assert "formats" in caught.value.next_step


def test_page_grows_with_its_accounts_and_not_faster(tmp_path: Path) -> None:
    sizes = []
    for accounts in (250, 500, 1000):
        folder = tmp_path / str(accounts)
        folder.mkdir()
        _page, source = page_of(make_fleet(folder, accounts=accounts))
        sizes.append(len(source))
    first, second = sizes[1] - sizes[0], sizes[2] - sizes[1]
    assert second < 2.5 * first
    # Under 300 bytes an account: ten thousand are a page of less than three megabytes.
    assert second / 500 < 300
