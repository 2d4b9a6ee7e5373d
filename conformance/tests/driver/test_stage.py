import asyncio

import jwt
import pytest

from sse_conform import entries as e
from sse_conform.entries import EventKind, TokenKind
from sse_conform.profile import Auth, Carrier, Polling, RequestTemplate, Triggers
from sse_conform.scenario import Variant
from sse_conform.spec import Capability

from ..tiny_target import KEY, Reply, carried_by, tiny_target


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


def streams(transcript):
    return transcript.streams_in("a.scene")


def last(target):
    """The headers of the last attempt on the stream route as the target saw them."""
    return target.seen("GET /stream")[-1].headers


# attempts


async def test_an_attempt_opens_a_stream_and_is_recorded_with_all_that_came(target, on_stage):
    async def play(stage):
        stream = await stage.subscribe("alice", part="tab")
        assert (stream.status, stream.ended) == (200, False)
        assert await stream.until_snapshot()
        await stream.close()
        assert stream.ended

    (stream,) = streams(await on_stage(play))
    assert (stream.attempt.part, stream.attempt.token, stream.attempt.method) == ("tab", TokenKind.GENUINE, "GET")
    assert stream.attempt.target == "/stream"
    assert stream.events[0].type == "snapshot"
    assert stream.closed_by_suite
    assert stream.connected is not None


async def test_the_part_is_the_label_of_the_user_unless_named(on_stage):
    async def play(stage):
        await stage.subscribe("bob")
        assert stage.user("bob").label == "bob"
        names.append(stage.user("bob").username)

    names = []
    (stream,) = streams(await on_stage(play))
    assert (stream.attempt.part, stream.attempt.user) == ("bob", names[0])


async def test_what_a_scene_leaves_open_is_closed_at_its_end(on_stage):
    async def play(stage):
        await stage.subscribe("alice")
        await stage.subscribe("bob")

    assert all(stream.closed_by_suite for stream in streams(await on_stage(play)))


@pytest.mark.parametrize("carrier", Carrier)
async def test_the_token_travels_as_the_profile_says_and_never_enters_the_record(target, on_stage, carrier):
    async def play(stage):
        assert (await stage.subscribe("alice")).status == 200

    transcript = await on_stage(play, auth=carried_by(target.profile(), carrier))
    request = target.seen("GET /stream")[-1]
    assert {
        Carrier.BEARER: request.headers.get("authorization") == f"Bearer {request.token}",
        Carrier.COOKIE: request.headers.get("cookie") == f"token={request.token}",
        Carrier.QUERY: request.query == {"token": [request.token]},
    }[carrier]
    assert request.token.count(".") == 2
    assert request.token.rpartition(".")[2] not in repr(transcript.entries)
    assert "<token>" in repr(streams(transcript)[0].attempt)


@pytest.mark.parametrize(
    ("carrier", "place"), [(Carrier.BEARER, "cookie"), (Carrier.COOKIE, "header"), (Carrier.QUERY, "header")]
)
async def test_crosswise_a_token_travels_in_the_other_place_alone(target, on_stage, carrier, place):
    async def play(stage):
        await stage.subscribe("alice", crosswise=True)

    transcript = await on_stage(play, auth=carried_by(target.profile(), carrier))
    request = target.seen("GET /stream")[-1]
    cookie, header = request.headers.get("cookie", ""), request.headers.get("authorization", "")
    token = (cookie or header).removeprefix("token=").removeprefix("Bearer ")
    assert {"cookie": (bool(cookie), bool(header)), "header": (bool(header), bool(cookie))}[place] == (True, False)
    assert (token.count("."), request.query) == (2, {})
    assert token.rpartition(".")[2] not in repr(transcript.entries)


async def test_the_ordinary_request_is_that_of_an_event_source(target, on_stage):
    async def play(stage):
        await stage.subscribe("alice")

    await on_stage(play)
    assert {name: last(target)[name] for name in ("accept", "cache-control", "accept-encoding")} == {
        "accept": "text/event-stream", "cache-control": "no-cache", "accept-encoding": "identity",
    }  # fmt: skip
    assert "last-event-id" not in last(target)


async def test_a_scene_can_vary_one_thing_of_the_request(target, on_stage):
    async def play(stage):
        await stage.subscribe("alice", headers=[("accept", "*/*"), ("x-more", "1")])
        assert (last(target)["accept"], last(target)["x-more"]) == ("*/*", "1")
        await stage.subscribe("alice", without=["accept", "user-agent"])
        assert not {"accept", "user-agent"} & last(target).keys()
        await stage.subscribe("alice", query="userId=7")
        assert target.seen("GET /stream")[-1].query == {"userId": ["7"]}
        await stage.subscribe("alice", last_event_id="caf\u00e9")
        assert last(target)["last-event-id"].encode("latin-1").decode() == "caf\u00e9"
        await stage.subscribe("alice", scheme="bEARER")
        assert last(target)["authorization"].startswith("bEARER ")
        assert (await stage.subscribe("alice", method="POST")).status == 404

    assert [stream.attempt.method for stream in streams(await on_stage(play))] == ["GET"] * 5 + ["POST"]


