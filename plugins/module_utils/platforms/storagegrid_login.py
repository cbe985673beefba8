# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log in at a tenant of StorageGRID, and learn who that is and what it may do."""

from __future__ import annotations

from ..auth import Headers
from ..errors import CredentialsError
from ..http import LOGIN
from ..model import Account, EndpointInfo
from .storagegrid_calls import GridCalls
from .storagegrid_names import account_of


class Login:
    """The login of one tenant: a token that lives 16 hours, and the user that it belongs to."""

    def __init__(self, grid: GridCalls, tenant: str | None) -> None:
        self._grid = grid
        self._tenant = tenant
        #: The user that this login is, once it is known.
        self.own: Account | None = None
        #: Whether it may manage the keys of every user.
        self.has_root_access = False
        #: Whether the tenant's keys may be cloned to another grid.
        self.is_federated = False

    def __call__(self) -> Headers:
        """Return the header with a fresh token. Makes a session and nothing else."""
        given = self._grid.settings
        answer = self._grid.send(
            "POST",
            "authorize",
            body={
                "accountId": self._tenant,
                "username": given.api_username,
                "password": given.api_password,
                "cookie": False,
                "csrfToken": False,
            },
            effect=LOGIN,
            auth=False,
            doing="log in",
        )
        token = answer.json_object().get("data")
        if not isinstance(token, str) or not token:
            raise answer.malformed("a login without a token")
        # The field has no name that says so.
        self._grid.client.redactor.learn(token)
        return {"Authorization": f"Bearer {token}"}

    def look(self) -> EndpointInfo:
        """Ask who is logged in where, and check the tenant. Reads only."""
        grid = self._grid
        row = grid.fetch("GET", "org", "config", doing="say who is logged in")
        account, permissions = row.inner("account"), row.inner("permissions")
        tenant = account.text("id")
        if self._tenant is not None and tenant != self._tenant:
            raise grid.fail(
                "invalid_option",
                f"tenant: this login belongs to {account.optional('name')} (id:{tenant}), not to"
                f" {self._tenant}.",
                next_step="Set tenant to the account ID of the login, or leave it out with"
                " api_token.",
            )
        self.own = account_of(row.inner("user"))
        self.has_root_access = permissions.values.get("rootAccess") is True
        policy = account.values.get("policy")
        if isinstance(policy, dict):
            self.is_federated = bool(policy.get("allowedGridFederationConnections"))
        details = {
            "tenant": account.optional("name"),
            "tenant_id": tenant,
            "login": self.own.name,
            "root_access": self.has_root_access,
        }
        return EndpointInfo(grid.title, self._product_version(), details, scope={"tenant": tenant})

    def _product_version(self) -> str | None:
        row = self._grid.fetch(
            "GET", "org", "config", "product-version", doing="read the product's version"
        )
        return row.optional("productVersion")

    def is_own(self, account: Account) -> bool:
        """Tell whether an account that was resolved is the login's own user."""
        return self.own is not None and account.id is not None and account.id == self.own.id

    def explained(self, exc: CredentialsError) -> CredentialsError:
        """Add to a refused look-up what this login can do all the same."""
        own = self.own
        if exc.kind == "permission" and own is not None and own.name not in exc.next_step:
            exc.next_step += f" This login is user {own.name} (id:{own.id})."
        return exc
