"""Which of the variants of the reference server is run next, where some runs take more of a processor than others."""

from collections.abc import Collection, Iterable, Mapping
from statistics import median

from sse_conform.fault_matrix import Variant

#: How many other runs a heavy one weighs as much as.
WEIGHT = 3
#: A run that takes so many times as long as most do waits in vain, and takes no more of a processor than they.
IDLE = 2.5


def longest_first(variants: Iterable[Variant], seconds: Mapping[str, float]) -> list[Variant]:
    """By how long each took before: a long run that begins last is awaited while nothing else runs."""
    return sorted(variants, key=lambda variant: -seconds.get(variant.name, 0.0))


def idlers(seconds: Mapping[str, float]) -> frozenset[str]:
    """Those that took much longer than most: they waited."""
    usual = median(seconds.values()) if seconds else 0.0
    return frozenset(name for name, took in seconds.items() if took > IDLE * usual)


class FaultQueue:
    """
    The variants that wait, while ``jobs`` of them run at a time.

    Few of the heavy ones, by name, run at once, and they begin first: they would be left among themselves at the end.
    The idle ones take no place, and half as many as there are places run beside the others. Repeats of a variant share
    a folder, so they follow one another.
    """

    def __init__(
        self, variants: Iterable[Variant], *, heavy: Collection[str], jobs: int, idle: Collection[str] = ()
    ) -> None:
        self._heavy = heavy
        self._idle = set(idle) - set(heavy) if jobs > 1 else set()
        self._jobs, self._few, self._beside = jobs, max(1, jobs // WEIGHT), jobs // 2
        self.due = sorted(variants, key=lambda variant: variant.name not in heavy)

    def next(self, running: Collection[Variant]) -> Variant | None:
        """Take the first that may begin beside these from those that are due; None where none may."""
        names = [variant.name for variant in running]
        for variant in self.due:
            if variant.name not in names and self._has_place(variant.name, names):
                self.due.remove(variant)
                return variant
        return None

    def _has_place(self, name: str, running: Collection[str]) -> bool:
        idle = sum(each in self._idle for each in running)
        if name in self._idle:
            return idle < self._beside
        full = sum(each in self._heavy for each in running) >= self._few
        return len(running) - idle < self._jobs and not (full and name in self._heavy)
