"""Vulnerabilities and their assignment: each change notifies whom it concerns."""

import time
from collections.abc import Sequence
from uuid import uuid4

from fastapi import APIRouter, HTTPException

from sse_conform_server.deliver import deliver
from sse_conform_server.models import Kind, Notification, Vulnerability, iso
from sse_conform_server.parts import Parts
from sse_conform_server.routes.context import TheIdentity, TheParts, require_user
from sse_conform_server.routes.inputs import Assignment, NewVulnerability
from sse_conform_server.store import Draft

router = APIRouter(prefix="/api/vulnerabilities", tags=["vulnerabilities"])


@router.post("", status_code=201)
async def create(body: NewVulnerability, parts: TheParts, identity: TheIdentity) -> dict[str, object]:
    """Report a vulnerability; its assignee is told, or every user when it has none."""
    await require_user(parts, body.assignee, field="assignee")
    vulnerability = Vulnerability(id=uuid4().hex, creator=identity.user.id, created_at=time.time(), **body.model_dump())
    draft = Draft(
        type=Kind.NEW, message=body.title, recipient=body.assignee,
        vulnerability_id=vulnerability.id, details=body.details,
    )  # fmt: skip
    told = await deliver(parts, lambda: parts.store.add_vulnerability(vulnerability, draft))
    return _shown(parts, vulnerability) | single_id(told)


@router.post("/{vulnerability_id}/assign")
async def assign(
    vulnerability_id: str,
    body: Assignment,
    parts: TheParts,
    identity: TheIdentity,  # noqa: ARG001 - must be logged in
) -> dict[str, object]:
    """Give a vulnerability to a user, who is told; 404 when it does not exist."""
    vulnerability = await parts.store.vulnerability(vulnerability_id)
    if vulnerability is None:
        raise HTTPException(404, "no vulnerability has this id")
    await require_user(parts, body.assignee, field="assignee")
    draft = Draft(
        type=Kind.ASSIGNED, message=vulnerability.title, recipient=body.assignee,
        vulnerability_id=vulnerability.id, details=vulnerability.details,
    )  # fmt: skip
    told = await deliver(parts, lambda: parts.store.assign(vulnerability_id, body.assignee, draft))
    return _shown(parts, vulnerability) | {"assignee": body.assignee} | single_id(told)


def single_id(told: Sequence[Notification]) -> dict[str, object]:
    """`notification_id`, when exactly one user was told."""
    return {"notification_id": told[0].id} if len(told) == 1 else {}


def _shown(parts: Parts, vulnerability: Vulnerability) -> dict[str, object]:
    return {
        "id": vulnerability.id,
        "title": vulnerability.title,
        "severity": vulnerability.severity,
        "description": vulnerability.description,
        "details": parts.sanitise(vulnerability.details),
        "assignee": vulnerability.assignee,
        "created_at": iso(vulnerability.created_at),
    }
