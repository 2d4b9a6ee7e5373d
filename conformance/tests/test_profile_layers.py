from pathlib import Path

import pytest

from sse_conform.errors import ProfileError
from sse_conform.profile_layers import Layers, find_file, lay_environ, read_file, variables
from sse_conform.profile_shape import scalar_paths


def laid(environ: dict[str, str]) -> tuple[Layers, list[str]]:
    layers = Layers()
    problems = [f"{p.path} {p.what}: {p.remedy}" for p in lay_environ(layers, environ, frozenset())]
    return layers, problems


def test_every_single_value_has_a_variable_of_its_own() -> None:
    assert sorted(variables().values()) == sorted(scalar_paths())
    assert variables()["CONFORM_NUMBERS_RATE_LIMIT"] == "numbers.rate_limit"
    assert variables()["CONFORM_TARGET"] == "url"


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("CONFORM_TARGET", "http://x", ("url",), "http://x"),
        ("CONFORM_NUMBERS_HEARTBEAT", "2.5", ("numbers", "heartbeat"), 2.5),
        ("CONFORM_NUMBERS_RETRY", "5000", ("numbers", "retry"), 5000),
        ("CONFORM_CAPABILITIES_POLLING", "Yes", ("capabilities", "polling"), True),
        ("CONFORM_TLS_VERIFY", "0", ("tls", "verify"), False),
        ("CONFORM_SENSITIVE_FIELDS", "ssn, iban,", ("sensitive_fields",), ["ssn", "iban"]),
        ("CONFORM_AUTH_CARRIER", "cookie", ("auth", "carrier"), "cookie"),
        ("CONFORM_NUMBERS_BURST", "many", ("numbers", "burst"), "many"),
    ],
)
def test_a_variable_becomes_a_value_of_its_kind(name: str, text: str, path: tuple[str, ...], value: object) -> None:
    layers, problems = laid({name: text})
    found: object = layers.values
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value
    assert problems == []
    assert layers.origin(".".join(path)) == f"environment variable {name}"


def test_an_empty_variable_counts_as_not_given() -> None:
    assert laid({"CONFORM_TARGET": " "}) == (Layers(), [])


def test_an_unknown_variable_is_answered_with_the_nearest() -> None:
    _, (problem,) = laid({"CONFORM_NUMBER_HEARTBEAT": "25"})
    assert "CONFORM_NUMBER_HEARTBEAT is a variable that stands for no key" in problem
    assert "did you mean CONFORM_NUMBERS_HEARTBEAT?" in problem


def test_the_file_given_comes_before_the_variable_and_both_before_those_found(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.conform]\n")
    assert find_file(None, {}, tmp_path) == tmp_path / "pyproject.toml"
    (tmp_path / "conform.toml").write_text("")
    assert find_file(None, {}, tmp_path) == tmp_path / "conform.toml"
    assert find_file(None, {"CONFORM_PROFILE": "p.toml"}, tmp_path) == Path("p.toml")
    assert find_file(Path("q.toml"), {"CONFORM_PROFILE": "p.toml"}, tmp_path) == Path("q.toml")


def test_a_pyproject_of_something_else_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_file(None, {}, tmp_path) is None


def test_a_named_pyproject_must_have_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(ProfileError, match=r"no table \[tool.conform\]"):
        read_file(tmp_path / "pyproject.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'url = "http://x"\nname = x\n', "not valid TOML: .* line 2, column 8"),
        (b'url = "\xff"\n', "not UTF-8: byte 7"),
    ],
)
def test_an_unreadable_file_says_where(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "conform.toml").write_bytes(content)
    with pytest.raises(ProfileError, match=message):
        read_file(tmp_path / "conform.toml")


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file") as trouble:
        read_file(tmp_path / "conform.toml")
    assert trouble.value.hint == f"write one: conform init {tmp_path / 'conform.toml'}"


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="Is a directory"):
        read_file(tmp_path)
