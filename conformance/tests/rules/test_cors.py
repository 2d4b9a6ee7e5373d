"""What a preflight has to admit depends on how the token travels."""

from typing import Any

import msgspec
import pytest

from sse_conform.entries import TokenKind
from sse_conform.rules import BY_ID
from sse_conform.rules.cors import admits_no_stranger, preflight_admits_headers
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, Verdict, judge

from ..records import completed, exchanged, ns, snapshot, stream, transcript

SCENE = "cors.origins"
ORIGIN = "https://app.example"


def verdict(
    admitted: str,
    *capabilities: Capability,
    origin: str = ORIGIN,
    headers: tuple[tuple[str, str], ...] = (),
    status: int = 204,
) -> Verdict:
    preflight = stream(
        scene=SCENE,
        part="preflight",
        method="OPTIONS",
        token=TokenKind.MISSING,
        status=status,
        headers=(("access-control-allow-headers", admitted), ("access-control-allow-origin", origin), *headers),
    )
    recorded = transcript(
        preflight,
        completed(SCENE),
        terms=Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS, *capabilities)),
        scenes=(SCENE,),
    )
    return judge(preflight_admits_headers, recorded)


def judged(admitted: str, *capabilities: Capability, **answer: Any) -> Outcome:
    return verdict(admitted, *capabilities, **answer).outcome


def test_a_service_with_bearer_tokens_admits_authorization():
    assert judged("Last-Event-ID", Capability.BEARER) is Outcome.FAIL
    assert judged("Authorization, Last-Event-ID", Capability.BEARER) is Outcome.PASS


def test_a_service_with_cookies_need_not_admit_authorization():
    assert judged("Content-Type, Last-Event-ID") is Outcome.PASS


@pytest.mark.parametrize("capabilities", [(), (Capability.BEARER,)])
def test_every_service_admits_last_event_id(capabilities):
    assert judged("Authorization", *capabilities) is Outcome.FAIL


@pytest.mark.parametrize(("origin", "outcome"), [("*", Outcome.PASS), ("https://app.example.net", Outcome.FAIL)])
def test_the_origin_is_admitted_by_its_exact_name_or_with_all_others(origin, outcome):
    assert judged("Last-Event-ID", origin=origin) is outcome


def test_the_origin_that_is_admitted_instead_is_named():
    (breach,) = verdict("Last-Event-ID", origin="https://app.example.net").breaches
    assert breach.actual == "https://app.example.net"


@pytest.mark.parametrize(("status", "said"), [(200, []), (299, []), (199, ["199"]), (300, ["300"]), (401, ["401"])])
def test_only_an_answer_with_a_status_of_success_gives_leave(status, said):
    assert [breach.actual for breach in verdict("Last-Event-ID", status=status).breaches] == said


def test_a_wildcard_admits_every_name_but_authorization():
    assert judged("*") is Outcome.PASS
    assert judged("*", Capability.BEARER) is Outcome.FAIL
    assert judged("*, Authorization", Capability.BEARER) is Outcome.PASS


def test_a_wildcard_is_a_mere_name_where_credentials_are_sent():
    assert judged("*", headers=(("access-control-allow-credentials", "true"),)) is Outcome.FAIL


ALLOW, CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"
STRANGER = "https://app.example.evilapp.example"


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ((), Outcome.PASS),
        (((ALLOW, STRANGER), (CREDENTIALS, "true")), Outcome.FAIL),
        (((ALLOW, "*"), (CREDENTIALS, "True")), Outcome.FAIL),
        (((ALLOW, "*"),), Outcome.PASS),
        (((ALLOW, ORIGIN), (CREDENTIALS, "true")), Outcome.PASS),
    ],
    ids=["none", "echoed", "wildcard", "wildcard without credentials", "always the same"],
)
def test_a_stranger_is_admitted_neither_to_the_stream_nor_to_polls(headers, outcome):
    asked = stream((1.0, snapshot()), scene=SCENE, part="stranger", headers=())
    asked[0] = msgspec.structs.replace(asked[0], headers=(("origin", STRANGER),))
    answered = exchanged(scene=SCENE, part="stranger", t=ns(2), headers=headers)
    terms = Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS,))
    recorded = transcript(asked, answered, completed(SCENE), terms=terms, scenes=(SCENE,))
    assert judge(BY_ID["cors.allowlist-strangers"], recorded).outcome is outcome


