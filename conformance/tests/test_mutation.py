"""Mutants of the judge: what is changed, what becomes of it, and what the report says."""

import importlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CODE = '''\
"""A tiny module."""


def larger(a, b):
    while a > b:
        return True
    return False
'''
TESTS = """\
from tiny import larger

def test_larger():
    assert larger(2, 1) is True
    assert larger(1, 2) is False
"""


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of pytest are of no use to a tiny module, and take their time."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def part(name: str) -> Any:
    return importlib.import_module(f"reports.mutation.{name}")


def drawn(code: str = CODE, sample: int | None = None, seed: int = 1) -> list[Any]:
    return part("mutants").draw("tiny", code, sample=sample, seed=seed)[0]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one module, one test file, and something that git does not care for."""
    root = tmp_path / "checkout"
    (root / "conformance" / "tests").mkdir(parents=True)
    (root / "conformance" / "tiny.py").write_text(CODE)
    (root / "conformance/tests/test_tiny.py").write_text(TESTS)
    (root / "notes.log").touch()
    (root / ".gitignore").write_text("*.log\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def subject() -> Any:
    tests = ("conformance/tests/test_tiny.py",)
    return part("subjects").Subject(module="tiny", file=Path("conformance/tiny.py"), own=tests, wide=tests)


def test_a_mutant_is_killed_survives_or_is_out_of_time(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    trials = part("trials")
    monkeypatch.setattr(trials, "LEAST_PATIENCE", 1)
    monkeypatch.setattr(trials, "PATIENCE", 4)
    endless = part("mutants").Mutant(
        module="tiny", line=5, function="larger", operator="none", original=CODE,
        code=CODE.replace("return True", "a = 3"),
    )  # fmt: skip
    memory = tmp_path / "answers.jsonl"
    with trials.copied(checkout, tmp_path / "copy") as tree:
        trying = trials.Trials(tree, memory)
        answers = {mutant.after: str(trying.answer(subject(), mutant)) for mutant in [*drawn(), endless]}
        assert not (tree / "notes.log").exists()
        assert (tree / subject().file).read_text() == CODE
        assert trials.Trials(tree, memory).answer(subject(), endless) == "timed out"
    assert answers == {
        "while a >= b:": "survived",
        "while a <= b:": "killed",
        "while not a > b:": "killed",
        "return False": "killed",
        "return True": "killed",
        "a = 3": "timed out",
    }
    assert len(memory.read_text().splitlines()) == len(answers)
    assert (checkout / subject().file).read_text() == CODE


def test_tests_that_fail_without_a_mutant_say_nothing(checkout: Path, tmp_path: Path):
    trials = part("trials")
    (checkout / "conformance/tests/test_tiny.py").write_text("def test_it(): assert False\n")
    with trials.copied(checkout, tmp_path / "copy") as tree, pytest.raises(trials.BaselineError, match="test_tiny"):
        trials.Trials(tree, tmp_path / "answers.jsonl").answer(subject(), drawn()[0])


def test_a_sample_is_drawn_by_its_seed_and_is_within_a_larger_one():
    keys = [{mutant.key for mutant in drawn(sample=size)} for size in (2, 4)]
    assert [len(each) for each in keys] == [2, 4]
    assert keys[0] < keys[1]
    assert keys[1] == {mutant.key for mutant in drawn(sample=4)}
    assert any({mutant.key for mutant in drawn(sample=2, seed=seed)} != keys[0] for seed in range(2, 9))


def test_each_operator_does_what_its_example_says():
    mutate_code = importlib.import_module("cosmic_ray.mutating").mutate_code
    for operator in part("operators").OPERATORS.values():
        for example in operator.examples():
            mutated = mutate_code(example.pre_mutation_code, operator, example.occurrence)
            assert mutated.split() == example.post_mutation_code.split()


def test_citations_options_of_records_and_the_star_of_a_signature_are_no_mutants():
    assert drawn("def odd(a, *, b): ...") == []
    assert drawn("@dataclass(frozen=True)\nclass A:\n    spec = rfc(9110, '8.4')\n    also = rfc.of(2, '1')") == []
    assert len(drawn("@rule(timed=True, after=2)\ndef check(): ...\n")) == 3


def test_the_report_names_survivors_and_the_reason_of_the_excused_and_leaves_these_out_of_the_score():
    report, survived, killed = part("report"), part("trials").Answer.SURVIVED, part("trials").Answer.KILLED
    mutants = drawn()
    answers = tuple((mutant, survived if "while" in mutant.after else killed) for mutant in mutants)
    excuse = {("tiny", "larger", "while a > b:", "while a >= b:"): "Nothing is equal here."}
    score = report.Score(module="tiny", possible=9, answers=answers, excuses=excuse)
    row = {"possible": 9, "tried": 5, "killed": 2, "timed_out": 0, "equivalent": 1, "survived": 2, "score": 50.0}
    assert score.counts() == {"module": "tiny"} | row
    text = report.as_markdown([score], {"sample": None, "seed": 1, "python": "3", "cosmic_ray": "8"})
    before, excused = text.split("## Equivalent")
    assert "```diff\n-    while a > b:\n+    while not a > b:\n```" in before
    assert "Nothing is equal here." in excused
    assert ">= b" not in before


def test_every_module_of_rules_has_its_rules_tests_and_each_excuse_its_mutant():
    subjects, command = part("subjects").subjects(ROOT), part("__main__")
    assert {"rules/cors", "verdict", "eventstream"} < {each.module for each in subjects}
    (cors,) = (each for each in subjects if each.module == "rules/cors")
    assert "cors.preflight" in cors.own[-1]
    assert "test_cors.py" in cors.own[-1]
    excused = part("report").excuses(command.EXCUSES)
    assert command.stale(excused) == []
    assert command.stale({("rules/cors", "", "no line", "of it"): "Gone."}) != []
