"""The scenes that are installed: packs announce themselves by the entry point group ``sse_conform.scenarios``."""

from importlib.metadata import entry_points

from sse_conform.errors import ConformError
from sse_conform.scenario import Scenario

GROUP = "sse_conform.scenarios"


def load() -> dict[str, Scenario]:
    """Every installed scene by its id; two scenes of one id are our trouble."""
    scenes: dict[str, Scenario] = {}
    for pack in entry_points(group=GROUP):
        for scene in pack.load():
            if scene.id in scenes:
                raise ConformError(
                    f"two installed scenes are called {scene.id}",
                    hint=f"one comes from {pack.value}: uninstall that pack, or rename the scene",
                )
            scenes[scene.id] = scene
    if not scenes:
        raise ConformError("no scenes are installed", hint="reinstall sse-conform")
    return scenes
