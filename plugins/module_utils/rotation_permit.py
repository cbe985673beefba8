# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a thread may send a write right now, asked by the client before each of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rotation_case import Case


class Permit:
    """The right of this thread to send a write right now; see Client.may_write."""

    _of_thread = threading.local()

    @classmethod
    def check(cls) -> None:
        """Raise busy unless the case that this thread works on may write. Sends nothing."""
        case: Case | None = getattr(cls._of_thread, "case", None)
        if case is not None:
            case.require_lease()

    @classmethod
    def grant(cls, case: Case | None) -> None:
        """Make a case the one that this thread works on."""
        cls._of_thread.case = case
