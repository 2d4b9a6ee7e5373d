"""Ends of tokens are judged by the target's clock, as its Date header tells it."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.rules.expiry import lead
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, notification, published, snapshot, stream, transcript

SCENE, REFUSALS = "auth.expiry", "auth.refusals"
TERMS = Terms(heartbeat=5.0, leeway=10.0, capabilities=tuple(Capability))
#: A record begins at 03:04:05.
BEGAN = "Fri, 02 Jan 2026 03:04:05 GMT"


def dated(*values):
    return tuple(("date", value) for value in values)


def verdict(rule, *lines):
    return judge(BY_ID[rule], transcript(*lines, completed(SCENE), completed(REFUSALS), terms=TERMS))


def near(*told, at=1.0, ends=None, **attempt):
    """A stream that was opened with a token about to expire."""
    return stream(*told, scene=SCENE, part="near-expiry", token=e.TokenKind.NEAR_EXPIRY, at=at, ends=ends, **attempt)


@pytest.mark.parametrize(
    ("at", "dates", "ahead"),
    [
        (0.0, [BEGAN], 0.0),
        (2.0, [BEGAN], -2.0),
        (2.0, ["Fri, 02 Jan 2026 03:04:17 GMT"], 10.0),
        (2.0, ["no date", "Fri, 02 Jan 2026 03:04:17 -0000", BEGAN], -2.0),
        (2.0, [], 0.0),
    ],
    ids=["as ours", "behind", "ahead", "what names no instant is passed over", "without any"],
)
def test_the_lead_of_the_targets_clock_is_read_off_its_answers(at, dates, ahead):
    assert lead(transcript(stream(at=at, headers=dated(*dates)))) == ahead


def test_the_latest_date_says_most():
    early = stream(at=3.0, headers=dated(BEGAN))
    assert lead(transcript(early, stream(at=1.0, conn=2, headers=dated(BEGAN)))) == -1.0


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ((2.5, e.EndKind.COMPLETE), Outcome.PASS),
        ((2.25, e.EndKind.COMPLETE), Outcome.FAIL),
        ((2.25, e.EndKind.CLOSED), Outcome.PASS),
    ],
    ids=["about then", "too soon", "closed by us"],
)
def test_a_stream_is_kept_until_about_the_end_of_its_token(ends, wanted):
    assert verdict("auth.near-expiry-kept", near(ends=ends)).outcome is wanted


@pytest.mark.parametrize(("lag", "wanted"), [(0.2, Outcome.FAIL), (0.3, Outcome.INCONCLUSIVE)])
def test_a_stream_that_ended_a_quarter_of_a_second_too_soon_is_explained_by_no_less_lag(lag, wanted):
    late = disturbed(2, 2 + lag)
    assert verdict("auth.near-expiry-kept", near(ends=(2.25, e.EndKind.COMPLETE)), late).outcome is wanted


def test_one_that_the_suite_closed_was_open_too_long():
    assert verdict("auth.ends-at-expiry", near(ends=(15.0, e.EndKind.COMPLETE))).outcome is Outcome.PASS
    (breach,) = verdict("auth.ends-at-expiry", near(ends=(25.0, e.EndKind.CLOSED))).breaches
    assert (
        breach.expected == "the end within 20 s"
    )  # 4 for the token, 10 of leeway, 5 and a fifth of it for the heartbeat
    assert breach.actual == "still open after 24.0 s"


def resumed(*told, ends=None, **attempt):
    """The stream that was resumed with the same token."""
    return stream(
        *told, scene=SCENE, part="resumed", token=e.TokenKind.NEAR_EXPIRY, at=2.0, conn=2, ends=ends, **attempt
    )


@pytest.mark.parametrize(
    ("resume", "wanted"),
    [
        (resumed(ends=(15.0, e.EndKind.COMPLETE)), Outcome.PASS),
        (resumed(ends=(25.0, e.EndKind.CLOSED)), Outcome.WARN),
        (resumed(ends=(25.0, e.EndKind.CLOSED), status=401), Outcome.PASS),
    ],
    ids=["ended", "left open", "refused"],
)
def test_a_resumed_stream_ends_as_well(resume, wanted):
    assert verdict("auth.ends-at-expiry", near(ends=(15.0, e.EndKind.COMPLETE)), resume).outcome is wanted


def test_a_resumed_stream_is_told_nothing_after_the_end():
    sent = published(9.0, scene=SCENE, part="after-expiry")
    told = resumed((2.0, snapshot()), (9.1, notification(sent.marker)))
    assert verdict("auth.closes-at-expiry", sent, near(), told).outcome is Outcome.FAIL


def test_a_resumed_stream_may_have_little_of_its_token_left():
    late = resumed(ends=(2.1, e.EndKind.COMPLETE))
    assert verdict("auth.near-expiry-kept", near(ends=(15.0, e.EndKind.COMPLETE)), late).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [({}, Outcome.FAIL), ({"part": "before"}, Outcome.PASS), ({"scene": "delivery.live"}, Outcome.PASS)],
    ids=str,
)
def test_an_event_of_after_the_end_is_not_told(changes, wanted):
    sent = published(9.0, **{"scene": SCENE, "part": "after-expiry"} | changes)
    told = ((2.0, snapshot()), (9.1, notification(sent.marker)))
    assert verdict("auth.closes-at-expiry", sent, near(*told)).outcome is wanted


@pytest.mark.parametrize(
    ("behind", "wanted"), [(4.0, Outcome.WARN), (4.999, Outcome.WARN), (5.0, Outcome.UNTESTED), (6.0, Outcome.UNTESTED)]
)
def test_a_token_expired_lately_where_it_did_so_by_the_targets_clock_too(behind, wanted):
    controls = [
        stream(scene=REFUSALS, part=f"control-{part}", conn=conn) for part, conn in (("before", 2), ("after", 3))
    ]
    clock = stream(conn=4, at=behind, scene="preflight", headers=dated(BEGAN))
    late = stream(scene=REFUSALS, part="lately", token=e.TokenKind.LATELY_EXPIRED)
    assert verdict("auth.leeway-200", *controls, clock, late).outcome is wanted


@pytest.mark.parametrize(
    ("at", "status", "wanted"),
    [
        (15.0, 401, Outcome.PASS),
        (15.0, 200, Outcome.FAIL),
        (15.0, 403, Outcome.FAIL),
        (14.9, 200, Outcome.UNTESTED),
        (15.0, 429, Outcome.UNTESTED),
    ],
)
def test_a_client_comes_back_with_401_once_end_and_leeway_are_past(at, status, wanted):
    back = stream(scene=SCENE, part="reconnect", conn=2, at=at, status=status)
    assert verdict("auth.expired-401-reconnect", near(), back).outcome is wanted
