"""The record of parts the service is composed of; a variant is a function from this record to another."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Scope

from sse_conform_server.auth import Identity
from sse_conform_server.encoder import Encoder
from sse_conform_server.heartbeat import Heartbeat
from sse_conform_server.hub import Hub
from sse_conform_server.limiter import Limiter
from sse_conform_server.metrics import Metrics
from sse_conform_server.models import Notification
from sse_conform_server.passwords import Passwords
from sse_conform_server.privacy import Sanitiser
from sse_conform_server.publisher import Publisher
from sse_conform_server.refusals import Refusals
from sse_conform_server.settings import Settings
from sse_conform_server.snapshot import Opening, Snapshot
from sse_conform_server.store import Store
from sse_conform_server.tokens import Issuer, Keys, Verifier


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """
    Everything replaceable.

    Objects here do not refer to one another; functions that need others take this record first, so that replacing
    one part replaces it for all (the publisher is the hub until something stands between them).
    """

    settings: Settings
    store: Store
    keys: Keys
    issuer: Issuer
    passwords: Passwords
    metrics: Metrics
    order: asyncio.Lock
    """Held from numbering notifications until they are queued, so that streams see them in id order."""

    verify: Verifier
    authenticate: Callable[["Parts", HTTPConnection], Awaitable[Identity]]
    refusals: Refusals
    limiter: Limiter
    client_address: Callable[[Scope, Sequence[str]], str]

    hub: Hub
    publisher: Publisher
    relay: Callable[["Parts"], AbstractAsyncContextManager[None]]
    """While it lasts, what other instances publish is heard here."""
    end_token: Callable[["Parts", str, str], Awaitable[None]]
    """Ends the streams that a user (id) opened with a token (id), wherever they are."""
    sanitise: Sanitiser
    take_snapshot: Callable[["Parts", str], Awaitable[Snapshot]]
    missed: Callable[["Parts", str, str | None], Awaitable[Sequence[Notification]]]
    open_stream: Callable[["Parts", Identity, str | None], Awaitable[Opening]]

    encode: Encoder
    heartbeat: Heartbeat
    stream_headers: tuple[tuple[str, str], ...]
    lifetime: Callable[["Parts", Identity], float]
    drain: Callable[["Parts"], Awaitable[None]]
    """What a stop begins with, while the service still listens."""
    web: Mapping[str, bytes]
    """The files of the page, by name."""
    edge: Callable[["Parts", ASGIApp], ASGIApp]
    """Wraps the whole application."""

    wire: Callable[[asyncio.Transport], asyncio.Transport]
    """Wraps the transport of each connection: here bytes are HTTP already."""
    tls: ssl.SSLContext | None
    """None where HTTP is spoken in plain."""
