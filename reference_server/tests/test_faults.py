"""Each fault is there, and the subtle ones do what they say; that the judge catches each is the selftest's business."""

import asyncio
import re
import time
from dataclasses import fields

import jwt
import pytest

from sse_conform_server.app import make_parts
from sse_conform_server.faults.catalogue import AREAS, FAULTS, find

from .support import KEY, STREAM, make_settings


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_a_name_a_sentence_and_changes_a_part(name):
    fault = find(name)
    parts = make_parts(make_settings())
    changed = fault.apply(parts)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert fault.summary.endswith(".")
    assert [f.name for f in fields(parts) if getattr(parts, f.name) is not getattr(changed, f.name)]


def test_names_are_unique_over_all_areas():
    assert sum(len(area.FAULTS) for area in AREAS) == len(FAULTS)


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(LookupError, match="did you mean `no-ping`"):
        find("no-pings")


async def codes(client, count, **headers):
    found = []
    for _ in range(count):
        async with client.http.stream("GET", STREAM, headers=headers) as response:
            found.append(response.status_code)
    return found


@pytest.mark.parametrize(
    ("fault", "changes", "algorithm"),
    [
        ("accept-wrong-key", {"key": "another key of at least 32 bytes!!"}, "HS256"),
        ("accept-expired", {"exp": 1}, "HS256"),
        ("accept-none-alg", {}, "none"),
        ("accept-any-hmac", {"key": KEY * 2}, "HS512"),
        ("accept-no-subject", {"sub": None}, "HS256"),
        ("accept-no-expiry", {"exp": None}, "HS256"),
        ("accept-not-yet-valid", {"nbf": 9_999_999_999}, "HS256"),
        ("accept-garbage", {"text": "garbage"}, "HS256"),
        ("accept-no-token", {"text": None}, "HS256"),
    ],
)
async def test_an_accepting_fault_lets_in_just_its_own_kind(start, connect, fault, changes, algorithm):
    client = await connect(start(fault, jwt_key=KEY * 2 if algorithm == "HS512" else KEY))
    user = await client.account()
    claims = {"sub": user.id, "exp": int(time.time()) + 60} | changes
    key, text = claims.pop("key", KEY), claims.pop("text", "")
    claims = {name: value for name, value in claims.items() if value is not None}
    bad = jwt.encode(claims, None if algorithm == "none" else key, algorithm=algorithm) if text == "" else text
    headers = {} if bad is None else {"Authorization": f"Bearer {bad}"}
    assert await codes(client, 1, **headers) == [200]
    assert await codes(client, 1, **user.bearer) == [200]
    if fault != "accept-garbage":
        assert await codes(client, 1, Authorization="Bearer garbage") == [401]


async def test_a_forwarded_address_is_believed(start, connect):
    client = await connect(start("believes-forwarded-for", limit=1))
    found = [(await codes(client, 1, **{"X-Forwarded-For": f"203.0.113.{n}"}))[0] for n in range(3)]
    assert found == [401, 401, 401]


async def test_only_good_or_only_bad_attempts_are_counted(start, connect):
    for fault, bad, good in (
        ("limit-counts-admitted-only", [401, 401, 401], [200, 429]),
        ("limit-counts-refused-only", [401, 429, 429], [200, 200]),
    ):
        client = await connect(start(fault, limit=1))
        user = await client.account()
        assert await codes(client, 3) == bad
        assert await codes(client, 2, **user.bearer) == good


async def test_a_ban_outlasts_the_window(start, connect):
    client = await connect(start("limit-forever", limit=1, window=1))
    assert await codes(client, 2) == [401, 429]
    await asyncio.sleep(1.1)
    assert await codes(client, 1) == [429]


async def test_rest_is_blocked_once_the_limit_is_reached(start, connect):
    client = await connect(start("limit-blocks-rest", limit=1))
    user = await client.account()
    assert await codes(client, 2, **user.bearer) == [200, 429]
    assert (await user.get("/api/notifications")).status_code == 429


async def test_open_streams_are_cut_once_the_limit_is_reached(start, connect):
    client = await connect(start("limit-cuts-open-streams", limit=1))
    tab = await (await client.account()).open()
    assert await codes(client, 1) == [429]
    assert not await tab.ended()  # the body breaks off


async def test_429_is_declared_a_stream(start, connect):
    client = await connect(start("limit-429-as-stream", limit=1))
    await codes(client, 1)
    answer = await client.http.get(STREAM)
    assert (answer.status_code, answer.headers["content-type"]) == (429, "text/event-stream")
    assert answer.text.startswith("event: error")


async def test_logout_leaves_token_or_stream_alone(start, connect):
    for fault, after in (("logout-keeps-token", 200), ("logout-keeps-stream", 401)):
        client = await connect(start(fault, heartbeat=0.1))
        user = await client.account()
        tab = await user.open()
        await user.post("/api/auth/logout")
        assert (await user.get("/api/notifications")).status_code == after
        if fault == "logout-keeps-stream":
            await tab.until(lambda event: event.event == "ping")


async def test_a_cookie_alone_is_believed_and_a_header_is_not(start, connect):
    client = await connect(start("cookie-unverified"))
    user = await client.account()
    claims = {"sub": user.id, "exp": int(time.time()) + 60}
    bad = jwt.encode(claims, "another key of at least 32 bytes!!", algorithm="HS256")
    assert await codes(client, 1, Cookie=f"session={bad}") == [200]
    assert await codes(client, 1, Authorization=f"Bearer {bad}") == [401]


async def test_the_nth_connection_gets_n_copies(start, connect):
    client = await connect(start("stacked-listeners"))
    user = await client.account()
    first, second = await user.open(), await user.open()
    await first.snapshot()
    await second.snapshot()
    sent = [(await user.report(text))["notification_id"] for text in "ab"]
    assert [(await first.notification())["id"] for _ in range(2)] == sent
    assert [(await second.notification())["id"] for _ in range(4)] == [sent[0]] * 2 + [sent[1]] * 2


async def test_shutdown_cuts_streams_without_their_last_chunk(start, connect):
    running = start("shutdown-cut")
    client = await connect(running)
    tab = await (await client.account()).open()
    await tab.snapshot()
    running.stop()
    assert not await tab.ended()
