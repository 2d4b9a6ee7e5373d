import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sse_conform.cli import main
from sse_conform.commands import init_questions
from sse_conform.commands.init import InitOptions
from sse_conform.discovery.samples import FOLDER, SAMPLES
from sse_conform.embedded import Embedded
from sse_conform.exit_code import ExitCode

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JWT_SECRET", raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with Embedded(compressed=True) as running:
        yield running


def init(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments])


def test_the_variables_that_the_file_needs_are_named(server: Embedded) -> None:
    result = init("--target", server.url)
    assert result.exit_code == ExitCode.CONFORMS, result.output
    assert "export JWT_SECRET=..." in result.output
    assert result.output.endswith("Then try it: conform doctor\n")


def test_what_was_not_found_is_listed_for_whoever_goes_on() -> None:
    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def look() -> Result:
        listening = await asyncio.start_server(nothing, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            return await asyncio.to_thread(init, "--target", f"http://127.0.0.1:{port}")

    result = asyncio.run(look())
    assert "Not found, and to be filled in by hand where it exists:\n  how to log in ([auth.login])\n" in result.output


def test_an_option_without_effect_is_said_to_be_so() -> None:
    assert "Without effect: --openapi, for the target was asked nothing\n" in init("--offline", "--openapi", "x").output
    assert "Without effect" not in init("--offline", "--force", "--stream", "/s", "--key-from", "env:K").output
    assert 'key = "env:K"' in Path("conform.toml").read_text()


def test_who_has_to_fill_in_by_hand_is_shown_what_to_copy_from() -> None:
    said = init("--offline").output
    assert "fixtures/implementations" in said
    for name, traits in SAMPLES.items():
        assert re.search(rf"^  {name} +{traits}$", said, re.MULTILINE)


def test_every_sample_is_there_and_the_documents_name_it() -> None:
    profiles = {file.parent.name for file in (ROOT / FOLDER).glob("*/profile.toml")}
    assert profiles == SAMPLES.keys()
    for page in ("README.md", "docs/profile.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [name for name in SAMPLES if f"{FOLDER}/{name}/profile.toml" not in text] == [], page


def test_another_variable_for_the_key_is_written(server: Embedded) -> None:
    result = init("--target", server.url, "--key-from", "env:SIGNING_KEY", "other.toml")
    assert 'key = "env:SIGNING_KEY"' in Path("other.toml").read_text()
    assert "conform doctor --profile other.toml" in result.output


def test_a_file_is_written_over_only_by_force() -> None:
    Path("conform.toml").write_text("mine")
    refused = init("--offline")
    assert (refused.exit_code, Path("conform.toml").read_text()) == (ExitCode.USAGE, "mine")
    assert "--force" in refused.stderr
    assert init("--offline", "--force").exit_code == ExitCode.CONFORMS
    assert Path("conform.toml").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key-from", "hunter2-hunter2"], "--key-from is no reference"),
        (["--username", "alice"], "--username and --password-from go together"),
        (["--admin-password-from", "env:X"], "give both: --admin-username NAME --admin-password-from env:NAME"),
        (["--username", "alice", "--token-from", "hunter2-hunter2"], "--token-from is no reference"),
        (["--token-from", "env:X"], "--username and --token-from go together"),
        (["--username", "a", "--token-from", "env:X", "--password-from", "env:Y"], "exclude each other"),
        (["--username", "alice", "--token-from", "env:NOT_SET_HERE"], "the token of alice"),
        (["--login", "auth/in"], "begin it with a slash: --login /auth/in"),
        (["--stream", "http://127.0.0.1:9/api/stream"], "begin it with a slash: --stream /api/stream"),
        (["--target", "ftp://x"], "neither http nor https"),
        (["http://127.0.0.1:9"], "FILE is the address of a service"),
        (["https://127.0.0.1:9/notes"], "conform init --target URL"),
        (["--username", "alice", "--password-from", "env:NOT_SET_HERE"], "NOT_SET_HERE, which is not set"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything_is_written(arguments: list[str], said: str) -> None:
    result = init(*(["--target", "http://127.0.0.1:9"] if "--target" not in arguments else []), *arguments)
    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert "hunter2" not in result.stderr
    assert not Path("conform.toml").exists()


@pytest.mark.parametrize("more", [(), ("--offline",)], ids=["asked", "not asked"])
def test_an_authority_that_cannot_be_read_is_refused_before_anything_is_written(more: tuple[str, ...]) -> None:
    result = init("--target", "http://127.0.0.1:1", "--ca-file", "none.pem", *more)
    assert result.exit_code == ExitCode.USAGE
    assert f"{Path('none.pem').resolve()}, cannot be used" in result.output
    assert not Path("conform.toml").exists()


def test_a_target_that_gives_no_answer_leaves_no_file() -> None:
    result = init("--target", "http://127.0.0.1:9")
    assert result.exit_code == ExitCode.TARGET
    assert "conform init --offline" in result.stderr
    assert not Path("conform.toml").exists()


def options(**given: object) -> InitOptions:
    blank: dict[str, object] = dict.fromkeys(InitOptions.__slots__, "")
    return InitOptions(**{**blank, "target": None, "sign_up": True, "file": Path("x"), **given})  # type: ignore[arg-type]


def test_a_person_is_asked_for_what_was_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["http://x", "/in", "/stream", "", "alice@corp.example", "env:ALICE_PASSWORD", "", "env:JWT_SECRET"])
    asked: list[str] = []

    def prompt(question: str, **_: object) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(init_questions.click, "prompt", prompt)
    monkeypatch.setattr(init_questions.click, "confirm", lambda *_, **__: False)
    given = init_questions.asked(options())
    assert (given.target, given.login, given.stream) == ("http://x", "/in", "/stream")
    assert given.username == "alice@corp.example"
    assert (given.password_from, given.sign_up, given.admin_username) == ("env:ALICE_PASSWORD", False, "")
    assert not any("assword (" in question for question in asked)


def test_what_was_said_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(init_questions.click, "prompt", lambda question, **_: asked.append(question) or "")
    monkeypatch.setattr(init_questions.click, "confirm", lambda *_, **__: True)
    said = options(
        target="http://x", login="/in", stream="/s", openapi="a.json", username="a", password_from="env:A",
        key_from="env:K",
    )  # fmt: skip
    assert init_questions.asked(said).target == "http://x"
    assert asked == ["An account that may raise alerts (empty: none)"]
