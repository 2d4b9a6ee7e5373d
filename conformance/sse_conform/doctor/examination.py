"""All checks in order; what cannot mean anything without what failed before is not tried."""

from collections.abc import AsyncIterator, Iterable, Iterator

from sse_conform.doctor.accounts import account_checks
from sse_conform.doctor.carriers import taken_otherwise
from sse_conform.doctor.check import Check
from sse_conform.doctor.control import control_checks
from sse_conform.doctor.lacks import lack_checks, unclaimed_checks
from sse_conform.doctor.network import network_checks
from sse_conform.doctor.numbers import number_checks
from sse_conform.doctor.own_page import page_checks
from sse_conform.doctor.services import service_checks
from sse_conform.doctor.steps import not_tried, steps_after, steps_of, trigger_steps
from sse_conform.doctor.stream import stream_checks
from sse_conform.doctor.tokens import key_checks, token_checks
from sse_conform.doctor.triggers import trigger_checks
from sse_conform.doctor.visit import ONE, OTHER, Visit, visiting
from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.errors import TargetError
from sse_conform.profile import BrowserChoice, Profile
from sse_conform.profile_file import LoadedProfile
from sse_conform.rule import Rule
from sse_conform.run_events import Listener


async def browser_check(choice: BrowserChoice) -> Check:
    """Whether the browser that is to judge starts."""
    async with BrowserProcess(choice) as process:
        await process.started()
        if process.trouble is not None:
            return Check(name="browser", said=process.trouble.message, fix=process.trouble.hint)
        return Check(name="browser", said=f"{process.name} starts ({process.source})")


async def examine(loaded: LoadedProfile, rules: Iterable[Rule], *, listener: Listener) -> AsyncIterator[Check]:
    """
    Every check that can be made, each as soon as it is.

    At most :data:`.visit.MOST_ATTEMPTS` attempts on the stream route are made, and counted at the end.
    """
    checks = list(network_checks(loaded.profile))
    for check in checks:
        yield check
    if all(check.ok for check in checks if check.name != "source addresses"):
        async with visiting(loaded, listener) as visit:
            async for check in _checks(visit):
                yield check
            if visit.attempts:
                yield Check(name="cost", said=f"{visit.attempts} attempts on the stream route")
            for trouble in visit.troubles:
                yield Check(name="suite", said=trouble, fix="this is a bug of the suite: report it")
    else:
        for check in not_tried([*steps_of(loaded.profile)]):
            yield check
    for check in _unvisited(loaded.profile, tuple(rules)):
        yield check


def _unvisited(profile: Profile, rules: tuple[Rule, ...]) -> Iterator[Check]:
    """What can be said of the profile without the target."""
    if profile.control:
        yield from control_checks(profile.control)
    yield from lack_checks(profile, rules)
    yield from unclaimed_checks(profile, rules)


async def _checks(visit: Visit) -> AsyncIterator[Check]:
    async for check in account_checks(visit):
        yield check
    if ONE not in visit.cast:
        for check in not_tried(steps_after(visit.profile, "login")):
            yield check
        return
    for check in token_checks(visit.cast[ONE], visit.profile):
        yield check
    async for check in _on_the_stream(visit):
        yield check


async def _on_the_stream(visit: Visit) -> AsyncIterator[Check]:
    """Whether the stream route takes a genuine token, and all that hangs on it."""
    try:
        control = await visit.knock()
    except TargetError as trouble:
        lines = await taken_otherwise(visit) if visit.refused else ""
        fix = (
            f"set {lines} in [auth]: in this way it takes the token"
            if lines
            else trouble.hint or "look into the target's logs"
        )
        yield Check(name="stream", said=trouble.message, fix=fix)
        for check in not_tried(steps_after(visit.profile, "stream")):
            yield check
        return
    stranger = visit.stream("stranger").status
    yield Check(name="stream", said=f"the token is taken, and without one it answers {stranger}")
    for check in stream_checks(control, visit.world.terms, visit.record.header.started_at):
        yield check
    if visit.profile.auth.key:
        async for check in key_checks(visit):
            yield check
    async for check in _with_streams(visit):
        yield check


async def _with_streams(visit: Visit) -> AsyncIterator[Check]:
    """What needs open streams: the second user, triggers, and all that may look at their events."""
    for label in (ONE, OTHER):
        if label in visit.cast:
            visit.streams[label] = await visit.stage.subscribe(label, part=label)
            await visit.streams[label].until_snapshot()
    if OTHER in visit.streams:
        yield _second_user(visit)
    async for check in _while_it_is_open(visit):
        yield check
    if visit.browses:
        async for check in page_checks(visit):
            yield check
    async for check in service_checks(visit):
        yield check


async def _while_it_is_open(visit: Visit) -> AsyncIterator[Check]:
    """What is seen on the first user's stream: events, and some numbers."""
    if visit.streams[ONE].status == 200:
        async for check in trigger_checks(visit):
            yield check
        async for check in number_checks(visit):
            yield check
        return
    said = f"a second stream of the same user gets {visit.streams[ONE].status}"
    yield Check(name="stream", said=said, fix="look into the target's logs: one user may hold several streams open")
    for check in not_tried([*trigger_steps(visit.profile), "numbers"]):
        yield check


def _second_user(visit: Visit) -> Check:
    name, status = visit.cast[OTHER].username, visit.streams[OTHER].status
    if status == 200:
        return Check(name="second user", said=f"{name} has a stream too")
    return Check(name="second user", said=f"{name} gets {status}", fix="check the second account and its token")
