"""Real targets, in this process and beside it: what is found out about them, and what it costs them."""

import asyncio
import json
import ssl
import tomllib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sse_conform.commands.init import page_of
from sse_conform.discovery.client import LIMIT, SILENCES
from sse_conform.discovery.draft import Draft
from sse_conform.discovery.entry import Person
from sse_conform.discovery.explore import Given, explore, unasked
from sse_conform.discovery.routes import STREAM_ATTEMPTS
from sse_conform.doctor.examination import examine
from sse_conform.embedded import Embedded
from sse_conform.errors import TargetError, UsageError
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.run_events import RunEvent

from ..tiny_target import KEY, Handler, Reply, Request, TinyTarget, tiny_target

SECRETS = {"JWT_SECRET": KEY, "ALICE_PASSWORD": "a", "BOB_PASSWORD": "b"}


@pytest.fixture
async def target() -> AsyncIterator[TinyTarget]:
    """One whose stream is at a usual place, and which says what a request lacks."""
    async with tiny_target() as running:
        running.routes["GET /events"] = running.routes.pop("GET /stream")
        for route in ("POST /signup", "POST /login"):
            running.routes[route] = wary(running.routes[route])
        yield running


def wary(handler: Handler) -> Handler:
    async def checked(request: Request, writer: asyncio.StreamWriter) -> Reply | None:
        form = not request.headers.get("content-type", "").startswith("application/json")
        missing = {"username", "password"} - (set() if form else request.document.keys())
        if form or missing:
            return Reply(400, {"error": f"{' and '.join(sorted(missing))} must be given as JSON"})
        return await handler(request, writer)

    return checked


async def draft_of(target: TinyTarget, **given: Any) -> Draft:
    return await asyncio.to_thread(explore, Given(url=target.url, **given))


def loaded(folder: Path, draft: Draft, **environ: str) -> LoadedProfile:
    file = folder / "conform.toml"
    file.write_text(page_of(draft))
    return load_profile(file=file, overrides={}, environ={**SECRETS, **environ})


def alice(target: TinyTarget) -> Person:
    return Person(username="alice", password=target.passwords["alice"], reference="env:ALICE_PASSWORD")


def sessions(target: TinyTarget, reply: Any, *, form: bool = False) -> None:
    """A login at /session that answers as told with a token."""

    async def log_in(request: Request, _writer: asyncio.StreamWriter) -> Reply:
        if form is request.headers.get("content-type", "").startswith("application/json"):
            return Reply(415, {"error": "another media type, please"})
        token = jwt.encode({"sub": "id-of-alice", "uid": 7}, KEY, algorithm="HS256")
        if b"password-of-alice" not in request.body or b"email" not in request.body:
            return Reply(400, {"error": "email and password are missing"})
        return reply(token)

    target.routes.pop("POST /login", None)
    target.routes["POST /session"] = log_in


async def test_an_unknown_service_is_found_out_from_nothing_but_its_address(target: TinyTarget, tmp_path: Path) -> None:
    draft = await draft_of(target)
    profile = loaded(tmp_path, draft).profile
    assert profile.users.signup is not None
    assert (profile.users.signup.path, profile.users.signup.id) == ("/signup", "/id")
    assert profile.auth.login is not None
    assert (profile.auth.login.path, profile.auth.token, profile.auth.subject_claim) == ("/login", "/token", "sub")
    assert profile.auth.algorithms == ("HS256",)
    assert profile.paths.stream == "/events"
    assert len(target.seen("GET /events")) == draft.routes.attempts == 1


async def test_the_requests_are_counted_and_the_new_account_is_named(target: TinyTarget) -> None:
    draft = await draft_of(target)
    made = [request.document["username"] for request in target.seen("POST /signup") if request.body != b"{}"]
    assert draft.asked == len(target.requests) <= LIMIT
    text = page_of(draft)
    assert f"# Written after {draft.asked} requests to the target, 1 of them attempts on the stream route." in text
    assert f"# - one account was made by POST /signup: {made[0]}" in text
    assert len(made) == 1


