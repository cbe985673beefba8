# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of s3_access_key_rotate as data, made by tools/sync.py."""

from __future__ import annotations

#: All of them.
OPTIONS: tuple[str, ...] = (
    "access_key",
    "acknowledge",
    "adopt",
    "all",
    "allow_disruption",
    "allow_ephemeral",
    "allow_side_effects",
    "api_access_key",
    "api_password",
    "api_secret_key",
    "api_token",
    "api_url",
    "api_username",
    "api_version",
    "ca_path",
    "canary",
    "change",
    "client_cert",
    "client_key",
    "compromised",
    "cut_first",
    "disruption_time",
    "domain",
    "endpoint",
    "exclude",
    "flavor",
    "force",
    "force_retire",
    "grace_period",
    "hold_until",
    "journal",
    "key_delivery",
    "last_used",
    "login_url",
    "max_age",
    "max_failures",
    "max_rotations",
    "parallelism",
    "plan",
    "plan_hash",
    "platform",
    "policies",
    "preflight",
    "progress",
    "proxy",
    "quiet_period",
    "reason",
    "recover_within",
    "replaces",
    "report_path",
    "report_unchanged",
    "requests_per_second",
    "retire",
    "return_secret",
    "rotate_before",
    "rotation_id",
    "secret_store",
    "settle",
    "shard",
    "soak_period",
    "spread",
    "state",
    "strict",
    "svm",
    "tenant",
    "timeout",
    "users",
    "validate_certs",
    "verify",
    "window",
    "write_plan",
)

#: Other names of options.
ALIASES: dict[str, str] = {
    "user": "users",
}

#: Options that are dictionaries, and lists of them, with their suboptions.
DICTIONARIES: dict[str, tuple[str, ...]] = {
    "secret_store": (
        "audit_tags",
        "auth_method",
        "auth_mount",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "ca_path",
        "client_cert",
        "client_key",
        "custom_metadata",
        "endpoint_url",
        "jwt",
        "jwt_path",
        "kms_key_id",
        "lease",
        "mount",
        "namespace",
        "path",
        "profile",
        "proxy",
        "region",
        "role",
        "role_arn",
        "role_id",
        "secret_id",
        "tags",
        "timeout",
        "token",
        "type",
        "url",
        "validate_certs",
        "vault_id",
        "vault_password",
        "vault_password_file",
    ),
    "verify": (
        "addressing_style",
        "bucket",
        "ca_path",
        "enabled",
        "interval",
        "proxy",
        "region",
        "s3_url",
        "successes",
        "timeout",
        "validate_certs",
    ),
}

#: Options and suboptions that hold a secret.
SECRETS: tuple[str, ...] = (
    "api_password",
    "api_secret_key",
    "api_token",
    "secret_store.aws_secret_access_key",
    "secret_store.aws_session_token",
    "secret_store.jwt",
    "secret_store.secret_id",
    "secret_store.token",
    "secret_store.vault_password",
)

#: The values that an option or suboption may have, where they are few.
CHOICES: dict[str, tuple[str, ...]] = {
    "platform": (
        "commvault",
        "huawei",
        "ontap",
        "ose",
    ),
    "flavor": ("ose", "osis"),
    "state": (
        "rotated",
        "acknowledged",
        "retired",
        "rolled_back",
        "decommissioned",
    ),
    "adopt": (
        "report",
        "rotate",
        "import",
    ),
    "acknowledge": ("auto", "explicit"),
    "key_delivery": ("inline", "email"),
    "secret_store.type": (
        "ansible_vault",
        "aws_secretsmanager",
        "vault_kv2",
    ),
    "secret_store.auth_method": (
        "approle",
        "jwt",
        "kubernetes",
        "token",
    ),
    "verify.addressing_style": (
        "auto",
        "path",
        "virtual",
    ),
}

#: Options that only some platforms have: platform -> its own.
SCOPES: dict[str, tuple[str, ...]] = {
    "commvault": ("domain",),
    "huawei": ("api_version", "domain"),
    "ontap": ("api_version", "svm"),
    "ose": (
        "flavor",
        "login_url",
        "tenant",
    ),
}

#: Platforms where the name in a task may be short for that of an account.
NAMES_DIFFER: tuple[str, ...] = ("commvault",)