async def test_each_kind_of_token_is_sent_as_such_and_named_in_the_record(target, on_stage):
    kinds = (TokenKind.MISSING, TokenKind.GARBAGE, TokenKind.WRONG_KEY, TokenKind.EXPIRED, TokenKind.RESIGNED)

    async def play(stage):
        assert [(await stage.subscribe("alice", token=kind)).status for kind in kinds] == [401, 401, 401, 401, 200]

    transcript = await on_stage(play)
    assert tuple(stream.attempt.token for stream in streams(transcript)) == kinds
    assert "authorization" not in target.seen("GET /stream")[2].headers


async def test_a_token_that_cannot_be_made_is_known_beforehand_and_costs_no_attempt(target, on_stage):
    keyless = Auth(login=target.profile().auth.login)

    async def play(stage):
        assert stage.makes(TokenKind.WRONG_KEY)
        assert not stage.makes(TokenKind.EXPIRED)
        with pytest.raises(LookupError):
            await stage.subscribe("alice", token=TokenKind.EXPIRED)

    assert streams(await on_stage(play, auth=keyless)) == ()


def logins_in_turn(target, *, forget):
    """Each login gives a token of its own; with ``forget`` the newest one alone is taken by REST."""
    given = []

    async def log_in(request, _writer):
        claims = {"sub": "id", "name": request.document["username"], "jti": str(len(given))}
        given.append(jwt.encode(claims, KEY, algorithm="HS256"))
        return Reply(200, {"token": given[-1]})

    async def poll(request, writer):
        return Reply(401, {}) if forget and request.token != given[-1] else await target.poll(request, writer)

    target.routes |= {"POST /login": log_in, "GET /items": poll}


@pytest.mark.parametrize(("forget", "label", "tokens"), [(False, "alice-again", 2), (True, "alice", 1)])
async def test_a_second_login_counts_beside_the_first_or_instead_of_it(target, on_stage, forget, label, tokens):
    async def play(stage):
        assert await stage.second_login("alice") == label
        assert stage.user(label).username == stage.user("alice").username
        for user in ("alice", label):
            await stage.subscribe(user)

    logins_in_turn(target, forget=forget)
    await on_stage(play, users=("alice",), rest=RequestTemplate(method="GET", path="/items"))
    ours = [request.token for request in target.seen("GET /stream")[-2:]]
    assert len(set(ours)) == tokens
    newest = jwt.decode(ours[-1], options={"verify_signature": False})["jti"]
    assert int(newest) == len(target.seen("POST /login")) - 1


async def test_a_login_that_gives_the_same_token_again_is_none_more(target, on_stage):
    async def play(stage):
        assert await stage.second_login("alice") == "alice"

    await on_stage(play, rest=RequestTemplate(method="GET", path="/items"))


async def test_where_no_second_login_works_the_first_one_stays(target, on_stage):
    async def play(stage):
        target.takes_over("POST /login", Reply(429, {}))
        assert await stage.second_login("alice") == "alice"
        assert (await stage.subscribe("alice")).status == 200

    await on_stage(play, rest=RequestTemplate(method="GET", path="/items"))


async def test_a_reader_that_stalls_disturbs_its_own_stream_for_as_long(target, on_stage):
    async def play(stage):
        stream = await stage.subscribe("alice")
        await stream.until_snapshot()
        stream.stall()
        published = await stage.publish("alice")
        assert not await stream.until_event("notification", seconds=0.05)
        stream.resume()
        assert await stream.until(published)

    transcript = await on_stage(play)
    (pause,) = [each for each in transcript.disturbances if each.kind is e.Disturbance.PAUSE]
    (stream,) = streams(transcript)
    assert pause.conn == stream.conn
    assert pause.t < transcript.publishes[0].t < pause.until


async def test_a_reader_that_leaves_asleep_slept_until_then(on_stage):
    async def play(stage):
        for part, leave in (("fin", "close"), ("rst", "reset")):
            stream = await stage.subscribe("alice", part=part)
            await stream.until_snapshot()
            stream.stall()
            await getattr(stream, leave)()
            assert stream.ended

    transcript = await on_stage(play)
    pauses = [each for each in transcript.disturbances if each.kind is e.Disturbance.PAUSE]
    assert [pause.conn for pause in pauses] == [stream.conn for stream in streams(transcript)]
    assert all(pause.until <= stream.end.t for pause, stream in zip(pauses, streams(transcript), strict=True))


async def test_a_reset_is_seen_by_the_target_as_a_lost_connection(target, on_stage):
    lost = asyncio.get_running_loop().create_future()

    async def handler(request, writer):
        reply = await target.stream(request, writer)
        writer.transport.get_protocol().connection_lost = lost.set_result
        return reply

    async def play(stage):
        target.routes["GET /stream"] = handler
        stream = await stage.subscribe("alice")
        await stream.reset()
        async with asyncio.timeout(5):
            assert isinstance(await lost, ConnectionResetError)

    assert streams(await on_stage(play))[0].closed_by_suite


