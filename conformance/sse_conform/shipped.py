"""Data that ships with the suite: in the wheel inside the package, in a working tree among the fixtures."""

from importlib.resources import files
from pathlib import Path


def shipped(*names: str) -> Path:
    """The file or folder of that name, such as ``shipped("profiles", "reference.toml")``."""
    packaged = Path(str(files("sse_conform"))).joinpath(*names)
    return packaged if packaged.exists() else Path(__file__).parents[2].joinpath("fixtures", *names)
