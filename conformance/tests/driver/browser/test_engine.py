"""Which browser is started: the one named, else Playwright's own, else one of the system."""

from types import SimpleNamespace

import pytest

from sse_conform.driver.browser_engine import NoBrowserError, find
from sse_conform.profile import BrowserChoice, Engine


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A path with nothing on it; call it to put programs there."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(*names):
        for name in names:
            (tmp_path / name).touch(mode=0o755)
        return tmp_path

    return put


def playwright(own=""):
    """A Playwright with this build of every engine."""
    kind = SimpleNamespace(executable_path=own)
    return SimpleNamespace(chromium=kind, firefox=kind, webkit=kind)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("google-chrome", "chromium"), "chromium"),
        (("chromium", "chromium-headless-shell"), "chromium-headless-shell"),
        (("microsoft-edge",), "microsoft-edge"),
    ],
)
def test_of_the_systems_browsers_the_lightest_is_taken(path, there, taken):
    folder = path(*there)
    assert find(BrowserChoice(), playwright()).executable == str(folder / taken)


def test_playwrights_own_build_comes_before_the_systems(path):
    own = path("own-build", "chromium") / "own-build"
    found = find(BrowserChoice(), playwright(str(own)))
    assert (found.executable, found.source) == (None, "a build of Playwright")


def test_the_one_that_is_named_comes_before_all(path):
    named = str(path("mine", "chromium") / "mine")
    assert find(BrowserChoice(executable=named), playwright(named)).executable == named


def test_a_name_that_is_no_program_is_to_be_corrected(path):
    path("chromium")
    with pytest.raises(NoBrowserError, match="mine is no program"):
        find(BrowserChoice(executable="mine"), playwright())


def test_no_other_engine_is_taken_from_the_system(path):
    path("chromium", "firefox")
    with pytest.raises(NoBrowserError, match="no firefox is installed"):
        find(BrowserChoice(engine=Engine.FIREFOX), playwright())
