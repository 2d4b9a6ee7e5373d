"""The ledger is whole: it names real rules, forgets none, and says of each clause exactly one thing."""

import re

import pytest

from sse_conform import requirements
from sse_conform.errors import ConformError
from sse_conform.requirements import Binding, Coverage
from sse_conform.rule import Rule
from sse_conform.rules import ALL, BY_ID

LEDGER = requirements.load()
AREAS = {
    "stream", "framing", "auth", "snapshot", "delivery", "isolation", "privacy", "heartbeat", "reconnect", "rate_limit",
    "client", "polling", "multi_instance", "websocket", "metrics", "cors", "shutdown", "web_push",
}  # fmt: skip
CLAUSE = '[[clause]]\nslug = "a.b"\nlevel = "must"\ntext = "It is so."\n'


def test_every_rule_in_the_ledger_exists() -> None:
    assert {rule for clause in LEDGER for rule in clause.rules} <= BY_ID.keys()


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_rule_bears_the_name_of_a_clause_that_it_judges(rule: Rule) -> None:
    clauses = requirements.by_rule(rule.id)
    assert clauses, f"add a clause for {rule.id} to requirements.toml"
    assert requirements.names(clauses[0], rule.id)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_rule_is_as_binding_as_its_clauses(rule: Rule) -> None:
    levels = {clause.level.value for clause in requirements.by_rule(rule.id)}
    assert levels <= {rule.level.value, Binding.MAY.value}


def test_slugs_are_unique() -> None:
    slugs = [clause.slug for clause in LEDGER]
    assert len(set(slugs)) == len(slugs)


def test_slugs_are_an_area_and_a_name() -> None:
    assert [clause.slug for clause in LEDGER if not re.fullmatch(r"[a-z_]+\.[a-z0-9-]+", clause.slug)] == []


def test_every_heading_of_the_contract_has_clauses() -> None:
    assert {clause.area for clause in LEDGER} == AREAS


def test_a_clause_is_one_sentence() -> None:
    assert [clause.slug for clause in LEDGER if not clause.text.endswith(".") or ". " in clause.text] == []


def test_no_clause_is_said_twice() -> None:
    texts = [clause.text for clause in LEDGER]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("line", "coverage", "reason"),
    [
        ('rules = ["a.b"]', Coverage.JUDGED, ""),
        ('open = "a scene"', Coverage.OPEN, "a scene"),
        ('unjudgeable = "nobody sees it"', Coverage.UNJUDGEABLE, "nobody sees it"),
    ],
)
def test_a_clause_is_judged_or_open_or_unjudgeable(line: str, coverage: Coverage, reason: str) -> None:
    (clause,) = requirements.parse(CLAUSE + line)
    assert (clause.coverage, clause.reason) == (coverage, reason)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "a.b: give exactly one of rules, open and unjudgeable"),
        ('open = "x"\nrules = ["a.b"]', "a.b: give exactly one of rules, open and unjudgeable"),
        ('open = "x"\nreason = "y"', "unknown field `reason`"),
        ("open = ", "Invalid value"),
    ],
)
def test_a_malformed_ledger_is_refused_with_the_place(lines: str, said: str) -> None:
    with pytest.raises(ConformError, match=re.escape(said)):
        requirements.parse(CLAUSE + lines)
