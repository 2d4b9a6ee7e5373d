"""Installing a browser to judge in, by the ordinary means: pip, Playwright's own installer, the distribution."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator

from sse_conform.profile import Engine

#: What the distributions call Chromium.
PACKAGES = {"apt-get": "chromium", "dnf": "chromium", "apk": "chromium", "pacman": "chromium", "zypper": "chromium"}
_INSTALL = {
    "apt-get": ("install", "-y", "--no-install-recommends"),
    "dnf": ("install", "-y"),
    "apk": ("add",),
    "pacman": ("-S", "--noconfirm"),
    "zypper": ("--non-interactive", "install"),
}


def steps(engine: Engine) -> Iterator[tuple[str, ...]]:
    """
    The commands that may help, the likeliest first; the next is worth trying where a browser still does not start.

    As root Playwright's installer brings the libraries that a browser needs; without it they have to be there.
    """
    python = sys.executable
    if importlib.util.find_spec("playwright") is None:
        yield (python, "-m", "pip", "install", "playwright>=1.45,<2")
    root = os.geteuid() == 0
    yield (python, "-m", "playwright", "install", *(("--with-deps",) if root else ()), engine.value)
    if engine is Engine.CHROMIUM and root:
        for manager, package in PACKAGES.items():
            if found := shutil.which(manager):
                if manager == "apt-get":
                    yield (found, "update", "-qq")
                yield (found, *_INSTALL[manager], package)
