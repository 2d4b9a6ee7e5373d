"""Admin alerts."""

from fastapi import APIRouter

from sse_conform_server.deliver import deliver
from sse_conform_server.models import Kind
from sse_conform_server.routes.context import TheAdmin, TheParts, require_user
from sse_conform_server.routes.inputs import Alert
from sse_conform_server.routes.vulnerabilities import single_id
from sse_conform_server.store import Draft

router = APIRouter(prefix="/api/admin", tags=["admin"])


@router.post("/alerts", status_code=201)
async def alert(body: Alert, parts: TheParts, admin: TheAdmin) -> dict[str, object]:  # noqa: ARG001 - must be an admin
    """Tell one user, or every user."""
    await require_user(parts, body.user, field="user")
    draft = Draft(type=Kind.ALERT, message=body.message, recipient=body.user)
    told = await deliver(parts, lambda: parts.store.add_notifications(draft))
    return {"message": body.message, "recipients": len(told)} | single_id(told)
