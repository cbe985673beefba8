# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_access_key_rotate as a user runs it: one playbook over two platforms, and ad-hoc commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint

from .conftest import SECRETS, Ansible, Run, assert_no_secret
from .returned import contradictions

FQCN = "objectstore.credentials."
MODULE = FQCN + "s3_access_key_rotate"
ACCOUNTS = ("app-0001", "app-0002")
VAULT_PASSWORD = "made-up-vault-password-9000"
#: Endpoint -> the simulator behind it: old and new key side by side, and replaced in place.
ENDPOINTS = {"adapter": ("ose", "osis"), "cluster": ("ontap", "9.14.1")}


@dataclass
class Site:
    """Both endpoints, a folder of files, and a way to run Ansible."""

    ansible: Ansible
    endpoints: dict[str, Endpoint]

    @property
    def folder(self) -> Path:
        """Where records, journal and reports go."""
        return self.ansible.folder

    @property
    def store(self) -> dict[str, Any]:
        """The secret store."""
        return {
            "type": "ansible_vault",
            "path": str(self.folder / "records"),
            "vault_password_file": str(self.folder / "password"),
        }

    def options(self, name: str, **more: Any) -> dict[str, Any]:
        """Return the options of a rotation, without the login."""
        endpoint = self.endpoints[name]
        plain = {k: v for k, v in endpoint.options.items() if k not in SECRETS}
        return {
            "platform": endpoint.platform,
            "endpoint": name,
            **plain,
            "users": list(ACCOUNTS),
            "adopt": "rotate",
            "allow_disruption": True,
            "secret_store": self.store,
            "verify": {"s3_url": endpoint.s3_url, "interval": "1s"},
            "journal": str(self.folder / "journal"),
            **more,
        }

    def secrets(self) -> list[str]:
        """Return all that must be shown nowhere."""
        found = [VAULT_PASSWORD]
        for endpoint in self.endpoints.values():
            found += endpoint.simulator.secrets()
            found += [str(v) for k, v in endpoint.options.items() if k in SECRETS]
        return found

    def writes(self) -> dict[str, int]:
        """Return how many changes each platform made."""
        return {name: one.simulator.writes for name, one in self.endpoints.items()}


def open_site(folder: Path) -> Site:
    """Start the simulators, two accounts each."""
    endpoints = {}
    known = fleet.platforms()
    for name, (platform, variant) in ENDPOINTS.items():
        endpoints[name] = fleet.start(name, known[platform], variant, seed=len(ACCOUNTS))
    site = Site(Ansible(folder), endpoints)
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(VAULT_PASSWORD)
    (folder / "other-password").touch(mode=0o600)
    (folder / "other-password").write_text("no-password-of-this-store")
    site.ansible.environment.update(
        site.ansible.credentials_file(
            {
                name: {k: one.options[k] for k in SECRETS if k in one.options}
                for name, one in endpoints.items()
            }
        )
    )
    return site


@dataclass
class Told:
    """What the tasks of one playbook returned, by the name that registered them."""

    site: Site
    run: Run
    results: dict[str, Any]

    def actions(self, task: str) -> list[str]:
        """Return what a task did, account by account."""
        return [row["action"] for row in self.results[task]["accounts"]]


