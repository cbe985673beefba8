# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of make demo: those that an operator writes, and those that runs leave."""

from __future__ import annotations

import configparser
import json
import secrets
from pathlib import Path
from typing import Any

from demo_run import FLEET, Run, Runner
from demo_world import World
from terminal import Terminal

Pair = tuple[str, str]
#: The accounts that the fleet's file leaves under management.
ACCOUNTS = ("billing", "cameras", "logs")
#: The other ones: they are rotated elsewhere.
EXCLUDED = ["backup", "reports"]
#: Whom the accounts belong to; the report says it.
OWNERS = {"billing": "Finance", "cameras": "Facilities", "logs": "Platform team"}
#: Endpoint -> the consumer that has its pairs in a file.
FILES = {"huawei": "backup-server", "commvault": "media-server"}
CHAT = "team-chat"
_SECRET = ("api_password", "api_secret_key", "api_token")
#: What stands in the file of logins, not in the inventory.
_LOGIN = (*_SECRET, "api_username", "api_access_key")
#: Where secrets are meant to be.
_PRIVATE = ("ports.json", "logins.json", "vault-password")


class Demo(Runner):
    """The story's hands: runs, what they left, and the claims that are held against the world."""

    def __init__(self, world: World, folder: Path, terminal: Terminal, chat: str) -> None:
        super().__init__(world, folder, terminal)
        self.mismatches: list[str] = []
        self._password = secrets.token_urlsafe(24)
        #: Records that were opened: the text of each to its pair.
        self._opened: dict[str, Pair] = {}
        #: Every secret that there ever was.
        self._secrets = {self._password, *world.secrets()}
        self.logins = {
            name: {k: v for k, v in one["options"].items() if k in _LOGIN}
            for name, one in world.endpoints.items()
        }
        for login in self.logins.values():
            self._secrets |= {login[name] for name in _SECRET if name in login}
        for one in world.endpoints.values():
            self._secrets |= set(one["pairs"].values())
        (folder / "consumers").mkdir(mode=0o700)
        self.private("logins.json", self.logins)
        self.private("vault-password", self._password + "\n")
        self._write_fleet(chat)

    # --- claims ----------------------------------------------------------------------------------

    def check(self, what: str, told: Any, true: Any) -> bool:
        """Compare what is told with what is true, and remember a mismatch."""
        if told != true:
            self.mismatches.append(f"{what}: expected {told}, found {true}")
        return bool(told == true)

    def verdict(self, right: bool, text: str) -> None:
        """Tell what was held against the simulators."""
        mark = self.out.style("✓", "green") if right else self.out.style("✗", "red")
        self.out.line(f"  {mark} {text}")

    def took(self, run: Run) -> None:
        """Tell how long a run took."""
        cpu = f", {run.cpu:.1f} s of CPU" if run.code >= 0 else ""
        self.out.line(self.out.style(f"  {run.seconds:.1f} s{cpu}", "dim"))

    def count_working(self) -> int:
        """Return how many pairs in the secret store S3 takes."""
        stored = self.all_stored().items()
        return sum(self.world.honours(name, pair) == "works" for (name, _account), pair in stored)

    # --- what an operator writes -----------------------------------------------------------------

    def _write_fleet(self, chat: str) -> None:
        import yaml

        defaults = {
            "secret_store": {
                "type": "ansible_vault",
                "path": str(self.folder / "secrets"),
                "vault_password_file": str(self.folder / "vault-password"),
            },
            "max_age": "90d",
            "exclude": EXCLUDED,
            # In place the old key dies with the call. Here nobody minds.
            "allow_disruption": True,
            # All of it is gone with the demo, wherever it runs.
            "allow_ephemeral": True,
            # One account after the other, so that it is clear where a kill hits.
            "parallelism": 1,
            # Nothing stands between: an answer that was lost lands within a second or never.
            "settle": "1s",
            "policies": [{"name": name, "owner": owner} for name, owner in OWNERS.items()],
            "vars": {
                "s3_rotate_report_dir": str(self.folder / "report"),
                "s3_rotate_disruption_batch": len(ACCOUNTS),
            },
        }
        endpoints = {}
        for name, one in self.world.endpoints.items():
            scope = {k: v for k, v in one["options"].items() if k not in _LOGIN}
            endpoints[name] = {"platform": one["platform"], **scope, "s3_url": one["s3_url"]}
            consumers: list[dict[str, Any]] = []
            if name in FILES:
                file = {"template": "rclone", "dest": str(self._file_of(name))}
                consumer = {"name": FILES[name], "uses": "files", "files": [file]}
                consumers.append({**consumer, "s3_url": one["s3_url"]})
            if name == "huawei":
                consumers.append({"name": CHAT, "uses": "webhook", "url": chat})
            if consumers:
                endpoints[name]["vars"] = {"s3_rotate_consumers": consumers}
        endpoints["commvault"].update(bucket="archive", key_delivery="inline")
        plugin = {"plugin": "objectstore.credentials.s3_fleet"}
        fleet = {**plugin, "defaults": defaults, "endpoints": endpoints}
        (self.folder / FLEET).write_text(yaml.safe_dump(fleet, sort_keys=False, width=100))

    def _file_of(self, name: str) -> Path:
        return self.folder / "consumers" / f"{FILES[name]}.conf"

    # --- what runs leave -------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """Return the last report in its machine form."""
        return dict(json.loads((self.folder / "report" / "report.json").read_text()))

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what the last report says of each account."""
        return {(row["endpoint"], row["account"]): row for row in self.report()["accounts"]}

    def stored(self, name: str, account: str) -> Pair:
        """Return the current pair of an account's record, read as ansible-vault reads it."""
        platform = self.world.endpoints[name]["platform"]
        text = (self.folder / "secrets" / platform / name / f"{account}.yml").read_text()
        if text not in self._opened:
            self._opened[text] = self._open(text)
            self._secrets.add(self._opened[text][1])
        return self._opened[text]

    def _open(self, text: str) -> Pair:
        import yaml
        from ansible.parsing.vault import VaultLib, VaultSecret

        vault = VaultLib([("default", VaultSecret(self._password.encode()))])

        class Loader(yaml.SafeLoader):
            """Knows the tags of Ansible."""

        def plain(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
            return str(loader.construct_scalar(node))

        def opened(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
            return str(vault.decrypt(plain(loader, node)).decode())

        Loader.add_constructor("!unsafe", plain)
        Loader.add_constructor("!vault", opened)
        key = yaml.load(text, Loader)["current"]  # noqa: S506  # it is a SafeLoader
        return key["access_key"], key["secret_key"]

    def all_stored(self) -> dict[tuple[str, str], Pair]:
        """Return the current pair of every account under management."""
        return {(n, a): self.stored(n, a) for n in self.world.endpoints for a in ACCOUNTS}

    def born(self, name: str, account: str) -> Pair:
        """Return the pair that an account was born with."""
        endpoint = self.world.endpoints[name]
        access_key = endpoint["accounts"][account][0]
        return access_key, endpoint["pairs"][access_key]

    def handed_over(self, name: str) -> dict[str, Pair]:
        """Return the pairs in the file of an endpoint's consumer, by account."""
        path = self._file_of(name)
        found = configparser.ConfigParser(interpolation=None)
        found.read_string(path.read_text())
        return {
            account: (found[account]["access_key_id"], found[account]["secret_access_key"])
            for account in found.sections()
        }

    def store_files(self, *names: str) -> dict[str, int]:
        """Return the records of endpoints and when each was written."""
        found = (self.folder / "secrets").rglob("*.yml")
        return {str(p): p.stat().st_mtime_ns for p in found if p.parent.name in names}

    def journal(self, name: str, account: str) -> list[dict[str, Any]]:
        """Return an account's lines of all runs."""
        lines = []
        for path in (self.folder / "report" / "journal").rglob("*.jsonl"):
            for text in path.read_text().splitlines():
                line = json.loads(text)
                if (line["endpoint"], line["account"]) == (name, account):
                    lines.append(line)
        return sorted(lines, key=lambda line: (line["at"], line["chain"], line["seq"]))

    def leaks(self) -> list[str]:
        """Return where a secret stands that should not: in what was printed, in what was left."""
        self._secrets |= self.world.secrets()
        known = {secret.encode() for secret in self._secrets if secret}
        places = {
            "the story": self.out.transcript.encode(),
            "Ansible's output": self.outputs.encode(),
        }
        for path in self.folder.rglob("*"):
            is_meant = path.name in _PRIVATE or path.parent.name == "consumers"
            if path.is_file() and not is_meant:
                places[str(path.relative_to(self.folder))] = path.read_bytes()
        return [where for where, text in places.items() if any(each in text for each in known)]

    def _end(self, run: Run, started: tuple[float, float], code: int) -> None:
        super()._end(run, started, code)
        self._secrets |= self.world.secrets()
