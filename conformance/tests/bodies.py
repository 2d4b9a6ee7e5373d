"""Bodies of streams, cut into chunks and decoded, for whoever tests the decoder."""

from itertools import pairwise

from sse_conform.eventstream import Decoder, Frame, decode

BOM = b"\xef\xbb\xbf"


def feed(decoder: Decoder, chunks: list[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


def bytewise(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


def in_chunks(body: bytes, cuts: set[int]) -> list[bytes]:
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(body)), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def dispatched(frames: tuple[Frame, ...]) -> list[tuple[str, str | None, str]]:
    return [(frame.type, frame.data, frame.last_event_id) for frame in frames if frame.dispatches]


def data_of(body: bytes) -> list[str | None]:
    return [frame.data for frame in decode(body).frames]


def only(body: bytes) -> Frame:
    (frame,) = decode(body).frames
    return frame
