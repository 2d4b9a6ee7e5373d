import asyncio

import jwt
import pytest

from sse_conform.driver.accounts import LONGEST_TOKEN, Accounts, is_sendable
from sse_conform.driver.clock import Clock
from sse_conform.driver.rest import Rest
from sse_conform.errors import TargetError
from sse_conform.exit_code import ExitCode
from sse_conform.profile import Account, Auth, Carrier, RequestTemplate, Role, SignUp, Users
from sse_conform.recorder import Recorder
from sse_conform.redaction import Redactor
from sse_conform.scenario import Nature, Scenario

from ..tiny_target import Reply, carried_by, tiny_target


async def play(stage):
    """Not called."""


def scene(*users):
    return Scenario(id="a.scene", title="", play=play, users=users, attempts=1, nature=Nature.PLAIN)


@pytest.fixture
async def target():
    async with tiny_target() as running:
        yield running


@pytest.fixture
def redactor():
    return Redactor()


@pytest.fixture
async def pool(target, redactor):
    """Makes the accounts of a profile; they talk to the tiny target."""
    clients = []

    def make(**changes):
        profile = target.profile(**changes)
        clients.append(Rest(profile, Clock(), Recorder(redactor), None))
        return Accounts(profile, clients[-1], redactor, nonce="n0")

    yield make
    for client in clients:
        await client.close()


# accounts that are made


async def test_every_label_of_every_scene_gets_an_account_of_its_own(target, pool):
    accounts = pool()
    first, second = await accounts.lease(scene("alice", "bob")), await accounts.lease(scene("alice"))
    assert list(first) == ["alice", "bob"]
    usernames = {identity.username for identity in (*first.values(), *second.values())}
    assert len(usernames) == len(target.seen("POST /signup")) == 3
    assert all(identity.username.startswith(f"{label}-n0-") for label, identity in first.items())
    assert accounts.capacity is None


async def test_a_new_account_has_the_id_that_the_sign_up_gave_and_a_token_that_works(target, pool):
    identity = (await pool().lease(scene("alice")))["alice"]
    assert identity.id == f"id-of-{identity.username}"
    assert jwt.decode(identity.token, options={"verify_signature": False})["name"] == identity.username
    assert identity.made_at is not None
    assert identity.as_user("alice").id == identity.id


async def test_new_passwords_are_different_and_kept_secret_with_the_tokens(target, pool, redactor):
    leased = await pool().lease(scene("alice", "bob"))
    passwords = [request.document["password"] for request in target.seen("POST /signup")]
    assert len(set(passwords)) == 2
    for secret in [*passwords, *(identity.token for identity in leased.values())]:
        assert secret not in redactor.text(f"<{secret}>")


async def test_accounts_that_were_made_are_not_leased_again(target, pool):
    accounts = pool()
    leased = await accounts.lease(scene("alice"))
    await accounts.release(leased.values())
    again = await accounts.lease(scene("alice"))
    assert again["alice"].username != leased["alice"].username


async def test_without_a_pointer_the_id_is_the_subject_of_the_token(target, pool):
    target.takes_over("POST /login", Reply(200, {"token": jwt.encode({"sub": 7}, "k" * 32)}))
    credentials = {"username": "{username}", "password": "{password}"}
    identity = (await pool(users=Users(signup=SignUp(path="/signup", json=credentials))).lease(scene("alice")))["alice"]
    assert identity.id == 7
    assert identity.as_user("alice").id == "7"


async def test_of_an_opaque_token_the_user_name_is_the_id(target, pool):
    target.takes_over("POST /login", Reply(200, {"token": "opaque-token"}))
    users = target.given("alice")
    assert (await pool(users=users).lease(scene("alice")))["alice"].id == "alice"


async def test_a_refused_sign_up_says_what_to_check(target, pool):
    target.takes_over("POST /signup", Reply(403, {"error": "closed"}))
    with pytest.raises(TargetError, match=r"POST /signup did not make an account: 403 .*closed") as raised:
        await pool().lease(scene("alice"))
    assert raised.value.exit_code is ExitCode.TARGET
    assert "[users.signup]" in raised.value.hint


