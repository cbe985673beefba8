# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier tells apart what S3 services say of a pair, and finds out one that takes all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    ACCEPTED,
    FORBIDDEN,
    SKEWED,
    UNKNOWN_KEY,
    UNREACHABLE,
    WRONG_SIGNATURE,
    Verdict,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.s3_xml import S3Error, bucket_list
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.verify_lab import (
    BUCKET,
    GOOD,
    NEW,
    Lab,
    MakeLab,
    everywhere_is_here,
)
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import data_plane
from ansible_collections.objectstore.credentials.tests.unit.support import (
    Echo,
    everything_in,
    raised,
)

WRONG = Pair(GOOD.access_key, "another-Secret/key")


@pytest.fixture
def make_lab(server: SimulatorServer) -> MakeLab:
    """Return a function that makes a lab; keyword arguments are modes of the data plane."""

    def make(**modes: Any) -> Lab:
        return Lab(server, data_plane(**modes))

    return make


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A lab whose data plane is a plain one."""
    return make_lab()


def scripted(server: SimulatorServer, *answers: Response) -> Lab:
    """Return a lab whose service gives these answers, the last one for ever."""
    echo = Echo()
    echo.script("/", *answers)
    return Lab(server, echo)


def error(code: str, status: int = 403, message: str = "so it is", more: str = "") -> Response:
    """Return an answer as S3 gives it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return Response(status, body, content_type="application/xml")


UNKNOWN = error("InvalidAccessKeyId")
LISTED = bucket_list(["demo"], "2026-01-01T00:00:00Z")


# --- what the data plane says -------------------------------------------------------------------


def test_good_pair_is_accepted(lab: Lab) -> None:
    verdict = lab.verifier().probe(GOOD)
    assert verdict.outcome == ACCEPTED
    assert verdict.works
    assert not verdict.is_refusal
    assert not verdict.is_unclear
    assert lab.server.url in verdict.message


def test_bucket_is_listed_by_one_name_where_one_is_given(lab: Lab) -> None:
    assert lab.verifier(bucket=BUCKET).probe(GOOD).outcome == ACCEPTED
    assert lab.verifier().probe(GOOD, bucket=BUCKET).outcome == ACCEPTED
    assert set(lab.sent()) == {"/demo?list-type=2&max-keys=1"}


def test_base_path_is_signed_as_it_is_sent(make_lab: MakeLab) -> None:
    lab = make_lab(base_path="/S3%20%28%C3%A4%29/v1", any_bucket=True)
    url = f"{lab.server.url}/S3%20(%c3%a4)/v1/"
    verdict = lab.verifier(s3_url=url, bucket="my vault+1").probe(GOOD)
    assert verdict.outcome == ACCEPTED
    target = "/S3%20%28%C3%A4%29/v1/my%20vault%2B1?list-type=2&max-keys=1"
    assert set(lab.sent()) == {target}


def test_unknown_key_is_a_refusal(lab: Lab) -> None:
    verdict = lab.verifier().probe(NEW)
    assert verdict.outcome == UNKNOWN_KEY
    assert verdict.is_refusal
    assert verdict.code == "InvalidAccessKeyId"


def test_wrong_secret_is_a_refusal(lab: Lab) -> None:
    verdict = lab.verifier().probe(WRONG)
    assert verdict.outcome == WRONG_SIGNATURE
    assert verdict.is_refusal


def test_pair_that_may_not_list_works(make_lab: MakeLab) -> None:
    lab = make_lab(denied=("ListBuckets", "ListObjectsV2"))
    for bucket in (None, BUCKET):
        verdict = lab.verifier().accept(GOOD, bucket=bucket)
        assert verdict.outcome == FORBIDDEN
        assert verdict.works
    assert lab.verifier().probe(NEW).outcome == UNKNOWN_KEY


def test_missing_bucket_still_proves_the_signature(lab: Lab) -> None:
    verdict = lab.verifier(bucket="gone").probe(GOOD)
    assert verdict.works
    assert "NoSuchBucket" in verdict.message
    assert lab.verifier(bucket="gone").probe(WRONG).outcome == WRONG_SIGNATURE


@pytest.mark.parametrize(("seconds", "words"), [(1200, "ahead of"), (-1500, "behind")])
def test_clock_that_is_off_is_told_with_its_seconds(lab: Lab, seconds: float, words: str) -> None:
    verifier = lab.verifier()
    verifier.prove()
    lab.simulator.clock.advance(seconds)
    verdict = verifier.accept(GOOD)
    assert verdict.outcome == SKEWED
    assert verdict.is_unclear
    assert verdict.ahead is not None
    assert verdict.ahead == pytest.approx(seconds, abs=3)
    assert f"{abs(verdict.ahead):.0f} s {words}" in verdict.message
    assert lab.sent_by(GOOD) == 1
    exc = raised(lab.verifier().prove)
    assert exc.kind == "clock_skew"
    assert words in exc.message


