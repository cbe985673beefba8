# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heads of a journal's chains, as a secret store keeps them in a note.

A chain that is cut, written anew as a whole or taken away shows only by a head kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from .errors import CredentialsError
from .journal_lines import is_chain_name

if TYPE_CHECKING:
    from .stores.base import SecretStore

#: The name of the note.
HEADS = "journal"
#: The form of the document in it.
FORMAT = 1
#: How often a note that other runs write as well is tried.
_TRIES = 10


def keep_heads(
    store: SecretStore, heads: Collection[Mapping[str, Any]], check_mode: bool = False
) -> int:
    """See to it that a secret store has these heads; return how many it had not.

    heads: each like Journal.head. Check mode only reads. Raises busy where other runs keep writing
    theirs, and what the store raises.
    """
    tries = 0
    while True:
        tries += 1
        try:
            found = store.read_note(HEADS)
            document, version = found if found is not None else (None, None)
            merged = document
            for head in heads:
                merged = merge_heads(merged, head)
            before, after = _chains_in(document), _chains_in(merged)
            missing = len([chain for chain in after if before.get(chain) != after[chain]])
            if merged is not None and missing and not check_mode:
                store.write_note(HEADS, merged, version)
            return missing
        except CredentialsError as exc:
            if exc.kind != "busy" or tries == _TRIES:
                raise


def _chains_in(document: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (document or {}).get("chains") or {}


def merge_heads(
    document: Mapping[str, Any] | None, head: Mapping[str, Any], most: int = 200
) -> dict[str, Any]:
    """Return the document of heads with one more, the latest of them; a head never goes back.

    document: what is kept so far, or None. head: Journal.head. Pure.
    """
    chains = dict(heads_of(document))
    old = chains.get(head["chain"])
    if head["lines"] and (old is None or old["lines"] < head["lines"]):
        chains[head["chain"]] = {"lines": head["lines"], "head": head["head"]}
    # The last part of a name begins with the time that its run began.
    latest = sorted(chains, key=lambda chain: (chain.rpartition("/")[2], chain))[-most:]
    return {"format": FORMAT, "chains": {chain: chains[chain] for chain in sorted(latest)}}


def no_heads() -> dict[str, Any]:
    """Return the document of heads that holds none."""
    return {"format": FORMAT, "chains": {}}


def heads_of(document: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the heads in a document. Raises store_unreadable for what is none."""
    if document is None:
        return {}
    chains = document.get("chains")
    if document.get("format") != FORMAT or not isinstance(chains, Mapping):
        raise CredentialsError(
            "store_unreadable", "The note of the journal's heads is not of a form known here."
        )
    kept: dict[str, dict[str, Any]] = {}
    for chain, head in chains.items():
        lines = head.get("lines") if isinstance(head, Mapping) else None
        if not is_chain_name(chain) or not isinstance(lines, int):
            raise CredentialsError(
                "store_unreadable", "The note of the journal's heads holds what is no head."
            )
        kept[chain] = {"lines": lines, "head": str(head.get("head"))}
    return kept