def rotation(site: Site, register: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a task that rotates."""
    task: dict[str, Any] = {
        key: more.pop(key) for key in ("check_mode", "diff", "ignore_errors") if key in more
    }
    return {MODULE: site.options(name, **more), "register": register, **task}


def look_up(register: str, name: str, platform: str, pair: str) -> dict[str, Any]:
    """Return a task that looks up the pair of the first account."""
    call = (
        f"lookup('objectstore.credentials.s3_secret', '{ACCOUNTS[0]}', platform='{platform}',"
        f" endpoint='{name}', secret_store=store, pair='{pair}')"
    )
    return {
        "ansible.builtin.set_fact": {register: "{{ " + call + " }}"},
        "no_log": True,
    }


def tasks_of(site: Site) -> list[dict[str, Any]]:
    """Return the tasks of a life: planned, rotated, quiet, acknowledged, audited, refused."""
    due: dict[str, Any] = {"acknowledge": "explicit", "rotation_id": "CHG0031337"}
    report = str(site.folder / "report.jsonl")
    wrong = {**site.store, "vault_password_file": str(site.folder / "other-password")}
    said = {"state": "acknowledged", "users": [ACCOUNTS[0]]}
    audit = {key: site.options("adapter")[key] for key in AUDITED}
    return [
        rotation(site, "adopted", "adapter", adopt="import"),
        rotation(site, "plan_overlap", "adapter", check_mode=True, diff=True, **due),
        rotation(site, "plan_in_place", "cluster", check_mode=True, diff=True),
        rotation(site, "overlap", "adapter", **due),
        rotation(site, "in_place", "cluster"),
        look_up("current_pair", "adapter", "ose", "current"),
        look_up("previous_pair", "adapter", "ose", "previous"),
        look_up("only_pair", "cluster", "ontap", "current"),
        rotation(site, "again_in_place", "cluster", report_path=report),
        rotation(site, "announced", "adapter", **due),
        rotation(site, "not_said", "adapter", **said, access_key="AKNOBODY", ignore_errors=True),
        rotation(site, "said", "adapter", **said, access_key="{{ current_pair.access_key }}"),
        rotation(site, "locked_out", "adapter", secret_store=wrong, ignore_errors=True),
        rotation(site, "homeless", "adapter", secret_store=None, ignore_errors=True),
        {FQCN + "s3_credential_info": audit, "register": "audit"},
    ]


AUDITED = ("platform", "endpoint", "api_url", "api_username", "users", "secret_store", "journal")
NAMES = [
    "adopted",
    "plan_overlap",
    "plan_in_place",
    "overlap",
    "in_place",
    "current_pair",
    "previous_pair",
    "only_pair",
    "again_in_place",
    "announced",
    "not_said",
    "said",
    "locked_out",
    "homeless",
    "audit",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One playbook with all of it."""
    site = open_site(tmp_path_factory.mktemp("site"))
    tasks = tasks_of(site)
    keep = {
        "ansible.builtin.copy": {
            "dest": str(site.folder / "told.json"),
            "mode": "0600",
            "content": "{{ dict(names | zip(names | map('extract', vars))) | to_json }}",
        },
        "no_log": True,
        "diff": False,
    }
    run = site.ansible.playbook(
        [*tasks, keep], "-vvv", play={"vars": {"store": site.store, "names": NAMES}}
    )
    assert run.code == 0, run.output[-4000:]
    results = json.loads((site.folder / "told.json").read_text())
    yield Told(site, run, results)
    for endpoint in site.endpoints.values():
        endpoint.stop()


def test_accounts_are_taken_over_and_rotated_on_both_platforms(told: Told) -> None:
    assert told.actions("adopted") == ["adopted", "adopted"]
    for name in ("overlap", "in_place"):
        assert told.actions(name) == ["rotated", "rotated"]
        assert told.results[name]["changed"] is True
        assert told.results[name]["managed"] is True
    # One new key for each account and nothing else.
    assert told.site.writes() == {"adapter": 2, "cluster": 2}


@pytest.mark.parametrize(
    ("plan", "real"), [("plan_overlap", "overlap"), ("plan_in_place", "in_place")]
)
def test_plan_of_check_mode_is_what_then_happens(told: Told, plan: str, real: str) -> None:
    # What chance and the clock choose cannot be known before, and is not made up.
    unknown = {"access_key", "created_at", "due_at", "details"}
    rows = [
        [
            {k: v for k, v in row.items() if k not in unknown}
            for row in told.results[one]["accounts"]
        ]
        for one in (plan, real)
    ]
    assert rows[0] == rows[1]
    assert told.results[plan]["totals"] == told.results[real]["totals"]
    assert told.results[plan]["changed"] is True
    assert told.results[plan]["not_known"]
    assert {row["access_key"] for row in told.results[plan]["accounts"]} == {None}


def test_second_run_changes_nothing(told: Told) -> None:
    again = told.results["again_in_place"]
    assert again["changed"] is False
    assert again["accounts"] == []
    assert again["totals"]["unchanged"] == 2
    # What nobody acknowledged is announced again, which changes nothing either.
    assert told.actions("announced") == ["announced", "announced"]
    assert told.results["announced"]["changed"] is False


def test_acknowledgement_is_for_one_key(told: Told) -> None:
    assert told.results["not_said"]["failed"] is True
    assert "AKNOBODY" in told.results["not_said"]["msg"]
    assert told.actions("said") == ["acknowledged"]


def test_wrong_vault_password_is_an_error_and_no_missing_record(told: Told) -> None:
    failure = told.results["locked_out"]["failure"]
    assert told.results["locked_out"]["failed"] is True
    assert failure["kind"] == "store_refused"
    assert failure["next_step"]


def test_secret_store_missing_is_refused_before_anything_is_sent(told: Told) -> None:
    homeless = told.results["homeless"]
    assert homeless["failure"]["kind"] == "custody_refused"
    assert "secret_store" in homeless["msg"]
    assert homeless["changed"] is False


def test_lookup_reads_pairs_that_work(told: Told) -> None:
    results, endpoints = told.results, told.site.endpoints
    first = told.results["overlap"]["accounts"][0]
    assert results["current_pair"]["access_key"] == first["access_key"]
    assert results["previous_pair"]["access_key"] == first["previous_access_key"]
    for pair, name in (
        ("current_pair", "adapter"),
        ("previous_pair", "adapter"),
        ("only_pair", "cluster"),
    ):
        honoured = endpoints[name].simulator.secret_of(results[pair]["access_key"])
        assert honoured == results[pair]["secret_key"]


def test_report_has_every_account_and_the_journal_is_intact(told: Told) -> None:
    lines = (told.site.folder / "report.jsonl").read_text().splitlines()
    assert [json.loads(line)["account"] for line in lines] == list(ACCOUNTS)
    audit = told.results["audit"]
    assert audit["totals"]["journal_chains"] > 0
    assert audit["totals"]["journal_unsound"] == 0


def test_results_are_as_documented(told: Told) -> None:
    modules = {"audit": "s3_credential_info"}
    found = {
        name: contradictions(modules.get(name, "s3_access_key_rotate"), result)
        for name, result in told.results.items()
        if "accounts" in result
    }
    assert len(found) > 10
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_no_secret_is_printed_or_reported(told: Told) -> None:
    secrets = told.site.secrets()
    assert_no_secret(told.run.output, secrets)
    # Not on the controller's disk either, but for the sealed pairs.
    for path in told.site.folder.rglob("*"):
        if path.is_file() and path.name not in ("told.json", "logins.json", "password"):
            assert_no_secret(path.read_text(errors="replace"), secrets)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A fresh site."""
    made = open_site(tmp_path)
    yield made
    for endpoint in made.endpoints.values():
        endpoint.stop()


def test_ad_hoc_takes_one_line_with_dictionaries_in_json(site: Site) -> None:
    options = {**site.options("adapter"), "users": ACCOUNTS[1]}
    run = site.ansible.adhoc("s3_access_key_rotate", options)
    assert run.code == 0, run.output
    assert [(row["account"], row["action"]) for row in run.result["accounts"]] == [
        (ACCOUNTS[1], "rotated")
    ]
    whole = json.dumps({**options, "users": [{"name": ACCOUNTS[1], "max_age": "30d"}]})
    words = ["ansible", "localhost", "-m", MODULE, "-a", whole]
    again = site.ansible._run(words, None)
    assert again.code == 0, again.output
    assert again.result["changed"] is False
    assert site.writes() == {"adapter": 1, "cluster": 0}
    assert_no_secret(run.output + again.output, site.secrets())
