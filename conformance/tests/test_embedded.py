import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from sse_conform import embedded, embedded_broker
from sse_conform.control_entry import Order
from sse_conform.embedded import ADDRESSES, Embedded
from sse_conform.errors import ConformError, UsageError
from sse_conform.profile_file import LoadedProfile, load_profile


def loaded(server: Embedded) -> LoadedProfile:
    return load_profile(file=server.profile_file(), overrides=server.overrides, environ=server.secrets)


def answers(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((str(urlsplit(url).hostname), urlsplit(url).port or 80)) == 0


def test_it_serves_while_its_block_lasts() -> None:
    with Embedded(compressed=True) as server:
        assert answers(server.url)
        assert loaded(server).profile.url == server.url
    assert not answers(server.url)


def test_its_promises_are_the_plans_unless_compressed() -> None:
    plain, short = loaded(Embedded()).profile, loaded(Embedded(compressed=True)).profile
    assert (plain.numbers.heartbeat, plain.numbers.latency, plain.numbers.rate_window) == (25.0, 2.0, 60.0)
    assert (short.numbers.heartbeat, short.numbers.latency, short.numbers.rate_window) == (2.0, 0.7, 3.0)
    assert plain.source_addresses == ADDRESSES


def test_the_source_addresses_may_be_chosen_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CONFORM_SOURCE_ADDRESSES", "127.0.0.9")
    server = Embedded(compressed=True)
    environ = {**server.secrets, "CONFORM_SOURCE_ADDRESSES": "127.0.0.9"}
    profile = load_profile(file=server.profile_file(), overrides=server.overrides, environ=environ).profile
    assert (profile.source_addresses, profile.numbers.heartbeat) == (("127.0.0.9",), 2.0)


def test_its_secrets_are_new_each_time_and_collected() -> None:
    one, other = Embedded(), Embedded()
    assert not set(one.secrets.values()) & set(other.secrets.values())
    assert set(one.secrets.values()) <= loaded(one).secrets


def test_a_setting_of_another_server_does_not_leak_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SSE_CONFORM_SERVER_HEARTBEAT", "not a number")
    with Embedded() as server:
        assert answers(server.url)


def test_an_unknown_fault_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match="no-such-fault"), Embedded(faults=("no-such-fault",)):
        pass


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "AVAILABLE", False)
    monkeypatch.setattr(embedded, "COMMAND", [sys.executable, "-c", "raise SystemExit('out of memory')"])
    with pytest.raises(ConformError, match="did not start: out of memory"), Embedded():
        pass


def test_where_it_cannot_be_forked_it_starts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "IMPORTED", ("no_such_module",))
    with Embedded(compressed=True) as server:
        assert answers(server.url)


async def test_it_is_stopped_and_started_again_where_it_was() -> None:
    with Embedded(compressed=True) as server:
        url = server.url
        await server.carry_out(Order.STOP)
        assert not answers(url)
        await server.carry_out(Order.START)
        assert server.url == url
        assert answers(url)
    assert not answers(url)


async def test_a_server_that_does_not_heed_a_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "KILL_SECONDS", 0.2)
    with Embedded(compressed=True, faults=("drain-waits",)) as server:
        await server.carry_out(Order.STOP)
        assert not answers(server.url)


def test_of_two_instances_each_answers_and_the_profile_knows_both() -> None:
    with Embedded(compressed=True, instances=2) as server:
        profile = loaded(server).profile
        assert (profile.url, profile.other_instance) == (server.url, server.other_url)
        assert profile.url != profile.other_instance
        assert answers(server.url)
        assert answers(server.other_url)
    assert not answers(server.url)
    assert not answers(server.other_url)


def test_without_redis_there_are_no_two_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_broker, "PROGRAM", "no-such-redis")
    with pytest.raises(UsageError, match="no-such-redis is not on the PATH"), Embedded(instances=2):
        pass


def test_it_does_not_outlive_a_run_that_is_terminated() -> None:
    code = "from sse_conform.embedded import Embedded\nwith Embedded() as it: print(it.url, flush=True); input()"
    run = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout
    url = run.stdout.readline().strip()
    assert answers(url)
    run.terminate()
    run.communicate()
    assert not answers(url)
