"""Every entry of a corpus is said to a target by some scene; and no scene makes more attempts than it declares."""

from urllib.parse import unquote

import pytest

from sse_conform import corpus
from sse_conform_scenarios import SCENARIOS

from .rehearsal import Rehearsal, values

SCENES = {scene.id: scene for scene in SCENARIOS}


async def rehearsed(*names: str, status: int = 200) -> Rehearsal:
    stage = Rehearsal(status=status)
    for name in names:
        await SCENES[name].play(stage)
    return stage


async def test_every_text_is_published():
    said = {published.text for published in (await rehearsed("framing.hostile-text")).published}
    assert {text.value for text in corpus.texts()} <= said


async def test_every_last_event_id_is_sent():
    sent = values((await rehearsed("reconnect.malformed-ids")).attempts, "last_event_id")
    assert [each.value for each in corpus.last_event_ids() if not any(each.value in value for value in sent)] == []


async def test_where_the_joined_id_fails_every_one_is_sent_alone():
    sent = values((await rehearsed("reconnect.malformed-ids", status=500)).attempts, "last_event_id")
    assert {malformed.value for malformed in corpus.last_event_ids()} < sent


async def test_every_cursor_is_polled_after():
    queries = [unquote(poll.get("query", "")) for poll in (await rehearsed("polling.pages")).polls]
    assert {f"after={bad.value}" for bad in corpus.cursors()} <= set(queries)


async def test_every_method_is_tried():
    assert {each.method for each in corpus.methods()} == values((await rehearsed("stream.methods")).attempts, "method")


async def test_every_odd_request_is_made_as_written():
    stage = await rehearsed("stream.odd-requests", status=500)
    attempts = {attempt["part"]: attempt for attempt in stage.attempts}
    together = attempts.pop("all-at-once")
    for odd in corpus.odd_requests():
        made = attempts.pop(odd.name)
        assert (dict(made["headers"]), made["without"], made["scheme"]) == (odd.headers, odd.without, odd.scheme)
        assert set(odd.headers.items()) <= set(together["headers"])
        assert set(odd.without) <= set(together["without"])
    assert attempts == {}


async def test_every_alias_hears_or_is_heard_of():
    stage = await rehearsed("isolation.namesakes")
    aliases = corpus.aliases()
    assert stage.namesakes == [alias for alias in aliases if alias.name != "longer"]
    assert {alias.name for alias in aliases} <= {said.to for said in stage.published}
    assert {alias.name for alias in aliases if alias.listens} <= values(stage.attempts, "user")


async def test_every_kind_of_token_is_presented():
    stage = await rehearsed("auth.refusals", "auth.expiry")
    assert {token.name for token in corpus.tokens()} <= values(stage.attempts, "token")


@pytest.mark.parametrize("scene", SCENARIOS, ids=lambda scene: scene.id)
async def test_a_scene_makes_no_more_attempts_than_it_declares(scene):
    stage = await rehearsed(scene.id)
    assert len(stage.attempts) <= scene.most(stage.terms)
