# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 data plane: known signatures, whom it lets in, what it says to all others."""

from __future__ import annotations

import hashlib
from typing import Optional

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import (
    TRAILER,
    UNSIGNED,
    is_signed_with,
    read_claim,
    signed_headers,
)
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import (
    HOST,
    PAIR,
    ask,
    code,
    data_plane,
    keyring_of,
    send,
    told,
    xml_of,
)

# --- signatures --------------------------------------------------------------------------------

PUBLISHED = [
    # The worked examples of
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    (
        "GET",
        "/test.txt",
        {"Range": "bytes=0-9"},
        b"",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        "PUT",
        "/test%24file.text",
        {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        b"Welcome to Amazon S3.",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        "GET",
        "/?lifecycle",
        {},
        b"",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        "GET",
        "/?max-keys=2&prefix=J",
        {},
        b"",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize(("method", "target", "more", "body", "published"), PUBLISHED)
def test_signature_is_the_published_one(
    method: str, target: str, more: dict[str, str], body: bytes, published: str
) -> None:
    headers = {
        "Host": "examplebucket.s3.amazonaws.com",
        "X-Amz-Date": "20130524T000000Z",
        "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
        **more,
    }
    names = ";".join(sorted(name.lower() for name in headers))
    headers["Authorization"] = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f" SignedHeaders={names}, Signature={published}"
    )
    request = Request(method, target, CaseInsensitive(headers.items()), body)
    claim = read_claim(request)
    assert is_signed_with(request, claim, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert not is_signed_with(request, claim, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEy")


@pytest.mark.parametrize(
    "path",
    ["/demo?list-type=2&prefix=a%20b%2Fc", "/demo?list-type=2&prefix=~x&start-after=%2B"],
)
def test_query_is_part_of_the_signature(path: str) -> None:
    simulator = data_plane()
    assert ask(simulator, path=path).status == 200
    headers = signed_headers("GET", HOST + path, *PAIR, at=simulator.clock.now())
    assert code(send(simulator, "GET", f"{path}x", headers)) == "403 SignatureDoesNotMatch"


def test_signature_of_another_path_is_refused_and_explained() -> None:
    simulator = data_plane()
    headers = signed_headers("GET", f"{HOST}/other", *PAIR, at=simulator.clock.now())
    refused = send(simulator, "GET", "/demo?list-type=2", headers)
    assert code(refused) == "403 SignatureDoesNotMatch"
    assert (told(refused, "StringToSign") or "").startswith("AWS4-HMAC-SHA256\n")
    assert (told(refused, "CanonicalRequest") or "").startswith("GET\n/demo\nlist-type=2\n")
    assert PAIR[1] not in refused.payload().decode()


# --- who is let in -----------------------------------------------------------------------------


def test_pair_is_honoured_only_while_the_platform_does() -> None:
    simulator = data_plane()
    assert ask(simulator).status == 200
    assert code(ask(simulator, pair=(PAIR[0], "wrong"))) == "403 SignatureDoesNotMatch"
    unknown = ask(simulator, pair=("AKIAGONE", PAIR[1]))
    assert code(unknown) == "403 InvalidAccessKeyId"
    assert told(unknown, "AWSAccessKeyId") == "AKIAGONE"
    keyring_of(simulator).drop(PAIR[0])
    assert code(ask(simulator)) == "403 InvalidAccessKeyId"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"Authorization": None}, "403 AccessDenied"),
        ({"Authorization": "AWS AKIAGOOD:frJIUN8DYpKDtOLCwo//yllqDzg="}, "400 InvalidRequest"),
        ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, "400 AuthorizationHeaderMalformed"),
        ({"X-Amz-Content-SHA256": None}, "400 InvalidRequest"),
        ({"X-Amz-Content-SHA256": "nonsense"}, "400 InvalidArgument"),
        ({"X-Amz-Content-SHA256": "0" * 64}, "403 SignatureDoesNotMatch"),
        (
            {"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
            "501 NotImplemented",
        ),
        ({"X-Amz-Date": None}, "403 AccessDenied"),
        ({"X-Amz-Date": "yesterday"}, "403 AccessDenied"),
        ({"X-Amz-Date": "20200101T000000Z"}, "400 AuthorizationHeaderMalformed"),
        ({"X-Amz-Acl": "public-read"}, "403 AccessDenied"),
        ({"Host": None}, "403 SignatureDoesNotMatch"),
        ({"Host": "elsewhere"}, "403 SignatureDoesNotMatch"),
    ],
)
def test_header_that_is_wrong_or_missing_is_refused(
    change: dict[str, Optional[str]], answer: str
) -> None:
    simulator = data_plane()
    headers: dict[str, Optional[str]] = dict(
        signed_headers("GET", f"{HOST}/", *PAIR, at=simulator.clock.now())
    )
    headers.update(change)
    sent = {name: value for name, value in headers.items() if value is not None}
    assert code(send(simulator, "GET", "/", sent)) == answer


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("/s3/aws4_request", "/iam/aws4_request", "400 AuthorizationHeaderMalformed"),
        ("/s3/aws4_request", "/s3/aws5_request", "400 AuthorizationHeaderMalformed"),
        ("/s3/aws4_request", "", "400 AuthorizationHeaderMalformed"),
        ("SignedHeaders=host;", "SignedHeaders=", "403 AccessDenied"),
        ("host;x-amz-content-sha256", "x-amz-content-sha256;host", "400 AuthorizationHeader"),
        ("SignedHeaders=", "SignedHeaders=absent;", "403 SignatureDoesNotMatch"),
        ("Signature=", "Signature=x", "403 SignatureDoesNotMatch"),
    ],
)
def test_authorization_that_is_bent_is_refused(old: str, new: str, answer: str) -> None:
    simulator = data_plane()
    headers = signed_headers("GET", f"{HOST}/", *PAIR, at=simulator.clock.now())
    assert old in headers["Authorization"]
    headers["Authorization"] = headers["Authorization"].replace(old, new)
    assert code(send(simulator, "GET", "/", headers)).startswith(answer)


