# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of the page: finds, sorts and pages the accounts, and shows the evidence of one.

Its state stands in the part of the address after #, so that a view can be linked: q (text), f (a
finding), e (an endpoint), s (a column, - before it for descending), p (a page), o=1 (every account
with its evidence). It writes text and never HTML: nothing of an account's name is interpreted.
"""

from __future__ import annotations

SCRIPT = r"""
"use strict";
(function () {
  var data = JSON.parse(document.getElementById("data").textContent);
  var S = data.strings, rows = data.rows, shown = [], open = {}, state = {};
  var PAGE = 50, MOST_PRINTED = 1000;
  var C = {account: 0, id: 1, endpoint: 2, state: 3, compliance: 4, age: 5, limit: 6, due: 7,
    key: 8, previous: 9, action: 10, why: 11, owner: 12, application: 13, contact: 14, words: 15,
    more: 16, keys: 17, moves: 18};
  var body = document.getElementById("rows"), count = document.getElementById("count");
  var search = document.getElementById("q"), filter = document.getElementById("f");
  var endpoint = document.getElementById("e"), all = document.getElementById("o"), mine = false;

  function text(row, column) {
    var value = row[column];
    return value === null || value === undefined ? "" : S[value];
  }
  function make(tag, content, name) {
    var element = document.createElement(tag);
    if (content !== undefined && content !== null) { element.textContent = content; }
    if (name) { element.className = name; }
    return element;
  }
  function moment(iso) { return iso ? iso.slice(0, 16).replace("T", " ") : ""; }
  function haystack(row) {
    if (row.hay === undefined) {
      var parts = [C.account, C.id, C.endpoint, C.state, C.compliance, C.key, C.previous, C.action,
        C.why, C.owner, C.application, C.contact].map(function (c) { return text(row, c); });
      (row[C.keys] || []).forEach(function (key) { parts.push(S[key[0]]); });
      row.hay = parts.join("\n").toLowerCase();
    }
    return row.hay;
  }
  function read() {
    var hash = location.hash.slice(1);
    if (hash && hash.indexOf("=") < 0) { return false; }
    var p = new URLSearchParams(hash);
    state = {q: p.get("q") || "", f: p.get("f") || "", e: p.get("e") || "",
      s: p.get("s") || "", o: p.get("o") || "",
      p: Math.max(1, parseInt(p.get("p") || "1", 10) || 1)};
    return true;
  }
  function write(changes) {
    Object.keys(changes).forEach(function (name) { state[name] = changes[name]; });
    var p = new URLSearchParams();
    ["q", "f", "e", "s", "o"].forEach(function (name) {
      if (state[name]) { p.set(name, state[name]); }
    });
    if (state.p > 1) { p.set("p", state.p); }
    mine = true;
    var hash = "#" + (p.toString() || "q=");
    if (hash === location.hash) { mine = false; render(); } else { location.replace(hash); }
  }
  function select() {
    var words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    var bit = data.words.indexOf(state.f);
    shown = rows.filter(function (row) {
      if (state.f && (bit < 0 || (row[C.words] || []).indexOf(bit) < 0)) { return false; }
      if (state.e && text(row, C.endpoint) !== state.e) { return false; }
      return words.every(function (word) { return haystack(row).indexOf(word) >= 0; });
    });
    var down = state.s.charAt(0) === "-", column = C[state.s.replace("-", "")];
    if (column === undefined) { return; }
    var numeric = column === C.age || column === C.limit;
    shown.sort(function (a, b) {
      var x = numeric ? a[column] : text(a, column), y = numeric ? b[column] : text(b, column);
      // What is unknown comes last, whichever way it goes.
      var none = (x === null || x === "") - (y === null || y === "");
      if (none) { return none; }
      return (x < y ? -1 : x > y ? 1 : a.at - b.at) * (down ? -1 : 1);
    });
  }
  function cell(line, content, name, label) {
    var td = line.appendChild(make("td", content, name));
    if (label) { td.setAttribute("data-label", label); }
    return td;
  }
  function table(parent, title, heads, lines) {
    if (!lines.length) { return; }
    parent.appendChild(make("h4", title));
    var wrap = parent.appendChild(make("div", null, "scroll"));
    var t = wrap.appendChild(make("table", null, "inner"));
    var head = t.appendChild(make("thead")).appendChild(make("tr"));
    heads.forEach(function (each) { head.appendChild(make("th", each)).scope = "col"; });
    var inner = t.appendChild(make("tbody"));
    lines.forEach(function (values) {
      var line = inner.appendChild(make("tr"));
      values.forEach(function (value) { cell(line, value, "n"); });
    });
  }
  function details(row) {
    var line = make("tr", null, "detail"), td = line.appendChild(make("td"));
    td.colSpan = 7;
    var list = td.appendChild(make("dl"));
    function fact(name, value) {
      if (value) { list.appendChild(make("dt", name)); list.appendChild(make("dd", value, "n")); }
    }
    fact("Identifier", text(row, C.id));
    fact("Application", text(row, C.application));
    fact("Owner", [text(row, C.owner), text(row, C.contact)].filter(Boolean).join(", "));
    fact("Key before", text(row, C.previous));
    (row[C.more] || []).forEach(function (pair) { fact(S[pair[0]], S[pair[1]]); });
    table(td, "Access keys", ["Access key", "Held as", "Status", "Created", "Age", "Last used"],
      (row[C.keys] || []).map(function (key) {
        return [S[key[0]], S[key[1]], S[key[2]], moment(S[key[3]]),
          key[4] === null ? "unknown" : key[4] + " d", moment(S[key[5]])];
      }));
    table(td, "What happened, by the journal", ["When (UTC)", "What", "Access key", "Instead of",
      "Why", "Evidence"],
      (row[C.moves] || []).map(function (m) {
        return [moment(S[m[0]]), S[m[1]], S[m[2]], S[m[3]], S[m[4]],
          "run " + (m[5] + 1) + ", line " + m[6] + ", " + m[7]];
      }));
    if (!(row[C.moves] || []).length) {
      td.appendChild(
        make("p", "The journal has no line of this account from these runs.", "quiet"));
    }
    return line;
  }
  function isOpen(row) { return open[row.at] === undefined ? !!state.o : open[row.at]; }
  function account(row) {
    var line = make("tr"), first = line.appendChild(make("th"));
    first.scope = "row";
    var button = first.appendChild(make("button", text(row, C.account) || "(no account)", "n"));
    button.type = "button";
    button.setAttribute("aria-expanded", String(isOpen(row)));
    button.addEventListener("click", function () {
      open[row.at] = !isOpen(row);
      button.setAttribute("aria-expanded", String(open[row.at]));
      if (open[row.at]) { line.after(details(row)); } else { line.nextSibling.remove(); }
    });
    cell(line, text(row, C.endpoint), "n", "Endpoint");
    cell(line, text(row, C.state), "", "State");
    var verdict = text(row, C.compliance);
    var overdue = (row[C.words] || []).indexOf(data.words.indexOf("overdue")) >= 0;
    cell(line, null, "", "Compliance").appendChild(
      make("span", verdict, "tag " + (verdict === "COMPLIANT" ? "good" : overdue ? "act"
        : verdict === "NOT_APPLICABLE" ? "none" : "look")));
    cell(line, row[C.age] === null ? "unknown" : row[C.age] + " of " + row[C.limit] + " d",
      "number", "Age");
    cell(line, text(row, C.key), "n key", "Current key");
    var what = cell(line, null, "", "This run");
    what.appendChild(make("b", text(row, C.action)));
    if (text(row, C.why)) { what.appendChild(make("span", " " + text(row, C.why), "n quiet")); }
    return line;
  }
  function fill(from, to) {
    var part = document.createDocumentFragment();
    shown.slice(from, to).forEach(function (row) {
      part.appendChild(account(row));
      if (isOpen(row)) { part.appendChild(details(row)); }
    });
    body.replaceChildren(part);
  }
  function render() {
    select();
    var pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.p = Math.min(state.p, pages);
    fill((state.p - 1) * PAGE, state.p * PAGE);
    if (search.value !== state.q) { search.value = state.q; }
    filter.value = state.f;
    endpoint.value = state.e;
    all.checked = !!state.o;
    count.textContent = shown.length.toLocaleString("en") + " of " +
      rows.length.toLocaleString("en") + " accounts";
    document.getElementById("page").textContent = "page " + state.p + " of " + pages;
    document.getElementById("before").disabled = state.p <= 1;
    document.getElementById("after").disabled = state.p >= pages;
    document.querySelectorAll("#accounts th button[data-sort]").forEach(function (button) {
      var name = button.getAttribute("data-sort");
      var sort = state.s === name ? "ascending" : state.s === "-" + name ? "descending" : "none";
      button.parentNode.setAttribute("aria-sort", sort);
    });
    document.documentElement.setAttribute("data-shown", String(shown.length));
  }
  function option(parent, value, label) {
    parent.appendChild(make("option", label)).value = value;
  }
  rows.forEach(function (row, at) { row.at = at; });
  data.words.forEach(function (word, bit) {
    var many = rows.filter(function (row) { return (row[C.words] || []).indexOf(bit) >= 0; });
    if (many.length) { option(filter, word, data.titles[bit] + " (" + many.length + ")"); }
  });
  data.endpoints.forEach(function (name) { option(endpoint, S[name], S[name]); });
  document.getElementById("finder").hidden = false;
  document.querySelectorAll("#accounts th button[data-sort]").forEach(function (button) {
    button.addEventListener("click", function () {
      var name = button.getAttribute("data-sort");
      write({s: state.s === name ? "-" + name : name, p: 1});
    });
  });
  search.addEventListener("input", function () { write({q: search.value, p: 1}); });
  filter.addEventListener("change", function () { write({f: filter.value, p: 1}); });
  endpoint.addEventListener("change", function () { write({e: endpoint.value, p: 1}); });
  document.getElementById("before").addEventListener("click", function () {
    write({p: state.p - 1});
  });
  document.getElementById("after").addEventListener("click", function () {
    write({p: state.p + 1});
  });
  document.getElementById("clear").addEventListener("click", function () {
    write({q: "", f: "", e: "", s: "", o: "", p: 1});
  });
  all.addEventListener("change", function () { open = {}; write({o: all.checked ? "1" : ""}); });
  window.addEventListener("hashchange", function () {
    if (!read()) { return; }
    render();
    if (!mine) { document.getElementById("accounts").scrollIntoView(); }
    mine = false;
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (each) { each.open = true; });
    fill(0, MOST_PRINTED);
    document.getElementById("printed").textContent = shown.length > MOST_PRINTED ?
      "The first " + MOST_PRINTED + " are printed; the CSV file has them all." : "";
  });
  window.addEventListener("afterprint", render);
  if (!read()) { state = {q: "", f: "", e: "", s: "", o: "", p: 1}; }
  render();
})();
"""