async def test_no_account_is_made_where_that_is_forbidden(target: TinyTarget) -> None:
    draft = await draft_of(target, may_sign_up=False, person=alice(target))
    assert target.seen("POST /signup") == []
    assert draft.entry.token
    assert 'username = "alice"\npassword = "env:ALICE_PASSWORD"' in page_of(draft)


async def test_no_secret_is_written(target: TinyTarget) -> None:
    text = page_of(await draft_of(target, person=alice(target)))
    assert target.passwords["alice"] not in text
    assert KEY not in text
    assert "eyJ" not in text


async def test_a_token_that_comes_in_a_cookie_travels_as_one(target: TinyTarget, tmp_path: Path) -> None:
    sessions(target, lambda token: Reply(204, headers={"Set-Cookie": f"token={token}; HttpOnly"}, body=b""), form=True)
    auth = loaded(tmp_path, await draft_of(target, person=alice(target), may_sign_up=False)).profile.auth
    assert (auth.carrier, auth.name) == ("cookie", "token")
    assert auth.login is not None
    assert auth.login.form == {"email": "{username}@example.test", "password": "{password}"}


async def test_a_form_is_tried_where_the_refusal_of_json_names_its_very_fields(target: TinyTarget) -> None:
    log_in = target.routes["POST /login"]

    async def by_form(request: Request, writer: asyncio.StreamWriter) -> Reply | None:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return Reply(401, {"error": "unknown username or wrong password"})
        fields = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        headers = {"content-type": "application/json"}
        return await log_in(replace(request, body=json.dumps(fields).encode(), headers=headers), writer)

    target.routes["POST /login"] = by_form
    draft = await draft_of(target, person=alice(target), may_sign_up=False)
    assert draft.entry.login is not None
    assert draft.entry.login.value["form"] == {"username": "{username}", "password": "{password}"}
    assert draft.entry.token
    assert len(target.seen("POST /login")) <= 4


async def test_of_a_key_pair_the_private_key_is_asked_for(target: TinyTarget) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    target.takes_over("POST /login", Reply(200, {"token": jwt.encode({"sub": "alice"}, key, algorithm="ES256")}))
    text = page_of(await draft_of(target, person=alice(target), may_sign_up=False))
    assert '#key = "file:signing-key.pem"  # the private key that signs ES256, where you have it' in text
    given = page_of(await draft_of(target, person=alice(target), may_sign_up=False, key_reference="file:mine.pem"))
    assert '\nkey = "file:mine.pem"  # given: --key-from' in given


async def test_a_login_at_an_unusual_path_is_used_where_somebody_names_it(target: TinyTarget, tmp_path: Path) -> None:
    target.routes["POST /let/me/in"] = target.routes.pop("POST /login")
    draft = await draft_of(target, person=alice(target), login="/let/me/in", may_sign_up=False)
    assert "[auth.login]  # given: --login, and it answered 200" in page_of(draft)
    profile = loaded(tmp_path, draft).profile
    assert profile.auth.login is not None
    assert (profile.auth.login.path, profile.auth.token) == ("/let/me/in", "/token")
    assert profile.paths.stream == "/events"
    assert target.seen("POST /login") == []


async def test_a_named_login_is_tried_with_oauths_form_too(target: TinyTarget) -> None:
    async def grant(request: Request, _writer: asyncio.StreamWriter) -> Reply:
        if request.body != b"grant_type=password&username=alice&password=password-of-alice":
            return Reply(401, {"error": "Unauthorized"})
        return Reply(200, {"access_token": jwt.encode({"sub": "id-of-alice"}, KEY, algorithm="HS256")})

    target.routes["POST /v2/token"] = grant
    draft = await draft_of(target, person=alice(target), login="/v2/token", may_sign_up=False)
    assert draft.entry.login is not None
    assert draft.entry.login.value["form"]["grant_type"] == "password"
    assert draft.entry.token


async def test_a_named_login_that_refuses_stays_as_a_line_to_be_changed(target: TinyTarget) -> None:
    target.takes_over("POST /enter", Reply(422, {"detail": "no"}))
    text = page_of(await draft_of(target, person=alice(target), login="/enter", may_sign_up=False))
    assert "[auth.login]  # given: --login; its fields are guessed: change me" in text
    assert "# - POST /enter did not log alice in: 422" in text


