"""
The target profile: how to reach an implementation, drive it, and what it promised.

A profile is TOML, read and validated by :mod:`sse_conform.profile_file`; every default is the plan's. Secrets are
written as ``env:NAME``, ``file:PATH`` or ``cmd:COMMAND`` and resolved when the profile is read: after that the records
hold the secrets themselves, so nothing of them may be printed but through the redactor.
"""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from sse_conform.control import Control
from sse_conform.entries import EventKind
from sse_conform.namesakes import namesakes
from sse_conform.promises import Cors, Count, Declared, MetricNames, Numbers, Paths, Polling, Table
from sse_conform.spec import Capability
from sse_conform.terms import Accepted, Terms
from sse_conform.user_interface import UserInterface

#: The placeholder that a trigger puts where sensitive values are to be planted: it becomes a JSON object.
SENSITIVE = "sensitive"


class Carrier(StrEnum):
    """How the token travels."""

    BEARER = "bearer"
    COOKIE = "cookie"
    QUERY = "query"


class Role(StrEnum):
    """What an account may do."""

    MEMBER = "member"
    ADMIN = "admin"


class Concerns(StrEnum):
    """Whom the event of a trigger must reach."""

    TARGET = "target"
    EVERYONE = "everyone"


class Recognise(StrEnum):
    """How the event that a trigger caused is told from others."""

    MARKER = "marker"
    ID = "id"


class RequestTemplate(Table, frozen=True, kw_only=True):
    """
    One HTTP request with placeholders.

    ``json`` (any TOML value) or ``form`` is the body. A string that is nothing but a placeholder keeps the type of the
    value. ``save`` maps a name to the JSON pointer of a value in the answer, usable in later steps as ``{name}``.
    """

    path: str
    method: str = "POST"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    json: Any = None
    form: dict[str, str] | None = None
    save: dict[str, str] = msgspec.field(default_factory=dict)


class Tls(Table, frozen=True, kw_only=True):
    """How to trust the target: ``ca_file`` adds an authority, ``verify = false`` trusts anybody."""

    verify: bool = True
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""


class Auth(Table, frozen=True, kw_only=True):
    """
    The token: how to get a genuine one, how it travels, and how it is made.

    ``key`` (the HMAC secret, or a private key in PEM) lets the suite mint expired and otherwise mutated tokens.
    ``token`` is a JSON pointer into the login's answer; for cookie logins the cookie ``name`` is taken.
    The service forgets what ``logout`` carries, and insists on ``issuer`` and ``audience`` where they are given.
    """

    carrier: Carrier = Carrier.BEARER
    name: str = ""
    login: RequestTemplate | None = None
    logout: RequestTemplate | None = None
    token: str = "/token"  # noqa: S105 - a JSON pointer, not a token
    key: str = ""
    algorithms: tuple[str, ...] = ("HS256",)
    subject_claim: str = "sub"
    issuer: str = ""
    audience: str = ""
    leeway: Annotated[float, msgspec.Meta(ge=0)] = 60.0

    @property
    def parameter(self) -> str:
        """The name of the cookie or of the query parameter."""
        return self.name or ("access_token" if self.carrier is Carrier.QUERY else "token")


class Account(Table, frozen=True, kw_only=True):
    """An existing account: a password to log in with, or a token."""

    username: str
    password: str = ""
    token: str = ""
    id: str | int | None = None
    role: Role = Role.MEMBER


class SignUp(RequestTemplate, frozen=True, kw_only=True):
    """The request that makes an account; ``{username}`` and ``{password}`` are ours, ``id`` points into the answer."""

    id: str = ""


class Users(Table, frozen=True, kw_only=True):
    """Who the suite may be: given accounts, and how to make empty ones."""

    accounts: tuple[Account, ...] = ()
    signup: SignUp | None = None


class Trigger(Table, frozen=True, kw_only=True):
    """
    How to cause one event: requests in order, made by an account of the role ``by``.

    Placeholders: ``{text}``, ``{target.id}``, ``{target.username}``, ``{sender.id}``, ``{sender.username}``,
    ``{nonce}``, ``{sensitive}`` (an object of sensitive values) and what earlier steps saved. ``id`` is the pointer
    of the notification's id in the last answer.
    """

    steps: tuple[RequestTemplate, ...]
    by: Role = Role.MEMBER
    concerns: Concerns = Concerns.TARGET
    recognise: Recognise = Recognise.MARKER
    id: str = ""


class Triggers(Table, frozen=True, kw_only=True):
    """
    The triggers by kind of event.

    ``invalid`` is a publish that the service must refuse, ``sensitive`` one that carries ``{sensitive}``.
    """

    vulnerability: Trigger | None = None
    assignment: Trigger | None = None
    alert: Trigger | None = None
    invalid: Trigger | None = None
    sensitive: Trigger | None = None

    def of(self, kind: EventKind) -> Trigger | None:
        """The trigger of one kind."""
        match kind:
            case EventKind.VULNERABILITY:
                return self.vulnerability
            case EventKind.ASSIGNMENT:
                return self.assignment
            case EventKind.ALERT:
                return self.alert

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        """The kinds that can be triggered."""
        return tuple(kind for kind in EventKind if self.of(kind))


