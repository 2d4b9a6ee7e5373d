"""Composition: settings to parts, parts to the ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sse_conform_server import web
from sse_conform_server.auth import UnauthorisedError, authenticate
from sse_conform_server.body_limit import BodyLimit
from sse_conform_server.broker import Broker
from sse_conform_server.encoder import encode
from sse_conform_server.heartbeat import Heartbeat
from sse_conform_server.hub import Hub
from sse_conform_server.limiter import MovingWindowLimiter, client_address
from sse_conform_server.metrics import Metrics
from sse_conform_server.models import Role, User
from sse_conform_server.openapi import described
from sse_conform_server.parts import Parts
from sse_conform_server.passwords import Passwords
from sse_conform_server.privacy import FieldStripper
from sse_conform_server.refusals import Refusals
from sse_conform_server.routes import accounts, alerts, polling, service, users, vulnerabilities
from sse_conform_server.settings import Settings
from sse_conform_server.snapshot import missed, open_stream, take_snapshot
from sse_conform_server.store import open_store
from sse_conform_server.stream import HEADERS, NotificationStream, drain, end_token, lifetime
from sse_conform_server.tokens import Issuer, JwtVerifier, make_keys
from sse_conform_server.variant import Variant

STREAM_PATH = "/api/stream/notifications"


def make_parts(settings: Settings) -> Parts:
    """The parts of the faultless service."""
    keys = make_keys(settings)
    hub = Hub(max_events=settings.queue_events, max_chars=settings.queue_bytes)
    broker = Broker(hub, settings.redis) if settings.redis else None
    return Parts(
        settings=settings,
        store=open_store(settings.database),
        keys=keys,
        issuer=Issuer(keys=keys, settings=settings),
        passwords=Passwords(time_cost=settings.password_time_cost, memory_kib=settings.password_memory),
        metrics=Metrics(),
        order=asyncio.Lock(),
        verify=JwtVerifier(keys=keys, settings=settings),
        authenticate=authenticate,
        refusals=Refusals(),
        limiter=MovingWindowLimiter(limit=settings.limit, window=settings.window),
        client_address=client_address,
        hub=hub,
        publisher=broker or hub,
        relay=broker.relaying if broker else lambda _: nullcontext(),
        end_token=broker.end_token if broker else end_token,
        sanitise=FieldStripper(settings.sensitive_fields),
        take_snapshot=take_snapshot,
        missed=missed,
        open_stream=open_stream,
        encode=encode,
        heartbeat=Heartbeat(interval=settings.heartbeat),
        stream_headers=HEADERS,
        lifetime=lifetime,
        drain=drain,
        web=web.pages(),
        edge=lambda _, app: app,
        wire=lambda transport: transport,
        tls=None,
    )


def compose(parts: Parts, seed: Callable[[Parts], Awaitable[None]] | None = None) -> FastAPI:
    """The application made of these parts, which are at `app.state.parts`; `seed` runs once the database is ready."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.store.prepare()
        await _bootstrap_admin(parts)
        if seed is not None:
            await seed(parts)
        async with parts.relay(parts):
            yield
        await parts.store.close()

    # A slash too many is another path, not a redirect: a redirected stream loses its Authorization header.
    app = FastAPI(title="Notifications", lifespan=lifespan, redirect_slashes=False)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    app.state.parts = parts
    for module in (accounts, users, vulnerabilities, alerts, polling, service):
        app.include_router(module.router)
    app.router.routes.append(Route(STREAM_PATH, NotificationStream(parts)))
    app.router.routes.extend(web.routes(parts.web, parts.settings))
    app.add_exception_handler(UnauthorisedError, _unauthorised)
    app.add_exception_handler(RequestValidationError, _unprocessable)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(BodyLimit, limit=parts.settings.max_body)
    if parts.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=parts.settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Last-Event-ID", "Cache-Control", "Content-Type"),
            expose_headers=("Retry-After",),
            allow_credentials=True,
        )
    return app


def create_app(
    settings: Settings, variants: Iterable[Variant] = (), *, seed: Callable[[Parts], Awaitable[None]] | None = None
) -> tuple[ASGIApp, Parts]:
    """The application to serve, varied by these in turn, and the parts it runs on."""
    parts = make_parts(settings)
    for variant in variants:
        parts = variant.apply(parts)
    return parts.edge(parts, compose(parts, seed)), parts


async def _bootstrap_admin(parts: Parts) -> None:
    settings = parts.settings
    if settings.admin_username and await parts.store.credentials(settings.admin_username) is None:
        admin = User(id=uuid4().hex, username=settings.admin_username, role=Role.ADMIN)
        await parts.store.add_user(admin, password_hash=await parts.passwords.hash(settings.admin_password))


async def _unauthorised(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnauthorisedError)
    parts: Parts = request.app.state.parts
    return parts.refusals.unauthorised(missing=error.missing)


async def _unprocessable(_: Request, error: Exception) -> Response:
    """Where and what, never the input itself: it may be secret, and it may be text that UTF-8 cannot carry."""
    assert isinstance(error, RequestValidationError)
    problems = [{"at": [str(step) for step in problem["loc"]], "message": problem["msg"]} for problem in error.errors()]
    return JSONResponse({"error": "invalid_request", "problems": problems}, status_code=422)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": "refused", "message": error.detail}, status_code=error.status_code, headers=error.headers
    )
