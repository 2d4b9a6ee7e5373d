import asyncio
import os
import signal
import sys

import httpx
import pytest

from .support import KEY, client_of

QUICK = ["--port", "0", "--password-memory", "8", "--password-time-cost", "1", "--shutdown-grace", "3"]


class Process:
    """The command as operators start it."""

    @classmethod
    async def start(cls, *arguments):
        self = cls()
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sse_conform_server", *QUICK, *arguments, stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        async with asyncio.timeout(20):
            line = (await self.child.stdout.readline()).decode()
        assert line.startswith("listening on http://127.0.0.1:")
        self.url = line.split()[-1]
        return self

    async def stop(self):
        self.child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await self.child.stdout.read()
            return await self.child.wait()


async def test_sigterm_ends_streams_between_events_and_loses_nothing_accepted(tmp_path):
    database = str(tmp_path / "kept.sqlite3")
    process = await Process.start("--database", database)
    accepted = []
    async with client_of(process.url) as client:
        user = await client.account()
        tab = await user.open()
        await tab.snapshot()

        async def publish():
            try:
                while True:
                    accepted.append((await user.report(f"finding {len(accepted)}"))["notification_id"])
            except httpx.TransportError:
                return

        publishing = asyncio.create_task(publish())
        await tab.notification()
        stopping = asyncio.create_task(process.stop())
        assert await tab.ended()
        assert await stopping == 0
        await publishing
    again = await Process.start("--database", database)
    async with httpx.AsyncClient(base_url=again.url) as http:
        credentials = {"username": user.username, "password": "correct horse"}
        token = (await http.post("/api/auth/login", json=credentials)).json()["token"]
        bearer, cursor, kept = {"Authorization": f"Bearer {token}"}, 0, []
        while page := (await http.get(f"/api/notifications?after={cursor}&limit=100", headers=bearer)).json()["items"]:
            kept += [item["id"] for item in page]
            cursor = kept[-1]
    assert await again.stop() == 0
    assert set(accepted) <= set(kept)


async def test_a_process_that_a_fault_ends_is_back_at_the_same_address_with_the_same_data(tmp_path, monkeypatch):
    monkeypatch.setenv("SSE_CONFORM_SERVER_JWT_KEY", KEY)
    process = await Process.start("--database", str(tmp_path / "kept.sqlite3"), "--fault", "death-by-large-text")
    async with client_of(process.url) as client:
        user = await client.account()
        tab = await user.open()
        await tab.snapshot()
        with pytest.raises(httpx.TransportError):
            await user.report("x" * 40_000)
        assert not await tab.ended()
        async with asyncio.timeout(20):
            assert await process.child.stdout.readline() == f"listening on {process.url}\n".encode()
        await user.report("back again")
        assert (await user.get("/api/notifications")).json()["items"][0]["message"].endswith("back again")
    assert await process.stop() == 0


async def test_the_demo_has_users_with_notifications_and_a_memory_database_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = await Process.start("--database", "memory", "--demo")
    assert list(tmp_path.iterdir())
    async with client_of(process.url) as client:
        login = await client.http.post("/api/auth/login", json={"username": "alice", "password": "demo"})
        headers = {"Authorization": f"Bearer {login.json()['token']}"}
        page = (await client.http.get("/api/notifications", headers=headers)).json()
    assert page["unread"] > 0
    assert "password" not in str(page)
    assert await process.stop() == 0
    assert not list(tmp_path.iterdir())


async def test_metrics_follow_real_connections_and_count_deliveries(start, connect):
    client = await connect(start(heartbeat=0.1))
    user = await client.account()
    tabs = [await user.open() for _ in range(3)]
    for tab in tabs:
        await tab.snapshot()
    await client.http.get("/api/stream/notifications")
    assert await client.metric("sse_open_connections") == 3
    await user.report("one")
    for tab in tabs:
        await tab.notification()
        await tab.until(lambda event: event.event == "ping")
    assert await client.metric("sse_events_sent_total") == 3
    for tab in tabs:
        await tab.response.aclose()
    await client.metric_reaches("sse_open_connections", 0)
    assert await client.metric("sse_stream_duration_seconds_count") == 3
    assert await client.metric("sse_stream_duration_seconds_sum") > 0


async def test_only_listed_origins_may_read_across_sites(start, connect):
    client = await connect(start(cors_origins=("https://app.example",)))
    user = await client.account()
    path = "/api/notifications"
    allowed = await client.http.get(path, headers=user.bearer | {"Origin": "https://app.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example", "https://app.example.evil", "null", "http://app.example"):
        refused = await client.http.get(path, headers=user.bearer | {"Origin": origin})
        assert "access-control-allow-origin" not in refused.headers
        assert "Origin" in refused.headers["vary"]
    preflight = await client.http.options(
        "/api/stream/notifications",
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, last-event-id, cache-control",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/metrics"])
async def test_operators_pages_answer(client, path):
    assert (await client.http.get(path)).status_code == 200


async def test_the_stream_is_in_the_api_description(client):
    description = (await client.http.get("/openapi.json")).json()
    assert (
        "text/event-stream" in description["paths"]["/api/stream/notifications"]["get"]["responses"]["200"]["content"]
    )


async def test_a_slash_too_many_is_no_redirect(client):
    user = await client.account()
    assert (await client.http.get("/api/stream/notifications/", headers=user.bearer)).status_code == 404
