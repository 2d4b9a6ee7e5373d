from typing import Any

import msgspec
import pytest

from sse_conform.profile import Profile
from sse_conform.profile_shape import problems_of
from sse_conform.user_interface_checks import ui_problems

LOGIN = [
    {"fill": "#name", "value": "{username}@example.test"},
    {"fill": "#pw", "value": "{password}"},
    {"click": "button"},
]
CREATE = [{"fill": "#title", "value": "{text}"}, {"fill": "#for", "value": "{target.username}"}, {"click": "#go"}]
UI: dict[str, Any] = {"login": LOGIN, "notification": "li", "prompt": "#login", "create": CREATE}
ALICE = {"username": "alice", "password": "wonderland"}


def problems(accounts: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, str]:
    table = {"url": "http://x", "users": {"accounts": accounts or [ALICE]}, "ui": {**UI, **changes}}
    profile = msgspec.convert(table, Profile)
    return {problem.path: f"{problem.what}: {problem.remedy}" for problem in ui_problems(profile)}


def test_a_page_that_can_be_used_has_no_problem() -> None:
    assert problems() == {}


def test_a_profile_without_a_page_has_none_either() -> None:
    assert list(ui_problems(Profile(url="http://x"))) == []


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"path": "inbox"}, "ui.path", 'begin it with a slash, without scheme and host: "/inbox"'),
        ({"notification": " "}, "ui.notification", "is empty: give the CSS selector of each entry of the list"),
        ({"prompt": ""}, "ui.prompt", "what asks for a login once the session has ended"),
        ({"login": []}, "ui.login", "does not use {password} and {username}"),
        ({"login": LOGIN[:1]}, "ui.login", "does not use {password}: fill in the fields"),
        ({"login": [*LOGIN, {}]}, "ui.login[3]", "has neither fill nor click: write { fill ="),
        ({"login": [*LOGIN, {"fill": "#a", "click": "#a"}]}, "ui.login[3]", "has both fill and click"),
        ({"login": [*LOGIN, {"fill": "#a"}]}, "ui.login[3]", "fills '#a' with nothing"),
        ({"logout": [{"click": "#a", "value": "b"}]}, "ui.logout[0]", "clicks, and has a value"),
        ({"create": [{"fill": "#a", "value": "{txt}"}]}, "ui.create[0].value", "did you mean {text}?"),
        ({"create": [{"fill": "#a", "value": "{sensitive}"}]}, "ui.create[0].value", "{sensitive}, which is unknown"),
        ({"create": CREATE[1:]}, "ui.create", "types {text} nowhere: put"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(changes: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(**changes)[path]


def test_an_account_that_is_to_log_in_on_the_page_needs_a_password() -> None:
    tokens = [ALICE, {"username": "bob", "token": "t.o.k"}, {"username": "root", "token": "t.o.k", "role": "admin"}]
    assert list(problems(tokens)) == ["users.accounts[1]"]


@pytest.mark.parametrize("missing", ["login", "notification", "prompt"])
def test_what_nobody_can_guess_has_to_be_given(missing: str) -> None:
    table = {"url": "http://x", "ui": {name: value for name, value in UI.items() if name != missing}}
    assert [problem.path for problem in problems_of(table)] == [f"ui.{missing}"]


def test_a_key_of_a_step_that_nobody_knows_is_met_with_a_suggestion() -> None:
    table = {"url": "http://x", "ui": {**UI, "login": [{"fil": "#a", "value": "b"}]}}
    (problem,) = problems_of(table)
    assert (problem.path, "fill" in problem.remedy) == ("ui.login[0].fil", True)
