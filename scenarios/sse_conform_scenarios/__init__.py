"""The scenes of sse-conform: what is done to a target. The judge finds them by the entry point, as other packs."""

from sse_conform.scenario import Scenario
from sse_conform_scenarios import (
    auth,
    browser,
    busy,
    content,
    cors,
    crowd,
    delivery,
    expiry,
    idle,
    instances,
    isolation,
    metrics,
    polling,
    rate_limit,
    reconnect,
    requests,
    shutdown,
    snapshot,
)

SCENARIOS: tuple[Scenario, ...] = (
    *idle.SCENARIOS,
    *busy.SCENARIOS,
    *requests.SCENARIOS,
    *auth.SCENARIOS,
    *expiry.SCENARIOS,
    *snapshot.SCENARIOS,
    *delivery.SCENARIOS,
    *crowd.SCENARIOS,
    *content.SCENARIOS,
    *isolation.SCENARIOS,
    *reconnect.SCENARIOS,
    *polling.SCENARIOS,
    *metrics.SCENARIOS,
    *instances.SCENARIOS,
    *cors.SCENARIOS,
    *rate_limit.SCENARIOS,
    *shutdown.SCENARIOS,
    *browser.SCENARIOS,
)
