import pytest

from sse_conform.errors import UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.rules import ALL
from sse_conform.selection import check_accepted, find, select, without_browser
from sse_conform.spec import Level
from sse_conform.terms import Accepted


def test_without_patterns_every_rule_is_chosen_in_its_order() -> None:
    assert select(ALL) == ALL


def test_a_glob_names_rules_by_id() -> None:
    assert {rule.id for rule in select(ALL, only=["auth.refuses-alg-none*"])} == {
        "auth.refuses-alg-none",
        "auth.refuses-alg-none-odd-case",
    }


def test_a_word_names_an_area_or_a_level() -> None:
    assert {rule.area for rule in select(ALL, only=["heartbeat", "snapshot"])} == {"heartbeat", "snapshot"}
    assert {rule.level for rule in select(ALL, only=["SHOULD"])} == {Level.SHOULD}


def test_skip_wins_over_only() -> None:
    chosen = select(ALL, only=["heartbeat"], skip=["heartbeat.no-*"])
    assert chosen
    assert not [rule for rule in chosen if rule.id.startswith("heartbeat.no-")]


@pytest.mark.parametrize(
    ("patterns", "message", "hint"),
    [
        ({"only": ["hartbeat"]}, "--only 'hartbeat' matches no rule", "did you mean heartbeat?"),
        ({"skip": ["stream.content-typ"]}, "--skip 'stream.content-typ'", "did you mean stream.content-type?"),
        ({"only": ["auth"], "skip": ["auth.*"]}, "no rule is left", "loosen either"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(patterns: dict[str, list[str]], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as trouble:
        select(ALL, **patterns)
    assert message in trouble.value.message
    assert hint in trouble.value.hint
    assert trouble.value.exit_code is ExitCode.USAGE


def test_a_rule_is_found_by_its_id_whatever_the_case() -> None:
    assert find(ALL, "Heartbeat.Has-Data").id == "heartbeat.has-data"


def test_a_mistyped_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean heartbeat\.has-data\?"):
        find(ALL, "heartbeat.has-dta")


def test_an_acceptance_must_name_a_rule() -> None:
    check_accepted(ALL, [Accepted(rule="rate_limit.*", reason="the gateway's")])
    with pytest.raises(UsageError, match=r"did you mean snapshot\.first\?"):
        check_accepted(ALL, [Accepted(rule="snapshot.frist", reason="x")])


def test_without_a_browser_its_rules_are_left_out() -> None:
    left = without_browser(ALL)
    assert {rule.id for rule in ALL} - {rule.id for rule in left} == {rule.id for rule in ALL if rule.in_browser}


def test_rules_in_a_browser_alone_ask_for_one() -> None:
    with pytest.raises(UsageError) as trouble:
        without_browser(select(ALL, only=["delivery.browser-to-browser"]))
    assert trouble.value.hint == "add --browser"
