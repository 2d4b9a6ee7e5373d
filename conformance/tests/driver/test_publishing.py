import pytest

from sse_conform.driver.accounts import Identity
from sse_conform.driver.publishing import Act, alike, choose, perform
from sse_conform.driver.rest import Rest
from sse_conform.entries import EventKind
from sse_conform.markers import MARKER
from sse_conform.profile import Concerns, Recognise, RequestTemplate, Role, Trigger, Triggers
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor
from sse_conform.scenario import Variant

from ..tiny_target import Reply, tiny_target

STEP = RequestTemplate(path="/events", json={"text": "{text}", "target": "{target.id}", "by": "{sender.username}"})


@pytest.fixture
async def target():
    async with tiny_target() as running:
        running.takes_over("POST /events", Reply(201, {"id": 7}))
        yield running


@pytest.fixture
async def publish(target, clock):
    """Performs an act that Bob does and that concerns Alice."""
    rest = Rest(target.profile(), clock, Recorder(Redactor()), None)

    async def run(*steps, text="", variant=Variant.ORDINARY, times=1, **trigger):
        alice, bob = (
            Identity(username=name, id=number, token=f"token-of-{name}", role=Role.MEMBER)
            for number, name in enumerate(("alice", "bob"), start=1)
        )
        act = Act(
            kind=EventKind.ALERT, trigger=Trigger(steps=steps or (STEP,), **trigger), target=alice, sender=bob,
            text=text, variant=variant, sensitive_fields=("password", "apiKey"), times=times,
        )  # fmt: skip
        return await perform(act, rest, number=3, scene="a.scene", part="burst")

    yield run
    await rest.close()


async def test_an_event_is_asked_for_in_the_name_of_its_sender(target, publish):
    published = await publish(text="hello")
    (request,) = target.requests
    assert request.token == "token-of-bob"
    assert request.document == {"text": f"{published.marker} hello", "target": 1, "by": "bob"}


async def test_what_is_caused_twice_says_the_same_twice_and_is_told_as_one(target, publish):
    first, second = RequestTemplate(path="/events", json={"name": "{text}"}), STEP
    published = await publish(first, second, text="hello", times=2)
    said = [request.document.get("name", request.document.get("text")) for request in target.requests]
    assert said == [f"{published.marker} hello"] * 4
    assert (published.times, published.accepted) == (2, True)


async def test_the_second_time_is_refused_where_the_service_refuses_it(target, publish):
    target.takes_over("POST /events", Reply(201, {"id": 7}), Reply(409, {}))
    published = await publish(times=2)
    assert (published.status, published.accepted) == (409, False)


async def test_what_came_of_it_is_told(publish):
    published = await publish()
    assert (published.number, published.scene, published.part) == (3, "a.scene", "burst")
    assert (published.kind, published.to, published.sender) == (EventKind.ALERT, "alice", "bob")
    assert (published.status, published.accepted, published.valid, published.error) == (201, True, True, "")
    assert 0 < published.t < published.acked


@pytest.mark.parametrize("text", ["hello", " \r\nends with a frame\n\n", "\u2028", "\ud800", "   "])
async def test_the_marker_stands_before_the_text_which_is_sent_as_it_is(target, publish, text):
    published = await publish(text=text)
    assert published.text == f"{published.marker} {text}"
    assert target.requests[0].document["text"] == published.text


async def test_without_a_text_the_marker_is_all(publish):
    published = await publish()
    assert published.text == published.marker


async def test_a_text_may_say_where_its_marker_stands(publish):
    published = await publish(text="<{marker}> {marker}")
    assert published.text == f"<{published.marker}> {published.marker}"


async def test_each_publish_has_a_marker_of_its_own(publish):
    markers = {(await publish()).marker for _ in range(5)}
    assert len(markers) == 5
    assert all(MARKER.fullmatch(marker) for marker in markers)


async def test_where_the_events_cannot_carry_our_text_they_are_told_by_their_id(publish):
    published = await publish(recognise=Recognise.ID, id="/id")
    assert (published.marker, published.event_id) == ("", "7")


@pytest.mark.parametrize("pointer", ["", "/gone", "/id/deeper"])
async def test_an_id_that_the_answer_does_not_name_is_empty(publish, pointer):
    assert (await publish(id=pointer)).event_id == ""


@pytest.mark.parametrize(("concerns", "everyone"), [(Concerns.TARGET, False), (Concerns.EVERYONE, True)])
async def test_whom_it_concerns_is_told(publish, concerns, everyone):
    assert (await publish(concerns=concerns)).everyone is everyone


