# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of ansible-vault: what it wrote is read, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_format import (
    decrypt,
    encrypt,
    is_encrypted,
    label_of,
    normal,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

#: Written by ansible-vault encrypt_string of ansible-core 2.19, password "made-up-password".
PLAIN = "Made/Up+Secret=Key"
BY_ANSIBLE = """
          $ANSIBLE_VAULT;1.1;AES256
          64303361383165336339326364336533336135363564313761343636396265333934343064356637
          6434336635353462363937366466326139386366633838360a663139383066643331636334373166
          39326635643766623835333232396461363336383438626565643131656238643836653936356462
          3831313064366535360a303633613838636132303936386431363865316636333763333639383365
          31356334303338386438656164613534613934323136333339326438663964303831
"""
BY_ANSIBLE_LABELLED = """
          $ANSIBLE_VAULT;1.2;AES256;prod
          39316463303762646433653663666563623363656332303938333133306131303934333530633538
          3137663837313237623964383864363932303637373661630a306338616664356533323332313161
          63316537316364616537663362316466346562633332623666333761313065363931643262316239
          6232616262656238320a383933626665333663333936363361613266313132653165376533393864
          30393363306133333164623864373739343332623632633137613639626234383064
"""


@pytest.mark.parametrize(
    ("text", "label"), [(BY_ANSIBLE, "default"), (BY_ANSIBLE_LABELLED, "prod")]
)
def test_text_of_ansible_vault_is_decrypted(text: str, label: str) -> None:
    assert decrypt(text, b"made-up-password") == PLAIN
    assert decrypt(normal(text), b"made-up-password") == PLAIN
    assert label_of(text) == label
    assert is_encrypted(text)


@settings(database=None, deadline=None, max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_is_encrypted_is_decrypted(plain: str) -> None:
    text = encrypt(plain, b"made-up-password")
    assert decrypt(text, b"made-up-password") == plain
    assert text == normal(text)
    assert max(map(len, text.split("\n"))) <= 80


def test_each_encryption_has_a_salt_of_its_own() -> None:
    one, other = (encrypt(PLAIN, b"made-up-password") for _turn in range(2))
    assert not set(one.split("\n")[1:]) & set(other.split("\n")[1:])


def test_label_stands_in_the_header() -> None:
    assert encrypt(PLAIN, b"p").startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    labelled = encrypt(PLAIN, b"p", "prod")
    assert labelled.startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert label_of(labelled) == "prod"
    assert label_of(encrypt(PLAIN, b"p")) == "default"


def test_wrong_password_gives_nothing() -> None:
    assert decrypt(encrypt(PLAIN, b"right"), b"wrong") is None


def test_changed_text_is_not_decrypted() -> None:
    text = encrypt(PLAIN, b"made-up-password")
    for at in (40, 200, len(text) - 1):
        changed = text[:at] + ("3" if text[at] != "3" else "4") + text[at + 1 :]
        try:
            opened = decrypt(changed, b"made-up-password")
        except CredentialsError as exc:
            opened = exc.kind
        assert opened in (None, "store_unreadable")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "$ANSIBLE_VAULT;1.1;AES256",
        "$ANSIBLE_VAULT;1.1;AES256\n",
        "$ANSIBLE_VAULT;1.1;AES256\nzz",
        "$ANSIBLE_VAULT;1.1;AES256\n3031",
        "$ANSIBLE_VAULT;1.1;AES256\n30310a30310a",
        "$ANSIBLE_VAULT;1.1;AES256\n30310a30310a3031",
        "$ANSIBLE_VAULT;1.0;AES\n30310a30310a3031",
        "$ANSIBLE_VAULT;1.1;ROT13\n30310a30310a3031",
        "$ANSIBLE_VAULT\n30310a30310a3031",
        *(encrypt(PLAIN, b"made-up-password")[:end] for end in (30, 100, 107, 200, -1, -20)),
    ],
    # Without names, the salt would give each process of a run other tests.
    ids=[f"text {number}" for number in range(17)],
)
def test_what_ansible_vault_never_wrote_is_unreadable(text: str) -> None:
    failure = raised(decrypt, text, b"made-up-password")
    assert failure.kind == "store_unreadable"
    assert text[-8:] not in failure.message or not text
