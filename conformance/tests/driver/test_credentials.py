import jwt
import pytest

from sse_conform.driver.accounts import Identity
from sse_conform.driver.credentials import Credentials
from sse_conform.driver.tokens import TokenMint
from sse_conform.entries import TokenKind
from sse_conform.profile import Auth, Role
from sse_conform.redaction import Redactor

KEY = "a key of the target that is long enough for HS256"
ALICE = Identity(username="alice", id="1", token=jwt.encode({"sub": "1"}, KEY, algorithm="HS256"), role=Role.MEMBER)


@pytest.fixture
def credentials():
    return Credentials(TokenMint(Auth(key=KEY)), Redactor(), {"alice": ALICE})


def test_a_token_stays_the_same_throughout_a_scene(credentials):
    assert credentials.of("alice", TokenKind.WRONG_KEY) == credentials.of("alice", TokenKind.WRONG_KEY)


def test_one_that_has_met_only_the_limiter_is_made_anew(credentials):
    first = credentials.of("alice", TokenKind.WRONG_KEY)
    credentials.answered("alice", TokenKind.WRONG_KEY, 429)
    assert credentials.of("alice", TokenKind.WRONG_KEY) != first


def test_one_that_was_answered_otherwise_is_kept_whatever_the_limiter_says_later(credentials):
    first = credentials.of("alice", TokenKind.WRONG_KEY)
    credentials.answered("alice", TokenKind.WRONG_KEY, 401)
    credentials.answered("alice", TokenKind.WRONG_KEY, 429)
    assert credentials.of("alice", TokenKind.WRONG_KEY) == first
