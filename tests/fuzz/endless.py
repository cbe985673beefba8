# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose listings never end: every page is of its API's form, new rows, and one more."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

from .wire import Wire

#: Where the rows of a page stand, in one API or another.
_ROWS = ("records", "keys", "users", "items", "data", "access_keys", "CVS3Stores")
#: What tells accounts, tenants and vaults apart; and keys, whose owner stays who it is.
NAMES = frozenset(
    {"name", "uuid", "id", "user_id", "username", "userURN", "uniqueName", "user_name", "tenant_id"}
    | {"UserName", "UserId"}
)
OF_KEYS = frozenset({"access_key", "access_key_id", "accessKey", "AccessKeyId", "Key"})
_MEMBER = re.compile(rb"<member>.*?</member>", re.DOTALL)
_FIELD = re.compile(rb"<([A-Za-z]+)>([^<]*)<")
_CUT = re.compile(rb"<IsTruncated>false</IsTruncated>")


class EndlessWire(Wire):
    """Hands requests to a simulator, and makes of each page one of a listing without an end.

    where: a pattern of the requests that it does so to, searched in method, URL and body. names:
    what is new in every row.
    """

    def __init__(
        self,
        settings: Any,
        simulator: Any,
        where: str,
        rows: int = 10,
        names: frozenset[str] = NAMES,
    ) -> None:
        super().__init__(settings, simulator)
        self._where = re.compile(where)
        self._most = rows
        self._names = names
        self._number = itertools.count(1_000_000)
        self._first: dict[str, tuple[int, Mapping[str, str], bytes]] = {}
        self.pages = 0

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer once."""
        if not self._where.search(f"{method} {url} {body.decode()}"):
            return super().send(method, url, headers, body)
        # No marker of ours means anything to the simulator: it gave the first page, and that goes
        # on. (A tenant's own listing is another.)
        key = url.partition("?")[0]
        if key not in self._first:
            self._first[key] = super().send(method, url, headers, body)
        status, told, payload = self._first[key]
        self.pages += 1
        is_xml = payload.lstrip().startswith(b"<")
        return status, told, self._xml(payload) if is_xml else self._json(json.loads(payload), url)

    def _json(self, page: Any, url: str) -> bytes:
        number = next(self._number)
        name = next(name for name in _ROWS if isinstance(page.get(name), list))
        pattern = page[name][0] if page[name] else {"name": "made-up"}
        page[name] = [self._row(pattern) for _each in range(self._most)]
        # One of these is what the API goes on by.
        page.update(truncated=True, marker=f"m{number}", numberOfUsers=10**9)
        page["_links"] = {"next": {"href": f"/api/{url.partition('/api/')[2]}&start={number}"}}
        page["links"] = {"next": f"http://127.0.0.1/v3/users?marker={number}"}
        numbers = {"total": 10**9, "next_marker": f"m{number}", "limit": self._most}
        page.update(page_info=numbers, pageInfo=numbers)
        return json.dumps(page).encode()

    def _row(self, pattern: Any) -> Any:
        number = next(self._number)
        if isinstance(pattern, str):
            return f"{pattern}-{number}"
        row = copy.deepcopy(pattern)
        for name in self._names & row.keys():
            row[name] = number if isinstance(row[name], int) else f"{row[name]}{number}"
        return row

    def _xml(self, page: bytes) -> bytes:
        def renamed(found: re.Match[bytes]) -> bytes:
            if found[1].decode() not in self._names:
                return found[0]
            return b"<%s>%s%d<" % (found[1], found[2], next(self._number))

        first = _MEMBER.search(page)
        assert first is not None
        rows = b"".join(_FIELD.sub(renamed, first[0]) for _each in range(self._most))
        more = b"<IsTruncated>true</IsTruncated><Marker>m%d</Marker>" % next(self._number)
        page = page[: first.start()] + rows + page[page.rindex(b"</member>") + 9 :]
        return _CUT.sub(more, page)
