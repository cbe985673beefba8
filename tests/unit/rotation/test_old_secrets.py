# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old secret keys of a long list stay closed where the S3 service says that the key is gone."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.stores import vault_passwords
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import FEW_PAIRS

from .conftest import OpenLab
from .lab import CHOSEN, IN_PLACE, UNSEEN, Form, Lab

ACCOUNTS = FEW_PAIRS + 5


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every secret that is decrypted from now on."""
    found: list[str] = []
    decrypt = vault_passwords.Keyring.decrypt

    def noting(ring: vault_passwords.Keyring, text: str, what: str = "a secret key") -> str:
        found.append(what)
        return decrypt(ring, text, what)

    monkeypatch.setattr(vault_passwords.Keyring, "decrypt", noting)
    return found


def managed(lab: Lab) -> Lab:
    """Bring every account under management."""
    lab.run(all=True, adopt="rotate", parallelism=1)
    assert all(lab.record(name) for name in lab.ids)
    return lab


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_old_secrets_of_a_long_list_stay_closed_once_the_service_tells_keys_apart(
    lab_of: OpenLab, form: Form, opened: list[str]
) -> None:
    lab = managed(lab_of(form, accounts=ACCOUNTS))
    opened.clear()
    done = lab.run(all=True, force=True, parallelism=1).accounts
    assert [each.action for each in done if each.account in lab.ids] == ["rotated"] * ACCOUNTS
    # The password is proven by one, and the first old pairs are asked about as they are.
    assert len(opened) <= FEW_PAIRS + 1
    assert all(lab.rec(name).retiring == () for name in lab.ids)


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_old_pair_that_the_service_still_takes_stays_however_long_the_list(
    lab_of: OpenLab, form: Form
) -> None:
    lab = managed(lab_of(form, accounts=ACCOUNTS))
    late = sorted(lab.ids)[-1]
    lab.s3_simulator.modes["linger"] = 3600
    lab.run(users=[late], force=True, parallelism=1)
    (kept,) = lab.rec(late).retiring
    assert kept.secret is not None
    # A long list, in which old pairs are told dead without their secrets, changes nothing of it.
    lab.s3_simulator.modes["linger"] = 0
    others = [name for name in sorted(lab.ids) if name != late]
    lab.run(users=others, force=True, parallelism=1)
    assert all(lab.rec(name).retiring == () for name in others)
    lab.s3_simulator.modes["linger"] = 3600
    lab.run(all=True, force=True, parallelism=1)
    assert all(lab.rec(name).retiring for name in lab.ids)
    lab.later(1)
    lab.run(all=True, parallelism=1)
    assert all(lab.rec(name).retiring == () for name in lab.ids)
