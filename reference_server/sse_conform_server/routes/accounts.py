"""Sign-up, login, logout."""

from uuid import uuid4

from fastapi import APIRouter, HTTPException, Response

from sse_conform_server.auth import COOKIE
from sse_conform_server.models import Role, User
from sse_conform_server.routes.context import TheIdentity, TheParts
from sse_conform_server.routes.inputs import LogIn, SignUp
from sse_conform_server.store import UsernameTakenError

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post("/signup", status_code=201)
async def sign_up(body: SignUp, parts: TheParts) -> dict[str, str]:
    """Make an account; 409 when the name is taken."""
    if body.role is Role.ADMIN and not parts.settings.open_admin:
        raise HTTPException(403, "sign-up makes analysts only")
    user = User(id=uuid4().hex, username=body.username, role=body.role)
    try:
        await parts.store.add_user(user, password_hash=await parts.passwords.hash(body.password))
    except UsernameTakenError:
        raise HTTPException(409, "this username is taken: choose another") from None
    return {"id": user.id, "username": user.username, "role": user.role}


@router.post("/login")
async def log_in(body: LogIn, parts: TheParts, response: Response) -> dict[str, object]:
    """Exchange name and password for a token, which is also set as the session cookie."""
    found = await parts.store.credentials(body.username)
    good = await parts.passwords.matches(body.password, found[1] if found else None)
    if found is None or not good:
        raise HTTPException(401, "wrong username or password", headers={"WWW-Authenticate": "Bearer"})
    user = found[0]
    token = parts.issuer.issue(user)
    seconds = parts.settings.token_ttl
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        COOKIE, token, max_age=int(seconds), httponly=True, samesite="lax", secure=parts.settings.cookie_secure
    )
    return {
        "token": token,
        "expires_in": seconds,
        "user": {"id": user.id, "username": user.username, "role": user.role},
    }


@router.post("/logout", status_code=204)
async def log_out(identity: TheIdentity, parts: TheParts, response: Response) -> None:
    """Refuse this token from now on and end the streams it opened."""
    await parts.store.revoke(identity.token_id, expires_at=identity.expires_at)
    await parts.end_token(parts, identity.user.id, identity.token_id)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=parts.settings.cookie_secure)
