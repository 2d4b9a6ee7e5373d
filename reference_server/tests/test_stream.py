import asyncio
import socket
from urllib.parse import urlsplit

import pytest

STREAM = "/api/stream/notifications"
HOSTILE = [
    "plain",
    "a\rb\nc\r\nd",
    "\r\revent: notification\rdata: {}\r\r",
    "data: x\n\nevent: snapshot\ndata: {}\n\n",
    "\u2028 \u2029 \x85 \x0b \x0c \x00 \x1f",
    "é 漢 😀 e\u0301 \ufeff",
    '"quoted" \\n \\\\r {"json": 1}',
    "x" * 65_536,
]


async def test_the_head_declares_an_uncacheable_utf8_event_stream(client):
    tab = await (await client.account()).open()
    headers = tab.response.headers
    assert tab.response.status_code == 200
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers


async def test_a_fresh_user_gets_an_empty_snapshot_first(client):
    tab = await (await client.account()).open()
    assert await tab.snapshot() == {"unread": 0, "items": []}
    assert tab.seen[0].retry == 5000


async def test_the_snapshot_lists_the_newest_twenty_newest_first_and_counts_all_unread(client):
    user = await client.account()
    for number in range(23):
        await user.report(f"finding {number}")
    snapshot = await (await user.open()).snapshot()
    assert snapshot["unread"] == 23
    assert [item["message"] for item in snapshot["items"]] == [f"finding {n}" for n in range(22, 2, -1)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_text_arrives_live_as_it_was_sent_and_as_polling_reads_it_back(client, text):
    user = await client.account()
    tab = await user.open()
    await tab.snapshot()
    await user.report(text)
    live = await tab.notification()
    polled = (await user.get("/api/notifications")).json()["items"]
    assert live["message"] == text
    assert polled == [live]
    await user.report("afterwards")
    assert (await tab.next()).json()["message"] == "afterwards"


async def test_all_three_triggers_reach_whom_they_concern(client):
    admin, user, other = (await client.account(role="admin"), await client.account(), await client.account())
    tab, foreign = await user.open(), await other.open()
    await tab.snapshot()
    await foreign.snapshot()
    made = await other.report("leak", assignee=user.id)
    assert (await tab.notification()) | {"created_at": ""} == {
        "id": made["notification_id"], "type": "NEW", "message": "leak", "created_at": "", "read": False,
        "vulnerability_id": made["id"], "details": None,
    }  # fmt: skip
    await other.post(f"/api/vulnerabilities/{made['id']}/assign", {"assignee": user.id})
    assert (await tab.notification())["type"] == "ASSIGNED"
    await admin.post("/api/admin/alerts", {"message": "only you", "user": user.id})
    assert (await tab.notification())["message"] == "only you"
    await admin.post("/api/admin/alerts", {"message": "everybody"})
    assert (await tab.notification())["message"] == "everybody"
    assert (await foreign.notification())["message"] == "everybody"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"title": " "}, {"title": 3}, {"title": "ok", "assignee": "nobody"}, {"title": "ok", "assignee": 1},
        {"title": "ok", "details": [1]},
    ],
    ids=str,
)  # fmt: skip
async def test_a_refused_publish_delivers_nothing(client, body):
    user = await client.account()
    tab = await user.open()
    await tab.snapshot()
    assert (await user.post("/api/vulnerabilities", body)).status_code == 422
    await user.report("barrier")
    assert (await tab.next()).json()["message"] == "barrier"


