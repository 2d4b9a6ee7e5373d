"""Where the proxy cuts nothing, no rule that rests on a cut passes: a browser that was never away proves no return."""

import pytest

from sse_conform import scene_packs
from sse_conform.browser_entries import Deed
from sse_conform.driver.proxy_connection import ProxyConnection
from sse_conform.entries import Relayed
from sse_conform.profile import BrowserChoice, Engine
from sse_conform.promises import Declared
from sse_conform.rules import BY_ID
from sse_conform.verdict import Outcome
from sse_conform_scenarios.browser import away, own_page, tabs

from ...tiny_page import UI, serve_page
from ...tiny_target import play_on
from .conftest import NUMBERS

#: By the scenes that have to be played for them.
RESTING_ON_CUTS = {
    ("browser.offline", "browser.offline-long"): ("reconnect.after-offline",),
    ("browser.offline", "browser.drops", "browser.silence"): (
        "client.honours-retry-native",
        "client.reconnects-native",
        "reconnect.after-faults-browser",
    ),
    ("browser.offline", "browser.tabs"): ("client.stops-at-401-native",),
    ("page.list",): (
        "client.honours-retry-ui",
        "client.reconnects-ui",
        "client.reconnects-ui-once",
        "client.snapshot-replaces",
    ),
    ("page.fallback",): (
        "client.backs-off-ui",
        "client.fallback-is-lossless",
        "client.falls-back",
        "client.falls-back-returns",
    ),
    ("page.session",): ("client.stops-at-401-ui", "client.stops-at-401-ui-login"),
}
#: They look at what happens while the network works.
OTHERS = {
    "client.backs-off-native",
    "client.hidden-catches-up",
    "client.keeps-newest",
    "client.ping-changes-nothing",
    "client.unmount-closes",
    "delivery.browser-to-browser",
    "delivery.browser-to-browser-ui",
    "delivery.every-tab-browser",
    "framing.browser-dispatches",
    "reconnect.after-faults-page",
    "reconnect.after-faults-restart",
}


@pytest.fixture(autouse=True)
def harmless(theatre, monkeypatch):
    serve_page(theatre.target)
    monkeypatch.setattr(ProxyConnection, "cut", lambda _connection, _how: None)
    for scenes in (away, tabs):
        monkeypatch.setattr(scenes, "NOTICE_SECONDS", 0.2)
    monkeypatch.setattr(own_page, "RETURN_SECONDS", 0.2)


def test_of_every_rule_in_a_browser_it_is_known_whether_it_rests_on_a_cut():
    resting = {rule for rules in RESTING_ON_CUTS.values() for rule in rules}
    assert resting | OTHERS == {rule.id for rule in BY_ID.values() if rule.in_browser}
    assert not resting & OTHERS


@pytest.mark.parametrize(("scenes", "rules"), RESTING_ON_CUTS.items(), ids="+".join)
async def test_what_rests_on_a_cut_is_untested_without_one(scenes, rules, theatre):
    catalogue, chosen = scene_packs.load(), tuple(BY_ID[rule] for rule in rules)
    settings = {
        "browser": BrowserChoice(engine=Engine.CHROMIUM),
        "numbers": NUMBERS,
        "ui": UI,
        "capabilities": Declared(polling=True),
    }
    result = await play_on(theatre.target, *(catalogue[scene] for scene in scenes), rules=chosen, **settings)
    assert {verdict.rule: verdict.outcome for verdict in result.report.verdicts} == dict.fromkeys(
        rules, Outcome.UNTESTED
    )
    assert [entry for entry in result.transcript.of(Relayed) if entry.deed is Deed.CUT] == []
