"""``conform rules``: the rules there are, and with ``--ledger`` the clauses that they judge."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from sse_conform import requirements
from sse_conform.commands.rules_page import markdown
from sse_conform.errors import UsageError
from sse_conform.options import selection_options
from sse_conform.requirements import Coverage, Requirement
from sse_conform.rule import Rule
from sse_conform.rules import ALL
from sse_conform.selection import select


@click.command("rules")
@selection_options
@click.option("--ledger", is_flag=True, help="Every clause with the rules that judge it, or why none does.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def command(only: tuple[str, ...], skip: tuple[str, ...], ledger: bool, form: str) -> None:  # noqa: FBT001 - click's flag
    """List the rules: id, level, title."""
    if ledger:
        if only or skip:
            raise UsageError("--ledger lists every clause", hint="leave --only and --skip out")
        if form == "markdown":
            raise UsageError("the ledger has no markdown", hint="choose text or json")
        _write(requirements.load(), form)
        return
    chosen = select(ALL, only=only, skip=skip)
    match form:
        case "json":
            click.echo(json.dumps([_record(rule) for rule in chosen], indent=2))
        case "markdown":
            click.echo(markdown(chosen))
        case _:
            width = max(len(rule.id) for rule in chosen)
            for rule in chosen:
                click.echo(f"{rule.id:<{width}}  {rule.level.value.upper():<6}  {rule.title}")


def _record(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "area": rule.area,
        "level": rule.level.value,
        "title": rule.title,
        "spec": [{"document": ref.document, "section": ref.section, "url": ref.url} for ref in rule.spec],
        "scenes": list(rule.scenes),
        "needs": sorted(need.value for need in rule.needs),
    }


def _write(clauses: tuple[Requirement, ...], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([_clause(clause) for clause in clauses], indent=2))
    else:
        click.echo("\n".join(_lines(clauses)))


def _lines(clauses: Iterable[Requirement]) -> Iterator[str]:
    counts: Counter[Coverage] = Counter()
    for clause in clauses:
        counts[clause.coverage] += 1
        yield f"{clause.slug} ({clause.level.value.upper()})  {clause.text}"
        match clause.coverage:
            case Coverage.JUDGED:
                yield f"  judged by {', '.join(clause.rules)}"
            case Coverage.OPEN:
                yield f"  not judged yet, missing: {clause.open}"
            case Coverage.UNJUDGEABLE:
                yield f"  cannot be judged: {clause.unjudgeable}"
    yield f"{counts.total()} clauses: " + ", ".join(f"{counts[coverage]} {coverage.value}" for coverage in Coverage)


def _clause(clause: Requirement) -> dict[str, object]:
    return {
        "slug": clause.slug,
        "area": clause.area,
        "level": clause.level.value,
        "text": clause.text,
        "coverage": clause.coverage.value,
        "rules": list(clause.rules),
        "reason": clause.reason,
    }
