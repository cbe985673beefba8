# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the role s3_rotate: its own variables, and one for each module option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

PREFIX = "s3_rotate_"
MODULE = "s3_access_key_rotate"
#: Options that a call of the role decides, so that no variable stands for them.
OF_THE_CALL = frozenset(
    {
        "access_key",
        "all",
        "compromised",
        "cut_first",
        "force",
        "force_retire",
        "hold_until",
        "plan",
        "plan_hash",
        "preflight",
        "replaces",
        "report_path",
        "report_unchanged",
        "return_secret",
        "state",
        "users",
        "write_plan",
    }
)
_USERS = {
    "type": "list",
    "elements": "raw",
    "required": True,
    "description": ["The accounts, as in the module's C(users); of one endpoint, so use --limit."],
}
_SOME_USERS = {
    "type": "list",
    "elements": "raw",
    "description": ["Only these accounts, of one endpoint; all when left out."],
}
_REASON = {"type": "str", "required": True, "description": ["Why; goes on record."]}
#: The role's own variables, beside the module's options. Their defaults are the role's.
OWN: dict[str, dict[str, Any]] = {
    "s3_url": {
        "type": "str",
        "description": ["The S3 service of the endpoint; short for C(s3_rotate_verify.s3_url)."],
    },
    "consumers": {
        "type": "list",
        "elements": "dict",
        "description": [
            "Who must be told of new keys, in this order; see docs/fleet.md. Each has C(name), and"
            " C(tasks), a file, or C(uses), a ready-made one (files, systemd, webhook); also"
            " C(check), C(per) (endpoint or account), C(match) (shell patterns of accounts), and"
            " whatever its tasks need.",
        ],
    },
    "disruption_batch": {
        "type": "int",
        "description": [
            "How many keys are replaced in place before their consumers are told. Without"
            " consumers there is one batch."
        ],
    },
    "unproven_consumers": {
        "type": "bool",
        "description": ["Replace keys in place also where a consumer has no C(check)."],
    },
    "canary_endpoint": {
        "type": "str",
        "description": ["The host that goes first; otherwise the first with something to do."],
    },
    "report_dir": {
        "type": "str",
        "description": ["Where report and journal go; s3-rotation in the working directory."],
    },
    "report_name": {"type": "str", "description": ["Of the report's files."]},
    "report_title": {"type": "str", "description": ["The report's title."]},
    "report_formats": {
        "type": "list",
        "elements": "str",
        "choices": ["html", "json", "csv", "prometheus"],
        "description": ["Which files are written."],
    },
    "prometheus_path": {
        "type": "str",
        "description": ["A file of node_exporter's textfile collector."],
    },
    "write_plan": {
        "type": "str",
        "description": ["With --check: write what a run would do to this file."],
    },
    "plan": {
        "type": "str",
        "description": ["Touch nothing that is not in this approved plan."],
    },
    "plan_hash": {
        "type": "str",
        "description": ["The sha256 that was approved; a plan with another one is refused."],
    },
    "plan_text": {
        "type": "str",
        "description": [
            "The approved plan itself, in base64, where it came with the variables of a workflow."
        ],
    },
    "plan_required": {
        "type": "bool",
        "description": ["Touch nothing without an approved plan and its hash."],
    },
    "dry_run": {
        "type": "bool",
        "description": ["As --check, for surveys: rehearse, write a report, change nothing."],
    },
    "run_max_age": {
        "type": "str",
        "description": [
            "For this run, instead of C(s3_rotate_max_age); empty: what the inventory says."
            " C(max_age) of a policy comes before it."
        ],
    },
    "run_allow_disruption": {
        "type": "bool",
        "description": [
            "Allows it for this run, whatever C(s3_rotate_allow_disruption) is in the inventory;"
            " false: as the inventory says."
        ],
    },
    "stats": {
        "type": "bool",
        "description": [
            "Whether C(set_stats) hands on what became of accounts, and the plan; in a job of AWX."
        ],
    },
    "stats_accounts": {
        "type": "int",
        "description": ["How many accounts it names at most."],
    },
}
#: What the role does where a variable of the module's is left out, and the module would not.
_UNLIKE_THE_MODULE = {
    "acknowledge": "When left out, C(explicit) where there are consumers, otherwise C(auto).",
    "journal": "When left out, C(journal) in C(s3_rotate_report_dir).",
    "verify": "When left out, made of C(s3_rotate_s3_url).",
}
_COMPROMISED = {
    "type": "list",
    "elements": "str",
    "required": True,
    "description": ["The access keys in wrong hands."],
}
_REPLACES = {
    "type": "list",
    "elements": "str",
    "description": [
        "A retiring key to delete where the platform has no room for another; for one leaked key."
    ],
}
_FORCE = {
    "type": "bool",
    "description": [
        "Rotate these accounts now, also where platform and record contradict each other: the"
        " answer to C(drifted), once you know who changed what."
    ],
}
_ITS_REPLACES = {
    "type": "list",
    "elements": "str",
    "description": [
        "Which of several unknown keys the new one replaces; for one account. For several, give"
        " C(replaces) in the entries of C(s3_rotate_users)."
    ],
}


