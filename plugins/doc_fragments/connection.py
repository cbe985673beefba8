# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module reaches an endpoint."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/options.py, CONNECTION and COMMON."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Your stable name for this endpoint. Credentials in the file of E(S3_CREDENTIALS_FILE) and
        records in a secret store hang on it and not on a URL.
      - Filled with the inventory host name when left out.
    type: str
  api_url:
    description:
      - Scheme, host, port and any base path of the API, such as V(https://cluster1.example.com).
      - Taken from E(S3_CREDENTIALS_FILE) or E(S3_<PLATFORM>_API_URL) when left out; after that, on
        a platform whose vendor has one API for everybody, that one.
    type: str
  api_username:
    description:
      - User name of the login.
    type: str
  api_password:
    description:
      - Password of the login.
      - Like every secret, it belongs into the file of E(S3_CREDENTIALS_FILE), the environment
        (E(S3_<PLATFORM>_API_PASSWORD), only together with the URL), or a vaulted variable.
        On an ad-hoc command line it can be seen by others and may be printed.
    type: str
  api_token:
    description:
      - A token instead of a login, where the platform has them.
    type: str
  api_access_key:
    description:
      - Access key of the login, on platforms whose API is signed with one.
    type: str
  api_secret_key:
    description:
      - Secret key that belongs to O(api_access_key).
    type: str
  client_cert:
    description:
      - Client certificate in PEM form, on the machine that runs the module.
    type: path
  client_key:
    description:
      - Private key of O(client_cert), if it is not in the same file. It must not be encrypted.
    type: path
  validate_certs:
    description:
      - Whether the certificate of the endpoint is verified. The default is V(true).
    type: bool
  ca_path:
    description:
      - CA certificates to trust instead of the system's, as a PEM file or a directory of hashed
        names,
        on the machine that runs the module.
    type: path
  timeout:
    description:
      - How long to wait for an answer, such as V(30s), which is the default. A connection must be
        made
        within 10 seconds.
    type: str
  proxy:
    description:
      - URL of an HTTP proxy, or V(environment) to use C(HTTPS_PROXY), C(HTTP_PROXY) and
        C(NO_PROXY).
      - When left out, no proxy is used, whatever the environment says.
    type: str
  requests_per_second:
    description:
      - The most requests per second that are sent to this endpoint, by all its shards together. No
        limit when left out.
    type: float
  parallelism:
    description:
      - How many accounts are worked on at a time, and the most connections that are opened; 1 to
        64.
        The default is V(8).
    type: int
  shard:
    description:
      - Work on one part of the endpoint's accounts only, such as V(3/8) for the third of eight, so
        that several hosts of the inventory, and with them forks and job slices, share one endpoint.
      - An account belongs to the part that SHA-256 of its name, as a number, modulo the number of
        parts tells; V(3/8) has the remainder 2. The parts stay the same as accounts come and go.
      - Accounts of other parts are left out, also those that the task names, and counted in
        C(totals.other_shards). O(requests_per_second) is divided by the number of parts.
    type: str
  progress:
    description:
      - Show every few seconds how far a long list is, with pace, failures and the time left, on
        standard error. Short lists show nothing, nor does C(ansible -o), an C(async) task, or a
        task that runs on another machine.
    type: bool
    default: true
  report_path:
    description:
      - Write one line of JSON per account into this file, on the machine that runs the module. Its
        directory must be there. The file is replaced as a whole when the list is done, in check
        mode too, gets mode 0600, and never holds a secret.
      - The result then names the file in RV(ignore:report_path), counts the accounts, and holds
        only failures (the first 200) and accounts with a secret that O(ignore:return_secret) asks
        for. Set it for long lists; C(ansible-runner), and so AWX, drops results above 700,000
        characters.
      - A call that fails as a whole leaves the file as it was. Let the name of the host be part of
        the path where a play has several.
    type: path
  report_unchanged:
    description:
      - Whether accounts that stay unchanged are returned. Otherwise they are only counted.
        The file of O(report_path) holds them in any case.
    type: bool
    default: true
notes:
  - >-
    What a task does not say is taken from the entry of this O(endpoint) in the YAML or JSON file
    named by
    the environment variable E(S3_CREDENTIALS_FILE) (C({endpoint: {option: value}})), then from
    E(S3_<PLATFORM>_<OPTION>), for example E(S3_ONTAP_API_USERNAME). Secrets are taken from the
    environment
    only if E(S3_<PLATFORM>_API_URL) is the URL that is used.
  - Runs on the controller; use C(connection=local) or C(delegate_to=localhost).
requirements:
  - requests >= 2.28 (Python library) on the machine that runs the module
"""
