# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: what operators write (durations, windows, filters, logins) and what headers say."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from typing import Any

from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils import verify_reading
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import (
    iso,
    parse_time,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Answer
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.options import (
    duration_text,
    parse_duration,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.pacing import (
    LONGEST_RETRY_AFTER,
    parse_http_date,
    retry_wait,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_rules import (
    AccountRules,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_window import (
    Window,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import Selection
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import Shard
from ansible_collections.objectstore.credentials.plugins.module_utils.urls import path
from ansible_collections.objectstore.credentials.plugins.module_utils.visible import visible

from .registry import target
from .rules import Refused, check_text, is_moment, value_or_refusal
from .spoils import spoils, spoilt
from .texts import bodies, scalars, texts, values

NOW = dt.datetime(2026, 11, 28, 3, 0, tzinfo=dt.timezone.utc)
SECRET = "Made0Up0Secret0Key0/+=01"


def near(alphabet: str, most: int = 30) -> st.SearchStrategy[str]:
    """Texts of the characters that a form is made of."""
    return st.one_of(st.text(alphabet, max_size=most), texts())


@target("durations", st.one_of(near("0123456789smhdwSMHDW .-+٣"), scalars()), short=150)
def durations(value: Any) -> None:
    """A duration, which is said again as it was meant."""
    found = value_or_refusal(parse_duration, value, "max_age")
    if not isinstance(found, Refused):
        assert found >= dt.timedelta()
        assert parse_duration(duration_text(found), "again") == found


@target(
    "windows", st.one_of(near("montuewdhfrisa ,-:;0123456789UTCEurope/Blin", 50), scalars()), 60
)
def windows(value: Any) -> None:
    """A window, which has an opening or none at any time."""
    found = value_or_refusal(Window.parse, value)
    if isinstance(found, Refused):
        return
    for moment in (NOW, NOW.replace(year=2027, month=3, day=28)):
        seen = found.at(moment)
        assert seen.current is None or seen.current.opens <= moment < seen.current.closes
        assert seen.following is None or moment < seen.following.opens


@target("shards", st.one_of(near("0123456789/ ", 12), scalars()), short=150)
def shards(value: Any) -> None:
    """A part of the accounts; every account is in exactly one."""
    found = value_or_refusal(Shard.parse, value)
    if not isinstance(found, Refused):
        assert 1 <= found.number <= found.of <= 1024
        assert isinstance(found.holds("\ud800 any"), bool)


ENTRIES = st.one_of(
    scalars(),
    st.dictionaries(
        st.sampled_from(
            ("name", "id", "match", "max_age", "grace_period", "window", "exception", "access_key",
             "secret_key", "replaces", "bucket", "owner", "extra")
        ),
        st.one_of(values(), st.sampled_from(("90d", "id:42", "sat 22:00-04:00"))),
        max_size=4,
    ),
)  # fmt: skip


@target(
    "users, all, exclude",
    st.fixed_dictionaries(
        {"users": st.lists(ENTRIES, max_size=3), "all": st.booleans()},
        optional={"exclude": st.lists(texts(), max_size=3), "shard": near("0123456789/", 8)},
    ),
    short=100,
)
def selections(params: dict[str, Any]) -> None:
    """Accounts that are named, or all of them."""
    found = value_or_refusal(Selection.parse, params)
    if not isinstance(found, Refused):
        for ref in found.refs:
            assert isinstance(ref.name if ref.id is None else ref.id, str)
            assert (ref.name is None) != (ref.id is None)


@target(
    "users and policies",
    st.fixed_dictionaries(
        {"users": st.lists(ENTRIES, max_size=3), "policies": st.lists(ENTRIES, max_size=3)}
    ),
    short=100,
)
def rules(params: dict[str, Any]) -> None:
    """What is said of single accounts."""
    value_or_refusal(AccountRules.parse, params, secrets=[SECRET])


@target("times", st.one_of(near("0123456789-:.TZ+ ", 40), scalars()), short=150)
def times(value: Any) -> None:
    """A time with a zone, or nothing."""
    found = parse_time(value)
    assert is_moment(found)
    if found is not None:
        assert parse_time(iso(found)) == found.replace(microsecond=0)


@target("HTTP dates, Retry-After", near("MonJanGMT, :0123456789+-", 50), short=150)
def dates(value: str) -> None:
    """A date with a zone, or nothing; a wait that ends."""
    assert is_moment(parse_http_date(value))
    wait = retry_wait(1, value, NOW)
    assert wait is None or 0 <= wait <= LONGEST_RETRY_AFTER + 1


@target("paths", st.lists(st.one_of(texts(), scalars()), min_size=1, max_size=3), short=150)
def paths(segments: list[Any]) -> None:
    """Segments never become more of a URL than they are."""
    found = value_or_refusal(path, *segments)
    if not isinstance(found, Refused):
        assert found.isascii()
        assert found.count("/") == len(segments)
        assert not set(found) & set("?#\\ \r\n\x00")
        assert not {"", ".", ".."} & set(found.split("/")[1:])


URLS = st.one_of(
    near("htps:/[]@?#%.0127abc\\ \t\n", 40),
    st.builds(
        "{}://{}{}".format, st.sampled_from(("http", "https", "ftp", "file")), texts(), texts()
    ),
)


@target("api_url", URLS, short=150)
def urls(url: str) -> None:
    """A URL without a login, or a refusal that does not say the password in it."""
    options = {"api_url": url, "api_username": "u", "api_password": SECRET, "endpoint": "lab"}
    found = value_or_refusal(resolve, options, "ontap", {}, environ={}, secrets=[SECRET])
    if not isinstance(found, Refused):
        assert found.api_url.startswith(("http://", "https://"))
        assert "@" not in found.api_url.split("/")[2]


@target(
    "credentials file",
    st.one_of(
        bodies(),
        st.builds(
            lambda some: spoilt(
                json.dumps(
                    {
                        "lab": {
                            "api_url": "https://a.example", "api_password": SECRET,
                            "timeout": "30s", "parallelism": 4, "validate_certs": True,
                        }
                    }
                ).encode(),
                some,
            ),
            spoils(),
        ),
    ),
    short=60,
)  # fmt: skip
def credentials_file(content: bytes) -> None:
    """Options of the right types, or a refusal that quotes no line of the file."""
    with tempfile.NamedTemporaryFile(suffix=".yml") as file:
        file.write(content)
        file.flush()
        found = value_or_refusal(
            resolve,
            {"endpoint": "lab"},
            "ontap",
            PLATFORMS["ontap"].SCOPE,
            environ={"S3_CREDENTIALS_FILE": file.name},
            secrets=[SECRET],
        )
    if not isinstance(found, Refused):
        assert isinstance(found.api_url, str)
        for name in ("api_username", "api_password", "api_token", "proxy", "ca_path"):
            assert isinstance(getattr(found, name), (str, type(None))), name
        assert found.read_timeout > 0
        assert 1 <= found.parallelism <= 64


TRUE_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SignatureDoesNotMatch</Code><Message>No'
    b"</Message><Region>eu-1</Region><ServerTime>2026-11-28T03:00:00Z</ServerTime></Error>"
)
TRUE_LISTING = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
    b"<Contents><Key>a</Key></Contents></ListBucketResult>"
)
XML = st.one_of(
    bodies(),
    st.builds(spoilt, st.sampled_from((TRUE_ERROR, TRUE_LISTING)), spoils()),
    st.builds(
        lambda code, said: (
            b"<Error><Code>%b</Code><Message>%b</Message></Error>"
            % (code.encode("utf-8", "replace"), said.encode("utf-8", "replace"))
        ),
        texts(),
        texts(),
    ),
)


@target(
    "S3 answers", st.tuples(st.sampled_from((200, 301, 400, 403, 503)), XML, texts()), short=100
)
def s3_answers(given: tuple[int, bytes, str]) -> None:
    """What an answer says of a pair; a listing alone accepts it."""
    status, body, header = given
    headers = {"Date": header, "Retry-After": header, "x-amz-bucket-region": header}
    found = verify_reading.read(status, headers, body, listing=True)
    check_text(found.what)
    assert len(found.what) < 600
    if found.outcome == verify_reading.ACCEPTED:
        assert status == 200
        assert b"ListBucketResult" in body
    assert is_moment(found.server_time)
    assert found.region is None or found.region.isascii()
    check_text(found.next_step or "")


@target("answer bodies", st.tuples(bodies(), texts()), short=100)
def answers(given: tuple[bytes, str]) -> None:
    """JSON, or an error that shows the start of what came, and no secret."""
    body, kind = given
    redactor = Redactor()
    redactor.learn(SECRET)
    answer = Answer("GET", f"https://a/{SECRET}", 200, {"Content-Type": kind}, body, redactor)
    found = value_or_refusal(answer.json_object, secrets=[SECRET])
    assert isinstance(found, (dict, Refused))
    check_text(answer.excerpt())
    assert len(answer.excerpt()) <= 123
    answer.json_or_none()


@target("texts for people", st.tuples(texts(), st.integers(2, 50)), short=200)
def shown(given: tuple[str, int]) -> None:
    """A text that acts on nothing and has its bound."""
    text, most = given
    found = visible(text, most)
    check_text(found)
    assert len(found) <= most
    found.encode()


@target(
    "redaction",
    st.tuples(st.text(st.characters(codec=None), min_size=5, max_size=30), texts(), texts()),
    short=100,
)
def redaction(given: tuple[str, str, str]) -> None:
    """No secret stays, in none of the ways to write it."""
    secret, before, after = given
    redactor = Redactor()
    redactor.learn(secret)
    for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], visible(secret, 400)):
        said = redactor.redact(f"{before} {form} {after}")
        if form not in before and form not in after and len(set(form)) > 3:
            assert form not in said, form


@target("account references", texts(), short=100)
def references(text: str) -> None:
    """What was written, said again."""
    assert str(AccountRef.parse(text)) == text
