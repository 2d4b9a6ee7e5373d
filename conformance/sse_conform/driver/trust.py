"""The TLS side of a profile: whom to trust, and who we are."""

import functools
import ssl

from sse_conform.errors import ProfileError
from sse_conform.profile import Tls

NO_VERIFY = "set tls.verify = false for a test target"
TRUST_HINT = f"name its authority in tls.ca_file, or {NO_VERIFY}"


def trust_hint(said: str) -> str:
    """What to do about a certificate that is not trusted, by the words of OpenSSL."""
    if "mismatch" in said:
        return "in url, name the target as its certificate does"
    if "expired" in said or "not yet valid" in said:
        return f"give the target a certificate of today, or {NO_VERIFY}"
    return TRUST_HINT


@functools.cache
def http2_context(tls: Tls) -> ssl.SSLContext:
    """A context that offers HTTP/2 as browsers do; a server that speaks it chooses it."""
    context = client_context(tls)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def client_context(tls: Tls) -> ssl.SSLContext:
    """A context for HTTP/1.1 clients; ProfileError where a file named in ``[tls]`` cannot be used."""
    context = ssl.create_default_context()
    named = f"tls.ca_file, {tls.ca_file},"
    try:
        if tls.ca_file:
            context.load_verify_locations(cafile=tls.ca_file)
        if tls.client_certificate:
            named = f"tls.client_certificate, {tls.client_certificate}, with its key"
            # With a password, though an empty one, an encrypted key is an error and no question at the terminal.
            context.load_cert_chain(tls.client_certificate, tls.client_key or None, password="")
    except (OSError, ssl.SSLError) as trouble:
        raise ProfileError(
            f"{named} cannot be used: {trouble}", hint="give PEM files that this user may read"
        ) from trouble
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
