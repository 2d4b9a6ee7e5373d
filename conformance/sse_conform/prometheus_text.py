"""Reading samples off the Prometheus text format (its exposition format, version 0.0.4)."""

import re


def value_of(text: str, name: str) -> float | None:
    """The sum of a metric's samples over all labels; None without any, or where one is no number."""
    # A label's value may hold anything, and the time at which a sample was taken may follow it.
    sample = re.compile(rf"^{re.escape(name)}(?:\{{.*\}})?[ \t]*[ \t](\S+)(?:[ \t]+\S+)?[ \t]*$", re.MULTILINE)
    found = [match[1] for match in sample.finditer(text)]
    try:
        return sum(map(float, found)) if found else None
    except ValueError:
        return None
