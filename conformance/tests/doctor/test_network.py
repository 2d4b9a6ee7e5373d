import socket
import ssl
import threading
from pathlib import Path

import pytest

from sse_conform.doctor.check import Check
from sse_conform.doctor.network import network_checks
from sse_conform.embedded import Embedded
from sse_conform.profile import Profile, Tls


def by_name(profile: Profile) -> dict[str, Check]:
    return {check.name: check for check in network_checks(profile)}


def test_an_unknown_host_is_a_matter_of_dns() -> None:
    (check,) = network_checks(Profile(url="http://host.invalid"))
    assert (check.name, check.ok) == ("DNS", False)


def test_a_closed_port_is_a_matter_of_tcp() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        checks = by_name(Profile(url=f"http://127.0.0.1:{probe.getsockname()[1]}"))
    assert checks["DNS"].ok
    assert "Connection refused" in checks["TCP"].said


def test_https_to_a_plain_port_is_a_matter_of_tls() -> None:
    def answer_in_plain(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_in_plain, args=(listening,))
        thread.start()
        checks = by_name(Profile(url=f"https://127.0.0.1:{listening.getsockname()[1]}"))
        thread.join()
    assert checks["TCP"].ok
    assert not checks["TLS"].ok
    assert "http://" in checks["TLS"].fix


@pytest.mark.parametrize(("offered", "chosen"), [(["h2", "http/1.1"], "HTTP/2"), ([], "HTTP/1.1")])
def test_the_version_of_http_that_the_target_chooses_inside_tls_is_named(
    certificate: Path, server_tls: ssl.SSLContext, offered: list[str], chosen: str
) -> None:
    def shake_hands(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with server_tls.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1024)

    if offered:
        server_tls.set_alpn_protocols(offered)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=shake_hands, args=(listening,))
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        checks = by_name(Profile(url=url, tls=Tls(ca_file=str(certificate))))
        thread.join()
    assert checks["TLS"].ok
    assert checks["TLS"].said.endswith(f"it chooses {chosen}")


def test_the_shipped_profile_is_there() -> None:
    assert isinstance(Embedded.profile_file(), Path)
    assert Embedded.profile_file().is_file()


def test_each_source_address_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        reached = by_name(Profile(url=url, source_addresses=("127.0.0.1", "127.0.0.2")))
        # An address of this family has no way to that one; it is named, and the others are not.
        stranded = list(network_checks(Profile(url=url, source_addresses=("127.0.0.1", "::1"))))
    assert reached["source addresses"].said == "the target is reached from 2 of 2"
    (check,) = [check for check in stranded if check.name == "source addresses"]
    assert "not from ::1" in check.said
    assert "source_addresses" in check.fix


def test_behind_a_proxy_it_is_the_proxy_that_is_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        up, down = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (listening, closed))
        reached = list(network_checks(Profile(url="http://nowhere.invalid", proxy=up)))
        (refused,) = network_checks(Profile(url="http://nowhere.invalid", proxy=down))
    assert [(check.name, check.ok) for check in reached] == [("proxy", True)]
    assert "Connection refused" in refused.said
