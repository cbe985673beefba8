# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's generic REST rules: field lists, the query language, pages, links, error codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional
from urllib.parse import quote, urlencode

from .base import Request, Response

#: code -> (HTTP status, message). The statuses of the S3 codes are plausible, not documented.
ERRORS: dict[str, tuple[int, str]] = {
    "1": (409, "duplicate entry"),
    "2": (400, "invalid value"),
    "3": (405, "operation not supported"),
    "4": (404, "entry doesn't exist"),
    "6": (403, "not authorized for that command"),
    "6691623": (401, "User is not authorized."),
    "262160": (429, "Too many requests, try again later."),
    "262177": (400, "Missing value."),
    "262179": (400, "Unexpected argument."),
    "262188": (400, "Field was specified twice."),
    "262190": (400, "There is nothing to apply."),
    "262196": (400, "Field cannot be set in this operation."),
    "262197": (400, "Invalid value."),
    "262198": (400, "A body is not permitted with this method."),
    "262199": (400, "Invalid JSON input."),
    "262202": (400, "A secret field is not permitted in the URL."),
    "262203": (400, "Field cannot be changed."),
    "262212": (400, "A required field is missing."),
    "262249": (400, "Field is not readable."),
    "262250": (400, "Field cannot be queried."),
    "262273": (400, "query and query_fields must be given together."),
    "39387137": (400, "Invalid URL."),
    "8586226": (400, "UUID not found."),
    "92405773": (400, "No object store server exists for the SVM."),
    "92405787": (400, "The user name holds an illegal character."),
    "92405788": (400, "The user name must have 1 to 64 characters."),
    "92405791": (500, "Failed to create access-key and secret-key for user."),
    "92405792": (500, "Failed to regenerate access-key and secret-key for user."),
    "92406080": (409, "Keys of root cannot be deleted: S3 SnapMirror uses them."),
    "92406081": (500, "Keys were regenerated, but changing other properties failed."),
    "92406082": (400, "regenerate_keys and delete_keys cannot be given together."),
    "92406083": (400, "key_time_to_live must not exceed 1095 days."),
    "92406088": (400, "key_time_to_live can only be given with regenerate_keys."),
    "92406096": (403, "No permission for the resource."),
    "92406097": (500, "Internal configuration error."),
    "92406196": (400, "key_time_to_live exceeds the service's max_key_time_to_live."),
    "92406197": (400, "key_time_to_live must not be 0: the service has a maximum."),
    "92406200": (409, "Another user already has this access key."),
    "92406201": (400, "access_key and secret_key must be given together."),
    "92406202": (400, "User keys cannot be given with delete_keys."),
    "92406205": (400, "The access key may hold 0-9 and A-Z only."),
}

#: Parameters that every operation takes; the writes here are synchronous and ignore the time-out.
GENERAL = ("return_timeout", "return_records", "ignore_unknown_fields")
OF_COLLECTIONS = ("fields", "max_records", "order_by", "start.name", "query", "query_fields")

Row = dict[str, Any]


class RefusalError(Exception):
    """ONTAP answers with an error code."""

    def __init__(self, code: str, target: Optional[str] = None, status: Optional[int] = None):
        super().__init__(code)
        self.code = code
        self.target = target
        self.status = status or ERRORS[code][0]

    def response(self) -> Response:
        """Return the error as it goes out."""
        error: Row = {"message": ERRORS[self.code][1], "code": self.code}
        if self.target:
            error["target"] = self.target
        return Response(self.status, {"error": error})


def boolean(request: Request, name: str, default: bool = False) -> bool:
    """Read a boolean parameter: true and True, as the vendor's clients send it, or false."""
    value = request.arg(name)
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise RefusalError("262197", name)
    return value.lower() == "true"


def parameters(request: Request, known: Iterable[str]) -> dict[str, str]:
    """Return the query's parameters; refuse unknown and repeated ones."""
    found: dict[str, str] = {}
    allowed = {*known, *GENERAL}
    for name, value in request.query:
        if name == "secret_key":
            raise RefusalError("262250" if request.method == "GET" else "262202", name)
        if name not in allowed:
            raise RefusalError("262179", name)
        if name in found:
            raise RefusalError("262188", name)
        found[name] = value
    boolean(request, "return_records")
    return found


def wants_links(request: Request) -> bool:
    """Tell whether the client asked for hypermedia."""
    return "application/hal+json" in (request.headers.get("Accept") or "")


