"""
The reference server as a target: started for one run in a process of its own, on a free port, with fresh secrets.

The judge imports nothing of it: it is reached as any other target is, with the profile that is shipped for it. Whoever
starts it can stop it and start it again, and so it is its own operator.
"""

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import urlsplit

from sse_conform.control_entry import Order
from sse_conform.embedded_broker import Redis
from sse_conform.errors import ConformError, ControlError, UsageError
from sse_conform.exit_code import ExitCode
from sse_conform.forked_process import AVAILABLE, ForkedProcess, Process, fork_server
from sse_conform.shipped import shipped

#: What ``--target`` says for it.
EMBEDDED = "embedded"
#: What starts it.
PROGRAM = "sse_conform_server"
COMMAND = (sys.executable, "-m", PROGRAM)
#: What it imports, which takes longer than all else that it does at its start.
IMPORTED = tuple(f"{PROGRAM}.{name}" for name in ("cli", "server", "faults.catalogue", "oddities.catalogue"))
#: The variable that names a fork server of it, where there is one: then it starts in no time.
FORK_SERVER = "SSE_CONFORM_FORK_SERVER"
PREFIX = "SSE_CONFORM_SERVER_"
START_SECONDS = 30.0
#: The grace that the shipped profile promises, in seconds.
GRACE = 5.0
#: A server that was told to stop is killed so many seconds after its grace.
KILL_SECONDS = 2.5
#: The run spreads its attempts over these; every address of 127.0.0.0/8 is this machine's on Linux.
ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 9))
#: The origin that the shipped profile says is admitted.
ORIGIN = "https://app.example"
#: What genuine tokens name, as the shipped profile says.
ISSUER, AUDIENCE = "https://login.example", "notifications"
#: Small enough that a reader who sleeps through the suite's large events overruns it.
QUEUE_BYTES = 1024 * 1024
#: Its accounts end with it, so their passwords need no hash that is dear to guess.
CHEAP_PASSWORDS = {"PASSWORD_TIME_COST": "1", "PASSWORD_MEMORY": "8"}
#: Short promises make a short run: what is judged stays the same.
COMPRESSED: Mapping[str, float] = {
    "numbers.heartbeat": 2.0,
    "numbers.latency": 0.7,
    "numbers.rate_window": 3,
    "numbers.retry": 500,
    "numbers.burst": 500,
    "numbers.fallback": 6.0,
    "numbers.grace": 1.0,
}
#: The setting of the server that stands behind each promise.
SETTINGS = {
    "numbers.heartbeat": "HEARTBEAT",
    "numbers.latency": "LATENCY_BUDGET",
    "numbers.rate_window": "WINDOW",
    "numbers.retry": "RETRY",
    "numbers.grace": "SHUTDOWN_GRACE",
}
#: The variables of the profile that outrank what a run of this target lays over its profile.
CHOOSABLE = {"numbers.burst": "CONFORM_NUMBERS_BURST", "source_addresses": "CONFORM_SOURCE_ADDRESSES"}
#: What a profile has to say for an oddity, as the server announces it, in TOML.
_PROMISE = re.compile(rb"^the profile has to say: (.+)$", re.MULTILINE)
_READY = re.compile(rb"^listening on (https?://\S+)", re.MULTILINE)


