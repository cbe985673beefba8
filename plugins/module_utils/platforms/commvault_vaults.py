# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an S3 vault, or say what is there: the state logic of s3_vault.

Vendor page: https://api.commvault.com/docs/SP38/api/cv/OpenAPI3/create-cvs-3-store
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from ..custody import Custody
from ..errors import CredentialsError
from ..results import AccountResult, Outcome, failed
from . import commvault_answers as answers
from .commvault import Commvault
from .commvault_answers import Body
from .commvault_jobs import JobState, wait_for
from .commvault_lookups import find_clients, find_groups, find_plan, find_users, members_of
from .commvault_vault_list import Listed, differences, find_vault
from .commvault_vault_parts import Parts, Wanted

#: Looks at the list after a lost answer, and the seconds between them.
_LOOKS, _BETWEEN_LOOKS = 3, 2.0

_NO_UPDATE = "Commvault publishes no operation that updates or deletes a vault"


@dataclass
class _Run:
    """One call of the module: what is known so far, for the result of a failure too."""

    platform: Commvault
    wanted: Wanted
    check_mode: bool
    result: AccountResult
    custody: Optional[Custody] = None
    warnings: list[str] = field(default_factory=list)
    #: Whether this release lists its vaults; None: not asked yet.
    can_list: Optional[bool] = None

    def outcome(self) -> Outcome:
        """Return the result, good or bad, with all that was found out on the way."""
        try:
            self._ensure()
        except CredentialsError as exc:
            details = self.result.details
            exc = self.platform.placed(exc, account=self.wanted.name)
            self.result = failed(exc, self.result)
            self.result.details = details
        return Outcome([self.result], warnings=self.warnings)

    def _ensure(self) -> None:
        there = self._look()
        if there:
            self._report_existing(there)
            return
        parts = self._find_parts()
        self._show_parts(parts)
        if self.wanted.rotate_keys:
            self._check_rotation(parts)
        self.result.action = "created"
        if self.check_mode:
            self.result.why = "would be created" + self._whose_keys(parts, "would be")
            return
        self._create(parts)

    # --- what is there ------------------------------------------------------------------------

    def _look(self) -> Optional[Listed]:
        """Return the vault of this name; None also where this release lists no vaults."""
        try:
            there = find_vault(self.platform, self.wanted.name)
        except CredentialsError as exc:
            if exc.http_status not in (404, 405, 501):
                raise
            self.can_list = False
            self.warnings.append(
                f"The vaults could not be listed ({exc.message.rstrip('.')}). Whether"
                f" {self.wanted.name} exists shows only when it is created: a name that is taken is"
                " refused."
            )
            return None
        self.can_list = True
        return there

    def _report_existing(self, vault: Listed, why: str = "exists already") -> None:
        wanted = self.wanted
        found = differences(vault, wanted.plan, wanted.endpoint_clients)
        untold = [
            option
            for option, asked, told in (
                ("plan", True, vault.plan is not None),
                ("endpoint_clients", bool(wanted.endpoint_clients), vault.endpoints is not None),
                ("owners", bool(wanted.owners), False),
                ("user_groups", bool(wanted.user_groups), False),
            )
            if asked and not told
        ]
        self.result.action = "unchanged"
        self.result.account_id = vault.id
        self.result.details.update(vault.as_dict(), differences=found, not_compared=untold)
        said = [why]
        if found:
            said.append("it differs: " + ", ".join(found))
        if untold:
            said.append(f"the list of vaults does not tell its {', '.join(untold)}")
        if wanted.rotate_keys:
            said.append("no key was rotated: that is a part of creating a vault")
        said.append(_NO_UPDATE)
        self.result.why = "; ".join(said)
        if found:
            self.warnings.append(f"Vault {wanted.name}: {self.result.why}.")

    # --- what it shall be made of -------------------------------------------------------------

    def _find_parts(self) -> Parts:
        platform, wanted = self.platform, self.wanted
        plan, warning = find_plan(platform, wanted.plan)
        if warning:
            self.warnings.append(warning)
        parts = Parts(
            plan,
            find_clients(platform, wanted.endpoint_clients),
            find_users(platform, wanted.owners),
            find_groups(platform, wanted.user_groups),
        )
        if wanted.rotate_keys:
            parts.members = tuple(members_of(platform, group) for group in parts.groups)
        return parts

    def _show_parts(self, parts: Parts) -> None:
        self.result.details.update(
            plan=parts.plan.as_dict(),
            endpoints=[client.as_dict() for client in parts.clients],
            owners=[user.as_dict() for user in parts.owners],
            user_groups=[group.as_dict() for group in parts.groups],
            rotates_keys_of=parts.hit() if self.wanted.rotate_keys else [],
        )
        self.result.after = {
            "vault": self.wanted.name,
            "plan": parts.plan.name,
            "endpoint_clients": [client.name for client in parts.clients],
            "owners": [user.name for user in parts.owners],
            "user_groups": [group.name for group in parts.groups],
            "rotate_keys": self.wanted.rotate_keys,
        }

    def _check_rotation(self, parts: Parts) -> None:
        """Refuse to end keys unasked, or to make keys that would reach nobody."""
        who = "; ".join([", ".join(parts.hit()) or "no user that is known here", *parts.unread()])
        if not self.wanted.allow_disruption:
            raise self.platform.fail(
                "disruption_refused",
                "rotate_keys ends the working S3 access keys of these users in every vault and"
                f" application that uses them: {who}.",
                details={"rotates_keys_of": parts.hit()},
                alive=f"the present keys of: {who}",
            )
        self._refuse_held(parts)
        if self.wanted.key_delivery != "email":
            raise self.platform.fail(
                "custody_refused",
                "rotate_keys makes new S3 access keys that Commvault delivers by e-mail alone, to:"
                f" {who}.",
                details={"rotates_keys_of": parts.hit()},
                alive=f"the present keys of: {who}",
                next_step="Set key_delivery: email if each of them reads the mailbox that Commvault"
                " has for them; or leave rotate_keys out.",
            )
        homeless = [user.name for user in parts.owners if user.email == ""]
        if homeless:
            raise self.platform.fail(
                "custody_refused",
                f"rotate_keys sends new keys by e-mail, and {', '.join(homeless)} has no e-mail"
                " address in Commvault: the new secret key would reach nobody.",
                details={"rotates_keys_of": parts.hit()},
                next_step="Give the user an e-mail address, or leave rotate_keys out.",
            )
        self.warnings.extend(
            f"rotate_keys may end keys of users not named here: {reason}."
            for reason in parts.unread()
        )

    def _refuse_held(self, parts: Parts) -> None:
        """Refuse to end keys that records hold: new pairs would go by e-mail, past the store."""
        if self.custody is None:
            return
        held, unread = self.custody.held_among(parts.hit()), parts.unread()
        why = f"records hold the S3 access keys of {', '.join(held)}" if held else ""
        if not held and unread and self.custody.has_records():
            why = f"users with a record may be among those whose keys it ends: {'; '.join(unread)}"
        if why:
            raise self.platform.fail(
                "held_by_record",
                f"rotate_keys is refused: {why}. Nothing was touched.",
                details={"rotates_keys_of": parts.hit(), "held": held},
                next_step="Leave rotate_keys out, and rotate these users with"
                " s3_access_key_rotate; or leave them out of owners and user_groups.",
            )

    def _whose_keys(self, parts: Parts, verb: str) -> str:
        if not self.wanted.rotate_keys:
            return ""
        who = ", ".join(parts.hit()) or "no user that is known here"
        return f"; the S3 access keys of these users {verb} rotated: {who}"

    # --- making it ----------------------------------------------------------------------------

    def _create(self, parts: Parts) -> None:
        doing = "create the vault"
        try:
            answer = self.platform.call(
                "POST",
                "/V4/CVS3Store",
                body=parts.body(self.wanted),
                ok=range(200, 300),
                doing=doing,
                account=self.wanted.name,
            )
            body = answer.json_object()
            self._read_vault(body)
            if answers.verdict(body) is not None:
                raise self.platform.error_of(answer, doing)
        except CredentialsError as exc:
            self._settle(self.platform.placed(exc, doing))
            return
        self.result.why = "created" + self._whose_keys(parts, "were")
        self._read_warning(answers.inner(body, "response"))
        self._follow_job(answers.inner(body, "addEndpointJob"))

    def _read_vault(self, body: Body) -> None:
        """Note the vault's number; an answer without any verdict or vault has the wrong shape."""
        if "response" not in body and "errorCode" not in body:
            raise self.platform.fail(
                "malformed_answer",
                "The answer to the create call names neither a vault nor an error.",
                landed=None,
            )
        number = answers.as_int(answers.inner(body, "response", "entity").get("clientId"))
        if number > 0:
            self.result.account_id = str(number)
            self.result.details["vault_id"] = number

    def _settle(self, exc: CredentialsError) -> None:
        """Say after a refused or unanswered create call what is there now, as the list shows it."""
        name = self.wanted.name
        if exc.kind == "conflict":
            there = self._look() if self.can_list else None
            if there:
                self._report_existing(there, "exists already, made by somebody else just now")
                return
            seen = f"no vault {name} is in the list" if self.can_list else "vaults are not listed"
            exc.message += (
                f" The name is taken by another client of the CommCell, which a vault is too, or by"
                f" a vault that this login may not see ({seen})."
            )
            raise exc
        if self.result.account_id is not None:
            # An error that names the vault's number: made, and then something went wrong.
            raise self._partly(exc)
        if exc.landed is False:
            raise exc
        there = self._look_again()
        if there is None:
            exc.alive = f"no vault {name} in the list yet" if self.can_list else None
            exc.next_step = (
                "It may still appear. Run the same task again in a few minutes: a vault that is"
                " there by then is reported and not made twice."
            )
            raise exc
        self.result.account_id = there.id
        self.result.details.update(there.as_dict(only_told=True))
        if self.wanted.endpoint_clients or self.wanted.rotate_keys:
            raise self._partly(exc)
        self.result.why = "created; its answer was lost, and the list of vaults shows it"
        self.warnings.append(f"Vault {name}: {self.result.why}. The reason was: {exc.message}")

    def _look_again(self) -> Optional[Listed]:
        for attempt in range(_LOOKS if self.can_list else 0):
            if attempt:
                self.platform.client.clock.sleep(_BETWEEN_LOOKS)
            try:
                there = self._look()
            except CredentialsError as exc:
                # What is told is why the create call went unanswered, not why the look did.
                self.warnings.append(f"The list of vaults could not be read: {exc.message}")
                continue
            if there:
                return there
        return None

    def _partly(self, exc: CredentialsError, step: Optional[str] = None) -> CredentialsError:
        """Return the error with the word that the vault exists all the same."""
        number = self.result.account_id
        exc.landed = True
        exc.alive = f"vault {self.wanted.name}" + (f" (id {number})" if number else "")
        if exc.kind != "job_failed":
            exc.kind = "partial"
        unknown = []
        if self.wanted.endpoint_clients:
            unknown.append("the endpoint clients")
        if self.wanted.rotate_keys and step is None:
            unknown.append("whether keys were rotated")
        exc.message = f"Vault {self.wanted.name} exists now. {exc.message}"
        exc.next_step = (
            f"Look at vault {self.wanted.name} in the Command Center"
            + (f" for {' and '.join(unknown)}" if unknown else "")
            + f"; another run reports it and changes nothing ({_NO_UPDATE})."
        )
        return exc

    def _read_warning(self, response: Body) -> None:
        code, message = response.get("warningCode"), response.get("warningMessage")
        if not message and answers.is_success(code):
            return
        redact = self.platform.client.redactor.redact
        self.result.details["warning"] = {"code": code, "message": redact(message or "")}
        self.warnings.append(
            f"Commvault made vault {self.wanted.name} with warning {code}: {message or 'no text'}"
        )

    # --- the endpoint job ---------------------------------------------------------------------

    def _follow_job(self, job: Body) -> None:
        number = answers.as_int(job.get("jobId"))
        refusal = answers.verdict(job)
        if refusal is not None:
            code, message = refusal
            raise self._partly(
                self.platform.fail(
                    "partial",
                    f"Its endpoint job was refused (code {code}): {message}.",
                    code=code,
                    step="start the endpoint job",
                ),
                "job",
            )
        if number <= 0:
            if self.wanted.endpoint_clients:
                self.warnings.append(
                    f"Commvault made vault {self.wanted.name} and named no job for its endpoint"
                    " clients; the package may be on them already. Look in the Command Center."
                )
            return
        if not self.wanted.wait:
            self._show_job(JobState(number))
            return
        self._wait(number)

    def _wait(self, number: int) -> None:
        limit = self.wanted.wait_timeout
        try:
            state, is_over = wait_for(self.platform, number, limit.total_seconds())
        except CredentialsError as exc:
            self._show_job(JobState(number))
            exc.message = f"Endpoint job {number} could not be followed. {exc.message}"
            raise self._partly(exc, "job") from None
        self._show_job(state)
        if is_over and state.is_good:
            return
        message = f"Endpoint job {number} {state}."
        if not is_over and state.status is not None:
            message = f"Endpoint job {number} was not done within {limit}; it {state}. It goes on."
        raise self._partly(
            self.platform.fail("job_failed", message, code=state.status, step="wait for the job"),
            "job",
        )

    def _show_job(self, state: JobState) -> None:
        self.result.details["job"] = state.as_dict()


def ensure_vault(
    platform: Commvault, wanted: Wanted, *, check_mode: bool, custody: Optional[Custody] = None
) -> Outcome:
    """Make the vault if no vault has its name; report one that is there. One result, of the vault.

    Makes the vault, starts the endpoint job and, with rotate_keys, ends the keys of its owners and
    groups, but for users whose keys a record holds: with custody that is refused. Repeated after a
    lost answer, it finds the vault in the list and makes no second one.
    """
    details: dict[str, Any] = {
        "vault_id": None,
        "plan": None,
        "endpoints": None,
        "owners": [],
        "user_groups": [],
        "rotates_keys_of": [],
        "job": None,
        "warning": None,
        "differences": [],
        "not_compared": [],
    }
    result = AccountResult(account=wanted.name, action="unchanged", details=details)
    return _Run(platform, wanted, check_mode, result, custody).outcome()
