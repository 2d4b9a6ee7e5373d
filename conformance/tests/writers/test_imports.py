import subprocess
import sys

import pytest

HEAVY = {"rich", "jinja2", "httpx", "xml", "json", "msgspec", "asyncio"}


def loaded_by(module):
    """The top-level names of all modules that an import brings in."""
    code = f"import sys; before = set(sys.modules); import {module}; print(*(set(sys.modules) - before))"
    path = ["-c", f"import sys; sys.path[:0] = {sys.path!r}; exec({code!r})"]
    out = subprocess.run([sys.executable, "-I", *path], check=True, capture_output=True, text=True).stdout
    return {name.split(".")[0] for name in out.split()}


def test_the_package_of_writers_imports_nothing_heavy():
    assert not loaded_by("sse_conform.writers") & HEAVY


@pytest.mark.parametrize("module", ["progress", "json_writer", "junit"])
def test_only_what_draws_on_a_terminal_imports_rich(module):
    assert "rich" not in loaded_by(f"sse_conform.writers.{module}")
