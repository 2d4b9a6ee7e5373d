"""
Secrets of a profile: ``env:NAME``, ``file:PATH`` and ``cmd:COMMAND`` instead of the secret itself.

A path is relative to the folder of the profile; a command is split as a shell would, run there without a shell, and its
output without the last line end is the secret.
"""

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMAND_SECONDS = 30.0
_REFERENCE = re.compile(r"(env|file|cmd):(.+)", re.DOTALL)


class SecretError(Exception):
    """A secret cannot be had: what is wrong, and how to put it right. Never the secret."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Vault:
    """Where the secrets of one profile come from."""

    environ: Mapping[str, str]
    folder: Path

    def open(self, text: str) -> str:
        """The secret that ``text`` refers to, else ``text`` itself; SecretError where it cannot be had."""
        reference = _REFERENCE.fullmatch(text)
        if not reference:
            return text
        kind, name = reference.groups()
        match kind:
            case "env":
                secret = self._variable(name)
            case "file":
                secret = self._file(name)
            case _:
                secret = self._output(name)
        if not secret:
            raise SecretError(f"refers to {text}, which is empty", "an empty secret protects nothing: give a value")
        return secret

    def _variable(self, name: str) -> str:
        if name not in self.environ:
            remedy = f"set it before the run: export {name}=..."
            raise SecretError(f"refers to the environment variable {name}, which is not set", remedy)
        return self.environ[name]

    def _file(self, name: str) -> str:
        path = self.folder / Path(name).expanduser()
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            remedy = f"put the secret there, or correct the path: it is relative to {self.folder}"
            raise SecretError(f"refers to the file {path}, which cannot be read ({error.strerror})", remedy) from None
        except UnicodeDecodeError:
            raise SecretError(f"refers to the file {path}, which is not text", "give a file of UTF-8 text") from None

    def _output(self, command: str) -> str:
        try:
            run = subprocess.run(  # noqa: S603 - the profile's owner wrote the command
                shlex.split(command),
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            remedy = "run it by hand, then correct it"
            raise SecretError(f"refers to the command `{command}`, which cannot be run ({error})", remedy) from None
        if run.returncode:
            said = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
            remedy = "run it by hand, then correct it"
            raise SecretError(f"refers to `{command}`, which ended with code {run.returncode} ({said})", remedy)
        return run.stdout.removesuffix("\n").removesuffix("\r")


def is_reference(text: str) -> bool:
    """Whether ``text`` refers to a secret instead of holding one."""
    return bool(_REFERENCE.fullmatch(text))


def variable_of(text: str) -> str:
    """The environment variable that ``text`` refers to; empty where it does not."""
    return text.removeprefix("env:") if text.startswith("env:") else ""
