"""Whether a text arrived as it was sent, where no REST says what the service made of it."""

import pytest

from sse_conform.markers import new_marker
from sse_conform.rules.framing_text import text_is_intact
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, notification, published, snapshot, stream, transcript

SCENE = "framing.hostile-text"
TERMS = Terms(capabilities=(Capability.TRIGGERS, Capability.MARKERS))


def judged(*, sent, came):
    """The verdict on a text of which a stream had this; {} is the marker in both."""
    marker = new_marker()
    octets = sent.format(marker).encode("utf-8", "surrogatepass")
    heard = notification(came.format(marker))
    recorded = transcript(
        published(1.0, scene=SCENE, part="odd", marker=marker, octets=octets),
        stream((0.1, snapshot()), (1.1, heard), scene=SCENE, part="reader"),
        completed(SCENE),
        terms=TERMS,
        scenes=(SCENE,),
    )
    return judge(text_is_intact, recorded).outcome


@pytest.mark.parametrize("instead", ["\ufffd", "?", "", "\ufffd\ufffd\ufffd"])
def test_whatever_stands_for_half_a_surrogate_pair_is_right(instead):
    assert judged(sent="{} a\ud800b end", came="{} a" + instead + "b end") is Outcome.PASS


@pytest.mark.parametrize("came", ["{} a", "{} b end", "{} b end a", "{} a\ufffdb"])
def test_what_stands_around_it_must_arrive_in_order(came):
    assert judged(sent="{} a\ud800b end", came=came) is Outcome.FAIL


def test_a_replaced_character_that_is_whole_is_a_loss():
    assert judged(sent="{} caf\u00e9", came="{} caf\ufffd") is Outcome.FAIL
