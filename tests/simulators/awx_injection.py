# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of a credential of a custom type: environment and files of one job.

Every template is rendered in Jinja's immutable sandbox; a field that is empty is undefined there.
With one file template tower.filename is its path, with several it has a path by each label. A file
has a random name in the folder env of the job, mode 0600.
https://docs.ansible.com/automation-controller/latest/html/userguide/credential_types.html
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import yaml
from jinja2 import sandbox

#: Returns where the file of a label goes; the label of the only file is "".
Place = Callable[[str], str]


class _Loader(yaml.SafeLoader):
    """Reads !unsafe as the text that it is."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _unsafe)


def load(path: Path) -> dict[str, Any]:
    """Return a file of the kit's variables as AWX gets it. Reads only."""
    return dict(yaml.load(path.read_text(), Loader=_Loader))  # noqa: S506 - safe, with one tag


def filename(labels: Mapping[str, str]) -> Any:
    """Return tower.filename for the paths of files by their labels."""
    return labels[""] if list(labels) == [""] else SimpleNamespace(**labels)


def rendered(
    kind: Mapping[str, Any], inputs: Mapping[str, Any], place: Place
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment, and the content of each file by its path. Reads only."""
    environment = sandbox.ImmutableSandboxedEnvironment()
    given = {name: value for name, value in inputs.items() if value}
    templates = {
        name.partition(".")[2]: text for name, text in kind["injectors"].get("file", {}).items()
    }
    paths = {label: place(label) for label in templates}
    tower = {"filename": filename(paths)}
    files = {
        paths[label]: environment.from_string(text).render(**given)
        for label, text in templates.items()
    }
    env = {
        name: environment.from_string(text).render(**given, tower=tower)
        for name, text in kind["injectors"]["env"].items()
    }
    return env, files


def inject(kind: Mapping[str, Any], inputs: Mapping[str, Any], job: Path) -> dict[str, str]:
    """Write a credential's files into a job's folder and return its part of the environment."""

    def place(_label: str) -> str:
        number, path = tempfile.mkstemp(dir=job / "env")
        os.close(number)
        return path

    env, files = rendered(kind, inputs, place)
    for path, text in files.items():
        Path(path).write_text(text)
        os.chmod(path, 0o600)
    return env
