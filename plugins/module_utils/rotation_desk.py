# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all accounts of one endpoint share in a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from .clock import Clock
from .journal import Journal
from .model import Account, Facts
from .platform import Platform
from .stores.base import Place, SecretStore
from .verify import Verifier

if TYPE_CHECKING:
    from .escrow import Escrow


@dataclass(frozen=True)
class Desk:
    """What all accounts of one endpoint share in a run."""

    platform: Platform
    store: SecretStore
    verifier: Verifier
    journal: Journal
    clock: Clock
    run: str
    #: Immutable identifiers of the scope, as the platform reported them.
    scope: Mapping[str, str] = field(default_factory=dict)
    escrow: Optional[Escrow] = None
    #: Nothing is really done: platform and store are stand-ins (see rehearsal).
    is_rehearsal: bool = False

    @property
    def facts(self) -> Facts:
        """What the platform can do."""
        return self.platform.facts

    def now(self) -> dt.datetime:
        """Return the time by the platform's clock."""
        return self.platform.client.platform_now()

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that are to hold an account's pair; the record's own comes first."""
        return self.platform.endpoints

    def place(self, account: Account) -> Place:
        """Return where the account's record lives."""
        return Place(self.platform.name, self.platform.settings.endpoint or "", account.name)
