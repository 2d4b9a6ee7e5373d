"""Whether each trigger does what it is there for: an event that is recognised in time, a refusal, sensitive values."""

from collections.abc import AsyncIterator, Iterator

from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, OTHER, Visit
from sse_conform.driver.refusal_hints import remedy, tells
from sse_conform.entries import EventKind, Published
from sse_conform.errors import ConformError
from sse_conform.evidence import PING, SECOND, SNAPSHOT
from sse_conform.printable import printable
from sse_conform.profile import Concerns, Recognise, Trigger, Triggers
from sse_conform.scenario import Variant
from sse_conform.transcript import Event

#: Refusals that say nothing of what was published: who asks, or in which form.
_NOT_ITS_CONTENT = frozenset({401, 403, 405, 415, 429})
#: As much of an event that was not recognised is shown, in characters.
SHOWN = 160


async def trigger_checks(visit: Visit) -> AsyncIterator[Check]:
    """Each trigger of the profile, tried once for the first user while both users listen."""
    triggers = visit.profile.triggers
    for kind in triggers.kinds:
        trigger = triggers.of(kind)
        assert trigger is not None
        yield await _event_check(visit, kind.value, trigger, kind=kind)
    if triggers.sensitive and visit.profile.sensitive_fields:
        yield await _event_check(visit, "sensitive", triggers.sensitive, variant=Variant.SENSITIVE)
    if triggers.invalid:
        yield await _invalid_check(visit)
    for check in _stray_checks(visit):
        yield check


async def _event_check(
    visit: Visit, which: str, trigger: Trigger, *, kind: EventKind | None = None, variant: Variant = Variant.ORDINARY
) -> Check:
    name = f"trigger {which}"
    try:
        published = await visit.stage.publish(ONE, kind=kind, variant=variant)
    except ConformError as trouble:  # whoever is to cause it cannot log in
        return Check(name=name, said=trouble.message, fix=trouble.hint or f"correct by in [triggers.{which}]")
    if not published.accepted:
        said = published.error if 200 <= published.status < 300 else f"was refused: {published.error}"
        return Check(name=name, said=said, fix=_remedy(which, published))
    if trigger.recognise is Recognise.ID and not published.event_id:
        fix = f"correct triggers.{which}.id: the JSON pointer of the notification's id in the last answer"
        return Check(
            name=name, said=f"its answer ({published.status}) names no id at {trigger.id or 'no pointer'}", fix=fix
        )
    # A run would not wait twice as long, but here it tells a slow service from a wrong profile.
    stream = visit.streams[ONE]
    if not (await stream.until(published) or await stream.until(published)):
        return _no_arrival(visit, name, which, trigger, published)
    if published.everyone and OTHER in visit.streams and not await visit.streams[OTHER].until(published):
        fix = f"leave concerns out of [triggers.{which}]: its event is for the one whom the request names"
        return Check(name=name, said="its event is to concern everyone, and did not come to the second user", fix=fix)
    return _arrival(visit, name, published)


def _remedy(which: str, published: Published) -> str:
    table, status, said = f"[triggers.{which}]", published.status, published.error
    if status == 403:
        why = "the answer says why" if tells(said) else "the answer does not say why"
        return f'{why}: {table} may have to say by = "admin", or to send headers, such as one against forged requests'
    if 200 <= status < 300:
        return f"correct the pointers of save in {table}"
    return remedy(table, status, said)


def _arrival(visit: Visit, name: str, published: Published) -> Check:
    """Its first event, and whether it came in time."""
    stream, latency, heartbeat = visit.stream(ONE), visit.profile.numbers.latency, visit.profile.numbers.heartbeat
    first = next(event for event in stream.mentions(published) if event.type != SNAPSHOT)
    late = (first.t - published.acked) / SECOND
    if late > latency:
        fix = "look why the service is slow: an event is due before the next heartbeat, so no promise allows for this"
        if round(late + 1) < heartbeat:
            fix = f"look why the service is slow, or promise less: numbers.latency = {late + 1:.0f}"
        return Check(name=name, said=f"its event came after {late:.1f} s, promised are {latency:g} s", fix=fix)
    return Check(name=name, said=f"its event arrived{f' {late:.3f} s after' if late > 0 else ' before'} the answer")


