"""Causing events: a trigger of the profile, filled in and sent, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sse_conform.driver.accounts import Identity
from sse_conform.driver.planting import plant
from sse_conform.driver.rest import Answer
from sse_conform.entries import EventKind, Published
from sse_conform.markers import new_marker
from sse_conform.profile import SENSITIVE, Concerns, Recognise, RequestTemplate, Trigger, Triggers
from sse_conform.scenario import Variant

#: Where the text of a publish names it, the marker stands; else it is put in front.
MARKER_PLACE = "{marker}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One event to cause: whom it concerns, who causes it, what it says."""

    kind: EventKind
    trigger: Trigger
    target: Identity
    sender: Identity
    text: str
    variant: Variant
    sensitive_fields: tuple[str, ...]


def choose(triggers: Triggers, kind: EventKind | None, variant: Variant) -> tuple[EventKind, Trigger]:
    """The trigger of this kind, or the most targeted one; a special one where the variant asks for it."""
    special = {Variant.INVALID: triggers.invalid, Variant.SENSITIVE: triggers.sensitive}.get(variant)
    if special is not None:
        return EventKind.VULNERABILITY, special
    offered = [(each, triggers.of(each)) for each in EventKind if kind in {None, each}]
    usable = [(each, trigger) for each, trigger in offered if trigger is not None]
    return min(usable, key=lambda pair: (pair[1].concerns is not Concerns.TARGET, len(pair[1].steps)))


def _marked(text: str, marker: str) -> str:
    if MARKER_PLACE in text:
        return text.replace(MARKER_PLACE, marker)
    return f"{marker} {text}" if text else marker


class Sender(Protocol):
    """Whoever sends the requests of a trigger: the suite itself, or a page of a browser."""

    async def send(self, template: RequestTemplate, values: Mapping[str, Any], token: str | None = None) -> Answer:
        """Fill in a template and send it; never raises for what the target does."""
        ...


async def perform(act: Act, rest: Sender, *, number: int, scene: str, part: str) -> Published:
    """Send the requests of the trigger in order, up to the first that is refused."""
    trigger, target, sender = act.trigger, act.target, act.sender
    marker = new_marker()
    text = _marked(act.text, marker)
    sensitive, planted = plant(act.sensitive_fields) if act.variant is Variant.SENSITIVE else ({}, ())
    values: dict[str, object] = {
        SENSITIVE: sensitive,
        "text": text,
        "nonce": marker,
        "target.id": target.id,
        "target.username": target.username,
        "sender.id": sender.id,
        "sender.username": sender.username,
    }
    for step in trigger.steps:
        answer = await rest.send(step, values, sender.token)
        if not answer.ok:
            break
        values |= {name: answer.value(pointer) for name, pointer in step.save.items()}
    identifier = answer.value(trigger.id) if trigger.id else None
    return Published(
        t=answer.sent,
        number=number,
        scene=scene,
        part=part,
        kind=act.kind,
        to=target.username,
        octets=text.encode("utf-8", "surrogatepass"),
        marker=marker if trigger.recognise is Recognise.MARKER else "",
        acked=answer.answered,
        status=answer.status,
        accepted=answer.ok,
        sender=sender.username,
        everyone=trigger.concerns is Concerns.EVERYONE,
        valid=act.variant is not Variant.INVALID,
        event_id="" if identifier is None else str(identifier),
        planted=planted,
        error="" if answer.ok else answer.summary,
    )
