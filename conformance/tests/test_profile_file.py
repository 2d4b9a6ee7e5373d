from pathlib import Path

import pytest

from sse_conform.errors import ProfileError
from sse_conform.exit_code import ExitCode
from sse_conform.profile_file import LoadedProfile, load_profile

GOOD = """
url = "http://127.0.0.1:3000"

[auth]
key = "env:JWT_SECRET"
login = { path = "/login", json = { username = "{username}", password = "{password}" } }

[[users.accounts]]
username = "alice"
password = "wonderland"
"""


def load(
    folder: Path, text: str | None = GOOD, *, overrides: dict[str, object] | None = None, **environ: str
) -> LoadedProfile:
    if text is not None:
        (folder / "conform.toml").write_text(text)
    return load_profile(
        file=None, overrides=overrides or {}, environ={"JWT_SECRET": "a long secret key", **environ}, folder=folder
    )


def complaint(folder: Path, text: str | None, **environ: str) -> str:
    with pytest.raises(ProfileError) as trouble:
        load(folder, text, **environ)
    assert trouble.value.exit_code is ExitCode.USAGE
    return str(trouble.value)


def test_defaults_are_the_plans_numbers(tmp_path: Path) -> None:
    numbers = load(tmp_path).profile.numbers
    assert (numbers.heartbeat, numbers.latency, numbers.rate_limit, numbers.snapshot_items) == (25.0, 2.0, 20, 20)


def test_later_layers_win_and_each_value_knows_its_origin(tmp_path: Path) -> None:
    text = GOOD + "[numbers]\nheartbeat = 10\nlatency = 1\n"
    loaded = load(
        tmp_path,
        text,
        overrides={"url": "http://flag"},
        CONFORM_TARGET="http://variable",
        CONFORM_NUMBERS_HEARTBEAT="5",
    )
    assert loaded.profile.url == "http://flag"
    assert (loaded.profile.numbers.heartbeat, loaded.profile.numbers.latency) == (5.0, 1.0)
    assert loaded.origins["url"] == "--target"
    assert loaded.origins["numbers.heartbeat"] == "environment variable CONFORM_NUMBERS_HEARTBEAT"
    assert loaded.origins["numbers"] == str(tmp_path / "conform.toml")
    assert loaded.file == tmp_path / "conform.toml"


def test_pyproject_may_hold_the_profile(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.conform]\nurl = "http://x"\nusers.accounts = [{ username = "a", token = "file:token" }]\n'
    )
    (tmp_path / "token").write_text("abcdefgh\n")
    assert load(tmp_path, None).profile.users.accounts[0].token == "abcdefgh"


def test_resolved_and_literal_secrets_are_collected_and_not_shown(tmp_path: Path) -> None:
    text = GOOD + (
        '[rest]\npath = "/me"\nheaders = { X-Api-Key = "literal-key", Accept = "text/html", X-Team = "env:TEAM",'
        ' Authorization = "Bearer opaque-token" }\n'
    )
    loaded = load(tmp_path, text, TEAM="blue team", CONFORM_PROXY="http://user:proxy-pass@localhost:1")
    assert loaded.secrets == {
        "a long secret key", "wonderland", "literal-key", "blue team", "team",
        "Bearer opaque-token", "opaque-token", "proxy-pass",
    }  # fmt: skip
    assert loaded.profile.auth.key == "a long secret key"
    assert loaded.profile.rest is not None
    assert loaded.profile.rest.headers["X-Team"] == "blue team"
    assert not [secret for secret in loaded.secrets if len(secret) > 4 and secret in repr(loaded)]


def test_a_password_that_is_the_public_name_is_no_secret(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD.replace("wonderland", "alice"))
    assert "alice" not in loaded.secrets


def test_a_variable_that_the_file_refers_to_is_no_key(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.replace("JWT_SECRET", "CONFORM_SECRET"), CONFORM_SECRET="hush hush").secrets >= {
        "hush hush"
    }


def test_one_problem_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD + '[[users.accounts]]\nusername = "bob"\npassword = "env:BOB_PASSWORD"\n')
    assert said == (
        f"{tmp_path / 'conform.toml'}: users.accounts[1].password refers to the environment variable BOB_PASSWORD, "
        "which is not set\n  set it before the run: export BOB_PASSWORD=..."
    )


def test_all_problems_are_said_at_once_each_with_its_origin(tmp_path: Path) -> None:
    text = GOOD.replace("env:JWT_SECRET", "env:NOWHERE") + "[numbers]\nheart_beat = 1\nlatency = '2'\n"
    said = complaint(tmp_path, text, CONFORM_NUMBERS_BURST="many", CONFORM_TARGTE="x")
    assert said.startswith("the profile has 5 problems\n")
    file = tmp_path / "conform.toml"
    for line in (
        "the environment: CONFORM_TARGTE is a variable that stands for no key\n    did you mean CONFORM_TARGET?",
        f"{file}: numbers.heart_beat is not a known key\n    did you mean heartbeat?",
        f'{file}: numbers.latency is the string "2"\n    give a number above 0',
        'environment variable CONFORM_NUMBERS_BURST: numbers.burst is the string "many"',
        f"{file}: auth.key refers to the environment variable NOWHERE, which is not set",
    ):
        assert f"  {line}" in said


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    said = complaint(tmp_path, GOOD.replace('"wonderland"', "271828182845"))
    assert "users.accounts[0].password is not a string" in said
    assert "271828182845" not in said


def test_without_an_address_three_ways_to_give_one_are_named(tmp_path: Path) -> None:
    said = complaint(tmp_path, None)
    assert "the profile (no file was given): url is missing" in said
    assert "--target URL, CONFORM_TARGET=URL, or url" in said


def test_without_accounts_the_lines_to_add_are_named(tmp_path: Path) -> None:
    said = complaint(tmp_path, None, CONFORM_TARGET="http://x")
    for words in ("users names no account", "[[users.accounts]]", "[auth.login]", "[users.signup]", "conform init"):
        assert words in said
