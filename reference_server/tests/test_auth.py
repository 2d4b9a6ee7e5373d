import time

import jwt
import pytest

from sse_conform_server.app import make_parts
from sse_conform_server.auth import Identity
from sse_conform_server.hub import Ending
from sse_conform_server.models import Role, User
from sse_conform_server.settings import SettingsError
from sse_conform_server.snapshot import open_stream
from sse_conform_server.tokens import InvalidTokenError, Issuer, JwtVerifier, make_keys

from .support import KEY, STREAM, make_settings


def claims_of(user, **changes):
    now = int(time.time())
    claims = {"sub": user.id, "iat": now, "nbf": now, "exp": now + 60, "jti": "one"} | changes
    return {name: value for name, value in claims.items() if value is not None}


def sign(claims, key=KEY, algorithm="HS256"):
    return jwt.encode(claims, key, algorithm=algorithm)


async def status(client, token, **headers):
    given = {"Authorization": f"Bearer {token}"} | headers
    async with client.http.stream("GET", STREAM, headers=given) as response:
        return response.status_code


async def test_a_token_minted_with_the_key_is_the_positive_control(client):
    user = await client.account()
    assert await status(client, sign(claims_of(user))) == 200
    assert await status(client, sign(claims_of(user, jti=None, iat=None, nbf=None))) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "nobody"}, {"exp": None}, {"exp": 1}, {"exp": "9999999999"},
        {"exp": True}, {"exp": float("inf")}, {"exp": [1]}, {"nbf": 9_999_999_999}, {"iat": 9_999_999_999}, {"jti": 5},
    ],
    ids=str,
)  # fmt: skip
async def test_claims_that_do_not_hold_are_refused(client, changes):
    user = await client.account()
    assert await status(client, sign(claims_of(user, **changes))) == 401


async def test_signatures_that_do_not_hold_are_refused(client):
    user = await client.account()
    claims = claims_of(user)
    head, payload, signature = sign(claims).split(".")
    none = jwt.encode(claims, None, algorithm="none")
    spelled = [
        jwt.utils.base64url_encode(b'{"alg":"%s","typ":"JWT"}' % name).decode() + f".{payload}."
        for name in (b"none", b"None", b"NONE", b"nOnE")
    ]
    bad = [
        none, *spelled, sign(claims, key="another key of at least 32 bytes!!"), sign(claims, KEY * 2, "HS512"),
        f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}", f"{head}.{payload}.", "garbage", "a.b.c", "..",
        f"{head}.{payload[:-2]}.{signature}", f"{head}.{payload}.{signature}.x", "é".encode().hex(), "x" * 9000,
    ]  # fmt: skip
    assert {await status(client, token) for token in bad} == {401}


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "bearer x y", "Token x"])
async def test_malformed_headers_are_refused(client, header):
    assert (await client.http.get(STREAM, headers={"Authorization": header})).status_code == 401


async def test_a_refusal_challenges_and_tells_nothing(client):
    user = await client.account()
    answers = [
        await client.http.get(STREAM, headers={"Authorization": f"Bearer {token}"})
        for token in (sign(claims_of(user, exp=1)), sign(claims_of(user, sub="nobody")), "garbage")
    ]
    assert {answer.text for answer in answers} == {'{"error":"invalid_token","message":"Log in and send the token."}'}
    assert answers[0].headers["www-authenticate"] == 'Bearer realm="notifications", error="invalid_token"'
    missing = await client.http.get(STREAM)
    assert missing.headers["www-authenticate"] == 'Bearer realm="notifications"'


async def test_the_scheme_is_case_insensitive_and_the_cookie_serves_too(client):
    user = await client.account()
    assert await status(client, "", Authorization=f"bEaReR {user.token}") == 200
    async with client.http.stream("GET", STREAM, headers={"Cookie": f"session={user.token}"}) as response:
        assert response.status_code == 200


async def test_the_header_wins_over_a_dead_cookie_but_two_users_at_once_are_refused(client):
    user, other = await client.account(), await client.account()
    assert await status(client, user.token, Cookie="session=garbage") == 200
    assert await status(client, user.token, Cookie=f"session={user.token}") == 200
    assert await status(client, user.token, Cookie=f"session={other.token}") == 401
    assert await status(client, "garbage", Cookie=f"session={user.token}") == 401