async def test_who_has_a_token_needs_no_login(target: TinyTarget, tmp_path: Path) -> None:
    target.routes.pop("POST /login")
    token = jwt.encode({"sub": "id-of-alice", "aud": ["web", "app"]}, KEY, algorithm="HS256")
    person = Person(username="alice", token=token, reference="env:ALICE_TOKEN")
    draft = await draft_of(target, person=person, may_sign_up=False)
    profile = loaded(tmp_path, draft, ALICE_TOKEN=token).profile
    assert [(account.username, account.token) for account in profile.users.accounts] == [("alice", token)]
    assert (profile.paths.stream, profile.auth.algorithms) == ("/events", ("HS256",))
    assert target.seen("POST /login") == []
    assert not any("[auth.login]" in part for part in draft.to_fill_in)
    text = page_of(draft)
    assert "#[auth.login]" in text
    assert '#audience = "web"  # the token has several aud; name the one that this service looks for' in text
    assert token not in text


async def test_a_key_that_was_named_is_written_where_no_token_was_seen(target: TinyTarget) -> None:
    target.routes.pop("POST /login")
    text = page_of(await draft_of(target, may_sign_up=False, key_reference="env:JWT_SECRET"))
    assert '\nkey = "env:JWT_SECRET"  # given: --key-from' in text
    assert "\nkey" not in page_of(await draft_of(target, may_sign_up=False))


async def test_what_was_not_found_is_a_comment_and_what_was_found_is_live(target: TinyTarget) -> None:
    target.routes.pop("POST /signup")
    target.routes["POST /elsewhere"] = target.routes.pop("POST /login")
    table = tomllib.loads(page_of(await draft_of(target)))
    assert table == {"url": target.url, "auth": {}, "paths": {"stream": "/events"}}
    target.routes["POST /login"] = target.routes.pop("POST /elsewhere")
    table = tomllib.loads(page_of(await draft_of(target)))
    assert table["auth"]["login"]["path"] == "/login"
    assert "users" not in table


def test_what_was_said_is_written_without_asking_anybody() -> None:
    person = Person(username="alice", password="env:ALICE_PASSWORD", reference="env:ALICE_PASSWORD")
    given = Given(url="http://x", login="/in", stream="/s", person=person, key_reference="env:K")
    text = page_of(unasked(given))
    table = tomllib.loads(text)
    assert table["auth"]["login"]["path"] == "/in"
    assert table["paths"] == {"stream": "/s"}
    assert table["users"]["accounts"] == [{"username": "alice", "password": "env:ALICE_PASSWORD"}]
    assert table["auth"]["key"] == "env:K"
    assert "[triggers.vulnerability]  # an example: change me" in text


async def test_what_only_a_person_can_find_out_is_listed(target: TinyTarget) -> None:
    known = await draft_of(target)
    assert known.to_fill_in == ("requests that cause events ([triggers.*])",)
    for route in ("POST /signup", "POST /login", "GET /events"):
        target.routes[f"{route}-elsewhere"] = target.routes.pop(route)
    unknown = await draft_of(target)
    assert [part.rpartition(" (")[2].rstrip(")") for part in unknown.to_fill_in] == [
        "[auth.login]", "paths.stream", "[users.signup] or [[users.accounts]]", "[triggers.*]",
    ]  # fmt: skip


async def test_a_token_may_come_in_a_header_or_deep_in_the_body(target: TinyTarget, tmp_path: Path) -> None:
    sessions(target, lambda token: Reply(200, {}, {"X-Auth-Token": token}))
    draft = await draft_of(target, person=alice(target), may_sign_up=False)
    assert loaded(tmp_path, draft).profile.auth.token == "header:x-auth-token"
    sessions(target, lambda token: Reply(200, {"data": [{"access_token": token}]}))
    draft = await draft_of(target, person=alice(target), may_sign_up=False)
    assert loaded(tmp_path, draft).profile.auth.token == "/data/0/access_token"


