"""What is delivered is judged by the budget, by other tabs, and by its shape."""

import pytest

from sse_conform import entries as e
from sse_conform.rules import BY_ID
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, disturbed, event, notification, published, snapshot, stream, transcript

LIVE = "delivery.live"
TERMS = Terms(latency=2.0, capabilities=tuple(Capability))
SENT = published(3.0, acked=3.5, scene=LIVE)


def verdict(rule, *lines, sent=SENT):
    return judge(BY_ID[rule], transcript(*lines, sent, completed(LIVE), terms=TERMS))


def tab(*told, conn=1, part="tab-1", ends=None, **attempt):
    return stream((1.0, snapshot()), *told, scene=LIVE, part=part, conn=conn, ends=ends, **attempt)


def heard(at, sent=SENT):
    return at, notification(sent.marker)


@pytest.mark.parametrize(("rule", "due"), [("delivery.in-time", 5.5), ("delivery.in-time-of-sending", 5.0)])
def test_an_event_is_in_time_up_to_the_end_of_the_budget(rule, due):
    assert verdict(rule, tab(heard(due))).outcome is Outcome.PASS
    (late,) = verdict(rule, tab(heard(due + 0.25))).breaches
    assert late.actual == "after 2.250 s"


@pytest.mark.parametrize(("rule", "due"), [("delivery.in-time", 5.5), ("delivery.in-time-of-sending", 5.0)])
def test_lag_explains_it_where_it_was_as_long_as_the_event_was_late(rule, due):
    found = [verdict(rule, tab(heard(due + 0.25)), disturbed(4, 4 + lag)).outcome for lag in (0.2, 0.3)]
    assert found == [Outcome.FAIL if rule == "delivery.in-time" else Outcome.WARN, Outcome.INCONCLUSIVE]


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (tab(heard(3.6), conn=2), Outcome.PASS),
        (tab(conn=2), Outcome.FAIL),
        (tab(conn=2, ends=(4.1, e.EndKind.RESET)), Outcome.FAIL),
        (tab(conn=2, ends=(6.0, e.EndKind.CLOSED)), Outcome.FAIL),
        (tab(conn=2, ends=(4.0, e.EndKind.CLOSED)), Outcome.UNTESTED),
        (tab(conn=2, user="bob"), Outcome.UNTESTED),
    ],
    ids=["both", "deaf", "broken", "closed afterwards", "closed before it was due", "somebody else's"],
)
def test_an_event_is_due_on_every_tab_of_its_user(other, wanted):
    assert verdict("delivery.every-tab", tab(heard(4.2)), other).outcome is wanted


def test_a_finding_names_the_tabs_that_did_not_hear():
    (deaf,) = verdict("delivery.every-tab", tab(heard(4)), tab(conn=2, part="tab-2"), tab(conn=3, part="x")).breaches
    assert deaf.expected == "the event on all 3 streams of alice"
    assert deaf.actual == "not on tab-2 (connection 2), x (connection 3)"


def test_what_reaches_no_tab_at_all_is_for_another_rule():
    assert verdict("delivery.every-tab", tab(), tab(conn=2)).outcome is Outcome.PASS
    of_a_kind = published(3.0, scene=LIVE, part="round")
    lines = (tab(), tab(conn=2))
    assert verdict("delivery.alert", *lines, sent=of_a_kind).findings == 2
    assert verdict("delivery.alert", tab(heard(4, of_a_kind)), tab(conn=2), sent=of_a_kind).outcome is Outcome.PASS


@pytest.mark.parametrize(("copies", "said"), [(2, []), (3, []), (1, ["1 on connection 1"])])
def test_an_event_that_was_caused_twice_with_one_text_comes_twice(copies, said):
    sent = published(3.0, scene=LIVE, part="same-text", times=2)
    found = verdict("delivery.alert", tab(*[heard(4 + n / 10, sent) for n in range(copies)]), sent=sent)
    assert [breach.actual for breach in found.breaches] == said


def test_what_was_sent_beside_a_sleeping_reader_is_not_compared():
    asleep = published(3.0, scene=LIVE, part="after-waking")
    assert verdict("delivery.every-tab", tab(heard(4, asleep)), tab(conn=2), sent=asleep).outcome is Outcome.UNTESTED


@pytest.mark.parametrize("lost", ["id", "type", "message"])
def test_a_notification_has_its_three_keys(lost):
    data = {"id": 1, "type": "alert", "message": "m"}
    assert verdict("delivery.shape", tab((2.0, event("notification", data)))).outcome is Outcome.PASS
    for without in ({key: value for key, value in data.items() if key != lost}, data | {lost: None}):
        (breach,) = verdict("delivery.shape", tab((2.0, event("notification", without)))).breaches
        assert breach.actual == f"without {lost}"


def test_any_other_name_than_notification_falls_on_deaf_ears():
    assert verdict("delivery.event-name", tab(heard(4))).outcome is Outcome.PASS
    wrong = event("alert", {"id": 1, "type": "alert", "message": SENT.marker})
    assert verdict("delivery.event-name", tab((4.0, wrong))).breaches[0].actual == "event: alert"
