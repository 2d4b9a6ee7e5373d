"""
Tries whether the tests notice small changes to the judge; loopback only, one at a time, in a copy of the checkout.

    python -m reports.mutation --sample 10 --seed 1
    python -m reports.mutation rules/cors rules/stream

Run from the repository's root. It can be stopped and run again: what was killed stays so until its module changes. It
ends with 1 where a mutant survives that `equivalent.toml` does not excuse, or an excuse is for a line that is no more.
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from .mutants import draw
from .report import Change, Score, as_data, as_markdown, change, excuses
from .subjects import PACKAGE, Subject, subjects
from .trials import BaselineError, Trials, copied

ROOT = Path(__file__).parents[2]
EXCUSES = Path(__file__).parent / "equivalent.toml"
#: A mutant that goes round in circles may collect things meanwhile. Bytes.
MOST_MEMORY = 2 << 30


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reports.mutation", description=__doc__.splitlines()[1])
    parser.add_argument("modules", nargs="*", help="such as rules/cors or verdict; all by default")
    parser.add_argument("--sample", type=int, help="mutants a module; all by default")
    parser.add_argument("--seed", type=int, default=1, help="which are drawn (1)")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "mutation", help="where mutation.md and .json go"
    )
    parser.add_argument("--memory", type=Path, default=ROOT / "build" / "mutation" / "answers.jsonl")
    return parser.parse_args()


def score(subject: Subject, trials: Trials, excused: dict[Change, str], *, sample: int | None, seed: int) -> Score:
    mutants, possible = draw(subject.module, trials.code(subject), sample=sample, seed=seed)
    answers = tuple((mutant, trials.answer(subject, mutant)) for mutant in mutants)
    scored = Score(module=subject.module, possible=possible, answers=answers, excuses=excused)
    print("  ".join(f"{value}" if name == "module" else f"{name} {value}" for name, value in scored.counts().items()))
    for mutant in scored.missed:
        print(
            f"{PACKAGE}/{mutant.module}.py:{mutant.line} {mutant.function} {mutant.operator}\n{mutant.diff}", flush=True
        )
    return scored


def stale(excused: dict[Change, str]) -> list[Change]:
    """The excuses for changes that no mutant makes any more."""
    modules = dict.fromkeys(module for module, *_ in excused)
    files = {module: ROOT / PACKAGE / f"{module}.py" for module in modules}
    made = {
        change(mutant)
        for module, file in files.items()
        for mutant in (draw(module, file.read_text("utf-8"), sample=None, seed=0)[0] if file.exists() else ())
    }
    return [row for row in excused if row not in made]


def main() -> int:
    chosen = options()
    known = {subject.module: subject for subject in subjects(ROOT)}
    if unknown := set(chosen.modules) - set(known):
        sys.exit(f"no such module: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    excused = excuses(EXCUSES)
    outdated = stale(excused)
    for row in outdated:
        print(f"{EXCUSES.name}: no mutant of {row[0]} turns `{row[2]}` into `{row[3]}`: take the excuse away")
    os.nice(19)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for folder in (chosen.output, chosen.memory.parent):
        folder.mkdir(parents=True, exist_ok=True)
    output, memory = chosen.output.resolve(), chosen.memory.resolve()
    wanted = [known[module] for module in chosen.modules] or list(known.values())
    with tempfile.TemporaryDirectory() as folder, copied(ROOT, Path(folder)) as tree:
        trials = Trials(tree, memory)
        try:
            scores = [score(each, trials, excused, sample=chosen.sample, seed=chosen.seed) for each in wanted]
        except BaselineError as broken:
            print(broken)
            return 2
    setting = {
        "sample": chosen.sample,
        "seed": chosen.seed,
        "python": platform.python_version(),
        "cosmic_ray": version("cosmic-ray"),
    }
    (output / "mutation.md").write_text(as_markdown(scores, setting), encoding="utf-8")
    (output / "mutation.json").write_text(json.dumps(as_data(scores, setting), indent=1) + "\n", encoding="utf-8")
    return 1 if outdated or any(each.missed for each in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
