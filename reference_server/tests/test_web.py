"""The page and its client module, in a real browser."""

import contextlib
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from playwright.async_api import TimeoutError as NothingCame

from sse_conform.driver.proxy_faults import Blackhole, Hold, Reach, Refuse, Reset

from .support import STREAM

PASSWORD = "correct horse"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
#: Of the module alone: the numbers of its constructor, in milliseconds.
BRISK = {"retry": 100, "slowest": 400, "pollEvery": 200, "silence": 60_000}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=QUIET, chromium_sandbox=False)
        yield launched
        await launched.close()


async def person(browser: Browser, url: str, name: str, **context) -> Page:
    """Somebody new, logged in on the page."""
    page = await (await browser.new_context(base_url=url, **context)).new_page()
    await page.goto("/")
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.locator("#connection")).to_have_text("live")
    return page


async def report(page: Page, title: str, assignee: str = "") -> None:
    form = page.locator("#create")
    await form.get_by_label("Title").fill(title)
    await form.get_by_label("For").fill(assignee)
    await form.get_by_role("button", name="Report").click()
    await expect(form.get_by_label("Title")).to_have_value("")


def messages(page: Page):
    return page.locator("#items .message")


async def follow(page: Page, **numbers: int) -> None:
    """A stream of the module's own on the page, at `window.mine`; its states are kept in `window.states`."""
    await page.evaluate(
        """async (numbers) => {
            const { NotificationStream } = await import("/web/notification-stream.js");
            window.states = [];
            window.mine = new NotificationStream(numbers);
            window.mine.subscribe((state) => window.states.push(state));
            window.mine.start();
        }""",
        BRISK | numbers,
    )


async def until(page: Page, condition: str) -> None:
    """Wait for a condition on `s`, the state of the module's stream."""
    await page.wait_for_function(f"() => {{ const s = window.mine.state; return {condition}; }}")


def attempts(page: Page) -> list[str]:
    """The attempts on the stream route that this page makes from now on."""
    made: list[str] = []
    page.on("request", lambda request: made.append(request.url) if request.url.endswith(STREAM) else None)
    return made


async def test_what_one_person_reports_another_sees_at_once(service, browser):
    alice = await person(browser, service.url, "web-alice")
    bob = await person(browser, service.url, "web-bob")
    await report(alice, "SQL injection in the search form", "web-bob")
    await expect(messages(bob)).to_have_text(["SQL injection in the search form"])
    await expect(bob.locator("#unread")).to_have_text("1")
    await expect(bob).to_have_title("(1) Notifications")
    await expect(messages(alice)).to_have_count(0)


async def test_a_vulnerability_is_assigned_and_its_new_assignee_hears(service, browser):
    carol = await person(browser, service.url, "web-carol")
    dave = await person(browser, service.url, "web-dave")
    await report(carol, "open redirect", "web-carol")
    form = carol.locator("#assign")
    await form.get_by_label("Vulnerability").select_option(label="open redirect")
    await form.get_by_label("To").fill("web-dave")
    await form.get_by_role("button", name="Assign").click()
    await expect(messages(dave)).to_have_text(["open redirect"])
    await expect(dave.locator("#items .type")).to_have_text(["Assigned"])


async def test_an_admin_alerts_and_an_analyst_cannot(start, browser):
    url = start(admin_username="root", admin_password=PASSWORD).url
    analyst = await person(browser, url, "analyst")
    await expect(analyst.locator("#alert")).to_be_hidden()
    page = await (await browser.new_context(base_url=url)).new_page()
    await page.goto("/")
    await page.get_by_label("User name").fill("root")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    form = page.locator("#alert")
    await form.get_by_label("Message").fill("Maintenance at noon")
    await form.get_by_role("button", name="Alert").click()
    await expect(messages(analyst)).to_have_text(["Maintenance at noon"])


async def test_marking_as_read_lowers_the_count(service, browser):
    page = await person(browser, service.url, "web-reader")
    for title in ("first", "second", "third"):
        await report(page, title, "web-reader")
    await page.get_by_role("button", name="Mark as read: second").click()
    await expect(page.locator("#unread")).to_have_text("2")
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.locator("#unread")).to_have_text("0")
    await expect(page.locator("#items li.unread")).to_have_count(0)


async def test_a_mistake_is_said_in_the_form(service, browser):
    page = await person(browser, service.url, "web-clumsy")
    form = page.locator("#create")
    await form.get_by_label("Title").fill("x")
    await form.get_by_label("For").fill("nobody-of-this-name")
    await form.get_by_role("button", name="Report").click()
    await expect(form.get_by_role("alert")).to_have_text("There is no user nobody-of-this-name.")


async def test_text_is_shown_as_text(service, browser):
    page = await person(browser, service.url, "web-hostile")
    text = "<img src=x onerror=alert(1)> & event: notification"
    await report(page, text, "web-hostile")
    await expect(messages(page)).to_have_text([text])


