import base64
import json
import time
from email.utils import formatdate

import jwt
import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sse_conform import corpus
from sse_conform.driver.tokens import TokenMint, claims_of
from sse_conform.entries import TokenKind
from sse_conform.profile import Auth

LEEWAY = 30.0
#: What the corpus says of instants, by kind: seconds from now.
AWAY = {token.name: token.from_now for token in corpus.tokens()}


def _pems(private):
    pem = private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()
    public = private.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()
    return pem, public


SECRET = "a secret that both sides know, of 64 bytes or more, as HS512 asks for it"
RSA = _pems(rsa.generate_private_key(public_exponent=65537, key_size=2048))
EC = _pems(ec.generate_private_key(ec.SECP256R1()))
#: By algorithm the key that signs and the key that verifies.
KEYS = {"HS256": (SECRET, SECRET), "RS256": RSA, "ES256": EC}
each_algorithm = pytest.mark.parametrize("algorithm", KEYS)


def genuine(algorithm, **claims):
    now = int(time.time())
    times = {"iat": now - 10, "nbf": now - 10, "exp": now + 900}
    standard = {"sub": "alice", "iss": "us", "aud": "them", "jti": "1"} | times
    return jwt.encode(standard | claims, KEYS[algorithm][0], algorithm=algorithm, headers={"kid": "key-1"})


def mint(algorithm, **changes):
    declared = {"issuer": "us", "audience": "them", "leeway": LEEWAY}
    return TokenMint(Auth(**({"key": KEYS[algorithm][0], "algorithms": (algorithm,)} | declared | changes)))


def mutated(kind, algorithm):
    """A genuine token and its mutation, each as header, claims and token."""
    original = genuine(algorithm)
    made = mint(algorithm).make(kind, original)
    assert made is not None
    return original, made


def header_of(token):
    return jwt.get_unverified_header(token)


def signed_by_us(token, algorithm):
    """Whether the signature is that of the key of ``algorithm``, whatever the token claims."""
    try:
        jwt.decode(token, KEYS[algorithm][1], algorithms=[algorithm], options={"verify_signature": True} | LENIENT)
    except jwt.InvalidTokenError:
        return False
    return True


LENIENT = dict.fromkeys(["verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub"], False)


def verify(token, algorithm):
    """Verified as a strict service does; raises what is wrong."""
    return jwt.decode(
        token, KEYS[algorithm][1], algorithms=[algorithm], leeway=LEEWAY, audience="them", issuer="us",
        options={"require": ["exp", "sub"]},
    )  # fmt: skip


@each_algorithm
def test_the_genuine_token_is_sent_as_it_is(algorithm):
    original = genuine(algorithm)
    assert mint(algorithm).make(TokenKind.GENUINE, original) == original


@each_algorithm
def test_the_resigned_token_says_the_same_and_verifies(algorithm):
    original, made = mutated(TokenKind.RESIGNED, algorithm)
    assert verify(made, algorithm) == claims_of(original) == claims_of(made)
    assert header_of(made) == header_of(original)


@each_algorithm
def test_a_missing_token_is_none_at_all(algorithm):
    assert mint(algorithm).make(TokenKind.MISSING, genuine(algorithm)) is None


@each_algorithm
def test_garbage_is_no_jwt_and_never_the_same(algorithm):
    one, other = (mint(algorithm).make(TokenKind.GARBAGE, genuine(algorithm)) for _ in range(2))
    assert one != other
    with pytest.raises(jwt.DecodeError):
        verify(one, algorithm)


@each_algorithm
def test_under_a_wrong_key_everything_but_the_signature_is_the_same(algorithm):
    original, made = mutated(TokenKind.WRONG_KEY, algorithm)
    assert (header_of(made), claims_of(made)) == (header_of(original), claims_of(original))
    assert not signed_by_us(made, algorithm)
    with pytest.raises(jwt.InvalidSignatureError):
        verify(made, algorithm)


@each_algorithm
def test_an_embedded_key_is_the_one_that_signed_and_only_its_public_half(algorithm):
    original, made = mutated(TokenKind.EMBEDDED_KEY, algorithm)
    header = header_of(made)
    key = header.pop("jwk")
    assert (header, claims_of(made)) == (header_of(original), claims_of(original))
    assert jwt.decode(made, jwt.PyJWK(key, algorithm), algorithms=[algorithm], audience="them") == claims_of(original)
    assert "d" not in key
    with pytest.raises(jwt.InvalidSignatureError):
        verify(made, algorithm)


@each_algorithm
def test_a_token_whose_signature_was_cut_off_is_the_same_otherwise(algorithm):
    original, made = mutated(TokenKind.CUT_SIGNATURE, algorithm)
    assert made.split(".") == [*original.split(".")[:2], ""]


def test_an_empty_subject_is_there_and_well_signed():
    _, made = mutated(TokenKind.EMPTY_SUBJECT, "HS256")
    assert claims_of(made)["sub"] == ""
    assert signed_by_us(made, "HS256")


