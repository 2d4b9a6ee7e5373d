"""The scenes in which the network of a page fails, and that their rules pass on nothing that the proxy did not see."""

import pytest

from sse_conform import scene_packs
from sse_conform.browser_absences import absences
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.rules import BY_ID
from sse_conform.verdict import Outcome

from ...tiny_target import Reply, TinyTarget, play_on, tiny_target
from .conftest import NUMBERS

RETRY = b"retry: 200\n\n"
OFFLINE, DROPS = ("browser.offline", "browser.offline-long"), ("browser.drops",)


def in_haste(target: TinyTarget) -> None:
    """Let browsers come back soon."""
    stream = target.routes["GET /stream"]

    async def handler(request, writer):
        reply = await stream(request, writer)
        if reply is None:
            writer.write(RETRY)
        return reply

    target.routes["GET /stream"] = handler


async def play(target, scenes, *rules):
    in_haste(target)
    chosen, catalogue = tuple(BY_ID[rule] for rule in rules), scene_packs.load()
    browser = BrowserChoice(engine=Engine.CHROMIUM)
    played = [catalogue[scene] for scene in scenes]
    result = await play_on(target, *played, rules=chosen, browser=browser, numbers=NUMBERS)
    return result.transcript, {verdict.rule: verdict for verdict in result.report.verdicts}


async def test_a_browser_that_was_offline_is_judged_by_what_it_missed(theatre):
    transcript, verdicts = await play(theatre.target, OFFLINE, "reconnect.after-offline")
    verdict = verdicts["reconnect.after-offline"]
    assert (verdict.outcome, verdict.observations) == (Outcome.PASS, 6)
    assert {absence.how for absence in absences(transcript)} == {"offline-0.2", "offline-2", "offline-8"}


async def test_over_tls_a_browser_is_judged_by_the_same(server_tls):
    async with tiny_target(server_tls) as target:
        transcript, verdicts = await play(target, OFFLINE, "reconnect.after-offline")
    assert verdicts["reconnect.after-offline"].outcome is Outcome.PASS
    assert {absence.how for absence in absences(transcript)} == {"offline-0.2", "offline-2", "offline-8"}


async def test_over_tls_each_way_to_lose_a_connection_is_seen(server_tls):
    async with tiny_target(server_tls) as target:
        rules = ("client.honours-retry-native", "reconnect.after-faults-browser")
        transcript, verdicts = await play(target, DROPS, *rules)
    assert {verdict.findings for verdict in verdicts.values()} == {0}
    hows = [absence.how for absence in absences(transcript)]
    assert list(dict.fromkeys(hows)) == ["reset", "close", "refused", "flapping", "gateway"]


async def test_each_way_to_lose_a_connection_is_seen(theatre):
    rules = ("client.reconnects-native", "client.honours-retry-native", "reconnect.after-faults-browser")
    transcript, verdicts = await play(theatre.target, DROPS, *rules)
    assert {verdict.findings for verdict in verdicts.values()} == {0}
    hows = [absence.how for absence in absences(transcript)]
    assert list(dict.fromkeys(hows)) == ["reset", "close", "refused", "flapping", "gateway"]


@pytest.mark.parametrize("status", [204, 409])
async def test_a_page_that_is_refused_when_it_comes_back_is_a_breach(theatre, status):
    in_haste(theatre.target)
    first = theatre.target.routes["GET /stream"]

    async def handler(request, writer):
        browsers = [seen for seen in theatre.target.seen("GET /stream") if "Mozilla" in seen.headers["user-agent"]]
        return Reply(status, body=b"") if len(browsers) == 2 else await first(request, writer)

    theatre.target.routes["GET /stream"] = handler
    _, verdicts = await play(theatre.target, DROPS, "client.reconnects-native")
    verdict = verdicts["client.reconnects-native"]
    assert verdict.outcome is Outcome.FAIL
    assert f"after {status}" in verdict.breaches[0].actual