def _no_arrival(visit: Visit, name: str, which: str, trigger: Trigger, published: Published) -> Check:
    """What came instead says what is to be mended."""
    said = f"accepted ({published.status}), but "
    if OTHER in visit.streams and any(e.type != SNAPSHOT for e in visit.stream(OTHER).mentions(published)):
        fix = f"correct whom [triggers.{which}] names: {{target.id}} or {{target.username}} is the one concerned"
        return Check(name=name, said=f"{said}its event came to the second user, whom it does not concern", fix=fix)
    other = next((event for event in visit.stream(ONE).events if _is_news(event, published)), None)
    if other is None:
        fix = (
            f"check whom it concerns ({{target.id}} is {visit.cast[ONE].id} here), and that the target publishes at all"
        )
        if trigger.concerns is Concerns.TARGET and "{target." not in repr(trigger.steps):
            fix = f'name in [triggers.{which}] the one concerned: "{{target.id}}" or "{{target.username}}"'
        return Check(name=name, said=f"{said}no event came", fix=fix)
    seen = printable((other.data or "")[:SHOWN])
    if trigger.recognise is Recognise.ID:
        said += f"the event that came has another id than {published.event_id}: {seen}"
        return Check(name=name, said=said, fix=f"correct triggers.{which}.id, which is to name the notification's id")
    fix = f'put {{text}} where it becomes the message, or set recognise = "id" and id in [triggers.{which}]'
    return Check(name=name, said=f"{said}the event that came does not carry our text: {seen}", fix=fix)


def _is_news(event: Event, published: Published) -> bool:
    return event.t > published.t and event.type not in {SNAPSHOT, PING}


def _stray_checks(visit: Visit) -> Iterator[Check]:
    """What was for the first user alone, and came to the second one as well: a leak, unless the profile is wrong."""
    if OTHER not in visit.streams:
        return
    stream = visit.stream(OTHER)
    for published in visit.record.publishes:
        to_all = any(event.type != SNAPSHOT for event in stream.mentions(published))
        to_one = any(event.type != SNAPSHOT for event in visit.stream(ONE).mentions(published))
        if to_all and to_one and not published.everyone:
            which = "sensitive" if published.planted else published.kind.value
            fix = (
                f'set concerns = "everyone" in [triggers.{which}], where it is meant for all; else the service leaks it'
            )
            yield Check(name=f"trigger {which}", said="its event came to the second user as well", fix=fix)


async def _invalid_check(visit: Visit) -> Check:
    name = "trigger invalid"
    try:
        published = await visit.stage.publish(ONE, variant=Variant.INVALID)
    except ConformError as trouble:
        return Check(name=name, said=trouble.message, fix=trouble.hint or "correct by in [triggers.invalid]")
    status = published.status
    if published.accepted:
        fix = "let it ask for what the service refuses with 4xx, such as an assignee that does not exist"
        return Check(name=name, said=f"was accepted ({status}), and is meant to be refused", fix=fix)
    if (
        status in _NOT_ITS_CONTENT
        or not 400 <= status < 500
        or (status == 404 and _goes_elsewhere(visit.profile.triggers))
    ):
        fix = "let it differ from a valid request by its content alone: same path, method and sender"
        return Check(name=name, said=f"was refused for another reason than its content: {published.error}", fix=fix)
    return Check(name=name, said=f"was refused: {published.error}")


def _goes_elsewhere(triggers: Triggers) -> bool:
    """Whether the invalid publish asks on a path that no valid one uses: there any text would be refused."""
    assert triggers.invalid is not None
    used = {step.path for kind in triggers.kinds if (trigger := triggers.of(kind)) for step in trigger.steps}
    return not used.intersection(step.path for step in triggers.invalid.steps)