async def test_a_name_with_a_domain_is_split_where_the_login_takes_an_address(target: TinyTarget) -> None:
    sessions(target, lambda token: Reply(200, {"token": token}))
    person = Person(username="alice@corp.example", password="password-of-alice", reference="env:ALICE_PASSWORD")
    text = page_of(await draft_of(target, person=person, may_sign_up=False))
    table = tomllib.loads(text)
    assert table["auth"]["login"]["json"]["email"] == "{username}@corp.example"
    assert table["users"]["accounts"][0]["username"] == "alice"


async def test_the_query_carries_the_token_where_nothing_else_does(target: TinyTarget, tmp_path: Path) -> None:
    stream = target.routes["GET /events"]

    async def by_query(request: Request, writer: asyncio.StreamWriter) -> Reply | None:
        return await stream(request, writer) if "access_token" in request.query else Reply(401)

    target.user_of = lambda request: "id-of-alice"  # type: ignore[method-assign]
    target.routes["GET /events"] = by_query
    draft = await draft_of(target)
    auth = loaded(tmp_path, draft).profile.auth
    assert (auth.carrier, auth.name) == ("query", "access_token")
    assert len(target.seen("GET /events")) == draft.routes.attempts <= STREAM_ATTEMPTS


async def test_a_limited_stream_is_left_alone(target: TinyTarget) -> None:
    target.takes_over("GET /events", Reply(429, headers={"Retry-After": "30", "X-RateLimit-Limit": "5"}))
    draft = await draft_of(target)
    assert len(target.seen("GET /events")) == 1
    assert "GET /events opened no stream: 429" in page_of(draft)
    assert "Retry-After: 30" in page_of(draft)