def leaves(row: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield dotted names and values."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def project(
    row: Row, request: Request, schema: Sequence[str], identifying: Sequence[str], single: bool
) -> Row:
    """Return what of a row is shown: what fields= asks for; else all of one, little of many."""
    asked = request.arg("fields")
    if asked is None:
        wanted = ["*"] if single else []
    else:
        wanted = [name.strip() for name in asked.split(",")]
    tolerant = boolean(request, "ignore_unknown_fields")
    shown = set(identifying)
    for name in wanted:
        if name in ("*", "**"):
            shown.update(field.partition(".")[0] for field in schema)
        elif name == "secret_key":
            raise RefusalError("262249", name)
        elif any(field == name or field.startswith(name + ".") for field in schema):
            shown.add(name.partition(".")[0])
        elif not tolerant:
            raise RefusalError("262197", f"fields: {name}")
    return {name: value for name, value in row.items() if name in shown}


def matches(row: Row, name: str, condition: str) -> bool:
    """Tell whether a row meets field=condition of the query language."""
    value = str(dict(leaves(row)).get(name, ""))
    return any(_meets(value, part) for part in _alternatives(condition))


def _alternatives(condition: str) -> list[str]:
    if condition[:1] in ('"', "{"):
        return [condition]
    return condition.split("|")


def _meets(value: str, condition: str) -> bool:
    if len(condition) > 1 and condition[0] + condition[-1] in ('""', "{}"):
        return value == condition[1:-1]
    if condition.startswith("!"):
        return not _meets(value, condition[1:])
    for sign in ("<=", ">=", "<", ">"):
        if condition.startswith(sign):
            other = condition[len(sign) :]
            return {
                "<=": value <= other,
                ">=": value >= other,
                "<": value < other,
                ">": value > other,
            }[sign]
    if ".." in condition:
        low, _unused, high = condition.partition("..")
        return low <= value <= high
    pattern = "".join(".*" if c == "*" else re.escape(c) for c in condition)
    return re.fullmatch(pattern, value) is not None


def collection(
    request: Request,
    every: Sequence[Row],
    schema: Sequence[str],
    identifying: Sequence[str],
    modes: Mapping[str, Any],
) -> Response:
    """Answer a GET of a collection: filtered, sorted, one page of it, with links."""
    filterable = [name for name in schema if name != "secret_key"]
    found = parameters(request, (*OF_COLLECTIONS, *filterable))
    if ("query" in found) != ("query_fields" in found):
        raise RefusalError("262273")
    project({}, request, schema, identifying, single=False)
    rows = sorted(every, key=lambda row: str(row["name"]))
    if not modes["ignore_filters"]:
        for name, condition in found.items():
            if name in filterable:
                rows = [row for row in rows if matches(row, name, condition)]
        if "query" in found:
            fields = found["query_fields"].split(",")
            rows = [r for r in rows if any(matches(r, f, found["query"]) for f in fields)]
    if "start.name" in found:
        rows = [row for row in rows if str(row["name"]) > found["start.name"]]
    size = _page_size(found.get("max_records"), int(modes["page_size"]))
    page = rows[:size] if size else rows
    more = len(rows) > len(page) or bool(modes["empty_last_page"] and page)
    links = wants_links(request)
    shown = []
    for row in page:
        part = project(row, request, schema, identifying, single=False)
        shown.append({**part, "_links": row["_links"]} if links else _unlinked(part))
    body: Row = {"num_records": len(page)}
    if boolean(request, "return_records", True):
        body = {"records": shown, **body}
    response = Response(200, body)
    if links:
        body["_links"] = {"self": {"href": request.target}}
        response.content_type = "application/hal+json"
    if more:
        again = [(name, value) for name, value in found.items() if name != "start.name"]
        last = str(page[-1]["name"])
        after = urlencode([("start.name", last), *again], quote_via=quote)
        href = f"{request.path}?{after}"
        if modes["next_link"] == "everywhere" or (modes["next_link"] == "hal" and links):
            body.setdefault("_links", {})["next"] = {"href": href}
        if modes["next_link"] in ("everywhere", "header"):
            response.headers["Link"] = f'<{href}>; rel="next"'
    return response


def instance(
    request: Request, row: Row, schema: Sequence[str], identifying: Sequence[str]
) -> Response:
    """Answer a GET of one object."""
    parameters(request, ("fields",))
    part = project(row, request, schema, identifying, single=True)
    if wants_links(request):
        return Response(200, {**part, "_links": row["_links"]}, content_type="application/hal+json")
    return Response(200, _unlinked(part))


def _page_size(asked: Optional[str], most: int) -> int:
    if asked is None:
        return most
    if not asked.isdigit() or int(asked) == 0:
        raise RefusalError("262197", "max_records")
    return min(int(asked), most) if most else int(asked)


def _unlinked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unlinked(inner) for name, inner in value.items() if name != "_links"}
    if isinstance(value, list):
        return [_unlinked(inner) for inner in value]
    return value
