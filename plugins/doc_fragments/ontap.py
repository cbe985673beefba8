# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope of NetApp ONTAP."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/ontap.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  svm:
    description:
      - The SVM that serves S3, by exact name or by UUID (what looks like one is one).
      - May be left out if the login sees only one SVM, as on an SVM's own management address.
    type: str
  api_version:
    description:
      - The ONTAP release, such as V(9.14.1), for a login that may not read C(/api/cluster).
      - Where the cluster tells its release, that one holds and this option is not used.
    type: str
"""
