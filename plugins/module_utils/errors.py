# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of this collection, and the closed list of what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from .visible import LONGEST_MESSAGE, visible


@dataclass(frozen=True)
class Kind:
    """What a kind of failure means to a user, and whether it concerns the whole endpoint."""

    meaning: str
    next_step: str
    stops_endpoint: bool = False


#: The closed list behind C(failure.kind), documented in docs/failures.md; a test compares the two.
KINDS: dict[str, Kind] = {
    "invalid_option": Kind(
        "an option is missing, malformed or contradicts another",
        "Correct the option named in the message.",
        stops_endpoint=True,
    ),
    "unreachable": Kind(
        "no connection could be made: unknown name, refused, no route",
        "Check api_url, DNS, the firewall and the proxy option.",
        stops_endpoint=True,
    ),
    "timeout": Kind(
        "the endpoint did not answer in time; nothing was changed",
        "Raise the timeout option or look at the endpoint's load, then run again.",
        stops_endpoint=True,
    ),
    "tls": Kind(
        "the certificate of the endpoint is not trusted",
        "Name the CA that signed it with ca_path.",
        stops_endpoint=True,
    ),
    "authentication": Kind(
        "the endpoint refused the login",
        "Check the user name, the password, token or key, and whether the login is locked.",
        stops_endpoint=True,
    ),
    "permission": Kind(
        "the login works but lacks a right",
        "Give the login the role that the platform's guide shows at its top.",
        stops_endpoint=True,
    ),
    "not_found": Kind(
        "the account, access key or object is not there",
        "Check the spelling; names are compared exactly. An identifier is written id:42.",
    ),
    "ambiguous": Kind(
        "several accounts or objects answer to this name",
        "Name the one you mean by its identifier, as id:42.",
    ),
    "conflict": Kind(
        "something of this name exists already, or is in use",
        "Look at what is there before you run again.",
    ),
    "unsupported": Kind(
        "this platform, version or configuration cannot do it",
        "See the platform's guide for what it can do.",
    ),
    "limit": Kind(
        "a quota of the platform is used up",
        "Free a place by hand; this collection removes only keys that it knows as its own.",
    ),
    "throttled": Kind(
        "the endpoint asks for fewer requests, and did so until the retries ran out",
        "Set requests_per_second, or lower parallelism, and run again.",
        stops_endpoint=True,
    ),
    "rejected": Kind(
        "the endpoint understood the request and refused it",
        "See the platform's code and message.",
    ),
    "platform_error": Kind(
        "the endpoint failed",
        "Look at the endpoint's own log; run again when it is well.",
    ),
    "malformed_answer": Kind(
        "the answer is not what this API gives: HTML, cut off, or of another shape",
        "Check that api_url names the API and not a web page or a proxy.",
    ),
    "outcome_unknown": Kind(
        "a change was sent and its answer was lost; it may or may not have happened",
        "Run s3_credential_info to see what is there before you repeat the change.",
    ),
    "partial": Kind(
        "a part of the change happened, the rest was refused",
        "See what is alive in the message, and repeat only the rest.",
    ),
    "disruption_refused": Kind(
        "the change would end a working key, which was not asked for",
        "Set allow_disruption: true if that is what you want.",
    ),
    "custody_refused": Kind(
        "the change makes a key that would be kept nowhere",
        "Give secret_store, or set return_secret: true and keep what is returned.",
    ),
    "held_by_record": Kind(
        "a record in the secret store holds the key, and its rotations rely on it",
        "Use s3_access_key_rotate, which changes key and record together.",
    ),
    "immutable": Kind(
        "the platform keeps this key for itself; it must not be touched",
        "Leave this key out.",
    ),
    "side_effect_refused": Kind(
        "merely reading this would change something at the platform",
        "Set allow_side_effects: true if you accept that; check mode never does.",
    ),
    "check_mode_write": Kind(
        "check mode was about to write; the client stopped it, and this is a defect",
        "Report it with the module and its options.",
        stops_endpoint=True,
    ),
    "job_failed": Kind(
        "a job that the platform runs on its own ended badly, or not in time",
        "Look at the job in the platform's console.",
    ),
    "store_unavailable": Kind(
        "the secret store cannot be reached, is sealed, or asks for fewer requests",
        "Look at the secret store; run again when it is well. What was begun stays in the record.",
        stops_endpoint=True,
    ),
    "store_refused": Kind(
        "the secret store refuses the login, the path or the write",
        "Give the login of the secret store the rights that its guide shows, or make room.",
        stops_endpoint=True,
    ),
    "store_unreadable": Kind(
        "a record is there and cannot be read or decrypted; it is never taken for no record",
        "Check the password and the path of the secret store, or restore the record.",
    ),
    "store_moved": Kind(
        "the record was moved to another secret store, or its move is not finished",
        "Set secret_store to the store that the message names, or finish the move.",
    ),
    "secret_not_kept": Kind(
        "a new secret could not be stored; it lies encrypted in the escrow file that is named",
        "Mend the secret store and run again: the next run takes the pair from the escrow file.",
        stops_endpoint=True,
    ),
    "busy": Kind(
        "another run is at work on this account, or was faster",
        "Nothing is wrong: the other run does the work. Run again when it has ended.",
    ),
    "delivery_mismatch": Kind(
        "the platform delivers new pairs another way than key_delivery says",
        "Set key_delivery to what the message says, then run again.",
        stops_endpoint=True,
    ),
    "drifted": Kind(
        "platform and record contradict each other in a way that no step of ours explains",
        "Find out who changed what; the message says how to go on.",
    ),
    "verification_failed": Kind(
        "the S3 service refuses the pair",
        "Look at verify.s3_url, region and bucket, and at the account's state.",
    ),
    "verification_unreachable": Kind(
        "no signed request could be answered, so nobody knows whether the pair works",
        "Check verify.s3_url, the network and the clocks, then run again.",
        stops_endpoint=True,
    ),
    "clock_skew": Kind(
        "this machine's clock and the platform's differ too much for dates to be trusted",
        "Set the clocks right (NTP), then run again.",
        stops_endpoint=True,
    ),
    "internal": Kind(
        "a defect of this collection",
        "Report it with the message; it holds no secret.",
        stops_endpoint=True,
    ),
}


