# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: what a module call does, in a forked process that may be killed at any step."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import (
    Settings,
    resolve,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    SecretStore,
    StoreContext,
)

from . import hooks, wire
from .virtual import RunnerClock

if TYPE_CHECKING:
    from .world import World


@dataclass
class Runtime:
    """What one run works with."""

    #: Option name -> value, in the words of the module.
    wanted: Mapping[str, Any]
    settings: Settings
    client: Client
    platform: Platform
    #: The option secret_store, and what opens a toy's.
    store_options: Mapping[str, Any]
    open_store: Callable[[], SecretStore]
    verify: Mapping[str, Any]
    journal_path: str
    redactor: Redactor
    clock: RunnerClock
    run: str
    #: The option mirrors.
    mirrors: Sequence[Mapping[str, Any]] = ()


#: Does what a run wants, and returns what the module would: {"accounts": [...], ...}.
Engine = Callable[[Runtime], dict[str, Any]]


class HungError(BaseException):
    """A run within the world's own process took too long."""


def start(world: World, engine: Engine, wanted: Mapping[str, Any], name: str) -> tuple[int, Any]:
    """Fork a runner; return its process and the world's end of the wire."""
    ours, theirs = wire.pair()
    process = os.fork()
    if process:
        theirs.close()
        return process, ours
    try:
        ours.close()
        gc.disable()
        output = os.open(world.directory / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(world.patience)
        line = wire.Line(theirs)
        line.ask(wire.DONE, json.dumps(work(world, engine, wanted, name, line), default=str))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(70)


def work(
    world: World, engine: Engine, wanted: Mapping[str, Any], name: str, line: wire.Line
) -> dict[str, Any]:
    """Do what a module call does, over a wire; return its result."""

    options = {**world.form.options(world.simulator)}
    redactor = Redactor()
    clock = RunnerClock(world.memory, lambda seconds: line.ask(wire.SLEEP, seconds))
    check_mode = bool(wanted.get("check_mode"))
    platform_class = PLATFORMS[world.form.platform]
    hooks.connect(line, world.roots, clock.run_due)
    try:
        settings = resolve(options, platform_class.name, platform_class.SCOPE, environ={})
        client = Client(
            settings,
            redactor,
            clock,
            check_mode=check_mode,
            allow_side_effects=bool(wanted.get("allow_side_effects")),
        )
        directory = world.directory / "store"

        def open_store() -> SecretStore:
            context = StoreContext(clock, redactor, name, check_mode=check_mode, parallelism=1)
            return world.keeper.open(directory, context)

        platform = platform_class(settings, client)
        runtime = Runtime(
            wanted,
            settings,
            client,
            platform,
            world.keeper.options(directory),
            open_store,
            world.form.verify(),
            str(world.directory / "journal"),
            redactor,
            clock,
            name,
            world.form.mirrors(world.simulator),
        )
        return engine(runtime)
    except CredentialsError as exc:
        failure = redactor.redact_all(exc.failure())
        result = {"msg": redactor.redact(exc.message), "failure": failure, "accounts": []}
        if exc.kind == "internal":
            result["traceback"] = traceback.format_exc()
        return result
    finally:
        hooks.disconnect()
