import jwt
import pytest

from sse_conform.token_places import TokenPlace, Where, bare, decoded, is_jwt, token_places

TOKEN = jwt.encode({"sub": "alice"}, "k" * 32, algorithm="HS256")
OTHER = jwt.encode({"sub": "refresh"}, "k" * 32, algorithm="HS256")


def best(document=None, cookies=None, headers=()) -> TokenPlace | None:
    return next(iter(token_places(document, cookies or {}, headers)), None)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"token": TOKEN}, "/token"),
        ({"data": {"session": {"access_token": TOKEN}}}, "/data/session/access_token"),
        ({"tokens": [{"kind": "x"}, {"value": TOKEN}]}, "/tokens/1/value"),
        ({"refreshToken": OTHER, "accessToken": TOKEN}, "/accessToken"),
        ({"a/b": {"~": TOKEN}}, "/a~1b/~0"),
        (TOKEN, ""),
    ],
)
def test_a_token_is_found_at_any_depth(document, pointer) -> None:
    found = best(document)
    assert found is not None
    assert (found.where, found.name, found.token) == (Where.BODY, pointer, TOKEN)


def test_a_cookie_and_a_header_hold_tokens_too() -> None:
    assert best(cookies={"theme": "dark", "sid": TOKEN}) == TokenPlace(where=Where.COOKIE, name="sid", token=TOKEN)
    in_header = best(headers=[("date", "today"), ("authorization", f"Bearer {TOKEN}")])
    assert in_header == TokenPlace(where=Where.HEADER, name="authorization", token=TOKEN)
    assert in_header.setting == "header:authorization"


def test_the_body_comes_before_the_cookie_and_a_jwt_before_what_is_opaque() -> None:
    assert [place.where for place in token_places({"token": TOKEN}, {"session": TOKEN}, ())] == ["body", "cookie"]
    assert best({"token": "opaque-opaque-opaque"}, {"session": TOKEN}).where is Where.COOKIE


def test_an_opaque_token_is_one_where_its_name_says_so() -> None:
    assert best({"token": "d41d8cd98f00b204e980"}).name == "/token"
    assert best({"token_type": "Bearer", "name": "d41d8cd98f00b204e980"}) is None


@pytest.mark.parametrize("text", ["", "a.b.c", "1.2.3", "www.example.test", "eyJ.eyJ.x", TOKEN + ".x"])
def test_what_is_no_jwt_is_not_taken_for_one(text) -> None:
    assert not is_jwt(text)
    assert best({"version": text}) is None


def test_the_parts_of_a_token_are_read_without_trust() -> None:
    assert decoded(TOKEN, 1) == {"sub": "alice"}
    assert decoded("not.a-token", 1) == {}
    assert decoded("x", 1) == {}
    assert bare("Bearer abc") == bare("abc ") == "abc"
