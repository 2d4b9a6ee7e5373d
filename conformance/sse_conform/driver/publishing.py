"""Causing events: a trigger of the profile, filled in and sent, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from msgspec.structs import replace

from sse_conform.driver.accounts import Identity
from sse_conform.driver.planting import plant
from sse_conform.driver.rest import Answer
from sse_conform.entries import EventKind, Published
from sse_conform.json_pointer import places
from sse_conform.markers import new_marker
from sse_conform.profile import SENSITIVE, Concerns, Recognise, RequestTemplate, Trigger, Triggers
from sse_conform.scenario import Variant

#: Where the text of a publish names it, the marker stands; else it is put in front.
MARKER_PLACE = "{marker}"
#: So many places of an answer are named where the one that was wanted is not there.
MOST_PLACES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One event to cause: whom it concerns, who causes it, what it says, and how often."""

    kind: EventKind
    trigger: Trigger
    target: Identity
    sender: Identity
    text: str
    variant: Variant
    sensitive_fields: tuple[str, ...]
    times: int = 1


def choose(triggers: Triggers, kind: EventKind | None, variant: Variant) -> tuple[EventKind, Trigger]:
    """The trigger of this kind, or the most targeted one; a special one where the variant asks for it."""
    special = {Variant.INVALID: triggers.invalid, Variant.SENSITIVE: triggers.sensitive}.get(variant)
    if special is not None:
        return EventKind.VULNERABILITY, special
    offered = [(each, triggers.of(each)) for each in EventKind if kind in {None, each}]
    usable = [(each, trigger) for each, trigger in offered if trigger is not None]
    return min(usable, key=lambda pair: (pair[1].concerns is not Concerns.TARGET, len(pair[1].steps)))


def alike(triggers: Triggers) -> tuple[EventKind, ...]:
    """The kinds that concern as many as the ordinary one does, and are recognised in the same way."""
    _, ordinary = choose(triggers, None, Variant.ORDINARY)
    offered = ((kind, triggers.of(kind)) for kind in EventKind)
    like = (ordinary.concerns, ordinary.recognise)
    return tuple(kind for kind, trigger in offered if trigger and (trigger.concerns, trigger.recognise) == like)


def _marked(text: str, marker: str) -> str:
    if MARKER_PLACE in text:
        return text.replace(MARKER_PLACE, marker)
    return f"{marker} {text}" if text else marker


class Sender(Protocol):
    """Whoever sends the requests of a trigger: the suite itself, or a page of a browser."""

    async def send(self, template: RequestTemplate, values: Mapping[str, Any], token: str | None = None) -> Answer:
        """Fill in a template and send it; never raises for what the target does."""
        ...


class Form(Protocol):
    """A page with a form that creates an event."""

    @property
    def everyone(self) -> bool:
        """Whether what is created in it concerns everybody."""
        ...

    async def create(self, values: Mapping[str, Any]) -> Answer:
        """Fill it in, send it, and wait for the answer."""
        ...


async def perform(act: Act, rest: Sender, *, number: int, scene: str, part: str) -> Published:
    """Send the requests of the trigger in order, up to the first that is refused, as often as it is to be caused."""
    trigger, marker = act.trigger, new_marker()
    sensitive, planted = plant(act.sensitive_fields) if act.variant is Variant.SENSITIVE else ({}, ())
    values = _values(act, marker) | {SENSITIVE: sensitive}
    error, sent = "", 0
    for step in trigger.steps * act.times:
        answer = await rest.send(step, values, act.sender.token)
        sent = sent or answer.sent
        saved = {name: answer.value(pointer) for name, pointer in step.save.items()}
        error = _nothing_saved(step, answer, saved) if answer.ok else answer.summary
        if error:
            break
        values |= saved
    identifier = answer.value(trigger.id) if trigger.id else None
    published = _published(act, answer, values, number=number, scene=scene, part=part)
    return replace(
        published,
        t=published.t if act.times == 1 else sent,
        marker=marker if trigger.recognise is Recognise.MARKER else "",
        everyone=trigger.concerns is Concerns.EVERYONE,
        event_id="" if identifier is None else str(identifier),
        planted=planted,
        times=act.times,
        accepted=not error,
        error=error,
    )


def _nothing_saved(step: RequestTemplate, answer: Answer, saved: Mapping[str, Any]) -> str:
    """What the steps after this one want and the answer does not have; empty where it has all."""
    lost = [f"{step.save[name]}, which save wants for {name}" for name, value in saved.items() if value is None]
    if not lost:
        return ""
    there = ", ".join(pointer for pointer, _ in islice(places(answer.document), MOST_PLACES)) or "no JSON"
    return f"{step.method} {step.path} answered {answer.status} without {lost[0]}; it has {there}"


async def fill_in(act: Act, form: Form, *, number: int, scene: str, part: str) -> Published:
    """Create the event in a page, as a person does."""
    values = _values(act, new_marker())
    answer = await form.create(values)
    published = _published(act, answer, values, number=number, scene=scene, part=part)
    return replace(published, everyone=form.everyone)


def _values(act: Act, marker: str) -> dict[str, Any]:
    target, sender = act.target, act.sender
    return {
        "text": _marked(act.text, marker),
        "nonce": marker,
        "target.id": target.id,
        "target.username": target.username,
        "sender.id": sender.id,
        "sender.username": sender.username,
    }


def _published(act: Act, answer: Answer, values: Mapping[str, Any], *, number: int, scene: str, part: str) -> Published:
    return Published(
        t=answer.sent,
        number=number,
        scene=scene,
        part=part,
        kind=act.kind,
        to=act.target.username,
        octets=values["text"].encode("utf-8", "surrogatepass"),
        marker=values["nonce"],
        acked=answer.answered,
        status=answer.status,
        accepted=answer.ok,
        sender=act.sender.username,
        valid=act.variant is not Variant.INVALID,
        error="" if answer.ok else answer.summary,
    )
