import base64
import html
import json
import re
import string
import time
from urllib.parse import quote, quote_plus

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_conform.redaction import SHORTEST, Redactor, placeholder

SECRET = "correct horse/battery+staple"


def redactor(*secrets: str, label: str = "secret") -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.keep(secret, label)
    return made


@settings(max_examples=30)
@given(st.text(string.ascii_lowercase, min_size=1, max_size=12), st.integers(0, 40))
def test_a_placeholder_has_exactly_the_length_that_is_asked_for(label, length):
    assert len(placeholder(label, length)) == length


def test_a_placeholder_says_what_stood_there():
    assert placeholder("token", 12) == b"<token>*****"


def test_a_secret_is_replaced_wherever_it_stands():
    assert redactor(SECRET).text(f"[{SECRET}] and {SECRET}") == (
        "[<secret>********************] and <secret>********************"
    )


def test_what_is_no_secret_stays_as_it_is():
    data = bytes(range(256))
    assert redactor(SECRET).octets(data) == data
    assert redactor().octets(data) == data
    assert redactor(SECRET).text("\ud800 ä \U0001f6a8") == "\ud800 ä \U0001f6a8"


def test_a_secret_too_short_to_be_told_from_other_text_is_left():
    short = "x" * (SHORTEST - 1)
    assert redactor(short).text(f"a {short} b") == f"a {short} b"
    assert redactor("x" * SHORTEST).text(f"a {'x' * SHORTEST} b") == "a <secret> b"


SPELLINGS = {
    "as it is": lambda secret: secret,
    "in a path": quote,
    "in a query": lambda secret: quote(secret, safe=""),
    "in a form": quote_plus,
    "with escapes in small letters": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote_plus(secret)),
    "in JSON": lambda secret: json.dumps({"token": secret}),
    "in JSON with escaped slashes": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "in JSON as UTF-8": lambda secret: json.dumps([secret], ensure_ascii=False),
    "in HTML": html.escape,
    "in a Python traceback": repr,
    "in Basic credentials": lambda secret: base64.b64encode(f"alice:{secret}".encode()).decode(),
    "in base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
}


@pytest.mark.parametrize("secret", [SECRET, 'a "quoted" <secret> & more', "pässwörd-\U0001f512-ist-geheim", "x" * 64])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_replaced_however_it_is_spelled(secret, spelling):
    spelled = SPELLINGS[spelling](secret)
    redacted = redactor(secret).octets(spelled.encode())
    assert len(redacted) == len(spelled.encode())
    (stand_in,) = re.findall(rb"<secret>\**", redacted)
    assert len(stand_in) >= len(secret)


def test_of_a_jwt_the_signature_alone_is_a_secret_too():
    token = jwt.encode({"sub": "alice"}, "k" * 32, algorithm="HS256")
    header, payload, signature = token.split(".")
    made = redactor(token)
    assert signature not in made.text(f"invalid signature {signature}")
    assert made.text(token).startswith("<secret>*")
    assert made.text(f"{header}.{payload}") == f"{header}.{payload}"


def test_a_jwt_that_nobody_told_us_of_loses_its_signature_where_all_of_it_is_seen():
    token = jwt.encode({"sub": "alice"}, "k" * 32, algorithm="HS256")
    redacted = redactor().whole(f'{{"token":"{token}"}}'.encode()).decode()
    assert token.rpartition(".")[2] not in redacted
    assert token.rpartition(".")[0] in redacted


def test_a_secret_that_is_part_of_another_does_not_save_its_rest():
    redacted = redactor("abcdefgh", "abcdefghijklmnop").text("abcdefghijklmnop abcdefgh")
    assert redacted == "<secret>******** <secret>"


def test_header_values_and_names_are_redacted_and_set_cookies_always():
    headers = [("location", f"/?token={SECRET}"), ("x-plain", "7"), ("set-cookie", "session=unknown; Path=/; HttpOnly")]
    assert redactor(SECRET).headers(headers) == (
        ("location", "/?token=<secret>********************"),
        ("x-plain", "7"),
        ("set-cookie", "session=<cookie; Path=/; HttpOnly"),
    )


HEX = st.text("0123456789abcdef", min_size=SHORTEST, max_size=40)


@settings(max_examples=50)
@given(st.lists(HEX, min_size=1, max_size=4), st.lists(st.binary(max_size=12), max_size=5), st.data())
def test_no_secret_survives_and_the_length_stays(secrets, noise, data):
    parts = data.draw(st.permutations([secret.encode() for secret in secrets] * 2 + noise))
    whole = b"".join(parts)
    redacted = redactor(*secrets).octets(whole)
    assert len(redacted) == len(whole)
    assert not any(secret.encode() in redacted for secret in secrets)


@settings(max_examples=50)
@given(HEX, st.binary(max_size=30), st.binary(max_size=30))
def test_a_secret_is_found_at_every_offset(secret, before, after):
    assert secret.encode() not in redactor(secret).octets(before + secret.encode() + after)


@settings(max_examples=50)
@given(HEX, st.integers(0, 60), st.integers(0, 60))
def test_a_beginning_is_redacted_as_the_whole_would_be(secret, place, length):
    made, data = redactor(secret), b"-" * place + secret.encode() + b"-" * 60
    assert made.beginning(data, length) == made.whole(data)[:length]


def test_of_a_token_that_a_beginning_cuts_no_signature_is_left():
    made, data = Redactor(), b"eyJhbGciOi.eyJzdWIiOi." + b"s" * 40
    for length in range(len(data)):
        assert b"s" not in made.beginning(data, length)[len("eyJhbGciOi.eyJzdWIiOi.") :]


def test_many_secrets_do_not_slow_down_a_stream():
    made = redactor(*(f"secret-number-{number:08d}" for number in range(500)))
    piece = b"event: ping\ndata: 1\n\n" * 20
    began = time.process_time()
    for _ in range(2000):
        made.octets(piece)
    assert time.process_time() - began < 5  # it takes a tenth; looking for each secret in turn takes minutes
