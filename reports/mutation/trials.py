"""Mutants are tried in a copy of the checkout: whether a test notices them."""

import contextlib
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from cosmic_ray.testing import run_tests
from cosmic_ray.work_item import TestOutcome

from .mutants import Mutant
from .subjects import Subject

#: A mutant whose tests take as many times longer than without it, and at least as many seconds, goes round in circles.
PATIENCE, LEAST_PATIENCE = 10, 30
SOURCES = ("conformance", "scenarios", "reference_server")


class Answer(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


class BaselineError(Exception):
    """The tests fail without any mutant, so that they would say nothing about one."""


@contextmanager
def copied(root: Path, tree: Path) -> Iterator[Path]:
    """A copy of what git knows or would add, compiled so that a changed text tells, as the working directory."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    compiling = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "."]
    subprocess.run([sys.executable, *compiling], cwd=tree, check=True)
    with contextlib.chdir(tree):
        yield tree


class Trials:
    """
    Tries mutants one after the other, and remembers the answers in a file.

    A killed mutant stays so as long as its module is the same; one that survived is tried again once the tests changed.
    """

    def __init__(self, tree: Path, memory: Path) -> None:
        self._tree = tree
        self._memory = memory
        self._tests = _digest(tree)
        self._patience: dict[tuple[str, ...], float] = {}
        self._known: dict[str, Answer] = {}
        if memory.exists():
            lines = (json.loads(line) for line in memory.read_text(encoding="utf-8").splitlines())
            self._known = {
                line["mutant"]: Answer(line["answer"])
                for line in lines
                if line["answer"] != Answer.SURVIVED or line["tests"] == self._tests
            }

    def code(self, subject: Subject) -> str:
        """The module as it was when the copy was made, whatever is edited meanwhile."""
        return (self._tree / subject.file).read_text(encoding="utf-8")

    def answer(self, subject: Subject, mutant: Mutant) -> Answer:
        """What the module's own tests say, and if they notice nothing, what all say."""
        if mutant.key not in self._known:
            answer = self._asked(subject, mutant)
            self._known[mutant.key] = answer
            with self._memory.open("a", encoding="utf-8") as memory:
                memory.write(json.dumps({"mutant": mutant.key, "answer": answer, "tests": self._tests}) + "\n")
        return self._known[mutant.key]

    def _asked(self, subject: Subject, mutant: Mutant) -> Answer:
        for tests in (subject.own, subject.wide):
            patience = self._seconds(tests)
            with self._applied(subject, mutant):
                outcome, output = run_tests(_command(tests), patience)
            if outcome is TestOutcome.INCOMPETENT:
                raise RuntimeError(f"the tests of {subject.module} could not be started: {output}")
            if outcome is TestOutcome.KILLED:
                return Answer.TIMED_OUT if output == "timeout" else Answer.KILLED
        return Answer.SURVIVED

    @contextmanager
    def _applied(self, subject: Subject, mutant: Mutant) -> Iterator[None]:
        file = self._tree / subject.file
        file.write_text(mutant.code, encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(mutant.original, encoding="utf-8")

    def _seconds(self, tests: tuple[str, ...]) -> float:
        """How long these tests may take with a mutant: they are run once without any."""
        if tests not in self._patience:
            began = time.monotonic()
            ended = subprocess.run(shlex.split(_command(tests)), check=False, capture_output=True, text=True)
            if ended.returncode:
                raise BaselineError(f"pytest {shlex.join(tests)} fails without any mutant:\n{ended.stdout[-2000:]}")
            self._patience[tests] = max(LEAST_PATIENCE, PATIENCE * (time.monotonic() - began))
        return self._patience[tests]


def _command(tests: tuple[str, ...]) -> str:
    """Run in the copy, whose packages come before those that are installed."""
    paths = ":".join(str(Path(source).resolve()) for source in SOURCES)
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", *tests]
    return shlex.join(["env", f"PYTHONPATH={paths}", *pytest])


def _digest(tree: Path) -> str:
    files = (file for top in ("conformance/tests", "fixtures/transcripts") for file in sorted((tree / top).rglob("*")))
    digest = hashlib.sha256()
    for file in files:
        if file.suffix in {".py", ".jsonl"}:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
