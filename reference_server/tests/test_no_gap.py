"""The stress test of "subscribe first, read second", and of the fault that does it the other way round."""

import asyncio

WATCHERS = 60


async def watch(user):
    """The ids of one stream's snapshot, and those that came live after it."""
    tab = await user.open()
    known = [item["id"] for item in (await tab.snapshot())["items"]]
    live = []
    while (notification := await tab.notification())["message"] != "the last one":
        live.append(notification["id"])
    return known, live


async def connect_while_publishing(client):
    """Everything that was published meanwhile, and what each stream was told."""
    user = await client.account()
    sent = []
    done = asyncio.Event()

    async def publish():
        while not done.is_set():
            sent.append((await user.report(f"finding {len(sent)}"))["notification_id"])

    publishers = [asyncio.create_task(publish()) for _ in range(2)]
    watchers = []
    for _ in range(WATCHERS):
        watchers.append(asyncio.create_task(watch(user)))
        await asyncio.sleep(0.005)
    await client.metric_reaches("sse_open_connections", WATCHERS)
    done.set()
    await asyncio.gather(*publishers)
    await user.report("the last one")
    return sorted(sent), await asyncio.gather(*watchers)


async def test_no_event_published_while_clients_connect_is_lost_doubled_or_out_of_order(start, connect):
    client = await connect(start(snapshot_items=1000))
    sent, told = await connect_while_publishing(client)
    assert any(live for _, live in told)
    for known, live in told:
        assert live == sorted(live)
        assert sorted(known + live) == sent


async def test_reading_before_subscribing_loses_events_in_the_same_stress(start, connect):
    client = await connect(start("snapshot-before-subscribe", snapshot_items=1000))
    sent, told = await connect_while_publishing(client)
    assert any(sorted(known + live) != sent for known, live in told)