def _as_in_the_module(name: str, kind: str, what: str) -> dict[str, Any]:
    """Return a variable that one entry point alone hands on."""
    return {"type": kind, "description": [f"{what}; as the option C({name})."]}


#: Entry point -> what it does, and the variables that it cannot do without.
ENTRIES: dict[str, tuple[str, dict[str, Any]]] = {
    "audit": ("Report every account and key; reads only", {}),
    "retire": (
        "Disable and delete old keys that are past their dates",
        {
            "users": _SOME_USERS,
            "force_retire": _as_in_the_module(
                "force_retire", "str", "Why old keys of named accounts go although they are used"
            ),
        },
    ),
    "acknowledge": ("Note that the consumers have these keys", {"users": _USERS}),
    "rollback": (
        "Make the key before the current one again",
        {
            "users": _USERS,
            "reason": _REASON,
            "hold_until": _as_in_the_module(
                "hold_until", "str", "Until when the schedule leaves them alone"
            ),
        },
    ),
    "repair": (
        "Take over, import or rotate accounts that are named",
        {"users": _USERS, "reason": _REASON, "force": _FORCE, "replaces": _ITS_REPLACES},
    ),
    "decommission": (
        "End the keys of accounts for good",
        {"users": _USERS, "reason": _REASON},
    ),
    "emergency": (
        "Replace and revoke leaked keys, wherever they are",
        {
            "compromised": _COMPROMISED,
            "reason": _REASON,
            "replaces": _REPLACES,
            "cut_first": _as_in_the_module(
                "cut_first", "bool", "Revoke them before there are new ones"
            ),
        },
    ),
    "verify_journal": ("Verify the chains of the journal; reads only", {}),
}


def role_variables(options: dict[str, dict[str, Any]]) -> set[str]:
    """Return the names of the role's variables, without what all of them begin with."""
    needed = {name for _what, names in ENTRIES.values() for name in names}
    return set(OWN) | needed | set(options) - OF_THE_CALL


def argument_specs(
    header: str, options: dict[str, dict[str, Any]], defaults: Mapping[str, Any]
) -> str:
    """Return meta/argument_specs.yml.

    options: the module's, as its argument spec has them. defaults: the role's.
    """
    variables = {PREFIX + name: spec for name, spec in OWN.items()}
    for name in sorted(set(options) - OF_THE_CALL - set(OWN)):
        variables[PREFIX + name] = _passed_on(name, options[name])
    specs: dict[str, Any] = {
        "main": {
            "short_description": "Rotate S3 access keys at many endpoints, tell consumers, report",
            "description": [
                "Looks at all endpoints before the first is touched, rotates what is due, tells the"
                " consumers, retires old keys, and writes a report. One host is one endpoint."
            ],
            "options": variables,
        }
    }
    for name, (what, needed) in ENTRIES.items():
        specs[name] = {
            "short_description": what,
            "description": [f"{what}. The variables of the entry point main apply too."],
            "options": {PREFIX + option: spec for option, spec in needed.items()},
        }
    for entry in specs.values():
        entry["options"] = {
            name: _with_default(spec, defaults.get(name)) for name, spec in entry["options"].items()
        }
    text = yaml.dump({"argument_specs": specs}, Dumper=_Dumper, sort_keys=False, width=110)
    return f"{header}---\n# Made by tools/sync.py.\n{text}"


def _passed_on(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return the variable of an option; what is required stays so, and secrets stay hidden."""
    kind = spec.get("type", "str")
    passed: dict[str, Any] = {"type": "str" if kind == "path" else kind}
    if "elements" in spec:
        passed["elements"] = spec["elements"]
    if name == "platform":
        passed["required"] = True
    if spec.get("no_log"):
        passed["no_log"] = True
    passed["description"] = [f"As the option C({name}) of M(objectstore.credentials.{MODULE})."]
    if name in _UNLIKE_THE_MODULE:
        passed["description"].append(_UNLIKE_THE_MODULE[name])
    return passed


def _with_default(spec: dict[str, Any], default: Any) -> dict[str, Any]:
    """Return a variable with the role's default; one that is a template is told in words."""
    is_told = spec.get("required") or default is None or "{{" in str(default)
    told = {} if is_told else {"default": default}
    rest = {name: value for name, value in spec.items() if name != "description"}
    return {**rest, **told, "description": spec["description"]}


class _Dumper(yaml.SafeDumper):
    """Indents lists, as the linters of Ansible want them, and says everything where it belongs."""

    def ignore_aliases(self, data: Any) -> bool:
        """Tell that nothing is written as "see above"."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
