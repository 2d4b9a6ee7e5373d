"""The table of a profile that says how the target is stopped and started: commands on the machine of the suite."""

from sse_conform.promises import Positive, Table

#: One line for the shell, or a program and its arguments.
Command = str | tuple[str, ...]


class Control(Table, frozen=True, kw_only=True):
    """
    How the target is stopped and started again. A string is a line for the shell, a list is run without one.

    ``stop`` ends it as SIGTERM does, ``start`` brings it back; both return. ``timeout`` are the seconds that either may
    take, and then the target until it answers again. Of the broker between two instances ``broker_stop`` and
    ``broker_start`` say the same.
    """

    stop: Command
    start: Command
    broker_stop: Command = ""
    broker_start: Command = ""
    timeout: Positive = 60.0
