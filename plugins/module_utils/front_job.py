# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every front gives to an operation, with a platform or without."""

from __future__ import annotations

from typing import Any, Optional

from .clock import Clock
from .liaison import Liaison
from .progress import Progress
from .redaction import Redactor


class BareJob:
    """What an operation gets in any case: options, the clock, the redactor, the mode."""

    def __init__(
        self,
        params: dict[str, Any],
        clock: Clock,
        redactor: Redactor,
        check_mode: bool,
        liaison: Optional[Liaison] = None,
    ) -> None:
        self.params = params
        self.clock = clock
        self.redactor = redactor
        #: Nothing may be changed.
        self.check_mode = check_mode
        is_shown = liaison is not None and params.get("progress", True)
        #: begin(total), then done(result) for each, then end(); shown where somebody watches.
        self.progress = Progress(liaison.tell if liaison and is_shown else None)
        self._liaison = liaison

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds, each with its label.

        Asks the controller, which gives them only to a task with secret_store of type
        ansible_vault. None where nobody can be asked: async, another machine, no Ansible above.
        """
        return [] if self._liaison is None else self._liaison.vault_secrets()
