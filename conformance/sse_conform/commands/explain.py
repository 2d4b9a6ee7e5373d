"""``conform explain RULE``: everything about one rule."""

import inspect
from collections.abc import Iterator

import click

from sse_conform import preflight, requirements, scene_packs
from sse_conform.rule import Rule
from sse_conform.rules import ALL
from sse_conform.selection import find
from sse_conform.spec import Capability


@click.command("explain")
@click.argument("rule", metavar="RULE")
def command(rule: str) -> None:
    """Say what RULE demands, why, where that is written, and how it is judged."""
    click.echo("\n".join(_lines(find(ALL, rule))))


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} ({rule.level.value.upper()})"
    yield rule.title
    if rule.why:
        yield from ("", rule.why)
    yield from ("", "Clause")
    yield from (f"  {clause.slug}: {clause.text}" for clause in requirements.by_rule(rule.id))
    yield from ("", "Source")
    yield from (f"  {ref}  {ref.url}".rstrip() for ref in rule.spec)
    yield from ("", "How it is judged")
    yield from (f"  in the scene {scene}: {title}" for scene, title in _scenes(rule))
    yield f"  over {_subjects(rule)}"
    if rule.timed:
        yield "  by its timing: what happened while the suite itself was late does not count"
    if rule.needs:
        yield from ("", "What it needs")
        yield from (f"  {_need(need)}" for need in Capability if need in rule.needs)
    if rule.hint:
        yield from ("", "Usual cause of a breach", f"  {rule.hint}")
    yield from ("", "Run it alone", f"  conform --target URL --only {rule.id}")


def _scenes(rule: Rule) -> Iterator[tuple[str, str]]:
    installed = {preflight.SCENE.id: preflight.SCENE, **scene_packs.load()}
    for name in rule.scenes:
        scene = installed.get(name)
        yield name, scene.title if scene else "not installed here"


def _subjects(rule: Rule) -> str:
    """What the rule looks at, in the words of the function that selects it."""
    about = (inspect.getdoc(rule.over) or "").partition("\n")[0].rstrip(".")
    return about[:1].lower() + about[1:] if about else "what these scenes recorded"


def _need(need: Capability) -> str:
    without = "not applicable" if need.may else "untested"
    return f"{need.value}: {need.remedy}; without it the rule is {without}"
