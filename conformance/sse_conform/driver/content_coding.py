"""Undoing the content coding of a body piece by piece (RFC 9110, 8.4.1), however much it inflates."""

import zlib

#: One read of the wire may become this much, in bytes; a bomb is seen by it.
MOST_AT_ONCE = 1024 * 1024
_WINDOWS = {
    "gzip": zlib.MAX_WBITS | 16,
    "x-gzip": zlib.MAX_WBITS | 16,
    "deflate": zlib.MAX_WBITS,
}


class ContentDecoder:
    """
    Gives the plain octets of a coded body as they arrive; what it cannot decode it passes on as it is.

    ``exhausted`` says that a piece inflated beyond MOST_AT_ONCE: what follows is not looked at.
    """

    def __init__(self, coding: str) -> None:
        window = _WINDOWS.get(coding.strip().lower())
        self._inflater = zlib.decompressobj(wbits=window) if window else None
        self.exhausted = False

    def feed(self, data: bytes) -> bytes:
        """The plain octets that these bring."""
        if self._inflater is None or self.exhausted:
            return b"" if self.exhausted else data
        try:
            plain = self._inflater.decompress(data, MOST_AT_ONCE)
        except zlib.error:
            self._inflater = None
            return data
        self.exhausted = bool(self._inflater.unconsumed_tail)
        return plain