def test_date_header_serves_where_there_is_no_x_amz_date() -> None:
    simulator = data_plane()
    date = simulator.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert ask(simulator, headers={"Date": date}).status == 200
    assert code(ask(simulator, headers={"Date": "soon"})) == "403 AccessDenied"


def test_unsigned_payload_is_taken_and_a_wrong_hash_is_not() -> None:
    simulator = data_plane()
    unsigned = {"X-Amz-Content-SHA256": UNSIGNED}
    assert ask(simulator, "PUT", "/demo/a", headers=unsigned, body=b"1").status == 200
    headers = signed_headers("PUT", f"{HOST}/demo/a", *PAIR, at=simulator.clock.now(), body=b"1")
    refused = send(simulator, "PUT", "/demo/a", headers, b"2")
    assert code(refused) == "400 XAmzContentSHA256Mismatch"
    assert ask(simulator, path="/demo/a").payload() == b"1"


@pytest.mark.parametrize(
    ("chunks", "kept"),
    [
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", b"abcde"),
        (b"0\r\n\r\n", b""),
        (b"5\r\nabc\r\n", None),
        (b"3\r\nabcd\r\n0\r\n\r\n", None),
        (b"no size", None),
        (b"", None),
    ],
)
def test_body_in_chunks_is_put_together(chunks: bytes, kept: Optional[bytes]) -> None:
    simulator = data_plane()
    headers = {"X-Amz-Content-SHA256": TRAILER, "Content-Encoding": "aws-chunked"}
    put = ask(simulator, "PUT", "/demo/a", body=chunks, headers=headers)
    if kept is None:
        assert code(put) == "400 IncompleteBody"
    else:
        assert put.status == 200
        assert ask(simulator, path="/demo/a").payload() == kept
    simulator.modes["trailers"] = False
    again = ask(simulator, "PUT", "/demo/a", body=chunks, headers=headers)
    assert code(again) == "501 NotImplemented"


def test_session_token_is_refused() -> None:
    headers = {"X-Amz-Security-Token": "token"}
    assert code(ask(data_plane(), headers=headers)) == "400 InvalidToken"


@pytest.mark.parametrize(("late", "fine"), [(890, True), (-890, True), (910, False), (-910, False)])
def test_clock_that_is_off_is_named(late: float, fine: bool) -> None:
    answer = ask(data_plane(), late=late)
    if fine:
        assert answer.status == 200
    else:
        assert code(answer) == "403 RequestTimeTooSkewed"
        assert told(answer, "MaxAllowedSkewMilliseconds") == "900000"


def test_region_is_checked_unless_any_will_do() -> None:
    simulator = data_plane(region="eu-de")
    wrong = ask(simulator)
    assert code(wrong) == "400 AuthorizationHeaderMalformed"
    assert told(wrong, "Region") == wrong.headers["x-amz-bucket-region"] == "eu-de"
    assert ask(simulator, region="eu-de").status == 200
    assert ask(data_plane(region=""), region="anything").status == 200


