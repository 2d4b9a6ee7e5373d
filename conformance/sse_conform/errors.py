"""
Our own trouble, and only ours.

What a target does wrong is data (:class:`sse_conform.rule.Finding`), never an exception. The tree::

    ConformError            exit 4: the suite itself is in trouble
    ├── UsageError          exit 2: the command line cannot be followed
    │   └── ProfileError    exit 2: the profile cannot be used
    ├── ControlError        exit 4: the target cannot be stopped or started as its profile says
    ├── TargetError         exit 3: the target cannot be judged (unreachable, not ready, wrong address)
    │   ├── DeadTargetError     it was the service, and its process is gone
    │   ├── SilentTargetError   it is the service, but no stream of it begins: judged on that alone
    │   ├── SignUpError         the request that makes an account made none
    │   └── LoginError          an account got no token
    └── TranscriptError     exit 2: a transcript file cannot be read

Every message is a sentence for the person at the keyboard; ``hint`` says what to do next.
"""

from typing import Any

from sse_conform.exit_code import ExitCode


class ConformError(Exception):
    """
    Trouble of the suite, with the exit code it leads to and a hint that says what to do next.

    ``result`` is what a run had recorded until then (a :class:`sse_conform.run.RunResult`), where it was a run's.
    """

    exit_code: ExitCode = ExitCode.HARNESS

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.result: Any = None

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(ConformError):
    """The command line or a selection cannot be followed."""

    exit_code = ExitCode.USAGE


class ProfileError(UsageError):
    """The target profile cannot be used: where in it, what is wrong, what would be right."""


class TranscriptError(UsageError):
    """A transcript file is missing, damaged, or of another version."""


class ControlError(ConformError):
    """The target could not be stopped or started: which command of the profile, and what came of it."""


class TargetError(ConformError):
    """The target cannot be judged: nobody answers, or what answers is not the service."""

    exit_code = ExitCode.TARGET


class DeadTargetError(TargetError):
    """The process of the target is gone: nobody listens where somebody did."""


class SilentTargetError(TargetError):
    """The target refuses strangers and so is the service, but no stream of it begins: more scenes would only wait."""


class SignUpError(TargetError):
    """No account was made, or nobody can tell which."""


class LoginError(TargetError):
    """An account got no token."""
