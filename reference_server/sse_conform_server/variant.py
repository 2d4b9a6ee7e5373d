"""What a fault and an oddity have in common: they make another service of the same parts."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from sse_conform_server.settings import Settings

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts

Promises = Mapping[str, float | bool | str]
"""Keys of a target profile by their dotted paths, with their values."""


def no_promises(_: Settings) -> Promises:
    """The profile has nothing to say for it."""
    return {}


class Variant(Protocol):
    """Something that replaces or wraps parts; the service itself knows nothing of it."""

    @property
    def apply(self) -> Callable[["Parts"], "Parts"]:
        """From the parts of the service to those of the varied one."""
        ...

    @property
    def promises(self) -> Callable[[Settings], Promises]:
        """What the profile of such a service has to say for it, which depends on the settings."""
        ...
