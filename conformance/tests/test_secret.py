from pathlib import Path

import pytest

from sse_conform.secret import SecretError, Vault, is_reference, variable_of


def vault(folder: Path, **environ: str) -> Vault:
    return Vault(environ={"PATH": "/usr/bin:/bin", **environ}, folder=folder)


def test_a_plain_text_is_its_own_secret(tmp_path: Path) -> None:
    assert vault(tmp_path).open("correct horse") == "correct horse"


def test_env_reads_a_variable(tmp_path: Path) -> None:
    assert vault(tmp_path, KEY="s3cret").open("env:KEY") == "s3cret"


def test_file_is_relative_to_the_profile_and_loses_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("line 1\nline 2\n")
    assert vault(tmp_path).open("file:key.pem") == "line 1\nline 2"


def test_cmd_runs_in_the_folder_of_the_profile(tmp_path: Path) -> None:
    (tmp_path / "a b").write_text("from here\n")
    assert vault(tmp_path).open("cmd:cat 'a b'") == "from here"


@pytest.mark.parametrize(
    ("reference", "what", "remedy"),
    [
        ("env:JWT_SECRET", "JWT_SECRET, which is not set", "export JWT_SECRET="),
        ("env:EMPTY", "env:EMPTY, which is empty", "give a value"),
        ("file:nowhere.key", "nowhere.key, which cannot be read (No such file", "relative to"),
        ("cmd:no-such-program x", "`no-such-program x`, which cannot be run", "run it by hand"),
        ("cmd:cat 'open", "which cannot be run (No closing quotation)", "run it by hand"),
        ("cmd:sh -c 'echo locked >&2; exit 3'", "ended with code 3 (locked)", "run it by hand"),
    ],
)
def test_a_secret_that_cannot_be_had_says_why_and_what_to_do(
    tmp_path: Path, reference: str, what: str, remedy: str
) -> None:
    with pytest.raises(SecretError) as trouble:
        vault(tmp_path, EMPTY="").open(reference)
    assert what in trouble.value.what
    assert remedy in trouble.value.remedy


def test_a_binary_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SecretError, match="not text"):
        vault(tmp_path).open("file:key.der")


def test_references_are_told_from_literals() -> None:
    assert [is_reference(text) for text in ("env:A", "file:a", "cmd:a", "envy", "https://a")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert variable_of("env:A") == "A"
    assert variable_of("file:A") == ""
