"""Real commands: what they do, and what is said of those that fail."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sse_conform.control import Control
from sse_conform.control_entry import Order
from sse_conform.driver.operator import Commands
from sse_conform.errors import ControlError


@pytest.fixture
def commands(tmp_path):
    def make(stop="true", start="true", timeout=20.0):
        return Commands(Control(stop=stop, start=start, timeout=timeout), tmp_path)

    return make


async def trouble(doing):
    with pytest.raises(ControlError) as raised:
        await doing
    assert raised.value.hint
    return raised.value.message


async def test_a_line_is_for_the_shell_and_runs_in_the_folder_of_the_profile(commands, tmp_path):
    await commands(stop="echo stopped | tr a-z A-Z > said").carry_out(Order.STOP)
    assert (tmp_path / "said").read_text() == "STOPPED\n"


async def test_a_list_is_run_without_a_shell(commands, tmp_path):
    await commands(start=("touch", "a name; with $PUNCTUATION")).carry_out(Order.START)
    assert (tmp_path / "a name; with $PUNCTUATION").exists()


async def test_what_goes_on_in_the_background_is_not_waited_for_and_lives_on(commands, tmp_path):
    await commands(start="sleep 600 & echo $! > pid").carry_out(Order.START)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 0)
    os.kill(pid, signal.SIGTERM)


async def test_a_command_that_fails_is_quoted_with_its_last_words(commands):
    said = await trouble(commands(stop="echo 'Unit notes.service not loaded.' >&2; exit 5").carry_out(Order.STOP))
    assert said.startswith("control.stop ended with code 5 (Unit notes.service not loaded.): echo")


@pytest.mark.parametrize("command", [("no-such-program",), ("no\0program",)])
async def test_a_program_that_cannot_be_run_is_named(commands, command):
    assert (await trouble(commands(start=command).carry_out(Order.START))).startswith("control.start cannot be run: ")


async def test_a_command_that_does_not_return_is_ended_with_all_that_it_began(commands, tmp_path):
    said = await trouble(commands(stop="sleep 600 & echo $! > pid; wait", timeout=0.3).carry_out(Order.STOP))
    assert said.startswith("control.stop had not returned after 0.3 s")
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_run_that_is_interrupted_leaves_no_command_behind(commands, tmp_path):
    stopping = asyncio.create_task(commands(stop="echo $$ > pid; sleep 600").carry_out(Order.STOP))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    await gone(int((tmp_path / "pid").read_text()))


async def gone(pid):
    """Wait until a process has ended: one that nobody has taken note of yet is a zombie."""
    await until(lambda: not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text())


async def until(condition):
    """Wait for what no event tells."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.01)
