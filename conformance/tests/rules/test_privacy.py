"""A planted value shows nowhere: not in events, snapshots, polls, metrics, nor in what stands beside them."""

import json

import pytest

from sse_conform.markers import new_planted
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, exchanged, ns, published, snapshot, stream, transcript

SCENE = "framing.hostile-text"
TERMS = Terms(capabilities=tuple(Capability))
SECRET, OTHER = new_planted(), new_planted()
PLANTED = published(2.0, scene=SCENE, planted=(SECRET, OTHER))


def item(**extra):
    return {"id": 1, "type": "alert", "message": PLANTED.marker} | extra


def verdict(rule, *lines, planted=PLANTED):
    return judge(BY_ID[rule], transcript(planted, *lines, completed(SCENE), terms=TERMS))


def poll(*items, **changes):
    body = json.dumps({"items": items}).encode()
    return exchanged(**{"t": ns(3), "answered": ns(4), "scene": SCENE, "part": "polled", "body": body} | changes)


def live(**extra):
    return stream((1.0, snapshot()), (2.1, event("notification", item(**extra))), scene=SCENE)


def read_back(*items):
    return stream((3.1, snapshot(*items)), at=3.0, scene=SCENE, part="read-back")


PLACES = [
    ("privacy.streams-live", live),
    ("privacy.streams-snapshot", lambda **extra: read_back(item(**extra))),
    ("privacy.polling", lambda **extra: poll(item(**extra))),
    ("privacy.polling", lambda **extra: poll(item(**extra), part="polled-after")),
]


@pytest.mark.parametrize(("rule", "place"), PLACES, ids=["live", "snapshot", "poll", "a later poll"])
@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({}, []),
        ({"password": None, "token": "***"}, []),
        ({"password": SECRET}, ["1 planted values under 'password'"]),
        ({"a": {"pass_word": SECRET, "again": SECRET}, "b": [OTHER]}, ["2 planted values under 'pass_word'"]),
        ({"a": ["x" * 90, SECRET]}, ["1 planted values"]),
        ({"a": f"it is {SECRET}"}, ["1 planted values"]),
    ],
    ids=["none", "masked", "by name", "two", "in a list", "within a text"],
)
def test_a_planted_value_is_found_and_named_by_its_key(rule, place, extra, said):
    assert [breach.actual for breach in verdict(rule, place(**extra)).breaches] == said


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("privacy.streams-live", stream((1.0, snapshot()), (2.1, event("notification", {"p": SECRET})), scene=SCENE)),
        ("privacy.streams-live", stream((2.1, snapshot(item(p=SECRET))), scene=SCENE)),
        ("privacy.streams-snapshot", read_back({"p": SECRET})),
        ("privacy.polling", poll({"p": SECRET})),
        ("privacy.polling", poll(item(p=SECRET), status=500)),
        ("privacy.polling", poll(item(p=SECRET), part="other")),
        ("privacy.polling", poll(item(p=SECRET), scene="polling.pages")),
    ],
    ids=["of another event", "in a snapshot", "of another item", "polled", "failed", "another part", "another scene"],
)
def test_what_does_not_speak_of_it_is_for_other_rules(rule, line):
    assert verdict(rule, line).outcome is Outcome.UNTESTED


HEADED = (("x-debug", SECRET),)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (stream(at=2.5, headers=HEADED), Outcome.FAIL),
        (stream(at=1.5, headers=HEADED), Outcome.PASS),
        (stream(at=2.0, headers=HEADED), Outcome.PASS),
        (stream((2.6, SECRET.encode()), at=2.5, status=401), Outcome.FAIL),
        (stream((2.6, f": {SECRET}\n\n".encode()), at=1.0), Outcome.FAIL),
        (stream((2.6, f": {SECRET}\n".encode() + snapshot()), at=1.0), Outcome.FAIL),
        (stream((2.6, event("ping", {"p": SECRET})), at=1.0), Outcome.FAIL),
        (stream((2.6, event("snapshot", {"p": SECRET})), at=1.0), Outcome.PASS),
        (stream((2.6, event("notification", {"p": SECRET})), at=1.0), Outcome.PASS),
        (poll(headers=HEADED), Outcome.FAIL),
        (poll(headers=HEADED, answered=ns(2)), Outcome.UNTESTED),
        (poll(body=SECRET.encode(), status=500), Outcome.FAIL),
        (poll(body=SECRET.encode(), status=199), Outcome.FAIL),
        (poll(body=SECRET.encode(), status=300), Outcome.FAIL),
        (poll(body=SECRET.encode(), status=200), Outcome.PASS),
        (poll(body=SECRET.encode(), status=299), Outcome.PASS),
    ],
)
def test_heads_refusals_comments_and_heartbeats_are_looked_at_from_the_planting_on(line, wanted):
    assert verdict("privacy.errors", line).outcome is wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Outcome.FAIL),
        ({"body": b"open 1\n"}, Outcome.PASS),
        ({"status": 404}, Outcome.UNTESTED),
        ({"part": "polled"}, Outcome.UNTESTED),
        ({"scene": "metrics.gauge"}, Outcome.UNTESTED),
    ],
    ids=["a label", "none", "failed", "another part", "another scene"],
)
def test_metrics_hold_none(changes, wanted):
    text = f'events{{title="{SECRET}"}} 1\n'.encode()
    assert verdict("privacy.metrics", poll(**{"part": "scraped", "body": text} | changes)).outcome is wanted


@pytest.mark.parametrize(
    "changes",
    [{"planted": ()}, {"accepted": False}, {"scene": "delivery.live"}],
    ids=["nothing", "refused", "elsewhere"],
)
@pytest.mark.parametrize("rule", sorted(rule for rule in BY_ID if rule.startswith("privacy.")))
def test_where_nothing_was_planted_nothing_can_show(rule, changes):
    other = published(2.0, **{"scene": SCENE, "planted": (SECRET,), "marker": PLANTED.marker} | changes)
    lines = (live(p=SECRET), read_back(item(p=SECRET)), poll(item(p=SECRET)), poll(part="scraped", headers=HEADED))
    assert verdict(rule, *lines, planted=other).outcome is Outcome.UNTESTED
