# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option secret_store: which secret store, and the options of each."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/store_registry.py and of module_utils/stores/."""

    DOCUMENTATION = r"""
options:
  secret_store:
    description:
      - Where the access keys and secret keys are kept, one record for each account.
      - Records hang on the name that O(endpoint) gives, and not on a URL.
      - Each type has its own options; one of another type is refused. The guide to the secret
        stores (C(docs/secret-stores.md)) shows the rights that each needs.
      - A dictionary in a task replaces one in C(module_defaults) as a whole.
      - Left out altogether, it is the type that E(S3_SECRET_STORE_TYPE) names, if it is set.
      - An option that is left out, and is no dictionary, comes from E(S3_<TYPE>_<OPTION>), such as
        E(S3_VAULT_KV2_MOUNT) or E(S3_ANSIBLE_VAULT_PATH). A secret of the environment goes only to
        the server that the environment names beside it (E(S3_VAULT_KV2_URL)). What the products'
        own variables say, such as E(VAULT_ADDR), comes after that.
    type: dict
    suboptions:
      type:
        description:
          - V(ansible_vault) keeps files that C(ansible-vault) can read, one for each account.
          - V(vault_kv2) keeps records in HashiCorp Vault or OpenBao, secrets engine KV version 2.
          - V(aws_secretsmanager) keeps records in AWS Secrets Manager.
        type: str
        choices: [ansible_vault, aws_secretsmanager, vault_kv2]
        required: true
      path:
        description:
          - With V(ansible_vault) the directory of the files, on the machine that runs the module.
            Required there.
          - With the other two a template of where a record lies. It holds C({platform}),
            C({endpoint}) and C({account}), each once and parted by slashes. The default is
            V(objectstore/{platform}/{endpoint}/{account}).
          - Changing it later makes every account look as if it had no record.
        type: str
      vault_password_file:
        description:
          - For V(ansible_vault), a file that holds the vault password, or a script that prints it.
          - Without it and O(secret_store.vault_password), the passwords are those of
            E(ANSIBLE_VAULT_IDENTITY_LIST) and E(ANSIBLE_VAULT_PASSWORD_FILE), then those that
            Ansible itself was started with, such as a vault credential of AWX.
          - As V(label@path) it has a label, as in C(--vault-id).
        type: path
      vault_password:
        description:
          - For V(ansible_vault), the vault password itself. A file is safer.
        type: str
      vault_id:
        description:
          - For V(ansible_vault), the label of the password that encrypts, where several are at
            hand. All of them are tried when reading.
        type: str
      url:
        description:
          - For V(vault_kv2), scheme, host and port of the server, such as
            V(https://vault.example.com:8200). Without it, E(BAO_ADDR) or E(VAULT_ADDR).
        type: str
      auth_method:
        description:
          - For V(vault_kv2), how to log in. Without it, V(approle) if there is a
            O(secret_store.role_id), V(jwt) or V(kubernetes) if there is a O(secret_store.role),
            else V(token).
        type: str
        choices: [approle, jwt, kubernetes, token]
      auth_mount:
        description:
          - For V(vault_kv2), where the auth method is mounted, if not under its own name.
        type: str
      token:
        description:
          - For V(vault_kv2), a token. Without it, E(VAULT_TOKEN), E(VAULT_TOKEN_FILE) or what
            C(vault login) left behind, if E(VAULT_ADDR) is the server that is used.
        type: str
      role_id:
        description:
          - For V(vault_kv2), the role ID of an AppRole.
        type: str
      secret_id:
        description:
          - For V(vault_kv2), the secret ID of an AppRole.
        type: str
      role:
        description:
          - For V(vault_kv2), the role of the auth methods V(jwt) and V(kubernetes).
        type: str
      jwt:
        description:
          - For V(vault_kv2), the token that the auth methods V(jwt) and V(kubernetes) show.
        type: str
      jwt_path:
        description:
          - For V(vault_kv2), a file that holds O(secret_store.jwt). With V(kubernetes) the default
            is the pod's own service account token.
        type: path
      namespace:
        description:
          - For V(vault_kv2), the namespace. Without it, E(VAULT_NAMESPACE).
        type: str
      mount:
        description:
          - For V(vault_kv2), where the secrets engine is mounted. The default is V(secret).
        type: str
      custom_metadata:
        description:
          - For V(vault_kv2), whether a copy of each record's state, without secrets, is written to
            its custom metadata, so that an auditor needs no right to read secrets. The default is
            V(true).
        type: bool
      client_cert:
        description:
          - For V(vault_kv2), a client certificate in PEM form.
        type: path
      client_key:
        description:
          - For V(vault_kv2), the private key of O(secret_store.client_cert), if it is not in the
            same file.
        type: path
      region:
        description:
          - For V(aws_secretsmanager), the region. Without it, the profile's, E(AWS_DEFAULT_REGION)
            or E(AWS_REGION).
        type: str
      profile:
        description:
          - For V(aws_secretsmanager), a profile of the AWS configuration files.
        type: str
      aws_access_key_id:
        description:
          - For V(aws_secretsmanager), the access key of the login. Without it and
            O(secret_store.profile), whatever boto3 finds by itself, such as
            E(AWS_ACCESS_KEY_ID) or the role of the machine.
        type: str
      aws_secret_access_key:
        description:
          - For V(aws_secretsmanager), the secret key of O(secret_store.aws_access_key_id).
        type: str
      aws_session_token:
        description:
          - For V(aws_secretsmanager), the session token of temporary credentials.
        type: str
      role_arn:
        description:
          - For V(aws_secretsmanager), a role to assume with the login.
        type: str
      kms_key_id:
        description:
          - For V(aws_secretsmanager), the KMS key that encrypts new secrets, by its identifier,
            ARN or alias. Without it, C(aws/secretsmanager). Secrets that exist keep theirs.
        type: str
      tags:
        description:
          - For V(aws_secretsmanager), tags that new secrets get, for cost allocation or for
            policies that go by tags.
        type: dict
      audit_tags:
        description:
          - For V(aws_secretsmanager), whether a copy of each record's state, without secrets, is
            written to tags of its secret, so that an auditor needs no right to read secrets. The
            default is V(true).
        type: bool
      endpoint_url:
        description:
          - For V(aws_secretsmanager), the URL of a VPC endpoint, if it is not found by its private
            DNS name.
        type: str
      ca_path:
        description:
          - For V(vault_kv2) and V(aws_secretsmanager), CA certificates to trust in place of the
            system's or boto3's own, as a PEM file.
        type: path
      validate_certs:
        description:
          - For V(vault_kv2) and V(aws_secretsmanager), whether the server's certificate is
            verified. The default is V(true).
        type: bool
      timeout:
        description:
          - For V(vault_kv2) and V(aws_secretsmanager), how long to wait for an answer. The default
            is V(30s) and V(10s).
        type: str
      proxy:
        description:
          - For V(vault_kv2) and V(aws_secretsmanager), the URL of an HTTP proxy, or
            V(environment). No proxy is used when left out.
        type: str
      lease:
        description:
          - For V(vault_kv2) and V(aws_secretsmanager), how long a run that does not move keeps
            others away from the accounts that it works on; the same for all runs. The default is
            V(60s).
        type: str
"""

    #: The same options once more, of the store that records are copied to. With a type, because
    #: ansible-test reads every plain assignment here as YAML.
    DESTINATION: str = (
        DOCUMENTATION.replace("secret_store:", "destination:")
        .replace(
            "Where the access keys and secret keys are kept, one record for each account.",
            "For O(state=copied), the secret store that the records are copied to.",
        )
        .replace("O(secret_store", "O(destination")
    )

    EPHEMERAL = r"""
options:
  allow_ephemeral:
    description:
      - Keep files of the secret store, and of a journal, also where they vanish with the container
        of the run, as on the container's own filesystem, in its memory, or in the folder that
        AWX makes for one job. Otherwise that is refused before anything is touched.
      - Left out, it is what E(S3_ALLOW_EPHEMERAL) says, for a whole job; else it is V(false).
    type: bool
"""
