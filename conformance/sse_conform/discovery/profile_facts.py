"""Which lines of the profile a draft decides: facts by dotted path, and the tables that stay examples."""

from collections.abc import Iterator
from typing import Any

from sse_conform.discovery.draft import EXAMPLE, KEY_REFERENCE, Draft
from sse_conform.discovery.entry import Person
from sse_conform.discovery.fact import GUESSED, Fact
from sse_conform.discovery.triggers import TriggerDraft
from sse_conform.discovery.words import SENSITIVE_FIELDS
from sse_conform.profile import Carrier, Role
from sse_conform.token_places import Where

#: The reason of an example that is a live line.
CHANGE = "an example: change me"
#: An example of where a private key is.
PRIVATE_KEY = "file:signing-key.pem"
#: What to fill in where it was not found, by the path of its line in the template.
_NOT_FOUND = (
    ("paths.stream", "/api/stream/notifications", "give the path of the stream"),
    ("paths.polling", "/api/notifications", "give the path of the list of notifications, if there is one"),
    ("paths.metrics", "/metrics", "give the path of the Prometheus text, if there is one"),
    ("auth.login.path", "/api/auth/login", "give the request that logs in, and where its answer has the token"),
    ("users.signup.path", "/api/auth/signup", "give the request that makes an account, if there is one"),
    ("triggers.vulnerability.path", "/api/vulnerabilities", "give the request that causes an event for one user"),
    ("triggers.alert.path", "/api/alerts", "give the request with which an admin alerts users"),
    ("rest.path", "/api/me", "give any cheap GET that wants a token"),
)


def facts_of(draft: Draft) -> dict[str, Fact[Any]]:
    """Everything that is known, by the path of its line."""
    return dict(_facts(draft))


def off_in(draft: Draft) -> set[str]:
    """The tables whose examples would do harm once the target was looked at: it has none of these."""
    triggers = draft.triggers
    off = {"users.accounts"} if draft.asked else set()
    if draft.asked and not draft.entry.login:
        off.add("auth.login")
    if draft.asked and "vulnerability" not in triggers:
        off.add("triggers.vulnerability")
    if "alert" in triggers and triggers["alert"].value.admin and draft.admin is None:
        off.add("triggers.alert")
    return off


def head_of(draft: Draft) -> Iterator[str]:
    """What is said at the top of the page about how it came about."""
    if not draft.asked:
        yield "Nothing was asked of the target: what was not given here are the plan's paths and examples."
        return
    attempts = draft.routes.attempts
    yield (
        f"Written after {draft.asked} requests to the target, {attempts} of them attempts on the stream route. "
        f"{'The API description is ' + draft.described.name if draft.described else 'No API description was found'}."
    )
    if draft.exhausted:
        yield "Not everything was looked at: requests are bounded, or too many were left without an answer."
    yield from (f"- {note}" for note in draft.notes)
    if draft.token.opaque:
        yield "- the token is no JWT: no other can be made from it, and the rules that need one stay untested"


def hints_of(draft: Draft) -> dict[str, Fact[Any]]:
    """Settings that stay off, with what was seen: only the service's owner knows whether it is a promise."""
    hints: dict[str, Fact[Any]] = {}
    if draft.asked:
        hints |= {path: Fact(value=value, why=f"not found: {what}") for path, value, what in _NOT_FOUND}
    for setting, claim in (("auth.issuer", "iss"), ("auth.audience", "aud")):
        value = draft.token.kept.get(claim)
        several = isinstance(value, list) and len(value) > 1
        which = f"the token has several {claim}; name the one that this service looks for, and" if several else ""
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str):
            why = f"{which or f'the token has this {claim};'} switch it on where the service insists on it"
            hints[setting] = Fact(value=first, why=why)
    if draft.token.algorithms and not draft.token.shared_secret and not draft.key_reference:
        why = f"the private key that signs {draft.token.algorithms.value[0]}, where you have it"
        hints["auth.key"] = Fact(value=PRIVATE_KEY, why=why)
    if draft.routes.retry is not None:
        why = f"the stream said retry: {draft.routes.retry}; switch it on to promise it"
        hints["numbers.retry"] = Fact(value=draft.routes.retry, why=why)
    return hints


