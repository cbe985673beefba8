# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Ceph cluster of one node: a monitor, an object store in memory, and S3 gateways.

It listens on loopback only, keeps everything below one directory, and ends with the process that
started it. Its packages: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional

from ansible_collections.objectstore.credentials.tests.simulators.processes import (
    end_with_parent,
    free_ports,
)
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates

PROGRAMS = ("ceph-mon", "ceph-osd", "ceph", "monmaptool", "radosgw", "radosgw-admin")
HOW_TO_GET = (
    "no Ceph here: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd"
    " (REQUIRE_CEPH=1 makes this an error)"
)
#: Seconds that anything here may take: a start that hangs ends by itself.
LONGEST = 240.0
#: Who makes the world and looks at it, behind the back of what is tested.
LAB, LAB_ACCESS_KEY, LAB_SECRET_KEY = (
    "lab",
    "CEPHLAB0000000000001",
    "CephLab0secret0of0whoever0looks0behind01",
)

_GLOBAL = """\
[global]
fsid = {fsid}
mon host = [v1:127.0.0.1:{port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
osd objectstore = memstore
memstore device bytes = 1073741824
ms bind msgr2 = false
run dir = {place}/run
admin socket = {place}/run/$name.$pid.asok
log file = {place}/log/$name.log
crash dir = {place}/crash
keyring = {place}/keyring
[mon]
mon data = {place}/mon
mon initial members = a
mon cluster log file = {place}/log/cluster.log
mon data avail crit = 1
mon data avail warn = 2
[mon.a]
host = localhost
[osd]
osd data = {place}/osd
osd journal = {place}/osd/journal
osd memory target = 939524096
osd class update on start = false
osd crush update on start = false
osd op num shards = 1
osd op num threads per shard = 1
osd heartbeat grace = 60
"""
# Small answers wait for nothing: without tcp_nodelay each takes 40 ms.
_GATEWAY = """\
[client.{name}]
rgw frontends = beast endpoint=127.0.0.1:{port} ssl_endpoint=127.0.0.1:{tls_port} \
ssl_certificate={certificate} ssl_private_key={key} tcp_nodelay=1
rgw data = {place}/{name}
rgw thread pool size = 32
rgw enable gc threads = false
rgw enable lc threads = false
rgw dynamic resharding = false
rgw run sync thread = false
"""


class LabError(Exception):
    """The cluster did not come up, or one of its programs failed."""


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def is_required() -> bool:
    """Tell whether its absence is an error, as in .ci/run."""
    return os.environ.get("REQUIRE_CEPH", "") not in ("", "0")


class Gateway:
    """One running S3 gateway with the Admin Ops API."""

    def __init__(self, name: str, port: int, tls_port: int, ca_path: str) -> None:
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.tls_url = f"https://127.0.0.1:{tls_port}"
        self.ca_path = ca_path