@pytest.mark.parametrize("raw", ['{"title": "\\ud800"}', '{"title": "x", "details": {"a": NaN}}', '{"title'])
async def test_what_utf8_and_json_cannot_carry_is_refused(client, raw):
    user = await client.account()
    answer = await client.http.post(
        "/api/vulnerabilities", content=raw, headers=user.bearer | {"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


async def test_a_body_beyond_the_bound_is_refused(client):
    user = await client.account()
    assert (await user.post("/api/vulnerabilities", {"title": "x" * 1_100_000})).status_code == 413


async def test_a_ping_with_data_and_without_id_fills_the_silence(start, connect):
    client = await connect(start(heartbeat=0.2))
    tab = await (await client.account()).open()
    await tab.snapshot()
    for _ in range(3):
        ping = await tab.next()
        assert (ping.event, ping.data, ping.id) == ("ping", "{}", "")


async def test_every_tab_gets_every_event_in_order_and_a_closed_one_silences_none(client):
    user = await client.account()
    tabs = [await user.open() for _ in range(3)]
    for tab in tabs:
        await tab.snapshot()
    await tabs[0].response.aclose()
    sent = [(await user.report(f"finding {number}"))["notification_id"] for number in range(30)]
    for tab in tabs[1:]:
        assert [(await tab.notification())["id"] for _ in sent] == sent


async def test_head_ends_at_once_without_a_body(client):
    user = await client.account()
    answer = await client.http.head(STREAM, headers=user.bearer)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await client.http.head(STREAM)).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(client, method):
    answer = await client.http.request(method, STREAM, headers=(await client.account()).bearer)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


async def test_a_bare_request_gets_whole_frames_each_in_one_chunk(service, client):
    user = await client.account()
    await user.report("first")
    url = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer {user.token}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        await reader.readuntil(b"\r\n\r\n")
        size = int(await reader.readline(), 16)
        frame = await reader.readexactly(size)
    writer.close()
    await writer.wait_closed()
    assert frame.startswith(b"retry: 5000\nid: ")
    assert frame.endswith(b"\n\n")
    assert frame.count(b"\n\n") == 1


async def test_replay_resumes_exactly_after_the_last_event_id(client):
    user, other = await client.account(), await client.account()
    sent = [(await user.report(f"finding {number}"))["notification_id"] for number in range(30)]
    await other.report("not yours")
    tab = await user.open(Last_Event_ID=str(sent[4]))
    await tab.snapshot()
    assert tab.seen[0].id == ""
    assert [(await tab.notification())["id"] for _ in sent[5:]] == sent[5:]
    live = await user.report("live")
    assert (await tab.next()).json()["id"] == live["notification_id"]


@pytest.mark.parametrize("odd", ["abc", "-1", "0", "999999999", "9" * 40, "1;drop", "1 2"])
async def test_an_unknown_last_event_id_is_a_clean_resync(client, odd):
    user = await client.account()
    await user.report("first")
    tab = await user.open(Last_Event_ID=odd)
    assert len((await tab.snapshot())["items"]) == 1
    await user.report("second")
    assert (await tab.next()).json()["message"] == "second"


async def test_the_id_of_anothers_event_replays_nothing(client):
    user, other = await client.account(), await client.account()
    foreign = await other.report("theirs")
    await user.report("mine")
    tab = await user.open(Last_Event_ID=str(foreign["notification_id"]))
    await tab.snapshot()
    await user.report("barrier")
    assert (await tab.next()).json()["message"] == "barrier"


async def test_more_than_the_replay_limit_is_left_to_the_snapshot(start, connect):
    client = await connect(start(replay_limit=3))
    user = await client.account()
    sent = [(await user.report(f"finding {number}"))["notification_id"] for number in range(6)]
    tab = await user.open(Last_Event_ID=str(sent[0]))
    await tab.snapshot()
    await user.report("barrier")
    assert (await tab.next()).json()["message"] == "barrier"


async def test_the_stream_ends_cleanly_when_its_token_does(start, connect):
    client = await connect(start(token_ttl=4.0))
    tab = await (await client.account()).open()
    assert await tab.ended()
    assert [event.event for event in tab.seen] == ["snapshot"]


async def test_logout_ends_the_streams_of_this_token_only(client):
    user = await client.account()
    login = await client.http.post("/api/auth/login", json={"username": user.username, "password": "correct horse"})
    client.http.cookies.clear()
    mine, others = await user.open(), await user.open(Authorization=f"Bearer {login.json()['token']}")
    await mine.snapshot()
    await others.snapshot()
    assert (await user.post("/api/auth/logout")).status_code == 204
    assert await mine.ended()
    assert (await user.get("/api/notifications")).status_code == 401
    admin = await client.account(role="admin")
    await admin.post("/api/admin/alerts", {"message": "still here", "user": user.id})
    assert (await others.notification())["message"] == "still here"


async def test_a_stalled_reader_is_cut_and_delays_nobody(start, connect):
    running = start(queue_events=8, queue_bytes=200_000, write_timeout=20.0)
    client = await connect(running)
    user = await client.account()
    url = urlsplit(running.url)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect((url.hostname, url.port))
    stalled.send(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {user.token}\r\n\r\n".encode())
    tab = await user.open()
    await tab.snapshot()
    with stalled:
        published = 0
        while await client.metric("sse_open_connections") > 1:
            await user.report("x" * 65_536)
            assert len((await tab.notification())["message"]) == 65_536
            published += 1
            assert published < 200
    await user.report("afterwards")
    assert (await tab.notification())["message"] == "afterwards"
