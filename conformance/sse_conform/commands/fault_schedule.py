"""The faults of ``conform proxy`` as they are written on the command line: ``KIND[=ARG]@START[+DURATION]``."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sse_conform.driver.proxy_faults import (
    Blackhole,
    Close,
    Delay,
    Fault,
    Gateway,
    Hold,
    Reach,
    Refuse,
    Reset,
    Slice,
    Throttle,
    describe,
)
from sse_conform.errors import UsageError
from sse_conform.profile_problem import did_you_mean

_RULE = re.compile(r"(?P<kind>[a-z]+)(=(?P<arg>[^@]*))?@(?P<start>[0-9.]+)(\+(?P<duration>[0-9.]+))?")
_FORM = "write it as KIND[=ARG]@START[+DURATION] in seconds, for example reset@5, blackhole@10+3, throttle=1000@0"
#: What is written, and what it does; the help of the command and the documentation show these.
FORMS = {
    "reset": "RST to both ends of what is connected; with a duration, of new connections too",
    "close": "FIN instead",
    "refuse": "new connections are reset at once; refuse=listener: nobody listens",
    "blackhole": "nothing comes through, nothing is closed",
    "delay": "delay=MS, or delay=MS/MS to the target and to the client",
    "throttle": "throttle=BYTES a second in each direction",
    "slice": "slice=BYTES, or slice=BYTES/MS: small pieces, so many milliseconds apart (10)",
    "hold": "what the target sends waits, and comes in one burst after the duration",
    "gateway": "gateway=STATUS: the proxy answers new requests itself (502)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """A fault, the second at which it begins, for how many seconds, and what it reaches (None: as usual)."""

    fault: Fault
    start: float
    duration: float | None
    reach: Reach | None

    def __str__(self) -> str:
        until = f" for {self.duration:g} s" if self.duration else ""
        return f"at {self.start:g} s{until}: {describe(self.fault)}"


def parse(text: str) -> Scheduled:
    """
    Read one fault.

    :raises UsageError: what is wrong with it, and how it is written.
    """
    found = _RULE.fullmatch(text)
    if not found:
        raise UsageError(f"--fault {text!r} cannot be followed", hint=_FORM)
    kind = found["kind"]
    if kind not in FORMS:
        hint = f"{did_you_mean(kind, list(FORMS))}the kinds are {', '.join(FORMS)}"
        raise UsageError(f"--fault {text!r}: there is no fault {kind!r}", hint=hint)
    try:
        start = float(found["start"])
        duration = None if found["duration"] is None else float(found["duration"])
        fault = _fault(kind, found["arg"])
    except ValueError as error:
        raise UsageError(f"--fault {text!r}: {error}", hint=f"{kind}: {FORMS[kind]}") from None
    if duration == 0:
        raise UsageError(f"--fault {text!r}: a duration is more than zero seconds", hint=_FORM)
    if duration is None and isinstance(fault, Hold):
        raise UsageError(f"--fault {text!r} would never let go", hint="say for how many seconds: hold@5+3")
    lasting_cut = duration is not None and isinstance(fault, Reset | Close)
    return Scheduled(fault=fault, start=start, duration=duration, reach=Reach.ALL if lasting_cut else None)


def _fault(kind: str, arg: str | None) -> Fault:
    plain: dict[str, Callable[[], Fault]] = {"reset": Reset, "close": Close, "blackhole": Blackhole, "hold": Hold}
    if kind in plain:
        if arg is not None:
            raise ValueError("it takes no argument")
        return plain[kind]()
    makers: dict[str, Callable[[str | None], Fault]] = {
        "refuse": _refuse,
        "delay": _delay,
        "throttle": lambda text: Throttle(rate=_number(text)),
        "slice": _slice,
        "gateway": lambda text: Gateway() if text is None else Gateway(status=_whole(text)),
    }
    return makers[kind](arg)


def _refuse(arg: str | None) -> Refuse:
    if arg not in {None, "listener"}:
        raise ValueError(f"{arg!r} is not 'listener'")
    return Refuse(listener=arg is not None)


def _delay(arg: str | None) -> Delay:
    first, slash, second = (arg or "").partition("/")
    to_target = _number(first) / 1000
    return Delay(to_target=to_target, to_client=_number(second) / 1000 if slash else to_target)


def _slice(arg: str | None) -> Slice:
    size, slash, pause = (arg or "").partition("/")
    return Slice(size=_whole(size), pause=_number(pause) / 1000) if slash else Slice(size=_whole(size))


def _number(text: str | None) -> float:
    if not text:
        raise ValueError("a number is missing")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def _whole(text: str) -> int:
    number = _number(text)
    if number != int(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)
