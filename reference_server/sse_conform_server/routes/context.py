"""What handlers ask of a request: the parts, and who is asking."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from sse_conform_server.auth import Identity
from sse_conform_server.models import Role
from sse_conform_server.parts import Parts


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


TheParts = Annotated[Parts, Depends(_parts)]


async def _identity(request: Request, parts: TheParts) -> Identity:
    return await parts.authenticate(parts, request)


TheIdentity = Annotated[Identity, Depends(_identity)]


async def _admin(identity: TheIdentity) -> Identity:
    if identity.user.role is not Role.ADMIN:
        raise HTTPException(403, "only an admin may do this")
    return identity


TheAdmin = Annotated[Identity, Depends(_admin)]


async def require_user(parts: Parts, user_id: str | None, *, field: str) -> None:
    """422 unless that user exists; `None` is nobody in particular and fine."""
    if user_id is not None and not await parts.store.user_exists(user_id):
        raise HTTPException(422, f"{field}: no user has this id")
