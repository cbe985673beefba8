# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what at the double: tokens with a life, policies by path, and four ways to log in.

https://developer.hashicorp.com/vault/docs/concepts/policies, and the pages of each auth method.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .base import Request, SimulatorClock
from .vault_kv2_answers import Refusal, bad, denied, fields, no_route, unsupported

ALL = ("create", "read", "update", "delete", "list")
#: What every token may do, by the policy "default".
DEFAULT_POLICY: dict[str, tuple[str, ...]] = {
    "auth/token/lookup-self": ("read",),
    "auth/token/renew-self": ("update",),
    "auth/token/revoke-self": ("update",),
    "sys/capabilities-self": ("update",),
}


@dataclass
class Token:
    """A token; no end: it lives for ever."""

    id: str
    accessor: str
    policies: tuple[str, ...]
    created: dt.datetime
    ttl: int = 0
    ends: Optional[dt.datetime] = None
    display_name: str = "token"


@dataclass
class Role:
    """A role of an auth method, with what logs in to it."""

    policies: tuple[str, ...]
    ttl: int = 1200
    role_id: str = ""
    secret_ids: dict[str, int] = field(default_factory=dict)
    jwts: set[str] = field(default_factory=set)


class Tokens:
    """Tokens, policies and auth methods of the double."""

    def __init__(
        self, clock: SimulatorClock, randomness: random.Random, modes: Mapping[str, Any]
    ) -> None:
        self._clock = clock
        self._random = randomness
        self._modes = modes
        self.tokens: dict[str, Token] = {}
        self.policies: dict[str, dict[str, tuple[str, ...]]] = {"default": DEFAULT_POLICY}
        #: Mount -> (method, roles by name).
        self.methods: dict[str, tuple[str, dict[str, Role]]] = {
            name: (name, {}) for name in ("approle", "kubernetes", "jwt")
        }
        self.logins = 0

    def made_up(self, prefix: str, length: int = 90) -> str:
        """Return a made-up token or identifier."""
        letters = string.ascii_letters + string.digits
        return prefix + "".join(self._random.choices(letters, k=length))

    def issue(self, *policies: str, ttl: int = 0, display_name: str = "token") -> Token:
        """Issue a token behind the API's back."""
        now = self._clock.now()
        token = Token(self.made_up("hvs."), self.made_up("", 24), policies, now, ttl)
        token.ends = now + dt.timedelta(seconds=ttl) if ttl else None
        token.display_name = display_name
        self.tokens[token.id] = token
        return token

    def authenticate(self, request: Request) -> Token:
        """Return the token of a request, or refuse it."""
        text = request.headers.get("X-Vault-Token")
        bearer = request.headers.get("Authorization") or ""
        if not text and bearer.startswith("Bearer "):
            text = bearer[len("Bearer ") :]
        if not text:
            raise Refusal(403, "permission denied")
        token = self.tokens.get(text)
        if token is None or (token.ends is not None and token.ends <= self._clock.now()):
            self.tokens.pop(text, None)
            if self._modes["invalid_token"] == "short":
                raise Refusal(403, "permission denied")
            raise Refusal(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        return token

    def capabilities(self, token: Token, path: str) -> tuple[str, ...]:
        """Return what a token may do at a path; deny wins, the most exact path counts."""
        if "root" in token.policies:
            return ALL
        found: set[str] = set()
        for name in (*token.policies, "default"):
            rules = self.policies.get(name, {})
            matching = [pattern for pattern in rules if _matches(pattern, path)]
            if matching:
                found |= set(rules[max(matching, key=_weight)])
        return () if "deny" in found else tuple(sorted(found))

    def may_see(self, token: Token, mount: str) -> bool:
        """Tell whether a token has any right below a mount."""
        if "root" in token.policies:
            return True
        return any(
            pattern.startswith(f"{mount}/") and capabilities != ("deny",)
            for name in token.policies
            for pattern, capabilities in self.policies.get(name, {}).items()
        )

    def require(self, token: Token, path: str, capability: str) -> None:
        """Refuse what a token may not do."""
        if capability not in self.capabilities(token, path):
            raise denied()

    # --- the paths below auth/ ----------------------------------------------------------------

    def handle_login(self, request: Request, mount: str) -> dict[str, Any]:
        """Answer a login; returns what stands under auth."""
        if request.method not in ("POST", "PUT"):
            raise unsupported()
        if mount not in self.methods:
            raise no_route(f"auth/{mount}/login")
        method, roles = self.methods[mount]
        role = self._approle(request, roles) if method == "approle" else self._jwt(request, roles)
        token = self.issue(*role.policies, ttl=role.ttl, display_name=mount)
        self.logins += 1
        return {
            "client_token": token.id,
            "accessor": token.accessor,
            "policies": sorted({"default", *role.policies}),
            "token_policies": sorted({"default", *role.policies}),
            "metadata": {},
            "lease_duration": role.ttl,
            "renewable": True,
            "entity_id": "",
            "token_type": "service",
            "orphan": True,
            "mfa_requirement": None,
            "num_uses": 0,
        }

    def _approle(self, request: Request, roles: Mapping[str, Role]) -> Role:
        body = fields(request, role_id=(str,), secret_id=(str,))
        if not body.get("role_id"):
            raise bad("missing role_id")
        role = next((each for each in roles.values() if each.role_id == body["role_id"]), None)
        secret_id = body.get("secret_id") or ""
        if role is None or secret_id not in role.secret_ids:
            raise bad("invalid role or secret ID")
        role.secret_ids[secret_id] -= 1
        if role.secret_ids[secret_id] == 0:
            del role.secret_ids[secret_id]
        return role

    def _jwt(self, request: Request, roles: Mapping[str, Role]) -> Role:
        body = fields(request, role=(str,), jwt=(str,))
        role = roles.get(body.get("role") or "")
        if role is None:
            raise bad(f'role "{body.get("role")}" could not be found')
        if not body.get("jwt"):
            raise bad("missing token")
        if body["jwt"] not in role.jwts:
            raise Refusal(403, "permission denied")
        return role

    def handle_token(self, request: Request, token: Token, verb: str) -> Optional[dict[str, Any]]:
        """Answer lookup-self, renew-self and revoke-self; None: done."""
        if verb == "lookup-self" and request.method == "GET":
            self.require(token, f"auth/token/{verb}", "read")
            left = (token.ends - self._clock.now()).total_seconds() if token.ends else 0
            return {
                "accessor": token.accessor,
                "creation_ttl": token.ttl,
                "display_name": token.display_name,
                "expire_time": token.ends.isoformat() if token.ends else None,
                "id": token.id,
                "policies": list(token.policies),
                "renewable": token.ttl > 0,
                "ttl": int(left),
                "type": "service",
            }
        if request.method not in ("POST", "PUT") or verb not in ("renew-self", "revoke-self"):
            raise unsupported()
        self.require(token, f"auth/token/{verb}", "update")
        if verb == "revoke-self":
            del self.tokens[token.id]
            return None
        token.ends = self._clock.now() + dt.timedelta(seconds=token.ttl) if token.ttl else None
        return {"client_token": token.id, "lease_duration": token.ttl, "renewable": token.ttl > 0}


def _matches(pattern: str, path: str) -> bool:
    parts = [re.escape(part) if part != "+" else "[^/]+" for part in pattern.split("/")]
    expression = "/".join(parts)
    if expression.endswith(r"\*"):
        expression = expression[:-2] + ".*"
    return re.fullmatch(expression, path) is not None


def _weight(pattern: str) -> tuple[int, bool, int]:
    """Return how exact a pattern is: where its first wildcard stands, then its length."""
    first = min((pattern.find(c) for c in "+*" if c in pattern), default=len(pattern))
    return first, not pattern.endswith("*"), len(pattern)
