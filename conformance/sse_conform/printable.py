"""Text from outside, made fit for a terminal."""


def printable(text: str) -> str:
    r"""
    The text as one line in which everything unprintable is escaped.

    Control characters, line ends, escape sequences, bidirectional controls and lone surrogates come out as ``\n``,
    ``\x1b``, ``\u202e``: what a target sends can neither steer the terminal nor forge a line of a report.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
