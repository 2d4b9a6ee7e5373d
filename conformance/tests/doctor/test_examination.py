"""Profiles with one mistake each, against the reference server: what a newcomer is told."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sse_conform.doctor.check import Check, Standing
from sse_conform.doctor.examination import examine
from sse_conform.doctor.steps import steps_of
from sse_conform.doctor.visit import MOST_ATTEMPTS
from sse_conform.embedded import Embedded
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.rules import ALL
from sse_conform.run_events import RunEvent

ADMIN_PASSWORD = "SSE_CONFORM_SERVER_ADMIN_PASSWORD"


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with Embedded(compressed=True) as running:
        yield running


def silent(event: RunEvent, /) -> None:
    pass


#: Each examination comes from an address of its own, lest the limit of one be used up by those before.
ADDRESSES = (f"127.0.1.{number}" for number in range(1, 255))


def loaded(server: Embedded, changes: dict[str, Any] | None = None, **environ: str) -> LoadedProfile:
    # No ping is due so soon, so none is waited for.
    calm = {"numbers.heartbeat": 25.0}
    overrides = {**server.overrides, **calm, "source_addresses": [next(ADDRESSES)], **(changes or {})}
    return load_profile(file=server.profile_file(), overrides=overrides, environ={**server.secrets, **environ})


async def checks_of(profile: LoadedProfile) -> list[Check]:
    checks: AsyncIterator[Check] = examine(profile, ALL, listener=silent)
    return [check async for check in checks]


def step(path: str, json: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"path": path, "json": json, **more}


def one_step(path: str, json: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": [step(path, json)], **more}


FOR_TARGET = {"title": "{text}", "assignee": "{target.id}"}


async def test_a_profile_in_order_passes_every_check(server: Embedded) -> None:
    checks = await checks_of(loaded(server))
    assert [check for check in checks if not check.ok] == []
    assert [check.name for check in checks if check.standing is Standing.OK] == [
        "DNS", "TCP", "source addresses", "sign-up", "login", "accounts", "token", "stream", "content type", "clock",
        "snapshot", "key", "leeway", "second user", "trigger vulnerability", "trigger assignment", "trigger alert",
        "trigger sensitive", "trigger invalid", "retry", "polling", "metrics", "replay", "cors", "logout", "cost",
        "control",
    ]  # fmt: skip


async def test_the_steps_that_are_announced_are_those_that_are_tried(server: Embedded) -> None:
    profile = loaded(server)
    names = [check.name for check in await checks_of(profile)]
    steps = [*steps_of(profile.profile)]
    assert [name for name in dict.fromkeys(names) if name in steps] == steps


async def test_a_ping_that_is_due_soon_is_waited_for_and_other_numbers_are_said_to_be_untried(server: Embedded) -> None:
    heartbeat = server.overrides["numbers.heartbeat"]
    checks = {check.name: check for check in await checks_of(loaded(server, {"numbers.heartbeat": heartbeat}))}
    assert checks["heartbeat"].ok
    assert f"numbers.heartbeat is {heartbeat:g} s" in checks["heartbeat"].said
    assert "heartbeat =" not in checks["numbers"].said
    assert "latency =" not in checks["numbers"].said
    assert "rate_limit = " in checks["numbers"].said
    calm = {check.name: check for check in await checks_of(loaded(server))}
    assert "heartbeat" not in calm
    assert calm["numbers"].said.startswith("not tried here, but judged by a run: heartbeat = 25, rate_limit = ")


@pytest.mark.parametrize(
    ("mistake", "untried"),
    [("login path", "token, stream, key, second user"), ("stream path", "key, second user, trigger vulnerability")],
)
async def test_where_it_ends_early_the_steps_are_named_that_were_not_tried(
    server: Embedded, mistake: str, untried: str
) -> None:
    (note,) = [check for check in await checks_of(loaded(server, MISTAKES[mistake][0])) if check.name == "not tried"]
    assert re.match(rf"\d+ steps not tried: {untried}, ", note.said)
    assert note.said.endswith(", cors, logout")
    assert note.standing is Standing.NOTE


async def test_without_a_way_to_the_target_no_step_is_tried(server: Embedded) -> None:
    profile = loaded(server, {"url": "http://127.0.0.1:9"})
    (note,) = [check for check in await checks_of(profile) if check.name == "not tried"]
    assert note.said == f"{len([*steps_of(profile.profile)])} steps not tried: {', '.join(steps_of(profile.profile))}"


async def test_it_costs_no_more_attempts_than_it_says(server: Embedded) -> None:
    (cost,) = [check for check in await checks_of(loaded(server)) if check.name == "cost"]
    assert cost.said == f"{MOST_ATTEMPTS} attempts on the stream route"


#: One mistake, the check that finds it, and what it says and advises.
MISTAKES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "stream path": ({"paths.stream": "/api/streams"}, "stream", "404", "set paths.stream"),
    "login path": (
        {"auth.login": step("/api/login", {"username": "{username}", "password": "{password}"})},
        "login", "404", "correct the path in [auth.login]",
    ),
    "login body": (
        {"auth.login": step("/api/auth/login", {"user": "{username}", "password": "{password}"})},
        "login", "422", "correct the body in [auth.login]",
    ),
    "token pointer": ({"auth.token": "/data/token"}, "login", "no token at /data/token", 'token = "/token"'),
    "carrier": ({"auth.carrier": "query"}, "stream", "refuses the genuine token", 'carrier = "bearer"'),
    "sign-up path": (
        {"users.signup": step("/register", {"username": "{username}", "password": "{password}"})},
        "sign-up", "404", "correct the path in [users.signup]",
    ),
    "sign-up id": ({"users.signup.id": "/data/id"}, "sign-up", "no id at /data/id", "/id is "),
    "key": ({"auth.key": "some other key of thirty-two and more characters"}, "key", "401", "the very key"),
    "algorithm": ({"auth.algorithms": ["HS512"]}, "token", "signed with HS256", 'auth.algorithms = ["HS256"]'),
    "subject": ({"auth.subject_claim": "userId"}, "token", "no claim userId", 'auth.subject_claim = "sub"'),
    "audience": ({"auth.audience": "web"}, "token", 'its aud is "notifications"', "set auth.audience"),
    "trigger for nobody": (
        {"triggers.vulnerability": one_step("/api/vulnerabilities", {"title": "{text}", "assignee": "{sender.id}"})},
        "trigger vulnerability", "no event came", "name in [triggers.vulnerability] the one concerned",
    ),
    "trigger path": (
        {"triggers.vulnerability": one_step("/api/vulns", FOR_TARGET)},
        "trigger vulnerability", "404", "correct the path in [triggers.vulnerability]",
    ),
    "trigger by a member": (
        {"triggers.alert": one_step("/api/admin/alerts", {"message": "{text}", "user": "{target.id}"})},
        "trigger alert", "403", 'may have to say by = "admin"',
    ),
    "trigger without our text": (
        {"triggers.vulnerability": {"steps": [
            step("/api/vulnerabilities", {"title": "a hole", "assignee": "{target.id}"}, headers={"x-text": "{text}"})
        ]}},
        "trigger vulnerability", "does not carry our text: {", 'recognise = "id"',
    ),
    "trigger with another id": (
        {"triggers.vulnerability": one_step("/api/vulnerabilities", FOR_TARGET, recognise="id", id="/id")},
        "trigger vulnerability", "another id than", "correct triggers.vulnerability.id",
    ),
    "trigger without an id": (
        {"triggers.vulnerability": one_step("/api/vulnerabilities", FOR_TARGET, recognise="id", id="/data/id")},
        "trigger vulnerability", "names no id at /data/id", "correct triggers.vulnerability.id",
    ),
    "trigger for everyone": (
        {"triggers.alert": one_step("/api/admin/alerts", {"message": "{text}"}, by="admin")},
        "trigger alert", "came to the second user as well", 'concerns = "everyone"',
    ),
    "trigger for one": (
        {"triggers.vulnerability": one_step("/api/vulnerabilities", FOR_TARGET, concerns="everyone")},
        "trigger vulnerability", "did not come to the second user", "leave concerns out",
    ),
    "save": (
        {"triggers.assignment": {"steps": [
            step("/api/vulnerabilities", {"title": "{text}", "assignee": "{sender.id}"}, save={"it": "/data/id"}),
            step("/api/vulnerabilities/{it}/assign", {"assignee": "{target.id}"}),
        ]}},
        "trigger assignment", "without /data/id, which save wants for it; it has /id", "pointers of save",
    ),
    "invalid trigger that is valid": (
        {"triggers.invalid": one_step("/api/vulnerabilities", FOR_TARGET)},
        "trigger invalid", "was accepted (201)", "refuses with 4xx",
    ),
    "invalid trigger elsewhere": (
        {"triggers.invalid": one_step("/api/vulns", FOR_TARGET)},
        "trigger invalid", "for another reason than its content: 404", "same path, method and sender",
    ),
    "sensitive trigger": (
        {"triggers.sensitive": one_step("/api/vulnerabilities", {**FOR_TARGET, "details": [["{sensitive}"]]})},
        "trigger sensitive", "was refused: 422", "correct the body in [triggers.sensitive]",
    ),
    "rest": ({"rest": {"method": "GET", "path": "/api/me"}}, "rest", "GET /api/me -> 404", "name in [rest]"),
    "polling path": ({"paths.polling": "/api/polling"}, "polling", "404", "correct paths.polling"),
    "polling page": ({"polling.page": "/data"}, "polling", 'its page is not at "/data"', 'set page = "" in [polling]'),
    "metrics path": ({"paths.metrics": "/prometheus"}, "metrics", "404", "correct paths.metrics"),
    "metrics name": (
        {"metrics.events_sent": "events_sent_total"},
        "metrics", "there is no events_sent_total", 'events_sent = "sse_events_sent_total"',
    ),
    "origin": ({"cors.allowed_origin": "https://other.example"}, "cors", "none", "set cors.allowed_origin"),
    "logout": ({"auth.logout.path": "/api/logout"}, "logout", "404", "correct [auth.logout]"),
    "logout that is none": (
        {"auth.logout": {"method": "GET", "path": "/api/notifications"}},
        "logout", "still opens streams", "leave out [auth.logout]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_one_mistake_is_one_problem_with_its_fix(server: Embedded, mistake: str) -> None:
    changes, name, said, fix = MISTAKES[mistake]
    problems = [check for check in await checks_of(loaded(server, changes)) if not check.ok]
    assert [check.name for check in problems] == [name], problems
    assert said in problems[0].said
    assert fix in problems[0].fix
    assert "\n" not in problems[0].fix


async def test_an_admin_who_cannot_log_in_spoils_the_alert_alone(server: Embedded) -> None:
    checks = await checks_of(loaded(server, **{ADMIN_PASSWORD: "wrong-password"}))
    problems = [check for check in checks if not check.ok]
    assert [check.name for check in problems] == ["admin", "trigger alert"]
    assert "did not log admin in: 401" in problems[0].said
    assert "the password of the account" in problems[0].fix


async def test_of_given_accounts_those_that_cannot_log_in_are_named_and_few_are_tried(server: Embedded) -> None:
    accounts = [{"username": f"nobody-{number}", "password": "x"} for number in range(5)]
    checks = await checks_of(loaded(server, {"users": {"accounts": accounts}, "triggers": {}}))
    failed = [check.said for check in checks if check.name == "login"]
    assert len(failed) == 4
    assert "nobody-2" in failed[2]
    assert failed[3] == "2 accounts more were not tried"


async def test_an_admin_alone_can_listen_to_nothing(server: Embedded) -> None:
    admin = {"username": "admin", "password": f"env:{ADMIN_PASSWORD}", "role": "admin"}
    checks = await checks_of(loaded(server, {"users": {"accounts": [admin]}, "triggers": {}}))
    (accounts,) = [check for check in checks if check.name == "accounts" and not check.ok]
    assert accounts.fix == "add [[users.accounts]] of the role member, or [users.signup]"


async def test_a_profile_that_leaves_things_out_is_told_what_that_costs(server: Embedded) -> None:
    checks = await checks_of(loaded(server, {"triggers": {}, "auth.key": ""}))
    missing = {check.name: check for check in checks if check.standing is Standing.MISSING}
    assert set(missing) == {"triggers", "invalid trigger", "signing key", "sensitive"}
    assert "[triggers.vulnerability]" in missing["triggers"].fix
    (untried,) = [check.said for check in checks if check.name == "numbers"]
    assert "latency = " in untried  # there is no event to see it on


async def test_no_secret_is_in_what_is_said(server: Embedded) -> None:
    said = json.dumps(
        [(check.said, check.fix) for check in await checks_of(loaded(server, {"paths.polling": "/token"}))]
    )
    assert not [secret for secret in server.secrets.values() if secret in said]


@pytest.mark.parametrize(
    ("heartbeat", "advice"),
    [(25.0, "or promise less: numbers.latency = 3"), (2.5, "so no promise allows for this")],
)
async def test_a_slow_service_is_told_what_it_could_promise(heartbeat: float, advice: str) -> None:
    with Embedded(compressed=True, faults=("late-delivery",)) as slow:
        checks = await checks_of(loaded(slow, {"numbers.heartbeat": heartbeat}))
    late = [check for check in checks if "its event came after" in check.said]
    assert late, "\n".join(f"{c.name}: {c.said}" for c in checks)
    assert all(advice in check.fix for check in late)
