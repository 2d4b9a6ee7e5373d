"""The page ``docs/rules.md``: every rule with its clause, source, scenes and needs."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from sse_conform import requirements
from sse_conform.rule import Rule

_HEAD = """\
# The rules

Made by `conform rules --format markdown`. A breach of a MUST fails, a breach of a SHOULD warns. What a rule *needs* the
target profile must provide, see [the target profile](profile.md). `conform explain RULE` says the same of one rule, and
`conform rules --ledger` shows the clauses that no rule judges yet."""


def markdown(rules: Iterable[Rule]) -> str:
    """The page; rules of one area stand together, in the order given."""
    by_area = sorted(rules, key=lambda rule: rule.area)
    lines = [_HEAD]
    for area, group in groupby(by_area, key=lambda rule: rule.area):
        lines += ["", f"## {area}"]
        for rule in group:
            lines += ["", *_entry(rule)]
    return "\n".join(lines)


def _entry(rule: Rule) -> Iterator[str]:
    yield f"### `{rule.id}` ({rule.level.value.upper()})"
    yield ""
    yield f"{rule.title} {' '.join(rule.why.split())}".rstrip()
    yield ""
    for clause in requirements.by_rule(rule.id):
        yield f"- clause `{clause.slug}`: {clause.text}"
    yield f"- source: {'; '.join(f'[{ref}]({ref.url})' if ref.url else str(ref) for ref in rule.spec)}"
    yield f"- judged in: {', '.join(rule.scenes)}"
    if rule.needs:
        yield f"- needs: {', '.join(sorted(need.value for need in rule.needs))}"
    if rule.hint:
        yield f"- usual cause of a breach: {rule.hint}"
