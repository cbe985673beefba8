# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chat's webhook on this machine, which can be down: a consumer of make demo."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Chat:
    """What was posted, and whether it takes anything."""

    def __init__(self) -> None:
        self.is_up = False
        #: What it took.
        self.posts: list[dict[str, Any]] = []
        #: How many it refused.
        self.refused = 0
        self.url = ""

    def take(self, body: bytes) -> int:
        """Keep a post and return 204, or return 503."""
        if not self.is_up:
            self.refused += 1
            return 503
        self.posts.append(json.loads(body))
        return 204


@contextmanager
def chat() -> Iterator[Chat]:
    """Serve one."""
    told = Chat()

    class Handler(BaseHTTPRequestHandler):
        """Hands posts on."""

        def do_POST(self) -> None:
            """Take a post."""
            status = told.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/hooks/s3"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
