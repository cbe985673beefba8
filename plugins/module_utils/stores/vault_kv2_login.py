# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to log in to a KV v2 server: one class per auth method, each with its own call of hvac."""

from __future__ import annotations

from typing import Any, Optional

from ..redaction import Redactor
from .vault_kv2_options import KUBERNETES_JWT, KvOptions, read_secret


class Login:
    """One way to a token."""

    name = ""
    #: Whether it can log in again when its token has expired.
    can_repeat = True

    def __init__(self, options: KvOptions, redactor: Redactor) -> None:
        self.options = options
        self.redactor = redactor
        redactor.learn(options.token, options.secret_id, options.jwt)

    @property
    def mount(self) -> str:
        """Where the auth method is mounted."""
        return self.options.auth_mount or self.name

    def send(self, client: Any) -> dict[str, Any]:
        """Log in by hvac and return the answer; raises what hvac raises."""
        raise NotImplementedError

    def _jwt(self, default_path: Optional[str] = None) -> str:
        """Return the token of the workload; its file is read again each time, for it is renewed."""
        path = self.options.jwt_path or (None if self.options.jwt else default_path)
        jwt = read_secret(path, "JWT") if path else self.options.jwt or ""
        self.redactor.learn(jwt)
        return jwt


class TokenLogin(Login):
    """A token that somebody else made: it is used as it is, and never renewed or revoked."""

    name = "token"
    can_repeat = False

    def send(self, client: Any) -> dict[str, Any]:
        """Send nothing: the token is at hand."""
        return {"auth": {"client_token": self.options.token}}


class AppRoleLogin(Login):
    """https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle"""

    name = "approle"

    def send(self, client: Any) -> dict[str, Any]:
        """Log in by role_id and secret_id (none where the role binds none)."""
        answer: dict[str, Any] = client.auth.approle.login(
            role_id=self.options.role_id,
            secret_id=self.options.secret_id,
            use_token=False,
            mount_point=self.mount,
        )
        return answer


class KubernetesLogin(Login):
    """https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login"""

    name = "kubernetes"

    def send(self, client: Any) -> dict[str, Any]:
        """Log in by the service account of the pod that the module runs in."""
        answer: dict[str, Any] = client.auth.kubernetes.login(
            role=self.options.role,
            jwt=self._jwt(KUBERNETES_JWT),
            use_token=False,
            mount_point=self.mount,
        )
        return answer


class JwtLogin(Login):
    """https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login"""

    name = "jwt"

    def send(self, client: Any) -> dict[str, Any]:
        """Log in by a JSON web token that an identity provider signed."""
        answer: dict[str, Any] = client.auth.jwt.jwt_login(
            role=self.options.role, jwt=self._jwt(), use_token=False, path=self.mount
        )
        return answer


LOGINS: dict[str, type[Login]] = {
    login.name: login for login in (TokenLogin, AppRoleLogin, KubernetesLogin, JwtLogin)
}
