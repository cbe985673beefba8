# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which platform, and its scope. Made by tools/sync.py from the platforms' own fragments."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every platform together."""

    DOCUMENTATION = r"""
options:
  platform:
    description:
    - Which kind of object store the endpoint is.
    type: str
    choices:
    - aws
    - ceph_rgw
    - commvault
    - huawei
    - ontap
    - ose
    - storagegrid
    required: true
  api_external_id:
    description:
    - 'AWS IAM: On platform V(aws) the external id that the role''s trust policy asks
      for.'
    type: str
  api_profile:
    description:
    - 'AWS IAM: On platform V(aws) the profile of C(~/.aws/config) or C(~/.aws/credentials)
      to log in with, on the machine that runs the module. O(api_access_key) comes first
      where both are given.'
    - Without either, the login is what the AWS tools find there, in the environment,
      a default profile, a container's or an instance's role; but only at AWS itself.
      At another O(api_url) one of them must be named.
    type: str
  api_region:
    description:
    - 'AWS IAM: On platform V(aws) a region of the partition that the account is in, such
      as V(eu-central-1), V(us-gov-west-1) or V(cn-north-1). IAM has one endpoint in each
      partition; O(api_url) follows from it when left out, and STS is asked in this very
      region.'
    - When left out, the one of E(AWS_REGION), E(AWS_DEFAULT_REGION) or the profile; otherwise
      V(us-east-1). At an O(api_url) that is not AWS's, the region that requests are signed
      for.
    type: str
  api_role_arn:
    description:
    - 'AWS IAM: On platform V(aws) the role to assume with that login, by its ARN. Its
      session is renewed as long as the module runs.'
    type: str
  api_session_name:
    description:
    - 'AWS IAM: On platform V(aws) the name of the role''s session, which CloudTrail shows.
      The default is V(objectstore-credentials).'
    type: str
  api_version:
    description:
    - 'Huawei Cloud IAM: On platform V(huawei) the API for access keys, V(v3.0) or V(v5).
      The default is V(v3.0).'
    - V(v5) is there on Huawei Cloud itself only, not on clouds with the same software,
      and it knows no descriptions.
    - 'NetApp ONTAP S3: The ONTAP release, such as V(9.14.1), for a login that may not
      read C(/api/cluster).'
    - Where the cluster tells its release, that one holds and this option is not used.
    type: str
  domain:
    description:
    - 'Commvault: The directory domain of the login, when O(api_username) is no local
      user of the CommCell.'
    - A user named without a backslash then also means C(domain\user), written as Commvault
      shows it; where both exist, the name is ambiguous and V(id:42) tells them apart.
    - 'Huawei Cloud IAM: On platform V(huawei) the account that the login belongs to (a
      domain, in the words of the API), by its name, or as V(id:...) by its id. The console
      shows both under My Credentials.'
    - A login with O(api_username) and O(api_password) needs it. Where an access key or
      a token logs in it may be left out; when given, a login of another account is refused
      before anything else is done.
    type: str
  flavor:
    description:
    - 'Object Storage Extension: Which API O(api_url) serves. V(osis) is the adapter of
      the storage vendor, with one login for all tenants; V(ose) is the API that OSE itself
      serves to tenants, with a login at Cloud Director.'
    - The default is V(osis).
    type: str
    choices:
    - ose
    - osis
  login_url:
    description:
    - 'Object Storage Extension: Scheme, host and port of Cloud Director, where O(api_username)
      (C(user@organization)) logs in for O(flavor=ose). Not needed with O(api_token),
      a bearer token of Cloud Director.'
    type: str
  svm:
    description:
    - 'NetApp ONTAP S3: The SVM that serves S3, by exact name or by UUID (what looks like
      one is one).'
    - May be left out if the login sees only one SVM, as on an SVM's own management address.
    type: str
  tenant:
    description:
    - 'Ceph Object Gateway: The tenant whose users are meant; all tenants, and users without
      one, when left out.'
    - With it a user may be named without its tenant. Names in results and records are
      whole all the same, as in C(tenant$user), and C(tenant$user:subuser) for a subuser.
    - 'Object Storage Extension: The tenant whose users are meant. With O(flavor=osis)
      a name, or V(id:) and an identifier (V(id:42)), and all tenants when left out. With
      O(flavor=ose) it is required, as a name or as the full identifier (C(organization@site)),
      without V(id:).'
    - 'StorageGRID: The account ID of the tenant whose users are meant, a number of 20
      digits; V(id:) before it may be left out. Quote it in YAML, so that it stays a text.'
    - A login with O(api_username) and O(api_password) needs it. With O(api_token) it
      may be left out; when given, a token of another tenant is refused before anything
      else is done.
    type: str
  user_path:
    description:
    - 'AWS IAM: On platform V(aws) the path that users must be below to be one of O(ignore:all),
      such as V(/backup/). A user that is named is found whatever its path is.'
    type: str
  user_tags:
    description:
    - 'AWS IAM: On platform V(aws) the tags that users must have to be one of O(ignore:all),
      as in V(team=backup,rotate); a tag without a value may have any. All of them must
      be there.'
    - It costs one request for each user, because IAM lists users without their tags.
    type: str
"""
