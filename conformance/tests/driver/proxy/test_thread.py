"""The proxy in a thread of its own."""

import re
import socket

import pytest

from sse_conform.driver.proxy_events import ProxyAccepted, ProxyCut, ProxyEnded
from sse_conform.driver.proxy_faults import Close, Refuse, Reset
from sse_conform.driver.proxy_thread import BackgroundProxy
from sse_conform.errors import UsageError


def connected(proxy: BackgroundProxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), timeout=5)
    proxy.wait_for(ProxyAccepted)
    return client


def test_it_can_be_steered_without_an_event_loop():
    with BackgroundProxy() as proxy:
        with connected(proxy) as client:
            proxy.apply(Close())
            assert client.recv(1) == b""
        refusal = proxy.apply(Refuse(listener=True))
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)
        proxy.lift(refusal)
        with connected(proxy) as client:
            proxy.restore()
            proxy.apply(Reset())
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert [cut.conn for cut in proxy.wait_for(ProxyCut, count=2)] == [1, 2]
    assert isinstance(proxy.events[-1], ProxyEnded)


def test_a_wait_in_vain_says_what_happened_instead():
    with BackgroundProxy() as proxy, connected(proxy), pytest.raises(TimeoutError) as waited:
        proxy.wait_for(ProxyCut, seconds=0.01)
    assert re.match(r"0 of 1 ProxyCut within 0.01 s; what happened:\n  ProxyAccepted\(", str(waited.value))


def test_a_port_in_use_is_said_where_it_is_opened():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="already in use"):
        BackgroundProxy(port=taken.getsockname()[1]).__enter__()
