# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with a container is told from what stays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import ephemeral
from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_call import (
    SPEC,
    rotate,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.custody import in_custody
from ansible_collections.objectstore.credentials.plugins.module_utils.ephemeral import (
    Surroundings,
    is_ephemeral_allowed,
    refuse_ephemeral,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_call import (
    SPEC as STORE_SPEC,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_call import (
    look_after,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import Settings

HOST = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n30 27 0:9 / /tmp rw - tmpfs tmpfs rw\n"
#: A job of AWX in podman: its private data directory at /runner, a path exposed to jobs.
JOB = (
    "600 500 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c\n"
    "601 600 0:61 / /proc rw - proc proc rw\n"
    "610 600 8:1 /tmp/awx_42_ab12cd /runner rw - xfs /dev/sda1 rw\n"
    "611 600 8:1 /var/lib/s3\\040rotation /var/lib/s3\\040rotation rw - xfs /dev/sda1 rw\n"
    "612 600 0:70 / /dev/shm rw - tmpfs shm rw\n"
)
#: A pod of a container group.
POD = (
    "900 800 0:90 / / rw - overlay overlay rw\n"
    "901 900 8:1 /kubelet/pods/1/volumes/kubernetes.io~empty-dir/run /runner rw - ext4 x rw\n"
    "902 900 0:99 / /var/lib/s3-rotation rw - nfs4 nas:/s3 rw\n"
)
#: ansible-navigator: the project stays where it is.
NAVIGATOR = "1 0 0:1 / / rw - overlay overlay rw\n2 1 8:1 /home/me/s3 /home/me/s3 rw - ext4 x rw\n"
VFS = "1 0 8:1 /containers/vfs/1 / rw - ext4 /dev/sda1 rw\n2 1 8:1 /srv /srv rw - ext4 x rw\n"


@pytest.mark.parametrize(
    ("mounts", "has_marker", "path", "word"),
    [
        (HOST, False, "/srv/credentials", None),
        (HOST, False, "/tmp/credentials", None),  # noqa: S108
        (JOB, False, "/srv/credentials", "own filesystem"),
        (JOB, True, "/runner/project/s3-rotation/journal", "/runner is made for one job"),
        (JOB, True, "/runnerup/journal", "own filesystem"),
        (JOB, True, "/dev/shm/journal", "memory"),  # noqa: S108
        (JOB, True, "/var/lib/s3 rotation/journal", None),
        (POD, False, "/runner/artifacts", "/runner is made for one job"),
        (POD, False, "/var/lib/s3-rotation", None),
        (POD, False, "/var/lib", "own filesystem"),
        (NAVIGATOR, False, "/home/me/s3/s3-rotation/journal", None),
        (NAVIGATOR, False, "/home/me/journal", "own filesystem"),
        (VFS, False, "/var/lib/x", None),
        (VFS, True, "/var/lib/x", "own filesystem"),
        (VFS, True, "/srv/x", None),
        ("", False, "/srv", None),
        ("no line of that file\n1 2 3 - x\n", True, "/srv", None),
    ],
)
def test_a_path_stays_or_goes(
    mounts: str, has_marker: bool, path: str, word: Optional[str]
) -> None:
    why = Surroundings(mounts, has_marker).why_ephemeral(path)
    assert (why is None) if word is None else (why is not None and word in why)


def test_of_two_mounts_at_one_place_the_last_one_counts() -> None:
    above = JOB + "700 600 8:2 / /runner rw - nfs4 nas:/x rw\n"
    assert Surroundings(above, True).why_ephemeral("/runner/project") is None


def test_the_refusal_names_the_alternatives_and_can_be_overruled() -> None:
    job = Surroundings(JOB, True)
    with pytest.raises(CredentialsError) as store:
        refuse_ephemeral("secret_store.path", "/runner/x", job)
    assert store.value.kind == "custody_refused"
    assert "Nothing was touched" in store.value.message
    assert "vault_kv2" in str(store.value.next_step)
    with pytest.raises(CredentialsError) as journal:
        refuse_ephemeral("journal", "/runner/x", job)
    assert "vault_kv2" not in str(journal.value.next_step)
    for raised in (store, journal):
        assert "allow_ephemeral" in str(raised.value.next_step)
    refuse_ephemeral("journal", "/runner/x", job, allowed=True)


def test_a_marker_that_an_image_left_in_a_machine_proves_nothing() -> None:
    assert Surroundings(HOST, False).in_container is False
    assert Surroundings(JOB, False).in_container is True


@pytest.fixture(autouse=True)
def _nothing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ephemeral.ALLOW_VARIABLE)


@pytest.mark.parametrize(
    ("given", "word", "allowed"),
    [
        (None, "", False),
        (None, " True ", True),
        (None, "1", True),
        (None, "no", False),
        (False, "true", False),
        (True, "false", True),
    ],
)
def test_the_environment_says_what_no_task_says(
    given: Optional[bool], word: str, allowed: bool
) -> None:
    environ = {"S3_ALLOW_EPHEMERAL": word}
    assert is_ephemeral_allowed({"allow_ephemeral": given}, environ) is allowed


def test_another_word_in_the_environment_is_an_error() -> None:
    with pytest.raises(CredentialsError, match="S3_ALLOW_EPHEMERAL: 'perhaps'"):
        is_ephemeral_allowed({}, {"S3_ALLOW_EPHEMERAL": "Perhaps"})


class Nobody:
    """A platform that must not be asked for anything."""

    name = "ose"
    SCOPE: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.settings = Settings(
            platform="ose", endpoint="osis", api_url="https://osis.example.com"
        )
        self.client = SimpleNamespace(redactor=Redactor())


def call_of(path: str, **params: Any) -> Any:
    """Return a call of s3_access_key_rotate with a store of files at a path."""
    given = {name: spec.get("default") for name, spec in SPEC.options.items()}
    given.update(all=True, users=None, verify={"enabled": False}, **params)
    given["secret_store"] = {"type": "ansible_vault", "path": path, "vault_password": "canary"}
    return SimpleNamespace(
        params=given,
        platform=Nobody(),
        clock=Clock(),
        check_mode=False,
        is_preflight=bool(params.get("preflight")),
        parallelism=1,
        vault_secrets=list,
    )


@pytest.mark.parametrize("is_preflight", [True, False])
@pytest.mark.parametrize("option", ["journal", "secret_store.path"])
def test_a_rotation_refuses_before_it_asks_the_platform_or_writes_a_file(
    option: str, is_preflight: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ephemeral, "_read", lambda: JOB.replace("/runner", str(tmp_path / "gone")))
    monkeypatch.setattr(ephemeral, "_MARKER", str(tmp_path / "none"))
    stays = Path("/var/lib/s3 rotation/records")
    (tmp_path / "gone").mkdir()
    goes = tmp_path / "gone" / "x"
    store = goes if option == "secret_store.path" else stays
    journal = str(goes) if option == "journal" else None
    with pytest.raises(CredentialsError) as refused:
        rotate(call_of(str(store), journal=journal, preflight=is_preflight))
    assert refused.value.kind == "custody_refused"
    assert refused.value.message.startswith(option)
    assert not goes.exists()


def test_what_was_allowed_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ephemeral, "_read", lambda: JOB.replace("/runner", str(tmp_path)))
    # It goes on to where the platform would be asked.
    with pytest.raises(AttributeError, match="progress"):
        rotate(call_of(str(tmp_path / "x"), journal=str(tmp_path / "j"), allow_ephemeral=True))


@pytest.mark.parametrize(
    ("state", "option"), [("rekeyed", "secret_store.path"), ("copied", "destination.path")]
)
def test_records_are_moved_to_no_place_that_goes(
    state: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes = tmp_path / "stays", tmp_path / "goes"
    for folder in (stays, goes):
        folder.mkdir(mode=0o700)
    monkeypatch.setattr(ephemeral, "_read", lambda: JOB.replace("/runner", str(goes)))
    old, new = (
        {"type": "ansible_vault", "path": str(folder), "vault_password": "canary"}
        for folder in (stays, goes)
    )
    password = tmp_path / "password"
    password.write_text("another canary")
    password.chmod(0o600)
    given: dict[str, Any] = {name: spec.get("default") for name, spec in STORE_SPEC.options.items()}
    given.update(state=state, secret_store=old if state == "copied" else new)
    if state == "copied":
        given["destination"] = new
    else:
        given["new_vault_password_file"] = str(password)
    call = SimpleNamespace(
        params=given,
        redactor=Redactor(),
        clock=Clock(),
        check_mode=False,
        vault_secrets=list,
        progress=Progress(None),
    )
    with pytest.raises(CredentialsError) as refused:
        look_after(call)
    assert refused.value.kind == "custody_refused"
    assert refused.value.message.startswith(option)
    assert not list(goes.iterdir())
    given["allow_ephemeral"] = True
    assert not look_after(call).failures


def test_other_modules_that_write_a_record_refuse_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ephemeral, "_read", lambda: JOB.replace("/runner", str(tmp_path)))
    with pytest.raises(CredentialsError, match=r"secret_store\.path: .* vanishes"):
        in_custody(call_of(str(tmp_path / "x")), lambda custody: pytest.fail(str(custody)))
