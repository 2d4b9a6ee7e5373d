"""Opening the tunnels to one TLS target, so that what passes in them can be seen, and changed, as without TLS."""

import datetime as dt
import ssl
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: Longer than any run, and shorter than what a browser finds odd.
_DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """
    Which tunnels are opened: those to this ``authority`` (`host:port`).

    The client meets ``shown``, a certificate of the proxy's own that it has to be told to accept; the proxy meets the
    target by ``context``, which says whom it trusts and who it is.
    """

    authority: str
    shown: ssl.SSLContext
    context: ssl.SSLContext


@cache
def shown() -> ssl.SSLContext:
    """The server's side with a certificate that nobody vouches for; one for a process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sse-conform")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.TemporaryDirectory(prefix="sse-conform-tls-") as folder:
        file = Path(folder) / "shown.pem"
        file.touch(mode=0o600)
        file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return context
