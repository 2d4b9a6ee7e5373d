"""What is mutated, and which tests concern it."""

import importlib
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

PACKAGE = Path("conformance/sse_conform")
TESTS = Path("conformance/tests")
#: Modules of the judge that are no rules, with the tests that are about them.
OTHERS = {"verdict": ("test_verdict.py",), "eventstream": ("test_eventstream.py", "test_eventstream_bodies.py")}
#: All that looks at what the judge says of a record: what survives a module's own tests has to survive these too.
WIDE = tuple(
    str(TESTS / name)
    for name in (
        "rules", *chain.from_iterable(OTHERS.values()), "test_takes.py", "test_second_decoder.py", "test_stops.py",
    )
)  # fmt: skip
#: It asks the reference server alone, in a process of its own.
_UNCONCERNED = "test_its_failing_transcript_names_a_fault_that_breaks_it"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A module by its name and file, with what pytest is given for its own tests and for all."""

    module: str
    file: Path
    own: tuple[str, ...]
    wide: tuple[str, ...]


def subjects(root: Path) -> list[Subject]:
    """Every module of rules, and the others."""
    rules = [file.stem for file in sorted((root / PACKAGE / "rules").glob("[a-z]*.py"))]
    return [
        *(_subject(f"rules/{name}", _own_tests(root, name)) for name in rules),
        *(_subject(name, tuple(str(TESTS / file) for file in tests)) for name, tests in OTHERS.items()),
    ]


def _subject(module: str, own: tuple[str, ...]) -> Subject:
    return Subject(module=module, file=PACKAGE / f"{module}.py", own=own, wide=(*WIDE, "-k", f"not {_UNCONCERNED}"))


def _own_tests(root: Path, name: str) -> tuple[str, ...]:
    """The transcripts of the module's rules, and the test files that name one of its rules or the module itself."""
    ids = [rule.id for rule in importlib.import_module(f"sse_conform.rules.{name}").RULES]
    named = re.compile(rf"sse_conform\.rules\.{name}\b|" + "|".join(rf'"{re.escape(each)}"' for each in ids))
    files = [file.name for file in sorted((root / TESTS / "rules").glob("test_*.py")) if named.search(file.read_text())]
    return (str(TESTS / "rules"), "-k", f"({' or '.join([*ids, *files])}) and not {_UNCONCERNED}")
