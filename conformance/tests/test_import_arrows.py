"""Who may import whom: the judge knows neither scenes nor server, the server knows no judge, rules touch no world."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JUDGE, SCENES, SERVER = "sse_conform", "sse_conform_scenarios", "sse_conform_server"
SOURCES = {
    JUDGE: ROOT / "conformance" / JUDGE,
    SCENES: ROOT / "scenarios" / SCENES,
    SERVER: ROOT / "reference_server" / SERVER,
}
WORLD = {
    "asyncio", "anyio", "threading", "subprocess", "socket", "ssl", "select", "time", "random", "secrets", "os", "http",
    "urllib.request", "urllib.error", "urllib.robotparser",
    "httpx", "h11", "httpcore", "requests", "aiohttp", "websockets", "starlette", "fastapi",
    "sse_conform.driver", "sse_conform.run", "sse_conform.recorder", "sse_conform.profile_file",
}  # fmt: skip


def imported_by(file: Path) -> Iterator[str]:
    """Every module that a source file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                assert node.level == 0, f"{file} imports relatively: the arrows are read from full names"
                module = node.module or ""
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case _:
                pass


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def breaches(folder: Path, forbidden: set[str]) -> list[str]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"no sources in {folder}"
    return [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imported_by(file)
        if within(module, forbidden)
    ]


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [(JUDGE, {SCENES, SERVER}), (SCENES, {SERVER}), (SERVER, {JUDGE, SCENES})],
)
def test_a_package_imports_none_that_it_must_not_know(package, forbidden):
    assert breaches(SOURCES[package], forbidden) == []


def test_rules_import_nothing_that_touches_the_world():
    assert breaches(SOURCES[JUDGE] / "rules", WORLD) == []


@pytest.mark.parametrize("module", ["evidence", "verdict", "transcript", "eventstream", "rule", "terms"])
def test_what_rules_are_made_of_touches_no_world_either(module):
    reached = list(imported_by(SOURCES[JUDGE] / f"{module}.py"))
    assert [name for name in reached if within(name, WORLD)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import asyncio", True),
        ("from sse_conform import driver", True),
        ("from sse_conform.driver.clock import Clock", True),
        ("def check():\n    import random", True),
        ("from sse_conform.rule import Finding", False),
        ("import timeit", False),
    ],
)
def test_an_import_is_seen_wherever_it_stands(tmp_path, source, found):
    (tmp_path / "module.py").write_text(source)
    assert any(within(name, WORLD) for name in imported_by(tmp_path / "module.py")) is found