class Engine(StrEnum):
    """The browsers that the suite can drive."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"
    WEBKIT = "webkit"


class BrowserChoice(Table, frozen=True, kw_only=True):
    """Which browser judges, if any; ``executable`` names one that neither Playwright nor the path would find."""

    engine: Engine | None = None
    executable: str = ""


class Profile(Table, frozen=True, kw_only=True):
    """One implementation of the contract, as the suite reaches it."""

    url: str
    name: str = ""
    other_instance: str = ""
    proxy: str = ""
    source_addresses: tuple[str, ...] = ()
    streams_per_user: Count = 4
    quick: bool = False
    paths: Paths = Paths()
    polling: Polling = Polling()
    tls: Tls = Tls()
    auth: Auth = Auth()
    users: Users = Users()
    triggers: Triggers = Triggers()
    rest: RequestTemplate | None = None
    numbers: Numbers = Numbers()
    metrics: MetricNames = MetricNames()
    cors: Cors = Cors()
    capabilities: Declared = Declared()
    browser: BrowserChoice = BrowserChoice()
    ui: UserInterface | None = None
    control: Control | None = None
    sensitive_fields: tuple[str, ...] = ()
    accept_untested: tuple[Accepted, ...] = ()

    @property
    def host(self) -> str:
        """The host of the target."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port of the target."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def secure(self) -> bool:
        """Whether the target is reached through TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def rest_probe(self) -> RequestTemplate | None:
        """A cheap GET with the same token: the one given, else polling where it is declared."""
        if self.rest:
            return self.rest
        return RequestTemplate(method="GET", path=self.paths.polling) if self.capabilities.polling else None

    @property
    def provided(self) -> tuple[Capability, ...]:
        """What scenes and rules can count on."""
        triggers, members = self.triggers, [a for a in self.users.accounts if a.role is Role.MEMBER]
        every = [triggers.of(kind) for kind in triggers.kinds]
        claims = {
            Capability.TRIGGERS: bool(every),
            Capability.VULNERABILITY: triggers.vulnerability is not None,
            Capability.ASSIGNMENT: triggers.assignment is not None,
            Capability.ALERT: triggers.alert is not None,
            Capability.INVALID_TRIGGER: triggers.invalid is not None,
            Capability.TARGETED: any(t and t.concerns is Concerns.TARGET for t in every),
            Capability.MARKERS: any(t and t.recognise is Recognise.MARKER for t in every),
            Capability.SECOND_USER: self.users.signup is not None or len(members) > 1,
            Capability.FRESH_USERS: self.users.signup is not None,
            Capability.SIMILAR_USERS: self.users.signup is not None or bool(namesakes(members)),
            Capability.ODD_NAMES: self.capabilities.odd_names and self.users.signup is not None,
            Capability.SIGNING_KEY: bool(self.auth.key),
            Capability.ISSUER: bool(self.auth.issuer),
            Capability.AUDIENCE: bool(self.auth.audience),
            Capability.LOGOUT: self.auth.logout is not None,
            Capability.HEADER_AND_COOKIE: self.capabilities.header_and_cookie,
            Capability.BEARER: self.auth.carrier is Carrier.BEARER,
            Capability.TLS: self.secure,
            Capability.RATE_LIMIT: self.numbers.rate_limit > 0,
            Capability.SENSITIVE: bool(self.sensitive_fields) and triggers.sensitive is not None,
            Capability.REST: self.rest_probe is not None,
            Capability.POLLING: self.capabilities.polling,
            Capability.REPLAY: self.capabilities.replay,
            Capability.CATCH_UP: self.capabilities.polling or self.capabilities.replay,
            Capability.METRICS: self.capabilities.metrics,
            Capability.MULTI_INSTANCE: bool(self.other_instance),
            Capability.WEBSOCKET: self.capabilities.websocket,
            Capability.CORS: self.capabilities.cors,
            Capability.CLOSES_AT_EXPIRY: self.capabilities.closes_at_expiry,
            Capability.TRUSTED_PROXY: self.capabilities.trusted_proxy,
            Capability.UNTRUSTED: not self.capabilities.trusted_proxy,
            Capability.BROWSER: self.browser.engine is not None,
            Capability.UI: self.ui is not None,
            Capability.RESTART: self.control is not None,
            Capability.BROKER: self.control is not None and bool(self.control.broker_stop),
        }
        return tuple(capability for capability, claimed in claims.items() if claimed)

    @property
    def terms(self) -> Terms:
        """What rules judge by."""
        numbers = msgspec.to_builtins(self.numbers)
        return Terms(
            **numbers,
            metric_names=tuple(msgspec.structs.astuple(self.metrics)),
            allowed_origin=self.cors.allowed_origin,
            polling_page=self.polling.page,
            leeway=self.auth.leeway,
            quick=self.quick,
            capabilities=self.provided,
            accept_untested=self.accept_untested,
        )
