"""Profiles whose [ui] has one mistake, against the page of the reference server: which selector is named."""

from collections.abc import Iterator
from typing import Any

import pytest

from sse_conform.doctor.check import Check
from sse_conform.doctor.examination import examine
from sse_conform.doctor.visit import MOST_ATTEMPTS, PAGE_ATTEMPTS
from sse_conform.embedded import Embedded
from sse_conform.profile_file import load_profile
from sse_conform.rules import ALL
from sse_conform.run_events import RunEvent

LOGIN = [
    {"fill": "#login [name=username]", "value": "{username}"},
    {"fill": "#login [name=password]", "value": "{password}"},
    {"click": "#login [value=login]"},
]
FORM = [{"fill": "#create [name=title]", "value": "{text}"}, {"click": "#create button"}]
ADDRESSES = (f"127.0.2.{number}" for number in range(1, 255))


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with Embedded(compressed=True) as running:
        yield running


def silent(event: RunEvent, /) -> None:
    pass


async def page_checks(server: Embedded, **changes: Any) -> list[Check]:
    """The checks of the page, with these keys of [ui]."""
    overrides = {**server.overrides, "source_addresses": [next(ADDRESSES)], "browser.engine": "chromium"}
    overrides |= {f"ui.{name}": value for name, value in changes.items()}
    profile = load_profile(file=server.profile_file(), overrides=overrides, environ=server.secrets)
    checks = [check async for check in examine(profile, ALL, listener=silent)]
    (cost,) = [check.said for check in checks if check.name == "cost"]
    assert int(cost.split()[0]) <= MOST_ATTEMPTS + PAGE_ATTEMPTS
    return [check for check in checks if check.name.startswith("page")]


async def test_a_page_in_order_passes_every_check(server: Embedded) -> None:
    checks = await page_checks(server)
    assert [check for check in checks if not check.ok] == []
    assert [check.name for check in checks] == [
        "page login", "page form", "page list", "page unread", "page connection", "page prompt", "page logout",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        (
            {"login": [{**LOGIN[0], "fill": "#user"}, *LOGIN[1:]]},
            "page",
            'ui.login[0].fill = "#user" matches nothing visible on http://127.0.0.1',
        ),
        ({"login": [*LOGIN[:2], {"click": "#bell, #login h2"}]}, "page", "the page asks for no stream then"),
        ({"prompt": "header"}, "page", 'ui.prompt = "header" is still visible'),
        ({"notification": "#list li"}, "page list", 'ui.notification = "#list li" matches nothing visible'),
        ({"notification": "#items time"}, "page list", "none with the text of the event"),
        ({"unread": "#[unread"}, "page", 'ui.unread = "#[unread" is no CSS selector'),
        ({"unread": "#badge"}, "page unread", 'ui.unread = "#badge" matches nothing visible'),
        ({"prompt": "#no-such-prompt"}, "page prompt", 'ui.prompt = "#no-such-prompt" matches nothing visible'),
        ({"create": [*FORM[:1], {"click": "#go"}]}, "page", 'ui.create[1].click = "#go" matches nothing visible'),
        ({"logout": [{"click": "#bye"}]}, "page", 'ui.logout[0].click = "#bye" matches nothing visible'),
    ],
)
async def test_the_selector_that_does_not_work_is_named(
    server: Embedded, changes: dict[str, Any], name: str, said: str
) -> None:
    (problem,) = [check for check in await page_checks(server, **changes) if not check.ok]
    assert problem.name == name
    assert said in problem.said


async def test_where_a_selector_matches_nothing_what_could_be_used_is_named(server: Embedded) -> None:
    (problem,) = await page_checks(server, login=[{**LOGIN[0], "fill": "#user"}, *LOGIN[1:]])
    assert "input[name=username], input[name=password], button[name=act]" in problem.fix


async def test_without_a_browser_the_page_is_not_looked_at(server: Embedded) -> None:
    overrides = {**server.overrides, "source_addresses": [next(ADDRESSES)]}
    profile = load_profile(file=server.profile_file(), overrides=overrides, environ=server.secrets)
    checks = [check.name async for check in examine(profile, ALL, listener=silent)]
    assert [name for name in checks if name.startswith("page")] == []
