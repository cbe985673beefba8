# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 data plane of a simulated platform: takes the pairs that the platform honours right now.

Signatures are checked by s3_signature, delays and caches are in s3_pairs, XML is in s3_xml.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Optional
from urllib.parse import quote, unquote

from . import s3_signature
from .base import Request, Response, Simulator
from .s3_pairs import Pairs
from .s3_xml import NAMESPACE, Markup, S3Error, bucket_list, document, element

#: Objects are kept in memory.
LARGEST_OBJECT = 1 << 20
MOST_PER_PAGE = 1000

#: How the data plane of each platform differs from the plain one, as far as its vendor tells.
PROFILES: Mapping[str, Mapping[str, Any]] = {
    # https://<endpoint>:5005/S3, the vault's name is the bucket, no ListBuckets.
    "commvault": {
        "base_path": "/S3",
        "addressing": "path",
        "unsupported": ("ListBuckets",),
        "any_bucket": True,
    },
    "ceph_rgw": {"region": ""},
    "huawei": {"addressing": "virtual", "wrong_signatures": 5},
    "ontap": {"region": ""},
}


class S3Simulator(Simulator):
    """An S3 service that honours the pairs of another simulator, by Signature Version 4."""

    name = "s3"
    MODES = {
        "base_path": ("", "the path that everything is under, as /S3 at Commvault"),
        "region": ("us-east-1", "the region that a signature must name; empty: any"),
        "skew": (900, "seconds that a request's date may be off before RequestTimeTooSkewed"),
        "addressing": (
            "both",
            "path: the host never names a bucket; virtual: it must, or the answer is"
            " VirtualHostDomainRequired; both",
        ),
        "domains": (("localhost",), "host names below which a further label is a bucket"),
        "any_bucket": (False, "every bucket there is any talk of exists"),
        "denied": ((), "operations that every pair is refused with AccessDenied"),
        "unsupported": ((), "operations that are answered with NotImplemented"),
        "trailers": (True, "bodies in chunks with a checksum behind are understood"),
        "wrong_signatures": (
            0,
            "wrong signatures in a row that an access key may have before everything with it is"
            " answered TooManyWrongSignature; 0: never",
        ),
        "lockout": (300, "seconds that this lasts"),
        "propagation": (0, "seconds until the last node honours a new or re-enabled pair"),
        "linger": (0, "seconds until the last node refuses an ended pair"),
        "nodes": (1, "nodes that answer in turn, each hearing of changes a share of that later"),
    }

    def __init__(self, source: Simulator, **modes: Any) -> None:
        super().__init__(source.clock, **modes)
        self.source = source
        self.buckets: dict[str, dict[str, tuple[bytes, dt.datetime]]] = {}
        self.pairs = Pairs(source)
        self.modes = self.pairs.watched(self.modes)
        #: Access key -> how many wrong signatures in a row, and when the last one came.
        self._wrong: dict[str, tuple[int, dt.datetime]] = {}
        self._turn = 0
        self._born = self.clock.now()

    def add_bucket(self, name: str) -> None:
        """Make a bucket behind the API's back."""
        self.buckets.setdefault(name, {})

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key that the platform honours, heard of here or not."""
        with self.source.lock:
            return self.source.secret_of(access_key)

    def secrets(self) -> list[str]:
        """Return the platform's secrets; the data plane has none of its own."""
        with self.source.lock:
            return self.source.secrets()

    def access_keys(self) -> list[str]:
        """Return every access key of the platform."""
        with self.source.lock:
            return self.source.access_keys()

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true at the platform."""
        with self.source.lock:
            return self.source.keys_of(account_id)

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make an account at the platform."""
        with self.source.lock:
            return self.source.add_account(name, access_keys)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        base = self.modes["base_path"].rstrip("/")
        if request.path != base and not request.path.startswith(f"{base}/"):
            return Response(404, "There is no S3 service here.")
        head = request.method == "HEAD"
        request_id = self.token(16)
        try:
            bucket, key = self._place(request, request.path[len(base) :].lstrip("/"))
            claim = s3_signature.read_claim(request)
            self._check_claim(request, claim)
            operation = _operation(request, bucket, key)
            if operation in self.modes["unsupported"]:
                raise S3Error("NotImplemented")
            if operation in self.modes["denied"]:
                raise S3Error("AccessDenied")
            if claim.payload == s3_signature.TRAILER and not self.modes["trailers"]:
                raise S3Error("NotImplemented")
            body = s3_signature.check_payload(request, claim)
            response = self._do(operation, request, bucket, key, body)
        except S3Error as exc:
            response = exc.response(request.path, request_id, head)
        response.headers.setdefault("x-amz-request-id", request_id)
        return response

    # --- who asks ------------------------------------------------------------------------------

    def _check_claim(self, request: Request, claim: s3_signature.Claim) -> None:
        if "X-Amz-Security-Token" in request.headers:
            # Permanent pairs come without one; a gateway that ignored it would hide a mistake.
            raise S3Error("InvalidToken")
        now = self.clock.now()
        if abs((now - claim.at).total_seconds()) > self.modes["skew"]:
            raise S3Error(
                "RequestTimeTooSkewed",
                more={
                    "RequestTime": claim.stamp,
                    "ServerTime": self.iso(now),
                    "MaxAllowedSkewMilliseconds": str(int(self.modes["skew"] * 1000)),
                },
            )
        region = self.modes["region"]
        if region and claim.scope[1] != region:
            raise S3Error(
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; the region '{claim.scope[1]}' is wrong;"
                f" expecting '{region}'",
                {"Region": region},
                {"x-amz-bucket-region": region},
            )
        self._turn += 1
        node = self._turn % max(1, int(self.modes["nodes"]))
        secret_keys = self.pairs.honoured(claim.access_key, node)
        if not secret_keys:
            with self.source.lock:
                shut_out = self.source.shut_out(claim.access_key)
            secret_key, code = shut_out or ("", "InvalidAccessKeyId")
            if secret_key and not s3_signature.is_signed_with(request, claim, secret_key):
                raise s3_signature.mismatch(request, claim)
            raise S3Error(code, more={"AWSAccessKeyId": claim.access_key})
        self._check_lockout(claim.access_key, now)
        for secret_key in secret_keys:
            if s3_signature.is_signed_with(request, claim, secret_key):
                self._wrong.pop(claim.access_key, None)
                return
        self._wrong[claim.access_key] = (self._wrong.get(claim.access_key, (0, now))[0] + 1, now)
        raise s3_signature.mismatch(request, claim)

    def _check_lockout(self, access_key: str, now: dt.datetime) -> None:
        count, last = self._wrong.get(access_key, (0, now))
        most = self.modes["wrong_signatures"]
        if not most or count < most:
            return
        if (now - last).total_seconds() < self.modes["lockout"]:
            raise S3Error("TooManyWrongSignature")
        del self._wrong[access_key]

    # --- where ---------------------------------------------------------------------------------

    def _place(self, request: Request, path: str) -> tuple[str, str]:
        """Return bucket and key, each empty when there is none."""
        hosted = self._bucket_in_host(request)
        if hosted is not None:
            return hosted, unquote(path)
        bucket, _unused, key = path.partition("/")
        if bucket and self.modes["addressing"] == "virtual":
            raise S3Error("VirtualHostDomainRequired")
        return unquote(bucket), unquote(key)

    def _bucket_in_host(self, request: Request) -> Optional[str]:
        if self.modes["addressing"] == "path":
            return None
        host = re.sub(r":\d+$", "", request.headers.get("Host") or "").lower()
        try:
            ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            return None
        for domain in self.modes["domains"]:
            if host.endswith(f".{domain}"):
                return host[: -len(domain) - 1]
        return None

    def _bucket(self, name: str) -> dict[str, tuple[bytes, dt.datetime]]:
        if name not in self.buckets:
            if not self.modes["any_bucket"]:
                raise S3Error("NoSuchBucket", more={"BucketName": name})
            self.add_bucket(name)
        return self.buckets[name]

    # --- what ----------------------------------------------------------------------------------

    def _do(self, operation: str, request: Request, bucket: str, key: str, body: bytes) -> Response:
        if operation == "ListBuckets":
            return bucket_list(sorted(self.buckets), self.iso(self._born))
        objects = self._bucket(bucket)
        if operation == "HeadBucket":
            region = self.modes["region"] or "us-east-1"
            return Response(200, None, {"x-amz-bucket-region": region}, "application/xml")
        if operation == "ListObjectsV2":
            return _listing(bucket, objects, request)
        if operation == "PutObject":
            return self._put(bucket, key, body, request)
        if operation == "DeleteObject":
            if objects.pop(key, None):
                self.commit(f"deleted object {bucket}/{key}")
            return Response(204)
        if key not in objects:
            raise S3Error("NoSuchKey", more={"Key": key})
        content, at = objects[key]
        headers = {
            "ETag": _etag(content),
            "Last-Modified": at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return Response(200, content, headers, "binary/octet-stream")

    def _put(self, bucket: str, key: str, body: bytes, request: Request) -> Response:
        if len(body) > LARGEST_OBJECT:
            raise S3Error("EntityTooLarge")
        digest = request.headers.get("Content-MD5")
        made = base64.b64encode(hashlib.md5(body).digest()).decode()
        if digest is not None and digest != made:
            raise S3Error("BadDigest")
        self.buckets[bucket][key] = (body, self.clock.now())
        self.commit(f"put object {bucket}/{key}")
        return Response(200, None, {"ETag": _etag(body)})


_OBJECT_OPERATIONS = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}
#: What a query may hold without naming another operation; x-id is a hint of AWS's own SDKs.
_PLAIN = {"x-id"}
_LISTING = {
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
}


