import asyncio
import json

import pytest

from sse_conform.driver import rest as module
from sse_conform.driver.clock import Clock
from sse_conform.driver.rest import Rest
from sse_conform.profile import Carrier, RequestTemplate
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor

from ..records import SCENE, header
from ..tiny_target import Reply, carried_by, tiny_target

GET = RequestTemplate(method="GET", path="/items")
SECRET = "a secret token of Alice"


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


@pytest.fixture
def recorder():
    redactor = Redactor()
    redactor.keep(SECRET, "token")
    return Recorder(redactor)


@pytest.fixture
async def rest(target, recorder):
    client = Rest(target.profile(), Clock(), recorder, None)
    yield client
    await client.close()


async def body_of(target, rest, template, values=None):
    target.takes_over(f"{template.method} {template.path}", Reply(200, {}))
    answer = await rest.send(template, values or {})
    assert answer.ok, answer.summary
    return target.requests[-1]


# requests


async def test_a_json_body_keeps_the_types_of_its_values(target, rest):
    template = RequestTemplate(path="/x", json={"id": "{target.id}", "text": "<{text}>"})
    request = await body_of(target, rest, template, {"target.id": 7, "text": "hello"})
    assert request.document == {"id": 7, "text": "<hello>"}
    assert request.headers["content-type"] == "application/json"


async def test_any_text_travels_in_json_even_half_a_pair(target, rest):
    text = "\ud800 \u2028 \x00 \U0001f6a8"
    request = await body_of(target, rest, RequestTemplate(path="/x", json={"text": "{text}"}), {"text": text})
    assert request.body.isascii()
    assert request.document == {"text": text}


async def test_a_form_is_sent_as_text(target, rest):
    request = await body_of(target, rest, RequestTemplate(path="/x", form={"id": "{id}", "a": "b&c=d"}), {"id": 7})
    assert request.body == b"id=7&a=b%26c%3Dd"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_headers_are_filled_in_as_text_whatever_their_type(target, rest):
    template = RequestTemplate(path="/x", headers={"X-User": "{id}"}, json={})
    assert (await body_of(target, rest, template, {"id": 7})).headers["x-user"] == "7"


async def test_a_path_is_filled_in_and_keeps_its_query(target, rest):
    target.takes_over("POST /users/7/events", Reply(200))
    answer = await rest.send(RequestTemplate(path="/users/{id}/events?kind=alert"), {"id": 7})
    assert answer.ok
    assert target.requests[-1].query == {"kind": ["alert"]}


@pytest.mark.parametrize(
    ("carrier", "name", "value"),
    [
        (Carrier.BEARER, "authorization", "Bearer t"),
        (Carrier.COOKIE, "cookie", "token=t"),
        (Carrier.QUERY, "authorization", "Bearer t"),
    ],
)
async def test_the_token_travels_in_a_header(target, recorder, carrier, name, value):
    profile = target.profile()
    client = Rest(target.profile(auth=carried_by(profile, carrier)), Clock(), recorder, None)
    await client.send(GET, {}, "t")
    await client.close()
    assert target.requests[-1].headers[name] == value


async def test_without_a_token_no_credential_is_sent(target, rest):
    await rest.send(GET, {})
    assert not {"authorization", "cookie"} & target.requests[-1].headers.keys()


async def test_a_credential_of_the_template_outranks_the_token(target, rest):
    await rest.send(RequestTemplate(method="GET", path="/items", headers={"Authorization": "Basic x"}), {}, "t")
    assert target.requests[-1].headers["authorization"] == "Basic x"


async def test_a_cookie_that_was_set_is_told_and_never_sent_back(target, rest):
    target.takes_over("GET /items", Reply(200, {}, {"Set-Cookie": "session=abc; Path=/; HttpOnly"}))
    assert (await rest.send(GET, {})).cookies == {"session": "abc"}
    await rest.send(GET, {})
    assert "cookie" not in target.requests[-1].headers


async def test_a_cookie_set_for_two_paths_does_no_harm(target, rest):
    async def handler(request, writer):
        writer.write(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: t=; Path=/old\r\nSet-Cookie: t=new; Path=/\r\nContent-Length: 0\r\n\r\n"
        )

    target.routes["GET /items"] = handler
    assert set((await rest.send(GET, {})).cookies) == {"t"}


# answers


async def test_an_answer_has_its_status_its_headers_and_the_instants_around_it(target, rest):
    target.takes_over("GET /items", Reply(404, {"why": "gone"}, {"X-Why": "Gone"}))
    answer = await rest.send(GET, {})
    assert (answer.status, answer.ok, answer.document) == (404, False, {"why": "gone"})
    assert ("x-why", "Gone") in answer.headers
    assert 0 < answer.sent < answer.answered
    assert answer.value("/why") == "gone"
    assert answer.value("/why/not") is None


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (201, True), (204, True), (302, False), (400, False), (500, False)]
)
async def test_only_a_2xx_is_acceptance_and_no_redirect_is_followed(target, rest, status, ok):
    target.takes_over("GET /items", Reply(status, headers={"Location": "/login"}, body=b""))
    answer = await rest.send(GET, {})
    assert (answer.status, answer.ok) == (status, ok)
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"\xff", b"NaN", b"[" * 100_000], ids=lambda body: repr(body[:6])
)
async def test_a_body_that_is_no_json_has_no_document(target, rest, body):
    target.takes_over("GET /items", Reply(200, body=body))
    answer = await rest.send(GET, {})
    assert answer.ok
    assert answer.document is None
    assert answer.value("/id") is None


