"""
A process that has imported a program already, and forks for each time that it is to be run.

Half of the processor time of a compressed run goes into imports; whoever makes hundreds of runs pays for them once.

``python -m sse_conform.fork_server SOCKET PROGRAM MODULE...`` imports the modules, prints a line and listens at SOCKET,
a Unix socket of packets. A packet holds a :class:`Start` as JSON, with the descriptors of standard output and error. It
is answered with the process id and, at its end, with the exit code. Whoever hangs up has it killed, and so has whoever
closes the standard input of the fork server.
"""

import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

#: What is printed when the modules are there.
READY = "ready"
#: A packet with all of an environment.
LONGEST = 128 * 1024
STDOUT, STDERR = 1, 2


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the program: its arguments, and all of its environment."""

    arguments: tuple[str, ...]
    environ: dict[str, str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a process: its id, or how it ended (negative: by which signal)."""

    pid: int = 0
    returncode: int | None = None


@dataclass(slots=True)
class _ForkServer:
    listener: socket.socket
    waiting: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    clients: dict[int, socket.socket] = field(default_factory=dict)

    def until_asked(self) -> Start | None:
        """Return in each child with what it is to do, and None when nobody needs the server any more."""
        self.waiting.register(self.listener, selectors.EVENT_READ, None)
        self.waiting.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        while True:
            for key, _ in self.waiting.select():
                if key.fileobj is self.listener:
                    if start := self._fork():
                        return start
                elif key.data is None:
                    for pid in self.clients:
                        os.kill(pid, signal.SIGKILL)
                    return None
                elif isinstance(key.fileobj, int):
                    self._ended(key.fileobj, key.data)
                else:  # nobody is there to hear of its end
                    self.waiting.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)

    def _fork(self) -> Start | None:
        client, _ = self.listener.accept()
        packet, outputs, _, _ = socket.recv_fds(client, LONGEST, 2)
        pid = os.fork()
        if pid == 0:
            self._leave(client, outputs)
            return msgspec.json.decode(packet, type=Start)
        for output in outputs:
            os.close(output)
        self.clients[pid] = client
        self.waiting.register(client, selectors.EVENT_READ, pid)
        self.waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        _tell(client, Told(pid=pid))
        return None

    def _leave(self, client: socket.socket, outputs: list[int]) -> None:
        """The child is no server: it has a session of its own, and where to write."""
        os.setsid()
        for key in tuple(self.waiting.get_map().values()):
            if isinstance(key.fileobj, int) and key.data is not None:
                os.close(key.fileobj)
        self.waiting.close()
        for each in (*self.clients.values(), self.listener, client):
            each.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in zip((nothing, *outputs), (0, STDOUT, STDERR), strict=True):
            os.dup2(source, target)
            os.close(source)

    def _ended(self, pidfd: int, pid: int) -> None:
        self.waiting.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        client = self.clients.pop(pid)
        with suppress(KeyError):
            self.waiting.unregister(client)
        _tell(client, Told(pid=pid, returncode=os.waitstatus_to_exitcode(status)))
        client.close()


def _tell(client: socket.socket, told: Told) -> None:
    with suppress(BrokenPipeError):  # it hung up, and has the process killed
        client.send(msgspec.json.encode(told))


def _become(program: str, start: Start) -> None:
    """Be the program, as ``python -m`` would have it."""
    os.environ.clear()
    os.environ.update(start.environ)
    sys.argv = [program, *start.arguments]
    sys.orig_argv = [sys.executable, "-m", program, *start.arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


def main(path: str, program: str, *modules: str) -> None:
    """Serve until nobody needs it; in each child, be the program."""
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        print(READY, flush=True)  # noqa: T201 - whoever started it waits for that
        start = _ForkServer(listener).until_asked()
    if start:
        _become(program, start)


if __name__ == "__main__":
    main(*sys.argv[1:])
