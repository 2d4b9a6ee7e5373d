"""What a fault and an oddity have in common: they make another service of the same parts."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sse_conform_server.parts import Parts


class Variant(Protocol):
    """Something that replaces or wraps parts; the service itself knows nothing of it."""

    @property
    def apply(self) -> Callable[["Parts"], "Parts"]:
        """From the parts of the service to those of the varied one."""
        ...