@each_algorithm
def test_a_tampered_token_names_another_user_under_the_old_signature(algorithm):
    original, made = mutated(TokenKind.TAMPERED, algorithm)
    assert made.split(".")[2] == original.split(".")[2]
    assert header_of(made) == header_of(original)
    assert claims_of(made) == claims_of(original) | {"sub": "alice-tampered"}
    with pytest.raises(jwt.InvalidSignatureError):
        verify(made, algorithm)


@each_algorithm
def test_an_expired_token_lacks_nothing_but_time(algorithm):
    original, made = mutated(TokenKind.EXPIRED, algorithm)
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(made, algorithm)
    assert signed_by_us(made, algorithm)
    assert header_of(made) == header_of(original)
    old, new = claims_of(original), claims_of(made)
    assert {name for name in old if new[name] != old[name]} == {"iat", "nbf", "exp"}
    assert new["iat"] == new["nbf"] < new["exp"] <= time.time() - LEEWAY + AWAY[TokenKind.EXPIRED]["exp"]


@pytest.mark.parametrize("ahead", [90, -90])
def test_instants_are_those_of_the_targets_clock(ahead):
    coiner = mint("HS256")
    coiner.heed(formatdate(time.time() + ahead, usegmt=True))
    coiner.heed("no date at all")
    made = coiner.make(TokenKind.NEAR_EXPIRY, genuine("HS256"))
    assert 0 < claims_of(made)["exp"] - (time.time() + ahead) <= AWAY[TokenKind.NEAR_EXPIRY]["exp"]


def test_a_clock_that_agrees_but_for_whole_seconds_is_left_alone():
    coiner = mint("HS256")
    coiner.heed(formatdate(time.time() - 1, usegmt=True))
    made = coiner.make(TokenKind.NEAR_EXPIRY, genuine("HS256"))
    assert claims_of(made)["exp"] - time.time() > AWAY[TokenKind.NEAR_EXPIRY]["exp"] - 2


def test_an_expired_token_gets_no_instants_that_the_genuine_one_lacks():
    token = jwt.encode({"sub": "alice", "exp": int(time.time()) + 900}, SECRET, algorithm="HS256")
    made = mint("HS256").make(TokenKind.EXPIRED, token)
    assert claims_of(made).keys() == {"sub", "exp"}


@each_algorithm
def test_a_token_without_algorithm_has_the_same_claims_and_no_signature(algorithm):
    for kind, name in ((TokenKind.ALG_NONE, "none"), (TokenKind.ALG_NONE_ODD_CASE, "nOnE")):
        original, made = mutated(kind, algorithm)
        assert header_of(made) == header_of(original) | {"alg": name}
        assert claims_of(made) == claims_of(original)
        assert made.endswith(".")
        with pytest.raises(jwt.InvalidAlgorithmError):
            verify(made, algorithm)


def test_a_foreign_hmac_algorithm_signs_the_same_claims_with_the_right_key():
    original, made = mutated(TokenKind.FOREIGN_ALGORITHM, "HS256")
    assert header_of(made) == header_of(original) | {"alg": "HS384"}
    assert jwt.decode(made, SECRET, algorithms=["HS384"], audience="them") == claims_of(original)
    with pytest.raises(jwt.InvalidAlgorithmError):
        verify(made, "HS256")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_for_key_pairs_the_public_key_is_taken_for_an_hmac_secret(algorithm):
    original, made = mutated(TokenKind.FOREIGN_ALGORITHM, algorithm)
    assert header_of(made) == header_of(original) | {"alg": "HS256"}
    assert claims_of(made) == claims_of(original)
    hmac = jwt.get_algorithm_by_name("HS256")
    signing_input, signature = made.rsplit(".", 1)
    assert hmac.verify(signing_input.encode(), KEYS[algorithm][1].encode(), base64.urlsafe_b64decode(signature + "=="))
    with pytest.raises(jwt.InvalidAlgorithmError):
        verify(made, algorithm)


@each_algorithm
def test_a_token_that_is_not_yet_valid_lacks_nothing_but_time(algorithm):
    original, made = mutated(TokenKind.NOT_YET_VALID, algorithm)
    with pytest.raises(jwt.ImmatureSignatureError):
        verify(made, algorithm)
    assert signed_by_us(made, algorithm)
    old, new = claims_of(original), claims_of(made)
    assert {name for name in old if new[name] != old[name]} == {"nbf", "exp"}
    assert time.time() + LEEWAY + AWAY[TokenKind.NOT_YET_VALID]["nbf"] - 5 < new["nbf"] < new["exp"]


@pytest.mark.parametrize(("kind", "claim"), [(TokenKind.NO_SUBJECT, "sub"), (TokenKind.NO_EXPIRY, "exp")])
@each_algorithm
def test_a_token_that_lacks_one_claim_has_all_others(kind, claim, algorithm):
    original, made = mutated(kind, algorithm)
    assert claims_of(made) == {name: value for name, value in claims_of(original).items() if name != claim}
    assert header_of(made) == header_of(original)
    assert signed_by_us(made, algorithm)
    with pytest.raises(jwt.MissingRequiredClaimError, match=claim):
        verify(made, algorithm)


