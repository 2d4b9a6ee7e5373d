"""Markers are found in any text, as the expression that defines them finds them."""

from hypothesis import given
from hypothesis import strategies as st

from sse_conform.markers import MARKER, markers_in, new_marker

MARKED = "mk0123456789abcdefx"
PIECES = st.one_of(st.sampled_from(["m", "k", "mk", "mkmk", "x", "0123456789abcdef", MARKED]), st.text(max_size=3))


def test_those_of_a_text_are_found_in_order():
    one, two = new_marker(), new_marker()
    assert markers_in(f"a{one}mk{two}{one}") == [one, two, one]
    assert markers_in("mk") == markers_in("") == []


@given(st.lists(PIECES, max_size=12).map("".join))
def test_they_are_what_the_expression_finds(text):
    assert markers_in(text) == MARKER.findall(text)