def test_request_is_dated_by_the_injected_clock(lab: Lab) -> None:
    lab.clock.sleep(40 * 86400)
    assert lab.verifier().probe(GOOD).outcome == ACCEPTED


def test_region_that_the_service_names_is_used_and_remembered(make_lab: MakeLab) -> None:
    lab = make_lab(region="eu-west-101")
    verifier = lab.verifier()
    verifier.prove()
    assert len(lab.sent()) == 2
    assert verifier.accept(GOOD).outcome == ACCEPTED
    assert len(lab.sent()) == 4


@pytest.mark.parametrize(
    "answer",
    [
        Response(
            400, error("AuthorizationHeaderMalformed").body, {"x-amz-bucket-region": "moon-1"}
        ),
        error("AuthorizationHeaderMalformed", 400, "the region 'x' is wrong; expecting 'moon-1'"),
        error("PermanentRedirect", 301, more="<Region>moon-1</Region>"),
    ],
)
def test_region_is_found_wherever_it_is_named(server: SimulatorServer, answer: Response) -> None:
    lab = scripted(server, answer, UNKNOWN, LISTED)
    verifier = lab.verifier()
    assert verifier.probe(GOOD).outcome == ACCEPTED
    regions = [entry.headers["Authorization"].split("/")[2] for entry in server.log]
    assert regions == ["us-east-1", "moon-1", "moon-1"]


def test_service_that_names_region_after_region_is_given_up(server: SimulatorServer) -> None:
    answers = [
        error("AuthorizationHeaderMalformed", 400, more=f"<Region>r-{number}</Region>")
        for number in range(9)
    ]
    lab = scripted(server, *answers)
    exc = raised(lab.verifier().prove)
    assert exc.kind == "verification_unreachable"
    assert len(lab.sent()) == 3


def test_region_that_is_no_name_is_not_put_into_a_signature(server: SimulatorServer) -> None:
    lab = scripted(server, error("InvalidRegion", 400, more="<Region>a/b, c=d</Region>"))
    assert raised(lab.verifier().prove).kind == "verification_unreachable"
    assert len(lab.sent()) == 1


# --- addressing ---------------------------------------------------------------------------------


