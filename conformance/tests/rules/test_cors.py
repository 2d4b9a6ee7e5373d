"""What a preflight has to admit depends on how the token travels."""

import pytest

from sse_conform.entries import TokenKind
from sse_conform.rules.cors import preflight_admits_headers
from sse_conform.spec import Capability
from sse_conform.terms import Terms
from sse_conform.verdict import Outcome, judge

from ..records import completed, stream, transcript

SCENE = "cors.origins"


def judged(admitted: str, *capabilities: Capability) -> Outcome:
    preflight = stream(
        scene=SCENE,
        part="preflight",
        method="OPTIONS",
        token=TokenKind.MISSING,
        status=204,
        headers=(("access-control-allow-headers", admitted),),
    )
    recorded = transcript(
        preflight, completed(SCENE), terms=Terms(capabilities=(Capability.CORS, *capabilities)), scenes=(SCENE,)
    )
    return judge(preflight_admits_headers, recorded).outcome


def test_a_service_with_bearer_tokens_admits_authorization():
    assert judged("Last-Event-ID", Capability.BEARER) is Outcome.FAIL
    assert judged("Authorization, Last-Event-ID", Capability.BEARER) is Outcome.PASS


def test_a_service_with_cookies_need_not_admit_authorization():
    assert judged("Content-Type, Last-Event-ID") is Outcome.PASS


@pytest.mark.parametrize("capabilities", [(), (Capability.BEARER,)])
def test_every_service_admits_last_event_id(capabilities):
    assert judged("Authorization", *capabilities) is Outcome.FAIL
