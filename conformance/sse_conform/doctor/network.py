"""The way to the target: name, connection, TLS, and each address that the suite is to come from."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from sse_conform.doctor.check import Check
from sse_conform.driver.trust import http2_context, trust_hint
from sse_conform.profile import Profile

CONNECT_SECONDS = 5.0


def network_checks(profile: Profile) -> Iterator[Check]:
    """
    DNS, TCP and TLS, in this order; each is worth something only where the one before is in order.

    Behind a proxy there need not be a way from here: then it is the proxy that is looked at.
    """
    if profile.proxy:
        yield _proxy_check(profile.proxy)
        return
    where = f"{profile.host}:{profile.port}"
    try:
        found = socket.getaddrinfo(profile.host, profile.port, type=socket.SOCK_STREAM)
    except OSError as error:
        said = f"{profile.host}: {error.strerror}"
        yield Check(name="DNS", said=said, fix="correct the host in url, or the resolver of this machine")
        return
    yield Check(name="DNS", said=f"{profile.host} is {', '.join(sorted({str(entry[4][0]) for entry in found}))}")
    try:
        with socket.create_connection((profile.host, profile.port), CONNECT_SECONDS) as connection:
            yield Check(name="TCP", said=f"{where} accepts connections")
            if profile.secure:
                yield _tls_check(profile, connection)
    except OSError as error:
        fix = "start the target, or correct host and port in url"
        yield Check(name="TCP", said=f"{where}: {_reason(error)}", fix=fix)
        return
    yield from _source_checks(profile)


def _tls_check(profile: Profile, connection: socket.socket) -> Check:
    try:
        with http2_context(profile.tls).wrap_socket(connection, server_hostname=profile.host) as secured:
            version = "HTTP/2" if secured.selected_alpn_protocol() == "h2" else "HTTP/1.1"
            said = f"{secured.version()}, the certificate is trusted; of HTTP/2 and HTTP/1.1 it chooses {version}"
            return Check(name="TLS", said=said)
    except ssl.SSLCertVerificationError as error:
        said = f"the certificate is not trusted: {error.verify_message}"
        return Check(name="TLS", said=said, fix=trust_hint(said))
    except OSError as error:
        return Check(name="TLS", said=f"no TLS: {error}", fix="use http:// in url, or correct the port")


def _source_checks(profile: Profile) -> Iterator[Check]:
    """An address of this machine need not have a way to the target: 127.0.0.2 has none beyond this machine."""
    if not profile.source_addresses:
        return
    stranded: dict[str, str] = {}
    for address in profile.source_addresses:
        try:
            socket.create_connection((profile.host, profile.port), CONNECT_SECONDS, (address, 0)).close()
        except OSError as error:
            stranded[address] = _reason(error)
    for address, reason in stranded.items():
        fix = "take it out of source_addresses: it has no way to the target"
        yield Check(name="source addresses", said=f"not from {address}: {reason}", fix=fix)
    if not stranded:
        number = len(profile.source_addresses)
        yield Check(name="source addresses", said=f"the target is reached from {number} of {number}")


def _proxy_check(proxy: str) -> Check:
    parts = urlsplit(proxy)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        said = f"{parts.hostname}:{port}: {_reason(error)}"
        return Check(name="proxy", said=said, fix="start the proxy, correct proxy, or leave it out")
    return Check(name="proxy", said=f"{parts.hostname}:{port} accepts connections")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
