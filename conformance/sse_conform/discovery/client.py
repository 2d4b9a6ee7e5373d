"""The client of `conform init`: every request is counted, bounded in time and size, and none raises."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sse_conform.driver.rest import TLS_HINT, explain, wants_tls
from sse_conform.driver.templates import fill
from sse_conform.driver.trust import NO_VERIFY, client_context
from sse_conform.errors import TargetError
from sse_conform.profile import Tls
from sse_conform.strict_json import NotJson, strict_json

#: So many requests are made at most.
LIMIT = 60
#: An answer that is not complete within so many seconds is none.
SECONDS = 5.0
#: After so many requests without an answer nothing more is asked.
SILENCES = 3
#: An answer longer than so many bytes is none; of a stream little more than the second number is read.
LONGEST = 4 * 1024 * 1024
LONGEST_START = 256 * 1024
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer; status 0 where none came. Of an event stream ``body`` is the beginning."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the request was accepted."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body as JSON, None where it is none."""
        try:
            return strict_json(self.text)
        except NotJson:
            return None

    def header(self, name: str) -> str:
        """All values of a header, joined; ``name`` in lower case."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def streams(self) -> bool:
        """Whether an event stream was opened."""
        return self.status == 200 and self.header("content-type").partition(";")[0].strip().lower() == EVENT_STREAM


class Client:
    """Asks one target; use it as a context manager."""

    def __init__(self, url: str, *, tls: Tls, limit: int = LIMIT) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"accept-encoding": "identity", "user-agent": "sse-conform"},
            timeout=SECONDS,
            verify=client_context(tls) if url.startswith("https:") else True,
            trust_env=False,
        )
        self._limit = limit
        self._silences = 0
        self.asked = 0
        self.exhausted = False

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def reach(self) -> Reply:
        """The root of the target, whatever it answers; TargetError where nobody does."""
        self.asked += 1
        try:
            reply = self._exchange("GET", "/", {}, {})
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            said, hint = explain(trouble)
            # There is no profile yet to correct, but there are options.
            hint = hint.replace("in tls.ca_file", "by --ca-file").replace(
                NO_VERIFY, "give --insecure for a test target"
            )
            raise TargetError(
                f"the target gives no answer: {said}", hint=hint or "start it, or correct --target"
            ) from None
        if wants_tls(reply.status, reply.body):
            raise TargetError("the target answers that its port speaks TLS", hint=TLS_HINT)
        return reply

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,  # noqa: ANN401 - any JSON value
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """
        One request; an empty reply where no answer came or nothing more may be asked.

        An event stream is closed as soon as its first snapshot is complete, or after some seconds.
        """
        if self.asked >= self._limit or self._silences >= SILENCES:
            self.exhausted = True
            return Reply()
        self.asked += 1
        body: dict[str, Any] = {"json": json} if json is not None else {"data": form} if form is not None else {}
        try:
            return self._exchange(method, path, dict(headers or {}), body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            self._silences += 1
            return Reply()

    def send(
        self, request: Mapping[str, Any], values: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A request in the form of the profile, filled in."""
        return self.ask(
            str(request.get("method", "POST")),
            fill(request["path"], values),
            headers=headers,
            json=fill(request["json"], values) if "json" in request else None,
            form=fill(request["form"], values) if "form" in request else None,
        )

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        self._client.cookies.clear()
        deadline = time.monotonic() + SECONDS
        with self._client.stream(method, path, headers=headers, **body) as response:
            head = Reply(
                status=response.status_code,
                headers=tuple((name.lower(), value) for name, value in response.headers.multi_items()),
                cookies={cookie.name: cookie.value or "" for cookie in response.cookies.jar},
            )
            if head.streams:
                return _with_body(head, _beginning(response, deadline))
            octets = bytearray()
            for piece in response.iter_raw():
                octets += piece
                if len(octets) > LONGEST or time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer is too long or too slow")
        return _with_body(head, bytes(octets))


def _with_body(reply: Reply, body: bytes) -> Reply:
    return Reply(status=reply.status, headers=reply.headers, cookies=reply.cookies, body=body)


def _beginning(response: httpx.Response, deadline: float) -> bytes:
    """What a stream says until its first snapshot is complete, or some seconds have passed."""
    octets = bytearray()
    with contextlib.suppress(httpx.HTTPError):  # silence, or a stream that broke off: what came counts
        for piece in response.iter_raw():
            octets += piece
            complete = b"snapshot" in octets and octets.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
            if complete or len(octets) > LONGEST_START or time.monotonic() > deadline:
                break
    return bytes(octets)
