import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sse_conform import __version__
from sse_conform.cli import main
from sse_conform.commands import run as run_command
from sse_conform.exit_code import ExitCode
from sse_conform.lazy_group import COMMANDS
from sse_conform.rules import ALL

CONFORM = [sys.executable, "-m", "sse_conform"]
#: Rules whose scenes let no time pass.
QUICK = ("auth.refuses-missing", "auth.no-override")


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CONFORM_")]:
        monkeypatch.delenv(name)


def conform(*args: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(args), env=environ)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One real run against the embedded server, and what it left behind."""
    folder = tmp_path_factory.mktemp("run")
    only = [word for rule in QUICK for word in ("--only", rule)]
    command = [*CONFORM, "--target", "embedded", "--compressed", *only, "--report", "junit=out/conform.xml"]
    return folder, subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_options_commands_and_exit_codes() -> None:
    result = conform("--help")
    assert result.exit_code == 0
    for words in ("--target URL", "--only GLOB", *COMMANDS, "serve", "Exit codes:", ExitCode.TARGET.meaning):
        assert words in result.output


def test_version_is_that_of_the_package() -> None:
    assert conform("--version").output == f"conform {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = conform(name, "--help")
    assert result.exit_code == 0
    assert f"conform {name}" in result.output.replace("Usage: main", "conform")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom sse_conform.cli import main\n"
        "try: main(['--help'], prog_name='conform')\nexcept SystemExit: pass\n"
        "print(sorted({'asyncio', 'cryptography', 'httpx', 'jwt', 'msgspec', 'rich', 'fastapi'} & sys.modules.keys()))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (("rulse",), "there is no sub-command 'rulse'", "did you mean rules?"),
        (("http://127.0.0.1:1",), "is no sub-command", "--target http://127.0.0.1:1"),
        (("--tarket", "x"), "--tarket", "--target"),
        (("--target", "http://x", "rules"), "--target is not an option of rules", "stand after the sub-command"),
        (("--report", "pdf=x"), "--report 'pdf=x'", "the kinds are text, json, junit"),
        (("--compressed", "--target", "http://x"), "--compressed goes with", "[numbers]"),
        (("--only", "hartbeat"), "matches no rule", "did you mean heartbeat?"),
        (("--only", "auth", "--skip", "auth"), "no rule is left", "loosen either"),
        (("--target", "http://x"), "users names no account", "[[users.accounts]]"),
        ((), "url is missing", "--target URL"),
        (("--profile", "none.toml"), "none.toml cannot be read", "conform init none.toml"),
        (("--target", "embedded", "--output", "file/x"), "file/x cannot be used", "name another folder"),
        (("--target", "embedded", "--report", "json=."), "is a folder", "name a file in it"),
        (("explain", "heartbeat.has-dta"), "there is no rule", "did you mean heartbeat.has-data?"),
        (("judge", "none.jsonl"), "there is no transcript none.jsonl", "a run wrote"),
        (("doctor", "--target", "embedded"), "needs no doctor", "a profile"),
        (("init", "--target", "ftp://x"), "neither http nor https", "write it as"),
        (("--fault", "--only", "heartbeat"), "--fault has no value: --only follows it", "conform --fault VALUE --only"),
        (("--target", "--only=heartbeat"), "--target has no value", "conform --target VALUE"),
        (("selftest", "--only", "--resume"), "--only has no value: --resume follows it", "selftest --only VALUE"),
        (("init", "x.toml", "--stream", "--yes"), "--stream has no value", "init --stream VALUE --yes"),
        (("--skip", "-q"), "--skip has no value", "before the next option"),
        (("init", "file/x.toml"), "file/x.toml cannot be written", "name a file"),
    ],
)
def test_what_cannot_be_followed_is_said_with_its_remedy(args: tuple[str, ...], message: str, hint: str) -> None:
    Path("file").touch()
    result = conform(*args)
    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert result.stderr.startswith("conform: error: ")
    assert message in result.stderr
    assert hint in result.stderr


def test_a_bug_of_ours_is_one_line_and_its_traceback_comes_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: object) -> int:
        raise RuntimeError("out of ideas")

    monkeypatch.setattr(run_command, "execute", broken)
    short, long = conform("--target", "http://x"), conform("--target", "http://x", "-v")
    assert short.exit_code == long.exit_code == ExitCode.HARNESS
    assert short.stderr.splitlines()[0] == "conform: error: RuntimeError: out of ideas"
    assert "Traceback" not in short.stderr
    assert "Traceback" in long.stderr
    assert "Traceback" in conform("--target", "http://x", CONFORM_DEBUG="1").stderr


def test_rules_lists_id_level_and_title() -> None:
    lines = conform("rules").output.splitlines()
    assert len(lines) == len(ALL)
    assert re.match(rf"{re.escape(ALL[0].id)} +{ALL[0].level.value.upper()} +\S", lines[0])


def test_rules_may_be_chosen_and_read_by_programs() -> None:
    listed = json.loads(conform("rules", "--only", "heartbeat", "--format", "json").output)
    assert [rule["id"] for rule in listed] == [rule.id for rule in ALL if rule.area == "heartbeat"]
    assert listed[0]["spec"]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_every_rule_can_be_explained(rule: Any) -> None:
    result = conform("explain", rule.id)
    assert result.exit_code == 0
    for words in (rule.title, rule.level.value.upper(), str(rule.spec[0]), rule.spec[0].url, *rule.scenes):
        assert words in result.output
    assert "not installed here" not in result.output


def test_dry_run_prints_the_plan_and_touches_nothing() -> None:
    result = conform("--target", "embedded", "--dry-run", "--only", "heartbeat")
    assert result.exit_code == 0
    assert re.search(r"idle\.stream +1 +1 +[\d.]+ +plain", result.output)
    plan = json.loads(conform("--target", "embedded", "--dry-run", "--format", "json").output)
    for number in ("attempts", "most_attempts"):
        assert plan[number] == 2 + sum(scene[number] for scene in plan["scenes"])
    assert plan["attempts"] < plan["most_attempts"]
    assert not Path("conform-report").exists()


def test_a_dry_run_plans_with_what_an_oddity_promises() -> None:
    def seconds(*options: str) -> float:
        plan = json.loads(conform("--target", "embedded", "--dry-run", "--format", "json", *options).output)
        return next(float(scene["seconds"]) for scene in plan["scenes"] if scene["id"] == "auth.expiry")

    assert seconds("--odd", "forgiving-clock") > seconds()


@pytest.mark.parametrize(
    ("option", "name", "near"), [("--fault", "ping-with-idd", "ping-with-id"), ("--odd", "cr-end", "cr-ends")]
)
def test_a_dry_run_refuses_what_a_run_would(option: str, name: str, near: str) -> None:
    result = conform("--target", "embedded", "--dry-run", option, name)
    assert result.exit_code == ExitCode.USAGE
    assert f"is called `{name}`; did you mean `{near}`?" in result.stderr
    assert result.stdout == ""
    assert conform("--target", "embedded", "--dry-run", option, near).exit_code == ExitCode.CONFORMS


@pytest.mark.parametrize(("wrong", "right", "name"), [("--fault", "--odd", "cr-ends"), ("--odd", "--fault", "no-ping")])
def test_a_fault_is_no_oddity_and_an_oddity_no_fault(wrong: str, right: str, name: str) -> None:
    result = conform("--target", "embedded", "--dry-run", wrong, name)
    assert f"`{name}` goes with {right}: {right} {name}" in result.stderr


def test_a_dead_target_ends_with_one_sentence_and_code_3() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path("conform.toml").write_text('users.accounts = [{ username = "alice", token = "some-token" }]\n')
    result = conform("--target", f"http://127.0.0.1:{port}")
    assert result.exit_code == ExitCode.TARGET
    assert result.stdout == ""
    assert "the stream route gave no answer" in result.stderr
    assert json.loads(Path("conform-report/report.json").read_text())["exit"]["code"] == ExitCode.TARGET


def test_what_stops_before_it_began_leaves_nothing() -> None:
    for broken in ("numbers.latency = 30", "numbers.latencey = 1"):
        Path("conform.toml").write_text(f'{broken}\nusers.accounts = [{{ username = "alice", token = "t" }}]\n')
        files = ("--output", "deep/report", "--report", "json=deep/er/report.json")
        result = conform("--target", "http://127.0.0.1:1", *files)
        assert result.exit_code == ExitCode.USAGE
        assert [path.name for path in Path().iterdir()] == ["conform.toml"]


def test_what_was_there_before_stays_where_nothing_begins() -> None:
    Path("conform-report").mkdir()
    Path("full").mkdir()
    Path("full/old").touch()
    assert conform("--target", "http://x", "--report", "json=full/new.json").exit_code == ExitCode.USAGE
    assert Path("conform-report").is_dir()
    assert Path("full/old").is_file()


def test_an_option_takes_a_value_that_is_no_option() -> None:
    result = conform("--target", "embedded", "--dry-run", "--browser", "--only", "heartbeat.has-data", "--skip=-q")
    assert "--skip '-q' matches no rule" in result.stderr


def test_an_acceptance_of_no_rule_is_refused() -> None:
    Path("conform.toml").write_text(
        'url = "http://127.0.0.1:1"\nusers.accounts = [{ username = "alice", token = "t" }]\n'
        'accept_untested = [{ rule = "heartbeet.*", reason = "x" }]\n'
    )
    result = conform("--dry-run")
    assert result.exit_code == ExitCode.USAGE
    assert "'heartbeet.*', which matches no rule" in result.stderr


def test_init_writes_once_and_says_what_comes_next() -> None:
    result = conform("init", "--offline", "--target", "https://staging.example")
    assert result.exit_code == 0
    assert "conform doctor" in result.output
    assert 'url = "https://staging.example"' in Path("conform.toml").read_text()
    again = conform("init")
    assert again.exit_code == ExitCode.USAGE
    assert "conform.toml exists and is left alone" in again.stderr
    assert 'url = "https://staging.example"' in Path("conform.toml").read_text()


def test_the_embedded_server_conforms(recorded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = recorded
    assert done.returncode == ExitCode.CONFORMS, done.stderr
    assert done.stdout.startswith("embedded  sse-conform")
    assert "scene preflight completed" in done.stderr
    report = json.loads((folder / "conform-report" / "report.json").read_text())
    assert {verdict["rule"]: verdict["outcome"] for verdict in report["verdicts"]} == dict.fromkeys(QUICK, "pass")
    assert report["transcript_file"] == "conform-report/transcript.jsonl"
    assert "<testsuites" in (folder / "out" / "conform.xml").read_text()


def test_a_saved_transcript_gives_the_same_verdicts(recorded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = recorded
    result = conform("judge", str(folder / "conform-report" / "transcript.jsonl"), "--format", "json")
    assert result.exit_code == ExitCode.CONFORMS
    live = json.loads((folder / "conform-report" / "report.json").read_text())
    assert json.loads(result.stdout)["verdicts"] == live["verdicts"]


def test_judge_chooses_among_the_rules_of_the_run(recorded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    file = str(recorded[0] / "conform-report" / "transcript.jsonl")
    result = conform("judge", file, "--only", QUICK[0], "--format", "json")
    assert [verdict["rule"] for verdict in json.loads(result.stdout)["verdicts"]] == [QUICK[0]]
    assert conform("judge", file, "--only", "heartbeat").exit_code == ExitCode.USAGE


def test_no_secret_is_kept(recorded: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    transcript = (recorded[0] / "conform-report" / "transcript.jsonl").read_text()
    assert re.search(r"Bearer <token>\*+", transcript)
    assert "Bearer ey" not in transcript


def test_an_interrupt_leaves_a_partial_report_and_no_server_behind(tmp_path: Path) -> None:
    command = [*CONFORM, "--target", "embedded", "--only", "heartbeat"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        for line in running.stderr:
            if line.startswith("scene preflight completed"):
                break
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
    assert json.loads((tmp_path / "conform-report" / "report.json").read_text())["interrupted"]
    header = json.loads((tmp_path / "conform-report" / "transcript.jsonl").read_text().splitlines()[0])
    port = int(header["target"].rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_quick_run_is_asked_for_by_flag_by_variable_or_in_the_profile() -> None:
    dry = ("--target", "embedded", "--dry-run", "--format", "json")
    full = json.loads(conform(*dry).output)
    quick = json.loads(conform(*dry, "--quick").output)
    assert full["left_out"] == []
    assert {*quick["rules"], *quick["left_out"]} == {*full["rules"]}
    assert json.loads(conform(*dry, CONFORM_QUICK="1").output) == quick
    assert json.loads(conform(*dry, "--no-quick", CONFORM_QUICK="1").output) == full


def test_a_quick_run_goes_with_only_and_skip() -> None:
    dry = ("--target", "embedded", "--dry-run", "--format", "json", "--quick")
    plan = json.loads(conform(*dry, "--only", "auth", "--only", "rate_limit", "--skip", "auth.expired-401").output)
    assert "auth.refuses-expired" in plan["rules"]
    assert {rule.partition(".")[0] for rule in plan["left_out"]} == {"auth", "rate_limit"}
    assert "auth.expired-401" not in (*plan["rules"], *plan["left_out"])
    alone = conform(*dry, "--only", "rate_limit")
    assert alone.exit_code == ExitCode.USAGE
    assert "a quick run judges none of these rules" in alone.stderr