async def test_a_refused_publish_is_told_with_the_answer(target, publish):
    target.takes_over("POST /events", Reply(400, {"error": "no title"}))
    published = await publish(variant=Variant.INVALID)
    assert (published.status, published.accepted, published.valid) == (400, False, False)
    assert "no title" in published.error


async def test_a_publish_without_an_answer_is_told_too(target, publish):
    async def vanish(request, writer):
        writer.transport.abort()

    target.routes["POST /events"] = vanish
    published = await publish()
    assert (published.status, published.accepted) == (0, False)
    assert published.error


# several steps

CREATE = RequestTemplate(path="/vulnerabilities", json={"title": "{text}"}, save={"vulnerability": "/data/id"})
ASSIGN = RequestTemplate(
    method="PATCH", path="/vulnerabilities/{vulnerability}", json={"assignee": "{target.id}", "nonce": "{nonce}"}
)


async def test_a_later_step_uses_what_an_earlier_one_saved(target, publish):
    target.takes_over("POST /vulnerabilities", Reply(201, {"data": {"id": 41}}))
    target.takes_over("PATCH /vulnerabilities/41", Reply(200, {"id": 5}))
    published = await publish(CREATE, ASSIGN, id="/id")
    assert target.requests[1].document == {"assignee": 1, "nonce": published.marker}
    assert (published.accepted, published.status, published.event_id) == (True, 200, "5")


async def test_the_instants_are_those_of_the_last_step(target, publish, clock):
    reached = []

    async def create(request, writer):
        reached.append(clock.now())
        return Reply(201, {"data": {"id": 41}})

    async def assign(request, writer):
        reached.append(clock.now())
        return Reply(200)

    target.routes |= {"POST /vulnerabilities": create, "PATCH /vulnerabilities/41": assign}
    published = await publish(CREATE, ASSIGN)
    assert reached[0] < published.t < reached[1] < published.acked


async def test_a_refused_step_is_the_last(target, publish):
    target.takes_over("POST /vulnerabilities", Reply(409, {"error": "exists"}))
    published = await publish(CREATE, ASSIGN)
    assert len(target.requests) == 1
    assert (published.accepted, published.status) == (False, 409)


# which trigger


def trigger(*, steps=1, concerns=Concerns.TARGET):
    return Trigger(steps=(STEP,) * steps, concerns=concerns)


def test_the_trigger_of_a_kind_is_chosen_by_its_kind():
    triggers = Triggers(vulnerability=trigger(), alert=trigger(concerns=Concerns.EVERYONE))
    assert choose(triggers, EventKind.ALERT, Variant.ORDINARY) == (EventKind.ALERT, triggers.alert)


def test_without_a_kind_the_targeted_one_of_fewest_steps_is_chosen():
    broadcast, long, short = trigger(concerns=Concerns.EVERYONE), trigger(steps=2), trigger()
    triggers = Triggers(vulnerability=broadcast, assignment=long, alert=short)
    assert choose(triggers, None, Variant.ORDINARY) == (EventKind.ALERT, short)
    assert choose(Triggers(vulnerability=broadcast, assignment=long), None, Variant.ORDINARY)[1] is long
    assert choose(Triggers(vulnerability=broadcast), None, Variant.ORDINARY)[1] is broadcast


def test_the_publish_to_be_refused_has_a_trigger_of_its_own():
    triggers = Triggers(alert=trigger(), invalid=trigger(steps=2))
    assert choose(triggers, None, Variant.INVALID)[1] is triggers.invalid


async def test_a_sensitive_variant_plants_values_at_every_depth_and_spelling(target, publish):
    step = RequestTemplate(path="/events", json={"text": "{text}", "details": "{sensitive}"})
    published = await publish(step, variant=Variant.SENSITIVE)
    details = target.requests[0].document["details"]
    assert details["password"] in published.planted
    assert details["owner"]["api_key"] in published.planted
    assert details["history"][1]["by"]["apiKey"] in published.planted
    assert len(set(published.planted)) == len(published.planted)


def test_kinds_are_alike_that_concern_as_few_and_are_recognised_in_the_same_way():
    told = Trigger(steps=(STEP,))
    triggers = Triggers(
        vulnerability=told,
        assignment=Trigger(steps=(STEP, STEP)),
        alert=Trigger(steps=(STEP,), concerns=Concerns.EVERYONE),
    )
    assert alike(triggers) == (EventKind.VULNERABILITY, EventKind.ASSIGNMENT)
    assert alike(Triggers(vulnerability=told, alert=Trigger(steps=(STEP,), recognise=Recognise.ID))) == (
        EventKind.VULNERABILITY,
    )
