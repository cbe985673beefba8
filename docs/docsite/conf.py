# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the docs site; tools/docs_site.py runs it."""

from __future__ import annotations

project = "objectstore.credentials"
copyright = "objectstore.credentials contributors"  # the name that Sphinx asks for
title = html_short_title = "objectstore.credentials"
extensions = ["sphinx_antsibull_ext", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 3
# Links to the checkout's own files, and to the documentation of Ansible itself, lead nowhere here;
# references of our own are checked by antsibull-docs lint-collection-docs.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "ref.ref", "ref.envvar"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_theme_options = {"documentation_home_url": "index.html", "topbar_links": {}}
html_show_sphinx = False
html_use_modindex = False
html_copy_source = False
default_role = "any"
nitpicky = False
