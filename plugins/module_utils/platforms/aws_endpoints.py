# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where IAM and STS are: IAM has one endpoint in each partition, by which it is signed as well."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Partition:
    """One separate AWS. https://docs.aws.amazon.com/general/latest/gr/iam-service.html"""

    #: What the names of its regions begin with.
    regions: str
    iam_host: str
    #: The region that requests to IAM are signed for.
    region: str
    domain: str

    @property
    def iam_url(self) -> str:
        """Where IAM is."""
        return f"https://{self.iam_host}"

    def sts_url(self, region: str | None) -> str:
        """Where STS is for a region, or for the partition's first."""
        return f"https://sts.{region or self.region}.{self.domain}"


_AWS = Partition("", "iam.amazonaws.com", "us-east-1", "amazonaws.com")
#: The last one is for all regions that no other names.
PARTITIONS = (
    Partition("cn-", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1", "amazonaws.com.cn"),
    Partition("us-gov-", "iam.us-gov.amazonaws.com", "us-gov-west-1", "amazonaws.com"),
    Partition("us-iso-", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "c2s.ic.gov"),
    Partition("us-isob-", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "sc2s.sgov.gov"),
    Partition("eusc-", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "amazonaws.eu"),
    _AWS,
)


def partition_of_region(region: str | None) -> Partition:
    """Return the partition that a region lies in."""
    return next(each for each in PARTITIONS if (region or "").startswith(each.regions))


def partition_of_url(url: str) -> Partition | None:
    """Return the partition whose IAM a URL leads to, a VPC endpoint included; None: not AWS's."""
    host = (urlsplit(url).hostname or "").lower()
    for partition in PARTITIONS:
        if host == partition.iam_host:
            return partition
    for partition in PARTITIONS:
        # vpce-0123-abc.iam.us-east-1.vpce.amazonaws.com
        inside = f".iam.{partition.region}.vpce.{partition.domain}"
        if host.endswith(inside):
            return partition
    return None