async def test_two_authorization_headers_are_refused(client):
    user = await client.account()
    pairs = [("Authorization", f"Bearer {user.token}")] * 2
    assert (await client.http.get(STREAM, headers=pairs)).status_code == 401


async def test_a_user_id_in_the_query_is_ignored(client):
    user, other = await client.account(), await client.account()
    await other.report("theirs")
    async with client.http.stream("GET", STREAM, params={"userId": other.id}, headers=user.bearer) as response:
        chunk = await anext(response.aiter_text())
    assert '"items":[]' in chunk


async def test_login_sets_a_cookie_scripts_cannot_read_and_refuses_wrong_passwords(client):
    user = await client.account()
    login = await client.http.post("/api/auth/login", json={"username": user.username, "password": "correct horse"})
    assert login.json()["user"] == {"id": user.id, "username": user.username, "role": "analyst"}
    cookie = login.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    for name, password in ((user.username, "wrong"), ("nobody at all", "x")):
        refused = await client.http.post("/api/auth/login", json={"username": name, "password": password})
        assert refused.status_code == 401


async def test_names_are_unique_and_compared_exactly(client):
    await client.account("Robert")
    await client.account("robert")
    again = await client.http.post("/api/auth/signup", json={"username": "Robert", "password": "x"})
    assert again.status_code == 409


async def test_a_refused_sign_up_does_not_echo_the_password(client):
    answer = await client.http.post("/api/auth/signup", json={"username": "", "password": ["hunter2-marker"]})
    assert answer.status_code == 422
    assert "hunter2-marker" not in answer.text


async def test_only_admins_alert_and_sign_up_makes_none_by_default(start, connect):
    running = start(open_admin=False, admin_username="root", admin_password="from settings")
    client = await connect(running)
    user = await client.account()
    assert (await user.post("/api/admin/alerts", {"message": "x"})).status_code == 403
    wanted = {"username": "mallory", "password": "x", "role": "admin"}
    assert (await client.http.post("/api/auth/signup", json=wanted)).status_code == 403
    root = await client.http.post("/api/auth/login", json={"username": "root", "password": "from settings"})
    assert root.json()["user"]["role"] == "admin"


def test_leeway_forgives_a_clock_difference():
    settings = make_settings(leeway=30.0)
    verify = JwtVerifier(keys=make_keys(settings), settings=settings)
    user = User(id="u1", username="u", role=Role.ANALYST)
    now = int(time.time())
    assert verify(sign(claims_of(user, exp=now - 20, nbf=now + 20))).subject == "u1"
    with pytest.raises(InvalidTokenError):
        verify(sign(claims_of(user, exp=now - 40)))


def test_issuer_and_audience_are_required_once_configured():
    settings = make_settings(jwt_issuer="us", jwt_audience="app")
    keys = make_keys(settings)
    verify = JwtVerifier(keys=keys, settings=settings)
    user = User(id="u1", username="u", role=Role.ANALYST)
    assert verify(Issuer(keys=keys, settings=settings).issue(user)).subject == "u1"
    for changes in ({"iss": "us"}, {"aud": "app"}, {"iss": "them", "aud": "app"}, {"iss": "us", "aud": ["other"]}):
        with pytest.raises(InvalidTokenError):
            verify(sign(claims_of(user, **changes)))


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"jwt_key": "short"}, "needs 32 or more"),
        ({"algorithms": ("HS256", "RS256")}, "key confusion"),
        ({"algorithms": ("none",)}, "not a JWT signature algorithm"),
        ({"algorithms": ("RS256",), "jwt_key": "no pem"}, "private key in PEM"),
    ],
)
def test_keys_that_would_be_unsafe_are_refused_with_advice(changes, advice):
    with pytest.raises(SettingsError, match=advice):
        make_keys(make_settings(**changes))


async def test_a_logout_while_the_stream_opens_still_ends_it(tmp_path):
    parts = make_parts(make_settings(database=str(tmp_path / "service.sqlite3")))
    await parts.store.prepare()
    user = User(id="u1", username="u", role=Role.ANALYST)
    identity = Identity(user=user, token_id="t1", expires_at=time.time() + 60)
    await parts.store.revoke("t1", expires_at=identity.expires_at)
    opening = await open_stream(parts, identity, None)
    await parts.store.close()
    assert opening.subscription.ending is Ending.LOGGED_OUT