def _operation(request: Request, bucket: str, key: str) -> str:
    asked = {name for name, _unused in request.query} - _PLAIN
    if key and not asked and request.method in _OBJECT_OPERATIONS:
        return _OBJECT_OPERATIONS[request.method]
    if request.method == "HEAD" and bucket and not key and not asked:
        return "HeadBucket"
    if request.method == "GET" and not key:
        if not bucket:
            return "ListBuckets"
        if request.arg("list-type") == "2" and asked <= _LISTING:
            return "ListObjectsV2"
        raise S3Error("NotImplemented")
    raise S3Error("NotImplemented" if asked else "MethodNotAllowed")


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _listing(
    bucket: str, objects: Mapping[str, tuple[bytes, dt.datetime]], request: Request
) -> Response:
    prefix, delimiter = request.arg("prefix") or "", request.arg("delimiter") or ""
    encode = request.arg("encoding-type") == "url"
    most = _max_keys(request)
    after = request.arg("start-after") or ""
    token = request.arg("continuation-token")
    if token is not None:
        try:
            after = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise S3Error(
                "InvalidArgument", "The continuation token provided is incorrect"
            ) from None

    def shown(text: str) -> str:
        return quote(text, safe="/-._~") if encode else text

    rows: dict[str, Markup] = {}
    last = after
    truncated = False
    for key in sorted(objects):
        folder = _folder(key, prefix, delimiter)
        place = folder or key
        if not key.startswith(prefix) or place <= after or place in rows:
            continue
        if len(rows) == most:
            truncated = most > 0
            break
        last = place
        if folder:
            rows[place] = element("CommonPrefixes", element("Prefix", shown(folder)))
            continue
        content, at = objects[key]
        rows[place] = element(
            "Contents",
            element("Key", shown(key)),
            element("LastModified", at.strftime("%Y-%m-%dT%H:%M:%S.000Z")),
            element("ETag", _etag(content)),
            element("Size", len(content)),
            element("StorageClass", "STANDARD"),
        )
    parts = [
        element("Name", bucket),
        element("Prefix", shown(prefix)),
        element("KeyCount", len(rows)),
        element("MaxKeys", most),
        element("IsTruncated", "true" if truncated else "false"),
    ]
    if delimiter:
        parts.append(element("Delimiter", shown(delimiter)))
    if encode:
        parts.append(element("EncodingType", "url"))
    if truncated:
        following = base64.b64encode(last.encode()).decode()
        parts.append(element("NextContinuationToken", following))
    return document(element("ListBucketResult", *parts, *rows.values(), xmlns=NAMESPACE))


def _folder(key: str, prefix: str, delimiter: str) -> str:
    """Return the common prefix that a key is rolled up into, or nothing."""
    rest = key[len(prefix) :]
    if not delimiter or delimiter not in rest:
        return ""
    return prefix + rest.partition(delimiter)[0] + delimiter


def _max_keys(request: Request) -> int:
    text = request.arg("max-keys")
    if text is None:
        return MOST_PER_PAGE
    if not text.isdigit():
        raise S3Error("InvalidArgument", "Provided max-keys not an integer or within integer range")
    return min(int(text), MOST_PER_PAGE)
