"""A Redis for the instances of the embedded server, on a socket in a folder of its own; it keeps nothing."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from sse_conform.errors import ConformError, UsageError

PROGRAM = "redis-server"
START_SECONDS = 10.0


class Redis:
    """It runs from the start to :meth:`stop`."""

    def __init__(self, folder: Path) -> None:
        if shutil.which(PROGRAM) is None:
            raise UsageError(
                f"{PROGRAM} is not on the PATH", hint="install Redis: instances share by it what they publish"
            )
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self._command = [PROGRAM, "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(folder)]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(  # noqa: S603 - a program of fixed name
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket(socket.AF_UNIX) as door:
                if door.connect_ex(str(self._socket)) == 0:
                    return
            time.sleep(0.02)
        raise ConformError(f"{PROGRAM} did not start within {START_SECONDS:g} s", hint=f"run it by hand: {PROGRAM}")

    def stop(self) -> None:
        """End it: there is nothing to keep."""
        self._process.kill()
        self._process.wait()
