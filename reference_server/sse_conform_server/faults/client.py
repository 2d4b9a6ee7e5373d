"""Faults of the page: its client module as others have written it, served instead of the right one."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from sse_conform_server.faults.fault import Fault, fault
from sse_conform_server.parts import Parts

MODULE, APP = "notification-stream.js", "app.js"


def edited(*changes: tuple[str, str, str]) -> Callable[[Parts], Parts]:
    """Serve files of the page with texts replaced: the file, what stands there once, and what comes instead."""

    def apply(parts: Parts) -> Parts:
        web = dict(parts.web)
        for file, old, new in changes:
            if web[file].count(old.encode()) != 1:
                raise ValueError(f"{file} does not hold this once: {old}")
            web[file] = web[file].replace(old.encode(), new.encode())
        return replace(parts, web=MappingProxyType(web))

    return apply


#: Every change draws the whole list anew, so that what it holds twice is shown twice.
_DRAW_ALL = (APP, "  if (known && known.read === item.read) return known.line;\n", "")
_ON_ERROR = """\
      if (source.readyState === EventSource.CLOSED) this.#refused();
      else this.#lost();
"""
_BORN = "    this.#life = new AbortController();\n"
_SLEEP = """\
    addEventListener("visibilitychange", () => document.hidden && this.#rest(), { signal: this.#life.signal });
"""
_PING = """{ id: -Math.random(), type: "ping", message: "ping", created_at: new Date().toISOString(), read: false }"""

FAULTS: tuple[Fault, ...] = (
    fault(
        "client-closes-on-error",
        "The page closes its EventSource at every error, as sketches of hooks do: the first lost packet ends it.",
        edited((MODULE, _ON_ERROR, "      this.#rest();\n")),
        "client.reconnects-ui",
        "client.honours-retry-ui",
        "client.falls-back",
        "client.falls-back-returns",
    ),
    fault(
        "client-reconnects-at-once",
        "The page opens a new EventSource in the error handler instead of leaving that to the browser: a storm.",
        edited((MODULE, "else this.#lost();", "else this.#open();")),
        "client.honours-retry-ui",
    ),
    fault(
        "client-sleeps-on",
        "A page that nobody looks at closes its stream, to spare the server one, and opens none when it is seen again.",
        edited((MODULE, _BORN, _BORN + _SLEEP)),
        "client.hidden-catches-up",
    ),
    fault(
        "client-hammers",
        "A page whose stream is refused asks for it again at once, and again.",
        edited(
            (
                MODULE,
                "    await this.#poll();\n    if (life",
                "    if (!this.#refusals) await this.#poll();\n    if (life",
            ),
            (MODULE, "Math.min(this.#options.retry * 2 ** this.#refusals, this.#options.slowest)", "0"),
        ),
        "client.backs-off-ui",
    ),
    fault(
        "client-retries-401",
        "The page takes 401 for a failure like any other, tries for ever, and asks for no login.",
        edited((MODULE, "status === 401", "false")),
        "client.stops-at-401-ui",
        "client.stops-at-401-ui-login",
    ),
    fault(
        "client-hides-401",
        "The page stops at 401 and sets its error, which nothing shows.",
        edited((APP, 'if (error === "auth") leave({ ended: true });', "")),
        "client.stops-at-401-ui-login",
    ),
    fault(
        "client-keeps-all",
        "The list is never cut: a tab that is open for weeks gets slower every day.",
        edited((MODULE, "merged.slice(0, KEEP)", "merged")),
        "client.keeps-newest",
    ),
    fault(
        "client-keeps-oldest",
        "The list is cut at its wrong end: once it is full, what is new is not shown.",
        edited((MODULE, "merged.slice(0, KEEP)", "merged.slice(-KEEP)")),
        "client.keeps-newest",
    ),
    fault(
        "client-appends-snapshot",
        "Each snapshot is put in front of the old list: after a reconnect all is there twice.",
        edited(
            _DRAW_ALL,
            (MODULE, "items: items.slice(0, KEEP)", "items: [...items, ...this.#state.items].slice(0, KEEP)"),
        ),
        "client.reconnects-ui-once",
        "client.snapshot-replaces",
        "client.fallback-is-lossless",
    ),
    fault(
        "client-merges-snapshot",
        "A snapshot is merged into the old list by ids: what was withdrawn elsewhere stays.",
        edited(
            (MODULE, "this.#set({ items: items.slice(0, KEEP), unread,", "this.#add(items);\n    this.#set({ unread,")
        ),
        "client.snapshot-replaces",
    ),
    fault(
        "client-counts-itself",
        "The page counts the unread ones itself and believes no snapshot but the first.",
        edited(
            (
                MODULE,
                "KEEP), unread, connection",
                "KEEP), unread: known === null ? unread : this.#state.unread, connection",
            )
        ),
        "client.snapshot-replaces",
    ),
    fault(
        "client-lists-pings",
        "One handler takes every event for a notification: each ping is an entry.",
        edited(
            (
                MODULE,
                '"ping", () => this.#watch()',
                f'"ping", () => this.#set({{ items: [{_PING}, ...this.#state.items].slice(0, KEEP) }})',
            )
        ),
        "client.ping-changes-nothing",
    ),
    fault(
        "client-leaks-stream",
        "Whoever logs out leaves the EventSource behind: it is forgotten, not closed, and comes back by itself.",
        edited((MODULE, "  #rest() {\n    this.#source?.close();\n", "  #rest() {\n")),
        "client.unmount-closes",
    ),
    fault(
        "client-only-waits",
        "A page whose push is refused tries again and again, and shows nothing of what polling would tell.",
        edited((MODULE, "        this.#add(items);\n        this.#set({ unread });\n", "")),
        "client.falls-back",
    ),
    fault(
        "client-stays-polling",
        "Once it polls the page never tries its stream again.",
        edited((MODULE, '    this.#after("push", pause * (1 + Math.random() / 4), () => this.#open());\n', "")),
        "client.falls-back-returns",
    ),
    fault(
        "client-doubles-polls",
        "Each poll reads the newest page and puts all of it in front of the list, known or not.",
        edited(
            _DRAW_ALL,
            (MODULE, "cursor !== null ? `?after=${cursor}&limit=${PAGE}` :", "cursor === undefined ? '' :"),
            (
                MODULE,
                "        this.#add(items);\n",
                "        this.#set({ items: [...items, ...this.#state.items].slice(0, KEEP) });\n",
            ),
        ),
        "client.fallback-is-lossless",
    ),
    fault(
        "client-shows-late",
        "Notifications are collected and drawn at leisure, long after the stream told of them.",
        edited(
            (
                MODULE,
                "this.#notification(JSON.parse(event.data))",
                "setTimeout(() => this.#notification(JSON.parse(event.data)), this.#options.silence / 3)",
            )
        ),
        "delivery.browser-to-browser-ui",
    ),
)