def test_virtual_host_addressing(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere_is_here(monkeypatch)
    lab = make_lab(addressing="virtual")
    url = f"http://localhost:{lab.server.port}"
    verifier = lab.verifier(s3_url=url, bucket=BUCKET, addressing_style="virtual")
    assert verifier.probe(GOOD).outcome == ACCEPTED
    assert lab.server.log[-1].headers["Host"] == f"demo.localhost:{lab.server.port}"
    assert lab.server.log[-1].target == "/?list-type=2&max-keys=1"


def test_service_that_insists_on_virtual_hosts_gets_them(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere_is_here(monkeypatch)
    lab = make_lab(addressing="virtual")
    verifier = lab.verifier(s3_url=f"http://localhost:{lab.server.port}", bucket=BUCKET)
    verifier.prove()
    assert verifier.accept(GOOD).outcome == ACCEPTED
    assert [target.split("?")[0] for target in lab.sent()] == ["/demo", "/", "/", "/"]


def test_virtual_hosts_cannot_stand_before_an_address(make_lab: MakeLab) -> None:
    lab = make_lab(addressing="virtual")
    exc = raised(lab.verifier(bucket=BUCKET, addressing_style="virtual").prove)
    assert exc.kind == "invalid_option"
    assert "addressing_style" in exc.message
    exc = raised(lab.verifier(bucket=BUCKET).prove)
    assert exc.kind == "verification_unreachable"
    assert "VirtualHostDomainRequired" in exc.message
    assert "host name" in exc.next_step


# --- the probe proves itself --------------------------------------------------------------------


def test_service_that_takes_any_key_is_found_out(server: SimulatorServer) -> None:
    lab = scripted(server, LISTED)
    verifier = lab.verifier()
    for work in (verifier.prove, lambda: verifier.accept(GOOD), lambda: verifier.probe(GOOD)):
        exc = raised(work)
        assert exc.kind == "verification_failed"
        assert "never fail" in exc.message
    assert lab.sent_by(GOOD) == 0
    assert len(lab.sent()) == 1


def test_probe_is_proven_once_however_many_ask(lab: Lab) -> None:
    verifier = lab.verifier()
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(verifier.probe, [GOOD] * 24))
    assert {verdict.outcome for verdict in verdicts} == {ACCEPTED}
    assert len(lab.sent()) == 25
    assert lab.sent_by(GOOD) == 24


def test_each_service_and_operation_is_proven(lab: Lab) -> None:
    verifier = lab.verifier()
    verifier.probe(GOOD)
    verifier.probe(GOOD, bucket=BUCKET)
    verifier.probe(GOOD, s3_url=f"http://localhost:{lab.server.port}")
    verifier.probe(GOOD, bucket="other")
    assert len(lab.sent()) == 4 + 3


def test_made_up_key_looks_like_the_account_s_and_is_not_it(lab: Lab) -> None:
    lab.verifier().prove(like=NEW)
    (sent,) = lab.server.log
    made_up = sent.headers["Authorization"].split("Credential=")[1].split("/")[0]
    assert made_up != NEW.access_key
    assert len(made_up) == len(NEW.access_key)
    assert made_up.startswith(NEW.access_key[:4])
    shape = [character.isdigit() for character in made_up]
    assert shape == [character.isdigit() for character in NEW.access_key]


def test_made_up_key_is_left_to_chance_where_keys_are_short(lab: Lab) -> None:
    for _unused in range(20):
        lab.verifier().prove(like=Pair("bob", "x"))
    made_up = {
        entry.headers["Authorization"].split("Credential=")[1].split("/")[0]
        for entry in lab.server.log
    }
    assert len(made_up) == 20
    assert {len(access_key) for access_key in made_up} == {20}


def test_access_denied_proves_nothing_where_unknown_keys_get_it(server: SimulatorServer) -> None:
    lab = scripted(server, error("AccessDenied"))
    verdict = lab.verifier().accept(GOOD)
    assert verdict.outcome == UNREACHABLE
    assert verdict.is_unclear
    assert verdict.as_for_unknown
    # It may be a key that is not known yet: asked until the time is up.
    assert sum(lab.clock.slept) == pytest.approx(60, abs=1.1)


def test_pair_of_a_suspended_user_is_the_right_one(server: SimulatorServer) -> None:
    # Ceph says so only once the signature was found right.
    lab = scripted(server, error("InvalidAccessKeyId"), error("UserSuspended"))
    verdict = lab.verifier().accept(GOOD)
    assert verdict.works
    assert verdict.code == "UserSuspended"


def test_listing_is_accepted_where_unknown_keys_get_access_denied(server: SimulatorServer) -> None:
    lab = scripted(server, error("AccessDenied"), LISTED)
    assert lab.verifier().accept(GOOD).outcome == ACCEPTED


def test_missing_bucket_proves_nothing_where_unknown_keys_get_it(server: SimulatorServer) -> None:
    lab = Lab(server, Echo())
    assert isinstance(lab.simulator, Echo)
    lab.simulator.script("/demo", error("NoSuchBucket", 404))
    assert lab.verifier(bucket=BUCKET).probe(GOOD).is_unclear


def test_wrong_signature_is_not_told_from_unknown_key_where_both_get_it(
    server: SimulatorServer,
) -> None:
    lab = scripted(server, error("SignatureDoesNotMatch"))
    verifier = lab.verifier()
    assert verifier.probe(GOOD).outcome == UNKNOWN_KEY
    server.log.clear()
    verdict = verifier.accept(GOOD)
    assert verdict.outcome == UNKNOWN_KEY
    # Few, and far between: five wrong signatures lock a key at some services.
    assert len(lab.sent()) == 3


def test_missing_list_buckets_is_told_with_its_remedy(
    make_lab: MakeLab, server: SimulatorServer
) -> None:
    lab = make_lab(unsupported=("ListBuckets",))
    verdict = lab.verifier().accept(GOOD)
    assert verdict.is_unclear
    assert "verify.bucket" in (verdict.next_step or "")
    assert lab.sent_by(GOOD) == 1
    exc = raised(scripted(server, error("NotImplemented", 501)).verifier().prove)
    assert exc.kind == "invalid_option"
    assert "verify.bucket" in exc.next_step


# --- what is no answer of S3 --------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, "<html><body>Welcome</body></html>", content_type="text/html"),
        Response(200, "<!DOCTYPE html><html></html>", content_type="application/xml"),
        Response(200, None),
        Response(200, {"buckets": []}),
        Response(200, "<ListBucketResult></ListBucketResult>"),
        Response(200, "<ListAllMyBucketsResult><Buckets>"),
        Response(200, "<Other><ListAllMyBucketsResult></ListAllMyBucketsResult></Other>"),
        Response(200, "<ListAllMyBucketsResult"),
        Response(200, '<!DOCTYPE x [<!ENTITY a "b">]>' + str(LISTED.body)),
        Response(204),
        Response(302, None, {"Location": "https://login.example.com/"}),
        Response(401, None),
        Response(403, None),
        Response(403, "<html>Blocked by the proxy</html>"),
        Response(403, "<Error><Message>no code</Message></Error>"),
        Response(403, "<Error><Code>AccessDenied</Code>"),
        Response(403, '<!DOCTYPE x [<!ENTITY a "AccessDenied">]><Error><Code>&a;</Code></Error>'),
        Response(403, "<Fault><Code>AccessDenied</Code></Fault>"),
        Response(407, "<html>proxy login</html>"),
        error("AccountProblem"),
        error("WhoKnows"),
    ],
)
def test_answer_that_is_not_of_s3_says_nothing(server: SimulatorServer, answer: Response) -> None:
    lab = scripted(server, UNKNOWN, answer)
    verdict = lab.verifier().accept(GOOD)
    assert verdict.outcome == UNREACHABLE
    assert verdict.is_unclear
    assert not verdict.works
    assert lab.sent_by(GOOD) == 1
    assert raised(scripted(server, answer).verifier().prove).kind == "verification_unreachable"