class Cluster:
    """One cluster. Use as a context manager, or start() and stop()."""

    def __init__(self, directory: Optional[Path] = None) -> None:
        self._is_own = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="ceph-lab-"))
        self._conf = self.directory / "ceph.conf"
        self._programs: list[subprocess.Popen[bytes]] = []
        self._certificates: Optional[Certificates] = None
        self.gateways: list[Gateway] = []

    def start(self, options: Optional[Mapping[str, str]] = None) -> Cluster:
        """Start monitor, object store and a first gateway, and make the administrator."""
        if missing():
            raise LabError(HOW_TO_GET)
        try:
            self._start_stores()
            # Before the gateway: it would make the same pools at the same time.
            self.admin(
                *("user", "create", f"--uid={LAB}", "--display-name=Lab"),
                *(f"--access-key={LAB_ACCESS_KEY}", f"--secret-key={LAB_SECRET_KEY}"),
                "--caps=users=*;buckets=*",
            )
            self.add_gateway(options=options)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every program, the gateways first, and remove the directory if it was made here."""
        for signal_number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            running = [one for one in reversed(self._programs) if one.poll() is None]
            for one in running:
                one.send_signal(signal_number)
            until = time.monotonic() + patience
            for one in running:
                try:
                    one.wait(max(0.05, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    continue
        self._programs.clear()
        self.gateways.clear()
        if self._is_own:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        exc: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    @property
    def gateway(self) -> Gateway:
        """The first gateway."""
        return self.gateways[0]

    def add_gateway(
        self, name: str = "rgw", options: Optional[Mapping[str, str]] = None
    ) -> Gateway:
        """Start a gateway. options: more of its settings, as ceph.conf has them."""
        if self._certificates is None:
            place = self.directory / "tls"
            place.mkdir(mode=0o700)
            self._certificates = Certificates(place)
        certificate, key = self._certificates.good.chain
        port, tls_port = free_ports(2)
        text = _GATEWAY.format(
            name=name,
            port=port,
            tls_port=tls_port,
            certificate=certificate,
            key=key,
            place=self.directory,
        )
        for option, value in (options or {}).items():
            text += f"{option} = {value}\n"
        (self.directory / name).mkdir(exist_ok=True)
        with self._conf.open("a", encoding="utf-8") as stream:
            stream.write(text)
        program = self._spawn("radosgw", "-n", f"client.{name}")
        gateway = Gateway(name, port, tls_port, self._certificates.ca.cert_path)
        _wait_for(lambda: answers(port), f"gateway {name}", program, self.directory)
        self.gateways.append(gateway)
        return gateway

    def admin(self, *arguments: str) -> str:
        """Run radosgw-admin, which works below the API, and return what it says."""
        return self._run("radosgw-admin", *arguments)

    # --- what it is made of ----------------------------------------------------------------------

    def _start_stores(self) -> None:
        place = self.directory
        for name in ("mon", "osd", "run", "log", "crash"):
            (place / name).mkdir(parents=True, exist_ok=True)
        fsid, (port,) = str(uuid.uuid4()), free_ports(1)
        self._conf.write_text(_GLOBAL.format(fsid=fsid, port=port, place=place), encoding="utf-8")
        (place / "keyring").write_text("", encoding="utf-8")
        monmap = str(place / "monmap")
        address = f"[v1:127.0.0.1:{port}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        monitor = ("ceph-mon", "-i", "a")
        self._run(*monitor, "--mkfs", "--monmap", monmap, "--keyring", str(place / "keyring"))
        program = self._spawn(*monitor)
        _wait_for(self._has_quorum, "the monitor", program, place)
        # The same uuid for both, or the object store is a stranger to its monitor.
        store = str(uuid.uuid4())
        number = self._ask("osd", "create", store).strip()
        self._run("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", store)
        self._ask("osd", "crush", "add", f"osd.{number}", "1.0", "root=default", "host=localhost")
        program = self._spawn("ceph-osd", "-i", number)
        _wait_for(self._is_up, "the object store", program, place)

    def _ask(self, *words: str) -> str:
        """Send a command that may be sent twice; a monitor that is busy first says EPERM."""
        until = time.monotonic() + LONGEST
        while True:
            try:
                return self._run("ceph", *words)
            except LabError as exc:
                if "EPERM" not in str(exc) or time.monotonic() > until:
                    raise
                time.sleep(1)

    def _has_quorum(self) -> bool:
        try:
            status = json.loads(self._run("ceph", "--connect-timeout=2", "quorum_status"))
        except (LabError, ValueError):
            return False
        return bool(status.get("quorum_names"))

    def _is_up(self) -> bool:
        status = json.loads(self._ask("osd", "stat", "--format=json"))
        return bool(status.get("num_up_osds"))

    def _run(self, program: str, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [program, "-c", str(self._conf), *arguments]
                if program != "monmaptool"
                else [program, *arguments],
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{program} {arguments[0]} took more than {LONGEST:.0f} s") from None
        if done.returncode:
            raise LabError(f"{program} {' '.join(arguments[:3])}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        output = open(self.directory / "log" / f"{program}.out", "ab")  # noqa: SIM115  # theirs
        with output:
            started = subprocess.Popen(
                [program, "-c", str(self._conf), "-f", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for us; stop() ends them in order.
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self._programs.append(started)
        return started


def answers(port: int) -> bool:
    """Tell whether something speaks HTTP on a port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _wait_for(
    is_there: Callable[[], bool], what: str, program: subprocess.Popen[bytes], directory: Path
) -> None:
    until = time.monotonic() + LONGEST
    while not is_there():
        if program.poll() is not None:
            raise LabError(f"{what} ended with {program.returncode}:\n{_last_words(directory)}")
        if time.monotonic() > until:
            raise LabError(f"{what} is not up after {LONGEST:.0f} s:\n{_last_words(directory)}")
        time.sleep(0.1)


def _last_words(directory: Path) -> str:
    logs = sorted((directory / "log").glob("*"), key=lambda path: path.stat().st_mtime)
    return "\n".join(
        f"{path.name}: {path.read_text(errors='replace')[-1000:]}" for path in logs[-2:]
    )
