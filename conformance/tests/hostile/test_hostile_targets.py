"""Targets that do what no target should: each gives one precise sentence and a documented code; the record is kept."""

import asyncio
import base64
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from sse_conform.driver import attempts, liveness, rest
from sse_conform.exit_code import ExitCode

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n"
)
SNAPSHOT = b'event: snapshot\ndata: {"unread": 0, "items": []}\nretry: 5000\n\n'
#: Rules that need no more than the preflight and the idle stream.
FEW = [word for area in ("stream.*", "framing.utf8", "framing.strict-json", "snapshot.*") for word in ("--only", area)]
FEW += ["--skip", "stream.http2-headers"]  # none of these speaks TLS
MOST_MEGABYTES = 300


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def answering(status, body=b"", *head, kind=b"application/json"):
    async def route(service, request, wire):
        await wire.answer(status, body, *head, kind=kind)

    return route


def sending(*parts: bytes, then: str = "close", every: float = 0.0):
    """Sends the parts; then closes, resets or hangs."""

    async def route(service, request, wire):
        for part in parts:
            await wire.send(part)
            await asyncio.sleep(every)
        if then == "hang":
            await wire.hang()
        elif then == "reset":
            wire.reset()
        else:
            wire.writer.close()

    return route


def token(value):
    return answering(200, json.dumps({"token": value}).encode())


def to_genuine(deviation):
    """Strangers are refused as they should be; whoever has a token meets the deviation."""

    async def route(service, request, wire):
        if service.user_of(request.token) is None:
            await service.stream(request, wire)
        else:
            await deviation(service, request, wire)

    return route


@pytest.fixture
def impatient(monkeypatch):
    """Short limits: that they are kept is judged, not how long they are."""
    monkeypatch.setattr(rest, "TIMEOUT", 0.5)
    monkeypatch.setattr(rest, "PATIENCE", 0.1)
    monkeypatch.setattr(attempts, "HEAD_TIMEOUT", 0.5)
    monkeypatch.setattr(liveness, "PATIENCE", 0.5)


def test_a_service_that_keeps_the_contract_is_green(misbehaving, conform):
    with misbehaving.Service() as service:
        outcome = conform(service, "--only", "auth", "--only", "stream.content-type", "--only", "framing.no-forgery")
    assert outcome.code == ExitCode.CONFORMS, outcome.stderr


