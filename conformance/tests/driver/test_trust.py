import ssl

import pytest
from cryptography.hazmat.primitives import serialization as s

from sse_conform.driver.trust import TRUST_HINT, client_context, trust_hint
from sse_conform.errors import ProfileError
from sse_conform.profile import Tls


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """Both sides in memory; the server's side once both are through. Raises what either finds wrong."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    unfinished = list(sides)
    for _ in range(10):
        for side in list(unfinished):
            try:
                side.do_handshake()
                unfinished.remove(side)
            except ssl.SSLWantReadError:
                continue
    assert unfinished == []
    return sides[1]


def test_a_stranger_is_not_trusted(server_tls):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client_context(Tls()), server_tls)


def test_an_authority_that_the_profile_names_is_trusted(server_tls, certificate):
    shake_hands(client_context(Tls(ca_file=str(certificate))), server_tls)


def test_without_verification_anybody_is_trusted(server_tls):
    shake_hands(client_context(Tls(verify=False)), server_tls)


def test_a_client_certificate_is_shown_to_whom_asks_for_it(server_tls, certificate):
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(certificate)
    tls = Tls(ca_file=str(certificate), client_certificate=str(certificate), client_key=str(certificate))
    assert shake_hands(client_context(tls), server_tls).getpeercert()
    with_key_beside = Tls(ca_file=str(certificate), client_certificate=str(certificate))
    assert shake_hands(client_context(with_key_beside), server_tls).getpeercert()


def test_no_other_protocol_than_http_1_is_offered(server_tls, certificate):
    server_tls.set_alpn_protocols(["h2", "http/1.1"])
    assert shake_hands(client_context(Tls(ca_file=str(certificate))), server_tls).selected_alpn_protocol() is None


@pytest.mark.parametrize("name", ["ca_file", "client_certificate"])
def test_a_file_that_is_missing_or_no_pem_is_a_matter_of_the_profile(tmp_path, name):
    file = tmp_path / "file.pem"
    for _ in ("missing", "no PEM"):
        with pytest.raises(ProfileError, match=f"tls.{name}, {file}, .*cannot be used") as raised:
            client_context(Tls(**{name: str(file)}))
        assert "PEM" in raised.value.hint
        file.write_text("this is no certificate")


def test_an_encrypted_key_is_refused_and_no_question_asked(tmp_path, certificate):
    private = s.load_pem_private_key(certificate.read_bytes(), password=None)
    key = tmp_path / "key.pem"
    encryption = s.BestAvailableEncryption(b"password")
    key.write_bytes(private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption))
    with pytest.raises(ProfileError):
        client_context(Tls(client_certificate=str(certificate), client_key=str(key)))


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("IP address mismatch, certificate is not valid for '127.0.0.2'", "in url, name the target"),
        ("Hostname mismatch, certificate is not valid for 'a.example'", "in url, name the target"),
        ("certificate has expired", "a certificate of today"),
        ("unable to get local issuer certificate", TRUST_HINT),
    ],
)
def test_what_to_do_fits_why_a_certificate_is_not_trusted(said, hint):
    assert hint in trust_hint(said)
