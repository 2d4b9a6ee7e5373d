"""Which of the variants of the reference server is run next, where some runs take more of a processor than others."""

from collections.abc import Collection, Iterable, Mapping

from sse_conform.fault_matrix import Variant

#: How many other runs a heavy one weighs as much as.
WEIGHT = 3


def longest_first(variants: Iterable[Variant], seconds: Mapping[str, float]) -> list[Variant]:
    """By how long each took before: a long run that begins last is awaited while nothing else runs."""
    return sorted(variants, key=lambda variant: -seconds.get(variant.name, 0.0))


class FaultQueue:
    """
    The variants that wait, while ``jobs`` of them run at a time.

    Few of the heavy ones, by name, run at once, and they begin first: they would be left among themselves at the end.
    Repeats of a variant share a folder, so they follow one another.
    """

    def __init__(self, variants: Iterable[Variant], *, heavy: Collection[str], jobs: int) -> None:
        self._heavy = heavy
        self._jobs, self._few = jobs, max(1, jobs // WEIGHT)
        self.due = sorted(variants, key=lambda variant: variant.name not in heavy)

    def next(self, running: Collection[Variant]) -> Variant | None:
        """Take the first that may begin beside these from those that are due; None where none may."""
        names = [variant.name for variant in running]
        if len(names) >= self._jobs:
            return None
        full = sum(name in self._heavy for name in names) >= self._few
        for variant in self.due:
            if variant.name not in names and not (full and variant.name in self._heavy):
                self.due.remove(variant)
                return variant
        return None
