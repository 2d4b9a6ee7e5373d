"""What headers of a response are fit for which version of HTTP."""

#: What concerns a connection of HTTP/1.1 and makes a response over HTTP/2 malformed (RFC 9113, 8.2.2).
CONNECTION_HEADERS = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})


def without_connection_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What a response over HTTP/2 may carry of these, in lower case."""
    return [(name.lower(), value) for name, value in headers if name.lower() not in CONNECTION_HEADERS]