def sentences(message: Optional[str], next_step: Optional[str]) -> str:
    """Join what happened and what to do to one text."""
    text = (message or "").strip()
    if text and not text.endswith((".", "!", "?")):
        text += "."
    return f"{text} {next_step or ''}".strip()


#: What to do where a state needs a record, and the account that was named has none.
NO_RECORD_HERE = (
    "Check endpoint and secret_store: records hang on both. An account that was never taken over"
    " needs adopt: rotate or adopt: import first."
)


def missing(what: str) -> RuntimeError:
    """Return the error for what cannot be missing there; a defect of this collection."""
    return RuntimeError(f"{what} is missing")


#: An exception that says more quotes what it was given.
_LONGEST_OF_OTHERS = 2000


def _shown(text: Optional[str]) -> Optional[str]:
    return None if text is None else visible(text, LONGEST_MESSAGE)


class CredentialsError(Exception):
    """A failure that a person can act on.

    C(landed) tells what is known of a change: False, nothing happened; True, it happened
    (or a part of it); None, nobody knows. Reads leave it False.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        next_step: str | None = None,
        platform: str | None = None,
        endpoint: str | None = None,
        account: str | None = None,
        step: str | None = None,
        http_status: int | None = None,
        code: str | None = None,
        alive: str | None = None,
        details: dict[str, Any] | None = None,
        landed: bool | None = False,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.message = message
        self.next_step = next_step or KINDS[kind].next_step
        self.platform = platform
        self.endpoint = endpoint
        self.account = account
        self.step = step
        self.http_status = http_status
        self.code = _shown(code)
        self.alive = alive
        self.details = details or {}
        self.landed = landed

    @property
    def message(self) -> str:
        """What happened. What others wrote into it acts on no terminal, and has a bound."""
        return self._message

    @message.setter
    def message(self, text: str) -> None:
        self._message = visible(text, LONGEST_MESSAGE)
        self.args = (self._message,)

    @property
    def next_step(self) -> str:
        """What to do about it; bounded as the message is."""
        return self._next_step

    @next_step.setter
    def next_step(self, text: str) -> None:
        self._next_step = visible(text, LONGEST_MESSAGE)

    @property
    def alive(self) -> str | None:
        """Which keys work; platforms name them, so that they are bounded as the message is."""
        return self._alive

    @alive.setter
    def alive(self, text: str | None) -> None:
        self._alive = _shown(text)

    @classmethod
    def internal(cls, exc: BaseException) -> CredentialsError:
        """Return the error that stands for an exception that nobody expected, with its place."""
        where = ""
        step = exc.__traceback__
        while step is not None:
            where = f"{step.tb_frame.f_code.co_filename.rpartition('/')[2]}:{step.tb_lineno}"
            step = step.tb_next
        said = str(exc)
        if len(said) > _LONGEST_OF_OTHERS:
            # It is redacted later, and half a secret, where it is cut, would not be known for one.
            said = f"its text of {len(said)} characters is left out"
        return cls(
            "internal", f"Unexpected {exc.__class__.__name__} at {where}: {said}", landed=None
        )

    @property
    def stops_endpoint(self) -> bool:
        """Whether every other account of the endpoint would fail alike."""
        return KINDS[self.kind].stops_endpoint

    def again(self) -> CredentialsError:
        """Return a copy: a failure that many accounts share must not carry the first one's name."""
        return CredentialsError(
            self.kind,
            self.message,
            next_step=self.next_step,
            platform=self.platform,
            endpoint=self.endpoint,
            account=self.account,
            step=self.step,
            http_status=self.http_status,
            code=self.code,
            alive=self.alive,
            details=dict(self.details),
            landed=self.landed,
        )

    def at(self, **context: str | None) -> CredentialsError:
        """Fill in platform, endpoint, account or step where not known yet, and return self."""
        for name, value in context.items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        return self

    def failure(self) -> dict[str, Any]:
        """Return the structured failure of DESIGN section 3; every name is always there."""
        return {
            "kind": self.kind,
            "platform": self.platform,
            "endpoint": self.endpoint,
            "account": self.account,
            "step": self.step,
            "http_status": self.http_status,
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "alive": self.alive,
            "next_step": self.next_step,
        }
