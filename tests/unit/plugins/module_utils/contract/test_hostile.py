# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A supported platform behind a hostile or broken server: odd names, odd shapes, leaks, logins."""

from __future__ import annotations

import copy
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.auth import Auth, LoginAuth
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    KINDS,
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.tests.simulators.base import Request, Response
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

from .cells import FORMS, WRITES, Cell, leaks, open_cell, writes_of

#: What a server may put where something else belongs.
WRONG: list[Any] = [None, 0, -1, True, "", "text", [], {}, [None], [[]], {"a": None}, "x" * 5000]
MUTATIONS, WRITE_MUTATIONS = 12, 6


def read_all(platform: Platform) -> None:
    """Do every read there is."""
    platform.connect()
    for account in list(platform.accounts())[:2]:
        if platform.facts.shows_access_key:
            platform.access_keys(account, last_used=True)
    account = platform.account(AccountRef(name="app-0001"))
    if platform.facts.shows_access_key:
        for key in platform.access_keys(account)[:1]:
            platform.find_access_key(key.access_key)


def spots_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value inside a decoded answer."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value[:2]))
    return [path, *(spot for name, child in inner for spot in spots_of(child, (*path, name)))]


def mutated(body: Any, chance: random.Random) -> Any:
    """Return a copy of an answer with one value wrong or missing."""
    spot = chance.choice(spots_of(body))
    if not spot:
        return chance.choice(WRONG)
    copied = copy.deepcopy(body)
    parent = copied
    for step in spot[:-1]:
        parent = parent[step]
    if isinstance(parent, dict) and chance.random() < 0.4:
        del parent[spot[-1]]
    else:
        parent[spot[-1]] = chance.choice(WRONG)
    return copied


def mutated_xml(body: bytes, chance: random.Random) -> bytes:
    """Return a copy of an XML answer with one element wrong or missing."""
    root = ElementTree.fromstring(body)  # noqa: S314  # the simulator's own
    parent = chance.choice([each for each in root.iter() if len(each)])
    child = chance.choice(list(parent))
    if chance.random() < 0.4:
        parent.remove(child)
    else:
        wrong = chance.choice(WRONG)
        child[:] = [] if not isinstance(wrong, dict) else [ElementTree.Element("a")]
        child.text = wrong if isinstance(wrong, str) else json.dumps(wrong)
    return ElementTree.tostring(root)


def spoil(cell: Cell, nth: int, chance: random.Random) -> None:
    """Let the nth answer come in another shape."""
    real, count = cell.simulator.handle, [0]

    def handle(request: Request) -> Response:
        response = real(request)
        if response.status < 300 and response.payload():
            count[0] += 1
            if count[0] == nth:
                payload = response.payload()
                if payload.lstrip().startswith(b"<"):
                    response.body = mutated_xml(payload, chance)
                else:
                    response.body = json.dumps(mutated(json.loads(payload), chance))
        return response

    cell.simulator.handle = handle  # type: ignore[method-assign]  # to spoil what it answers


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]} {form[1]}")
def test_answer_of_any_other_shape_is_an_error_and_no_traceback(form: tuple[str, str]) -> None:
    with open_cell(form) as cell:
        read_all(cell.platform(connect=False))
        answers = len(cell.server.log)
    chance = random.Random(f"{form}")  # repeatable
    for number in range(MUTATIONS):
        with open_cell(form) as cell:
            spoil(cell, 1 + number % answers, chance)
            error, platform = None, cell.platform(connect=False)
            try:
                read_all(platform)
            except CredentialsError as exc:
                error = exc
            if error:
                assert error.kind in KINDS
                assert error.kind != "internal"
                assert error.next_step
                assert error.landed is False or platform.facts.listing_has_side_effect
                assert not leaks(everything_in(error), cell.secrets())
            assert cell.simulator.writes == 0


@pytest.mark.parametrize(
    ("form", "write"), WRITES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else v
)
def test_answer_to_a_write_of_any_other_shape_never_hides_that_it_happened(
    form: tuple[str, str], write: str
) -> None:
    chance = random.Random(f"{form} {write}")  # repeatable
    for number in range(WRITE_MUTATIONS):
        with open_cell(form) as cell:
            platform = cell.platform()
            do = writes_of(cell, platform)[write]
            spoil(cell, 1 + number % 3, chance)
            error = None
            try:
                do()
            except CredentialsError as exc:
                error = exc
            assert cell.simulator.writes <= 1
            if error:
                assert error.kind in KINDS
                assert error.kind != "internal"
                # A code that says "refused" is believed.
                is_believed = error.kind == "rejected" or error.landed is not False
                assert is_believed or cell.simulator.writes == 0, error.message
                assert not leaks(everything_in(error), cell.secrets())
            else:
                assert cell.simulator.writes == 1


