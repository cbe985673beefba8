# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place where no_log is set, by us or as we advise it; left out, what shows, and where.

docs/security.md tells the same to those who write consumers.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .fleet_of import stand_ins
from .lab import Lab
from .scenarios import ROOT, covers
from .search import search

#: What shows a registered result, or a loop's item, of a task without no_log.
SHOWN = (
    r"private/artifacts/run-\d+/stdout",
    r"private/artifacts/run-\d+/job_events/.*\.json",
    r"ansible\.log",
    r"trees/.*",
)
LOOP = "Write each pair to its own file"
#: Place and task -> whether the secret shows once no_log is left out, and diff: false is kept.
PLACES = {
    ("roles/s3_consumer/tasks/file.yml", "Write a file from a template"): False,
    ("roles/s3_consumer/tasks/webhook.yml", "Tell a webhook"): True,
    ("roles/s3_awx/tasks/install.yml", "Credentials"): True,
    ("roles/s3_awx/tasks/install.yml", "Notification"): True,
    ("README.md", "Hand the pair to the backup application"): False,
    ("docs/fleet.md", "Hand the new pairs to the backup server"): False,
    ("docs/consumers.md", "Keep the pair in a Secret"): True,
    ("docs/consumers.md", "Hand the pair to AWX"): True,
    ("plugins/modules/ontap_s3_user.py", LOOP): True,
    ("plugins/lookup/s3_secret.py", "Hand the pair to the backup application"): False,
    ("plugins/lookup/s3_secret.py", "Read several pairs with one login"): True,
}


#: A search wants more than a few secrets.
OTHERS = {f"4CanaryOfNobody{number}": "nobody" for number in range(4)}


class _Loader(yaml.SafeLoader):
    """Reads what Ansible's tags mark as plain text."""


_Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))


def documents(path: Path) -> Iterator[str]:
    """Yield the YAML of a file: the file itself, its blocks, or a plugin's examples."""
    text = path.read_text()
    if path.suffix == ".md":
        yield from re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    elif path.suffix == ".py":
        yield from re.findall(r'EXAMPLES = r"""(.*?)"""', text, re.DOTALL)
    else:
        yield text


def tasks_in(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a document, those of blocks and plays too."""
    for each in content if isinstance(content, list) else []:
        if isinstance(each, dict):
            yield each
            for inner in ("tasks", "pre_tasks", "block", "rescue", "always", "handlers"):
                yield from tasks_in(each.get(inner))


def places() -> dict[tuple[str, str], dict[str, Any]]:
    """Return every task with no_log that users run or copy, by its place and its name."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    files += sorted((ROOT / "playbooks").rglob("*.yml"))
    files += sorted((ROOT / "roles").glob("*/tasks/*.yml"))
    files += sorted((ROOT / "roles").glob("*/handlers/*.yml"))
    files += [p for p in sorted((ROOT / "plugins").rglob("*.py")) if "EXAMPLES" in p.read_text()]
    found = {}
    for path in files:
        for text in documents(path):
            if "no_log" not in text:
                continue
            for task in tasks_in(yaml.load(text, Loader=_Loader)):  # noqa: S506 - a safe one
                if "no_log" in task:
                    found[(str(path.relative_to(ROOT)), str(task.get("name")))] = task
    return found


def test_every_place_with_no_log_is_known() -> None:
    assert set(places()) == set(PLACES)


def without_no_log(place: tuple[str, str]) -> dict[str, Any]:
    """Return a task as it stands there, but for no_log."""
    task = copy.deepcopy(places()[place])
    del task["no_log"]
    return task


def localized(lab: Lab, task: dict[str, Any], account: str) -> dict[str, Any]:
    """Return a task with files of the lab, on this machine, about an account of the lab."""
    text = json.dumps(task)
    text = text.replace("/etc/s3/", f"{lab.folder}/held/")
    text = text.replace("/etc/backup/", f"{lab.folder}/held/{account}-")
    text = text.replace("repository.conf.j2", str(lab.folder / "private" / "project" / "client.j2"))
    text = text.replace('"delegate_to": "backup1"', '"delegate_to": "localhost"')
    # Several accounts in the example are one of the lab.
    text = re.sub(r"'backup-prod'|'app-0001', 'app-0002'", f"'{account}'", text)
    text = re.sub(r"platform='\w+'", "platform='ose'", text)
    text = re.sub(r"endpoint='\w+'", "endpoint='wide'", text)
    text = re.sub(r"secret_store=\{[^}]*\}", "secret_store=my_store", text)
    found: dict[str, Any] = json.loads(text)
    row = {"account": account, "access_key": "shown"}
    own = {name: value for name, value in found.get("vars", {}).items() if name != "my_store"}
    own.update(s3_rotate_account=row, s3_rotate_accounts=[row])
    return {**found, "vars": own}


def rotated_wide(lab: Lab, accounts: int) -> list[str]:
    """Rotate so many accounts; each secret is called by its account from now on."""
    simulator = lab.add("wide", "ose", "osis", accounts=accounts).simulator
    names = [f"app-{number:04d}" for number in range(1, accounts + 1)]
    done = lab.run([lab.rotation("wide", users=names)])
    (result,) = done.results("Rotate")
    for row in result["accounts"]:
        lab.canaries[row["account"]] = str(simulator.secret_of(row["access_key"]))
    lab.assert_no_leak()
    return names


@covers("way: no_log left out", "lookup s3_secret")
def test_no_log_left_out_in_tasks_of_users(lab: Lab) -> None:
    stand_ins(lab, "awx.awx", "credential")
    stand_ins(lab, "kubernetes.core", "k8s")
    (lab.folder / "private" / "project" / "client.j2").write_text("{{ pair | default(pairs) }}\n")
    of_users = [place for place in PLACES if not place[0].startswith("roles/")]
    names = rotated_wide(lab, len(of_users))
    variables = {
        "my_store": lab.files,
        "s3_rotate_consumer": {"namespace": "here", "organization": "mine"},
        "s3_rotate_reference": {
            "platform": "ose",
            "endpoint": "wide",
            "secret_store": lab.files,
        },
    }
    tasks = [
        localized(lab, without_no_log(place), name)
        for place, name in zip(of_users, names, strict=True)
    ]

    # As a module gives it to register.
    name = names[of_users.index(("plugins/modules/ontap_s3_user.py", LOOP))]
    made = {"account": name, "access_key": "shown", "secret_key": lab.canaries[name]}
    done = lab.run(
        tasks, "--diff", play={"vars": variables}, variables={"made": {"accounts": [made]}}
    )

    assert done.status == "successful", done.output[-3000:]
    leaks = search([lab.folder], OTHERS | lab.canaries_by_secret(), [lab.folder / "held"]).leaks
    shown = {leak.secret for leak in leaks}
    assert shown == {name for place, name in zip(of_users, names, strict=True) if PLACES[place]}
    others = [each for each in leaks if not any(re.fullmatch(r, each.file) for r in SHOWN)]
    assert not others, "\n".join(map(str, others[:12]))
    lab.row.known += len(leaks)
    lab.covered.add("way: no_log left out")


def test_diff_left_out_too_shows_a_template(lab: Lab) -> None:
    (lab.folder / "private" / "project" / "client.j2").write_text("{{ pair }}\n")
    (name,) = rotated_wide(lab, 1)
    place = ("README.md", "Hand the pair to the backup application")
    task = localized(lab, without_no_log(place), name)
    del task["diff"]
    done = lab.run([task], "--diff", play={"vars": {"my_store": lab.files}})
    assert done.status == "successful", done.output[-3000:]
    lab.assert_leaks_are(*SHOWN)
