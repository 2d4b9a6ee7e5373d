"""What tells one state of the code from another: rows of a proof are kept only for the code that they prove."""

import hashlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sse_conform.shipped import shipped

#: The judge, its scenes and the reference server; found without importing them.
PACKAGES = ("sse_conform", "sse_conform_scenarios", "sse_conform_server")
#: What else decides how a run goes.
LIBRARIES = ("h11", "httpx", "uvicorn", "starlette", "fastapi", "sqlalchemy", "pyjwt")
_KINDS = {".py", ".toml"}


@cache
def fingerprint() -> str:
    """A short digest of the three packages, of the data beside them, of Python and of the libraries."""
    digest = hashlib.sha256("\n".join([sys.version, *_versions()]).encode())
    for file in _files():
        digest.update(f"{file.name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        yield f"{name} {importlib.metadata.version(name)}"


def _files() -> Iterator[Path]:
    folders = [Path(place) for name in PACKAGES for place in _places(name)]
    for folder in (*folders, shipped("profiles"), shipped("corpora")):
        yield from sorted(file for file in folder.rglob("*") if file.suffix in _KINDS)


def _places(package: str) -> Iterator[str]:
    spec = importlib.util.find_spec(package)
    if spec is not None:
        yield from spec.submodule_search_locations or ()