@pytest.mark.parametrize("changes", [{"status": 429}, {"status": 0}, {"part": "other"}, {"scene": "other"}], ids=str)
def test_a_poll_that_was_limited_or_is_of_somebody_else_tells_nothing_of_strangers(changes):
    asked = stream((1.0, snapshot()), scene=SCENE, part="stranger", headers=())
    asked[0] = msgspec.structs.replace(asked[0], headers=(("origin", STRANGER),))
    poll = {"scene": SCENE, "part": "stranger", "t": ns(2), "headers": ((ALLOW, STRANGER), (CREDENTIALS, "true"))}
    terms = Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS,))
    recorded = transcript(asked, exchanged(**poll | changes), completed(SCENE), terms=terms, scenes=(SCENE,))
    found = judge(BY_ID["cors.allowlist-strangers"], recorded)
    assert (found.outcome, found.observations) == (Outcome.PASS, 1)


NAMED = (ALLOW, ORIGIN)


def varies(*vary: str, stranger: tuple[tuple[str, str], ...] = (), nobody: tuple[tuple[str, str], ...] = ()) -> Verdict:
    """What is said of an answer to the admitted origin, beside what a stranger and a page without one were told."""
    event_stream = ("content-type", "text/event-stream")
    admitted = stream(
        (1.0, snapshot()), scene=SCENE, part="admitted", headers=(event_stream, NAMED, *(("vary", v) for v in vary))
    )
    asked = stream((1.0, snapshot()), scene=SCENE, part="stranger", conn=2, headers=(event_stream, *stranger))
    for lines, origin in ((admitted, ORIGIN), (asked, STRANGER)):
        lines[0] = msgspec.structs.replace(lines[0], headers=(("origin", origin),))
    ordinary = stream((1.0, snapshot()), scene="preflight", part="control", conn=3, headers=(event_stream, *nobody))
    terms = Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS,))
    recorded = transcript(admitted, asked, ordinary, completed(SCENE), terms=terms, scenes=(SCENE,))
    return judge(BY_ID["cors.allowlist-vary"], recorded)


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (("Origin",), []),
        (("Accept-Encoding, origin",), []),
        (("Accept-Encoding", "Origin"), []),
        (("*",), []),
        ((), ["Vary: none"]),
        (("Accept-Encoding",), ["Vary: accept-encoding"]),
        (("X-Origin-Id", "Cookie"), ["Vary: x-origin-id,cookie"]),
    ],
)
def test_an_answer_that_depends_on_the_origin_says_so_by_its_exact_name(vary, said):
    assert [breach.actual for breach in varies(*vary).breaches] == said


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"stranger": (NAMED,), "nobody": (NAMED,)}, Outcome.PASS),
        ({"stranger": (NAMED,)}, Outcome.FAIL),
        ({"nobody": (NAMED,)}, Outcome.FAIL),
        ({"stranger": ((ALLOW, STRANGER),), "nobody": (NAMED,)}, Outcome.FAIL),
    ],
    ids=["the same", "whoever has an origin", "all but strangers", "an echo"],
)
def test_an_answer_that_is_the_same_for_all_does_not_vary(told, outcome):
    assert varies(**told).outcome is outcome


@pytest.mark.parametrize(
    ("part", "admitted", "outcome"),
    [
        ("nobody", "null", Outcome.FAIL),
        ("stranger", "null", Outcome.PASS),
        ("other-port", "https://app.example:49151", Outcome.FAIL),
        ("dotless", "https://appxexample", Outcome.FAIL),
        ("dotless", ORIGIN, Outcome.PASS),
    ],
)
def test_no_page_that_is_like_the_admitted_one_is_admitted_to_polls(part, admitted, outcome):
    asked = stream((1.0, snapshot()), scene=SCENE, part="stranger", headers=())
    answer = ((ALLOW, admitted), (CREDENTIALS, "true"))
    answered = exchanged(scene=SCENE, part=part, t=ns(2), headers=answer)
    terms = Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS,))
    recorded = transcript(asked, answered, completed(SCENE), terms=terms, scenes=(SCENE,))
    assert judge(BY_ID["cors.allowlist-strangers"], recorded).outcome is outcome


@pytest.mark.parametrize("origin", ["https://app.example.stranger.example", "https://evilapp.example", "null"])
def test_no_stranger_is_admitted_with_credentials_by_name_or_with_all_others(origin):
    def outcome(allowed, credentials="true"):
        answer = (("access-control-allow-origin", allowed), ("access-control-allow-credentials", credentials))
        attempt, *rest = stream(scene=SCENE, part="stranger", headers=answer)
        asking = msgspec.structs.replace(attempt, headers=(("origin", origin),))
        terms = Terms(allowed_origin=ORIGIN, capabilities=(Capability.CORS,))
        recorded = transcript([asking, *rest], completed(SCENE), terms=terms, scenes=(SCENE,))
        return judge(admits_no_stranger, recorded).outcome

    assert outcome(origin) is outcome("*") is Outcome.FAIL
    assert outcome(ORIGIN) is outcome(origin, "false") is Outcome.PASS
