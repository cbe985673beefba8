# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start all simulators to play with, each with its S3 data plane, until Ctrl-C.

A platform may be asked for several times, and in one of its forms, as in ose:front or ontap:9.14.1.
Everything is served on loopback only, and forgotten at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from . import fleet
from .base import Simulator
from .fleet import Endpoint
from .nightly import write_files

Kind = type[Simulator]
STOPPING = {signal.SIGTERM, signal.SIGINT}


def main(
    arguments: Optional[Sequence[str]] = None, known: Optional[Mapping[str, Kind]] = None
) -> int:
    """Start, tell, wait, stop. known: other systems than the simulators, by their platform."""
    known = known or fleet.platforms()
    options = _parser().parse_args(arguments)
    # Held back until _wait() asks for them, in the threads too, so that every start is a clean one.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        asked = list(options.platform or ())
        if options.others:
            asked += sorted(set(known) - {word.partition(":")[0] for word in asked})
        wanted = _copied(_wanted(asked, options.variant, known), options.copies)
    except LookupError as exc:
        print(exc.args[0], file=sys.stderr)
        return 2
    endpoints: list[Endpoint] = []
    with tempfile.TemporaryDirectory(prefix="simulators-") as folder:
        try:
            for number, (label, simulator, variant) in enumerate(wanted):
                endpoints.append(
                    fleet.start(
                        label,
                        simulator,
                        variant,
                        seed=options.seed,
                        latency=options.latency / 1000,
                        port=options.port + 2 * number if options.port else 0,
                    )
                )
            logins = Path(folder) / "logins.json"
            _write(logins, {one.label: one.options for one in endpoints})
            if options.port_file:
                _write(Path(options.port_file), {one.label: one.as_dict() for one in endpoints})
            commands = write_files(Path(folder), endpoints)
            print(_story(endpoints, logins, commands), flush=True)
            _wait(options.parent_pid)
        except OSError as exc:
            print(f"cannot start: {exc}", file=sys.stderr)
            return 1
        finally:
            for endpoint in endpoints:
                endpoint.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulators", description=__doc__)
    parser.add_argument(
        "--platform",
        action="append",
        metavar="NAME[:VARIANT]",
        help="only this one; may be given several times",
    )
    parser.add_argument(
        "--others", action="store_true", help="beside those named, every other platform too"
    )
    parser.add_argument("--variant", help="the form of those platforms that have it")
    parser.add_argument("--copies", type=int, default=1, metavar="N", help="N of each")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="start with N accounts app-0001 and on, a key each"
    )
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="for every answer")
    parser.add_argument("--port", type=int, default=0, metavar="BASE", help="count ports from here")
    parser.add_argument(
        "--port-file",
        metavar="FILE",
        help="write URLs, logins and pairs there when ready",
    )
    parser.add_argument("--parent-pid", type=int, metavar="PID", help="end when this process has")
    return parser


def _wanted(
    asked: Optional[Sequence[str]], variant: Optional[str], known: Mapping[str, Kind]
) -> list[tuple[str, Kind, Optional[str]]]:
    """Return label, simulator and variant of each one to start. Raises LookupError."""
    wanted = []
    for word in asked or sorted(known):
        name, _unused, own = word.partition(":")
        if name not in known:
            raise LookupError(f"there is no simulator {name!r}, only: {', '.join(sorted(known))}")
        chosen = own or (variant if variant and _has(known[name], variant) else None)
        fleet.variant_of(known[name], chosen)
        label = re.sub(r"[^\w.-]+", "-", f"{name}-{own}") if own else name
        wanted.append((label, known[name], chosen))
    if variant and all(row[2] != variant for row in wanted):
        every = sorted({label for row in wanted for label in row[1].VARIANTS})
        raise LookupError(f"none of them has the variant {variant!r}, only: {', '.join(every)}")
    return wanted


def _copied(
    wanted: list[tuple[str, Kind, Optional[str]]], copies: int
) -> list[tuple[str, Kind, Optional[str]]]:
    """Return each simulator so many times, numbered where there are several."""
    if copies == 1:
        return wanted
    return [
        (f"{label}-{number:02d}", simulator, variant)
        for label, simulator, variant in wanted
        for number in range(1, copies + 1)
    ]


def _has(simulator: Kind, variant: str) -> bool:
    return any(label.startswith(variant) for label in simulator.VARIANTS)


def _write(path: Path, content: object) -> None:
    """Write JSON for the owner's eyes only; whoever sees the file sees all of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(content, handle, indent=1)
    draft.replace(path)


def _wait(parent_pid: Optional[int]) -> None:
    while signal.sigtimedwait(STOPPING, 0.5 if parent_pid else 3600) is None:
        if parent_pid and os.getppid() != parent_pid:
            return


def _story(endpoints: Sequence[Endpoint], logins: Path, commands: Sequence[str]) -> str:
    """Return what a person needs to know."""
    lines = ["", "The simulators are up, on loopback only. Ctrl-C stops them.", ""]
    for one in endpoints:
        login = "  ".join(
            f"{name}={shlex.quote(str(value))}"
            for name, value in sorted(one.options.items())
            if name != "api_url"
        )
        lines += [
            f"  {one.label}" + (f" ({one.variant})" if one.variant not in one.label else ""),
            f"    api_url  {one.options['api_url']}",
            f"    s3_url   {one.s3_url}  (bucket {fleet.BUCKET}{_s3_note(one)})",
            f"    login    {login}",
        ]
        if one.accounts:
            name, (access_key, *_unused) = next(iter(one.accounts.items()))
            lines += [
                f"    accounts {', '.join(one.accounts)}",
                f"    a pair   {access_key} {one.simulator.secret_of(access_key)}  (of {name})",
            ]
        lines.append("")
    return "\n".join([*lines, *_examples(endpoints, logins, commands)])


def _s3_note(one: Endpoint) -> str:
    """Return what an S3 client must be told about the data plane."""
    modes = one.s3_server.simulator.modes
    note = f", region {modes['region']}" if modes["region"] else ""
    return note + {"path": ", path style", "virtual": ", virtual-hosted"}.get(
        modes["addressing"], ""
    )


def _examples(endpoints: Sequence[Endpoint], logins: Path, commands: Sequence[str]) -> list[str]:
    root = Path(__file__).parents[5]
    adhoc = "  ansible localhost -m objectstore.credentials"
    lines = [
        "Try, in another terminal (the file holds the logins, so that no command line does):",
        "",
        f"  export PATH={Path(sys.executable).parent}:$PATH",
        f"  export ANSIBLE_COLLECTIONS_PATH={root}",
        f"  export S3_CREDENTIALS_FILE={logins}",
        "  export S3_ALLOW_EPHEMERAL=true  # all of this is forgotten at the end",
        "",
        "The nightly job, over all of them:",
        "",
        *(f"  {command}" for command in commands),
        "",
        "Single tasks:",
        "",
    ]
    for one in endpoints:
        lines.append(
            f"{adhoc}.s3_credential_info -a 'platform={one.platform} endpoint={one.label} all=true'"
        )
    for one in endpoints:
        spare = [keys[-1] for keys in one.accounts.values() if len(keys) > 1]
        if spare and one.platform in ("ose", "huawei"):
            lines.append(
                f"{adhoc}.s3_credential_status -a 'platform={one.platform} endpoint={one.label}"
                f" access_key={spare[0]} status=inactive'"
            )
    lines += [
        "",
        f"What a server saw, and what it changed:  curl {endpoints[0].server.url}/_simulator/state",
        "",
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
