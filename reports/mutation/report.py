"""What came of it, for people and for programs."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .mutants import Mutant
from .trials import Answer

#: module, function, changed line before and after: what an excuse is for, wherever the line stands.
Change = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Score:
    """What became of the mutants of one module."""

    module: str
    possible: int
    answers: tuple[tuple[Mutant, Answer], ...]
    excuses: dict[Change, str]

    @property
    def survivors(self) -> list[tuple[Mutant, str]]:
        """Each with the reason why it is no other program, empty where there is none."""
        survived = (mutant for mutant, answer in self.answers if answer is Answer.SURVIVED)
        return [(mutant, self.excuses.get(change(mutant), "")) for mutant in survived]

    @property
    def missed(self) -> list[Mutant]:
        """The survivors that nothing excuses."""
        return [mutant for mutant, reason in self.survivors if not reason]

    def counts(self) -> dict[str, Any]:
        """The row of the report."""
        answers = Counter(answer for _, answer in self.answers)
        missed, told = len(self.missed), answers[Answer.KILLED] + answers[Answer.TIMED_OUT]
        return {
            "module": self.module,
            "possible": self.possible,
            "tried": len(self.answers),
            "killed": answers[Answer.KILLED],
            "timed_out": answers[Answer.TIMED_OUT],
            "equivalent": answers[Answer.SURVIVED] - missed,
            "survived": missed,
            "score": round(100 * told / (told + missed), 1) if told + missed else 100.0,
        }


def change(mutant: Mutant) -> Change:
    return mutant.module, mutant.function, mutant.before, mutant.after


def excuses(file: Path) -> dict[Change, str]:
    """The mutants that change nothing which can be observed, with the reason of each."""
    rows = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", [])
    return {(row["module"], row["function"], row["line"], row["mutated"]): row["reason"] for row in rows}


def as_data(scores: list[Score], setting: dict[str, Any]) -> dict[str, Any]:
    survivors = [
        {
            "module": mutant.module,
            "line": mutant.line,
            "function": mutant.function,
            "operator": mutant.operator,
            "before": mutant.before,
            "after": mutant.after,
            "reason": reason,
        }
        for score in scores
        for mutant, reason in score.survivors
    ]
    return {**setting, "total": _total(scores), "modules": [score.counts() for score in scores], "survivors": survivors}


def as_markdown(scores: list[Score], setting: dict[str, Any]) -> str:
    rows = [score.counts() for score in scores]
    missed = [mutant for score in scores for mutant in score.missed]
    excused = [(mutant, reason) for score in scores for mutant, reason in score.survivors if reason]
    return "\n".join(
        [
            "# Mutants of the judge",
            "",
            _introduction(setting),
            "",
            "| module | possible | tried | killed | timed out | equivalent | survived | score |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
            *(f"| {' | '.join(str(value) for value in row.values())} |" for row in [*rows, _total(scores)]),
            "",
            "## Survivors",
            "",
            *([_shown(mutant) for mutant in missed] or ["None.", ""]),
            "## Equivalent",
            "",
            *([_shown(mutant, reason) for mutant, reason in excused] or ["None.", ""]),
        ]
    )


def _introduction(setting: dict[str, Any]) -> str:
    drawn = f"{setting['sample']} of each module, drawn with seed {setting['seed']}" if setting["sample"] else "all"
    return (
        f"Small changes to the code of the judge, and whether a test notices them: {drawn}. "
        f"Python {setting['python']}, cosmic-ray {setting['cosmic_ray']}. "
        "The score is the share that was noticed (killed, or gone round in circles) of those that are not equivalent. "
        "How to run it is in [CONTRIBUTING](../CONTRIBUTING.md#mutants)."
    )


def _total(scores: list[Score]) -> dict[str, Any]:
    return Score(
        module="all",
        possible=sum(score.possible for score in scores),
        answers=tuple(answer for score in scores for answer in score.answers),
        excuses={row: reason for score in scores for row, reason in score.excuses.items()},
    ).counts()


def _shown(mutant: Mutant, reason: str = "") -> str:
    where = f"`{mutant.module}.py:{mutant.line}` in `{mutant.function or 'the module'}`, {mutant.operator}"
    said = f"\n\n{reason}" if reason else ""
    return f"{where}:{said}\n\n```diff\n{mutant.diff}\n```\n"
