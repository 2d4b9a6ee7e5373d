"""The commands that stop and start the target: looked at, and not run."""

import shutil
from collections.abc import Iterator

from sse_conform.control import Control
from sse_conform.doctor.check import Check


def control_checks(control: Control) -> Iterator[Check]:
    """Whether the programs are there; to run them would end the streams of everybody."""
    for key in ("stop", "start", "broker_stop", "broker_start"):
        command = getattr(control, key)
        # The shell finds its own way, and a path begins at the folder of the profile.
        program = "" if isinstance(command, str) or "/" in command[0] else command[0]
        if program and shutil.which(program) is None:
            said = f"control.{key} runs {program}, which is not on the PATH"
            yield Check(
                name="control", said=said, fix=f"install {program}, or write control.{key} as a line for the shell"
            )
    yield Check(name="control", said="stop and start are not tried here: conform --only 'shutdown.*' does")
