"""Which answers of the stream route count as answers to a valid token, and which tell of buffering."""

import msgspec
import pytest

from sse_conform.entries import EndKind, TokenKind
from sse_conform.rules import BY_ID
from sse_conform.rules.stream import answers_200, forbids_buffering
from sse_conform.verdict import Outcome, judge

from ..records import completed, snapshot, stream, transcript

SCENES = ("preflight", "idle.stream")


def judged(*streams):
    idle = stream((1.1, snapshot()), conn=9, at=1.0, scene="idle.stream")
    return judge(answers_200, transcript(idle, *streams, *map(completed, SCENES), scenes=SCENES)).outcome


def signed_anew(conn, *, at, status):
    kind = TokenKind.RESIGNED
    return stream(conn=conn, at=at, scene="auth.refusals", part="control", token=kind, status=status, headers=())


def test_a_key_that_is_not_the_targets_is_no_fault_of_the_target():
    assert judged(signed_anew(1, at=2.0, status=401), signed_anew(2, at=3.0, status=401)) is Outcome.PASS


def test_a_target_that_no_longer_takes_what_it_took_fails():
    opened = stream((2.1, snapshot()), conn=1, at=2.0, scene="auth.refusals", token=TokenKind.RESIGNED)
    assert judged(opened, signed_anew(2, at=3.0, status=401)) is Outcome.FAIL


def test_the_genuine_token_must_be_taken():
    assert judged(stream(conn=1, at=2.0, scene="delivery.live", status=401, headers=())) is Outcome.FAIL


def test_a_strangers_origin_may_be_refused():
    refused = stream(conn=1, at=2.0, scene="cors.origins", part="stranger", status=403, headers=())
    assert judged(refused) is Outcome.PASS


def hinted(*headers):
    said = (("content-type", "text/event-stream"), *headers)
    recorded = (stream((1.1, snapshot()), conn=conn, scene=scene, headers=said) for conn, scene in enumerate(SCENES, 1))
    return judge(forbids_buffering, transcript(*recorded, *map(completed, SCENES), scenes=SCENES)).outcome


def test_without_a_hint_proxies_may_buffer():
    assert hinted() is Outcome.WARN
    assert hinted(("server", "gunicorn"), ("x-accel-buffering", "yes")) is Outcome.WARN


@pytest.mark.parametrize("server", ["nginx/1.22.1", "nginx", "openresty/1.25"])
def test_the_hint_that_nginx_takes_away_is_not_missed(server):
    assert hinted(("server", server)) is Outcome.NOT_APPLICABLE
    assert hinted(("server", server), ("cache-control", "no-cache, no-transform")) is Outcome.PASS


def test_where_nothing_was_opened_nothing_is_said_of_nginx():
    refused = stream(scene="preflight", status=500, headers=(("server", "nginx"),))
    recorded = transcript(refused, *map(completed, SCENES), scenes=SCENES)
    assert judge(forbids_buffering, recorded).outcome is Outcome.UNTESTED


# no answer, and what an answer says


@pytest.mark.parametrize("kind", EndKind)
def test_a_target_that_was_reached_and_does_not_answer_fails(kind):
    silent = {EndKind.HEAD_TIMEOUT, EndKind.EOF, EndKind.RESET, EndKind.PROTOCOL_ERROR}
    unanswered = stream(conn=1, at=2.0, scene="preflight", status=None, ends=(3.0, kind))
    assert judged(unanswered) is (Outcome.FAIL if kind in silent else Outcome.PASS)


@pytest.mark.parametrize(
    "changes",
    [{"scene": "stream.odd-requests"}, {"token": TokenKind.EXPIRED}, {"method": "HEAD"}, {"ends": None}],
    ids=["an odd request", "an invalid token", "another method", "not over yet"],
)
def test_where_no_answer_is_due_its_lack_is_no_breach(changes):
    fields = {"scene": "preflight", "status": None, "ends": (3.0, EndKind.RESET)} | changes
    assert judged(stream(conn=1, at=2.0, **fields)) is Outcome.PASS


def of_head(rule, *headers):
    lines = stream((1.1, snapshot()), scene="preflight", headers=headers)
    recorded = transcript(lines, *map(completed, SCENES), scenes=SCENES)
    return judge(BY_ID[rule], recorded).outcome


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["text/event-stream"], Outcome.PASS),
        (["Text/Event-Stream; Charset=UTF-8"], Outcome.PASS),
        (["text/event-stream;charset=utf8"], Outcome.PASS),
        (["text/event-stream; charset=latin-1"], Outcome.FAIL),
        (["text/event-stream; charset=latin-1", "text/event-stream"], Outcome.FAIL),
        (["text/event-stream; x=y", "text/event-stream; charset=latin-1"], Outcome.FAIL),
        (["text/event-stream; x=y", "text/html"], Outcome.FAIL),
        (["text/event-stream; x=y"], Outcome.PASS),
        (["text/plain"], Outcome.FAIL),
        ([], Outcome.FAIL),
    ],
    ids=str,
)
def test_the_media_type_and_its_charset(values, wanted):
    assert of_head("stream.content-type", *(("content-type", value) for value in values)) is wanted


TYPE = ("content-type", "text/event-stream")


@pytest.mark.parametrize(
    ("rule", "name", "value", "wanted"),
    [
        ("stream.no-content-length", "content-length", "9", Outcome.FAIL),
        ("stream.no-content-length", "x-length", "9", Outcome.PASS),
        ("stream.uncacheable", "cache-control", "private, No-Cache", Outcome.PASS),
        ("stream.uncacheable", "cache-control", "no-store", Outcome.PASS),
        ("stream.uncacheable", "cache-control", "private", Outcome.FAIL),
        ("stream.keep-alive", "connection", "Keep-Alive", Outcome.PASS),
        ("stream.keep-alive", "connection", "upgrade, Close", Outcome.WARN),
    ],
)
def test_what_a_head_says(rule, name, value, wanted):
    assert of_head(rule, TYPE, (name, value)) is wanted


@pytest.mark.parametrize(("version", "wanted"), [("1.1", Outcome.WARN), ("2", Outcome.UNTESTED)])
def test_over_http2_there_is_no_connection_to_keep_alive(version, wanted):
    asked, head, *rest = stream((1.1, snapshot()), scene="preflight", headers=(TYPE, ("connection", "close")))
    lines = [asked, msgspec.structs.replace(head, http_version=version), *rest]
    recorded = transcript(lines, *map(completed, SCENES), scenes=SCENES)
    assert judge(BY_ID["stream.keep-alive"], recorded).outcome is wanted