async def test_the_page_is_used_by_keyboard_alone(service, browser):
    page = await (await browser.new_context(base_url=service.url)).new_page()
    await page.goto("/")
    await page.get_by_label("User name").focus()
    await page.keyboard.type("web-keys")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    for _ in range(2):  # over the button to log in
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#connection")).to_have_text("live")
    await page.locator("#bell").press("Enter")
    await expect(page.locator("#notifications")).to_be_focused()


async def test_a_reset_connection_comes_back_and_nothing_is_missed(start, browser, sse_fault_proxy):
    url = start(retry=200).url
    through = {"server": sse_fault_proxy.url, "bypass": "<-loopback>"}
    alice = await person(browser, url, "alice", proxy=through)
    bob = await person(browser, url, "bob")
    refusing = sse_fault_proxy.apply(Refuse())
    sse_fault_proxy.apply(Reset())
    await expect(alice.locator("#connection")).to_have_text("reconnecting")
    for number in range(25):  # more than a snapshot lists
        await report(bob, f"missed {number}", "alice")
    sse_fault_proxy.lift(refusing)
    await expect(alice.locator("#connection")).to_have_text("live")
    await expect(messages(alice)).to_have_text([f"missed {number}" for number in reversed(range(25))])
    await expect(alice.locator("#unread")).to_have_text("25")


async def test_a_line_that_fell_silent_is_opened_anew(start, browser, sse_fault_proxy):
    url = start(heartbeat=0.3, retry=200).url
    through = {"server": sse_fault_proxy.url, "bypass": "<-loopback>"}
    alice = await person(browser, url, "alice", proxy=through)
    bob = await person(browser, url, "bob")
    swallowing = sse_fault_proxy.apply(Blackhole())
    await expect(alice.locator("#connection")).not_to_have_text("live")
    await report(bob, "said meanwhile", "alice")
    sse_fault_proxy.lift(swallowing)
    await expect(messages(alice)).to_have_text(["said meanwhile"])


async def test_an_offline_browser_is_told_so_and_recovers(start, browser):
    url = start(retry=200).url
    page = await person(browser, url, "alice")
    await page.context.set_offline(True)
    await expect(page.locator("#offline")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("#offline")).to_be_hidden()
    await expect(page.locator("#connection")).to_have_text("live")


async def test_an_expired_session_stops_for_good_and_asks_for_a_login(start, browser):
    url = start(token_ttl=2.0, retry=100).url
    page = await person(browser, url, "alice")
    made = attempts(page)
    await expect(page.locator("#login-prompt")).to_be_visible()
    refused = len(made)
    assert refused <= 1
    with contextlib.suppress(NothingCame):  # several retry periods of nothing
        await page.wait_for_event("request", predicate=lambda request: STREAM in request.url, timeout=1000)
    assert len(made) == refused
    await expect(page.locator("#connection")).to_have_text("stopped")


async def test_where_push_is_refused_it_polls_and_returns_to_push(start, browser):
    url = start(limit=1, window=3, retry=500).url
    page = await person(browser, url, "alice")
    await page.reload()
    await expect(page.locator("#connection")).to_have_text("polling, push is refused")
    await report(page, "heard by polling", "alice")
    await expect(messages(page)).to_have_text(["heard by polling"])
    await expect(page.locator("#connection")).to_have_text("live")
    await report(page, "heard by push", "alice")
    await expect(messages(page)).to_have_text(["heard by push", "heard by polling"])


async def test_where_streams_alone_do_not_get_through_it_polls_and_returns_to_push(start, browser, sse_fault_proxy):
    url = start(retry=200).url
    through = {"server": sse_fault_proxy.url, "bypass": "<-loopback>"}
    page = await person(browser, url, "alice", proxy=through)
    await follow(page)
    await until(page, "s.connection === 'live'")
    cutting = sse_fault_proxy.apply(Reset(), reach=Reach.ALL, match=f"*{STREAM}*")
    await until(page, "s.connection === 'polling'")
    await report(page, "heard by polling", "alice")
    await until(page, "s.items.length === 1")
    sse_fault_proxy.lift(cutting)
    await until(page, "s.connection === 'live'")


async def test_a_stream_that_is_held_back_is_replaced_by_polling(start, browser, sse_fault_proxy):
    url = start(retry=200).url
    through = {"server": sse_fault_proxy.url, "bypass": "<-loopback>"}
    page = await person(browser, url, "alice", proxy=through)
    holding = sse_fault_proxy.apply(Hold(), match=f"*{STREAM}*")
    await follow(page)
    await until(page, "s.connection === 'polling'")
    sse_fault_proxy.lift(holding)
    await until(page, "s.connection === 'live'")