async def test_a_sign_up_without_the_promised_id_says_so(target, pool):
    target.takes_over("POST /signup", Reply(201, {"user": {"id": 7}}))
    with pytest.raises(TargetError, match="there is no id at /id"):
        await pool().lease(scene("alice"))


# accounts that are given


async def test_a_given_account_is_leased_to_one_scene_at_a_time(target, pool):
    accounts = pool(users=target.given("alice", "bob"))
    first = await accounts.lease(scene("someone"))
    both = asyncio.ensure_future(accounts.lease(scene("one", "other")))
    third = await accounts.lease(scene("someone"))
    assert {first["someone"].username, third["someone"].username} == {"alice", "bob"}
    await accounts.release(first.values())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not both.done()
    await accounts.release(third.values())
    assert {identity.username for identity in (await both).values()} == {"alice", "bob"}


async def test_accounts_are_wanted_while_a_scene_has_to_wait_for_some(target, pool):
    accounts = pool(users=target.given("alice"))
    wanted = asyncio.ensure_future(accounts.wanted())
    held = await accounts.lease(scene("someone"))
    assert not wanted.done()
    late = asyncio.ensure_future(accounts.lease(scene("another")))
    assert await wanted
    await accounts.release(held.values())
    await late
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(accounts.wanted(), 0.01)


async def test_a_given_account_logs_in_once_for_the_whole_run(target, pool):
    accounts = pool(users=target.given("alice"))
    for _ in range(3):
        leased = await accounts.lease(scene("someone"))
        await accounts.release(leased.values())
    assert len(target.seen("POST /login")) == 1


async def test_a_given_token_needs_no_login(target, pool):
    users = Users(accounts=(Account(username="alice", token="a-token-of-alice", id=5),))
    identity = (await pool(users=users).lease(scene("alice")))["alice"]
    assert (identity.token, identity.id) == ("a-token-of-alice", 5)
    assert target.requests == []


@pytest.mark.parametrize(
    ("names", "capacity"), [(("alice",), 1), (("alice", "bob"), 2), (("alice", "bob", "carol"), 2)]
)
async def test_of_three_members_one_stays_apart_to_cause_events(target, pool, names, capacity):
    accounts = pool(users=target.given(*names))
    assert accounts.capacity == capacity
    leased = await accounts.lease(scene(*map(str, range(capacity))))
    sender = await accounts.sender(Role.MEMBER)
    if capacity == len(names):
        assert sender is None
    else:
        assert sender is not None
        assert sender.username not in {identity.username for identity in leased.values()}


async def test_an_admin_is_never_leased(target, pool):
    users = Users(accounts=(*target.given("alice", role=Role.ADMIN).accounts, *target.given("bob").accounts))
    accounts = pool(users=users)
    assert accounts.capacity == 1
    assert (await accounts.lease(scene("someone")))["someone"].username == "bob"
    sender = await accounts.sender(Role.ADMIN)
    assert sender is not None
    assert (sender.username, sender.role) == ("alice", Role.ADMIN)


async def test_the_sender_is_the_same_for_the_whole_run_also_where_many_ask_at_once(target, pool):
    accounts = pool()
    senders = await asyncio.gather(*(accounts.sender(Role.MEMBER) for _ in range(5)))
    assert len({sender.username for sender in senders if sender}) == 1
    assert len(target.seen("POST /signup")) == 1


async def test_an_account_that_cannot_log_in_is_given_back(target, pool):
    accounts = pool(users=target.given("alice", "bob"))
    target.takes_over("POST /login", Reply(500, {"error": "down"}))
    for _ in range(3):
        with pytest.raises(TargetError, match="POST /login did not log"):
            await accounts.lease(scene("one", "other"))
    target.routes["POST /login"] = target.log_in
    assert len(await accounts.lease(scene("one", "other"))) == 2


