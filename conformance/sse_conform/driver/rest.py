"""REST over httpx: log in, sign up, trigger, poll. What it sees of the target is recorded; credentials are not."""

import asyncio
import json
import re
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from sse_conform import entries as e
from sse_conform.driver.clock import Clock
from sse_conform.driver.content_coding import ContentDecoder
from sse_conform.driver.templates import fill
from sse_conform.driver.trust import trust_hint
from sse_conform.json_pointer import resolve
from sse_conform.printable import printable
from sse_conform.profile import Carrier, Profile, RequestTemplate
from sse_conform.recorder import Recorder
from sse_conform.strict_json import NotJson, strict_json

#: A REST answer that is not complete within so many seconds is none.
TIMEOUT = 15.0
#: After so many seconds of waiting the person who waits is told, once for each route.
PATIENCE = 4.0
#: A route that left so many requests without an answer is asked no more: a run must come to its end.
SILENCES = 4
#: So many characters are quoted of what went wrong, and so many bytes of an answer.
LONGEST_SAID = 200
#: An answer longer than so many bytes is none.
LONGEST = 4 * 1024 * 1024
PROXY_HINT = "start the proxy, correct proxy in the profile, or leave it out"
TLS_HINT = "use https:// in the target URL: this port speaks TLS"
#: What nginx, Apache and Go say in an answer of 400 to those who speak plain HTTP to a port for TLS.
_WANTS_TLS = re.compile(rb"plain HTTP|HTTP request to an HTTPS", re.IGNORECASE)
#: As many requests are under way at once; the pool of httpx slows down with the length of its queue.
AT_ONCE = 16
#: An idle connection is kept for so long, in seconds: servers close theirs after 2 s (gunicorn) to 75 s (nginx), and a
#: request that meets such an end is lost through no fault of theirs.
KEPT_SECONDS = 1.0
#: As many bytes of an answer are kept in the record.
BODY_KEPT = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back of one request: when it went out and was answered (ns), status 0 where ``error`` says why."""

    sent: int
    answered: int
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""
    cookies: Mapping[str, str]
    summary: str
    """The answer in a few words, for messages."""
    hint: str = ""
    """What to do where no answer came, or none of the service."""

    @property
    def ok(self) -> bool:
        """Whether the request was accepted."""
        return 200 <= self.status < 300

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body as JSON, None where it is none."""
        try:
            return strict_json(self.body.decode("utf-8", "replace"))
        except NotJson:
            return None

    def value(self, pointer: str) -> Any:  # noqa: ANN401 - any JSON value
        """What a JSON pointer names in the body, None where there is none."""
        try:
            return resolve(self.document, pointer)
        except LookupError:
            return None


