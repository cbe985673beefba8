# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of the page, as a Jinja2 template: only imported files travel with a module.

Every value goes through visible() and is escaped; what is markup by itself says so in its type.
"""

from __future__ import annotations

TEMPLATE = r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="objectstore.credentials">
<link rel="icon" href="data:,">
<title>{{ report.title }}: {{ report.status_line }}</title>
<style>{{ style }}</style>
</head>
<body>
{% macro place(row) %}
<span class="n">{{ row.platform }} {{ row.endpoint }}</span>
{% endmacro %}
{% macro when(iso) %}
{% if iso %}<time datetime="{{ iso }}">{{ iso | moment }}</time>
{% else %}<span class="quiet">never</span>{% endif %}
{% endmacro %}
<header>
<h1 class="n">{{ report.title }}</h1>
<p class="scope"><span>{{ sums.endpoints | count_of("endpoint") }}</span>
<span>{{ sums.accounts | count_of("account") }}</span>
{% if report.until %}<span>as of {{ when(report.until) }} UTC</span>{% endif %}
{% if report.reason %}<span class="n">reason: {{ report.reason }}</span>{% endif %}
{% if report.change %}<span class="n">change: {{ report.change }}</span>{% endif %}</p>
<p class="status {{ report.status }}" role="status">{{ icon }}
<span>{{ report.status_line }}</span></p>
{% if report.is_dry_run %}
<p class="dry"><b>Dry run.</b> Nothing was changed; this is what a run would do.</p>
{% endif %}
<nav aria-label="Sections"><a href="#findings">Findings</a> <a href="#endpoints">Endpoints</a>
<a href="#accounts">Accounts</a> <a href="#population">Population</a>
<a href="#evidence">Evidence</a> <a href="#standards">Standards</a></nav>
</header>
<main>
<h2 id="figures">Key figures</h2>
<ul class="figures">
{% for figure in figures %}
<li class="card {{ figure.level }}"><span class="what">{{ figure.name }}</span>
<b>{{ figure.value }}</b><span class="quiet">{{ figure.told }}</span></li>
{% endfor %}
</ul>
<div class="pictures">
<figure class="card"><figcaption>Age of the oldest working key of each account</figcaption>
{{ histogram }}
<ul class="legend">
{% for word, told in legend %}<li><i class="key-{{ word }}"></i>{{ told }}</li>{% endfor %}
</ul></figure>
{% if overdue_picture %}
<figure class="card"><figcaption>The oldest of the overdue accounts</figcaption>
{{ overdue_picture }}</figure>
{% endif %}
</div>

<h2 id="findings">Findings and what to do</h2>
{% for finding in report.findings %}
<section class="card finding {{ finding.level }}"><header>
<span class="tag {{ finding.level }}">{{ levels[finding.level] }}</span>
<h3>{{ finding.title }}</h3></header>
<p>{{ finding.next_step }}
{% if finding.id in filters %}
<a class="screen" href="#f={{ finding.id }}">Show in the table</a>
{% endif %}</p>
<details{{ " open" if finding.level == "act" and finding.count <= 10 }}>
<summary>{{ finding.count | count_of("entry", "entries") }}</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">Endpoint</th><th scope="col">Account</th><th scope="col">What</th></tr>
</thead><tbody>
{% for row in finding.concerns[:most] %}
<tr><td>{{ place(row) }}</td><td class="n">{{ row.account }}</td><td class="n">{{ row.text }}</td>
</tr>
{% endfor %}
</tbody></table></div>
{% if finding.count > most %}
<p class="quiet">The first {{ most }} of {{ "{:,}".format(finding.count) }}; the table of accounts,
the CSV and the JSON file have them all.</p>
{% endif %}
</details>
</section>
{% else %}
<p class="card">There is nothing to look at.</p>
{% endfor %}

<h2 id="endpoints">Endpoints</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Endpoint</th><th scope="col">State</th>
<th scope="col" class="number">Accounts</th><th scope="col" class="number">Compliant</th>
<th scope="col" class="number">Overdue</th><th scope="col" class="number">Failed</th>
<th scope="col" class="number">Changed</th><th scope="col" class="number">Unmanaged</th>
<th scope="col" class="number">Oldest key</th><th scope="col">Last run (UTC)</th>
<th scope="col">Last success (UTC)</th></tr></thead><tbody>
{% for row in report.endpoints %}
<tr><th scope="row">{{ place(row) }}
{% if row.title %}<br><span class="quiet n">{{ row.title }} {{ row.version }}</span>{% endif %}</th>
<td>{% if row.finished %}<span class="tag good">finished</span>
{% else %}<span class="tag act">not finished</span>{% endif %}
{% if row.shards > 1 %}<br>{{ row.shards_finished }} of {{ row.shards }} shards{% endif %}</td>
<td class="number">{{ "{:,}".format(row.accounts) }}</td>
<td class="number">{{ "{:,}".format(row.compliant) }}</td>
<td class="number">{{ "{:,}".format(row.overdue) }}</td>
<td class="number">{{ "{:,}".format(row.failed) }}</td>
<td class="number">{{ "{:,}".format(row.changed) }}</td>
<td class="number">{{ "{:,}".format(row.unmanaged) }}</td>
<td class="number">{{ row.oldest_age_days ~ " d" if row.accounts else "\u2013" }}</td>
<td class="when">{{ when(row.last_run) }}</td>
<td class="when">{{ when(row.last_success) }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if warnings %}
<details><summary>{{ warnings | length | count_of("warning") }} of the runs</summary><ul>
{% for row in warnings[:most] %}<li>{{ place(row) }}: <span class="n">{{ row.text }}</span></li>
{% endfor %}</ul></details>
{% endif %}

<h2 id="accounts">Accounts</h2>
<noscript><p class="card">This table needs its script. The findings above list what is overdue or
has failed; every account is in the CSV and JSON files of the same name.</p></noscript>
<div id="finder" hidden>
<input id="q" type="search" placeholder="Find an account, a key, an owner&hellip;"
 aria-label="Find accounts" autocomplete="off" spellcheck="false">
<select id="f" aria-label="Only accounts with this finding"><option value="">All accounts</option>
</select>
<select id="e" aria-label="Only accounts of this endpoint"><option value="">All endpoints</option>
</select>
<label class="finder-option"><input id="o" type="checkbox"> with evidence</label>
<button id="clear" type="button">Clear</button>
<span id="count" role="status"></span>
<span><button id="before" type="button" aria-label="Page before">&larr;</button>
<span id="page"></span>
<button id="after" type="button" aria-label="Next page">&rarr;</button></span>
</div>
<p id="printed" class="quiet"></p>
<div class="scroll"><table id="table">
<thead><tr>
{% for name, title in columns %}
<th scope="col"><button type="button" data-sort="{{ name }}">{{ title }}</button></th>
{% endfor %}
</tr></thead><tbody id="rows"></tbody></table></div>

<h2 id="population">Population and completeness</h2>
<div class="scroll"><table>
<caption>Every account that the runs saw or left out, counted once</caption>
<thead><tr><th scope="col">What</th><th scope="col" class="number">Accounts</th>
<th scope="col">Means</th></tr></thead><tbody>
{% for name, value, told in population %}
<tr><th scope="row">{{ name }}</th><td class="number">{{ "{:,}".format(value) }}</td>
<td>{{ told }}</td></tr>
{% endfor %}
</tbody></table></div>
{% if left_out %}
<details><summary>{{ left_out | length | count_of("account") }} left out, by name</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">Endpoint</th><th scope="col">Account</th><th scope="col">Why</th>
<th scope="col">Exception</th></tr></thead><tbody>
{% for row in left_out[:most] %}
<tr><td>{{ place(row) }}</td><td class="n">{{ row.account }}</td><td class="n">{{ row.why }}</td>
<td class="n">{{ row.exception or "none" }}</td></tr>
{% endfor %}
</tbody></table></div></details>
{% endif %}

<h2 id="evidence">Evidence</h2>
<p>Each line of the journal holds the hash of the one before. A chain is <b>intact</b> when every
line is as it was written, and matches the head that the run returned or the secret store keeps.</p>
{% if chains %}
<div class="scroll"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Chain</th><th scope="col">State</th>
<th scope="col" class="number">Lines</th><th scope="col">Head</th>
<th scope="col">Who and which job</th>
<th scope="col">Reason, change</th></tr></thead><tbody>
{% for row in chains[:most] %}
<tr><td>{{ row.number }}</td><td class="key n">{{ row.chain }}</td>
<td><span class="tag {{ "good" if row.is_sound else "act" }}">{{ row.state }}</span>
<span class="quiet n">{{ row.message }}</span></td>
<td class="number">{{ row.lines }}</td><td class="key">{{ row.head }}</td>
<td class="n">{{ row.who }}{% if row.job %}<br>{{ row.job }}{% endif %}</td>
<td class="n">{{ row.reason }}{% if row.change %}<br>{{ row.change }}{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
{% if chains | length > most %}
<p class="quiet">{{ chains | length - most }} more are in the JSON file.</p>
{% endif %}
{% else %}
<p class="card">No run of this report wrote a journal, so that nothing here is proven by one.</p>
{% endif %}
{% if suspicions %}
<h3>Rotated on suspicion or proof of compromise</h3>
<div class="scroll"><table>
<thead><tr><th scope="col">When (UTC)</th><th scope="col">Endpoint</th><th scope="col">Account</th>
<th scope="col">Access key</th><th scope="col">Reason</th></tr></thead><tbody>
{% for row in suspicions[:most] %}
<tr><td class="when">{{ when(row.at) }}</td><td>{{ place(row) }}</td>
<td class="n">{{ row.account }}</td><td class="key n">{{ row.access_key }}</td>
<td class="n">{{ row.why }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}

<h2 id="standards">What this answers to</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Rule</th><th scope="col">Asks for</th><th scope="col">Found</th></tr>
</thead><tbody>
{% for name, asks, found in standards %}
<tr><th scope="row">{{ name }}</th><td>{{ asks }}</td><td>{{ found }}</td></tr>
{% endfor %}
</tbody></table></div>
</main>
<footer>Made by objectstore.credentials at
<time class="made" datetime="{{ report.made_at }}">{{ report.made_at | moment }}</time> UTC. Ages
are those at the time of each run. This page loads nothing, sends nothing and holds no secret key.
</footer>
<script type="application/json" id="data">{{ data }}</script>
<script>{{ script }}</script>
</body>
</html>
"""