async def test_the_limit_that_the_stream_names_is_written(target: TinyTarget, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nRateLimit-Policy: 9;w=30\r\n\r\n"

    async def stream(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"retry: 1234\nevent: snapshot\ndata: {}\n\n")

    target.routes["GET /events"] = stream
    draft = await draft_of(target)
    numbers = loaded(tmp_path, draft).profile.numbers
    assert (numbers.rate_limit, numbers.rate_window, numbers.retry) == (9, 30, None)
    assert "#retry = 1234  # the stream said retry: 1234" in page_of(draft)


async def test_a_wrapped_page_of_polling_is_recognised(target: TinyTarget, tmp_path: Path) -> None:
    target.takes_over("GET /api/notifications", Reply(200, {"data": {"unread": 0, "items": [], "next": None}}))
    profile = loaded(tmp_path, await draft_of(target)).profile
    assert profile.capabilities.polling
    assert profile.polling.page == "/data"


async def test_metrics_are_matched_with_the_three_of_the_plan(target: TinyTarget, tmp_path: Path) -> None:
    text = "\n".join(
        f"# TYPE {name} gauge"
        for name in ("process_open_fds", "push_streams_open", "push_stream_duration_ms", "push_events_sent_total")
    )
    target.takes_over("GET /metrics", Reply(200, headers={"Content-Type": "text/plain"}, body=text.encode()))
    profile = loaded(tmp_path, await draft_of(target)).profile
    assert profile.capabilities.metrics
    assert profile.metrics.open_connections == "push_streams_open"
    assert profile.metrics.stream_duration == "push_stream_duration_ms"
    assert profile.metrics.events_sent == "push_events_sent_total"


async def test_a_description_that_a_page_links_is_read(target: TinyTarget, tmp_path: Path) -> None:
    description = {"openapi": "3.0.0", "paths": {"/bell": {"get": {"responses": {"200": {"content": {"text/event-stream": {}}}}}}}}  # fmt: skip # noqa: E501
    target.takes_over("GET /docs", Reply(200, body=b"<script>ui({ url: './spec/openapi-v2.json' })</script>"))
    target.takes_over("GET /spec/openapi-v2.json", Reply(200, description))
    target.routes["GET /bell"] = target.routes.pop("GET /events")
    text = page_of(await draft_of(target))
    assert 'stream = "/bell"  # found in /spec/openapi-v2.json' in text


async def test_a_given_description_must_be_one(target: TinyTarget) -> None:
    with pytest.raises(UsageError, match="is no API description"):
        await draft_of(target, openapi="/nowhere.json")


async def test_a_service_that_answers_alike_to_everything_yields_nothing_and_is_not_flooded(target: TinyTarget) -> None:
    for status in (200, 401, 404, 500):
        target.requests.clear()
        target.routes = AnyRoute(Reply(status, body=b"<html>hello</html>", headers={"Content-Type": "text/html"}))
        draft = await draft_of(target)
        assert len(target.requests) <= LIMIT
        assert (draft.entry.sign_up, draft.entry.login, draft.routes.stream) == (None, None, None), status
        assert "no stream was found at" in page_of(draft)
        assert tomllib.loads(page_of(draft)) == {"url": target.url, "auth": {}}


async def test_a_service_that_gives_no_answers_is_asked_few_times(
    target: TinyTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sse_conform.discovery.client.SECONDS", 0.05)
    silent = AnyRoute(None)
    silent["GET /"] = target.routes.get("GET /items")
    target.routes = silent
    draft = await draft_of(target)
    assert len(target.requests) <= SILENCES + 1
    assert "Not everything was looked at" in page_of(draft)


class AnyRoute(dict[str, Any]):
    """Every route gives the same answer."""

    def __init__(self, reply: Reply | None) -> None:
        super().__init__()
        self._reply = reply

    def get(self, key: str, _default: Any = None) -> Any:
        async def handler(_request: Request, _writer: asyncio.StreamWriter) -> Reply | None:
            if self._reply is None:
                await asyncio.Event().wait()
            return self._reply

        return super().get(key) or handler


def test_nobody_there_is_trouble_with_a_hint() -> None:
    with pytest.raises(TargetError, match="no answer") as caught:
        explore(Given(url="http://127.0.0.1:9"))
    assert "start the target" in caught.value.hint


async def test_a_port_that_asks_for_tls_is_trouble_with_a_hint(target: TinyTarget) -> None:
    target.takes_over("GET /", Reply(400, body=b"Client sent an HTTP request to an HTTPS server."))
    with pytest.raises(TargetError, match="speaks TLS") as caught:
        await asyncio.to_thread(explore, Given(url=target.url))
    assert "https://" in caught.value.hint


async def test_whose_authority_is_unknown_is_trusted_by_an_option(server_tls: ssl.SSLContext) -> None:
    listening = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=server_tls)
    async with listening:
        url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        with pytest.raises(TargetError, match="not trusted") as caught:
            await asyncio.to_thread(explore, Given(url=url))
    assert "--ca-file" in caught.value.hint


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with Embedded(compressed=True) as running:
        yield running


def silent(event: RunEvent, /) -> None:
    pass


async def test_the_doctor_finds_the_reference_server_in_order_with_what_was_written(
    server: Embedded, tmp_path: Path
) -> None:
    draft = await asyncio.to_thread(explore, Given(url=server.url))
    key = server.secrets["SSE_CONFORM_SERVER_JWT_KEY"]
    profile = loaded(tmp_path, draft, JWT_SECRET=key)
    triggers = profile.profile.triggers
    assert triggers.vulnerability
    assert triggers.assignment
    assert triggers.invalid
    assert triggers.sensitive
    assert profile.profile.auth.logout is not None
    assert [check async for check in examine(profile, (), listener=silent) if not check.ok] == []


async def test_an_admin_makes_the_alert_a_trigger(server: Embedded, tmp_path: Path) -> None:
    password = server.secrets["SSE_CONFORM_SERVER_ADMIN_PASSWORD"]
    admin = Person(username="admin", password=password, reference="env:ADMIN_PASSWORD")
    draft = await asyncio.to_thread(explore, Given(url=server.url, admin=admin))
    profile = loaded(tmp_path, draft, ADMIN_PASSWORD=password).profile
    assert profile.triggers.alert is not None
    assert profile.triggers.alert.by == "admin"


async def test_a_description_from_a_file_serves_as_well(target: TinyTarget, tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    description = {"openapi": "3.0.0", "paths": {"/api/vulns": {"post": {"requestBody": {"content": {"application/json": {"schema": {"properties": {"title": {"type": "string"}}}}}}}}}}  # fmt: skip # noqa: E501
    file.write_text(json.dumps(description))
    draft = await draft_of(target, openapi=str(file))
    assert "vulnerability" in draft.triggers