CONNECT_TROUBLE: list[tuple[dict[str, Any], set[str]]] = [
    ({"action": "html"}, {"malformed_answer"}),
    ({"action": "garbage"}, {"malformed_answer"}),
    ({"action": "truncate"}, {"unreachable"}),
    ({"action": "drop"}, {"unreachable"}),
    ({"action": "status", "status": 500}, {"platform_error"}),
    ({"action": "status", "status": 404}, {"not_found", "malformed_answer", "invalid_option"}),
    ({"action": "status", "status": 401}, {"authentication"}),
    ({"action": "status", "status": 403}, {"permission", "authentication"}),
    ({"action": "status", "status": 429, "headers": {"Retry-After": "1"}}, {"throttled"}),
    ({"action": "status", "status": 301, "headers": {"Location": "https://127.0.0.9/"}},
     {"malformed_answer"}),
    ({"action": "status", "status": 200, "body": None}, {"malformed_answer"}),
    ({"action": "status", "status": 200, "body": []}, {"malformed_answer"}),
    ({"action": "status", "status": 200, "body": {}}, {"malformed_answer", "authentication"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "kinds"),
    CONNECT_TROUBLE,
    ids=lambda v: " ".join(map(str, v.values())) if isinstance(v, dict) else "",
)
def test_first_contact_in_trouble_says_what_is_wrong(
    cell: Cell, fault: dict[str, Any], kinds: set[str]
) -> None:
    platform = cell.platform(connect=False)
    cell.server.faults.add(times=0, **fault)

    def first_contact() -> None:
        platform.connect()
        list(platform.accounts())

    exc = raised(first_contact)
    assert exc.kind in kinds, exc.message
    assert exc.landed is False
    assert (exc.platform, exc.endpoint) == (cell.name, "lab")
    assert exc.next_step
    assert len(cell.server.log) <= 8
    assert not leaks(everything_in(exc), cell.secrets())


def test_read_times_out_as_told(cell: Cell) -> None:
    with open_cell((cell.name, label_of(cell)), own_server=True) as own:
        platform = own.platform()
        object.__setattr__(platform.client.settings, "read_timeout", 0.03)
        own.server.faults.add("delay", seconds=600, times=0)
        exc = raised(lambda: list(platform.accounts()))
        assert exc.kind == "timeout"
        assert exc.platform == cell.name
        assert "timeout" in exc.next_step


def label_of(cell: Cell) -> str:
    """Return the label of a cell's form."""
    variants = type(cell.simulator).VARIANTS
    return next(label for label, variant in variants.items() if variant is cell.variant)


def test_requests_without_a_login_are_refused(cell: Cell) -> None:
    platform = cell.platform()
    platform.client.auth = Auth()
    exc = raised(lambda: list(platform.accounts()))
    assert exc.kind in ("authentication", "permission")
    assert cell.simulator.writes == 0


def test_login_that_ran_out_is_renewed_once_for_eight_threads(cell: Cell) -> None:
    platform = cell.platform()
    auth = platform.client.auth
    if not isinstance(auth, LoginAuth):
        return
    list(platform.accounts())
    logins = auth.logins
    cell.simulator.clock.advance(100 * 3600)
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _n: cell.account(platform).name, range(16)))
    assert set(names) == {"app-0001"}
    assert auth.logins == logins + 1


NAMES = [
    "with space",
    "a/b",
    "..%2Fadmin",
    "50%+1",
    "query?x=1&y=2#z",
    'quote"back\\slash',
    "ünïcödé",
    "comma, name",
    "a;b=c|d*e",
    "(paren) 'quote'",
]


@pytest.mark.parametrize("name", NAMES)
def test_account_of_an_odd_name_is_found_exactly(cell: Cell, name: str) -> None:
    try:
        identifier = cell.simulator.add_account(name)
    except ValueError:
        return  # the platform has no such names
    platform = cell.platform()
    account = platform.account(AccountRef(name=name))
    assert account.name == name
    if platform.facts.shows_access_key and not platform.facts.listing_has_side_effect:
        keys = platform.access_keys(account)
        truth = {cell.simulator.name_of(key) for key in cell.simulator.keys_of(identifier)}
        assert {key.access_key for key in keys} == truth


@pytest.mark.parametrize("name", ["*", "app-*", "app-0001|app-0002", "%", "app-0001,app-0002", "."])
def test_name_is_never_a_pattern(cell: Cell, name: str) -> None:
    exc = raised(cell.platform().account, AccountRef(name=name))
    assert exc.kind in ("not_found", "unsupported", "invalid_option")


def test_secrets_that_travel_are_masked_when_a_server_echoes_them(cell: Cell) -> None:
    platform = cell.platform()
    list(platform.accounts())
    sent = "\n".join([*(f"{entry.headers}\n{entry.body}" for entry in cell.server.log)])
    travelled = [secret for secret in cell.secrets() if secret in sent]
    given = [v for v in map(platform.settings.__getattribute__, SECRETS) if v]
    for secret in {*travelled, *given}:
        body = {"error": secret, "message": f"bad {secret}", "errorMessage": secret}
        cell.server.faults.add("status", status=400, body=body, times=1)
        exc = raised(lambda: list(platform.accounts()))
        assert not leaks(everything_in(exc), [secret])
        assert secret not in platform.client.redactor.redact(f"x {secret} y")


SECRETS = ("api_password", "api_token", "api_secret_key")


def test_secret_just_made_is_masked_when_a_server_echoes_it(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    facts = platform.facts
    make = platform.create_access_key if facts.can_create else platform.regenerate_access_key
    issued = make(account)
    if issued.pair is None:
        return
    secret = issued.pair.secret_key
    assert secret not in repr(issued)
    cell.server.faults.add("status", status=400, body={"error": f"bad {secret}"}, times=1)
    exc = raised(lambda: list(platform.accounts()))
    assert not leaks(everything_in(exc), [secret])
