"""
The examination of target and profile: named checks, each with what was seen and how to mend it.

The network is looked at directly; everything behind it is one short scene, recorded as any other, and the checks read
the record.
"""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from sse_conform.driver.browser_process import BrowserProcess
from sse_conform.driver.trust import client_context
from sse_conform.entries import EventKind
from sse_conform.errors import ConformError
from sse_conform.evidence import SNAPSHOT, deliveries
from sse_conform.preflight import SCENE as PREFLIGHT
from sse_conform.profile import BrowserChoice, Profile
from sse_conform.profile_file import LoadedProfile
from sse_conform.run import RunResult, run
from sse_conform.run_events import Listener
from sse_conform.scenario import Nature, Scenario, Stage
from sse_conform.schedule import PREFLIGHT_ATTEMPTS, Plan
from sse_conform.spec import Capability
from sse_conform.transcript import Stream, Transcript

CONNECT_SECONDS = 5.0
#: Clocks further apart than this make tokens expire early or late, in seconds.
CLOCK_SECONDS = 30.0
ONE, OTHER = "one", "other"
TRIGGER_KINDS = {
    Capability.VULNERABILITY: EventKind.VULNERABILITY,
    Capability.ASSIGNMENT: EventKind.ASSIGNMENT,
    Capability.ALERT: EventKind.ALERT,
}
SCENE = "doctor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at: what was seen, and, where it is a problem, the fix."""

    name: str
    said: str
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended."""
        return not self.fix


async def browser_check(choice: BrowserChoice) -> Check:
    """Whether the browser that is to judge starts."""
    async with BrowserProcess(choice) as process:
        if process.trouble is not None:
            return Check(name="browser", said=process.trouble.message, fix=process.trouble.hint)
        return Check(name="browser", said=f"{process.name} starts ({process.source})")


async def examine(loaded: LoadedProfile, *, listener: Listener) -> tuple[Check, ...]:
    """Every check that can be made; the first trouble with the network, or before the stream opened, ends it."""
    profile = loaded.profile
    checks = list(network_checks(profile))
    if not all(check.ok for check in checks):
        return tuple(checks)
    try:
        result = await run(loaded, _plan(profile), listener=listener)
    except ConformError as trouble:
        known = trouble.result.transcript if isinstance(trouble.result, RunResult) else None
        name = "stream" if known and known.streams else "login"
        return (*checks, Check(name=name, said=trouble.message, fix=trouble.hint or "look into the target's logs"))
    transcript = result.transcript
    checks += [Check(name="login", said="the token is accepted"), *stream_checks(transcript)]
    return (*checks, *scene_checks(transcript, profile))


def network_checks(profile: Profile) -> Iterator[Check]:
    """DNS, TCP and TLS, in this order; each is worth something only where the one before is in order."""
    where = f"{profile.host}:{profile.port}"
    try:
        found = socket.getaddrinfo(profile.host, profile.port, type=socket.SOCK_STREAM)
    except OSError as error:
        yield Check(
            name="DNS", said=f"{profile.host}: {error.strerror}", fix="correct the host in url, or the resolver"
        )
        return
    yield Check(name="DNS", said=f"{profile.host} is {', '.join(sorted({str(entry[4][0]) for entry in found}))}")
    try:
        with socket.create_connection((profile.host, profile.port), CONNECT_SECONDS) as connection:
            yield Check(name="TCP", said=f"{where} accepts connections")
            if profile.secure:
                yield _tls_check(profile, connection)
    except OSError as error:
        reason = error.strerror or str(error)
        yield Check(name="TCP", said=f"{where}: {reason}", fix="start the target, or correct host and port in url")


def _tls_check(profile: Profile, connection: socket.socket) -> Check:
    try:
        with client_context(profile.tls).wrap_socket(connection, server_hostname=profile.host) as secured:
            return Check(name="TLS", said=f"{secured.version()}, the certificate is trusted")
    except ssl.SSLCertVerificationError as error:
        fix = "name the authority in tls.ca_file, or set tls.verify = false for a test target"
        return Check(name="TLS", said=f"the certificate is not trusted: {error.verify_message}", fix=fix)
    except OSError as error:
        return Check(name="TLS", said=f"no TLS: {error}", fix="use http:// in url, or correct the port")


def stream_checks(transcript: Transcript) -> Iterator[Check]:
    """What the answer to our genuine token looks like."""
    (control,) = transcript.streams_in(PREFLIGHT.id, "control")
    if control.media_type == "text/event-stream":
        yield Check(name="content type", said=control.media_type)
    else:
        said = f"{control.media_type or 'none'} instead of text/event-stream"
        yield Check(name="content type", said=said, fix="answer with text/event-stream, or correct paths.stream")
    yield _clock_check(transcript, control)
    if any(event.type == SNAPSHOT for event in control.events):
        yield Check(name="snapshot", said="came after the head")
    else:
        names = ", ".join(sorted({event.type for event in control.events})) or "nothing"
        fix = "send `event: snapshot` first on every connection, and flush it"
        yield Check(name="snapshot", said=f"did not come in time; {names} came", fix=fix)


def _clock_check(transcript: Transcript, stream: Stream) -> Check:
    """Tokens carry instants, so the two clocks must agree; the Date header tells the target's (RFC 9110, 6.6.1)."""
    try:
        theirs = parsedate_to_datetime(",".join(stream.headers("date")))
    except ValueError:
        return Check(name="clock", said="unknown: the answer has no Date header")
    arrived = stream.head.t if stream.head else stream.t
    ours = dt.datetime.fromisoformat(transcript.header.started_at) + dt.timedelta(microseconds=arrived / 1000)
    offset = (theirs - ours).total_seconds()
    if abs(offset) <= CLOCK_SECONDS:
        return Check(name="clock", said="agrees with ours")
    fix = "set the clock of the target, or of this machine (NTP); tokens made here will seem expired or early there"
    return Check(name="clock", said=f"is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} ours", fix=fix)


