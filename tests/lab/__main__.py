# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As the simulators are started, but with real systems where there are some.

aws is moto; ceph_rgw is a real gateway where Ceph's packages are, and the simulator where not.
"""

from __future__ import annotations

import sys

from ansible_collections.objectstore.credentials.tests.lab import ceph, ceph_gateway, moto_iam
from ansible_collections.objectstore.credentials.tests.simulators import __main__ as simulators
from ansible_collections.objectstore.credentials.tests.simulators import fleet


def main() -> int:
    """Start, tell, wait, stop."""
    known = {**fleet.platforms(), "aws": moto_iam.SIMULATOR}
    if not ceph.missing():
        known["ceph_rgw"] = ceph_gateway.SIMULATOR
    else:
        print(ceph.HOW_TO_GET, file=sys.stderr)
        if ceph.is_required():
            return 1
    return simulators.main(known=known)


if __name__ == "__main__":
    sys.exit(main())
