"""
The pytest plugin: ``pytest --conform-target URL`` judges a target beside the tests of a project, one item a rule.

pytest imports this module in every run of everybody who has the suite installed, so it imports nothing heavy: what does
the work is :mod:`sse_conform.pytest_items`, loaded once a target or a profile is named.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sse_conform.driver.proxy_thread import BackgroundProxy

NAME = "sse-conform"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("sse-conform", "conformance of a Server-Sent-Events notification service")
    group.addoption("--conform-target", metavar="URL", help="judge this service; 'embedded' is the reference server")
    group.addoption("--conform-profile", metavar="FILE", help="its target profile in TOML")
    group.addoption("--conform-browser", metavar="ENGINE", help="judge in a browser too: chromium, firefox, webkit")
    group.addoption(
        "--conform-quick", action="store_true", help="judge the most telling rules alone, with at most 36 attempts"
    )
    group.addoption("--conform-strict", action="store_true", help="a breach of a SHOULD fails too")


def pytest_configure(config: pytest.Config) -> None:
    """Take part only where a target or a profile was named."""
    target, profile = config.getoption("--conform-target"), config.getoption("--conform-profile")
    if not target and not profile:
        return
    from sse_conform.pytest_items import Conformance  # noqa: PLC0415 - heavy

    config.pluginmanager.register(Conformance(config), NAME)


@pytest.fixture
def sse_fault_proxy() -> "Iterator[BackgroundProxy]":
    """A forward proxy on a free loopback port that resets, closes, delays, ... connections on demand."""
    from sse_conform.driver.proxy_thread import BackgroundProxy  # noqa: PLC0415 - only for tests that ask for it

    with BackgroundProxy() as proxy:
        yield proxy
