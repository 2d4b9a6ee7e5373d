"""Rules on what one person causes in a browser and another sees in hers."""

from collections.abc import Iterator

from sse_conform.browser_evidence import PageDelivery, page_deliveries
from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript

_CREATION = "browser.creation"


def created(transcript: Transcript) -> Iterator[PageDelivery]:
    """What was created in a browser, for each page that listened."""
    return page_deliveries(transcript, _CREATION)


@rule(
    "delivery.browser-to-browser",
    level=Level.MUST,
    spec=(plan("Testing"), plan("Goals")),
    over=created,
    scenes=_CREATION,
    needs={Capability.BROWSER, Capability.TRIGGERS},
    timed=True,
    hint="what holds events back for browsers alone: a compression that is not flushed, a declaration they refuse",
)
def is_seen_in_the_other_browser(delivery: PageDelivery, terms: Terms) -> Iterator[Finding]:
    """
    What is created in one browser is seen in another within the latency budget.

    This is the plan's first test, made with native EventSources: vulnerabilities, assignments and admin alerts.
    """
    published, told = delivery.published, delivery.told
    page, kind = delivery.page.opened, published.kind.value
    expected = f"the {kind} in page {page.page} ({page.part}) within {terms.latency:g} s"
    deadline = published.acked + round(terms.latency * SECOND)
    if told is None:
        actual = f"no such event was dispatched there, {page.browser}"
        yield Finding(expected=expected, actual=actual, at=published, since=published.t, until=deadline, excess=SECOND)
    elif told.t > deadline:
        late = (told.t - published.acked) / SECOND
        yield Finding(
            expected=expected,
            actual=f"dispatched {late:.3f} s after the acknowledgement",
            at=published,
            since=published.t,
            until=told.t,
            excess=told.t - deadline,
        )


RULES = (is_seen_in_the_other_browser,)