# events


async def test_a_publish_is_recorded_and_heard_by_the_user_it_concerns(target, on_stage):
    async def play(stage):
        tab = await stage.subscribe("alice")
        await tab.until_snapshot()
        assert await tab.until(await stage.publish("alice", part="round", text="hello"))

    transcript = await on_stage(play)
    (published,) = transcript.publishes
    (stream,) = streams(transcript)
    assert (published.part, published.to, published.accepted) == ("round", stream.attempt.user, True)
    assert published.sender.startswith("sender-")
    assert [event.payload["message"] for event in stream.mentions(published)] == [f"{published.marker} hello"]


async def test_where_nobody_else_can_the_concerned_user_publishes_itself(target, on_stage):
    async def play(stage):
        await stage.publish("me")

    (published,) = (await on_stage(play, users=("me",), given=("alice",))).publishes
    assert (published.to, published.sender) == ("alice", "alice")


async def test_a_publish_that_must_be_refused_is_told_as_such(on_stage):
    async def play(stage):
        published = await stage.publish("alice", variant=Variant.INVALID)
        assert (published.accepted, published.status, published.valid) == (False, 400, False)

    await on_stage(play)


async def test_the_kind_chooses_the_trigger(target, on_stage):
    target.takes_over("POST /bugs", Reply(201))
    triggers = target.profile().triggers
    bugs = type(triggers.alert)(steps=(RequestTemplate(path="/bugs", json={"title": "{text}"}),))

    async def play(stage):
        assert (await stage.publish("alice", kind=EventKind.VULNERABILITY)).kind is EventKind.VULNERABILITY

    await on_stage(play, triggers=Triggers(alert=triggers.alert, vulnerability=bugs))
    assert len(target.seen("POST /bugs")) == 1


# REST


async def test_polling_is_recorded_and_answered_to_the_scene(target, on_stage):
    async def play(stage):
        published = await stage.publish("alice")
        reply = await stage.poll("alice", part="read-back", query="after=0")
        assert reply.status == 200
        assert published.marker in reply.document["items"][0]["message"]
        assert published.marker in reply.text
        assert (await stage.poll("alice", token=TokenKind.MISSING)).status == 401

    polled, anonymous = (await on_stage(play)).exchanges
    assert (polled.part, polled.method, polled.target, polled.status) == ("read-back", "GET", "/items?after=0", 200)
    assert (anonymous.user, anonymous.status) == ("", 401)


@pytest.mark.parametrize(("body", "page"), [(b'{"data": {"items": []}}', {"items": []}), (b"[]", None), (b"?", None)])
async def test_a_page_is_taken_out_of_what_it_is_wrapped_in(target, on_stage, body, page):
    target.takes_over("GET /items", Reply(200, body=body))

    async def play(stage):
        assert (await stage.poll("alice")).document == page

    await on_stage(play, polling=Polling(page="/data"))


async def test_an_event_on_any_stream_of_the_run_is_heard(target, on_stage):
    async def play(stage):
        assert not await stage.until_heard("alert", 0.05, "nothing")
        await (await stage.subscribe("bob")).close()
        stream = await stage.subscribe("alice")
        await stage.subscribe("bob")
        await stream.until_snapshot()
        heard = asyncio.ensure_future(stage.until_heard("notification", 5, "an event"))
        await asyncio.sleep(0)
        await stage.publish("alice")
        assert await heard

    waited = (await on_stage(play)).of(e.Waited)
    assert [each.what for each in waited] == ["nothing", "an event"]


async def test_how_many_streams_are_open_and_what_they_told_is_known_of_the_whole_run(target, on_stage):
    async def play(stage):
        assert (stage.open_streams, stage.heard("notification")) == (0, 0)
        first, second = await stage.subscribe("alice"), await stage.subscribe("alice")
        for stream in (first, second):
            await stream.until_snapshot()
        assert (stage.open_streams, stage.heard("notification")) == (2, 0)
        published = await stage.publish("alice")
        assert await first.until(published)
        assert await second.until(published)
        first.stall()
        assert (stage.open_streams, stage.heard("notification")) == (2, 2)
        await first.close()
        assert (stage.open_streams, stage.heard("notification")) == (1, 2)

    await on_stage(play)


async def test_the_cheap_request_and_the_metrics_are_those_of_the_profile(target, on_stage):
    target.takes_over("GET /me", Reply(204, body=b""))
    target.takes_over("GET /metrics", Reply(200, headers={"Content-Type": "text/plain"}, body=b"open 1\n"))

    async def play(stage):
        assert stage.has(Capability.REST)
        assert await stage.rest("alice") == 204
        assert (await stage.scrape()).text == "open 1\n"

    transcript = await on_stage(play, rest=RequestTemplate(method="GET", path="/me"))
    assert [exchange.target for exchange in transcript.exchanges] == ["/me", "/metrics"]
    assert "authorization" in target.seen("GET /me")[0].headers
    assert "authorization" not in target.seen("GET /metrics")[0].headers