async def test_where_nobody_listens_the_answer_says_so(recorder):
    async with tiny_target() as target:
        profile = target.profile()
    client = Rest(profile, Clock(), recorder, None)
    answer = await client.send(GET, {})
    await client.close()
    assert (answer.status, answer.ok) == (0, False)
    assert "no connection" in answer.error
    assert "start the target" in answer.hint


async def test_an_answer_that_breaks_off_is_none(target, rest):
    async def handler(request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    target.routes["GET /items"] = handler
    answer = await rest.send(GET, {})
    assert answer.status == 0
    assert "broke off" in answer.error


async def test_an_answer_that_drips_without_an_end_is_none_and_a_silent_route_is_given_up(target, rest, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.1)

    async def drip(request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b": still here\n\n")
            await asyncio.sleep(0.01)

    target.routes["GET /items"] = drip
    answers = [await rest.send(GET, {}) for _ in range(module.SILENCES)]
    assert {answer.error for answer in answers} == {"no complete answer within 0.1 s"}
    assert "not asked again" in (await rest.send(GET, {})).error
    assert len(target.requests) == module.SILENCES
    monkeypatch.setattr(module, "TIMEOUT", 15.0)
    target.takes_over("POST /items", Reply(200))
    assert (await rest.send(RequestTemplate(path="/items"), {})).ok


async def test_whoever_waits_long_is_told_once_for_each_route(target, recorder, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    told = []
    client = Rest(target.profile(), Clock(), recorder, None, tell=told.append)
    target.takes_over("GET /items", None)
    for query in ("", "?after=1"):
        await client.send(RequestTemplate(method="GET", path=f"/items{query}"), {})
    await client.close()
    assert told == ["waiting for the answer to GET /items, up to 0.1 s"]


async def test_a_body_longer_than_the_bound_is_not_read_to_its_end(target, rest, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 1000)
    target.takes_over("GET /items", Reply(200, body=b"x" * 1_000_000))
    answer = await rest.send(GET, {})
    assert answer.status == 0
    assert "200, but its body is longer than 1000 bytes" in answer.error


@pytest.mark.parametrize(
    ("template", "values"),
    [
        (RequestTemplate(path="/x/{id}"), {"id": "line\nend"}),
        (RequestTemplate(path="/x", headers={"x-id": "{id}"}), {"id": "line\nend"}),
        (RequestTemplate(path="/x", headers={"x-id": "{id}"}), {"id": "\u6f22"}),
        (RequestTemplate(path="/x", form={"id": "{id}"}), {"id": "\ud800"}),
    ],
)
async def test_what_no_request_can_carry_is_no_answer_and_does_no_harm(target, rest, template, values):
    answer = await rest.send(template, values)
    assert (answer.status, answer.ok) == (0, False)
    assert answer.error.isprintable()
    assert (await rest.send(GET, {})).status == 401


WANTS_TLS = (
    b"<center>The plain HTTP request was sent to HTTPS port</center>",
    b"Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    b"Client sent an HTTP request to an HTTPS server.",
)


@pytest.mark.parametrize("said", WANTS_TLS)
async def test_a_port_that_asks_for_tls_is_named_by_https(target, rest, said):
    target.takes_over("GET /items", Reply(400, body=said))
    assert "https://" in (await rest.send(GET, {})).hint


async def test_an_ordinary_refusal_has_no_hint_of_its_own(target, rest):
    target.takes_over("GET /items", Reply(400, {"error": "limit must be a number"}))
    assert (await rest.send(GET, {})).hint == ""


async def test_no_secret_is_in_the_words_about_an_answer(target, rest):
    target.takes_over("GET /items", Reply(302, {"echo": SECRET}, {"Location": f"/login?t={SECRET}"}))
    answer = await rest.send(GET, {})
    assert SECRET not in answer.summary
    assert "302 to /login" in answer.summary


# the record


async def test_an_exchange_is_recorded_without_its_secrets(target, rest, recorder):
    target.takes_over("GET /items", Reply(200, {"echo": SECRET}, {"X-Echo": SECRET}))
    answer = await rest.send(GET, {}, SECRET)
    rest.record(answer, GET, scene=SCENE, part="poll", user="alice")
    (entry,) = recorder.transcript(header()).entries
    assert (entry.number, entry.method, entry.target, entry.status) == (1, "GET", "/items", 200)
    assert (entry.t, entry.answered) == (answer.sent, answer.answered)
    assert json.loads(entry.body)["echo"].startswith("<token>")
    assert SECRET not in repr(entry)


async def test_only_the_beginning_of_a_long_body_is_kept(target, rest, recorder):
    target.takes_over("GET /items", Reply(200, body=b"x" * (module.BODY_KEPT + 1)))
    rest.record(await rest.send(GET, {}), GET, scene=SCENE, part="", user="alice")
    assert len(recorder.transcript(header()).entries[0].body) == module.BODY_KEPT


async def test_no_more_requests_than_its_places_are_under_way_at_once(target, rest):
    under_way, most, full = 0, 0, asyncio.Event()

    async def handler(request, writer):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == module.AT_ONCE:
            full.set()
        await full.wait()
        await asyncio.sleep(0.02)
        under_way -= 1
        return Reply(200)

    target.routes["GET /items"] = handler
    await asyncio.gather(*(rest.send(GET, {}) for _ in range(3 * module.AT_ONCE)))
    assert most == module.AT_ONCE