async def test_an_answer_to_a_poll_that_comes_when_push_is_back_changes_nothing(start, browser, sse_fault_proxy):
    url = start(retry=200).url
    through = {"server": sse_fault_proxy.url, "bypass": "<-loopback>"}
    page = await person(browser, url, "alice", proxy=through)
    cutting = sse_fault_proxy.apply(Reset(), reach=Reach.ALL, match=f"*{STREAM}*")
    await follow(page, pollEvery=5000)
    await until(page, "s.connection === 'polling'")
    polls = sse_fault_proxy.apply(Hold(), match="*/api/notifications?after=*")
    await page.evaluate("window.mine.start()")
    await until(page, "s.connection === 'reconnecting'")
    sse_fault_proxy.lift(cutting)
    await until(page, "s.connection === 'live'")
    before = await page.evaluate("window.states.length")
    sse_fault_proxy.lift(polls)
    await report(page, "heard by push", "alice")
    await until(page, "s.items.length === 1 && s.unread === 1")
    assert await page.evaluate(f"window.states.slice({before}).every((state) => state.connection === 'live')")


async def test_whoever_uses_keys_keeps_the_place_when_the_list_changes(service, browser):
    page = await person(browser, service.url, "web-focus")
    for title in ("first", "second"):
        await report(page, title, "web-focus")
    second = page.get_by_role("button", name="Mark as read: second")
    first = page.get_by_role("button", name="Mark as read: first")
    await first.focus()
    await report(page, "third", "web-focus")
    await first.focus()
    await page.evaluate(
        """() => fetch("/api/vulnerabilities", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ title: "fourth" }),
        })"""
    )
    await expect(messages(page)).to_have_text(["fourth", "third", "second", "first"])
    await expect(first).to_be_focused()
    await second.focus()
    await page.keyboard.press("Enter")
    await expect(first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#notifications")).to_be_focused()


async def test_a_logout_ends_the_stream(service, browser, client):
    page = await person(browser, service.url, "web-leaver")
    before = await client.metric("sse_open_connections")
    await page.get_by_role("button", name="Log out").click()
    await client.metric_reaches("sse_open_connections", before - 1)
    await expect(page.locator("#login")).to_be_visible()
    await expect(page.locator("#login-prompt")).to_be_hidden()


async def test_the_module_keeps_the_50_newest_each_once(service, browser):
    page = await person(browser, service.url, "web-collector")
    await follow(page)
    await until(page, "s.connection === 'live'")
    for number in range(55):
        await report(page, f"n{number}", "web-collector")
    await until(page, "s.unread === 55 && s.items.length === 50")
    shown = await page.evaluate("window.mine.state.items.map((item) => item.message)")
    assert shown == [f"n{number}" for number in reversed(range(5, 55))]


async def test_a_ping_changes_nothing(start, browser):
    page = await person(browser, start(heartbeat=0.2).url, "alice")
    await follow(page)
    await until(page, "s.connection === 'live'")
    heard = await page.evaluate(
        f"""async () => {{
            const before = window.states.length;
            const source = new EventSource("{STREAM}");
            for (let pings = 0; pings < 3; pings += 1)
                await new Promise((resolve) => source.addEventListener("ping", resolve, {{ once: true }}));
            source.close();
            return window.states.length - before;
        }}"""
    )
    assert heard == 0


async def test_a_stopped_module_closes_its_stream_and_stays_silent(service, browser, client):
    page = await person(browser, service.url, "web-unmounted")
    before = await client.metric("sse_open_connections")
    await follow(page)
    await client.metric_reaches("sse_open_connections", before + 1)
    await page.evaluate("window.mine.stop()")
    await client.metric_reaches("sse_open_connections", before)
    states = await page.evaluate("window.states.length")
    await report(page, "unheard", "web-unmounted")
    await expect(messages(page)).to_have_text(["unheard"])
    assert await page.evaluate("window.states.length") == states


async def test_a_page_in_the_cache_holds_no_connection(service, browser, client):
    page = await person(browser, service.url, "web-wanderer")
    before = await client.metric("sse_open_connections")
    await page.goto("/web/app.css")
    await client.metric_reaches("sse_open_connections", before - 1)
    await page.go_back()
    await expect(page.locator("#connection")).to_have_text("live")


async def test_the_page_loads_nothing_from_elsewhere(service, client):
    answer = await client.http.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "://" not in answer.text
    assert (await client.http.get("/web/nothing.js")).status_code == 404


async def test_a_user_is_found_by_the_exact_name(service, client):
    user = await client.account("web-exact")
    found = (await user.get("/api/users", username="web-exact")).json()
    assert found == {"items": [{"id": user.id, "username": "web-exact"}]}
    assert (await user.get("/api/users", username="web-exac")).json() == {"items": []}
    assert (await client.http.get("/api/users", params={"username": "web-exact"})).status_code == 401
    assert (await user.get("/api/users/me")).json() == {"id": user.id, "username": "web-exact", "role": "analyst"}
