import datetime as dt
import socket
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest

from sse_conform import entries as e
from sse_conform.doctor import SCENE, Check, examine, network_checks, scene_checks, stream_checks
from sse_conform.embedded import Embedded
from sse_conform.profile import Account, Auth, Profile, RequestTemplate, SignUp, Users
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.run_events import RunEvent
from sse_conform.terms import Terms
from sse_conform.transcript import Transcript, TranscriptFooter, TranscriptHeader

STARTED = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with Embedded(compressed=True) as running:
        yield running


def silent(event: RunEvent, /) -> None:
    pass


def by_name(checks: object) -> dict[str, Check]:
    return {check.name: check for check in checks}  # type: ignore[attr-defined]


def profile_of(server: Embedded, **environ: str) -> LoadedProfile:
    return load_profile(file=server.profile_file(), overrides=server.overrides, environ={**server.secrets, **environ})


async def test_a_target_in_order_passes_every_check(server: Embedded) -> None:
    checks = await examine(profile_of(server), listener=silent)
    assert [check.name for check in checks] == [
        "DNS", "TCP", "login", "content type", "clock", "snapshot",
        "trigger vulnerability", "trigger assignment", "trigger alert", "second user",
    ]  # fmt: skip
    assert [check for check in checks if not check.ok] == []


async def test_a_login_that_fails_is_named_with_its_answer(server: Embedded) -> None:
    profile = Profile(
        url=server.url,
        auth=Auth(login=RequestTemplate(path="/api/auth/login", json={"username": "{username}", "password": "x"})),
        users=Users(accounts=(Account(username="nobody", password="x"),)),
    )
    checks = await examine(LoadedProfile(profile=profile, origins={}, secrets=frozenset()), listener=silent)
    assert checks[-1].name == "login"
    assert "did not log nobody in: 401" in checks[-1].said
    assert "[auth.login]" in checks[-1].fix


async def test_an_admin_who_cannot_log_in_spoils_the_alert_alone(server: Embedded) -> None:
    checks = by_name(
        await examine(profile_of(server, SSE_CONFORM_SERVER_ADMIN_PASSWORD="wrong-password"), listener=silent)
    )
    assert {name for name, check in checks.items() if not check.ok} == {"scene"}
    assert "did not log admin in" in checks["scene"].said
    assert checks["second user"].ok
    assert checks["trigger vulnerability"].ok


def test_an_unknown_host_is_a_matter_of_dns() -> None:
    (check,) = network_checks(Profile(url="http://host.invalid"))
    assert (check.name, check.ok) == ("DNS", False)


def test_a_closed_port_is_a_matter_of_tcp() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        checks = by_name(network_checks(Profile(url=f"http://127.0.0.1:{probe.getsockname()[1]}")))
    assert checks["DNS"].ok
    assert "Connection refused" in checks["TCP"].said


def test_https_to_a_plain_port_is_a_matter_of_tls() -> None:
    def answer_in_plain(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_in_plain, args=(listening,))
        thread.start()
        checks = by_name(network_checks(Profile(url=f"https://127.0.0.1:{listening.getsockname()[1]}")))
        thread.join()
    assert checks["TCP"].ok
    assert not checks["TLS"].ok
    assert "http://" in checks["TLS"].fix


def control(*, head: tuple[tuple[str, str], ...], body: bytes) -> Transcript:
    """A record of the preflight's second attempt."""
    attempt = e.Attempted(
        t=0, conn=1, scene="preflight", part="control", user="a", token=e.TokenKind.GENUINE, method="GET", target="/",
        headers=(),
    )  # fmt: skip
    received = e.HeadReceived(t=10**9, conn=1, status=200, reason="OK", http_version="1.1", headers=head)
    piece = e.BodyReceived(t=2 * 10**9, conn=1, data=body, stamp=e.Stamp.USER)
    return transcript(attempt, received, piece)


def transcript(*entries: e.AnyEntry) -> Transcript:
    header = TranscriptHeader(
        suite="0", target="http://x", name="", started_at=STARTED.isoformat(), terms=Terms(), rules=(), scenes=()
    )
    return Transcript(header, entries, TranscriptFooter(entries=len(entries)))


@pytest.mark.parametrize(
    ("offset", "ok", "said"),
    [(0, True, "agrees"), (29, True, "agrees"), (120, False, "120 s ahead of ours"), (-90, False, "90 s behind ours")],
)
def test_the_clock_is_read_off_the_date_header(offset: int, ok: bool, said: str) -> None:
    date = format_datetime(STARTED + dt.timedelta(seconds=1 + offset), usegmt=True)
    checks = by_name(stream_checks(control(head=(("date", date),), body=b"")))
    assert checks["clock"].ok is ok
    assert said in checks["clock"].said


def test_without_a_date_nothing_is_said_against_the_clock() -> None:
    checks = by_name(stream_checks(control(head=(), body=b"")))
    assert checks["clock"].ok
    assert "no Date header" in checks["clock"].said


def test_another_media_type_and_a_missing_snapshot_are_problems() -> None:
    checks = by_name(stream_checks(control(head=(("content-type", "text/plain"),), body=b"data: hello\n\n")))
    assert "text/plain instead of text/event-stream" in checks["content type"].said
    assert "message came" in checks["snapshot"].said


def published(**changes: object) -> e.Published:
    fields: dict[str, object] = {
        "t": 0, "number": 1, "scene": SCENE, "part": "", "kind": e.EventKind.ALERT, "to": "a", "octets": b"",
        "marker": "mk0123456789abcdefx", "acked": 1, "status": 201, "accepted": True, "sender": "b", **changes,
    }  # fmt: skip
    return e.Published(**fields)  # type: ignore[arg-type]


def test_a_trigger_that_is_refused_or_yields_nothing_is_a_problem() -> None:
    refused = published(accepted=False, status=403, error="403 'admins only'")
    checks = by_name(scene_checks(transcript(refused), Profile(url="http://x")))
    assert "403 'admins only'" in checks["trigger alert"].said
    checks = by_name(scene_checks(transcript(published()), Profile(url="http://x")))
    assert "no event came" in checks["trigger alert"].said


def test_what_the_profile_lacks_is_a_problem_with_the_lines_to_add() -> None:
    checks = by_name(scene_checks(transcript(), Profile(url="http://x")))
    assert "[triggers.vulnerability]" in checks["trigger"].fix
    assert "[[users.accounts]]" in checks["second user"].fix


def test_a_second_user_without_a_stream_is_a_problem() -> None:
    profile = Profile(url="http://x", users=Users(signup=SignUp(path="/")))
    checks = by_name(scene_checks(transcript(), profile))
    assert "was not reached" in checks["second user"].said


def test_the_shipped_profile_is_there() -> None:
    assert isinstance(Embedded.profile_file(), Path)
    assert Embedded.profile_file().is_file()
