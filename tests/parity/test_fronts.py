# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kit injects means the same, whichever command runs the job."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES

from .estate import ACCOUNTS, SEVERAL, TYPES, Estate
from .fronts import FQCN, FRONTS, Step, report_of

EVERY = tuple(sorted(PLATFORMS))
#: Keys side by side, and in place.
TWO = ("ontap", "ose")
PLAIN = {"platform": "{{ s3_rotate_platform }}"}
PAIR = (
    "lookup('objectstore.credentials.s3_secret', 'app-0001', platform=s3_rotate_platform,"
    " endpoint=inventory_hostname)"
)
ROTATE = Step(
    "rotate",
    FQCN + "s3_access_key_rotate",
    {
        **PLAIN,
        "all": True,
        "exclude": "{{ s3_rotate_exclude | default([]) }}",
        "adopt": "rotate",
        "allow_disruption": True,
        "allow_ephemeral": True,
        "settle": "1s",
        "key_delivery": "{{ s3_rotate_key_delivery | default(omit) }}",
        "verify": "{{ s3_rotate_verify }}",
    },
)
STORE = Step("store", FQCN + "s3_secret_store", {"open_secrets": True}, "localhost")
LOOKUP = Step(
    "lookup",
    "ansible.builtin.debug",
    {"msg": "{{ " + PAIR + ".secret_key | length > 0 }}"},
    says="msg",
)
EVERYWHERE = ("s3_endpoints", "localhost", ",".join(TWO))
#: Every kind of plugin that reads the environment; the inventory asks the endpoints before each.
STEPS = [
    Step("info", FQCN + "s3_credential_info", {**PLAIN, "all": True}),
    Step("role", "ansible.builtin.include_role", {"name": FQCN + "s3_rotate"}, ",".join(TWO)),
    ROTATE,
    STORE,
    LOOKUP,
    Step(
        "status",
        FQCN + "s3_credential_status",
        {**PLAIN, "access_keys": "{{ [" + PAIR + ".access_key] }}", "status": "active"},
    ),
    Step("user", FQCN + "ontap_s3_user", {"name": "app-0001", "state": "present"}, "ontap"),
    Step(
        "vault",
        FQCN + "s3_vault",
        {"name": "vault-a", "plan": "sp1", "owners": ["app-0001"]},
        "commvault",
    ),
]
#: Of the long form: the gate has a sample of these, all of them say the same.
LONG = pytest.mark.long
FILES, CLOUD, SEVERAL_IN_ONE = "ansible_vault", "aws_secretsmanager", "several endpoints"
#: Where the pairs go and how the logins come -> the front that the gate runs it with.
SAMPLE = {FILES: "ansible-playbook", CLOUD: "ansible", SEVERAL_IN_ONE: "ansible-navigator"}


def sampled() -> list[Any]:
    """Return every job with every front; but for the sample they are of the long form."""
    return [
        pytest.param(front, job, marks=() if SAMPLE[job] == front else LONG)
        for job in SAMPLE
        for front in sorted(FRONTS)
    ]


@pytest.fixture
def estate_of(tmp_path: Path) -> Iterator[Callable[..., Estate]]:
    """Return a function that starts an estate."""
    started: list[Estate] = []

    def start(*arguments: Any, **more: Any) -> Estate:
        started.append(Estate(tmp_path / "job", *arguments, **more).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


def assert_same(factory: pytest.TempPathFactory, job: str, found: Any) -> None:
    """Fail unless another front's run of a job, in whichever process, came to the same."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    mine, first = shared / f"{job}-{os.getpid()}", shared / f"{job}.json"
    mine.write_text(json.dumps(found, sort_keys=True, indent=1))
    with contextlib.suppress(FileExistsError):
        os.link(mine, first)
    assert mine.read_text() == first.read_text()
    mine.unlink()


@pytest.mark.parametrize(
    ("platforms", "front"),
    [
        *(pytest.param(TWO, front, id=f"two platforms, {front}") for front in sorted(FRONTS)),
        *(
            pytest.param(
                EVERY,
                front,
                id=f"every platform, {front}",
                marks=() if front == "ansible-runner" else LONG,
            )
            for front in sorted(FRONTS)
        ),
    ],
)
def test_every_plugin_reads_it(
    estate_of: Callable[..., Estate],
    tmp_path_factory: pytest.TempPathFactory,
    platforms: tuple[str, ...],
    front: str,
) -> None:
    estate = estate_of(platforms, "vault_kv2")
    steps = [each for each in STEPS if each.hosts in (*platforms, *EVERYWHERE)]

    found = FRONTS[front](estate, steps)

    report = report_of(estate)
    rotated = sorted([name, account, "rotated"] for name in TWO for account in ACCOUNTS)
    assert [list(row) for row in report["rows"]] == rotated
    assert set(found) == {step.name for step in steps} - {"role"}
    # The login and the address of every platform came from its credential.
    for step in ("info", "rotate", "lookup"):
        assert set(found[step]) == set(platforms)
        assert {each["failed"] for each in found[step].values()} == {False}, found[step]
    assert {each["says"] for each in found["lookup"].values()} == {"True"}
    # What the role has rotated is due no more.
    due = {name: dict.fromkeys(ACCOUNTS, "rotated") for name in platforms if name not in TWO}
    assert {n: each["actions"] for n, each in found["rotate"].items() if each["changed"]} == due
    totals = found["store"]["localhost"]["totals"]
    assert totals["accounts"] == len(platforms) * len(ACCOUNTS)
    assert found["status"]["ose"]["failed"] is False
    assert found["status"]["ontap"]["failed"] == "unsupported"
    assert found["user"]["ontap"]["failed"] is False
    if "commvault" in platforms:
        assert found["vault"]["commvault"]["changed"] is True
    assert_same(tmp_path_factory, f"{len(platforms)}-platforms", [found, report])


@pytest.mark.parametrize(("front", "job"), sampled())
def test_every_store_and_the_file_of_endpoints(
    estate_of: Callable[..., Estate],
    tmp_path_factory: pytest.TempPathFactory,
    front: str,
    job: str,
) -> None:
    is_by_file = job == SEVERAL_IN_ONE
    estate = estate_of(TWO, FILES if is_by_file else job, by_file=is_by_file)

    found = FRONTS[front](estate, [ROTATE, LOOKUP, STORE])

    for name in TWO:
        assert found["rotate"][name]["actions"] == dict.fromkeys(ACCOUNTS, "rotated")
        assert found["lookup"][name]["says"] == "True"
        assert estate.endpoints[name].simulator.writes == len(ACCOUNTS)
    assert found["store"]["localhost"]["totals"]["accounts"] == len(TWO) * len(ACCOUNTS)
    assert_same(tmp_path_factory, job.replace(" ", "-"), found)


def test_every_credential_type_is_in_a_job() -> None:
    titles = {PLATFORMS[name].title for name in EVERY} | {cls.title for cls in STORES.values()}
    assert {kind["name"].partition(": ")[2] for kind in TYPES} == titles | {SEVERAL}
