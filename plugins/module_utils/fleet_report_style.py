# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the page looks: on a light and a dark screen, narrow and wide, and on paper."""

from __future__ import annotations

STYLE = r"""
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #596575; --line: #dce1e8;
  --link: #1556b5; --good: #1a7f4b; --good-bg: #e2f4ea; --act: #b3261e; --act-bg: #fce8e6;
  --look: #8a5a00; --look-bg: #fdf1d7; --note: #3d5a80; --note-bg: #e6eef8; --bar: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #1a2029; --ink: #e6eaf0; --soft: #9fabba; --line: #2f3845;
    --link: #8ab8ff; --good: #5fd093; --good-bg: #143525; --act: #ff8f86; --act-bg: #43191a;
    --look: #f0bf5b; --look-bg: #3b2c0c; --note: #a9c7ee; --note-bg: #1d2c40; --bar: #242c37;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 4rem; max-width: 84rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  overflow-wrap: break-word;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 0; }
h4 { font-size: 0.85rem; margin: 1rem 0 0.3rem; }
p { margin: 0.4rem 0; max-width: 75ch; }
a { color: var(--link); }
.n { unicode-bidi: isolate; overflow-wrap: anywhere; }
td.n { min-width: 7rem; }
#table tbody th { min-width: 10rem; max-width: 22rem; }
.quiet, .scope { color: var(--soft); }
.scope { margin: 0.4rem 0 0; }
.scope span + span::before { content: "\00a0\00b7\00a0"; }
.status {
  display: flex; gap: 0.75rem; align-items: center; margin: 1.25rem 0; padding: 0.9rem 1.1rem;
  max-width: none;
  border-radius: 10px; font-size: 1.1rem; font-weight: 600; border: 1px solid currentColor;
}
.status svg { flex: none; width: 1.5rem; height: 1.5rem; fill: currentColor; }
.status.good { color: var(--good); background: var(--good-bg); }
.status.look { color: var(--look); background: var(--look-bg); }
.status.act { color: var(--act); background: var(--act-bg); }
.dry {
  padding: 0.6rem 1.1rem; border-radius: 10px; background: var(--note-bg); color: var(--note);
}
.figures {
  display: grid; grid-template-columns: repeat(2, 1fr); gap: 0.75rem; margin: 0;
  padding: 0; list-style: none;
}
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.9rem 1rem;
}
.figures b {
  display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums;
}
.figures .what { font-weight: 600; }
.figures .quiet { font-size: 0.85rem; }
.figures .act b { color: var(--act); }
.figures .look b { color: var(--look); }
.figures .good b { color: var(--good); }
.pictures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr));
  gap: 0.75rem; margin-top: 0.75rem;
}
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: 0.5rem; }
svg.chart { width: 100%; max-width: 44rem; height: auto; display: block; }
.chart text { fill: var(--ink); font-size: 12px; }
.chart text.soft { fill: var(--soft); }
.chart .axis { stroke: var(--line); }
.chart .limit { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 3 2; }
.chart .compliant, .key-compliant { fill: var(--good); background: var(--good); }
.chart .excused, .key-excused { fill: var(--note); background: var(--note); }
.chart .overdue, .key-overdue { fill: var(--act); background: var(--act); }
.chart .unknown, .key-unknown { fill: var(--look); background: var(--look); }
.chart .back { fill: var(--bar); }
.legend { margin: 0.5rem 0 0; padding: 0; list-style: none; font-size: 0.85rem; }
.legend li { display: inline-block; margin-right: 1rem; }
.legend i {
  display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.4em;
}
.finding { margin-bottom: 0.6rem; border-left-width: 5px; }
.finding.act { border-left-color: var(--act); }
.finding.look { border-left-color: var(--look); }
.finding.note { border-left-color: var(--note); }
.finding header { display: flex; gap: 0.6rem; align-items: baseline; flex-wrap: wrap; }
.finding summary { cursor: pointer; color: var(--link); }
.tag {
  display: inline-block; padding: 0.05rem 0.5rem; border-radius: 99px; font-size: 0.75rem;
  font-weight: 700; white-space: nowrap; color: var(--soft); background: var(--bar);
}
.tag.act { color: var(--act); background: var(--act-bg); }
.tag.look { color: var(--look); background: var(--look-bg); }
.tag.note { color: var(--note); background: var(--note-bg); }
.tag.good { color: var(--good); background: var(--good-bg); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; background: var(--card); }
.scroll > table { border: 1px solid var(--line); }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
th, td {
  text-align: left; vertical-align: top; padding: 0.45rem 0.65rem;
  border-bottom: 1px solid var(--line);
}
thead th { white-space: nowrap; background: var(--bar); font-size: 0.8rem; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.key, code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.85em; }
button, input, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: 0.35rem 0.6rem; max-width: 100%;
}
button { cursor: pointer; }
button:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
th button { border: 0; padding: 0; background: none; font-weight: inherit; text-align: left; }
thead th button { font-size: inherit; }
tbody th button { color: var(--link); }
tbody th button::before { content: "\25b8\00a0"; color: var(--soft); }
tbody th button[aria-expanded="true"]::before { content: "\25be\00a0"; }
[aria-sort="ascending"] button::after { content: " \25b4"; }
[aria-sort="descending"] button::after { content: " \25be"; }
#finder { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin-bottom: 0.6rem; }
#finder[hidden] { display: none; }
#q { flex: 1 1 16rem; }
#count { margin-left: auto; color: var(--soft); }
.detail > td { background: var(--paper); padding: 0.4rem 1.2rem 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.4rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.85rem; }
nav a { margin-right: 1rem; }
tbody th .quiet { font-weight: 400; }
.finder-option { white-space: nowrap; color: var(--soft); }
@media (min-width: 60rem) { .figures { grid-template-columns: repeat(4, 1fr); } }
@media (max-width: 44rem) {
  .scroll tbody th, .scroll td:first-child { min-width: 9rem; }
  #table thead { display: none; }
  #table > tbody > tr:not(.detail) { display: block; padding: 0.4rem 0; }
  #table > tbody > tr > th, #table > tbody > tr > td { display: block; border: 0; }
  #table > tbody > tr:not(.detail) { border-bottom: 1px solid var(--line); }
  #table > tbody > tr > td { padding: 0.1rem 0.65rem; text-align: left; }
  #table td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
}
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --line: #b8bec6;
    --link: #000000; --good: #1a7f4b; --good-bg: #ffffff; --act: #b3261e; --act-bg: #ffffff;
    --look: #8a5a00; --look-bg: #ffffff; --note: #3d5a80; --note-bg: #ffffff; --bar: #eef1f5;
  }
  body { max-width: none; padding: 0; font-size: 9pt; print-color-adjust: exact; }
  .figures { grid-template-columns: repeat(4, 1fr); }
  .pictures { grid-template-columns: repeat(2, 1fr); }
  .figures b { font-size: 1.4rem; }
  h2 { margin-top: 1.5rem; }
  th, td { padding: 0.2rem 0.5rem; }
  #finder, nav, .screen { display: none; }
  thead { display: table-header-group; }
  tr, .card, figure { break-inside: avoid; }
  .finding { break-inside: auto; }
  h2, h3, .finding header { break-after: avoid; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
  a { text-decoration: none; }
}
"""
