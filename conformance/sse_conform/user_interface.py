"""The table of a profile that describes the target's own page: what a person does in it, and where to look."""

from sse_conform.promises import Table


class Step(Table, frozen=True, kw_only=True):
    """One thing that a person does: fill a field with ``value``, or click on something; both named by CSS selectors."""

    fill: str = ""
    click: str = ""
    value: str = ""


class UserInterface(Table, frozen=True, kw_only=True):
    """
    The page at ``path``, and what is where in it.

    ``login``, ``create`` and ``logout`` are steps in order, all else are CSS selectors: ``notification`` of each entry
    of the list, newest first or not, ``prompt`` of what asks for a login, ``unread`` of their number, ``connection`` of
    what the page says about its connection. Placeholders: ``{username}`` and ``{password}`` in a login, those of a
    trigger in what creates an event.
    """

    login: tuple[Step, ...]
    notification: str
    prompt: str
    path: str = "/"
    create: tuple[Step, ...] = ()
    logout: tuple[Step, ...] = ()
    unread: str = ""
    connection: str = ""
