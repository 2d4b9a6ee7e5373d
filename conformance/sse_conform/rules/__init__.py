"""
Every rule, by the headings of the contract.

A rule is pure: it imports no driver, no clock, no HTTP, and looks at nothing but the transcript.
"""

from sse_conform.rule import Rule
from sse_conform.rules import (
    auth,
    browser_delivery,
    browser_return,
    cors,
    delivery,
    delivery_content,
    expiry,
    framing,
    framing_clients,
    framing_text,
    heartbeat,
    isolation,
    logout,
    metrics,
    metrics_counts,
    override,
    polling,
    polling_pages,
    privacy,
    rate_limit,
    reconnect,
    refusal_content,
    requests,
    resume,
    slow_reader,
    snapshot,
    snapshot_content,
    stream,
    stream_life,
)

ALL: tuple[Rule, ...] = (
    *stream.RULES,
    *stream_life.RULES,
    *requests.RULES,
    *framing.RULES,
    *framing_text.RULES,
    *framing_clients.RULES,
    *auth.RULES,
    *refusal_content.RULES,
    *override.RULES,
    *logout.RULES,
    *expiry.RULES,
    *snapshot.RULES,
    *snapshot_content.RULES,
    *delivery.RULES,
    *delivery_content.RULES,
    *slow_reader.RULES,
    *browser_delivery.RULES,
    *isolation.RULES,
    *privacy.RULES,
    *heartbeat.RULES,
    *reconnect.RULES,
    *resume.RULES,
    *browser_return.RULES,
    *polling.RULES,
    *polling_pages.RULES,
    *metrics.RULES,
    *metrics_counts.RULES,
    *cors.RULES,
    *rate_limit.RULES,
)

#: The rules by id.
BY_ID: dict[str, Rule] = {each.id: each for each in ALL}
