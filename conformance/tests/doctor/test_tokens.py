import time
from typing import Any

import jwt
import pytest

from sse_conform.doctor.check import Standing
from sse_conform.doctor.tokens import token_checks
from sse_conform.driver.accounts import Identity
from sse_conform.profile import Auth, Profile, Role

KEY = "a key of more than thirty-two characters"


def checks(token: str, **auth: Any):
    identity = Identity(username="alice", id="1", token=token, role=Role.MEMBER)
    return list(token_checks(identity, Profile(url="http://127.0.0.1", auth=Auth(**auth))))


def token(*, ends_in: float = 3600.0, **claims: Any) -> str:
    return jwt.encode({"sub": "1", "exp": time.time() + ends_in, **claims}, KEY)


def test_a_token_as_the_profile_has_it_is_in_order():
    (check,) = checks(token(iss="us", aud=["web", "app"]), issuer="us", audience="app")
    assert check.ok
    assert "signed with HS256" in check.said


def test_what_the_token_has_and_the_profile_does_not_name_is_no_problem_but_told():
    (check,) = checks(token(iss="us"))
    assert check.ok
    assert 'where the service insists on it, auth.issuer = "us" may be set too' in check.said
    (check,) = checks(token(iss="us", aud=["web", "app"]))
    assert 'auth.audience = "web" or "app" (the one that this service looks for) may be set too' in check.said


def test_an_opaque_token_is_a_part_that_is_missing():
    (check,) = checks("0123456789abcdef0123456789abcdef")
    assert check.standing is Standing.MISSING
    assert "accept_untested" in check.fix


@pytest.mark.parametrize(
    ("claims", "auth", "said", "fix"),
    [
        ({}, {"algorithms": ("HS512",)}, "signed with HS256", 'set auth.algorithms = ["HS256"]'),
        ({"userId": 7}, {"subject_claim": "user"}, "no claim user", 'set auth.subject_claim = "sub"'),
        ({"iss": "us"}, {"issuer": "them"}, 'its iss is "us"', 'set auth.issuer = "us"'),
        ({}, {"issuer": "them"}, "its iss is missing", "leave auth.issuer out"),
        ({"aud": ["web"]}, {"audience": "app"}, 'its aud is ["web"]', 'set auth.audience = "web"'),
        ({"ends_in": 60.0}, {}, "it ends in", "give a fresh token"),
        ({"ends_in": -500.0}, {}, "s ago", "give a fresh token"),
    ],
)
def test_what_differs_is_named_with_the_line_to_change(claims, auth, said, fix):
    (check,) = checks(token(**claims), **auth)
    assert check.standing is Standing.PROBLEM
    assert said in check.said
    assert fix in check.fix
