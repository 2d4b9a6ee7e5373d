from hypothesis import given
from hypothesis import strategies as st

from sse_conform.entries import TokenKind
from sse_conform.markers import MARKER, new_marker

from .records import published


def test_a_new_marker_looks_like_a_marker_and_is_new():
    markers = {new_marker() for _ in range(100)}
    assert len(markers) == 100
    assert all(MARKER.fullmatch(marker) for marker in markers)


@given(st.lists(st.builds(new_marker), min_size=1, max_size=5), st.sampled_from(["", "m", "mk", "x", "0f", "mk0"]))
def test_markers_are_found_however_closely_they_stand(markers, between):
    assert MARKER.findall(between.join(["", *markers, ""])) == markers


def test_the_genuine_token_and_its_resigned_twin_alone_are_valid():
    assert {kind for kind in TokenKind if kind.valid} == {TokenKind.GENUINE, TokenKind.RESIGNED}


def test_only_what_needs_the_key_is_minted():
    keyless = {
        TokenKind.GENUINE, TokenKind.MISSING, TokenKind.GARBAGE, TokenKind.WRONG_KEY, TokenKind.EMBEDDED_KEY,
        TokenKind.TAMPERED, TokenKind.CUT_SIGNATURE, TokenKind.ALG_NONE, TokenKind.ALG_NONE_ODD_CASE,
    }  # fmt: skip
    assert {kind for kind in TokenKind if not kind.minted} == keyless


def test_the_text_of_a_publish_may_hold_half_a_pair():
    assert published(octets=b"\xed\xa0\x80 x").text == "\ud800 x"
