"""``conform proxy``: faults on schedule, one line for each thing that happens, and its page."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sse_conform.cli import main
from sse_conform.commands.fault_schedule import FORMS, parse
from sse_conform.driver.proxy_faults import Blackhole, Delay, Gateway, Reach, Refuse, Slice, Throttle
from sse_conform.errors import UsageError

PAGE = (Path(__file__).parents[3] / "docs" / "proxy.md").read_text(encoding="utf-8")

SERVICE = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\ndata: hello\\n\\n")
        self.rfile.read()

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass


@pytest.fixture
def stream_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_port}/stream"
        server.shutdown()
"""


class Ok(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ok) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def proxy(*args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running command, and the address that it printed."""
    command = [sys.executable, "-m", "sse_conform", "proxy", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            first = running.stdout.readline()
            assert first.startswith("listening on http://127.0.0.1:"), running.stderr.read()
            yield running, first.split()[-1]
        finally:
            running.kill()


def until(running: subprocess.Popen[str], pattern: str) -> str:
    """What it prints, up to a line that matches."""
    printed = ""
    for line in running.stdout:
        printed += line
        if re.search(pattern, line):
            return printed
    pytest.fail(f"no line matched {pattern!r} in:\n{printed}")


def test_it_says_what_happens_and_an_interrupt_ends_it_well(target: str) -> None:
    with proxy("--fault", "gateway=503@0+600", "--match", "*/hit*") as (running, url):
        until(running, "gateway answering 503: on")
        with httpx.Client(proxy=url) as client:
            assert client.get(f"{target}/hit?token=hidden", headers={"Last-Event-ID": "7\x1b"}).status_code == 503
            assert client.get(f"{target}/kept").status_code == 200
        printed = until(running, "#2 ended")
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
        assert running.stderr.read() == ""
    authority = target.removeprefix("http://")
    for said in (
        "#1 accepted from 127.0.0.1:",
        f"#1 GET {target}/hit?..., Last-Event-ID 7\\x1b",
        "#1 answered 503 by the proxy",
        f"#2 connected to {authority}",
    ):
        assert said in printed
    assert "hidden" not in printed


def test_a_termination_ends_it_well_and_tells_the_open_connections(target: str) -> None:
    with proxy() as (running, url), httpx.Client(proxy=url) as client:
        client.get(target)
        running.send_signal(signal.SIGTERM)
        assert until(running, "#1 ended")
        assert running.wait(10) == 0


def test_a_scheduled_reset_cuts_what_is_there(target: str) -> None:
    with proxy("--fault", "blackhole@0+600", "--fault", "reset@0.5") as (running, url):
        until(running, "blackhole: on")
        with pytest.raises(httpx.TransportError):
            httpx.get(target, proxy=url, timeout=10)
        assert "#1 cut by reset" in until(running, "cut by reset")


@pytest.mark.parametrize(
    ("text", "fault", "start", "duration", "reach"),
    [
        ("blackhole@10+3", Blackhole(), 10, 3, None),
        ("refuse@1", Refuse(), 1, None, None),
        ("refuse=listener@1.5", Refuse(listener=True), 1.5, None, None),
        ("delay=200@0", Delay(to_target=0.2, to_client=0.2), 0, None, None),
        ("delay=0/500@0", Delay(to_client=0.5), 0, None, None),
        ("throttle=1000@0", Throttle(rate=1000), 0, None, None),
        ("slice=3@0", Slice(size=3, pause=0.01), 0, None, None),
        ("slice=3/20@0", Slice(size=3, pause=0.02), 0, None, None),
        ("gateway@0", Gateway(status=502), 0, None, None),
        ("gateway=504@0+0.5", Gateway(status=504), 0, 0.5, None),
    ],
)
def test_a_fault_is_read(text: str, fault: object, start: float, duration: float | None, reach: Reach | None) -> None:
    read = parse(text)
    assert (read.fault, read.start, read.duration, read.reach) == (fault, start, duration, reach)


@pytest.mark.parametrize("kind", ["reset", "close"])
def test_a_cut_with_a_duration_reaches_what_comes_too(kind: str) -> None:
    assert parse(f"{kind}@5").reach is None
    assert parse(f"{kind}@5+1").reach is Reach.ALL


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reset", "write it as KIND"),
        ("reset@", "write it as KIND"),
        ("reset@-1", "write it as KIND"),
        ("reset@1.2.3", "could not convert"),
        ("reset@5+0", "more than zero seconds"),
        ("reset=1@5", "takes no argument"),
        ("restet@5", "did you mean reset"),
        ("refuse=all@5", "'all' is not 'listener'"),
        ("delay@5", "a number is missing"),
        ("delay=-3@5", "'-3' is not a number"),
        ("delay=3/@5", "a number is missing"),
        ("throttle=0@5", "use Blackhole"),
        ("slice=1.5@5", "'1.5' is not a whole number"),
        ("slice=0@5", "one or more bytes"),
        ("hold@5", "hold@5+3"),
        ("gateway=200@5", "from 400 to 599"),
    ],
)
def test_a_fault_that_cannot_be_read_is_explained(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert text in str(refused.value)
    assert message.lower() in str(refused.value).lower()


@pytest.mark.parametrize(
    "args", [("--fault", "restet@5"), ("--port", "70000"), ("--fault", "refuse=listener@1", "--match", "x")]
)
def test_what_cannot_be_followed_exits_2(args: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["proxy", *args])
    assert result.exit_code == 2
    assert "conform: error: " in result.output
    assert "listening" not in result.output


def test_a_port_in_use_exits_2(target: str) -> None:
    result = CliRunner().invoke(main, ["proxy", "--port", target.rpartition(":")[2]])
    assert result.exit_code == 2
    assert "Address already in use" in result.output


def test_help_and_page_name_every_fault() -> None:
    shown = CliRunner().invoke(main, ["proxy", "--help"]).output
    for name, what in FORMS.items():
        assert f"{name:<9}  {what}" in shown
        assert re.search(rf"^\| `{name}[=@]", PAGE, re.MULTILINE)


@pytest.mark.parametrize("text", sorted(set(re.findall(r"(?:--fault |\| `)([a-z]+[^ `]*@[^ `\n]+)", PAGE))))
def test_a_fault_on_the_page_is_understood(text: str) -> None:
    assert str(parse(text))


def test_the_test_on_the_page_passes_with_the_fixture_of_the_plugin(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "conftest.py").write_text(textwrap.dedent(SERVICE))
    (tmp_path / "test_page.py").write_text(example)
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "sse_conform.plugin"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