def _facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    yield "url", Fact(value=draft.url, why="given: --target" if draft.asked or draft.url != EXAMPLE else CHANGE)
    if not draft.tls.verify:
        yield "tls.verify", Fact(value=False, why="given: --insecure")
    if draft.tls.ca_file:
        yield "tls.ca_file", Fact(value=draft.tls.ca_file, why="given: --ca-file")
    yield from _path_facts(draft)
    yield from _auth_facts(draft)
    yield from _user_facts(draft)
    yield from _trigger_facts(draft)
    yield from _promise_facts(draft)


def _path_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    routes = draft.routes
    for name, fact in (("stream", routes.stream), ("polling", routes.polling), ("metrics", routes.metrics)):
        if fact:
            yield f"paths.{name}", fact
    cheap = routes.rest or routes.polling
    if cheap and routes.page is None:
        yield "rest", Fact(value={"method": "GET", "path": cheap.value}, why=cheap.why)


def _auth_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    entry, ride = draft.entry, draft.routes.ride
    if entry.login:
        yield "auth.login", entry.login
    if ride:
        yield "auth.carrier", Fact(value=ride.value.carrier.value, why=ride.why)
        if ride.value.name:
            yield "auth.name", Fact(value=ride.value.name, why=ride.why)
    elif entry.place and entry.place.value.where is Where.COOKIE:
        yield "auth.carrier", Fact(value=Carrier.COOKIE.value, why=entry.place.why)
        yield "auth.name", Fact(value=entry.place.value.name, why=entry.place.why)
    if entry.place and not (ride and ride.value.carrier is Carrier.COOKIE):
        yield "auth.token", Fact(value=entry.place.value.setting, why=entry.place.why)
    if logout := draft.described.logout:
        verb = {} if logout.method == "POST" else {"method": logout.method}
        yield "auth.logout", Fact(value={**verb, "path": logout.path}, why=f"found in {draft.described.name}")
    yield from _token_facts(draft)


def _token_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    token = draft.token
    if token.algorithms:
        yield "auth.algorithms", token.algorithms
    if draft.key_reference and not token.opaque:
        yield "auth.key", Fact(value=draft.key_reference, why="given: --key-from")
    elif token.algorithms and token.shared_secret:
        why = f"the secret of {token.algorithms.value[0]}; who does not know it takes this line out"
        yield "auth.key", Fact(value=KEY_REFERENCE, why=why)
    if token.subject:
        yield "auth.subject_claim", token.subject


def _user_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    entry = draft.entry
    if entry.sign_up:
        pointer = {"id": entry.sign_up_id.value} if entry.sign_up_id else {}
        why = f"{entry.sign_up.why}; id: {entry.sign_up_id.why}" if entry.sign_up_id else entry.sign_up.why
        yield "users.signup", Fact(value=entry.sign_up.value | pointer, why=why)
    given = [(draft.person, Role.MEMBER), (draft.admin, Role.ADMIN)]
    rows = [_account(person, role, draft) for person, role in given if person]
    if rows:
        yield "users.accounts", Fact(value=rows, why="given on the command line")


def _account(person: Person, role: Role, draft: Draft) -> dict[str, str]:
    login = draft.entry.login.value if draft.entry.login else {}
    row = {"username": person.name_in(login), "token" if person.token else "password": person.reference}
    return row | ({"role": role.value} if role is not Role.MEMBER else {})


def _trigger_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    for name, fact in draft.triggers.items():
        yield f"triggers.{name}", Fact(value=_trigger(fact.value), why=fact.why)
    if "sensitive" in draft.triggers:
        yield "sensitive_fields", Fact(value=list(SENSITIVE_FIELDS), why=GUESSED)


def _trigger(draft: TriggerDraft) -> dict[str, Any]:
    by = {"by": Role.ADMIN.value} if draft.admin else {}
    concerns = {"concerns": "everyone"} if draft.everyone else {}
    return by | concerns | {"steps": list(draft.steps)}


def _promise_facts(draft: Draft) -> Iterator[tuple[str, Fact[Any]]]:
    routes = draft.routes
    if routes.limit.attempts:
        why = f"{routes.limit.named_by} of the stream route says so"
        yield "numbers.rate_limit", Fact(value=routes.limit.attempts, why=why)
        if routes.limit.window:
            yield "numbers.rate_window", Fact(value=routes.limit.window, why=why)
    if routes.page:
        yield "capabilities.polling", Fact(value=True, why=routes.page.why)
        if routes.page.value:
            yield "polling.page", routes.page
    if len(routes.metric_names) == 3 and routes.metrics:
        yield "capabilities.metrics", Fact(value=True, why=routes.metrics.why)
    for name, fact in routes.metric_names.items():
        yield f"metrics.{name}", fact
