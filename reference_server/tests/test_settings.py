import pytest
from click.testing import CliRunner

from sse_conform_server.cli import serve
from sse_conform_server.settings import SECRETS, Settings, SettingsError, description, load


def test_flags_win_over_environment_which_wins_over_the_file(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text('heartbeat = 1\nlimit = 2\nretry = 3\ncors_origins = ["https://a.example"]\n')
    environ = {"SSE_CONFORM_SERVER_LIMIT": "20", "SSE_CONFORM_SERVER_RETRY": "30", "OTHER": "x"}
    settings = load(file=file, environ=environ, flags={"retry": 300, "port": None})
    assert (settings.heartbeat, settings.limit, settings.retry, settings.port) == (1.0, 20, 300, 8000)
    assert settings.cors_origins == ("https://a.example",)


def test_lists_are_comma_separated_outside_the_file():
    environ = {"SSE_CONFORM_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1", "SSE_CONFORM_SERVER_OPEN_ADMIN": "true"}
    settings = load(environ=environ)
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")
    assert settings.open_admin


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"HEARTBEAT": "-1"}, r"SSE_CONFORM_SERVER_HEARTBEAT: `heartbeat` is '-1': expected `float` > 0"),
        ({"HEARTBEAT": "nan"}, "expected `float` > 0"),
        ({"HEARTBEAT": "inf"}, "expected `float` <= 86400"),
        ({"HEARTBET": "1"}, "did you mean `heartbeat`"),
        ({"LEEWAY": "61"}, "expected `float` <= 60"),
        ({"WINDOW": "1.5"}, "expected `int`"),
        ({"ADMIN_USERNAME": "root"}, "set both or neither"),
        ({"TRUSTED_PROXIES": "10.0.0.0/99"}, "write it as"),
    ],
)
def test_a_bad_value_is_named_with_its_origin_and_what_is_allowed(variables, message):
    with pytest.raises(SettingsError, match=message):
        load(environ={f"SSE_CONFORM_SERVER_{name}": value for name, value in variables.items()})


def test_a_secret_is_not_shown_in_the_message(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text("jwt_key = 1234567\n")
    with pytest.raises(SettingsError, match="hidden") as caught:
        load(file=file)
    assert "1234567" not in str(caught.value)


@pytest.mark.parametrize("content", ["a = ", None, "hearbeat = 1"])
def test_an_unreadable_or_misspelt_file_is_refused(tmp_path, content):
    file = tmp_path / "server.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"server\.toml"):
        load(file=file)


def test_every_setting_has_a_description_and_all_but_secrets_an_option():
    shown = CliRunner().invoke(serve, ["--help"]).output
    for name in Settings.__struct_fields__:
        assert description(name)
        assert (f"--{name.replace('_', '-')}" in shown) is (name not in SECRETS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "no-pin"], "did you mean `no-ping`"),
        (["--leeway", "99"], "<= 60"),
        (["--hearbeat", "1"], "No such"),
    ],
)
def test_a_wrong_command_line_exits_with_status_2(arguments, message):
    result = CliRunner().invoke(serve, arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_faults_are_listed():
    result = CliRunner().invoke(serve, ["--list-faults"])
    assert result.exit_code == 0
    assert "no-ping " in result.output
