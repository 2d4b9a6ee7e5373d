"""Compare the suite's decoder with httpx-sse's on the same bytes; exit 1 when ours is slower on any stream.

Run from the repository's root: `PYTHONPATH=conformance python reports/benchmarks/decoder.py`. Both sides start from
bytes and end at interpreted events; httpx-sse's side decodes text as httpx does, by the incremental UTF-8 decoder. Our
`Frame.fields`, which httpx-sse has no counterpart of, are read on demand only and so are not part of the comparison.

Rounds alternate between the two, and the quickest round of each counts, so that other work on the machine disturbs the
ratio little; a stream on which ours looks slower is measured again and counts as slower after the third time.
"""

import codecs
import json
import sys
import time
from collections.abc import Callable
from itertools import product

from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from sse_conform.eventstream import Decoder

EVENTS = 500
ROUNDS = 40
ATTEMPTS = 3
LARGE_CHUNK = 65536
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
MESSAGE_BYTES = (100, 500, 2000)


def ours(chunks: list[bytes]) -> int:
    decoder = Decoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks)


def theirs(chunks: list[bytes]) -> int:
    to_text = codecs.getincrementaldecoder("utf-8")(errors="replace")
    line_decoder, decoder = SSELineDecoder(), SSEDecoder()
    count = 0
    for chunk in chunks:
        for line in line_decoder.decode(to_text.decode(chunk)):
            if decoder.decode(line.rstrip("\n")) is not None:
                count += 1
    return count


def notification(message_bytes: int, line_end: str) -> bytes:
    data = json.dumps({"id": "1700000000-17", "type": "alert", "message": "x" * message_bytes})
    return line_end.join(["id: 1700000000-17", "event: notification", f"data: {data}", "", ""]).encode()


def one_by_one(event: bytes) -> list[bytes]:
    return [event] * EVENTS


def large(event: bytes) -> list[bytes]:
    body = event * EVENTS
    return [body[at : at + LARGE_CHUNK] for at in range(0, len(body), LARGE_CHUNK)]


def seconds(decode: Callable[[list[bytes]], int], chunks: list[bytes]) -> float:
    started = time.perf_counter()
    count = decode(chunks)
    elapsed = time.perf_counter() - started
    if count != EVENTS:
        sys.exit(f"{decode.__name__} found {count} events instead of {EVENTS}: the comparison is void")
    return elapsed


def measure(chunks: list[bytes]) -> tuple[float, float]:
    rounds = [(seconds(ours, chunks), seconds(theirs, chunks)) for _ in range(ROUNDS)]
    return min(our for our, _ in rounds), min(their for _, their in rounds)


def faster(chunks: list[bytes], label: str) -> bool:
    for _ in range(ATTEMPTS):
        our, their = measure(chunks)
        print(f"{label}  {our / EVENTS * 1e6:6.2f} us  {their / EVENTS * 1e6:6.2f} us  {their / our:5.2f}")
        if our <= their:
            return True
    return False


def main() -> int:
    print(f"{'stream':34}  {'ours':>9}  {'httpx-sse':>9}  ratio")
    slower = []
    for (name, line_end), size, cut in product(LINE_ENDS.items(), MESSAGE_BYTES, (one_by_one, large)):
        label = f"{name:4} {size:5} B  {cut.__name__.replace('_', ' ') + ' chunks':20}"
        if not faster(cut(notification(size, line_end)), f"{label:34}"):
            slower.append(label)
    print("slower than httpx-sse: " + "; ".join(slower) if slower else "never slower than httpx-sse")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