async def test_whoever_gives_up_waiting_takes_no_account(target, pool):
    accounts = pool(users=target.given("alice"))
    leased = await accounts.lease(scene("someone"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(accounts.lease(scene("someone")), 0.01)
    await accounts.release(leased.values())
    assert await accounts.lease(scene("someone"))


async def test_whoever_gives_up_while_logging_in_gives_the_account_back(target, pool):
    accounts = pool(users=target.given("alice"))
    target.takes_over("POST /login", None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(accounts.lease(scene("someone")), 0.1)
    target.routes["POST /login"] = target.log_in
    assert await accounts.lease(scene("someone"))


# the login


async def test_a_cookie_login_takes_the_cookie_of_that_name(target, pool):
    accounts = pool(users=target.given("alice"), auth=carried_by(target.profile(), Carrier.COOKIE))
    assert (await accounts.lease(scene("alice")))["alice"].token.count(".") == 2


async def test_a_login_without_the_cookie_names_those_that_it_set(target, pool):
    target.takes_over("POST /login", Reply(200, {}, {"Set-Cookie": "session=x; Path=/"}))
    accounts = pool(users=target.given("alice"), auth=carried_by(target.profile(), Carrier.COOKIE))
    with pytest.raises(TargetError, match=r"without the cookie token \(cookies: session\)"):
        await accounts.lease(scene("alice"))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(401, {"error": "wrong"}), r"did not log alice in: 401"),
        (Reply(200, {"access": "x"}), "there is no token at /token"),
        (Reply(200, {"token": 7}), "there is no token at /token"),
        (Reply(200, {"token": ""}), "there is no token at /token"),
        (Reply(200, headers={"Content-Type": "text/html"}, body=b"<html>"), r"with no JSON \(text/html\)"),
        (Reply(200, {"token": "two words"}), "a token that no request can carry"),
        (Reply(200, {"token": "x" * (LONGEST_TOKEN + 1)}), "a token that no request can carry"),
    ],
)
async def test_a_login_that_gives_no_token_says_why(target, pool, reply, message):
    target.takes_over("POST /login", reply)
    with pytest.raises(TargetError, match=message) as raised:
        await pool(users=target.given("alice")).lease(scene("alice"))
    assert raised.value.hint


async def test_where_there_is_no_login_the_profile_says_what_to_add(target, pool):
    with pytest.raises(TargetError, match="no token for the account alice") as raised:
        await pool(users=target.given("alice"), auth=Auth()).lease(scene("alice"))
    assert "[auth.login]" in raised.value.hint


async def test_the_token_is_where_the_pointer_says(target, pool):
    target.takes_over("POST /sessions", Reply(201, {"data": {"jwt": "deep-token"}}))
    login = RequestTemplate(path="/sessions", form={"user": "{username}", "pass": "{password}"})
    accounts = pool(users=target.given("alice"), auth=Auth(login=login, token="/data/jwt"))
    assert (await accounts.lease(scene("alice")))["alice"].token == "deep-token"
    assert target.requests[-1].body == b"user=alice&pass=password-of-alice"


@pytest.mark.parametrize(
    ("token", "sendable"),
    [("a.b-c_d~+/=", True), ("", True), ("a b", False), ("a\nb", False), ("\u00e9", False), ("a\x7f", False)],
)
def test_only_printable_ascii_without_spaces_can_be_sent(token, sendable):
    assert is_sendable(token) is sendable


@pytest.mark.parametrize(
    ("setting", "headers"),
    [
        ("header:X-Auth-Token", {"X-Auth-Token": "Bearer {token}"}),
        ("cookie:sid", {"Set-Cookie": "sid={token}; Path=/"}),
    ],
)
async def test_a_token_may_be_in_a_header_or_a_cookie_of_the_answer(target, pool, setting, headers):
    token = jwt.encode({"sub": "alice"}, "k" * 32, algorithm="HS256")
    answer = {name: value.format(token=token) for name, value in headers.items()}
    target.takes_over("POST /login", Reply(200, {}, answer))
    login = target.profile().auth.login
    accounts = pool(auth=Auth(login=login, token=setting), users=target.given("alice"))
    assert (await accounts.lease(scene("alice")))["alice"].token == token


async def test_a_token_in_another_place_is_named_with_the_line_to_write(target, pool):
    login = target.profile().auth.login
    accounts = pool(auth=Auth(login=login, token="/data/jwt"), users=target.given("alice"))
    with pytest.raises(TargetError) as caught:
        await accounts.lease(scene("alice"))
    assert 'token = "/token" in [auth]' in caught.value.hint