def test_presigned_url_is_no_header() -> None:
    refused = send(data_plane(), "GET", "/?X-Amz-Signature=abc", {"Host": "h"})
    assert code(refused) == "403 AccessDenied"
    assert "headers only" in (told(refused, "Message") or "")


# --- what it does ------------------------------------------------------------------------------


def test_objects_come_and_go_and_are_counted() -> None:
    simulator = data_plane()
    assert ask(simulator, "PUT", "/demo/d/o%20%C3%A9", body=b"one").status == 200
    got = ask(simulator, path="/demo/d/o%20%C3%A9")
    assert (got.status, got.payload()) == (200, b"one")
    assert got.headers["ETag"] == f'"{hashlib.md5(b"one").hexdigest()}"'
    assert ask(simulator, "HEAD", "/demo/d/o%20%C3%A9").payload() == b"one"  # its length is sent
    assert ask(simulator, "DELETE", "/demo/d/o%20%C3%A9").status == 204
    assert ask(simulator, "DELETE", "/demo/d/o%20%C3%A9").status == 204
    assert simulator.writes == 2
    assert code(ask(simulator, path="/demo/d/o%20%C3%A9")) == "404 NoSuchKey"
    assert code(ask(simulator, "PUT", "/none/a")) == "404 NoSuchBucket"
    assert code(ask(simulator, "PUT", "/demo/a", body=b"x" * (1 << 21))) == "400 EntityTooLarge"
    bad = ask(simulator, "PUT", "/demo/a", body=b"x", headers={"Content-MD5": "AAAA"})
    assert code(bad) == "400 BadDigest"
    assert simulator.writes == 2


def test_head_says_nothing_but_its_status() -> None:
    simulator = data_plane()
    assert ask(simulator, "HEAD", "/demo").headers["x-amz-bucket-region"] == "us-east-1"
    for path, pair, status in [
        ("/none", PAIR, 404),
        ("/demo", (PAIR[0], "wrong"), 403),
        ("/demo", ("AKIAGONE", "x"), 403),
        ("/demo/none", PAIR, 404),
    ]:
        answer = ask(simulator, "HEAD", path, pair=pair)
        assert (answer.status, answer.body) == (status, None)


def test_buckets_are_listed() -> None:
    simulator = data_plane()
    simulator.add_bucket("a & b")
    body = ask(simulator).payload().decode()
    assert body.index("<Name>a &amp; b</Name>") < body.index("<Name>demo</Name>")


def test_listing_pages_and_rolls_up() -> None:
    simulator = data_plane()
    for key in ["a/1", "a/2", "b", "c%26", "d/1"]:
        assert ask(simulator, "PUT", f"/demo/{key}").status == 200
    space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    seen: list[Optional[str]] = []
    query = "/demo?list-type=2&max-keys=2&delimiter=%2F&encoding-type=url"
    pages, more = 0, ""
    while pages < 9:
        root = xml_of(ask(simulator, path=query + more))
        seen += [row.text for row in root.iter(f"{space}Key")]
        seen += [row.findtext(f"{space}Prefix") for row in root.iter(f"{space}CommonPrefixes")]
        pages += 1
        token = root.findtext(f"{space}NextContinuationToken")
        assert root.findtext(f"{space}IsTruncated") == ("true" if token else "false")
        if not token:
            break
        more = f"&continuation-token={token.replace('=', '%3D')}"
    assert (pages, sorted(filter(None, seen))) == (2, ["a/", "b", "c%26", "d/"])
    one = ask(simulator, path="/demo?list-type=2&prefix=a%2F&start-after=a%2F1").payload().decode()
    assert "<KeyCount>1</KeyCount>" in one
    assert "<Key>a/2</Key>" in one
    none = ask(simulator, path="/demo?list-type=2&max-keys=0").payload().decode()
    assert "<IsTruncated>false</IsTruncated>" in none
    for wrong in ["max-keys=x", "continuation-token=%25"]:
        assert code(ask(simulator, path=f"/demo?list-type=2&{wrong}")) == "400 InvalidArgument"


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("PUT", "/new", "405 MethodNotAllowed"),
        ("POST", "/demo/a", "405 MethodNotAllowed"),
        ("DELETE", "/demo", "405 MethodNotAllowed"),
        ("GET", "/demo", "501 NotImplemented"),
        ("GET", "/demo?list-type=2&versions=", "501 NotImplemented"),
        ("PUT", "/demo/a?acl", "501 NotImplemented"),
    ],
)
def test_everything_else_is_refused(method: str, path: str, answer: str) -> None:
    assert code(ask(data_plane(), method, path)) == answer
