import re
import tomllib
from pathlib import Path

import pytest

from sse_conform.commands.init import template
from sse_conform.control import Control
from sse_conform.profile_file import load_profile
from sse_conform.profile_shape import scalar_paths
from sse_conform.user_interface import UserInterface

SECRETS = {"ALICE_PASSWORD": "a", "BOB_PASSWORD": "b", "ADMIN_PASSWORD": "c", "JWT_SECRET": "d"}
TEXT = template("http://127.0.0.1:3000")
#: Every setting that is written as a comment, switched on.
UNFOLDED = re.sub(r"^#(?=[\w\[])", "", TEXT, flags=re.MULTILINE)


#: These two cannot stand beside each other.
APART = ("proxy", "source_addresses")


def loads(folder: Path, text: str) -> None:
    file = folder / "conform.toml"
    file.write_text(text)
    load_profile(file=file, overrides={}, environ=SECRETS)


def test_the_template_is_a_profile_as_it_stands(tmp_path: Path) -> None:
    loads(tmp_path, TEXT)


@pytest.mark.parametrize("left_out", APART)
def test_the_template_is_a_profile_with_everything_switched_on(tmp_path: Path, left_out: str) -> None:
    loads(tmp_path, re.sub(rf"^{left_out} = .*$", "", UNFOLDED, flags=re.MULTILINE))


def test_the_template_names_every_key() -> None:
    table = tomllib.loads(UNFOLDED)
    missing = []
    tables = {"ui": UserInterface, "control": Control}
    optional = (f"{name}.{key}" for name, table in tables.items() for key in table.__struct_fields__)
    for path in (*scalar_paths(), *optional):
        found = table
        for key in path.split("."):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if found == {}:
            missing.append(path)
    assert missing == []


def test_the_address_is_written_as_toml() -> None:
    assert tomllib.loads(template('http://x/"quoted"'))["url"] == 'http://x/"quoted"'
