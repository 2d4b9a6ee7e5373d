"""Who is who."""

from fastapi import APIRouter

from sse_conform_server.routes.context import TheIdentity, TheParts

router = APIRouter(prefix="/api/users", tags=["users"])


@router.get("/me")
async def me(identity: TheIdentity) -> dict[str, str]:
    """Whose token this is."""
    user = identity.user
    return {"id": user.id, "username": user.username, "role": user.role}


@router.get("")
async def named(
    username: str,
    parts: TheParts,
    identity: TheIdentity,  # noqa: ARG001 - must be logged in
) -> dict[str, list[dict[str, str]]]:
    """The user of exactly this name, to be named as an assignee; an empty list where there is none."""
    found = await parts.store.credentials(username)
    return {"items": [{"id": found[0].id, "username": found[0].username}] if found else []}
