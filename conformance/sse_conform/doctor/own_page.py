"""The service's own page: every selector of the profile is used once, and the one that does not work is named."""

from collections.abc import AsyncIterator, Iterator

from sse_conform.browsing import Device, Outage, OwnPage
from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, Visit
from sse_conform.driver.page_steps import StepError
from sse_conform.entries import PageShowed, Published, TokenKind
from sse_conform.toml_text import toml
from sse_conform.user_interface import UserInterface

#: An event is to be shown within so many seconds beyond the latency budget: the page may be slow, which others judge.
SHOWN_SECONDS = 3.0
#: A page whose session ended is to ask for a login within so many reconnection times, and seconds.
PROMPT_PERIODS, PROMPT_SECONDS = 1.5, 3.0


async def page_checks(visit: Visit) -> AsyncIterator[Check]:
    """Login, event, list, number, connection, the end of the session, logout."""
    ui = visit.profile.ui
    assert ui is not None
    device = await visit.stage.device(ONE, token=TokenKind.MISSING)
    page = await device.use("page")
    try:
        await page.log_in()
        yield Check(name="page login", said=f"the page at {ui.path} opens a stream after it")
        async for check in _shown_checks(visit, page, ui):
            yield check
        yield await _prompt_check(visit, device, page, ui)
        if ui.logout:
            await page.log_in()
            await page.log_out()
            yield Check(name="page logout", said="its steps can be done")
    except StepError as trouble:
        yield Check(name="page", said=trouble.message, fix=trouble.hint)


async def _shown_checks(visit: Visit, page: OwnPage, ui: UserInterface) -> AsyncIterator[Check]:
    published = await visit.stage.publish(ONE, part="page", via=page)
    if ui.create:
        if not published.accepted:
            yield Check(name="page form", said=published.error, fix="check what ui.create fills in and clicks on")
            return
        yield Check(name="page form", said=f"its request answers {published.status}")
    await page.until_shown(published, seconds=visit.world.terms.latency + SHOWN_SECONDS)
    await page.look("shown")
    shown = visit.record.of(PageShowed)[-1]
    yield _list_check(shown, published, ui)
    for check in _place_checks(shown, ui):
        yield check


def _list_check(shown: PageShowed, published: Published, ui: UserInterface) -> Check:
    named = f"ui.notification = {toml(ui.notification)}"
    if any(published.marker in text for text in shown.notifications):
        return Check(name="page list", said=f"{named} names {len(shown.notifications)} entries, the event among them")
    if shown.notifications:
        said = f"{named} names {len(shown.notifications)} entries, none with the text of the event"
        return Check(name="page list", said=said, fix="let it name entries of the list that show the message")
    said = f"{named} matches nothing visible, though there was an event"
    return Check(name="page list", said=said, fix="correct the selector, or open the list in the last step of ui.login")


def _place_checks(shown: PageShowed, ui: UserInterface) -> Iterator[Check]:
    for name in ("unread", "connection"):
        selector, text = getattr(ui, name), getattr(shown, name)
        if selector and text:
            yield Check(name=f"page {name}", said=f"shows {text!r}")
        elif selector:
            said = f"ui.{name} = {toml(selector)} matches nothing visible, or something without text"
            yield Check(name=f"page {name}", said=said, fix=f"correct the selector, or leave out ui.{name}")


async def _prompt_check(visit: Visit, device: Device, page: OwnPage, ui: UserInterface) -> Check:
    """The token expires, and the connection is lost."""
    named = f"ui.prompt = {toml(ui.prompt)}"
    if not device.expire():
        return Check(name="page prompt", said="not tried: the stream of the page carries no token that can be replaced")
    await device.fail(Outage.RESET)
    if await page.until_prompted(seconds=PROMPT_PERIODS * page.retry + PROMPT_SECONDS):
        return Check(name="page prompt", said=f"{named} is shown when the session has ended")
    answered = [stream.status for stream in visit.record.streams if stream.attempt.page][-1]
    said = f"{named} matches nothing visible after the session ended; the last stream got {answered}"
    return Check(name="page prompt", said=said, fix="correct the selector, or let the page ask for a login at 401")
