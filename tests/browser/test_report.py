# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report in a real browser: its table, its views, its colours, on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    HOSTILE,
    Fleet,
    broken,
    make_fleet,
    rotated,
    written,
)

from .conftest import Browser

DARK = "--blink-settings=preferredColorScheme=0"
#: Columns of the table.
ACCOUNT, ENDPOINT, STATE, COMPLIANCE, AGE, KEY, ACTION = range(7)


def html_of(fleet: Fleet) -> Path:
    """Write a fleet's page and return where it is."""
    result, _texts = written(fleet, formats=["html"], title="Nightly rotation")
    return Path(result["paths"]["html"])


@pytest.fixture(scope="session")
def page_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The page of a fleet of so many accounts, made once."""
    made: dict[int, Path] = {}

    def page(accounts: int) -> Path:
        if accounts not in made:
            made[accounts] = html_of(make_fleet(tmp_path_factory.mktemp("fleet"), accounts))
        return made[accounts]

    return page


@pytest.fixture
def small(page_with: Callable[[int], Path]) -> Path:
    """Ten accounts."""
    return page_with(10)


@pytest.fixture
def large(page_with: Callable[[int], Path]) -> Path:
    """Ten thousand accounts."""
    return page_with(10_000)


def test_small_page_shows_every_account(browser: Browser, small: Path) -> None:
    look = browser.look(small)
    assert look.console == []
    assert [row[ACCOUNT] for row in look.page.accounts] == sorted(
        [f"app-{number:05d}" for number in range(10)],
        key=lambda name: (["huawei", "ontap", "ose"].index(_platform(name)), name),
    )
    assert "10 of 10 accounts" in look.page.text
    assert "3 of 4 endpoints finished, 2 of 10 accounts changed, 1 account failed" in look.page.text
    assert "hidden" not in look.page.attributes["finder"]
    assert look.page.details == []


def _platform(name: str) -> str:
    number = int(name[4:])
    return "ontap" if number < 3 else "huawei" if number < 6 else "ose"


def test_large_page_shows_fifty_accounts_of_ten_thousand(browser: Browser, large: Path) -> None:
    look = browser.look(large)
    assert look.console == []
    assert len(look.page.accounts) == 50
    assert look.page.attributes["html"]["data-shown"] == "10000"
    assert "10,000 of 10,000 accounts" in look.page.text
    assert "page 1 of 200" in look.page.text
    assert large.stat().st_size < 3_000_000


def test_address_finds_an_account_by_name_key_or_owner(browser: Browser, large: Path) -> None:
    found = browser.look(large, "q=APP-00042").page.accounts
    assert [row[ACCOUNT] for row in found] == ["app-00042"]
    key = found[0][KEY]
    assert [row[ACCOUNT] for row in browser.look(large, f"q={key}").page.accounts] == ["app-00042"]
    both = browser.look(large, "q=huawei%20billing")
    assert 0 < int(both.page.attributes["html"]["data-shown"] or 0) < 4000
    assert {row[ENDPOINT] for row in both.page.accounts} == {"huawei eu-de"}
    nothing = browser.look(large, "q=no-such-account").page
    assert nothing.accounts == []
    assert "0 of 10,000 accounts" in nothing.text


def test_address_shows_the_accounts_of_a_finding(browser: Browser, large: Path) -> None:
    look = browser.look(large, "f=failed")
    assert look.console == []
    assert {row[ACTION].split()[0] for row in look.page.accounts} == {"failed"}
    overdue = browser.look(large, "f=overdue&e=ose%20vcd-west").page
    assert {row[COMPLIANCE] for row in overdue.accounts} == {"NON_COMPLIANT"}
    assert {row[ENDPOINT] for row in overdue.accounts} == {"ose vcd-west"}
    assert browser.look(large, "f=no-such-finding").page.accounts == []


def test_links_of_the_findings_lead_to_as_many_accounts(browser: Browser, large: Path) -> None:
    source = large.read_text()
    words = re.findall(r'href="#f=(\w+)"', source)
    assert {"failed", "overdue", "unmanaged", "overlap"} <= set(words)
    for word in ("unmanaged", "overlap"):
        count = int(browser.look(large, f"f={word}").page.attributes["html"]["data-shown"] or 0)
        section = source[: source.index(f'href="#f={word}"')].rpartition("<section")[2]
        rest = source[source.index(section) :]
        told = re.search(r"<summary>([\d,]+) entr", rest)
        assert told
        assert int(told[1].replace(",", "")) == count


def test_address_sorts_and_pages(browser: Browser, large: Path) -> None:
    oldest = browser.look(large, "s=-age").page
    assert oldest.accounts[0][AGE] == "400 of 90 d"
    assert oldest.accounts[-1][AGE] == "400 of 90 d"
    youngest = browser.look(large, "s=age").page.accounts
    assert youngest[0][AGE] == "0 of 90 d"
    last = browser.look(large, "s=account&p=200").page
    assert last.accounts[-1][ACCOUNT] == "app-09999"
    assert "page 200 of 200" in last.text
    beyond = browser.look(large, "s=-account&p=999").page
    assert beyond.accounts[-1][ACCOUNT] == "app-00000"


def test_evidence_of_an_account_is_shown_on_request(browser: Browser, small: Path) -> None:
    look = browser.look(small, "q=app-00000&o=1")
    assert look.console == []
    (told,) = look.page.details
    for words in ("rotation intended", "accepted by the S3 service", "acknowledged", "line 4"):
        assert words in told
    assert "retiring" in told
    assert "backup" in told or "team" in told


def test_broken_address_is_no_error(browser: Browser, small: Path) -> None:
    for fragment in ("p=-3&s=nothing&f=%ZZ&e=x&q=%5B(*&=&&", "endpoints"):
        assert browser.look(small, fragment).console == []


def test_hostile_names_stay_text_in_the_browser(browser: Browser, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    rows = [broken(name) for name in HOSTILE] + [rotated(f"{name}!") for name in HOSTILE]
    fleet.add("huawei", HOSTILE[1], rows, title=HOSTILE[0], warnings=[HOSTILE[0]])
    look = browser.look(html_of(fleet), "o=1&s=account")
    assert look.console == []
    assert look.page.title.startswith("Nightly rotation")
    shown = {row[ACCOUNT] for row in look.page.accounts}
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2]} <= shown
    assert len(look.page.accounts) == len(look.page.details) == 2 * len(HOSTILE)
    assert "<img" not in look.dom
    assert look.dom.count("<script") == 2


def test_script_of_a_stranger_is_refused_by_the_policy(browser: Browser, small: Path) -> None:
    """The check of the console can fail: what a name would have to become is refused and told."""
    page = small.with_name("tampered.html")
    injected = "<script>document.title='owned'</script><p style='color:red'>x</p>"
    page.write_text(small.read_text().replace("<main>", injected + "<main>"))
    look = browser.look(page)
    assert len(look.console) >= 2
    assert "Content Security Policy" in " ".join(look.console)
    assert look.page.title.startswith("Nightly rotation")
    assert len(look.page.accounts) == 10


def test_page_whose_script_is_kept_from_running_still_tells_what_to_do(
    browser: Browser, small: Path
) -> None:
    page = small.with_name("still.html")
    page.write_text(small.read_text().replace('"use strict";', '"use strict"; /* other */'))
    look = browser.look(page)
    assert look.page.accounts == []
    assert "hidden" in look.page.attributes["finder"]
    for words in ("3 of 4 endpoints finished", "app-00001", "130 days old", "Check api_url"):
        assert words in look.page.text


def test_paper_is_light_or_dark_as_the_reader_has_it(browser: Browser, small: Path) -> None:
    assert browser.corner(small) == (0xF6, 0xF7, 0xF9)
    assert browser.corner(small, DARK) == (0x11, 0x15, 0x1B)


def test_page_can_be_printed(browser: Browser, small: Path) -> None:
    pdf = browser.print(small)
    assert pdf.startswith(b"%PDF")
    assert 2 <= _pages(pdf) <= 15
    # A4, lying.
    assert re.search(rb"/MediaBox \[0 0 84[12]\S* 59[45]\S*\]", pdf)


def test_print_of_ten_thousand_accounts_holds_the_first_thousand(
    browser: Browser, large: Path
) -> None:
    assert 20 <= _pages(browser.print(large)) <= 120


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
