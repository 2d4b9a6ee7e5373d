"""A program that is forked runs as if it had been started, and ends with whoever wanted it."""

import os
import select
import signal
import subprocess
import tempfile

import pytest

from sse_conform.forked_process import AVAILABLE, ForkedProcess, fork_server
from sse_conform.suite_processes import IMPORTED

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="fork servers need pidfd, which Linux alone has")

PROGRAM = """
import os, random, signal, sys
if sys.argv[1:] == ["stay"]:
    print("here", flush=True)
    signal.pause()
print(sys.argv[1:], sys.orig_argv[1:], sorted(os.environ), os.getsid(0) == os.getpid(), sys.stdin.read() == "")
print(random.random())
print("complaint", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where a fork server of the program listens."""
    (tmp_path / "forkable.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with fork_server("forkable", ("random",), tmp_path / "socket") as path:
        yield path


@pytest.fixture
def output():
    with tempfile.TemporaryFile() as file:
        yield file


def said(file):
    """What was written so far. The writer has the same file position, which a seek would move under its hands."""
    return os.pread(file.fileno(), 1 << 16, 0).decode()


def staying(place, output):
    process = ForkedProcess(place, ("stay",), os.environ, stdout=output, stderr=output)
    gone = os.pidfd_open(process.pid)
    while "here" not in said(output):
        assert process.poll() is None
    return process, gone


def is_gone(pidfd):
    """Whether the process of the descriptor ends; it is waited for."""
    ended = bool(select.select([pidfd], [], [], 10)[0])
    os.close(pidfd)
    return ended


def test_it_has_its_arguments_its_environment_its_outputs_and_its_exit_code(place, output):
    with tempfile.TemporaryFile() as error:
        assert ForkedProcess(place, ("a", "b c"), {"ONLY": "this"}, stdout=output, stderr=error).wait(10) == 7
        assert said(error) == "complaint\n"
    arguments = ["a", "b c"]
    assert said(output).startswith(f"{arguments} {['-m', 'forkable', *arguments]} ['ONLY'] True True\n")


def test_no_two_of_them_draw_the_same_numbers(place):
    drawn = set()
    for _ in range(2):
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
            ForkedProcess(place, (), os.environ, stdout=output, stderr=error).wait(10)
            drawn.add(said(output).splitlines()[1])
    assert len(drawn) == 2


@pytest.mark.parametrize(("end", "code"), [("terminate", -signal.SIGTERM), ("kill", -signal.SIGKILL)])
def test_it_can_be_ended(place, output, end, code):
    process, gone = staying(place, output)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    getattr(process, end)()
    assert process.wait(10) == process.poll() == process.returncode == code
    assert is_gone(gone)
    getattr(process, end)()  # which changes nothing


def test_it_ends_with_whoever_wanted_it(place, output):
    process, gone = staying(place, output)
    process.close()
    assert is_gone(gone)


def test_it_ends_with_the_fork_server(tmp_path, monkeypatch, output):
    (tmp_path / "forkable.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with fork_server("forkable", (), tmp_path / "socket") as path:
        process, gone = staying(path, output)
    assert is_gone(gone)
    assert process.wait(10) == -signal.SIGKILL


def test_a_fork_server_that_cannot_import_says_so(tmp_path, capfd):
    with (
        pytest.raises(OSError, match="the fork server of forkable did not start"),
        fork_server("forkable", ("no_such_module",), tmp_path / "socket"),
    ):
        pass
    assert "no_such_module" in capfd.readouterr().err


def test_the_reference_server_and_the_suite_can_be_forked(tmp_path):
    for program, modules in IMPORTED.items():
        with fork_server(program, modules, tmp_path / program) as path, tempfile.TemporaryFile() as output:
            process = ForkedProcess(path, ("--help",), os.environ, stdout=output, stderr=output)
            assert process.wait(30) == 0
            assert said(output).startswith("Usage:")
