# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of the fuzz targets: the same inputs each time, a few for each."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import HypothesisWarning

from . import all_targets
from .registry import TARGETS, Target
from .runs import run
from .spoils import Spoil, spoilt
from .texts import DEEP

all_targets.load()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_target_holds(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=target.short,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def holds(value: object) -> None:
        target.check(value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        holds()


@pytest.mark.parametrize("payload", [b"<a><b>c</b></a>", b'{"a": [1]}'], ids=["XML", "JSON"])
@pytest.mark.parametrize("how", ["replace", "twice", "wrap", "deep"])
def test_what_one_spoil_made_deep_is_left_to_it_by_the_next(payload: bytes, how: str) -> None:
    deep = spoilt(payload, [Spoil("deep", 0.9)])
    assert len(deep) > DEEP
    assert spoilt(deep, [Spoil(how, 0.5, [])]) == deep


def test_a_target_that_does_not_hold_is_found_and_made_small() -> None:
    def check(value: object) -> None:
        assert "9" not in str(value)

    found = run(
        Target("toy", TARGETS["durations"].inputs, check, 1),
        first_seed=1,
        examples=500,
        most_seconds=60,
    )

    assert found.inputs > 1
    (told,) = {text for place, text in found.findings.items() if "test_targets.py" in place}
    assert "9" in told