@each_algorithm
def test_a_token_near_its_end_is_still_valid(algorithm):
    original, made = mutated(TokenKind.NEAR_EXPIRY, algorithm)
    assert verify(made, algorithm) == claims_of(original) | {"exp": claims_of(made)["exp"]}
    away = AWAY[TokenKind.NEAR_EXPIRY]["exp"]
    assert away - 2 < claims_of(made)["exp"] - time.time() <= away


@each_algorithm
def test_a_token_that_expired_lately_did_so_within_the_leeway(algorithm):
    _, made = mutated(TokenKind.LATELY_EXPIRED, algorithm)
    assert verify(made, algorithm)["exp"] < time.time() - 4
    assert claims_of(made)["iat"] < claims_of(made)["exp"]


@pytest.mark.parametrize(
    ("kind", "claim", "error"),
    [
        (TokenKind.WRONG_ISSUER, "iss", jwt.InvalidIssuerError),
        (TokenKind.WRONG_AUDIENCE, "aud", jwt.InvalidAudienceError),
    ],
)
@each_algorithm
def test_a_token_of_elsewhere_differs_in_one_claim(kind, claim, error, algorithm):
    original, made = mutated(kind, algorithm)
    old, new = claims_of(original), claims_of(made)
    assert {name for name in old if new[name] != old[name]} == {claim}
    with pytest.raises(error):
        verify(made, algorithm)


def test_issuer_and_audience_are_changed_only_where_the_profile_declares_them():
    for kind, declared in ((TokenKind.WRONG_ISSUER, "issuer"), (TokenKind.WRONG_AUDIENCE, "audience")):
        with pytest.raises(LookupError, match=f"auth.{declared}"):
            mint("HS256", **{declared: ""}).make(kind, genuine("HS256"))


def test_every_kind_can_be_made_for_every_algorithm():
    made = {name: {kind: mint(name).make(kind, genuine(name)) for kind in TokenKind} for name in KEYS}
    for tokens in made.values():
        assert [kind for kind, token in tokens.items() if token is None] == [TokenKind.MISSING]
        assert len(set(tokens.values())) >= len(TokenKind) - 1  # an HMAC or RSA signature made again is the same


# what the profile says


def test_the_subject_is_the_claim_that_the_profile_names_and_numbers_stay_numbers():
    token = genuine("HS256", userId=41)
    maker = mint("HS256", subject_claim="userId")
    assert claims_of(maker.make(TokenKind.TAMPERED, token))["userId"] == 42
    assert "userId" not in claims_of(maker.make(TokenKind.NO_SUBJECT, token))
    assert claims_of(maker.make(TokenKind.NO_SUBJECT, token))["sub"] == "alice"


def test_a_foreign_algorithm_is_one_that_is_not_on_the_list():
    maker = mint("HS256", algorithms=("HS256", "HS384"))
    assert header_of(maker.make(TokenKind.FOREIGN_ALGORITHM, genuine("HS256")))["alg"] == "HS512"
    with pytest.raises(LookupError, match="every HMAC algorithm"):
        mint("HS256", algorithms=("HS256", "HS384", "HS512")).make(TokenKind.FOREIGN_ALGORITHM, genuine("HS256"))


@each_algorithm
def test_without_the_key_exactly_what_is_minted_cannot_be_made(algorithm):
    maker, token = mint(algorithm, key=""), genuine(algorithm)

    def makes(kind):
        try:
            maker.make(kind, token)
        except LookupError:
            return False
        return True

    assert {kind for kind in TokenKind if not makes(kind)} == {kind for kind in TokenKind if kind.minted}


def encoded(*parts):
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize(
    "token",
    [
        "opaque", "a.b", "a.b.c", "v4.public.payload", "a.b.c.d", "...", "..", "\u00e4.\u00f6.\u00fc",
        encoded("user", 7) + ".signature", encoded({}, {}) + ".x", encoded({"alg": 7}, {}) + ".x",
    ],
)  # fmt: skip
def test_what_is_no_jwt_cannot_be_mutated(token):
    maker = mint("HS256")
    for kind in set(TokenKind) - {TokenKind.GENUINE, TokenKind.MISSING, TokenKind.GARBAGE}:
        with pytest.raises(LookupError):
            maker.make(kind, token)
    assert maker.make(TokenKind.GENUINE, token) == token
    assert maker.make(TokenKind.GARBAGE, token)


@pytest.mark.parametrize("algorithm", ["none", "XS256", "RS256", "ES256"])
def test_a_token_whose_algorithm_does_not_fit_the_key_cannot_be_signed(algorithm):
    token = encoded({"alg": algorithm}, {"sub": "alice"}) + ".signature"
    for kind in (TokenKind.RESIGNED, TokenKind.FOREIGN_ALGORITHM):
        with pytest.raises(LookupError):
            mint("HS256").make(kind, token)


def test_claims_are_read_unverified_and_none_are_found_in_what_is_no_jwt():
    assert claims_of(genuine("ES256"))["sub"] == "alice"
    assert [claims_of(text) for text in ("", "opaque", "a.b.c", encoded({}, [1]) + ".x", "a.\u00e4.c")] == [{}] * 5
