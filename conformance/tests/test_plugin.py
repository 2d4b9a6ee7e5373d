import os
import subprocess
import sys
from pathlib import Path

import pytest

from sse_conform.embedded import Embedded
from sse_conform.exit_code import ExitCode

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore"]
#: Other people's plugins, which take their time, are left out, and ours is named.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "sse_conform.plugin"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    return tmp_path


def pytest_in(project: Path, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORM_", "PYTEST_"))}
    return subprocess.run(
        [*PYTEST, *args],
        cwd=project,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_importing_the_plugin_loads_nothing_else_of_the_suite() -> None:
    program = (
        "import sys, pytest\nbefore = set(sys.modules)\nimport sse_conform.plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['sse_conform', 'sse_conform.plugin']"


def test_installed_it_is_there_and_without_its_options_takes_no_part(project: Path) -> None:
    done = pytest_in(project)
    assert done.returncode == 0
    assert "sse-conform-" in done.stdout
    assert "1 passed" in done.stdout


def test_every_rule_is_an_item_on_a_collector(project: Path) -> None:
    done = pytest_in(
        project, "--conform-target", "http://127.0.0.1:1", "--collect-only", "-k", "heartbeat and must", **ALONE
    )
    assert "<RuleCollector sse-conform>" in done.stdout
    assert "<RuleItem heartbeat.has-data>" in done.stdout
    assert "snapshot.first" not in done.stdout
    assert "test_own" not in done.stdout


def test_selected_rules_are_observed_once_and_pass(project: Path) -> None:
    with Embedded(compressed=True) as server:
        args = ("--conform-target", server.url, f"--conform-profile={server.profile_file()}")
        done = pytest_in(
            project, "-v", *args, "-k", "refuses-missing or no-override or test_own", **ALONE, **server.secrets
        )
    assert done.returncode == 0, done.stdout
    assert "sse-conform::auth.refuses-missing PASSED" in done.stdout
    assert "test_own.py::test_own PASSED" in done.stdout
    assert "3 passed" in done.stdout


def test_a_breach_is_shown_as_a_report_without_a_traceback(project: Path) -> None:
    with Embedded(compressed=True, faults=("accept-no-token",)) as server:
        args = ("--conform-target", server.url, f"--conform-profile={server.profile_file()}")
        done = pytest_in(project, *args, "-k", "refuses-missing", **ALONE, **server.secrets)
    assert done.returncode == 1
    assert "auth.refuses-missing (MUST)" in done.stdout
    assert "expected  " in done.stdout
    assert "pytest_items.py" not in done.stdout


def test_a_profile_that_cannot_be_used_ends_the_session_with_its_code(project: Path) -> None:
    done = pytest_in(project, "--conform-target", "http://127.0.0.1:1", **ALONE)
    assert done.returncode == ExitCode.USAGE
    assert "users names no account" in done.stdout


def test_workers_are_refused(project: Path) -> None:
    done = pytest_in(
        project,
        "--conform-target",
        "http://127.0.0.1:1",
        "-n",
        "2",
        **ALONE | {"PYTEST_PLUGINS": "xdist.plugin,sse_conform.plugin"},
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "leave out -n" in done.stderr


def test_what_a_quick_run_leaves_out_is_deselected_and_not_passed(project: Path) -> None:
    with Embedded(compressed=True) as server:
        args = ("--conform-quick", "--conform-target", server.url, f"--conform-profile={server.profile_file()}")
        chosen = ("-k", "refuses-missing or rate_limit or test_own")
        done = pytest_in(project, "-v", *args, *chosen, **ALONE, **server.secrets)
    assert done.returncode == 0, done.stdout
    assert "sse-conform::auth.refuses-missing PASSED" in done.stdout
    assert "rate_limit" not in done.stdout
    assert "2 passed" in done.stdout
