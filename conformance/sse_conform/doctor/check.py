"""What an examination says."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Whether a part is in order, to be mended, not there at all, or only to be known of."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One part that was looked at: what was seen, and, where it is not in order, the fix in one line."""

    name: str
    said: str
    fix: str = ""
    missing: bool = False
    note: bool = False

    @property
    def standing(self) -> Standing:
        """How it stands: what needs a fix is a problem, or missing."""
        if not self.fix:
            return Standing.NOTE if self.note else Standing.OK
        return Standing.MISSING if self.missing else Standing.PROBLEM

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended."""
        return not self.fix
