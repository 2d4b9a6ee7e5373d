"""The suite run as a process of its own, as often as it takes."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sse_conform.embedded import CHOOSABLE, FORK_SERVER, PROGRAM
from sse_conform.embedded import IMPORTED as IMPORTED_BY_SERVER
from sse_conform.exit_code import ExitCode
from sse_conform.forked_process import AVAILABLE, ForkedProcess, fork_server
from sse_conform.profile_layers import PREFIX

#: An interrupted run stops its server and writes what it has.
INTERRUPT_SECONDS = 20.0
#: Events of the burst scene; the faults drop beyond 20, and more only make a hundred runs longer.
BURST = 60
#: How the command line begins an error.
PREAMBLE = "conform: error: "
#: The suite, and what it and the server import before they fork.
SUITE = "sse_conform"
IMPORTED = {
    SUITE: ("sse_conform.commands.run", "sse_conform.scene_packs", "sse_conform.writers.json_writer", "jwt"),
    PROGRAM: IMPORTED_BY_SERVER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forks:
    """Where the fork servers of the suite and of the reference server listen."""

    suite: str
    server: str


@contextlib.contextmanager
def forking() -> Iterator[Forks | None]:
    """Fork servers while the block lasts; None where there can be none."""
    if not AVAILABLE:
        yield None
        return
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sse-conform-forks-")))
        suite, server = (
            stack.enter_context(fork_server(program, IMPORTED[program], folder / program)) for program in IMPORTED
        )
        yield Forks(suite=suite, server=server)


async def run_suite(arguments: list[str], seconds: float, *, forks: Forks | None) -> tuple[bytes, str, int]:
    """What the suite says, given these arguments: as a fork of one that has imported everything, where there is one."""
    if forks:
        return await _run_forked(forks, arguments, seconds)
    return await run([sys.executable, "-m", SUITE, *arguments], seconds)


async def run(command: list[str], seconds: float) -> tuple[bytes, str, int]:
    """Standard output, the complaint on standard error, and the exit code of a command; an overdue one is stopped."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=_environ())
    try:
        async with asyncio.timeout(seconds):
            said, error = await process.communicate()
    except BaseException as cut:
        await _stop(process)
        if isinstance(cut, TimeoutError):
            return b"", f"it was not over after {seconds:.0f} s", ExitCode.HARNESS
        raise
    return said, _complaint(error.decode("utf-8", "replace")), process.returncode or 0


async def _run_forked(forks: Forks, arguments: list[str], seconds: float) -> tuple[bytes, str, int]:
    """The same for the suite with these arguments; its server is forked as well."""
    environ = _environ() | {FORK_SERVER: forks.server}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as error:
        process = ForkedProcess(forks.suite, arguments, environ, stdout=said, stderr=error)
        try:
            async with asyncio.timeout(seconds):
                await _ended(process)
        except BaseException as cut:
            await _stop_forked(process)
            if isinstance(cut, TimeoutError):
                return b"", f"it was not over after {seconds:.0f} s", ExitCode.HARNESS
            raise
        said.seek(0)
        error.seek(0)
        return said.read(), _complaint(error.read().decode("utf-8", "replace")), process.wait()


async def _ended(process: ForkedProcess) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(process.fileno(), ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.fileno())


async def _stop_forked(process: ForkedProcess) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(INTERRUPT_SECONDS):
            await _ended(process)
    except TimeoutError:
        process.kill()
    process.wait()


def _complaint(error: str) -> str:
    """What a command said went wrong, in one line: its own error, else its last words."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    own = [line.removeprefix(PREAMBLE) for line in lines if line.startswith(PREAMBLE)]
    return own[0] if own else lines[-1] if lines else ""


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Interrupt a run, so that it stops its server; kill it where it does not listen."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()


def _environ() -> dict[str, str]:
    """Our environment without settings of other targets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, CHOOSABLE["numbers.burst"]: str(BURST)}
