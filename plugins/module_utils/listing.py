# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bound on a listing: a server may bring another page of new rows for as long as it is asked.

That a page repeats what came before is seen by who reads the pages; a listing that never repeats
itself and never ends is seen only by how much it was.
"""

from __future__ import annotations

from typing import Callable

from .errors import CredentialsError

#: A million accounts with two keys each, on pages of a hundred, a kilobyte for every row.
MOST_ROWS = 2_000_000
MOST_PAGES = 20_000
MOST_BYTES = 2 * 1024 * 1024 * 1024

_NEXT_STEP = (
    "Check that api_url leads to the platform itself: something on the way seems to make rows up."
    " If there really are so many, have the endpoint show fewer at once (a tenant, an SVM, a path)."
)


class Listing:
    """Counts what the pages of one listing bring. Told once for each page, so a row costs nothing.

    Not to be shared by threads. fail: makes the error (Platform.fail, or a secret store's).
    """

    def __init__(
        self,
        fail: Callable[..., CredentialsError],
        doing: str,
        *,
        kind: str = "malformed_answer",
        next_step: str = _NEXT_STEP,
    ) -> None:
        self._fail = fail
        self._doing = doing
        self._kind = kind
        self._next_step = next_step
        self._rows = self._pages = self._bytes = 0

    def page(self, rows: int, size: int) -> None:
        """Count a page of so many rows and bytes. Raises kind where it is too much."""
        self._pages += 1
        self.more(rows, size)

    def more(self, rows: int, size: int) -> None:
        """Count what was asked for because of a page's rows; see page()."""
        self._rows += rows
        self._bytes += size
        if self._rows > MOST_ROWS or self._pages > MOST_PAGES or self._bytes > MOST_BYTES:
            raise self._fail(
                self._kind,
                f"This listing does not end ({self._doing}): {self._rows} rows and"
                f" {self._bytes // 1048576} MiB on {self._pages} pages so far, where"
                f" {MOST_ROWS} rows, {MOST_BYTES // 1048576} MiB and {MOST_PAGES} pages are the"
                " most that is read.",
                next_step=self._next_step,
            )
