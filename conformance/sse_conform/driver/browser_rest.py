"""REST requests made by a page: what a person causes in a browser, as its application would."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sse_conform.driver.browser_device import LiveDevice
from sse_conform.driver.browser_tab import LiveTab
from sse_conform.driver.clock import Clock
from sse_conform.driver.rest import LONGEST_SAID, TIMEOUT, Answer
from sse_conform.driver.templates import fill
from sse_conform.printable import printable
from sse_conform.profile import Carrier, Profile, RequestTemplate
from sse_conform.redaction import Redactor

#: Where a bearer token goes; a query token goes there as well, since a page can set headers for all but streams.
_AUTHORIZATION = "authorization"


class PageRest:
    """Sends the requests of templates from a page, which takes the instants of sending and of the answer itself."""

    def __init__(self, profile: Profile, clock: Clock, redactor: Redactor, device: LiveDevice, tab: LiveTab) -> None:
        self._profile = profile
        self._clock = clock
        self._redactor = redactor
        self._device = device
        self._tab = tab

    async def send(self, template: RequestTemplate, values: Mapping[str, Any], token: str | None = None) -> Answer:
        """Fill in a template and send it; never raises for what the target does."""
        headers = {name.lower(): str(value) for name, value in fill(template.headers, values).items()}
        if token is not None and self._profile.auth.carrier is Carrier.COOKIE:
            await self._device.hold_cookie(token)
        elif token is not None:
            headers.setdefault(_AUTHORIZATION, f"Bearer {token}")
        asked = {
            "method": template.method,
            "url": self._profile.url.rstrip("/") + fill(template.path, values),
            "headers": headers,
            "body": _body(template, values, headers),
        }
        sent = self._clock.now()
        try:
            async with asyncio.timeout(TIMEOUT):
                told = await self._tab.request(asked)
        except TimeoutError:
            return self._failure(sent, f"no complete answer within {TIMEOUT:g} s")
        if "error" in told:
            return self._failure(sent, str(told["error"]))
        return self._answer(told)

    def _answer(self, told: dict[str, Any]) -> Answer:
        now = self._clock.now()
        body = told["text"].encode("utf-8", "surrogatepass")
        text = repr(self._redactor.beginning(body, LONGEST_SAID).decode("utf-8", "replace"))
        return Answer(
            sent=min(self._clock.from_realtime(round(told["sent"] * 1e6)), now),
            answered=min(self._clock.from_realtime(round(told["answered"] * 1e6)), now),
            status=told["status"],
            headers=tuple((name.lower(), value) for name, value in told["headers"]),
            body=body,
            cookies={},
            summary=f"{told['status']} {text}",
        )

    def _failure(self, sent: int, error: str) -> Answer:
        error = printable(self._redactor.text(error))
        return Answer(sent=sent, answered=self._clock.now(), error=error, cookies={}, summary=error)


def _body(template: RequestTemplate, values: Mapping[str, Any], headers: dict[str, str]) -> str | None:
    """The body as text, with its media type among the headers; None without one."""
    if template.json is not None:
        headers.setdefault("content-type", "application/json")
        return json.dumps(fill(template.json, values))
    if template.form is not None:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        return urlencode({key: str(value) for key, value in fill(template.form, values).items()})
    return None