LOGINS = {
    "hangs": (sending(then="hang"), "no complete answer within 0.5 s"),
    "drips": (sending(*[b"HTTP/1.1 200 OK\r\n"] + [b"X: y\r\n"] * 100, every=0.1), "no complete answer within 0.5 s"),
    "fails": (answering(500, b"boom"), "500 'boom'"),
    "is a page": (answering(200, b"<html>", kind=b"text/html"), "no JSON (text/html)"),
    "is no text": (answering(200, b"\xff\xfe{"), "no JSON"),
    "has no token": (answering(200, b'{"user": 1}'), "there is no token at /token"),
    "has a number": (token(5), "there is no token at /token"),
    "is deep": (answering(200, b"[" * 100_000), "no JSON"),
    "is all digits": (answering(200, b'{"token":' + b"1" * 10_000 + b"}"), "there is no token at /token"),
    "redirects": (answering(302, b"", b"Location: http://127.0.0.1:1/else"), "302 to http://127.0.0.1:1/else"),
    "breaks headers": (token("abc\r\nX: y-and-more"), "gave a token that no request can carry"),
    "is beyond ASCII": (token("t\u00f6k\u20acn-abcdefgh"), "gave a token that no request can carry"),
    "is a surrogate": (token("t\ud800ken-abcdefgh"), "gave a token that no request can carry"),
    "is huge": (token("x" * 100_000), "gave a token that no request can carry"),
    "floods": (sending(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000), "its body is longer than 4194304 bytes"),
    "is a bomb": (
        answering(200, gzip.compress(b" " * 50_000_000), b"Content-Encoding: gzip"),
        "its body is longer than 4194304 bytes",
    ),
    "is no HTTP": (sending(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "is not HTTP"),
    "resets": (sending(b"HTTP/1.1 200 OK\r\nContent-Le", then="reset"), "broke off"),
    "is opaque": (token("just-some-opaque-token"), "refuses the genuine token: 401"),
}


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_that(name, misbehaving, conform, impatient):
    login, message = LOGINS[name]
    with misbehaving.Service(login=login) as service:
        outcome = conform(service, *FEW)
    assert outcome.code == ExitCode.TARGET
    assert message in outcome.stderr
    assert outcome.stdout == ""
    assert set(outcome.outcomes.values()) == {"untested"}


STOPPED = {
    "is a page": (answering(200, b"<html>", kind=b"text/html"), "a web page (text/html)"),
    "has no content": (sending(b"HTTP/1.1 204 No Content\r\n\r\n"), "204 No Content"),
    "redirects": (answering(302, b"", b"Location: http://127.0.0.1:1/login"), "302 X to http://127.0.0.1:1/login"),
    "refuses": (answering(401), "refuses the genuine token: 401"),
    "limits": (answering(429), "429 Too Many Requests"),
    "fails": (answering(500, b"boom"), "answered 500 X"),
    "is not there": (answering(404), "does not exist there: 404"),
    "has NUL in its head": (sending(b"HTTP/1.1 200 O\0K\r\n\r\n"), "is not valid HTTP/1.1"),
    "has a huge head": (sending(HEAD[:-2] + b"X: " + b"y" * 200_000 + b"\r\n\r\n"), "is not valid HTTP/1.1"),
    "has no end of length": (sending(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 9000 + b"\r\n\r\n"), "not valid"),
    "steers the terminal": (sending(b"HTTP/1.1 500 \x9b31m\x9d0;x\r\nContent-Length: 0\r\n\r\n"), "500 \\x9b31m"),
    "answers nothing": (sending(), "closed the connection without answering"),
    "resets": (sending(then="reset"), "broke the connection before the response head"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_stream_route_that(name, misbehaving, conform, impatient):
    stream, message = STOPPED[name]
    with misbehaving.Service(stream=to_genuine(stream)) as service:
        outcome = conform(service, *FEW)
    assert outcome.code == ExitCode.TARGET
    assert message in outcome.stderr
    assert set(outcome.outcomes.values()) == {"untested"}


SILENT = {
    "hangs": sending(then="hang"),
    "drips its head": sending(*[b"HTTP/1.1 200 OK\r\n"] + [b"X: y\r\n"] * 50, every=0.1),
    "never stops continuing": sending(*[b"HTTP/1.1 100 Go\r\n\r\n"] * 100, every=0.1),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_service_that_refuses_strangers_fails_where_its_stream(name, misbehaving, conform, impatient):
    with misbehaving.Service(stream=to_genuine(SILENT[name])) as service:
        outcome = conform(service, *FEW)
        asked = service.requests["stream"]
    assert outcome.code == ExitCode.FAILED
    assert "did not complete a response head within 0.5 s" in outcome.stderr
    assert "a proxy that buffers" in outcome.stderr
    assert {rule for rule, result in outcome.outcomes.items() if result != "untested"} == {"stream.status-200"}
    assert asked == 2


def test_a_stream_route_that_hangs_for_everybody_may_be_the_wrong_address(misbehaving, conform, impatient):
    with misbehaving.Service(stream=sending(then="hang")) as service:
        assert conform(service, *FEW).code == ExitCode.TARGET


def test_a_page_for_everybody_is_a_wrong_address_and_no_false_failure(misbehaving, conform):
    with misbehaving.Service(stream=answering(200, b"<html>", kind=b"text/html")) as service:
        assert conform(service, *FEW, "--only", "auth").code == ExitCode.TARGET


BODIES = {
    "JSON": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}',
    "a snapshot and a cut": HEAD + chunk(SNAPSHOT),
    "a broken chunk": HEAD + chunk(SNAPSHOT) + b"zz\r\nfoo",
    "broken gzip": HEAD[:-2] + b"Content-Encoding: gzip\r\n\r\n" + chunk(SNAPSHOT),
    "a bomb": HEAD[:-2]
    + b"Content-Encoding: gzip\r\n\r\n"
    + chunk(gzip.compress(SNAPSHOT + b"data: " + b"x" * 50_000_000)),
    "NUL": HEAD + chunk(b"\0data: \0\nid: \0\nevent\0: snapshot\n\n" * 50),
    "deep JSON": HEAD + chunk(b"event: snapshot\ndata: " + b"[" * 100_000 + b"\n\n"),
    "JSON nested just too deep": HEAD + chunk(b'event: snapshot\ndata: {"a":' + b"[" * 900 + b"]" * 900 + b"}\n\n"),
    "an id that is a tree": HEAD
    + chunk(b'event: snapshot\ndata: {"unread":1,"items":[{"id":' + b"[" * 200 + b"]" * 200 + b"}]}\n\n"),
    "huge integers": HEAD + chunk(b'event: snapshot\ndata: {"unread":' + b"9" * 9000 + b',"items":[]}\n\n'),
    "doubled keys": HEAD + chunk(b'event: snapshot\ndata: {"unread":0,"unread":"x","items":[],"items":5}\n\n'),
    "lone surrogates": HEAD + chunk(b'event: snapshot\ndata: {"unread":1,"items":[{"id":"\\ud800"}]}\n\n'),
    "infinities": HEAD + chunk(b'event: snapshot\ndata: {"unread":1e999,"items":[{"id":1e999,"type":{}}]}\n\n'),
    "headers beyond UTF-8": HEAD.replace(b"no-cache", b"\xff\xfe").replace(b"OK", b"\xe9") + chunk(SNAPSHOT),
    "a thousand headers": HEAD[:-2] + b"".join(b"X-%d: y\r\n" % n for n in range(1000)) + b"\r\n" + chunk(SNAPSHOT),
    "escape sequences": HEAD.replace(b"event-stream", b"event-stream\x1b]0;pwn\x07").replace(b"OK", b"\x9b2J")
    + chunk(b"event: \x1b[2J\nid: \x1b[31m\ndata: \x1b]0;pwn\x07\n\n" + SNAPSHOT.replace(b"[]", b'["\x1b[1m"]')),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_stream_of(name, misbehaving, conform):
    with misbehaving.Service(stream=to_genuine(sending(BODIES[name]))) as service:
        outcome = conform(service, *FEW)
    assert outcome.code == ExitCode.FAILED
    assert "error" not in outcome.outcomes.values()


def test_a_good_answer_that_resets_at_any_byte_is_never_green(misbehaving, conform):
    answer = HEAD + chunk(SNAPSHOT)
    places = sorted({*range(0, len(HEAD), 9), len(HEAD) - 1, *range(len(HEAD), len(answer), 5), len(answer)})
    assert len(places) >= 30
    for place in places:
        with misbehaving.Service(stream=to_genuine(sending(answer[:place], then="reset"))) as service:
            outcome = conform(service, *FEW)
        assert outcome.code == (ExitCode.TARGET if place < len(HEAD) else ExitCode.FAILED), place


def test_a_body_that_drips_is_late_and_no_hang(misbehaving, conform):
    pieces = [chunk(bytes([octet])) for octet in SNAPSHOT]
    with misbehaving.Service(stream=to_genuine(sending(HEAD, *pieces, every=0.05))) as service:
        outcome = conform(service, "--only", "stream.stays-open", "--only", "heartbeat.named-ping")
    assert outcome.code == ExitCode.FAILED
    assert outcome.outcomes["heartbeat.named-ping"] == "fail"


def test_triggers_that_hang_are_given_up_and_what_is_waited_for_is_said(misbehaving, conform, impatient):
    with misbehaving.Service(publish=sending(then="hang")) as service:
        outcome = conform(service, "--only", "snapshot.*", "--only", "delivery.*")
        asked = service.requests["publish"]
    assert outcome.code == ExitCode.TARGET
    assert "waiting for the answer to POST /publish" in outcome.stderr
    assert asked < 30
    assert any("not asked again" in published.error for published in outcome.transcript.publishes)


def dying(after: int, head: bytes | None = None):
    """Serves so many attempts with tokens, with ``head`` where it is given, and is gone."""
    served = 0

    async def route(service, request, wire):
        nonlocal served
        served += 1
        if served > after:
            await service.die()
            wire.writer.close()
        elif head is not None:
            await wire.send(head + chunk(SNAPSHOT))
            await wire.hang()
        else:
            await service.stream(request, wire)

    return to_genuine(route)


def test_a_target_that_dies_is_never_green(misbehaving, conform, impatient):
    with misbehaving.Service(stream=dying(after=1)) as service:
        outcome = conform(service, "--only", "stream.*", "--only", "auth")
    assert outcome.code in {ExitCode.TARGET, ExitCode.FAILED}
    assert "pass" not in {outcome.outcomes[rule] for rule in outcome.outcomes if rule.startswith("auth.refuses-w")}


def test_a_target_that_dies_keeps_the_failure_that_was_found(misbehaving, conform, impatient):
    cacheable = HEAD.replace(b"Cache-Control: no-cache\r\n", b"")
    with misbehaving.Service(stream=dying(after=1, head=cacheable)) as service:
        outcome = conform(service, *FEW)
    assert outcome.code == ExitCode.FAILED
    assert outcome.outcomes["stream.uncacheable"] == "fail"


def test_an_attempt_that_hangs_after_the_preflight_is_a_failure(misbehaving, conform, impatient):
    async def route(service, request, wire):
        await (service.stream(request, wire) if request.number <= 2 else wire.hang())

    with misbehaving.Service(stream=route) as service:
        outcome = conform(service, "--only", "stream.status-200")
    assert outcome.code == ExitCode.FAILED
    assert "did not complete a response head" in outcome.stderr


async def echo(service, request, wire):
    """Gives token and password back in every form that comes to mind."""
    secret, password = request.token or "none", service.passwords[0]
    forms = (secret, quote(secret, safe=""), base64.b64encode(f"x:{secret}".encode()).decode(), password[::1])
    head = [b"X-Echo: " + secret.encode(), b"Set-Cookie: session=" + secret.encode(), secret.encode() + b": x"]
    head += [b"Location: /login?back=" + quote(f"/?t={secret}&p={password}").encode(), b"Connection: close"]
    body = json.dumps({"error": forms, "nested": json.dumps({"token": secret})}).encode()
    if service.user_of(secret) is None:
        await wire.answer(401, body, *head)
        wire.writer.close()
        return
    top = HEAD.replace(b"OK", secret.encode())[:-2] + b"\r\n".join(head[:4]) + b"\r\n\r\n"
    frame = b"event: snapshot\ndata: " + body + b"\n\n: " + secret.encode() + b"\n\n"
    await wire.send(top)
    for octet in frame:
        await wire.chunk(bytes([octet]))
    wire.writer.close()


def test_echoed_secrets_reach_no_output(misbehaving, conform):
    with misbehaving.Service(stream=echo) as service:
        outcome = conform(service, *FEW, "--only", "auth", "-v", "--format", "json", "--report", "junit=out/junit.xml")
        texts = [file.read_text() for file in outcome.folder.iterdir()] + [outcome.stdout, outcome.stderr]
        octets = b"".join(stream.body for stream in outcome.transcript.streams)
        for secret in (*service.tokens, *service.passwords, misbehaving.KEY):
            forms = {base64.b64encode(bytes(n) + secret.encode()).decode()[4:-4] for n in range(3)}
            for form in {secret, secret.lower(), quote(secret, safe=""), *forms}:
                assert form.encode() not in octets
                assert not [text for text in texts if form in text]
    assert b"<token>" in octets


def test_secrets_in_a_compressed_body_reach_no_output(misbehaving, conform):
    async def route(service, request, wire):
        coded = gzip.compress(SNAPSHOT + b": " + request.token.encode() + b"\n\n")
        await wire.send(HEAD[:-2] + b"Content-Encoding: gzip\r\n\r\n" + chunk(coded))

    with misbehaving.Service(stream=to_genuine(route)) as service:
        outcome = conform(service, *FEW)
    assert outcome.outcomes["stream.identity"] == "fail"
    assert any(b"<token>" in stream.body for stream in outcome.transcript.streams)


def test_a_login_that_fails_with_the_password_in_its_message_gives_it_away_to_nobody(misbehaving, conform):
    async def login(service, request, wire):
        await wire.answer(500, b"no such password: " + request.document["password"].encode())

    with misbehaving.Service(login=login) as service:
        outcome = conform(service, *FEW, "-v")
    assert "no such password: <password>" in outcome.stderr


FLOODS = {
    "one long line": b"x" * 65536,
    "lines of one frame": b"data: xxxxxxxxxxxx\n" * 4000,
    "a million frames": b":\n\n" * 20000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_memory_is_bounded_while_every_stream_floods_with(name, misbehaving, tmp_path):
    async def route(service, request, wire):
        await wire.send(HEAD + chunk(SNAPSHOT))
        for _ in range(100_000_000 // len(FLOODS[name])):
            await wire.chunk(FLOODS[name])

    (tmp_path / "target.toml").write_text(misbehaving.PROFILE)
    # Not ru_maxrss: that begins with what the parent had when it made the process.
    program = (
        "import atexit, re\nfrom pathlib import Path\nfrom sse_conform.cli import main\n"
        "peak = re.compile(r'VmHWM:\\s+(\\d+) kB')\n"
        "atexit.register(lambda: print(int(peak.search(Path('/proc/self/status').read_text())[1]) // 1024))\nmain()"
    )
    with misbehaving.Service(stream=to_genuine(route)) as service:
        command = [sys.executable, "-c", program, "--target", service.url, "--profile", "target.toml", "-q"]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=100, env=_environ(), check=False
        )
    assert done.returncode in {ExitCode.FAILED, ExitCode.TARGET}, done.stderr
    assert int(done.stdout.splitlines()[-1]) < MOST_MEGABYTES
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_a_trigger_hangs_keeps_what_was_seen(misbehaving, tmp_path):
    (tmp_path / "target.toml").write_text(misbehaving.PROFILE)
    with misbehaving.Service(publish=sending(then="hang")) as service:
        command = [sys.executable, "-m", "sse_conform", "--target", service.url, "--profile", "target.toml"]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environ()
        ) as running:
            assert running.stderr
            for line in running.stderr:
                if line.startswith("waiting for the answer"):
                    break
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in said
    report = json.loads((tmp_path / "conform-report" / "report.json").read_text())
    assert report["interrupted"]
    assert (tmp_path / "conform-report" / "transcript.jsonl").stat().st_size > 0


def test_given_accounts_whose_login_fails_are_given_back(misbehaving, conform, impatient):
    """Else the second scene would wait for them for ever."""
    profile = misbehaving.PROFILE.replace("[users.signup]\n", "[ignored]\n").partition("[ignored]")
    accounts = "".join(f'[[users.accounts]]\nusername = "{n}"\npassword = "some-password-{n}"\n' for n in "abc")
    triggers = profile[2].partition("[triggers.vulnerability]")
    logins = 0

    async def login(service, request, wire):
        nonlocal logins
        logins += 1
        service._users.setdefault(request.document["username"], [])
        await (service.login(request, wire) if logins == 1 else wire.answer(500))

    with misbehaving.Service(login=login) as service:
        outcome = conform(service, profile=profile[0] + accounts + triggers[1] + triggers[2])
    assert outcome.code == ExitCode.TARGET
    assert "did not log" in outcome.stderr


def _environ() -> dict[str, str]:
    roots = os.pathsep.join(str(Path(__file__).parents[3] / name) for name in ("conformance", "scenarios"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (roots, os.environ.get("PYTHONPATH", ""))))}
