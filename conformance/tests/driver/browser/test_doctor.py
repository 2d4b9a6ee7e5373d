import os
import subprocess
import sys

from click.testing import CliRunner

from sse_conform.cli import main
from sse_conform.doctor.examination import browser_check
from sse_conform.exit_code import ExitCode
from sse_conform.profile import BrowserChoice, Engine


async def test_a_browser_that_starts_is_named_with_its_version():
    check = await browser_check(BrowserChoice(engine=Engine.CHROMIUM))
    assert check.ok
    assert check.said.startswith("chromium ")


async def test_a_browser_that_is_no_program_is_a_problem_with_a_fix():
    check = await browser_check(BrowserChoice(engine=Engine.CHROMIUM, executable="no-such-browser"))
    assert check.said == "no-such-browser is no program"
    assert "browser.executable" in check.fix


async def test_a_program_that_is_no_browser_is_a_problem_with_a_fix():
    check = await browser_check(BrowserChoice(engine=Engine.CHROMIUM, executable="true"))
    assert "does not start" in check.said
    assert "--fix" in check.fix


def test_the_fix_needs_to_know_that_a_browser_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["doctor", "--fix"])
    assert ended.exit_code == ExitCode.USAGE


def test_a_run_that_was_to_use_a_browser_and_has_none_is_not_green(tmp_path):
    only = "--only=delivery.browser-to-browser"
    command = [sys.executable, "-m", "sse_conform", "--target=embedded", "--compressed", "--browser", only, "-q"]
    environ = {**os.environ, "CONFORM_BROWSER_EXECUTABLE": "no-such-browser"}
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == ExitCode.TARGET
    assert "no-such-browser is no program" in ended.stdout
