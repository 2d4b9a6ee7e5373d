"""No secret enters the record: known secrets are replaced, once, by placeholders of equal length."""

import base64
import html
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

#: Shorter secrets are not searched for: replacing "pw" everywhere would falsify what the target sent.
SHORTEST = 8
#: A signed JWT that nobody told us of, such as a new one in an answer: its signature makes it one.
_JWT = re.compile(rb"(?<![\w-])(eyJ[\w-]{5,}\.[\w-]{2,}\.)([\w-]{8,})")
_JWT_BEGINS = b"eyJ"
#: What a cookie is set to; its name and attributes are no secret.
_COOKIE = re.compile(r"(?<==)[^;]+")
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
#: Of every two neighbouring stretches of this length in a secret a search in steps of this length meets one.
_STEP = 8
#: Eight octets as one number, for numbers are compared and cut out faster than octets.
_NUMBERS: Final = "Q"


def placeholder(label: str, length: int) -> bytes:
    """A readable stand-in of exactly ``length`` bytes."""
    return f"<{label}>".encode("ascii", "replace").ljust(length, b"*")[:length]


class Redactor:
    """Replaces what it was told to keep secret, in text and in bytes, without changing any length."""

    def __init__(self) -> None:
        self._secrets: dict[bytes, bytes] = {}
        self._short: set[bytes] = set()
        self._stretches: set[int] = set()
        #: The length in bytes of the longest form of a secret.
        self.longest = 0

    def keep(self, secret: str, label: str) -> None:
        """Never let ``secret`` through again, in any usual spelling; of a JWT its signature alone is a secret too."""
        parts = secret.split(".")
        fresh = {
            form: placeholder(label, len(form))
            for part in {secret, parts[-1] if len(parts) == 3 else secret}
            for form in _forms(part)
            if len(form) >= SHORTEST and form not in self._secrets
        }
        if fresh:
            # The longest first: one form may be part of another.
            self._secrets = dict(sorted({**self._secrets, **fresh}.items(), key=lambda item: -len(item[0])))
            self.longest = len(next(iter(self._secrets)))
        for form in fresh:
            if len(form) < 2 * _STEP:
                self._short.add(form)
            stretches = (form[place : place + _STEP] for place in range(len(form) - _STEP + 1))
            self._stretches.update(int.from_bytes(stretch, sys.byteorder) for stretch in stretches)

    def octets(self, data: bytes) -> bytes:
        """Bytes with every known secret replaced; the length stays."""
        if not self._may_hold_any(data):
            return data
        for secret, stand_in in self._secrets.items():
            if secret in data:
                data = data.replace(secret, stand_in)
        return data

    def _may_hold_any(self, data: bytes) -> bool:
        """A quick look, for hardly any piece of a stream holds a secret, and there may be hundreds of them."""
        looked_at = memoryview(data)[: len(data) // _STEP * _STEP].cast(_NUMBERS)
        return not self._stretches.isdisjoint(looked_at) or any(form in data for form in self._short)

    def whole(self, data: bytes) -> bytes:
        """The same for data that is complete: unknown JWTs lose their signatures too."""
        data = self.octets(data)
        if _JWT_BEGINS not in data:
            return data
        return _JWT.sub(lambda found: found[1] + placeholder("token", len(found[2])), data)

    def beginning(self, data: bytes, length: int) -> bytes:
        """At most so many of the first octets, redacted as the whole would be."""
        return self.whole(data[: length + max(self.longest, SHORTEST)])[:length]

    def text(self, text: str) -> str:
        """Text with every secret replaced."""
        return self.whole(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers with every secret replaced; a cookie that is set is one, known or not."""
        return tuple((self.text(name), self._value(name, value)) for name, value in headers)

    def _value(self, name: str, value: str) -> str:
        if name.lower() == "set-cookie":
            value = _COOKIE.sub(lambda found: placeholder("cookie", len(found[0])).decode(), value, count=1)
        return self.text(value)


def _forms(secret: str) -> Iterator[bytes]:
    """The secret as it is, and as URLs, JSON, Python, HTML, header names and base64 spell it."""
    raw = secret.encode("utf-8", "surrogatepass")
    escaped = {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    escaped |= {_ESCAPE.sub(lambda found: found[0].lower(), each) for each in escaped}
    as_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    as_json |= {each.replace("/", "\\/") for each in as_json}
    spelled = {secret, secret.lower(), repr(secret)[1:-1], html.escape(secret), *escaped, *as_json}
    spelled.add(raw.decode("latin-1"))  # the octets of a header value, each as a character
    yield from (each.encode("utf-8", "surrogatepass") for each in spelled)
    for shift in range(3):
        yield from _base64_forms(raw, shift)


def _base64_forms(raw: bytes, shift: int) -> Iterator[bytes]:
    """What of a base64 text depends on the secret alone, where ``shift`` other bytes stand before it."""
    encoded = base64.b64encode(bytes(shift) + raw)
    certain = encoded[(8 * shift + 5) // 6 : 8 * (shift + len(raw)) // 6]
    yield certain
    yield certain.translate(bytes.maketrans(b"+/", b"-_"))
