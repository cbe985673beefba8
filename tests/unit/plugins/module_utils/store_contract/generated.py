# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of every shape that the form allows, made by Hypothesis."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    Decommission,
    HeldKey,
    Hold,
    KeyIntent,
    PastRotation,
    Pending,
    Record,
    Secret,
)

#: Texts of platforms: every character but lone surrogates, which no encoding can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
#: Texts that a careless reader takes for something else.
TRAPS = st.sampled_from(
    (
        *("null", "~", "true", "no", "on", "yes", "1", "0x1f", "1e3", "1_000", ".inf", "12:30:45"),
        *("2026-01-02", "2026-01-02T03:04:05Z", "- a", "a: b", "a #b", "#", "'", '"', "!vault |"),
        *("{{ 7 }}", "{% if %}", "{# #}", "&a", "*a", "<<", "---", "...", "|", ">", "%YAML", "@"),
        *(" lead", "trail ", "a\n\nb", "\t", "\r\n", "\x00", "\x7f", "\x85", "\u2028", "\ufeff"),
        *("\ud7ff", "\ue000", "\ufffe", "\U0001f600", "\\", "\\n", "\\u0041", "[]", "{}", "[1, 2]"),
    )
)
TEXT = st.one_of(TRAPS, TEXTS)
#: The document keeps whole seconds.
TIMES = st.datetimes(
    dt.datetime(1990, 1, 1), dt.datetime(2199, 1, 1), timezones=st.just(dt.timezone.utc)
).map(lambda moment: moment.replace(microsecond=0))
SECRETS = TEXT.map(Secret)
MAYBE_TIME = st.none() | TIMES
MAYBE_TEXT = st.none() | TEXT
NUMBERS = st.integers(-(2**40), 2**40)
#: What JSON and YAML both keep as it is.
FACTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(-1e18, 1e18, allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def held_keys() -> st.SearchStrategy[HeldKey]:
    """Make held keys."""
    return st.builds(
        HeldKey,
        access_key=MAYBE_TEXT,
        secret=st.none() | SECRETS,
        origin=st.sampled_from(("issued", "imported", "adopted", "delivered")),
        rotation_id=MAYBE_TEXT,
        created_at=MAYBE_TIME,
        expires_at=MAYBE_TIME,
        slot=st.none() | st.integers(0, 9),
        verified_at=MAYBE_TIME,
        promoted_at=MAYBE_TIME,
        acknowledged_at=MAYBE_TIME,
        disabled_at=MAYBE_TIME,
        disabled_in=MAYBE_TEXT,
        compromised=MAYBE_TEXT,
    )


def pendings() -> st.SearchStrategy[Pending]:
    """Make rotations under way."""
    texts = st.lists(TEXT, max_size=3).map(tuple)
    return st.builds(
        Pending,
        rotation_id=TEXT,
        started_at=TIMES,
        run=TEXT,
        attempt=TEXT,
        step=st.sampled_from(("intended", "kept", "withdrawn")),
        why=st.just("") | TEXT,
        keys_before=texts,
        replaces=texts,
        repairs=st.just("") | TEXT,
        access_key=MAYBE_TEXT,
        secret=st.none() | SECRETS,
        created_at=MAYBE_TIME,
    )


def records(platform: str, endpoint: str, account: str) -> st.SearchStrategy[Record]:
    """Make records of one account."""
    texts = st.lists(TEXT, max_size=3).map(tuple)
    entry: st.SearchStrategy[dict[str, Any]] = st.dictionaries(TEXT, FACTS, min_size=1, max_size=4)
    return st.builds(
        Record,
        platform=st.just(platform),
        endpoints=st.just((endpoint,)),
        account=st.just(account),
        account_id=MAYBE_TEXT,
        scope=st.dictionaries(TEXT, TEXT, max_size=2),
        current=st.none() | held_keys(),
        pending=st.none() | pendings(),
        retiring=st.lists(held_keys(), max_size=3).map(tuple),
        intent=st.none()
        | st.builds(
            KeyIntent,
            action=st.sampled_from(("disable", "enable", "delete")),
            access_key=TEXT,
            started_at=TIMES,
            run=TEXT,
        ),
        rotations=st.lists(
            st.builds(PastRotation, rotation_id=TEXT, outcome=TEXT, at=TIMES), max_size=2
        ).map(tuple),
        held=st.none() | st.builds(Hold, since=TIMES, reason=TEXT, until=MAYBE_TIME),
        decommission=st.none()
        | st.builds(Decommission, since=TIMES, reason=TEXT, done_at=MAYBE_TIME),
        lost_labels=texts,
        suspects=texts,
        outbox=st.lists(entry, max_size=2).map(tuple),
        run=MAYBE_TEXT,
    )
