"""Drafts of the requests that cause events, from the operations of a description."""

import re
from dataclasses import dataclass, replace
from typing import Any

from sse_conform.discovery.bodies import event_body, free_object, unknown_recipient
from sse_conform.discovery.described import Described
from sse_conform.discovery.description import Operation
from sse_conform.discovery.fact import Fact
from sse_conform.json_pointer import IDS, last_key
from sse_conform.profile import SENSITIVE

_THING = re.compile(r"vuln|finding|issue|ticket|incident|task|case|defect|report")
_ASSIGN = re.compile(r"assign|owner|delegate")
_ALERT = re.compile(r"alert|broadcast|announce|notif|message")
_NO_EVENT = re.compile(r"read|ack|seen|subscri|setting|preference|token|device|mute|dismiss")
_ADMIN = re.compile(r"admin")

Step = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerDraft:
    """The steps of one trigger; ``admin`` and ``everyone`` are what its words say of it."""

    steps: tuple[Step, ...]
    admin: bool = False
    everyone: bool = False


def draft_triggers(described: Described) -> dict[str, Fact[TriggerDraft]]:
    """The triggers that a description offers, by the names of the profile: not one of them was tried."""
    made: dict[str, Fact[TriggerDraft]] = {}
    create = _creating(described)
    if create:
        body, _, concerned = event_body(create.fields, "target")
        steps = (_step(create, body),)
        made["vulnerability"] = _found(described, create, TriggerDraft(steps=steps, everyone=not concerned))
        if invalid := unknown_recipient(body):
            made["invalid"] = _found(described, create, TriggerDraft(steps=(_step(create, invalid),)))
        if free := free_object(create.fields):
            sensitive = _step(create, body | {free: f"{{{SENSITIVE}}}"})
            made["sensitive"] = _found(described, create, TriggerDraft(steps=(sensitive,), everyone=not concerned))
        if assign := _assigning(described, create):
            made["assignment"] = _found(described, assign, _assignment(create, assign))
    if alert := _alerting(described):
        body, _, concerned = event_body(alert.fields, "target")
        admin = bool(_ADMIN.search(alert.words))
        draft = TriggerDraft(steps=(_step(alert, body),), admin=admin, everyone=not concerned)
        made["alert"] = _found(described, alert, draft)
    return made


def _found(described: Described, operation: Operation, draft: TriggerDraft) -> Fact[TriggerDraft]:
    return Fact(value=draft, why=f"{operation.method} {operation.path}, found in {described.name}")


def _step(operation: Operation, body: dict[str, Any]) -> Step:
    verb = {} if operation.method == "POST" else {"method": operation.method}
    return {**verb, "path": operation.path, "form" if operation.form else "json": body}


def _carries_text(operation: Operation) -> bool:
    return event_body(operation.fields, "target")[1]


def _creating(described: Described) -> Operation | None:
    """The operation that creates something that people are told of: of all things a vulnerability first."""
    offered = [
        o
        for o in described.operations
        if o.method == "POST" and not o.parameters and _THING.search(o.path.lower()) and _carries_text(o)
    ]
    return min(
        offered,
        key=lambda o: ("vuln" not in o.path.lower(), "finding" not in o.path.lower(), len(o.path)),
        default=None,
    )


def _assigning(described: Described, create: Operation) -> Operation | None:
    """The operation that gives what was created to somebody else."""
    own = [o for o in described.operations if o.path.startswith(f"{create.path}/{{") and len(o.parameters) == 1]
    named = [o for o in own if o.method in {"POST", "PUT", "PATCH"} and _ASSIGN.search(o.words)]
    concerned = [o for o in named if event_body(o.fields, "target")[2]]
    return min(concerned, key=lambda o: (not _ASSIGN.search(o.path.lower()), len(o.path)), default=None)


def _assignment(create: Operation, assign: Operation) -> TriggerDraft:
    """Create something that concerns the sender, then give it to the target."""
    made, _, _ = event_body(create.fields, "sender")
    (parameter,) = assign.parameters
    name = re.sub(r"[^a-z0-9_]", "_", parameter.lower()).lstrip("_0123456789") or "thing"
    first = _step(create, made) | {"save": {name: _id_pointer(create, parameter)}}
    moved = replace(assign, path=assign.path.replace(f"{{{parameter}}}", f"{{{name}}}"))
    return TriggerDraft(steps=(first, _step(moved, event_body(assign.fields, "target")[0])))


def _id_pointer(create: Operation, parameter: str) -> str:
    """Where the answer names what was created: by the name of the parameter, else by a usual one."""
    usual = [pointer for pointer in create.answers if last_key(pointer) in {parameter, *IDS}]
    return min(usual, key=lambda p: (last_key(p) != parameter, p.count("/")), default="/id")


def _alerting(described: Described) -> Operation | None:
    offered = [
        o
        for o in described.operations
        if o.method == "POST"
        and not o.parameters
        and _ALERT.search(o.path.lower())
        and not _NO_EVENT.search(o.path.lower())
        and _carries_text(o)
    ]
    return min(offered, key=lambda o: ("alert" not in o.path.lower(), len(o.path)), default=None)
