"""Processes that a fork server starts, for whoever starts one program many times. Linux alone has what that takes."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

import msgspec

from sse_conform.fork_server import LONGEST, READY, Start, Told

#: Whether fork servers work here.
AVAILABLE = hasattr(os, "pidfd_open")


class Process(Protocol):
    """A process that was started, by whomever: what is wanted of ``subprocess.Popen``."""

    @property
    def returncode(self) -> int | None:
        """The exit code, once it was asked for after the end."""

    def poll(self) -> int | None:
        """The exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; ``subprocess.TimeoutExpired`` where it does not come."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class ForkedProcess:
    """A process of a fork server."""

    def __init__(
        self, path: str, arguments: Sequence[str], environ: Mapping[str, str], *, stdout: IO[bytes], stderr: IO[bytes]
    ) -> None:
        """Have the program of the fork server at this path run. OSError where that is not there."""
        self.returncode: int | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(path)
        start = msgspec.json.encode(Start(arguments=tuple(arguments), environ=dict(environ)))
        socket.send_fds(self._socket, [start], [stdout.fileno(), stderr.fileno()])
        self.pid = self._heard().pid

    def fileno(self) -> int:
        """Readable when it has ended."""
        return self._socket.fileno()

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self.returncode is None and select.select([self._socket], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. ``subprocess.TimeoutExpired`` where it does not come in time (seconds)."""
        if self.returncode is None:
            if not select.select([self._socket], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self._end()
        assert self.returncode is not None
        return self.returncode

    def close(self) -> None:
        """Hang up, which ends it."""
        self._socket.close()

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _end(self) -> None:
        told = self._heard()
        self.returncode = -signal.SIGKILL if told.returncode is None else told.returncode
        self._socket.close()

    def _heard(self) -> Told:
        """What the fork server says; where it is gone, it took its children with it."""
        packet = self._socket.recv(LONGEST)
        return msgspec.json.decode(packet, type=Told) if packet else Told()


@contextlib.contextmanager
def fork_server(program: str, modules: Sequence[str], path: Path) -> Iterator[str]:
    """A fork server of this program at this path, with these modules imported, while the block lasts."""
    command = [sys.executable, "-m", "sse_conform.fork_server", str(path), program, *modules]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline().decode().strip() != READY:
                raise OSError(f"the fork server of {program} did not start")
            yield str(path)
        finally:
            process.stdin.close()
