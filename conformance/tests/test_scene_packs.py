import sys

import pytest

from sse_conform import scene_packs
from sse_conform.errors import ConformError
from sse_conform.exit_code import ExitCode

MODULE = """
from sse_conform.scenario import scenario

@scenario("{id}", attempts=1)
async def play(stage):
    "A scene."

SCENARIOS = (play,)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a pack with one scene where installed packages are found."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, scene: str) -> None:
        (tmp_path / f"{name}.py").write_text(MODULE.format(id=scene))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{scene_packs.GROUP}]\ndefault = {name}:SCENARIOS\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def test_the_scenes_of_the_project_are_found_by_their_ids():
    scenes = scene_packs.load()
    assert all(scene.id == name for name, scene in scenes.items())
    assert "idle.stream" in scenes


def test_another_pack_adds_its_scenes(install):
    install("a_pack_of_our_own", "our.scene")
    assert {"our.scene", "idle.stream"} <= scene_packs.load().keys()


def test_two_packs_with_one_id_are_trouble_and_the_second_is_named(install):
    install("one_pack", "the.same")
    install("other_pack", "the.same")
    with pytest.raises(ConformError, match=r"two installed scenes are called the\.same") as raised:
        scene_packs.load()
    assert raised.value.exit_code is ExitCode.HARNESS
    assert "_pack:SCENARIOS" in raised.value.hint


def test_a_pack_cannot_replace_a_scene_of_the_project(install):
    install("a_greedy_pack", "idle.stream")
    with pytest.raises(ConformError, match=r"idle\.stream"):
        scene_packs.load()


def test_without_any_scene_the_installation_is_broken(monkeypatch):
    monkeypatch.setattr(scene_packs, "GROUP", "sse_conform.no_such_group")
    with pytest.raises(ConformError, match="no scenes are installed"):
        scene_packs.load()
