import asyncio

from sse_conform_server.limiter import client_address

from .support import STREAM


async def attempts(client, count, **headers):
    answers = []
    for _ in range(count):
        async with client.http.stream("GET", STREAM, headers=headers) as response:
            answers.append(response)
    return answers


async def test_every_attempt_counts_and_the_limit_ends_within_a_window(start, connect):
    client = await connect(start(limit=4, window=1))
    user = await client.account()
    refused = await attempts(client, 2)
    admitted = await attempts(client, 4, **user.bearer)
    assert [answer.status_code for answer in refused + admitted] == [401, 401, 200, 200, 429, 429]
    limited = admitted[-1]
    assert limited.headers["content-type"] == "application/json"
    assert limited.headers["retry-after"] == "1"
    assert (await user.get("/api/notifications")).status_code == 200
    await asyncio.sleep(int(limited.headers["retry-after"]))
    assert (await attempts(client, 1, **user.bearer))[0].status_code == 200


async def test_the_limit_leaves_open_streams_alone(start, connect):
    client = await connect(start(limit=2, window=60))
    user = await client.account()
    tab = await user.open()
    await tab.snapshot()
    assert [answer.status_code for answer in await attempts(client, 3)] == [401, 429, 429]
    await user.report("still here")
    assert (await tab.notification())["message"] == "still here"


async def test_a_made_up_forwarded_for_does_not_evade_the_limit(start, connect):
    client = await connect(start(limit=1, window=60))
    codes = [(await attempts(client, 1, **{"X-Forwarded-For": f"203.0.113.{n}"}))[0].status_code for n in range(3)]
    assert codes == [401, 429, 429]


async def test_behind_a_trusted_proxy_clients_are_told_apart(start, connect):
    client = await connect(start(limit=1, window=60, trusted_proxies=("127.0.0.0/8",)))
    codes = [(await attempts(client, 1, **{"X-Forwarded-For": f"203.0.113.{n}"}))[0].status_code for n in (1, 2, 1)]
    assert codes == [401, 401, 429]


def scope(peer, *forwarded):
    return {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", f.encode()) for f in forwarded]}


def test_hops_are_read_right_to_left_up_to_the_first_stranger():
    trusted = ("10.0.0.0/8",)
    assert client_address(scope("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2"), trusted) == "203.0.113.9"
    assert client_address(scope("10.0.0.1", "6.6.6.6", "203.0.113.9"), trusted) == "203.0.113.9"
    assert client_address(scope("10.0.0.1"), trusted) == "10.0.0.1"
    assert client_address(scope("203.0.113.9", "6.6.6.6"), trusted) == "203.0.113.9"
    assert client_address(scope("10.0.0.1", "nonsense"), trusted) == "nonsense"
