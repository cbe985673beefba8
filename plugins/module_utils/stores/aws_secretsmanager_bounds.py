# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds on what answers to boto3: it reads for as long as something comes, and looks at no clock.

botocore has no option for it, so the connections of its session are of a class whose answers end,
as those to a platform are. A hook on events comes too late: by then the answer is in memory.
"""

from __future__ import annotations

from typing import Any, Callable

from ..transport_bounds import bounded_response
from ..transport_errors import TransportError

#: A secret has 64 KiB, and a page of a hundred with all their tags some megabytes.
LARGEST_ANSWER = 8 * 1024 * 1024
#: Seconds after which an answer that still arrives is given up, unless the time-out is long.
_LONGEST_ANSWER = 60.0

Create = Callable[..., Any]


def bounded_clients(create_client: Create, timeout: float) -> Create:
    """Return what makes clients as create_client of a botocore session, with answers that end."""

    def create(*args: Any, **kwargs: Any) -> Any:
        client = create_client(*args, **kwargs)
        _bound(client._endpoint.http_session, max(_LONGEST_ANSWER, 4 * timeout))
        return client

    return create


def _bound(session: Any, seconds: float) -> None:
    """Have a botocore.httpsession.URLLib3Session make bounded connections; it has none yet."""
    response_class = bounded_response(seconds, LARGEST_ANSWER)
    pools = {}
    for scheme, pool in session._pool_classes_by_scheme.items():
        connection = type(
            "Bounded", (pool.ConnectionCls,), {"response_class": response_class, "__doc__": None}
        )
        pools[scheme] = type("BoundedPool", (pool,), {"ConnectionCls": connection})
    session._pool_classes_by_scheme = pools
    session._manager.pool_classes_by_scheme = pools


def why_given_up(exc: Any) -> str | None:
    """Return why an answer was given up because of its bounds, or None where it was not."""
    while exc is not None:
        if isinstance(exc, TransportError):
            return exc.reason
        exc = getattr(exc, "kwargs", {}).get("error") or exc.__cause__ or exc.__context__
    return None
