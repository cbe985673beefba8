# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every simulated platform is made of: requests, responses, a clock, and counted writes."""

from __future__ import annotations

import datetime as dt
import json
import random
import string
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl, unquote

from .hands import Hands


class SimulatorClock:
    """The platform's clock: this machine's time, moved by as much as a test asks for."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return dt.datetime.fromtimestamp(time.time() + self.offset, dt.timezone.utc)

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self.offset += seconds


class CaseInsensitive(dict[str, str]):
    """Headers, looked up without regard to case, iterated as they were sent."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(pairs)
        self._by_lower = {name.lower(): value for name, value in self.items()}

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header's value."""
        return self._by_lower.get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return self._by_lower[name.lower()]

    def __contains__(self, name: object) -> bool:
        return str(name).lower() in self._by_lower


@dataclass
class Request:
    """One request as it came off the wire."""

    method: str
    #: Path and query as sent, percent-encoding and all.
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path as sent, without the query."""
        return self.target.partition("?")[0]

    @property
    def segments(self) -> list[str]:
        """The path's segments, each decoded; empty ones are left out."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, decoded, in the order sent."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def arg(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """Return the first value of a query parameter."""
        for known, value in self.query:
            if known == name:
                return value
        return default

    def accepts(self, kind: str) -> bool:
        """Tell whether an answer of a media type is welcome; without the header any is."""
        accept = (self.headers.get("Accept") or "*/*").lower()
        offered = {each.partition(";")[0].strip() for each in accept.split(",")}
        return bool(offered & {kind, kind.partition("/")[0] + "/*", "*/*"})

    def is_of(self, kind: str) -> bool:
        """Tell whether the body is said to be of a media type."""
        said = (self.headers.get("Content-Type") or "").lower()
        return said.partition(";")[0].strip() == kind

    def json(self) -> Any:
        """Return the decoded body, or raise BadBody."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise BadBody from None


class BadBody(Exception):  # noqa: N818  # a fact about a request, no defect of ours
    """The request's body is no JSON."""


@dataclass
class Response:
    """One response; a body that is no bytes is sent as JSON, None as nothing."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: Optional[str] = None

    def payload(self) -> bytes:
        """Return the body as bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()

    def kind(self) -> Optional[str]:
        """Return the content type."""
        if self.content_type or self.body is None:
            return self.content_type
        return "text/plain" if isinstance(self.body, (bytes, str)) else "application/json"


@dataclass(frozen=True)
class Commit:
    """A change that the simulated platform made."""

    at: dt.datetime
    what: str


@dataclass(frozen=True)
class Variant:
    """One form of a platform that the contract suite runs over: a release, a flavour, a build."""

    #: Modes of the simulator.
    modes: Mapping[str, Any] = field(default_factory=dict)
    #: Module options beside api_url: the login and the scope.
    options: Mapping[str, Any] = field(default_factory=dict)


class Simulator:
    """One simulated platform. handle() runs under a lock, one request at a time.

    modes: the behaviours it offers where public facts conflict or are missing (see MODES).
    """

    #: The platform's name, as the platform option has it.
    name = ""
    #: Mode name -> (default, what the modes mean). The tests and the closing note count these.
    MODES: Mapping[str, tuple[Any, str]] = {}
    #: The forms that the contract suite runs over, by a label. At least one.
    VARIANTS: Mapping[str, Variant] = {}
    #: Path below the server's URL that belongs into api_url ("/commandcenter/api") and login_url.
    BASE_PATH = ""
    #: The URL of a data plane of its own, for what is a real system behind this face.
    own_s3_url: Optional[str] = None
    #: The user that logs in, where the platform lists it among the others.
    OWN_USER: Optional[str] = None
    #: Module options that only a running world knows, such as a login that was made for it.
    login: Mapping[str, Any] = {}
    #: What people do at it behind the API's back, as far as it can be done.
    HANDS: type[Hands] = Hands
    #: What its identifiers are drawn from: repeatable, and alike in two worlds of one class.
    SEED = 7

    @classmethod
    def another(cls) -> type[Simulator]:
        """Return the same simulator for a second world beside the first, with other identifiers."""
        return type(cls.__name__, (cls,), {"SEED": cls.SEED + 1})

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        unknown = set(modes) - set(self.MODES)
        if unknown:
            raise TypeError(f"{self.name} simulator has no mode {', '.join(sorted(unknown))}")
        self.clock = clock or SimulatorClock()
        self.modes: dict[str, Any] = {
            name: default for name, (default, _unused) in self.MODES.items()
        }
        self.modes.update(modes)
        self.lock = threading.RLock()
        self.random = random.Random(self.SEED)
        self.commits: list[Commit] = []
        #: Called after every change, under the lock; the S3 data plane notes what comes and goes.
        self.observers: list[Callable[[], None]] = []

    @property
    def writes(self) -> int:
        """How many changes were made so far."""
        return len(self.commits)

    def commit(self, what: str) -> None:
        """Note a change; called at the moment the simulated platform's state changes."""
        self.commits.append(Commit(self.clock.now(), what))
        for observe in self.observers:
            observe()

    def hands(self) -> Hands:
        """Return the hands of its people."""
        return self.HANDS(self)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        raise NotImplementedError

    def seen_as(self, request: Request) -> tuple[str, str]:
        """Return the method and target that faults and the log know a request by: as it was sent.

        Where every request is a POST to one path, what it does and to whom instead.
        """
        return request.method, request.target

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key if this pair is honoured by the data plane right now, else None."""
        raise NotImplementedError

    def shut_out(self, access_key: str) -> Optional[tuple[str, str]]:
        """Return secret key and code, where whoever signs right is told why the pair is refused."""
        return None

    def seed(self, accounts: int = 4, prefix: str = "app") -> None:
        """Fill the world with accounts named <prefix>-0001 and on, each with a key; no commits."""
        for number in range(1, accounts + 1):
            self.add_account(f"{prefix}-{number:04d}")

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make an account behind the API's back; return its identifier.

        access_keys: how many keys it is born with, as far as the platform has room. Raises
        ValueError for a taken name where names are unique.
        """
        raise NotImplementedError

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true: access key -> "active" or "inactive", shown by the API or not."""
        raise NotImplementedError

    def name_of(self, access_key: str) -> str:
        """Return what a listing shows a key by: the access key, unless the API hides it there."""
        return access_key

    def access_keys(self) -> list[str]:
        """Return every access key of this world, active or not."""
        raise NotImplementedError

    def secrets(self) -> list[str]:
        """Return every secret of this world: secret keys, passwords, tokens. For leak checks."""
        raise NotImplementedError

    def token(self, length: int, alphabet: str = string.ascii_uppercase + string.digits) -> str:
        """Return a made-up identifier or secret."""
        return "".join(self.random.choices(alphabet, k=length))

    def iso(self, moment: Optional[dt.datetime] = None, fraction: bool = False) -> str:
        """Return a time as platforms print it."""
        moment = moment or self.clock.now()
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + (
            f".{moment.microsecond:06d}Z" if fraction else "Z"
        )