def scene_checks(transcript: Transcript, profile: Profile) -> Iterator[Check]:
    """Whether triggers yield events, and whether there is a second user."""
    ended = transcript.outcomes.get(SCENE)
    if ended and ended.detail:
        yield Check(name="scene", said=ended.detail, fix="mend what it says; the checks below rest on what was seen")
    if not transcript.publishes:
        yield Check(name="trigger", said="none was tried", fix=Capability.TRIGGERS.remedy)
    heard = {delivery.published.number for delivery in deliveries(transcript, SCENE) if delivery.copies}
    for published in transcript.publishes:
        name = f"trigger {published.kind.value}"
        if not published.accepted:
            fix = f"correct [triggers.{published.kind.value}]: the requests and who may make them"
            yield Check(name=name, said=f"was refused: {published.error}", fix=fix)
        elif published.number in heard:
            yield Check(name=name, said="its event arrived")
        else:
            fix = "check whom it concerns, that {text} ends up in the message, and that the target publishes at all"
            yield Check(name=name, said=f"accepted ({published.status}), but no event came", fix=fix)
    others = transcript.streams_in(SCENE, OTHER)
    if Capability.SECOND_USER not in profile.provided:
        yield Check(name="second user", said="there is none", fix=Capability.SECOND_USER.remedy)
    elif others and others[0].opened:
        yield Check(name="second user", said=f"{others[0].attempt.user} has a stream too")
    else:
        said = f"got {others[0].status}" if others else "was not reached"
        yield Check(name="second user", said=said, fix="check the second account: its password or token")


def _plan(profile: Profile) -> Plan:
    users = (ONE, OTHER) if Capability.SECOND_USER in profile.provided else (ONE,)
    scene = Scenario(
        id=SCENE,
        title="Each trigger yields an event, and a second user connects.",
        play=_play,
        users=users,
        attempts=len(users),
        nature=Nature.PLAIN,
    )
    attempts = PREFLIGHT_ATTEMPTS + len(users)
    return Plan(rules=(), scenes=(scene,), skipped=(), attempts=attempts, most=attempts, seconds=0.0)


async def _play(stage: Stage) -> None:
    first = await stage.subscribe(ONE)
    await first.until_snapshot()
    if stage.has(Capability.SECOND_USER):
        other = await stage.subscribe(OTHER)
        await other.until_snapshot()
    for capability, kind in TRIGGER_KINDS.items():
        if stage.has(capability):
            published = await stage.publish(ONE, kind=kind)
            if published.accepted:
                await first.until(published)
