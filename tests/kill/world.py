# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that outlives its runners: platform, data plane, store, journal, and history.

A world is copied for every case, so that each begins at the same state. It serves its runners over
wires, lets time pass, does what the case's plan says at each step, and notes every moment: what
the platform honours and what the secret store holds, after each change of either.
"""

from __future__ import annotations

import copy
import copyreg
import email.utils
import functools
import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
    Simulator,
)

from . import wire
from .forms import API_PORT, FAR_API_PORT, FAR_S3_PORT, S3_PORT, STORE_PORT, Form
from .keepers import Keeper, files_below
from .plan import Action, Plan
from .virtual import DAY, Memory, WorldClock

# The locks of a copied world are its own, and open.
for _lock in (threading.Lock, threading.RLock):
    copyreg.pickle(type(_lock()), functools.partial(lambda make, _old: (make, ()), _lock))

SUBJECT = "app-0001"
OTHERS = ("app-0002", "app-0003")
#: How steps name the services beside the platform.
_PREFIXES = {S3_PORT: "s3 ", STORE_PORT: "store ", FAR_API_PORT: "far ", FAR_S3_PORT: "far s3 "}
#: What one request takes.
LATENCY = 0.02


@dataclass(frozen=True)
class Key:
    """One key as it truly is at the platform."""

    status: str
    #: None: not honoured.
    secret: Optional[str]


@dataclass(frozen=True)
class Moment:
    """What was true from one change to the next."""

    at: float
    cause: str
    #: The subject's keys.
    keys: dict[str, Key]
    #: What the store holds for the subject, in the store's own form; None: nothing.
    stored: Optional[bytes]
    #: The keys of everybody else, the colleague's in the subject's account included.
    foreign: dict[str, Key]
    #: How many runs were over by then.
    run: int
    #: The subject's keys at a mirror; None: there is no mirror.
    far: Optional[dict[str, Key]] = None


@dataclass
class Step:
    """One thing that a runner did."""

    run: int
    number: int
    kind: str
    label: str
    at: float
    note: str = ""
    #: Changes that the platform made because of it.
    changes: list[str] = field(default_factory=list)


@dataclass
class Landing:
    """A request that a proxy goes on delivering after it gave up on the answer."""

    due: float
    port: int
    request: Request


class World:
    """See the file's head."""

    #: Whether two of them in the same state live on alike; not so with a real system inside.
    is_repeatable = True
    #: Real seconds after which a runner hangs: virtual time makes every wait short.
    patience = 120

    def __init__(self, form: Form, keeper: Keeper, directory: Path) -> None:
        self.form = form
        self.keeper = keeper
        self.memory = Memory()
        self.clock = WorldClock(self.memory)
        self.simulator = form.simulator(self.clock)
        self.data_plane = form.data_plane(self.simulator)
        self.mirror = form.mirror(self.clock)
        self.far_plane = form.data_plane(self.mirror) if self.mirror else None
        self.directory = directory
        self.store_double = keeper.double(self.clock)
        self.ids: dict[str, str] = {}
        #: Access keys that runners may do something to only if the record says so.
        self.planted: set[str] = set()
        self.moments: list[Moment] = []
        self.steps: list[Step] = []
        self.landings: list[Landing] = []
        self.runs = 0
        #: All accounts are worked on, not the subject alone.
        self.is_over_all = False
        self.store_is_dead = False
        #: A runner that is killed is a process, and gets SIGKILL; else it is a thread that never
        #: goes on, which is a hundred times faster.
        self.is_real = False
        #: So many more requests are answered 429.
        self.storm = 0
        #: Access key -> the run that was told of its making.
        self.told: dict[str, int] = {}
        #: What was last answered to a read, and what before the last change.
        self._answers: dict[tuple[int, str], Response] = {}
        self._former: dict[tuple[int, str], Response] = {}
        #: The last step was one that changes files, after the world was told of it.
        self._is_filed = False
        for name in ("store", "journal"):
            (directory / name).mkdir(parents=True)

    # --- its making ----------------------------------------------------------------------------

    def populate(self, subject_keys: int = 1, age: float = 200.0) -> None:
        """Make the accounts, each with a key; a colleague's key where there is room for one."""
        self.clock.offset = -age * DAY
        self.ids[SUBJECT] = self.simulator.add_account(SUBJECT, subject_keys)
        for name in OTHERS:
            self.ids[name] = self.simulator.add_account(name)
        if self.mirror is not None:
            for name in self.ids:
                self.form.alike(self.simulator, self.mirror, name)
            self.far_plane = self.form.data_plane(self.mirror)
        self.clock.offset = 0.0
        # A data plane that hears of changes late has long known these keys.
        self.data_plane = self.form.data_plane(self.simulator)

    def plant(self, name: str = SUBJECT) -> str:
        """Give an account a key that a colleague made, where there is room; return it."""
        before = set(self.simulator.access_keys())
        self.form.plant(self.simulator, self.ids[name])
        (access_key,) = set(self.simulator.access_keys()) - before
        self.planted.add(access_key)
        return access_key

    def copied(self, directory: Path) -> World:
        """Return another world in the same state, with files of its own."""
        shutil.copytree(self.directory, directory)
        memo: dict[int, Any] = {id(each): each for each in (self.form, self.keeper)}
        memo[id(self.memory)] = self.memory.copy()
        memo[id(self.moments)] = list(self.moments)  # none of them ever changes
        world = copy.deepcopy(self, memo)
        world.directory = directory
        return world

    @property
    def roots(self) -> list[str]:
        """The directories whose changes are steps."""
        return [str(self.directory / "store"), str(self.directory / "journal")]

    # --- what is true --------------------------------------------------------------------------

    def forget_steps(self) -> None:
        """Begin a new story."""
        self.steps.clear()
        self._is_filed = False

    def look(self, cause: str) -> None:
        """Note the moment, if anything has changed."""
        ours: dict[str, Key] = {}
        foreign: dict[str, Key] = {}
        for name, number in self.ids.items():
            if self.is_over_all and name != SUBJECT:
                continue
            for access_key, status in self.simulator.keys_of(number).items():
                key = Key(status, self.simulator.secret_of(access_key))
                is_ours = name == SUBJECT and access_key not in self.planted
                (ours if is_ours else foreign)[access_key] = key
        stored = self.keeper.stored(self, SUBJECT)
        far = self._far_keys()
        last = self.moments[-1] if self.moments else None
        if last and (last.keys, last.stored, last.foreign, last.far) == (
            ours,
            stored,
            foreign,
            far,
        ):
            return
        at = self.memory.seconds
        self.moments.append(Moment(at, cause, ours, stored, foreign, self.runs, far))

    def _far_keys(self) -> Optional[dict[str, Key]]:
        if self.mirror is None:
            return None
        return {
            access_key: Key(status, self.mirror.secret_of(access_key))
            for access_key, status in self.mirror.keys_of(SUBJECT).items()
        }

    @property
    def commits(self) -> list[Any]:
        """Every change of the platform, and of the one behind a mirror."""
        return [*self.simulator.commits, *(self.mirror.commits if self.mirror else ())]

    # --- serving -------------------------------------------------------------------------------

    def answer(self, message: tuple[Any, ...], number: int, plan: Plan) -> tuple[Any, ...]:
        """Do what a runner's step asks for, or what the plan says instead."""
        kind = message[0]
        if self._is_filed:
            # What the runner did since its last message: files, which need no answer of ours.
            self.look(f"run {self.runs}, step {number - 1}: {self.steps[-1].label}")
            self._is_filed = False
        if kind == wire.SLEEP:
            self.let_pass(float(message[1]))
            return (wire.GO,)
        label = f"{message[2]} {message[3]}" if kind == wire.HTTP else str(message[1])
        if kind == wire.HTTP:
            # A real gateway is platform and data plane, at a port of its own.
            label = _PREFIXES.get(message[1], "") + label
        step = Step(self.runs, number, kind, label, self.memory.seconds)
        self.steps.append(step)
        self.land()
        action = plan.get(number)
        if action:
            step.note = str(action)
        if kind == wire.HTTP:
            return self._exchange(message, step, action)
        return self._local(step, action)

    def _local(self, step: Step, action: Optional[Action]) -> tuple[Any, ...]:
        self._is_filed = step.label.startswith(("rename", "replace", "write", "unlink", "link"))
        if action and action.name == "store dies":
            self.store_is_dead = True
        if self.store_is_dead and " store" in f" {step.label.partition(' ')[2]}":
            return (wire.FAIL, 5)
        if action is None:
            return (wire.GO,)
        if action.name == "kill before":
            return (wire.DIE,)
        if action.name == "kill half":
            return (wire.DIE, "half")
        if action.name == "error":
            return (wire.FAIL, action.number)
        return (wire.GO,)

    def _exchange(
        self, message: tuple[Any, ...], step: Step, action: Optional[Action]
    ) -> tuple[Any, ...]:
        _unused, port, method, target, headers, body = message
        request = Request(method, target, CaseInsensitive(headers.items()), body)
        self.memory.advance(LATENCY)
        name = action.name if action else ""
        if name == "kill before":
            return (wire.DIE,)
        if name == "store dies":
            self.store_is_dead = True
        if name == "storm":
            assert action is not None
            self.storm = action.number
        if port == STORE_PORT and self.store_is_dead:
            return (wire.LOST, False)
        if name == "store dies after":
            self.store_is_dead = True
        if self.storm:
            self.storm -= 1
            return self._packed(Response(429, None, {"Retry-After": "2"}), port)
        if name == "lost before":
            self.memory.advance(30.0)
            return (wire.LOST, True)
        if name == "status before":
            assert action is not None
            return self._packed(Response(action.number, None, dict(action.headers)), port)
        if name == "late":
            assert action is not None
            self.landings.append(Landing(self.memory.seconds + action.seconds, port, request))
            self.memory.advance(min(action.seconds, 30.0))
            return (wire.LOST, True)
        if name == "stale" and (port, target) in self._former:
            return self._packed(self._former[port, target], port)
        before = self._keys()
        response = self.handle(port, request, step)
        self._remember(port, method, target, response)
        if not name:
            self.told.update(dict.fromkeys(self._keys() - before, self.runs))
        if name == "kill after":
            return (wire.DIE,)
        if name == "lost after":
            self.memory.advance(30.0)
            return (wire.LOST, True)
        if name == "status after":
            assert action is not None
            return self._packed(Response(action.number, None), port)
        if name == "garbage after":
            return self._packed(
                Response(200, b'\x00\xff{"half": ', content_type="application/json"), port
            )
        return self._packed(response, port)

    def _keys(self) -> set[str]:
        """Return the subject's keys at the last moment."""
        return set(self.moments[-1].keys) if self.moments else set()

    def _remember(self, port: int, method: str, target: str, response: Response) -> None:
        """Keep what a listing that lags would still show."""
        is_api = port in (API_PORT, FAR_API_PORT)
        if is_api and method == "GET":
            self._answers[port, target] = response
        elif is_api and self.steps[-1].changes:
            self._former = dict(self._answers)

    def handle(self, port: int, request: Request, step: Optional[Step] = None) -> Response:
        """Let a service answer, and note the moment if that changed anything."""
        service = self._service(port)
        changed = self.mirror if port == FAR_API_PORT and self.mirror else self.simulator
        before = len(changed.commits)
        response = service.handle(request)
        if step is not None:
            step.note += f" -> {response.status}"
            step.changes = [commit.what for commit in changed.commits[before:]]
        if len(changed.commits) > before or port == STORE_PORT:
            self.look(f"{request.method} {request.target.partition('?')[0]}")
        return response

    def _service(self, port: int) -> Simulator:
        if port == S3_PORT:
            return self.data_plane
        if port == STORE_PORT and self.store_double is not None:
            return self.store_double
        if port == FAR_API_PORT and self.mirror is not None:
            return self.mirror
        if port == FAR_S3_PORT and self.far_plane is not None:
            return self.far_plane
        return self.simulator

    def _packed(self, response: Response, port: int) -> tuple[Any, ...]:
        payload = response.payload()
        headers = {
            "Date": email.utils.format_datetime(self.clock.now(), usegmt=True),
            **response.headers,
            "Content-Length": str(len(payload)),
        }
        kind = response.kind()
        if kind:
            headers["Content-Type"] = kind
        return (wire.ANSWER, response.status, headers, payload)

    def after_run(self, action: Optional[Action]) -> None:
        """Mend what was broken for one run, and let happen what lies between two."""
        self.store_is_dead = False
        self.storm = 0
        self.memory.set_wall_error(0.0)
        if action is None:
            return
        if action.name == "passes":
            self.let_pass(action.seconds)
        elif action.name in ("clock ahead", "clock behind"):
            sign = 1 if action.name == "clock ahead" else -1
            self.memory.set_wall_error(sign * action.seconds)

    # --- time ----------------------------------------------------------------------------------

    def let_pass(self, seconds: float) -> None:
        """Let time pass; what is due on the way lands on the way."""
        until = self.memory.seconds + seconds
        for landing in sorted(self.landings, key=lambda each: each.due):
            if landing.due <= until:
                self.memory.advance(landing.due - self.memory.seconds)
                self.land()
        self.memory.advance(until - self.memory.seconds)

    def land(self) -> None:
        """Deliver what is due."""
        for landing in [each for each in self.landings if each.due <= self.memory.seconds]:
            self.landings.remove(landing)
            step = Step(self.runs, -1, "late", landing.request.target, self.memory.seconds)
            self.steps.append(step)
            self.handle(landing.port, landing.request, step)

    def store_files(self) -> dict[str, bytes]:
        """Return what files the store has."""
        return files_below(self.directory / "store")

    def journal_state(self) -> dict[str, bytes]:
        """Return what stands in the journal."""
        return files_below(self.directory / "journal")

    def texts(self, with_store: bool = True) -> str:
        """Return every byte that lies about: output, journal, and the store's files."""
        found = []
        for place, _unused, names in os.walk(self.directory):
            if not with_store and Path(place).is_relative_to(self.directory / "store"):
                continue
            for name in names:
                path = Path(place, name)
                found.append(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}")
        return "\n".join(found)
