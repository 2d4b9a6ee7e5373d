"""The scenes in which the network of a page fails, and that their rules pass on nothing that the proxy did not see."""

import pytest

from sse_conform import scene_packs
from sse_conform.browser_absences import absences
from sse_conform.driver.fault_proxy import FaultProxy
from sse_conform.driver.proxy_faults import Reset
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.rules import BY_ID
from sse_conform.verdict import Outcome
from sse_conform_scenarios.browser import away

from ...tiny_target import Reply, TinyTarget, play_on, tiny_target
from .conftest import NUMBERS

RETRY = b"retry: 200\n\n"


def in_haste(target: TinyTarget) -> None:
    """Let browsers come back soon."""
    stream = target.routes["GET /stream"]

    async def handler(request, writer):
        reply = await stream(request, writer)
        if reply is None:
            writer.write(RETRY)
        return reply

    target.routes["GET /stream"] = handler


async def play(target, scene, *rules):
    in_haste(target)
    chosen = tuple(BY_ID[rule] for rule in rules)
    browser = BrowserChoice(engine=Engine.CHROMIUM)
    result = await play_on(target, scene_packs.load()[scene], rules=chosen, browser=browser, numbers=NUMBERS)
    return result.transcript, {verdict.rule: verdict for verdict in result.report.verdicts}


async def test_a_browser_that_was_offline_is_judged_by_what_it_missed(theatre):
    transcript, verdicts = await play(theatre.target, "browser.offline", "reconnect.after-offline")
    verdict = verdicts["reconnect.after-offline"]
    assert (verdict.outcome, verdict.observations) == (
        Outcome.PASS,
        2 * (2 + 1) + 2 * 2,
    )  # who is long away, misses all
    assert [absence.how for absence in absences(transcript)] == ["offline-8", "offline-0.2", "offline-2"]


async def test_over_tls_a_browser_is_judged_by_the_same(server_tls):
    async with tiny_target(server_tls) as target:
        transcript, verdicts = await play(target, "browser.offline", "reconnect.after-offline")
    assert verdicts["reconnect.after-offline"].outcome is Outcome.PASS
    assert [absence.how for absence in absences(transcript)] == ["offline-8", "offline-0.2", "offline-2"]


async def test_over_tls_each_way_to_lose_a_connection_is_seen(server_tls):
    async with tiny_target(server_tls) as target:
        rules = ("client.honours-retry-native", "reconnect.after-faults-browser")
        transcript, verdicts = await play(target, "browser.drops", *rules)
    assert {verdict.findings for verdict in verdicts.values()} == {0}
    hows = [absence.how for absence in absences(transcript)]
    assert list(dict.fromkeys(hows)) == ["reset", "close", "refused", "flapping", "gateway"]


async def test_where_nothing_was_really_cut_being_offline_is_untested(theatre, monkeypatch):
    apply = FaultProxy.apply

    def harmless(proxy, fault, **how):
        return None if isinstance(fault, Reset) else apply(proxy, fault, **how)

    monkeypatch.setattr(FaultProxy, "apply", harmless)
    monkeypatch.setattr(away, "NOTICE_SECONDS", 0.2)
    transcript, verdicts = await play(theatre.target, "browser.offline", "reconnect.after-offline")
    assert verdicts["reconnect.after-offline"].outcome is Outcome.UNTESTED
    assert list(absences(transcript)) == []


async def test_each_way_to_lose_a_connection_is_seen(theatre):
    rules = ("client.reconnects-native", "client.honours-retry-native", "reconnect.after-faults-browser")
    transcript, verdicts = await play(theatre.target, "browser.drops", *rules)
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
    _, verdicts = await play(theatre.target, "browser.drops", "client.reconnects-native")
    verdict = verdicts["client.reconnects-native"]
    assert verdict.outcome is Outcome.FAIL
    assert f"after {status}" in verdict.breaches[0].actual
