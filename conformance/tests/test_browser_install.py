"""What is tried where no browser starts; nothing is installed here."""

import os
import shutil

import pytest

from sse_conform.browser_install import steps
from sse_conform.profile import Engine


@pytest.fixture
def only_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)


def test_root_tries_playwrights_installer_with_its_libraries_and_then_the_distribution(only_apt, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    first, *others = steps(Engine.CHROMIUM)
    assert first[1:] == ("-m", "playwright", "install", "--with-deps", "chromium")
    assert [step[:2] for step in others] == [("/usr/bin/apt-get", "update"), ("/usr/bin/apt-get", "install")]


def test_others_than_root_leave_the_system_alone(only_apt, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (step,) = steps(Engine.CHROMIUM)
    assert step[1:] == ("-m", "playwright", "install", "chromium")


def test_no_distribution_has_the_other_engines(only_apt, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (step,) = steps(Engine.WEBKIT)
    assert step[-1] == "webkit"
