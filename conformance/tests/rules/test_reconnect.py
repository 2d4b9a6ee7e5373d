"""Retry is digits, sensible, and near what was promised."""

import pytest

from sse_conform.rules import BY_ID
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, snapshot, stream, transcript


def outcome(rule, said, promised=None, scene="preflight"):
    lines = stream((1.0, said + snapshot()), scene=scene)
    others = (completed("preflight"), completed("idle.stream"))
    return judge(BY_ID[rule], transcript(lines, *others, terms=Terms(retry=promised))).outcome


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("3000", Outcome.PASS),
        ("0", Outcome.PASS),
        ("3s", Outcome.FAIL),
        ("-1", Outcome.FAIL),
        ("1.5", Outcome.FAIL),
        ("\N{ARABIC-INDIC DIGIT THREE}", Outcome.FAIL),
        ("\N{SUPERSCRIPT TWO}", Outcome.FAIL),
        ("", Outcome.FAIL),
    ],
)
def test_anything_but_ascii_digits_is_ignored_by_clients(value, wanted):
    assert outcome("reconnect.retry-digits", f"retry: {value}\n\n".encode()) is wanted


@pytest.mark.parametrize(
    ("value", "promised", "wanted"),
    [
        (499, None, Outcome.WARN),
        (500, None, Outcome.PASS),
        (2000, 4000, Outcome.PASS),
        (1999, 4000, Outcome.WARN),
        (6000, 4000, Outcome.PASS),
        (6001, 4000, Outcome.WARN),
        (90000, None, Outcome.PASS),
    ],
)
def test_it_is_at_least_half_a_second_and_within_half_of_what_was_promised(value, promised, wanted):
    assert outcome("reconnect.retry-value", b"retry: %d\n\n" % value, promised) is wanted


@pytest.mark.parametrize("value", ["3s", "\N{SUPERSCRIPT TWO}"])
def test_what_is_no_number_is_for_another_rule(value):
    assert outcome("reconnect.retry-value", f"retry: {value}\n\n".encode()) is Outcome.PASS


def test_it_is_sent_on_every_connection():
    assert outcome("reconnect.retry-sent", b"retry: 1000\n\n") is Outcome.PASS
    assert outcome("reconnect.retry-sent", b"retries: 1000\n\n") is Outcome.WARN


@pytest.mark.parametrize("rule", ["reconnect.retry-digits", "reconnect.retry-value"])
def test_hostile_texts_may_forge_it(rule):
    assert outcome(rule, b"retry: 1\n\n", scene="framing.hostile-text") is Outcome.UNTESTED
