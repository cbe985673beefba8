# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence: what the journal says of the runs in a report, and whether it is as written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from .errors import CredentialsError
from .fleet_report_values import mapping, mappings, text
from .journal_chains import LONGEST_LINE, check_chain
from .journal_files import chains_below, open_chain
from .journal_lines import is_chain_name, read_line
from .stores.file_names import escape

#: What the events of the journal mean to a reader; any other is shown as it is written.
EVENTS = {
    "intended": "rotation intended",
    "intended_again": "the same call intended again",
    "kept": "created and stored",
    "promoted": "promoted to the current key",
    "delivered": "delivered by e-mail",
    "verified": "accepted by the S3 service",
    "looked_at": "seen in its place",
    "acknowledged": "acknowledged for the consumers",
    "adopted": "taken over as it stands",
    "mirrored": "held by its mirrors as well",
    "nothing_happened": "an interrupted call left nothing that is surely its own",
    "given_up": "given up before every endpoint had it",
    "compromised": "named as compromised",
    "withdrawn": "withdrawn: the S3 service refused it",
    "disable_intended": "disabling intended",
    "disable_refused": "disabling refused by the platform",
    "disable_settled": "an interrupted disabling settled",
    "disabled": "disabled",
    "enable_intended": "enabling intended",
    "enabled": "enabled",
    "enabled_again": "found enabled again by somebody else",
    "delete_intended": "deletion intended",
    "delete_refused": "deletion refused by the platform",
    "delete_settled": "an interrupted deletion settled",
    "deleted": "deleted",
    "stray_deleted": "left by an interrupted run, deleted",
    "secret_destroyed": "proven dead, its secret destroyed",
    "still_honoured": "revoked, and the S3 service still takes it",
    "taken_from_escrow": "taken from the escrow file",
    "rollback_intended": "rollback intended",
    "rollback_failed": "rollback given up",
    "decommission_intended": "decommissioning begun",
    "decommissioned": "decommissioned",
}
#: Facts of a line that a report shows beside keys and dates.
_FACTS = (
    *("why", "reason", "change", "rotation_id", "verified", "recovered", "destroyed", "status"),
    "endpoints",
)

#: Account -> its transitions, for one platform and endpoint.
Transitions = dict[tuple[str, str, str], list[dict[str, Any]]]


class Evidence:
    """Chains of a journal that belong to the runs of a report, and their lines by account."""

    def __init__(self) -> None:
        self.chains: list[dict[str, Any]] = []
        self.transitions: Transitions = {}

    @classmethod
    def of(cls, path: Optional[str], given: Sequence[Mapping[str, Any]]) -> Evidence:
        """Read what the journal has of the hosts' runs. Reads only; raises store_refused.

        path: the journal's directory; without one each host's own path is used, where it names one.
        """
        evidence = cls()
        for host in given:
            for journal in [mapping(host.get("journal")), *mappings(host.get("journals"))]:
                base = path or text(journal.get("path"))
                if base is None:
                    continue
                base = os.path.abspath(os.path.expanduser(base))
                for chain in _chains_of(base, host, journal):
                    evidence._read(base, chain, journal)
        return evidence

    def _read(self, base: str, chain: str, told: Mapping[str, Any]) -> None:
        if any(known["chain"] == chain for known in self.chains):
            return
        if told.get("chain") == chain and told.get("lines") == 0:
            return  # a run that changes nothing writes nothing, and leaves no file
        head = text(told.get("head")) if told.get("chain") == chain else None
        kept = {"lines": told.get("lines"), "head": head} if head and told.get("lines") else None
        found = check_chain(base, chain, kept, has_heads=kept is not None)
        about: dict[str, Any] = {
            "chain": chain,
            "state": found.state,
            "is_sound": found.is_sound,
            "lines": found.lines,
            "head": found.head,
            "message": found.message,
            "matches_the_run": None if kept is None else found.is_sound,
            "run": None,
            "who": None,
            "job": None,
            "reason": None,
            "change": None,
        }
        for number, (fields, digest) in enumerate(_lines(base, chain), 1):
            if number == 1:
                about["run"] = text(fields.get("run"))
                about["who"], about["job"] = _who(fields), _job(fields)
                about["reason"] = text(fields.get("reason"))
                about["change"] = text(fields.get("change"))
            where = (
                str(fields.get("platform")),
                str(fields.get("endpoint")),
                str(fields.get("account")),
            )
            line = _transition(fields, digest)
            if line["who"] == about["who"]:
                del line["who"]
            self.transitions.setdefault(where, []).append(line)
        self.chains.append(about)


def words_of(transition: Mapping[str, Any]) -> str:
    """Return what a transition means, for a reader."""
    event = str(transition.get("event"))
    words = EVENTS.get(event, event.replace("_", " "))
    if event == "promoted":
        words += ", accepted by the S3 service" if transition.get("verified") else ", unverified"
    return f"{words} (written late)" if transition.get("late") else words


def _chains_of(base: str, host: Mapping[str, Any], journal: Mapping[str, Any]) -> list[str]:
    chain = journal.get("chain")
    if is_chain_name(chain):
        return [str(chain)]
    run = text(host.get("run"))
    platform, endpoint = text(host.get("platform")), text(host.get("endpoint"))
    if not (run and platform and endpoint) or not os.path.isdir(base):
        return []
    mark = f"-{escape(run)}"
    return [
        name
        for name in chains_below(base, escape(platform), escape(endpoint))
        if name.rpartition("/")[2].partition("Z")[2].startswith(mark)
    ]


def _lines(base: str, chain: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the lines up to the first that is not as it was written."""
    try:
        handle = open_chain(base, chain)
    except CredentialsError:
        return  # check_chain has said what stands there
    if handle is None:
        return
    with handle:
        # A line without an end must not fill the memory; one that is cut is not as it was written.
        while line := handle.readline(LONGEST_LINE):
            read = read_line(line.rstrip(b"\n"))
            if read is None:
                return
            yield read


def _transition(fields: Mapping[str, Any], digest: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "at": text(fields.get("at")),
        "event": str(fields.get("event")),
        "access_key": text(fields.get("access_key")),
        "previous_access_key": text(fields.get("previous_access_key")),
        "chain": text(fields.get("chain")),
        "seq": fields.get("seq"),
        "hash": digest,
        "late": bool(fields.get("late")),
        "who": _who(fields),
    }
    line.update({name: fields[name] for name in _FACTS if fields.get(name) is not None})
    return line


def _who(fields: Mapping[str, Any]) -> Optional[str]:
    who = mapping(fields.get("who"))
    if not who:
        return None
    name, sudo = f"{who.get('user')}@{who.get('host')}", who.get("sudo_user")
    return f"{name} (sudo of {sudo})" if sudo else name


def _job(fields: Mapping[str, Any]) -> Optional[str]:
    job = mapping(fields.get("job"))
    if not job:
        return None
    more = [str(job[name]) for name in ("url", "host", "repository") if job.get(name)]
    return " ".join([str(job.get("system")), str(job.get("id")), *more])
