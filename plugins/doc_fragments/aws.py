# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope options of platform aws."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/aws.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  api_region:
    description:
      - On platform V(aws) a region of the partition that the account is in, such as
        V(eu-central-1), V(us-gov-west-1) or V(cn-north-1). IAM has one endpoint in each partition;
        O(api_url) follows from it when left out, and STS is asked in this very region.
      - When left out, the one of E(AWS_REGION), E(AWS_DEFAULT_REGION) or the profile; otherwise
        V(us-east-1). At an O(api_url) that is not AWS's, the region that requests are signed for.
    type: str
  api_profile:
    description:
      - On platform V(aws) the profile of C(~/.aws/config) or C(~/.aws/credentials) to log in with,
        on the machine that runs the module. O(api_access_key) comes first where both are given.
      - Without either, the login is what the AWS tools find there, in the environment, a default
        profile, a container's or an instance's role; but only at AWS itself. At another O(api_url)
        one of them must be named.
    type: str
  api_role_arn:
    description:
      - On platform V(aws) the role to assume with that login, by its ARN. Its session is renewed
        as long as the module runs.
    type: str
  api_external_id:
    description:
      - On platform V(aws) the external id that the role's trust policy asks for.
    type: str
  api_session_name:
    description:
      - On platform V(aws) the name of the role's session, which CloudTrail shows. The default is
        V(objectstore-credentials).
    type: str
  user_path:
    description:
      - On platform V(aws) the path that users must be below to be one of O(ignore:all), such as
        V(/backup/). A user that is named is found whatever its path is.
    type: str
  user_tags:
    description:
      - On platform V(aws) the tags that users must have to be one of O(ignore:all), as in
        V(team=backup,rotate); a tag without a value may have any. All of them must be there.
      - It costs one request for each user, because IAM lists users without their tags.
    type: str
"""
