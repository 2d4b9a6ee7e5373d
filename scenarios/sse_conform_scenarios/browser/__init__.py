"""Scenes that play in real browsers, with the network really cut."""

from sse_conform.scenario import Scenario
from sse_conform_scenarios.browser import away, creation, own_page, tabs

SCENARIOS: tuple[Scenario, ...] = (*creation.SCENARIOS, *away.SCENARIOS, *tabs.SCENARIOS, *own_page.SCENARIOS)
