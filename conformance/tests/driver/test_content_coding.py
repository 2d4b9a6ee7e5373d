import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_conform.driver import content_coding
from sse_conform.driver.content_coding import ContentDecoder

WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15, "GZIP": 31, " deflate ": 15}


def flushed(*texts: bytes, window: int = 31) -> list[bytes]:
    """Compressed piece by piece, each flushed so that a reader can have it at once."""
    deflater = zlib.compressobj(wbits=window)
    return [deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH) for text in texts]


@pytest.mark.parametrize(("coding", "window"), WINDOWS.items())
def test_what_was_flushed_can_be_read_at_once(coding, window):
    decoder = ContentDecoder(coding)
    assert [decoder.feed(piece) for piece in flushed(b"one", b"", b"two", window=window)] == [b"one", b"", b"two"]


def test_what_the_compressor_holds_back_comes_when_it_is_released():
    deflater, decoder = zlib.compressobj(wbits=31), ContentDecoder("gzip")
    assert decoder.feed(deflater.compress(b"held")) == b""
    assert decoder.feed(deflater.compress(b" back") + deflater.flush(zlib.Z_SYNC_FLUSH)) == b"held back"


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_however_it_is_cut_the_plain_body_is_the_same(body, cuts):
    coded, decoder = gzip.compress(body), ContentDecoder("gzip")
    places = [0, *sorted(min(cut, len(coded)) for cut in cuts), len(coded)]
    plain = [decoder.feed(coded[since:until]) for since, until in pairwise(places)]
    assert b"".join(plain) == body


@pytest.mark.parametrize("coding", ["", "identity", "br", "zstd", "gzip, br"])
def test_a_coding_that_it_does_not_know_is_passed_on(coding):
    decoder = ContentDecoder(coding)
    assert (decoder.feed(b"\x1f\x8b?"), decoder.feed(b"more")) == (b"\x1f\x8b?", b"more")


def test_a_body_that_only_claims_to_be_coded_is_passed_on():
    decoder = ContentDecoder("gzip")
    assert (decoder.feed(b"data: x\n\n"), decoder.feed(b"data: y\n\n")) == (b"data: x\n\n", b"data: y\n\n")


def test_a_bomb_exhausts_it_and_fills_no_memory(monkeypatch):
    monkeypatch.setattr(content_coding, "MOST_AT_ONCE", 1000)
    decoder = ContentDecoder("gzip")
    assert decoder.feed(gzip.compress(b"x" * 1_000_000)) == b"x" * 1000
    assert decoder.exhausted
    assert decoder.feed(b"more") == b""


def test_much_in_many_pieces_does_not_exhaust_it(monkeypatch):
    monkeypatch.setattr(content_coding, "MOST_AT_ONCE", 1000)
    decoder = ContentDecoder("gzip")
    assert sum(len(decoder.feed(piece)) for piece in flushed(*[b"y" * 900] * 10)) == 9000
    assert not decoder.exhausted
