"""Spellings of a path that some routers take for the path itself, and that access rules by path may not know. Pure."""

from enum import StrEnum


class Spelling(StrEnum):
    """How a path is written."""

    PLAIN = "plain"
    SLASH_AFTER = "slash-after"
    """A slash at its end."""
    TWO_SLASHES = "two-slashes"
    """Its last slash twice: gateways and some routers merge them."""
    PARAMETER = "parameter"
    """A parameter after a semicolon, which servlet containers take away."""
    ENCODED = "encoded"
    """A letter of it percent-encoded: the same path (RFC 3986, 6.2.2.2), and another text."""
    UPPER_CASE = "upper-case"
    """In upper case, for routers that ignore case."""

    def of(self, path: str) -> str:
        """The path so written; what is behind a question mark stays."""
        bare, mark, query = path.partition("?")
        return f"{self._of(bare)}{mark}{query}"

    def _of(self, path: str) -> str:
        head, _, tail = path.rpartition("/")
        match self:
            case Spelling.PLAIN:
                return path
            case Spelling.SLASH_AFTER:
                return f"{path}/"
            case Spelling.TWO_SLASHES:
                # At the beginning two of them would name a host (RFC 3986, 4.2).
                return f"{head}//{tail}" if head else f"/.{path}"
            case Spelling.PARAMETER:
                return f"{path};v=1"
            case Spelling.ENCODED:
                return f"{path[:-1]}%{ord(path[-1]):02x}"
            case Spelling.UPPER_CASE:
                return path.upper()
