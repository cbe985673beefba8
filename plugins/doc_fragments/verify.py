# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pair is verified."""

from __future__ import annotations


class ModuleDocFragment:
    """The suboptions of module_utils/verify.py, VERIFY_SPEC."""

    DOCUMENTATION = r"""
options:
  verify:
    description:
      - How a pair is tried out before anyone relies on it, by signed S3 requests that only list.
      - Before the first one, a made-up access key is sent, which the service must refuse; a service
        that takes any key is found out, and nothing is rotated.
      - After a key was retired, its pair is sent once more to prove that it is refused.
      - Needs the Python library botocore on the machine that runs the module.
    type: dict
    suboptions:
      enabled:
        description:
          - V(false) verifies nothing. New keys are then C(unverified), also in the record.
        type: bool
        default: true
      s3_url:
        description:
          - The S3 service that takes the keys, with scheme, port and any base path, such as
            V(https://s3.example.com) or V(https://vault.example.com:5005/S3). No bucket in it.
          - Required unless O(verify.enabled=false).
        type: str
      bucket:
        description:
          - Ask for one object name of this bucket instead of the list of buckets. Needed where the
            service cannot list buckets, as Commvault's, or where an account may list only its own.
          - An account that may not list still counts as verified, as long as the service tells
            that apart from an unknown key.
        type: str
      region:
        description:
          - The region that requests are signed for. A service that names another one in its answer
            is asked again for that one.
        type: str
        default: us-east-1
      addressing_style:
        description:
          - V(path) puts the bucket into the path of the URL, V(virtual) in front of the host name.
          - V(auto) begins with V(path), and changes to V(virtual) when the service insists on it.
        type: str
        choices: [auto, path, virtual]
        default: auto
      ca_path:
        description:
          - File or directory of CA certificates in PEM form that sign the S3 service's
            certificate. The system's CAs are used when left out; O(ca_path) is only for the API.
        type: path
      validate_certs:
        description:
          - Whether the certificate of the S3 service is verified.
        type: bool
        default: true
      proxy:
        description:
          - URL of the proxy to the S3 service, or V(environment) for what the usual variables say.
            No proxy is used when left out; O(proxy) is only for the API.
        type: str
      timeout:
        description:
          - How long a new pair may take until it is accepted, such as V(60s) or V(5m). Some
            services take that long to tell all their nodes.
        type: str
        default: 60s
      interval:
        description:
          - Time between two requests while a new pair is not accepted yet.
        type: str
        default: 1s
      successes:
        description:
          - How many requests in a row, each over a connection of its own, must be accepted.
        type: int
        default: 2
"""
