"""The documentation is true: links lead somewhere, commands exist, generated pages are current."""

import json
import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from sse_conform import scene_packs
from sse_conform.cli import main
from sse_conform.exit_code import MEANINGS
from sse_conform.profile_file import load_profile
from sse_conform.rules import ALL
from sse_conform.selection import within_quick, without_browser

ROOT = Path(__file__).parents[2]
TOPS = (ROOT / "docs", ROOT / "fixtures", ROOT / "reports")
PAGES = [
    page
    for page in sorted([*ROOT.glob("*.md"), *(file for top in TOPS for file in top.rglob("*.md"))])
    if "node_modules" not in page.parts
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TESTS = re.search(r"^python3 -m venv .*/pytest .*$", README, re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as they are made from their text."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


LINKS = [
    (page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in target
]


def shell(text: str, language: str) -> list[str]:
    """The lines of all blocks in one language."""
    blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def commands() -> list[str]:
    """Every call of ``conform`` on the pages, in blocks and in prose."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        spoken = re.findall(r"`(conform(?: [^`\n]+)?)`", prose(page))
        typed = [part for line in shell(text, "sh") for part in line.split(" && ")]
        shown = [line.removeprefix("$ ") for line in shell(text, "console") if line.startswith("$ ")]
        lines = (re.split(r" > | +# ", line)[0] for line in [*spoken, *typed, *shown])
        calls = (re.search(r"(?:^|bin/|compressed \w+ )(conform(?: .*)?)$", line) for line in lines)
        found |= {call[1] for call in calls if call}
    return sorted(found)


@pytest.mark.parametrize(("page", "target"), LINKS, ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    assert file.exists()
    assert not anchor or anchor in anchors(file)


@pytest.mark.parametrize("command", commands())
def test_a_command_that_the_pages_show_is_understood(command: str) -> None:
    arguments = shlex.split(command)[1:]
    ended = CliRunner().invoke(main, [*arguments, "--help"])
    assert ended.exit_code == 0, ended.output


def test_the_pages_show_every_sub_command_of_the_main_job() -> None:
    shown = " ".join(commands())
    assert [name for name in ("rules", "explain", "judge", "init", "doctor", "selftest") if name not in shown] == []


def test_the_page_of_the_rules_is_current() -> None:
    made = CliRunner().invoke(main, ["rules", "--format", "markdown"])
    assert made.exit_code == 0, made.output
    current = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == made.stdout
    assert current, "run: conform rules --format markdown > docs/rules.md"


def test_the_table_of_exit_codes_is_the_programs() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE)
    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


@pytest.mark.parametrize("example", re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
def test_the_profile_of_the_readme_can_be_used(tmp_path: Path, example: str) -> None:
    file = tmp_path / "conform.toml"
    file.write_text(example, encoding="utf-8")
    assert load_profile(file=file, overrides={}, environ={"JWT_SECRET": "k"}).profile.url


def test_the_ci_runs_exactly_the_tests_of_the_readme() -> None:
    assert TESTS is not None
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1].removesuffix(" </dev/null") == TESTS[0]


@pytest.mark.parametrize("benchmark", sorted((ROOT / "reports/benchmarks").glob("*.py")), ids=lambda file: file.name)
def test_a_benchmark_says_how_it_is_run_and_what_its_exit_code_means(benchmark: Path) -> None:
    text = benchmark.read_text(encoding="utf-8")
    assert f"reports/benchmarks/{benchmark.name}" in text
    assert "exit" in text.lower()


def test_the_tests_import_what_is_installed_and_not_the_tree() -> None:
    """A path to the source roots in the settings of pytest would hide the wheel behind them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert "pythonpath" not in settings
    assert "--import-mode=importlib" in settings["addopts"]


def test_the_readme_says_what_the_matrix_in_the_reports_proves():
    told = re.search(r"of (\d+) faults of the reference server, while nothing\s+fails on (\d+) oddities", README)
    rows = json.loads((ROOT / "reports" / "kill-matrix.json").read_bytes())["rows"]
    standings = Counter(row["standing"] for row in rows)
    assert told is not None
    assert standings == {"clean": 1, "caught exactly": int(told[1]), "quiet": int(told[2])}


def test_the_readme_says_how_much_a_quick_run_judges():
    told = re.search(r"\*quick: (\d+) of\s+(\d+) rules\*", README)
    offered = without_browser(ALL)
    quick = within_quick(offered, scene_packs.load())
    assert told is not None
    assert (int(told[1]), int(told[2])) == (len(quick), len(offered))
