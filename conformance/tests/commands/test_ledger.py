"""What the command line shows of the ledger."""

import json

from click.testing import CliRunner

from sse_conform import requirements
from sse_conform.commands import explain, rules
from sse_conform.errors import UsageError


def test_the_ledger_lists_every_clause_with_its_rules_or_its_reason() -> None:
    shown = CliRunner().invoke(rules.command, ["--ledger"]).stdout
    for clause in requirements.load():
        assert f"{clause.slug} ({clause.level.value.upper()})" in shown
        assert (", ".join(clause.rules) or clause.reason) in shown


def test_the_ledger_ends_with_its_coverage() -> None:
    last = CliRunner().invoke(rules.command, ["--ledger"]).stdout.splitlines()[-1]
    judged = sum(bool(clause.rules) for clause in requirements.load())
    assert last.startswith(f"{len(requirements.load())} clauses: {judged} judged, ")


def test_the_ledger_as_json_has_one_record_a_clause() -> None:
    records = json.loads(CliRunner().invoke(rules.command, ["--ledger", "--format", "json"]).stdout)
    assert [record["slug"] for record in records] == [clause.slug for clause in requirements.load()]
    assert all(bool(record["rules"]) != bool(record["reason"]) for record in records)


def test_a_selection_of_the_ledger_is_refused_rather_than_ignored() -> None:
    assert isinstance(CliRunner().invoke(rules.command, ["--ledger", "--only", "stream.*"]).exception, UsageError)


def test_explain_shows_the_clauses_that_the_rule_judges() -> None:
    shown = CliRunner().invoke(explain.command, ["delivery.in-time"]).stdout
    assert [clause.slug in shown for clause in requirements.by_rule("delivery.in-time")] == [True, True]