def test_redirect_is_not_followed(server: SimulatorServer) -> None:
    lab = scripted(server, UNKNOWN, Response(307, None, {"Location": f"{server.url}/elsewhere"}))
    assert lab.verifier().probe(GOOD).is_unclear
    assert lab.sent() == ["/", "/"]


def test_listing_may_have_a_prefix_and_be_empty(server: SimulatorServer) -> None:
    for body in (
        '<?xml version="1.0"?><a:ListAllMyBucketsResult xmlns:a="x"></a:ListAllMyBucketsResult>\n',
        "<ListAllMyBucketsResult/>",
    ):
        assert scripted(server, UNKNOWN, Response(200, body)).verifier().probe(GOOD).works


def test_listing_may_be_large(make_lab: MakeLab) -> None:
    lab = make_lab()
    for number in range(3000):
        lab.s3.add_bucket(f"bucket-{number:05d}")
    assert lab.verifier().probe(GOOD).outcome == ACCEPTED


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "AuthFailure", "ExpiredToken"])
def test_other_words_for_an_unknown_key(server: SimulatorServer, code: str) -> None:
    lab = scripted(server, UNKNOWN, error(code))
    assert lab.verifier().probe(GOOD).outcome == UNKNOWN_KEY


def test_control_characters_and_length_of_a_message_are_bounded(server: SimulatorServer) -> None:
    lab = scripted(server, UNKNOWN, error("WhoKnows", message="a\u009b31m\n" * 9000))
    message = lab.verifier().probe(GOOD).message
    assert len(message) < 500
    assert message.isprintable()


# --- secrets ------------------------------------------------------------------------------------


def test_secret_is_in_no_message_and_known_to_the_redactor(server: SimulatorServer) -> None:
    lab = scripted(server, UNKNOWN, error("WhoKnows", message=f"you are {NEW.secret_key}"))
    verifier = lab.verifier()
    verdicts: list[Verdict] = [verifier.probe(NEW), verifier.accept(NEW)]
    for verdict in verdicts:
        assert NEW.secret_key not in repr(verdict)
        assert "********" in verdict.message
    assert NEW.secret_key not in lab.redactor.redact(f"x {NEW.secret_key} y")


def test_accepting_teaches_the_redactor_as_well(lab: Lab) -> None:
    lab.verifier().accept(GOOD)
    assert GOOD.secret_key not in lab.redactor.redact(f"x {GOOD.secret_key} y")


def test_secret_of_an_error_is_redacted(server: SimulatorServer) -> None:
    lab = scripted(server, error("WhoKnows", message=f"you are {NEW.secret_key}"))
    lab.redactor.learn(NEW.secret_key)
    exc = raised(lab.verifier().prove)
    assert NEW.secret_key not in everything_in(exc)


def test_s3_error_of_the_simulator_is_what_these_tests_imitate() -> None:
    body = S3Error("InvalidAccessKeyId").response("/", "1", False).payload()
    assert b"<Error><Code>InvalidAccessKeyId</Code>" in body
