"""Whoever operates a target: stops it and starts it again, by the commands of its profile."""

import asyncio
import contextlib
import os
import shlex
import signal
import tempfile
from pathlib import Path
from typing import IO, Protocol

from sse_conform.control import Command, Control
from sse_conform.control_entry import Order
from sse_conform.errors import ControlError


class Operator(Protocol):
    """Stops and starts a target and its broker."""

    async def carry_out(self, order: Order) -> None:
        """Return when it was done; what was started need not answer yet. ControlError where that fails."""
        ...


class Commands:
    """The operator that a profile describes; its commands run in the folder of the profile."""

    def __init__(self, control: Control, folder: Path) -> None:
        self._control = control
        self._folder = folder

    async def carry_out(self, order: Order) -> None:
        """Run the command for it."""
        name = order.value.replace("-", "_")
        await self._run(f"control.{name}", getattr(self._control, name))

    async def _run(self, key: str, command: Command) -> None:
        # A file, for a service that goes on in the background keeps what it inherits open, and a pipe would never end.
        with tempfile.TemporaryFile() as said:
            try:
                process = await self._begin(command, said)
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else error
                raise ControlError(f"{key} cannot be run: {_shown(command)}: {why}", hint=self._remedy) from None
            try:
                async with asyncio.timeout(self._control.timeout):
                    code = await process.wait()
            except TimeoutError:
                hint = "it has to return: let what it starts run in the background, or raise control.timeout"
                message = f"{key} had not returned after {self._control.timeout:g} s: {_shown(command)}"
                raise ControlError(message, hint=hint) from None
            finally:
                await _end(process)
            if code:
                message = f"{key} ended with code {code} ({_last_line(said)}): {_shown(command)}"
                raise ControlError(message, hint=self._remedy)

    async def _begin(self, command: Command, said: IO[bytes]) -> asyncio.subprocess.Process:
        program = ("/bin/sh", "-c", command) if isinstance(command, str) else command
        return await asyncio.create_subprocess_exec(
            *program,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # an interrupt at the terminal is for the run, not for the service it started
        )

    @property
    def _remedy(self) -> str:
        return f"run it by hand in {self._folder}, then correct it"


async def _end(process: asyncio.subprocess.Process) -> None:
    """A command that has not returned is ended, with all that it began."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _shown(command: Command) -> str:
    return command if isinstance(command, str) else shlex.join(command)


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
