# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's operators have decided: options, policies, which secret store. Drawn once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.objectstore.credentials.tests.kill.virtual import DAY

from .referee import Periods
from .site import Site

#: The usual days: short, so that weeks hold many rotations.
_MAX_AGE, _GRACE, _SOAK, _BEFORE = 30.0, 3.0, 3.0, 5.0
_WEEKEND = (5, 6)


class Program:
    """The options of every run at a site."""

    def __init__(self, site: Site, dice: random.Random) -> None:
        self.site = site
        self.is_explicit = dice.random() < 0.3 and site.facts.shows_access_key
        self.adopt = dice.choice(("rotate", "rotate", "report"))
        self.max_failures = dice.choice((3, 10, 1000))
        self.canary = dice.choice((0, 0, 1))
        self.has_windows = not site.facts.overlap and dice.random() < 0.5
        self.spread = dice.choice(("0s", "4d"))
        self.excepted_days = dice.choice((0, 40))
        self.shards = 1

    def usual(self, **more: Any) -> dict[str, Any]:
        """Return the options of an ordinary run over all."""
        facts = self.site.facts
        options: dict[str, Any] = {
            "all": True,
            "adopt": self.adopt,
            "allow_side_effects": True,
            "report_unchanged": True,
            "max_age": f"{_MAX_AGE:.0f}d",
            "grace_period": f"{_GRACE:.0f}d",
            "soak_period": f"{_SOAK:.0f}d",
            "rotate_before": f"{_BEFORE:.0f}d",
            "spread": self.spread,
            "canary": self.canary,
            "max_failures": self.max_failures,
            "policies": self._policies(),
            **more,
        }
        if self.is_explicit:
            options.setdefault("acknowledge", "explicit")
        if "email" in facts.secret_comes_back:
            options["key_delivery"] = "email" if self.site.form.mails_pairs else "inline"
        if not facts.overlap:
            options["allow_disruption"] = True
        return options

    def named(self, name: str, **more: Any) -> dict[str, Any]:
        """Return the options of a run over one account."""
        options = self.usual(users=[name], **more)
        del options["all"]
        return options

    def _policies(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            {"match": "app-*1", "max_age": "21d", "grace_period": "2d"},
            {"match": "app-*2", "soak_period": "1d", "owner": "billing"},
        ]
        if self.has_windows:
            found.append({"match": "app-*3", "window": "sat,sun 00:00-23:59"})
        if self.excepted_days:
            exception = {"reason": "frozen", "approver": "board", "until": "2026-02-10"}
            found.append({"match": "app-*4", "exception": exception})
        return found

    def periods(self, name: str) -> Periods:
        """Return the days of an account, read by another reader than the engine's."""
        last = name[-1]
        if last == "1":
            return Periods(21.0, 2.0, _SOAK)
        if last == "2":
            return Periods(_MAX_AGE, _GRACE, 1.0)
        if last == "3" and self.has_windows:
            return Periods(_MAX_AGE, _GRACE, _SOAK, _WEEKEND)
        if last == "4" and self.excepted_days:
            return Periods(_MAX_AGE, _GRACE, _SOAK, None, self.excepted_days * DAY)
        return Periods(_MAX_AGE, _GRACE, _SOAK)


class AllPeriods(Mapping[str, Periods]):
    """The days of every account, also of those that come later."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __getitem__(self, name: str) -> Periods:
        return self._program.periods(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._program.site.lives)

    def __len__(self) -> int:
        return len(self._program.site.lives)
