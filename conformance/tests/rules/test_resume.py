"""What happened during an outage is known after it; ids that nobody gave do no harm."""

import json

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, event, exchanged, notification, ns, published, snapshot, stream, transcript

DROPS, OVERFLOW, MALFORMED = "reconnect.drops", "snapshot.overflow", "reconnect.malformed-ids"
TERMS = Terms(snapshot_items=2, capabilities=tuple(Capability))


def item(sent):
    return {"id": sent.number, "type": "alert", "message": sent.marker}


def verdict(rule, *lines):
    done = map(completed, (DROPS, OVERFLOW, MALFORMED))
    return judge(BY_ID[rule], transcript(*lines, *done, terms=TERMS))


MISSED = published(2.0, number=1, scene=DROPS, part="missed-rst")


def back(*pieces, how="rst"):
    return stream(*pieces, at=5.0, scene=DROPS, part=f"after-{how}")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (back((5.1, snapshot(item(MISSED)))), Outcome.PASS),
        (back((5.1, snapshot()), (5.2, notification(MISSED.marker))), Outcome.PASS),
        (back((5.1, snapshot())), Outcome.FAIL),
        (back(), Outcome.UNTESTED),
        (back((5.1, event("snapshot", {"items": None}))), Outcome.UNTESTED),
        (back((5.1, snapshot()), how="fin"), Outcome.UNTESTED),
        (back((5.1, snapshot()), how="other"), Outcome.UNTESTED),
    ],
    ids=["listed", "replayed", "neither", "no snapshot", "no list", "after another drop", "after none"],
)
def test_what_was_missed_shows_after_the_drop(line, wanted):
    assert verdict("reconnect.nothing-missed", MISSED, line).outcome is wanted


@pytest.mark.parametrize(
    ("newer_at", "wanted"), [(2.5, Outcome.UNTESTED), (1.9, Outcome.FAIL)], ids=["pushed out", "not pushed out"]
)
def test_what_newer_ones_pushed_out_of_a_full_list_is_not_missed(newer_at, wanted):
    newer = [published(newer_at + n, number=5 + n, scene=DROPS) for n in (0, 1)]
    full = back((5.1, snapshot(*map(item, newer))))
    assert verdict("reconnect.nothing-missed", MISSED, *newer, full).outcome is wanted
    replayed = back((5.1, snapshot(*map(item, newer))), (5.2, notification(MISSED.marker)))
    assert verdict("reconnect.nothing-missed", MISSED, *newer, replayed).outcome is Outcome.PASS


def test_a_refused_publish_cannot_be_missed():
    refused = published(2.0, number=1, scene=DROPS, part="missed-rst", accepted=False)
    assert verdict("reconnect.nothing-missed", refused, back((5.1, snapshot()))).outcome is Outcome.UNTESTED


LONG_AGO = published(2.0, number=1, scene=OVERFLOW, part="missed")


def poll(*sent, scene=OVERFLOW):
    body = json.dumps({"items": list(map(item, sent))}).encode()
    return exchanged(t=ns(6), answered=ns(7), scene=scene, part="missed", body=body)


@pytest.mark.parametrize(
    ("pieces", "more", "wanted"),
    [
        ([(5.1, snapshot(item(LONG_AGO)))], [], Outcome.PASS),
        ([(5.1, snapshot()), (5.2, notification(LONG_AGO.marker))], [], Outcome.PASS),
        ([(5.1, snapshot())], [poll(LONG_AGO)], Outcome.PASS),
        ([(5.1, snapshot())], [poll()], Outcome.FAIL),
        ([(5.1, snapshot())], [poll(LONG_AGO, scene=DROPS)], Outcome.FAIL),
        ([], [], Outcome.FAIL),
    ],
    ids=["listed", "replayed", "on a page", "nowhere", "on a page of another scene", "no snapshot either"],
)
def test_what_a_list_cannot_hold_is_learnt_otherwise(pieces, more, wanted):
    after = stream(*pieces, at=5.0, scene=OVERFLOW, part="after")
    assert verdict("reconnect.beyond-list", LONG_AGO, after, *more).outcome is wanted


@pytest.mark.parametrize("changes", [{"accepted": False}, {"part": "other"}, {"scene": DROPS}], ids=str)
def test_only_what_was_accepted_during_the_absence_is_owed(changes):
    other = published(2.0, **{"scene": OVERFLOW, "part": "missed"} | changes)
    after = stream((5.1, snapshot()), at=5.0, scene=OVERFLOW, part="after")
    assert verdict("reconnect.beyond-list", other, after).outcome is Outcome.UNTESTED


BARRIER = published(6.0, scene=MALFORMED, part="barrier-nul")
ORDINARY = stream((0.2, snapshot()), scene="preflight", part="control", conn=50)


def resumed(*pieces, **fields):
    return stream(*pieces, at=5.0, scene=MALFORMED, part="nul", **fields)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (resumed((5.1, snapshot()), (6.1, notification(BARRIER.marker))), []),
        (resumed((5.1, snapshot())), ["nul: none came after the snapshot"]),
        (resumed((5.1, snapshot()), (6.1, event("ping", {}))), ["nul: none came after the snapshot"]),
        (resumed((6.1, notification(BARRIER.marker))), ["nul: none came"]),
        (resumed(status=400), ["nul: 400"]),
        (resumed(status=None, ends=(5.5, e.EndKind.RESET)), ["nul: it ended"]),
        (resumed(status=None), ["nul: no answer"]),
    ],
    ids=["a clean start", "deaf", "pings alone", "no snapshot", "refused", "reset", "nothing"],
)
def test_an_unknown_id_gives_a_clean_start(line, said):
    assert [breach.actual for breach in verdict("reconnect.unknown-id", ORDINARY, BARRIER, line).breaches] == said


def test_live_events_are_due_only_where_one_was_published():
    refused = published(6.0, scene=MALFORMED, part="barrier-nul", accepted=False)
    assert verdict("reconnect.unknown-id", ORDINARY, resumed((5.1, snapshot()))).outcome is Outcome.PASS
    assert verdict("reconnect.unknown-id", ORDINARY, refused, resumed((5.1, snapshot()))).outcome is Outcome.PASS


def test_neither_the_limiter_nor_a_target_that_greets_nobody_says_anything_of_ids():
    assert verdict("reconnect.unknown-id", ORDINARY, resumed(status=429)).outcome is Outcome.UNTESTED
    assert verdict("reconnect.unknown-id", resumed(status=500)).outcome is Outcome.UNTESTED
