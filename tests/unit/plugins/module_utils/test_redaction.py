# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in every form that they turn up in."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import time
from typing import Any, Callable
from urllib.parse import quote, quote_plus

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import (
    LONGEST_TEXT,
    MASK,
    Redactor,
    _forms,
    passwords_in_url,
)
from ansible_collections.objectstore.credentials.tests.unit.support import CANARY

SECRETS = [
    CANARY,
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "pässwörd€ mit Leerzeichen",
    "aaaaa",
    'quote"back\\slash',
    "line\nbreak\ttab",
]
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "repr": lambda s: repr(s)[1:-1],
    "json": lambda s: json.dumps({"a": s}),
    "json, not ASCII only": lambda s: json.dumps({"a": s}, ensure_ascii=False),
    "json, slashes escaped": lambda s: json.dumps(s).replace("/", "\\/"),
    "json for web pages": lambda s: (
        json.dumps(s).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    ),
    "html": html.escape,
    "url": lambda s: quote(s, safe=""),
    "url, slashes kept": quote,
    "url, lower case": lambda s: re.sub("%..", lambda m: m.group().lower(), quote(s, safe="")),
    "form": quote_plus,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "basic, one": lambda s: base64.b64encode(f"admin:{s}".encode()).decode(),
    "basic, two": lambda s: base64.b64encode(f"admin1:{s}".encode()).decode(),
    "basic, three": lambda s: base64.b64encode(f"admin12:{s}:more".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_secret_is_masked_in_form(secret: str, form: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    cleaned = redactor.redact(f"before {FORMS[form](secret)} after")
    assert MASK in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert FORMS[form](secret) not in cleaned
    assert secret not in cleaned
    # No more than the edges of a base64 group stay.
    assert len(cleaned.replace(MASK, "")) <= len("before {'a': ''} after") + 20


def test_nothing_of_the_secret_is_left_beside_the_mask() -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    for form in ("plain", "json, slashes escaped", "url", "form", "html", "repr"):
        assert redactor.redact(FORMS[form](CANARY)).strip('"') == MASK, form


def test_longest_secret_is_masked_whole_when_one_begins_another() -> None:
    redactor = Redactor()
    redactor.learn("hunter2", "hunter2-extended")
    assert redactor.redact("x hunter2-extended y hunter2 z") == f"x {MASK} y {MASK} z"


@pytest.mark.parametrize("secret", ["", "a", "abcd", None, 5, b"bytes"])
def test_short_and_empty_texts_are_not_learned(secret: Any) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert redactor.redact("a abcd 5 None bytes") == "a abcd 5 None bytes"


def test_innocent_text_survives() -> None:
    redactor = Redactor()
    redactor.learn("s3cr3t-value")
    text = "app-0001: AKIA0001 is active; 403 Forbidden"
    assert redactor.redact(text) == text


@pytest.mark.parametrize(
    "answer",
    [
        {"secretKey": "S3cr3t"},
        {"secret_access_key": "S3cr3t"},
        {"data": [{"credential": {"secret": "S3cr3t"}}]},
        {"access_token": "S3cr3t"},
        {"Password": "S3cr3t"},
        {"privateKey": "S3cr3t"},
        {"Authorization": "S3cr3t"},
        {"secrets": ["other", "S3cr3t"]},
        {"tokens": [{"token": "S3cr3t"}]},
    ],
)
def test_learns_from_answer_by_name(answer: Any) -> None:
    redactor = Redactor()
    redactor.learn_from(answer)
    assert redactor.redact("got S3cr3t") == f"got {MASK}"


@pytest.mark.parametrize(
    "answer",
    [
        {"token_type": "Bearer"},
        {"tokenExpires": "2026-11-22"},
        {"secret_id": "Bearer"},
        {"tokenStatus": "Bearer"},
        {"passwordPolicy": "Bearer"},
        {"name": "Bearer"},
        {"secretKey": "Not Available"},
        {"secretKey": "********"},
        {"secretKey": "N/A"},
        {"secretKey": None},
        {"secretCount": 3},
    ],
)
def test_learns_nothing_innocent_from_answer(answer: Any) -> None:
    redactor = Redactor()
    redactor.learn_from(answer)
    text = "Bearer 2026-11-22 Not Available ******** N/A None 3"
    assert redactor.redact(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://user:hunter2@proxy:3128/", f"http://{MASK}@proxy:3128/"),
        ("see https://u:p@ss@host/x", f"see https://{MASK}@host/x"),
        ("https://token@host/", f"https://{MASK}@host/"),
        ("https://host/users/a@b", "https://host/users/a@b"),
        ("mail a@b and https://host", "mail a@b and https://host"),
    ],
)
def test_login_in_url_is_masked_unlearned(text: str, cleaned: str) -> None:
    assert Redactor().redact(text) == cleaned


def test_learn_url_learns_the_password_as_written_and_decoded() -> None:
    redactor = Redactor()
    redactor.learn_url("http://user:p%40ssw0rd@proxy:3128")
    assert redactor.redact("p%40ssw0rd, p@ssw0rd") == f"{MASK}, {MASK}"


@pytest.mark.parametrize("url", [None, "", "environment", "http://[::1", 5])
def test_learn_url_survives_what_is_no_url(url: Any) -> None:
    Redactor().learn_url(url)


def test_redact_all_reaches_every_text_and_leaves_the_rest() -> None:
    redactor = Redactor()
    redactor.learn("s3cr3t")
    value = {"a": ["s3cr3t", ("x s3cr3t", 1, None, True)], "s3cr3t": {"b": 2.5}}
    assert redactor.redact_all(value) == {
        "a": [MASK, [f"x {MASK}", 1, None, True]],
        MASK: {"b": 2.5},
    }


def test_redact_all_keeps_the_names_of_results_whatever_the_password_is() -> None:
    redactor = Redactor()
    redactor.learn("failure")
    assert redactor.redact_all({"failure": "a failure"}) == {"failure": f"a {MASK}"}


def test_time_grows_with_the_text_not_with_the_number_of_secrets() -> None:
    redactor = Redactor()
    for number in range(3_000):
        redactor.learn(f"secret/{number:06d}+{number * 7919:036d}")
    redactor.redact("")  # the index is made once
    started = time.thread_time()
    for number in range(500):
        redactor.redact(f"app-{number:04d}: AKIA{number:016d} active, secret/{number:06d} no")
    # Trying each form of each secret on each text takes a minute.
    assert time.thread_time() - started < 5
    assert redactor.redact(f"secret/{77:06d}+{77 * 7919:036d}") == MASK


@pytest.mark.parametrize(
    ("secrets", "text"),
    [
        # Each begins with all before it; the text never says which one it will be.
        ([f"secret{'a' * number}" for number in range(7_000)], "secre" * 3_277),
        ([f"secret{'a' * number}" for number in range(7_000)], f"secret{'a' * 16_000}"),
        # Each is nearly what the text goes on with, at every place of it.
        ([f"{'a' * (5 + number % 2_000)}{number}" for number in range(7_000)], "a" * 16_384),
    ],
    ids=["beginning", "nested", "nearly"],
)
def test_time_grows_with_the_text_where_all_secrets_begin_alike(
    secrets: list[str], text: str
) -> None:
    redactor = Redactor()
    redactor.learn(*secrets)
    redactor.redact("")  # the index is made once
    started = time.thread_time()
    redactor.redact(text)
    # Trying every length at every place takes 7 to 24 seconds; this, some hundredths of one.
    assert time.thread_time() - started < 2


def masked_by_hand(forms: set[str], text: str) -> str:
    """Mask what any of the forms covers, by trying each at each place."""
    covered: list[tuple[int, int]] = []
    for at in range(len(text)):
        ends = [at + len(form) for form in forms if text.startswith(form, at)]
        if ends:
            covered.append((at, max(ends)))
    merged: list[list[int]] = []
    for start, end in covered:
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    for start, end in reversed(merged):
        text = text[:start] + MASK + text[end:]
    return text


def test_nothing_of_any_secret_is_shown_whatever_they_share() -> None:
    chance = random.Random(7)
    for _turn in range(100):
        letters = "ab" if chance.random() < 0.5 else "aab/+"
        secrets = [
            "".join(chance.choices(letters, k=chance.randrange(5, 12)))
            for _each in range(chance.randrange(1, 12))
        ]
        redactor = Redactor()
        text = "".join(chance.choices(letters, k=60))
        text += base64.b64encode(f"user:{secrets[0]}".encode()).decode() + json.dumps(secrets[-1])
        # Learned one by one, with a look in between: the index grows.
        forms: set[str] = set()
        for secret in secrets:
            redactor.learn(secret)
            forms |= _forms(secret)
            assert redactor.redact(text) == masked_by_hand(forms, text), (secrets, text)


#: How pages and messages are escaped by others than Python, and what was escaped more than once.
OTHER_FORMS: dict[str, Callable[[str], str]] = {
    "HTML by Go": lambda s: (
        html.escape(s).replace("+", "&#43;").replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    ),
    "HTML by Mustache": lambda s: html.escape(s).replace("/", "&#x2F;").replace("=", "&#x3D;"),
    "HTML by OWASP": lambda s: "".join(c if c.isalnum() else f"&#x{ord(c):x};" for c in s),
    "XML": lambda s: html.escape(s).replace("&#x27;", "&apos;"),
    "script by Go": lambda s: json.dumps(s)[1:-1].replace("/", "\\/").replace("+", "\\u002b"),
    "JSON in JSON": lambda s: json.dumps(json.dumps({"a": s}))[1:-1],
    "JSON in JSON, slashes escaped": lambda s: json.dumps(json.dumps(s).replace("/", "\\/"))[1:-1],
    "JSON in a page": lambda s: html.escape(json.dumps({"a": s})),
    "URL in a URL": lambda s: quote(quote(s, safe=""), safe=""),
    "URL in a URL in a page": lambda s: html.escape(f"?a=b&to={quote(quote(s, safe=''), safe='')}"),
    "bytes": lambda s: repr(json.dumps(s).encode())[2:-1],
    "every character": lambda s: "".join(f"\\u{ord(c):04X}" for c in s),
    "base64 in a URL": lambda s: quote(base64.b64encode(f"admin:{s}".encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize("secret", [*SECRETS[:3], 'quote"back\\slash', "it's <all> &amp; 100% /+="])
def test_secret_is_masked_however_others_escape_it(secret: str, form: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    text = OTHER_FORMS[form](secret)
    cleaned = redactor.redact(f"before {text} after")
    assert MASK in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    rest = cleaned.replace(MASK, "").replace("before", "").replace("after", "")
    for piece in re.findall(r"[A-Za-z0-9]{4,}", secret):
        assert piece not in rest, cleaned


def test_what_is_escaped_and_no_secret_stays_as_it_came() -> None:
    redactor = Redactor()
    redactor.learn("a/secret+of=mine")
    text = r"a%2Fname &amp; \u00e9 &#x110000; %zz \ http://h/?a=1&b=2 &#9999999; a&#x2f;secret"
    assert redactor.redact(text) == text
    masked = redactor.redact(f"{text}%2Bof=mine!")
    assert masked == text.replace("a&#x2f;secret", f"{MASK}!")


def test_of_a_very_long_text_the_beginning_is_shown_and_no_half_secret() -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    for before in range(LONGEST_TEXT - len(CANARY) - 2, LONGEST_TEXT + 2, 7):
        shown = redactor.redact("." * before + CANARY + "." * LONGEST_TEXT)
        assert "canary" not in shown
        assert len(shown) <= LONGEST_TEXT + len(MASK) + 3
    assert redactor.redact("." * LONGEST_TEXT) == "." * LONGEST_TEXT


def test_text_that_is_nothing_but_escapes_takes_neither_time_nor_memory() -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    text = "%41" * 10_000_000
    started = time.thread_time()
    redactor.redact(text)
    # All of it takes half a minute and gigabytes.
    assert time.thread_time() - started < 5


def test_secret_that_begins_inside_another_is_masked_to_its_end() -> None:
    redactor = Redactor()
    redactor.learn("first-secret-shared", "shared-second-secret")
    assert redactor.redact("x first-secret-shared-second-secret y") == f"x {MASK} y"
    assert redactor.redact("first-secret-sharedshared-second-secret") == MASK * 2


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("user:hunter2-canary@proxy:3128", "hunter2-canary"),
        ("http://hunter2-canary@proxy:3128", "hunter2-canary"),
        ("//user:hunter2-canary@proxy", "hunter2-canary"),
    ],
)
def test_login_in_an_odd_url_is_learned(url: str, secret: str) -> None:
    assert passwords_in_url(url) == [secret]


@pytest.mark.parametrize("url", ["https://host/path@version", "proxy:3128", "host/a@b", ""])
def test_url_without_a_login_teaches_nothing(url: str) -> None:
    assert passwords_in_url(url) == []
