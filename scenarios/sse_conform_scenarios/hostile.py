"""
Texts that betray an encoder that writes user text into a stream without care.

Each begins and ends with the marker of its publish, so that a cut shows, and may try to forge an event named
``forged``. Sources: the injection advisories and encoding faults of SSE libraries (CR, LF and CRLF in data; Unicode
line ends taken for line ends by ``splitlines``; lone surrogates that stop an encoder).
"""

_FORGERY = "event: forged{end}data: forged{end}{end}"


def _around(middle: str) -> str:
    return f"{{marker}} {middle} {{marker}}"


def _forge(end: str) -> str:
    return _around(f"{end}{end}{_FORGERY.format(end=end)}")


TEXTS: dict[str, str] = {
    "lf": _forge("\n"),
    "cr": _forge("\r"),
    "crlf": _forge("\r\n"),
    "line-separator": _forge("\u2028"),
    "paragraph-separator": _forge("\u2029"),
    "next-line": _forge("\x85"),
    "vertical-tab": _forge("\x0b"),
    "form-feed": _forge("\x0c"),
    "file-separators": _around("\x1c\x1d\x1e"),
    "nul": _around("before\x00after"),
    "field-look-alike": _around("data: forged"),
    "retry-look-alike": _around("\nretry: 1\nid: forged\n"),
    "emoji": _around("\U0001f6a8 \U0001f469\u200d\U0001f4bb"),
    "other-scripts": _around("\u00e9\u00df \u6f22\u5b57 \u0627\u0644\u0639\u0631\u0628\u064a\u0629"),
    "combining-marks": _around("e\u0301 o\u0308\u0323"),
    "byte-order-mark": _around("\ufeffafter"),
    "lone-surrogate": _around("\ud800"),
    "markup": _around('<b>&amp; "quotes" \\ </b>'),
    "spaces": _around("   inner   spaces   "),
    "long": _around("x" * 65536),
}
