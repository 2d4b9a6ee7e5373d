from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sse_conform.profile import Profile
from sse_conform.profile_checks import cross_problems, key_problems

LOGIN = {"path": "/login", "json": {"username": "{username}", "password": "{password}"}}
SIGNUP = {"path": "/users", "json": {"username": "{username}", "password": "{password}"}, "id": "/id"}
ALERT = {"by": "admin", "steps": [{"path": "/alerts", "json": {"message": "{text}"}}]}
ACCOUNTS = [{"username": "alice", "password": "wonderland"}, {"username": "root", "token": "t.o.k", "role": "admin"}]
GOOD: dict[str, Any] = {
    "url": "http://127.0.0.1:3000/base",
    "auth": {"login": LOGIN},
    "users": {"accounts": ACCOUNTS, "signup": SIGNUP},
    "triggers": {"alert": ALERT},
}


def problems(**changes: Any) -> dict[str, str]:
    profile = msgspec.convert({**GOOD, **changes}, Profile)
    return {problem.path: f"{problem.what}: {problem.remedy}" for problem in cross_problems(profile)}


def alert(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"alert": {**ALERT, **({"steps": list(steps)} if steps else {}), **changes}}


def test_a_profile_that_fits_together_has_no_problem() -> None:
    assert problems() == {}


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"url": "embedded"}, "url", "neither http nor https"),
        ({"url": "http:///x"}, "url", "names no host"),
        ({"url": "http://x:99999"}, "url", "is no address"),
        ({"url": "http://x:0"}, "url", "port 0"),
        ({"url": "http://me:pw@x"}, "url", "holds credentials"),
        ({"url": "http://x/?a=b"}, "url", "a query or a fragment"),
        ({"proxy": "socks5://x"}, "proxy", "neither http nor https"),
        ({"proxy": "http://x", "source_addresses": ["127.0.0.1"]}, "source_addresses", "stands beside proxy"),
        ({"other_instance": "two.example"}, "other_instance", "neither http nor https"),
        ({"other_instance": "https://two.example"}, "other_instance", "is reached by https, url by http"),
        ({"other_instance": "http://127.0.0.1:3000"}, "other_instance", "is url again"),
        ({"control": {"stop": " ", "start": ["x"]}}, "control.stop", "is empty"),
        ({"control": {"stop": "x", "start": []}}, "control.start", "is empty"),
        ({"source_addresses": ["localhost"]}, "source_addresses[0]", "no IP address"),
        ({"source_addresses": ["127.0.0.2", "203.0.113.9"]}, "source_addresses[1]", "cannot be used on this machine"),
        ({"paths": {"stream": "stream"}}, "paths.stream", 'begin it with a slash: "/stream"'),
        ({"sensitive_fields": ["ssn", ""]}, "sensitive_fields[1]", "is empty"),
        ({"accept_untested": [{"rule": "auth.*", "reason": " "}]}, "accept_untested[0].reason", "say why"),
    ],
)
def test_addresses_paths_and_lists(changes: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(**changes)[path]


@pytest.mark.parametrize(
    ("auth", "path", "said"),
    [
        ({"carrier": "cookie", "login": LOGIN}, "auth.name", "the token travels as a cookie"),
        ({"algorithms": ["HS256", "hs512"], "login": LOGIN}, "auth.algorithms[1]", "the known ones are HS256"),
        ({"algorithms": [], "login": LOGIN}, "auth.algorithms", "is empty"),
        ({"algorithms": ["RS256"], "key": "hush", "login": LOGIN}, "auth.key", "no private key in PEM"),
        ({"token": "data.token", "login": LOGIN}, "auth.token", 'a JSON pointer: "/data/token"'),
        ({"login": {**LOGIN, "path": "login"}}, "auth.login.path", 'without scheme and host: "/login"'),
        ({"login": {**LOGIN, "method": "post"}}, "auth.login.method", "did you mean POST?"),
        ({"login": {**LOGIN, "form": {"a": "b"}}}, "auth.login", "both json and form"),
        ({"login": {"path": "/l", "json": {"user": "{user}"}}}, "auth.login.json.user", "did you mean {username}?"),
        ({}, "users.accounts[0].password", "there is no login"),
        ({}, "users.signup", "there is no login"),
    ],
)
def test_logins_and_keys(auth: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(auth=auth)[path]


@pytest.mark.parametrize(
    ("users", "path", "said"),
    [
        ({}, "users", "[[users.accounts]]"),
        ({"accounts": [{"username": "alice"}]}, "users.accounts[0]", "neither a password nor a token"),
        ({"accounts": [{"username": "", "token": "t"}]}, "users.accounts[0].username", "is empty"),
        ({"accounts": [ACCOUNTS[1], ACCOUNTS[1]]}, "users.accounts", "names 'root' 2 times"),
        ({"accounts": [ACCOUNTS[0]]}, "triggers.alert.by", 'add an account with role = "admin"'),
        ({"signup": {"path": "/users"}}, "users.signup", "does not use {password} and {username}"),
        ({"signup": {**SIGNUP, "id": "id"}}, "users.signup.id", '"/id"'),
    ],
)
def test_users(users: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(users=users)[path]


@pytest.mark.parametrize(
    ("triggers", "path", "said"),
    [
        (alert({"path": "/a/{texts}"}), "triggers.alert.steps[0].path", "did you mean {text}?"),
        (alert({"path": "/a", "json": "x"}), "triggers.alert.recognise", 'put "{text}" where the message comes from'),
        (alert(recognise="id"), "triggers.alert.id", 'for example id = "/id"'),
        (alert(recognise="id", id="id"), "triggers.alert.id", 'write a JSON pointer: "/id"'),
        (alert(steps=[]), "triggers.alert.steps", "nothing would be sent"),
        (alert({"path": "/{text}", "save": {"vid": "id"}}), "triggers.alert.steps[0].save.vid", '"/id"'),
        (alert({"path": "/{text}", "save": {"V-ID": "/id"}}), "triggers.alert.steps[0].save", "small letters"),
        (
            alert({"path": "/{vid}", "json": "{text}", "save": {"vid": "/id"}}),
            "triggers.alert.steps[0].path",
            "{vid}, which is unknown",
        ),
        (
            alert({"path": "/a", "headers": {"x": "{nonce}"}, "json": [{"deep": ["{sender.name}"]}]}),
            "triggers.alert.steps[0].json[0].deep[0]",
            "did you mean {sender.username}?",
        ),
    ],
)
def test_triggers(triggers: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(triggers=triggers)[path]


def test_what_one_step_saves_later_ones_may_use() -> None:
    steps = ({"path": "/v", "json": "{text}", "save": {"vid": "/id"}}, {"path": "/v/{vid}", "method": "PATCH"})
    assert problems(triggers=alert(*steps)) == {}


def test_braces_with_a_space_are_no_placeholder() -> None:
    assert problems(triggers=alert({"path": "/graphql", "json": 'mutation { add(t: "{text}") { id } }'})) == {}


def test_the_refused_publish_need_not_be_recognisable() -> None:
    assert problems(triggers={"invalid": {"steps": [{"path": "/v", "json": {}}]}}) == {}


@pytest.mark.parametrize(
    ("numbers", "path", "said"),
    [
        ({"heartbeat": 25000}, "numbers.heartbeat", "if these are milliseconds, write 25"),
        ({"retry": 5}, "numbers.retry", "if these are seconds, write 5000"),
        ({"heartbeat": 2, "latency": 2}, "numbers.latency", "not less than numbers.heartbeat"),
        ({"max_stream_age": 20}, "numbers.max_stream_age", "no stream would live to see a heartbeat"),
    ],
)
def test_numbers_that_cannot_be_meant(numbers: dict[str, Any], path: str, said: str) -> None:
    assert said in problems(numbers=numbers)[path]


def pem(key: Any, password: bytes = b"") -> str:
    lock = s.BestAvailableEncryption(password) if password else s.NoEncryption()
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, lock).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def key_says(key: str, algorithm: str) -> list[str]:
    return [problem.what for problem in key_problems(key, algorithm)]


def test_private_keys_that_fit_their_algorithm_are_taken() -> None:
    assert key_says(pem(RSA), "RS256") == key_says(pem(RSA), "PS512") == []
    assert key_says(pem(EC), "ES256") == key_says(pem(ed25519.Ed25519PrivateKey.generate()), "EdDSA") == []


def test_keys_that_cannot_sign_are_told_apart() -> None:
    public = RSA.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()
    assert key_says(public, "RS256") == ["is a public key, which signs nothing"]
    assert key_says(pem(EC), "RS256") == ["is of another kind than auth.algorithms[0] = 'RS256' wants"]
    assert key_says(pem(EC, b"locked"), "ES256") == ["is encrypted"]
    assert key_says("hush", "EdDSA") == ["is no private key in PEM"]
