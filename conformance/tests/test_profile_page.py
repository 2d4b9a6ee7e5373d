import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sse_conform.control import Control
from sse_conform.profile_file import load_profile
from sse_conform.profile_shape import scalar_paths
from sse_conform.user_interface import Step, UserInterface

PAGE = (Path(__file__).parents[2] / "docs" / "profile.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SECRETS = {"ALICE_TOKEN": "t1", "ADMIN_TOKEN": "t2", "JWT_SECRET": "k", "ALICE_PASSWORD": "a", "ADMIN_PASSWORD": "p"}
#: Keys that name files, so that no example on a page can hold them.
IN_PROSE = {"tls.ca_file", "tls.client_certificate", "tls.client_key", "auth.token"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.sub(r"\W+", " ", text)[:40])
def test_every_example_is_a_profile(tmp_path: Path, example: str) -> None:
    file = tmp_path / "conform.toml"
    file.write_text(example)
    assert load_profile(file=file, overrides={}, environ=SECRETS).profile.url


def keys(table: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in table.items():
        where = f"{path}.{key}" if path else key
        yield where
        if isinstance(value, dict):
            yield from keys(value, where)
        for element in value if isinstance(value, list) else ():
            if isinstance(element, dict):
                yield from keys(element, where)


def test_the_page_shows_every_key() -> None:
    shown = {key for example in EXAMPLES for key in keys(tomllib.loads(example))}
    tables = {"auth.login.form", "users.signup.id", "users.accounts.role", "users.accounts.id", "rest.method"}
    steps = {f"triggers.vulnerability.steps.{key}" for key in ("method", "path", "headers", "json")}
    others = {"triggers.assignment.steps.save", "triggers.assignment.id", "triggers.alert.concerns", "triggers.invalid"}
    page = {f"ui.{key}" for key in UserInterface.__struct_fields__} | {
        f"ui.login.{key}" for key in Step.__struct_fields__
    }
    control = {f"control.{key}" for key in Control.__struct_fields__}
    accepted = {"accept_untested.rule", "accept_untested.reason"}
    expected = scalar_paths().keys() | tables | steps | others | page | control | accepted
    assert expected - shown == IN_PROSE
    assert not [key for key in IN_PROSE if f"`{key}`" not in PAGE]
