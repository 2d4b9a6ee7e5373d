"""The vocabulary of requirements: levels, references, and what a target may or must provide."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How binding a rule is (RFC 2119): a breach of MUST fails, a breach of SHOULD warns."""

    MUST = "must"
    SHOULD = "should"


class SpecRef(msgspec.Struct, frozen=True):
    """Where a requirement comes from: a document, a place in it, and its address where it has one."""

    document: str
    section: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.document}, {self.section}"


def plan(section: str) -> SpecRef:
    """A section of the notification plan that the contract automates."""
    return SpecRef("Plan", section)


def whatwg(section: str, anchor: str = "server-sent-events") -> SpecRef:
    """A section of the WHATWG HTML standard, chapter 9.2 Server-sent events."""
    return SpecRef("WHATWG HTML", section, f"https://html.spec.whatwg.org/multipage/server-sent-events.html#{anchor}")


def rfc(number: int, section: str) -> SpecRef:
    """A section of an RFC."""
    return SpecRef(
        f"RFC {number}", f"section {section}", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"
    )


def practice(title: str, url: str = "") -> SpecRef:
    """Good practice with a source: a measured client, a maintainer's advice, a vendor's manual."""
    return SpecRef("Practice", title, url)


class Capability(StrEnum):
    """
    What a scene or a rule needs of the target or of its profile.

    A *may* capability that the profile does not declare makes a rule *not applicable*: the plan does not demand it.
    Any other one that the profile cannot provide makes it *untested*, and the remedy says which lines to add.
    """

    TRIGGERS = "triggers"
    VULNERABILITY = "vulnerability"
    ASSIGNMENT = "assignment"
    ALERT = "alert"
    INVALID_TRIGGER = "invalid-trigger"
    TARGETED = "targeted"
    MARKERS = "markers"
    SECOND_USER = "second-user"
    FRESH_USERS = "fresh-users"
    SIMILAR_USERS = "similar-users"
    ODD_NAMES = "odd-names"
    SIGNING_KEY = "signing-key"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    BEARER = "bearer"
    TLS = "tls"
    RATE_LIMIT = "rate-limit"
    SENSITIVE = "sensitive"
    REST = "rest"
    POLLING = "polling"
    REPLAY = "replay"
    CATCH_UP = "catch-up"
    METRICS = "metrics"
    MULTI_INSTANCE = "multi-instance"
    WEBSOCKET = "websocket"
    CORS = "cors"
    LOGOUT = "logout"
    CLOSES_AT_EXPIRY = "closes-at-expiry"
    HEADER_AND_COOKIE = "header-and-cookie"
    TRUSTED_PROXY = "trusted-proxy"
    UNTRUSTED = "untrusted"
    BROWSER = "browser"
    UI = "ui"
    RESTART = "restart"
    BROKER = "broker"

    @property
    def may(self) -> bool:
        """Whether the plan leaves it to the implementation (MAY)."""
        return self in MAY

    @property
    def remedy(self) -> str:
        """What to add to the profile so that it can be judged."""
        return REMEDIES[self]


MAY = frozenset(
    {
        Capability.POLLING,
        Capability.REPLAY,
        Capability.CATCH_UP,
        Capability.METRICS,
        Capability.MULTI_INSTANCE,
        Capability.WEBSOCKET,
        Capability.CORS,
        Capability.LOGOUT,
        Capability.CLOSES_AT_EXPIRY,
        Capability.HEADER_AND_COOKIE,
        Capability.ODD_NAMES,
        Capability.TRUSTED_PROXY,
        Capability.ISSUER,
        Capability.AUDIENCE,
        Capability.UNTRUSTED,
        Capability.BEARER,
        Capability.TLS,
        Capability.UI,
        Capability.RESTART,
        Capability.BROKER,
    }
)

REMEDIES: dict[Capability, str] = {
    Capability.TRIGGERS: "add [triggers.vulnerability], [triggers.assignment] or [triggers.alert]: "
    "the request that causes an event",
    Capability.VULNERABILITY: "add [triggers.vulnerability]: the request that creates a vulnerability",
    Capability.ASSIGNMENT: "add [triggers.assignment]: the requests that change an assignment",
    Capability.ALERT: "add [triggers.alert]: the request that raises an admin alert",
    Capability.INVALID_TRIGGER: "add [triggers.invalid]: a publish that the service refuses with 4xx",
    Capability.TARGETED: 'give one trigger concerns = "target": an event for one user only',
    Capability.MARKERS: 'let a trigger carry our text: recognise = "marker" and "{text}" in its request',
    Capability.SECOND_USER: "add a second [[users.accounts]], or [users.signup]",
    Capability.FRESH_USERS: "add [users.signup]: the request that makes a new, empty account",
    Capability.SIMILAR_USERS: "add [users.signup], or two [[users.accounts]] that are alike, as bob and bobby",
    Capability.ODD_NAMES: "declare capabilities.odd_names = true, with [users.signup]",
    Capability.SIGNING_KEY: 'add auth.key, with which tokens are minted: the secret (key = "env:JWT_SECRET") '
    'or the private key (key = "file:signing-key.pem")',
    Capability.ISSUER: "name the iss of genuine tokens in auth.issuer, where the service insists on it",
    Capability.AUDIENCE: "name the aud of genuine tokens in auth.audience, where the service insists on it",
    Capability.BEARER: 'carry the token in the Authorization header: auth.carrier = "bearer"',
    Capability.TLS: "name the target by https://: HTTP/2 is offered inside TLS",
    Capability.RATE_LIMIT: "set numbers.rate_limit to the limit of connection attempts",
    Capability.SENSITIVE: "name sensitive_fields, and add [triggers.sensitive] with {sensitive} in its request",
    Capability.REST: "add [rest]: a cheap GET that the same token may make",
    Capability.POLLING: "declare capabilities.polling = true",
    Capability.REPLAY: "declare capabilities.replay = true",
    Capability.CATCH_UP: "declare capabilities.polling = true or capabilities.replay = true",
    Capability.METRICS: "declare capabilities.metrics = true",
    Capability.MULTI_INSTANCE: "give other_instance: the address of a second instance of the service",
    Capability.WEBSOCKET: "declare capabilities.websocket = true",
    Capability.CORS: "declare capabilities.cors = true",
    Capability.LOGOUT: "add [auth.logout]: the request that makes the service forget its token",
    Capability.HEADER_AND_COOKIE: "declare capabilities.header_and_cookie = true, and name the cookie in auth.name",
    Capability.CLOSES_AT_EXPIRY: "declare capabilities.closes_at_expiry = true",
    Capability.TRUSTED_PROXY: "declare capabilities.trusted_proxy = true",
    Capability.UNTRUSTED: "leave capabilities.trusted_proxy out: a trusted proxy may name whom it speaks for",
    Capability.BROWSER: "choose a browser: --browser, or browser.engine in the profile",
    Capability.UI: "add [ui]: the page, its login, and where it shows notifications",
    Capability.RESTART: "add [control]: the commands that stop and start the target",
    Capability.BROKER: "add control.broker_stop and control.broker_start: the commands for what is between instances",
}
