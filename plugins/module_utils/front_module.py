# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module of Ansible as every front needs it: options in, failures out, no secret shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional

from ansible.module_utils.basic import AnsibleModule

from .ancestors import STOP, Ancestors
from .errors import CredentialsError, sentences
from .invocation import entries, is_list_typed, shown
from .liaison import Liaison
from .options import SECRET_OPTIONS, ArgumentSpec, mark_listed
from .redaction import MASK, Redactor
from .report import Report
from .results import Outcome
from .store_environment import store_of
from .visible import LONGEST_MESSAGE, visible

#: Above this many accounts a result is likely to be too long for what keeps it.
MOST_RETURNED = 1000


class Module(AnsibleModule):  # type: ignore[misc]  # ansible-core has no types
    """Knows how its options were given, and shows no secret of them where Ansible would."""

    params: dict[str, Any]

    def _load_params(self) -> None:
        super()._load_params()
        self.given = dict(self.params)
        #: Lists that came as a text which is no JSON: nobody knows what in it is secret.
        self.unread: set[str] = set()
        for name, value in self.params.items():
            known, option = self._option(name)
            if option.get("type") == "list":
                read = entries(value, option.get("elements") in ("dict", "raw"))
                self.params[name] = self.given[name] = read
                if is_list_typed(read):
                    self.unread |= {known, *option.get("aliases", ())}

    def _log_invocation(self) -> None:
        params, self.params = self.params, self._shown()
        try:
            super()._log_invocation()
        finally:
            self.params = params

    def exit_json(self, **result: Any) -> None:
        """Leave, with the arguments as they may be shown."""
        super().exit_json(**{"invocation": self._invocation(), **result})

    def fail_json(self, msg: str, **result: Any) -> None:
        """Leave, with the arguments as they may be shown."""
        super().fail_json(msg, **{"invocation": self._invocation(), **result})

    def _invocation(self) -> dict[str, Any]:
        return {"module_args": self._shown()}

    def _shown(self) -> dict[str, Any]:
        arguments = shown(self.params, self.argument_spec)
        return {name: MASK if name in self.unread else each for name, each in arguments.items()}

    def _option(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """Return an option and its own name, by any of its names; nothing where there is none."""
        for known, option in self.argument_spec.items():
            if name in (known, *option.get("aliases", ())):
                return known, option
        return "", {}


@contextlib.contextmanager
def errors_become_failures(module: AnsibleModule, redactor: Redactor) -> Iterator[None]:
    """Leave with a failure where the block raises; never with a traceback."""
    try:
        yield
    except CredentialsError as exc:
        _fail(module, redactor, exc)
    except Exception as exc:  # the last line before a user would see a traceback
        _fail(module, redactor, CredentialsError.internal(exc))


def _fail(module: AnsibleModule, redactor: Redactor, exc: CredentialsError) -> None:
    failure = exc.at(
        platform=module.params.get("platform"), endpoint=module.params.get("endpoint")
    ).failure()
    module.fail_json(
        **redactor.redact_all(
            {
                "msg": sentences(exc.message, exc.next_step),
                "failure": failure,
                # Like a result of one account: what may have happened counts as a change.
                "changed": exc.landed is not False and not module.check_mode,
                "accounts": [],
                "totals": {},
            }
        )
    )


def result_of(
    module: Module,
    redactor: Redactor,
    outcome: Outcome,
    report: Optional[Report],
    stopped: Optional[str],
    place: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what an operation's outcome is to Ansible: redacted, warned of, its report written.

    stopped: why no further account was begun. place: what every line of the report begins with.
    """
    for warning in [*outcome.warnings, *_about_the_list(outcome, stopped, report)]:
        module.warn(visible(redactor.redact(warning), LONGEST_MESSAGE))
    # Only what failed is redacted: a secret that return_secret asked for must not be masked,
    # least of all when another account of the list failed.
    outcome.place(**place)
    for bad in outcome.failures:
        bad.why = redactor.redact(bad.why)
        bad.failure = redactor.redact_all(bad.failure)
    for row in outcome.accounts:
        row.details = redactor.redact_all(row.details)
    outcome.extra = redactor.redact_all(outcome.extra)
    _unmask(module, outcome)
    return outcome.as_dict(
        diff=module._diff,
        report_unchanged=module.params.get("report_unchanged", True),
        report_path=_written(module, report, ({**place, **row} for row in outcome.rows())),
    )


def leave(module: Module, outcome: Outcome, result: Mapping[str, Any]) -> None:
    """End the module, failed where an account failed or a person must mend something."""
    if outcome.failures or outcome.trouble:
        module.fail_json(**result)
    module.exit_json(**result)


def options_of(module: Module, spec: ArgumentSpec, redactor: Redactor) -> dict[str, Any]:
    """Return the options as an operation gets them; the pairs of a list are learned.

    The secret keys of a list of pairs are no no_log_values: Ansible would look for each of them in
    each text of the result, which for thousands of accounts takes hours. Raises invalid_option for
    a list whose entries would be taken for names and are none.
    """
    params = dict(module.params)
    for name, value in params.items():
        if not isinstance(value, list):
            continue
        option = spec.options.get(name, {})
        names = (name, *option.get("aliases", ()))
        all_given = [module.given.get(known) for known in names]
        given = [each for each in all_given if isinstance(each, list)]
        if name in module.unread or (option.get("elements") == "str" and any(map(_nests, given))):
            raise _no_names(name, is_text=name in module.unread)
        if given:
            params[name] = mark_listed(value)
        if option.get("elements") == "raw":
            entries_ = [entry for entry in value if isinstance(entry, dict)]
            redactor.learn(*(entry.get("secret_key") for entry in entries_))
            logins = [e[n] for e in entries_ for n in SECRET_OPTIONS if isinstance(e.get(n), str)]
            redactor.learn(*logins)
            module.no_log_values.update(login for login in logins if login)
    if "secret_store" in params:
        params["secret_store"] = store_of(params["secret_store"])
    return params


def _nests(given: list[Any]) -> bool:
    """Tell whether an entry is a list or a dictionary, of which Ansible would make a text."""
    return any(isinstance(entry, (dict, list)) for entry in given)


def _no_names(name: str, is_text: bool) -> CredentialsError:
    """Return the error for such a list; it repeats nothing of it, for that may hold a secret."""
    what = (
        "is a text that looks like a list or a dictionary, and is no list in JSON: it would be"
        " taken for a name"
        if is_text
        else "holds a list or a dictionary where each entry is a text"
    )
    odd = f" What really is a name stands in one: {name}='[\"[x]\"]'." if is_text else ""
    return CredentialsError(
        "invalid_option",
        f"{name} {what}. Nothing was touched.",
        next_step=f"Write {name} as a list in YAML; where it can only be a text (a survey, -e"
        f' NAME=..., a command line), in JSON with double quotes: {name}=\'["a", "b"]\'.{odd}',
    )


@contextlib.contextmanager
def watched(path: Optional[str]) -> Iterator[Optional[Liaison]]:
    """Open the line to the controller; let its end, SIGTERM and SIGINT stop what has not begun."""
    liaison = Liaison.open(path)
    # Before any list is begun: to a later one a controller that was killed is nobody.
    STOP.watch(Ancestors().why_stop)
    try:
        if liaison is not None:
            STOP.watch(liaison.why_stop)
        with STOP.by_signals():
            yield liaison
    finally:
        STOP.forget()
        if liaison is not None:
            liaison.close()


def _about_the_list(
    outcome: Outcome, stopped: Optional[str], report: Optional[Report]
) -> Iterator[str]:
    """Yield warnings about a list that was cut short, or is too long to be returned."""
    waiting = sum(result.action == "skipped" for result in outcome.accounts)
    if stopped and waiting:
        yield f"{waiting} of {len(outcome.accounts)} accounts were not started: {stopped}."
    if len(outcome.accounts) > MOST_RETURNED and report is None:
        yield (
            f"The result holds {len(outcome.accounts)} accounts: ansible-runner, and so AWX, drops"
            " results above 700,000 characters. Set report_path to a file, which then gets them."
        )


def _written(
    module: AnsibleModule, report: Optional[Report], rows: Iterable[Mapping[str, Any]]
) -> Optional[str]:
    """Write the report and return its path; a report that fails leaves the result complete."""
    if report is None:
        return None
    try:
        report.write(rows)
    except OSError as exc:
        module.warn(
            f"report_path: {report.path} could not be written ({exc.strerror}) and is as it was"
            " before; the accounts stand in the result instead."
        )
        return None
    return report.path


def _unmask(module: AnsibleModule, outcome: Outcome) -> None:
    """Keep Ansible from masking a short password inside a secret that was asked for."""
    returned = [row.extra.get("secret_key") or "" for row in outcome.accounts]
    module.no_log_values = {
        text for text in module.no_log_values if not any(text in secret for secret in returned)
    }
