"""Each oddity is there, changes something, and is what it says; that no rule fails on it is the selftest's business."""

import re
import socket
from dataclasses import fields
from urllib.parse import urlsplit

import pytest

from sse_conform_server.app import make_parts
from sse_conform_server.faults.catalogue import find as find_fault
from sse_conform_server.oddities.catalogue import AREAS, ODDITIES, find
from sse_conform_server.oddities.traps import Trap
from sse_conform_server.server import background
from sse_conform_server.settings import Settings

from .support import STREAM, client_of, make_settings


@pytest.mark.parametrize("name", ODDITIES)
def test_an_oddity_has_a_name_a_sentence_and_changes_a_part(name):
    oddity = find(name)
    parts = make_parts(make_settings())
    changed = oddity.apply(parts)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert oddity.summary.endswith(".")
    assert [f.name for f in fields(parts) if getattr(parts, f.name) is not getattr(changed, f.name)]


def test_names_are_unique_over_all_areas():
    assert sum(len(area.ODDITIES) for area in AREAS) == len(ODDITIES)


def test_traps_are_numbered_without_a_gap():
    assert [trap.number for trap in Trap] == list(range(1, len(Trap) + 1))


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(LookupError, match="did you mean `mixed-ends`"):
        find("mixed-end")


def test_what_a_profile_has_to_say_follows_from_the_settings():
    assert find("rotated-streams").promises(Settings(heartbeat=2.0)) == {"numbers.max_stream_age": 6.0}


#: httpx-sse compares the media type with its case, which has none (RFC 9110, 8.3.1).
UNREADABLE = {"capital-media-type"}


@pytest.mark.parametrize("name", [name for name in ODDITIES if name not in UNREADABLE])
async def test_a_client_that_keeps_to_the_standards_is_served(name):
    """httpx with httpx-sse stands for all of them."""
    with background(make_settings(heartbeat=1.0), [find(name)]) as running:
        async with client_of(running.url) as client:
            user = await client.account()
            tab = await user.open(Accept="text/event-stream", Accept_Encoding="identity")
            assert tab.response.status_code == 200
            await tab.until(lambda event: event.event == "snapshot")
            await user.post("/api/vulnerabilities", {"title": "told", "assignee": user.id})
            assert (await tab.notification())["message"] == "told"


async def test_an_oddity_and_a_fault_go_together():
    with background(
        make_settings(), [find("crlf-ends"), find("gathered-writes"), find_fault("gzip-always")]
    ) as running:
        async with client_of(running.url) as client:
            tab = await (await client.account()).open()
            assert tab.response.headers["content-encoding"] == "gzip"
            await tab.snapshot()


def raw_head(url: str) -> bytes:
    """The first bytes that a refused request is answered with, and all after it until the connection ends."""
    host, port = urlsplit(url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    return received


def test_a_head_may_lack_reason_and_date():
    with background(make_settings(), [find("no-reason")]) as running:
        head = raw_head(running.url).partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 401 \r\n")
    assert b"\ndate:" not in head
