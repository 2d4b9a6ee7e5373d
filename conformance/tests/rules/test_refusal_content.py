"""What a refusal must not say: how the service is made, who is there, and the token once more."""

import pytest

from sse_conform.entries import TokenKind
from sse_conform.rules import BY_ID
from sse_conform.rules.refusal_content import LOOKED_AT
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, exchanged, ns, published, snapshot, stream, transcript

SCENE = "auth.refusals"
TERMS = Terms(capabilities=tuple(Capability))
BAIT = published(1.0, scene=SCENE, part="bait")
CONTROLS = [
    stream(
        (2.0, snapshot({"id": 1, "message": BAIT.marker})), scene=SCENE, part="control-before", conn=8, user="user1"
    ),
    stream(scene=SCENE, part="control-after", conn=9, user="user2@x"),
]


def verdict(rule, *lines, controls=CONTROLS):
    done = (completed(SCENE), completed("preflight"))
    return judge(BY_ID[rule], transcript(BAIT, *controls, *lines, *done, terms=TERMS))


def refusal(body="", *, status=401, token=TokenKind.EXPIRED, headers=(), scene=SCENE, user="user1"):
    fields = {"scene": scene, "part": token.value, "token": token, "status": status, "headers": headers, "user": user}
    return stream((3.0, body.encode()), at=2.5, **fields)


def by_rest(body="", **changes):
    fields = {"scene": SCENE, "part": "rest-expired", "status": 401, "body": body.encode(), "user": "user1"}
    return exchanged(**fields | {"t": ns(3), "answered": ns(4)} | changes)


@pytest.mark.parametrize("way", [refusal, by_rest])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("no", Outcome.PASS),
        ('Traceback (most recent call last):\n  File "a.py"', Outcome.FAIL),
        ("Error: x\n    at verify (/srv/app.js:10:5)", Outcome.FAIL),
        ("at org.Foo.bar(Foo.java:12)", Outcome.FAIL),
        ("goroutine 1 [running]:", Outcome.FAIL),
        ("-----BEGIN RSA PRIVATE KEY-----", Outcome.FAIL),
        ("-----BEGIN PRIVATE KEY-----", Outcome.FAIL),
        ("we meet at noon (12:30:15)", Outcome.PASS),
        ("-----BEGIN PUBLIC KEY-----", Outcome.PASS),
    ],
)
def test_a_trace_or_a_key_tells_how_the_service_is_made(way, text, wanted):
    assert verdict("auth.no-trace", way(text)).outcome is wanted


def test_a_trace_in_a_head_counts_and_one_that_stands_far_below_does_not():
    trace = "Traceback (most recent call last)"
    assert verdict("auth.no-trace", refusal(headers=(("x-error", trace),))).outcome is Outcome.FAIL
    begin = "x" * (LOOKED_AT - len(trace))
    assert verdict("auth.no-trace", refusal(begin + trace)).outcome is Outcome.FAIL
    assert verdict("auth.no-trace", refusal(begin + "x" + trace)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "line",
    [
        refusal("goroutine 1 [", status=200),
        by_rest("goroutine 1 [", status=299),
        by_rest("goroutine 1 [", part="rest-x"),
        by_rest("goroutine 1 [", scene="polling.pages"),
    ],
    ids=["an open stream", "what was granted", "another part", "another scene"],
)
def test_what_is_no_refusal_of_a_token_is_not_looked_at(line):
    assert verdict("auth.no-trace", line).outcome is Outcome.UNTESTED


def test_what_leads_elsewhere_is_a_refusal_too():
    assert verdict("auth.no-trace", by_rest("goroutine 1 [", status=300)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no", []),
        (BAIT.marker, ["1 of a user's notifications, in answer to a expired token"]),
        ("ask user2@x", ["1 names of other users, in answer to a expired token"]),
        ("user1 may not", []),
        ("the admin may not", []),
        (f"user2@x: {BAIT.marker}", ["1 of a user's notifications", "1 names of other users"]),
    ],
    ids=["nothing", "a notification", "another's name", "its own name", "an ordinary word", "both"],
)
@pytest.mark.parametrize("way", [refusal, by_rest])
def test_a_refusal_shows_neither_data_nor_another_name(way, text, said):
    admin = stream(scene="delivery.live", user="admin", conn=20)
    found = [breach.actual for breach in verdict("auth.refusal-without-data", admin, way(text)).breaches]
    assert [actual.startswith(start) for actual, start in zip(found, said, strict=True)] == [True] * len(said)


def test_nothing_is_hidden_where_there_was_nothing_to_show():
    untold = [stream((2.0, snapshot()), scene=SCENE, part="control-before", conn=8), CONTROLS[1]]
    assert verdict("auth.refusal-without-data", refusal("user2@x"), controls=untold).outcome is Outcome.UNTESTED
    other = published(1.0, scene=SCENE, part="other")
    told = stream((2.0, snapshot({"message": other.marker})), scene=SCENE, part="control-before", conn=8)
    found = verdict("auth.refusal-without-data", other, refusal("user2@x"), controls=[told, CONTROLS[1]])
    assert found.outcome is Outcome.UNTESTED
    elsewhere = refusal(BAIT.marker, scene="preflight", token=TokenKind.MISSING)
    assert verdict("auth.refusal-without-data", elsewhere).outcome is Outcome.UNTESTED


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("<token>" + "*" * 8, Outcome.WARN), ("<token>" + "*" * 7, Outcome.PASS), ("send Bearer <token>", Outcome.PASS)],
)
def test_what_stands_for_a_token_in_the_record_was_the_token(text, wanted):
    assert verdict("auth.no-echo", refusal(text)).outcome is wanted
    assert verdict("auth.no-echo", refusal(text, token=TokenKind.MISSING)).outcome is Outcome.UNTESTED


def test_without_control_a_refusal_by_rest_says_nothing():
    assert verdict("auth.no-trace", by_rest("goroutine 1 ["), controls=CONTROLS[:1]).outcome is Outcome.UNTESTED