class Rest:
    """One HTTP client for a run."""

    def __init__(
        self,
        profile: Profile,
        clock: Clock,
        recorder: Recorder,
        tls: Any,  # noqa: ANN401 - ssl context
        *,
        tell: Callable[[str], None] = lambda _text: None,
        on_lost: Callable[[int], None] = lambda _t: None,
    ) -> None:
        self._profile = profile
        self._clock = clock
        self._recorder = recorder
        self._tell = tell
        self._on_lost = on_lost
        self._client = httpx.AsyncClient(
            base_url=profile.url,
            headers={"accept-encoding": "identity"},
            timeout=TIMEOUT,
            verify=tls if tls is not None else _trust_for(profile.proxy),
            trust_env=False,
            proxy=profile.proxy or None,
            limits=httpx.Limits(
                max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=KEPT_SECONDS
            ),
        )
        self._places = asyncio.Semaphore(AT_ONCE)
        self._silences: Counter[str] = Counter()
        self._told: set[str] = set()

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def send(self, template: RequestTemplate, values: Mapping[str, Any], token: str | None = None) -> Answer:
        """Fill in a template and send it; never raises for what the target does."""
        given = {name.lower(): str(value) for name, value in fill(template.headers, values).items()}
        headers = {**self._credential(token), **given}
        body: dict[str, Any] = {}
        if template.json is not None:
            headers.setdefault("content-type", "application/json")
            # surrogates of the hostile corpus must travel as JSON escapes, so everything beyond ASCII does
            body["content"] = json.dumps(fill(template.json, values)).encode("ascii")
        elif template.form is not None:
            body["data"] = {key: str(value) for key, value in fill(template.form, values).items()}
        route = f"{template.method} {template.path.partition('?')[0]}"
        async with self._places:
            sent = self._clock.now()
            if self._silences[route] >= SILENCES:
                error = f"not asked again: it left {SILENCES} requests without an answer within {TIMEOUT:g} s each"
                return self._failure(sent, error)
            reminder = asyncio.get_running_loop().call_later(PATIENCE, self._remind, route)
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await self._exchange(template.method, fill(template.path, values), headers, body)
            except (TimeoutError, httpx.TimeoutException):
                self._silences[route] += 1
                return self._failure(sent, f"no complete answer within {TIMEOUT:g} s", "look into the target's logs")
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as trouble:  # ValueError: what no header can carry
                if isinstance(trouble, httpx.NetworkError | httpx.RemoteProtocolError):
                    self._on_lost(self._clock.now())
                return self._failure(sent, *explain(trouble, proxied=bool(self._profile.proxy)))
            finally:
                reminder.cancel()
            return answer

    def _remind(self, route: str) -> None:
        if route not in self._told:
            self._told.add(route)
            self._tell(f"waiting for the answer to {route}, up to {TIMEOUT:g} s")

    def _failure(self, sent: int, error: str, hint: str = "") -> Answer:
        error = printable(self._recorder.redactor.text(error))
        return Answer(sent=sent, answered=self._clock.now(), error=error, cookies={}, summary=error, hint=hint)

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
        self._client.cookies.clear()
        sent = self._clock.now()
        async with self._client.stream(method, path, headers=headers, **body) as response:
            octets = await _octets(response)
        if octets is None:
            return self._failure(sent, f"{response.status_code}, but its body is longer than {LONGEST} bytes")
        text = repr(self._recorder.redactor.beginning(octets, LONGEST_SAID).decode("utf-8", "replace"))
        place = response.headers.get("location", "")
        to = f" to {printable(self._recorder.redactor.text(place))}" if response.has_redirect_location else ""
        return Answer(
            sent=sent,
            answered=self._clock.now(),
            status=response.status_code,
            headers=tuple((name.lower(), value) for name, value in response.headers.multi_items()),
            body=octets,
            cookies={cookie.name: cookie.value or "" for cookie in response.cookies.jar},
            summary=f"{response.status_code}{to} {text}",
            hint=TLS_HINT if wants_tls(response.status_code, octets) else "",
        )

    def _credential(self, token: str | None) -> dict[str, str]:
        """Tokens travel in a query where an EventSource can set no header; whoever can, as here, sets one."""
        if token is not None and self._profile.auth.carrier is Carrier.QUERY:
            return {"authorization": f"Bearer {token}"}
        return dict(credential_headers(self._profile, token))

    def record(self, answer: Answer, template: RequestTemplate, *, scene: str, part: str, user: str) -> e.Exchanged:
        """Take an exchange down."""
        exchanged = e.Exchanged(
            t=answer.sent,
            number=self._recorder.next("exchange"),
            scene=scene,
            part=part,
            user=user,
            method=template.method,
            target=template.path,
            answered=answer.answered,
            status=answer.status,
            headers=answer.headers,
            body=self._recorder.redactor.beginning(answer.body, BODY_KEPT),
            error=answer.error,
        )
        self._recorder.add(exchanged)
        return exchanged


def _trust_for(proxy: str) -> ssl.SSLContext | bool:
    """Whom to trust for a plain target: nobody is asked, and reading all authorities takes longer than all else."""
    return True if proxy.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def credential_headers(profile: Profile, token: str | None, *, scheme: str = "Bearer") -> tuple[tuple[str, str], ...]:
    """The header that carries ``token``; none for a missing token or one that travels in the query."""
    if token is None:
        return ()
    match profile.auth.carrier:
        case Carrier.BEARER:
            return (("authorization", f"{scheme} {token}"),)
        case Carrier.COOKIE:
            return (("cookie", f"{profile.auth.parameter}={token}"),)
        case Carrier.QUERY:
            return ()


def explain(trouble: Exception, *, proxied: bool = False) -> tuple[str, str]:
    """Why no answer came, ``proxied`` or not, and what to do about it."""
    said = (str(trouble) or type(trouble).__name__)[:LONGEST_SAID]
    if proxied and isinstance(trouble, httpx.ProxyError | httpx.ConnectError) and "SSL" not in said:
        return f"no way through the proxy ({said})", PROXY_HINT
    match trouble:
        case httpx.ConnectError() if "CERTIFICATE_VERIFY_FAILED" in said:
            return f"the certificate is not trusted ({said})", trust_hint(said)
        case httpx.ConnectError() if "SSL" in said:
            return f"no TLS ({said})", "use http:// in the target URL, or correct the port"
        case httpx.ConnectError():
            return f"no connection ({said})", "start the target, or correct host and port in --target"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            hint = "look into the target's logs; whose port speaks TLS is named by https://"
            return f"the answer broke off, or is not HTTP ({said})", hint
        case _:
            return f"{type(trouble).__name__}: {said}", ""


def wants_tls(status: int, body: bytes) -> bool:
    """Whether an answer says that its port speaks TLS, and the request did not."""
    return status == HTTPStatus.BAD_REQUEST and _WANTS_TLS.search(body) is not None


async def _octets(response: httpx.Response) -> bytes | None:
    """The body, its content coding undone; None where it is longer than we are ready to read."""
    decoder = ContentDecoder(response.headers.get("content-encoding", ""))
    body = bytearray()
    async for piece in response.aiter_raw():
        body += decoder.feed(piece)
        if len(body) > LONGEST or decoder.exhausted:
            return None
    return bytes(body)
