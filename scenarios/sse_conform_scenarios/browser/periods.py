"""The reconnection time, by which everything is reckoned that happens to a page."""

from sse_conform.terms import Terms

#: Chromium's and WebKit's own, in seconds.
USUAL_RETRY = 3.0
#: A page that was refused is watched for so many of them: it may ask no more.
STOPPED_PERIODS = 3.0
#: A page that is refused gives up within so many seconds, also on a busy machine.
NOTICE_SECONDS = 5.0


def period(terms: Terms) -> float:
    """The reconnection time to reckon with, in seconds."""
    return terms.retry / 1000 if terms.retry else USUAL_RETRY