class Embedded:
    """
    The reference server while its ``with`` block lasts, with these faults and oddities.

    Of two ``instances``, which share a database and a Redis, the first is the target, which is stopped and started.
    """

    def __init__(
        self,
        *,
        compressed: bool = False,
        faults: tuple[str, ...] = (),
        oddities: tuple[str, ...] = (),
        instances: int = 1,
    ) -> None:
        # What is no setting of the server may be chosen for a run as for any other target.
        chosen = {path for path, name in CHOOSABLE.items() if os.environ.get(name)}
        promised: dict[str, object] = {**COMPRESSED} if compressed else {}
        promised["source_addresses"] = list(ADDRESSES)
        self._promises = {path: value for path, value in promised.items() if path not in chosen}
        self._grace = COMPRESSED["numbers.grace"] if compressed else GRACE
        self._faults = faults
        self._oddities = oddities
        self._process: Process | None = None
        self._other: Process | None = None
        self._redis: Redis | None = None
        self._log: IO[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._forks = ""
        self._stack = ExitStack()
        self.url = "http://127.0.0.1"
        self.other_url = "http://127.0.0.2" if instances > 1 else ""
        self.secrets = {
            f"{PREFIX}JWT_KEY": secrets.token_hex(32),
            f"{PREFIX}ADMIN_PASSWORD": secrets.token_urlsafe(18),
        }

    @property
    def overrides(self) -> dict[str, object]:
        """What this run lays over the shipped profile."""
        varied = [*(f"oddity {name}" for name in self._oddities), *(f"fault {name}" for name in self._faults)]
        name = {"name": f"reference with {' and '.join(varied)}"} if varied else {}
        # Over TLS it shows a certificate of its own making, which nobody vouches for.
        trust = {"tls.verify": False} if self.url.startswith("https:") else {}
        orders = ("stop", "start", *(("broker_stop", "broker_start") if self.other_url else ()))
        control = {f"control.{order}": EMBEDDED for order in orders}  # no commands: see `carry_out`
        other = {"other_instance": self.other_url} if self.other_url else {}
        return {"url": self.url, **other, **trust, **name, **control, **self._promises}

    @staticmethod
    def profile_file() -> Path:
        """The profile that is shipped for it."""
        return shipped("profiles", "reference.toml")

    def demand_known(self) -> None:
        """Refuse names of no fault and no oddity, in the words of the server, which it is not started for."""
        if not self._varied:
            return
        command = [*COMMAND, *self._varied, "--list-faults"]
        asked = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        if asked.returncode:
            raise _refused(_last_line(asked.stderr))

    @property
    def _varied(self) -> tuple[str, ...]:
        return (*(f"--odd={name}" for name in self._oddities), *(f"--fault={name}" for name in self._faults))

    def __enter__(self) -> "Embedded":
        _heed_termination()
        self._log = tempfile.TemporaryFile()
        # The database outlives a process that a fault ends and starts again.
        self._folder = tempfile.TemporaryDirectory(prefix="sse-conform-embedded-")
        try:
            self._forks = os.environ.get(FORK_SERVER) or self._fork_server(Path(self._folder.name))
            if self.other_url:
                self._redis = Redis(Path(self._folder.name))
                self._other, self.other_url = self._launch()
            self._process, self.url = self._launch()
            self._promises = {**self._promises, **_promised(self._log)}
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self._process, self._other):
            self._terminate(process)
        self._stack.close()
        if self._redis is not None:
            self._redis.stop()
        if self._log is not None:
            self._log.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _fork_server(self, folder: Path) -> str:
        """One of its own, so that what is stopped starts again without its imports; empty where there can be none."""
        if AVAILABLE:
            with suppress(OSError):  # without one it says why it does not start
                return self._stack.enter_context(fork_server(PROGRAM, IMPORTED, folder / "forks"))
        return ""

    async def carry_out(self, order: Order) -> None:
        """Stop it as a supervisor does, by SIGTERM and, where that is not heeded, SIGKILL; start it where it was."""
        try:
            await asyncio.to_thread(self._obey, order)
        except ConformError as trouble:
            raise ControlError(trouble.message, hint=trouble.hint) from None

    def _obey(self, order: Order) -> None:
        match order:
            case Order.STOP:
                self._terminate(self._process)
            case Order.START:
                self._process, self.url = self._launch(port=urlsplit(self.url).port or 0)
            case Order.BROKER_STOP:
                assert self._redis is not None
                self._redis.stop()
            case Order.BROKER_START:
                assert self._redis is not None
                self._redis.start()

    def _launch(self, *, port: int = 0) -> tuple[Process, str]:
        """Start an instance, and wait until it listens: its process and its address."""
        assert self._log is not None
        assert self._folder is not None
        said = len(_said(self._log))
        process = self._begin(self._environ(database=Path(self._folder.name) / "service.sqlite3", port=port), self._log)
        try:
            return process, self._await_url(process, self._log, said)
        except BaseException:
            process.kill()
            process.wait()
            raise

    def _begin(self, environ: Mapping[str, str], log: IO[bytes]) -> Process:
        """Start it in a session of its own: an interrupt at the terminal is for the run, which then stops it."""
        if self._forks:
            return ForkedProcess(self._forks, self._varied, environ, stdout=log, stderr=log)
        return subprocess.Popen(  # noqa: S603 - our own module
            [*COMMAND, *self._varied],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environ(self, *, database: Path, port: int) -> dict[str, str]:
        """Our environment without settings of other servers, with those of this one."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        settings = {"PORT": str(port), "DATABASE": str(database), "ADMIN_USERNAME": "admin", "CORS_ORIGINS": ORIGIN}
        settings |= {"QUEUE_BYTES": str(QUEUE_BYTES), "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE, **CHEAP_PASSWORDS}
        settings |= {"REDIS": self._redis.url} if self._redis else {}
        settings |= {SETTINGS[path]: str(value) for path, value in self._promises.items() if path in SETTINGS}
        return {**inherited, **{PREFIX + name: value for name, value in settings.items()}, **self.secrets}

    def _await_url(self, process: Process, log: IO[bytes], since: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            if ready := _READY.search(_said(log)[since:]):
                return ready[1].decode()
            if ended and process.returncode == ExitCode.USAGE:
                raise _refused(_last_line(_said(log)))
            if ended:
                said = _last_line(_said(log))
                raise ConformError(f"the reference server did not start: {said}", hint="run: conform serve")
            time.sleep(0.02)
        raise ConformError(
            f"the reference server was not ready within {START_SECONDS:.0f} s", hint="run: conform serve"
        )

    def _terminate(self, process: Process | None) -> None:
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self._grace + KILL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _heed_termination() -> None:
    """A termination unwinds as an interrupt does, or the server would outlive us; only the main thread can say so."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _said(log: IO[bytes]) -> bytes:
    """All that the server wrote; read through its own offset, which the server's writing does not share."""
    return os.pread(log.fileno(), 1_000_000, 0)


def _promised(log: IO[bytes]) -> dict[str, object]:
    """The keys of the profile, by their dotted paths, that the server says its oddities need."""
    said = [line.decode().split(" = ", 1) for line in _PROMISE.findall(_said(log))]
    return {path: tomllib.loads(f"value = {value}")["value"] for path, value in said}


def _refused(said: str) -> UsageError:
    """What the server would not start with."""
    hint = "conform serve --list-faults, --list-odd and --help say what there is"
    return UsageError(said.removeprefix("Error: "), hint=hint)


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
