"""What a rule is: one requirement, the subjects it is judged over, and a pure function that finds breaches."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sse_conform import entries as e
from sse_conform.deaths import Death
from sse_conform.spec import Capability, Level, SpecRef
from sse_conform.terms import Terms
from sse_conform.transcript import Event, Stream, Transcript

S = TypeVar("S")

#: What a finding may point at.
Place = Event | Stream | e.Published | e.Exchanged | e.PageShowed | Death


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """
    One breach: what was expected, what was there, where.

    ``at`` is the place in the record; ``since`` and ``until`` (ns) name the stretch that a timing finding rests on, so
    that the judge can set it aside where the suite itself was late. ``excess`` (ns) is how much longer it was than
    allowed: a shorter lag of the suite does not explain it. ``doubt`` says why it may be chance: then it is no breach,
    but keeps the rule from passing.
    """

    expected: str
    actual: str
    at: Place
    since: int | None = None
    until: int | None = None
    excess: int = 0
    doubt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """
    One requirement of the contract.

    ``over`` yields the subjects; a rule without subjects is untested. ``check`` yields the findings on one subject.
    ``scenes`` must have been completed for silence to count as a pass. ``timed`` rules judge instants: their findings
    do not count where the suite was disturbed. ``quick`` is False for what a quick run leaves out though it plays the
    scenes. Asked of a record without subjects, ``moot`` says why the rule does not concern the target, if so.
    """

    id: str
    level: Level
    title: str
    why: str
    spec: tuple[SpecRef, ...]
    scenes: tuple[str, ...]
    over: Callable[[Transcript], Iterable[Any]]
    check: Callable[[Any, Terms], Iterable[Finding]]
    needs: frozenset[Capability] = field(default_factory=frozenset)
    timed: bool = False
    quick: bool = True
    hint: str = ""
    moot: Callable[[Transcript], str] = lambda _: ""

    @property
    def area(self) -> str:
        """The heading of the contract that it belongs to."""
        return self.id.split(".", 1)[0]

    @property
    def in_browser(self) -> bool:
        """Whether it is judged in a browser, and so only where one was asked for."""
        return Capability.BROWSER in self.needs


def rule(
    id: str,  # noqa: A002 - the field's own word
    *,
    level: Level,
    spec: SpecRef | tuple[SpecRef, ...],
    over: Callable[[Transcript], Iterable[S]],
    scenes: str | tuple[str, ...],
    needs: Iterable[Capability] = (),
    timed: bool = False,
    quick: bool = True,
    hint: str = "",
    moot: Callable[[Transcript], str] = lambda _: "",
) -> Callable[[Callable[..., Iterator[Finding]]], Rule]:
    """
    Make a rule of a check.

    The check takes a subject and, where it names a second parameter, the terms; its docstring gives the title (first
    line) and the why (the rest). ``hint`` names the usual cause of a breach.
    """

    def make(check: Callable[..., Iterator[Finding]]) -> Rule:
        title, _, why = inspect.cleandoc(check.__doc__ or "").partition("\n")
        wants_terms = len(inspect.signature(check).parameters) > 1
        return Rule(
            id=id,
            level=level,
            title=title.strip(),
            why=why.strip(),
            spec=spec if isinstance(spec, tuple) else (spec,),
            scenes=(scenes,) if isinstance(scenes, str) else scenes,
            over=over,
            check=check if wants_terms else lambda subject, _terms: check(subject),
            needs=frozenset(needs),
            timed=timed,
            quick=quick,
            hint=hint,
            moot=moot,
        )

    return make
