"""Rules on refusals: every token that is not valid is refused, and with the right status."""

from collections.abc import Callable, Iterator

from sse_conform.entries import TokenKind
from sse_conform.evidence import refuses
from sse_conform.rule import Finding, Rule, rule
from sse_conform.spec import Capability, Level, SpecRef, plan, practice, rfc
from sse_conform.transcript import Stream, Transcript

_PLAN = plan("Security")
_SCENE = "auth.refusals"
_CONTROLS = ("control-before", "control-after")
#: The attempt at another spelling of the path.
_OTHER_DOOR = "other-door"


def controlled(transcript: Transcript) -> bool:
    """Whether the unmutated twin worked before and after: only then does a refusal mean anything."""
    controls = transcript.streams_in(_SCENE, *_CONTROLS)
    return len(controls) == 2 and all(stream.opened for stream in controls)


def _places(stream: Stream) -> frozenset[str]:
    """The headers in which its token travelled; none where that was in the URL, or there was none."""
    return frozenset(name for name, _ in stream.attempt.headers if name in {"authorization", "cookie"})


def refusals(*kinds: TokenKind) -> Callable[[Transcript], Iterator[Stream]]:
    """
    The answered attempts with invalid tokens of these kinds (all kinds where none is named), under control.

    Who never looks for a token in some place refuses any that comes there: a valid one has to have been taken there.
    """

    def over(transcript: Transcript) -> Iterator[Stream]:
        wanted = kinds or tuple(kind for kind in TokenKind if kind.invalid)
        read = {_places(stream) for stream in transcript.streams if stream.attempt.token.valid and stream.opened}
        for stream in transcript.streams:
            kind = stream.attempt.token
            if stream.attempt.part == _OTHER_DOOR or (kind is not TokenKind.MISSING and _places(stream) not in read):
                continue
            if kind not in wanted or stream.attempt.method != "GET" or not stream.admitted:
                continue
            if controlled(transcript) or (kind is TokenKind.MISSING and stream.attempt.scene == "preflight"):
                yield stream

    return over


def _refused(stream: Stream) -> Iterator[Finding]:
    where = " in the cookie" if _places(stream) == {"cookie"} else ""
    if not refuses(stream.status):
        actual = f"{stream.status} to a {stream.attempt.token.value} token{where}"
        yield Finding(expected="401", actual=actual, at=stream)
    elif stream.media_type == "text/event-stream":
        yield Finding(
            expected="no event stream in a refusal", actual=f"{stream.status} with text/event-stream", at=stream
        )


def _refuses(kind: TokenKind, what: str, why: str, spec: SpecRef, hint: str, *also: TokenKind) -> Rule:
    """One rule for one kind of invalid token, and kindred ones: they differ in nothing but the token."""

    def check(stream: Stream) -> Iterator[Finding]:
        return _refused(stream)

    check.__doc__ = f"{what} is refused.\n\n{why}"
    missing = kind is TokenKind.MISSING
    declared = {TokenKind.WRONG_ISSUER: {Capability.ISSUER}, TokenKind.WRONG_AUDIENCE: {Capability.AUDIENCE}}
    return rule(
        f"auth.refuses-{kind.value}",
        level=Level.SHOULD if kind is TokenKind.NO_EXPIRY else Level.MUST,
        spec=(_PLAN, spec),
        over=refusals(kind, *also),
        scenes="preflight" if missing else _SCENE,
        quick=kind.common,
        needs=declared.get(kind, set()) | ({Capability.SIGNING_KEY} if kind.minted else set()),
        hint=hint,
    )(check)


_NEGATIVES = (
    _refuses(
        TokenKind.MISSING,
        "A request without a token",
        "A stream open to strangers shows them somebody's notifications, or everybody's.",
        rfc(9110, "15.5.2"),
        "the authentication middleware is not applied to the stream route",
    ),
    _refuses(
        TokenKind.GARBAGE,
        "Something that is no token",
        "A parser that fails open, or with 500, is the first thing an attacker finds.",
        rfc(7519, "7.2"),
        "an exception of the token library is not turned into 401",
    ),
    _refuses(
        TokenKind.WRONG_KEY,
        "A token signed with another key",
        "Without a check of the signature anybody can be anybody.",
        rfc(7515, "5.2"),
        "the token is decoded, not verified; or the key is taken from its own header",
        TokenKind.EMBEDDED_KEY,
    ),
    _refuses(
        TokenKind.TAMPERED,
        "A token whose subject was changed after signing",
        "The signature covers the claims; neither a changed claim nor a signature that was cut off must pass.",
        rfc(7515, "5.2"),
        "the token is decoded, not verified; or its signature is compared over the length that was given",
        TokenKind.CUT_SIGNATURE,
    ),
    _refuses(
        TokenKind.EXPIRED,
        "An expired token",
        "The plan: reject if expired. A stolen token would work for ever.",
        rfc(7519, "4.1.4"),
        "exp is not checked on this route, or the leeway is far too wide",
    ),
    _refuses(
        TokenKind.ALG_NONE,
        "A token with alg none",
        "An unsigned token proves nothing; libraries that trust its header accept it.",
        rfc(8725, "3.1"),
        "the list of algorithms is taken from the token, or includes none",
    ),
    _refuses(
        TokenKind.ALG_NONE_ODD_CASE,
        "A token with alg nOnE",
        "A blocklist that compares by case lets other spellings of none through.",
        rfc(8725, "3.1"),
        "none is refused by name instead of allowing a list of algorithms",
    ),
    _refuses(
        TokenKind.FOREIGN_ALGORITHM,
        "A token with an algorithm that is not on the list",
        "Algorithm confusion: a public key taken for an HMAC secret, or a weaker sibling.",
        rfc(8725, "3.1"),
        "the verifier takes the algorithm from the token",
    ),
    _refuses(
        TokenKind.NOT_YET_VALID,
        "A token that is not yet valid",
        "nbf is part of the token's validity like exp.",
        rfc(7519, "4.1.5"),
        "nbf is not checked",
    ),
    _refuses(
        TokenKind.NO_SUBJECT,
        "A token without a subject",
        "All such users would share one room called undefined, and hear each other.",
        rfc(9068, "2.2"),
        "the subject claim is read without a check that it is there, and not empty",
        TokenKind.EMPTY_SUBJECT,
    ),
    _refuses(
        TokenKind.WRONG_ISSUER,
        "A token of another issuer",
        "Where several services share keys, the issuer alone tells whose token it is.",
        rfc(8725, "3.8"),
        "iss is not compared, or only where the token has one",
    ),
    _refuses(
        TokenKind.WRONG_AUDIENCE,
        "A token for another audience",
        "A token that another service was given would open this one's streams.",
        rfc(8725, "3.9"),
        "aud is not compared, or only where the token has one",
    ),
    _refuses(
        TokenKind.NO_EXPIRY,
        "A token without an expiry",
        "It would be valid for ever; no service hands such a token out.",
        rfc(9068, "2.2"),
        "exp is checked where present, but not required",
    ),
)


def other_doors(transcript: Transcript) -> Iterator[Stream]:
    """The attempt without a token at another spelling of the path, where the stream opens with one."""
    if controlled(transcript):
        yield from (s for s in transcript.streams_in(_SCENE, _OTHER_DOOR) if s.admitted)


@rule(
    "auth.other-door",
    level=Level.MUST,
    spec=(_PLAN, practice("Access rules by path that a router reads otherwise: CVE-2023-20860, Spring Framework")),
    over=other_doors,
    scenes=_SCENE,
    quick=False,
    hint="the access rule names one spelling of the path, and the router takes others for the same",
)
def other_door_is_shut(stream: Stream) -> Iterator[Finding]:
    """
    The path with a slash at its end opens no stream without a token.

    No such path is fine, a redirect too. Access rules are often kept apart from the routes, and read paths otherwise.
    """
    if stream.opened and stream.media_type == "text/event-stream":
        yield Finding(expected="no stream", actual=f"a stream at {stream.attempt.target} without a token", at=stream)


@rule(
    "auth.expired-401",
    level=Level.MUST,
    spec=(_PLAN, plan("Failure / Retry"), rfc(6750, "3.1")),
    over=refusals(TokenKind.EXPIRED),
    scenes=_SCENE,
    needs={Capability.SIGNING_KEY},
    hint="the error handler maps every token error to 403 or 400",
)
def expired_is_401(stream: Stream) -> Iterator[Finding]:
    """
    An expired token is answered with 401 exactly.

    The client's login prompt hangs on this status: on any other refusal it cannot know that a login would help.
    """
    if refuses(stream.status) and stream.status != 401:
        yield Finding(expected="401", actual=str(stream.status), at=stream)


@rule(
    "auth.status-401",
    level=Level.SHOULD,
    spec=rfc(9110, "15.5.2"),
    over=refusals(*(k for k in TokenKind if k.invalid and k is not TokenKind.EXPIRED)),
    scenes=("preflight", _SCENE),
    hint="403 says that a better token would not help",
)
def refusal_is_401(stream: Stream) -> Iterator[Finding]:
    """
    Invalid credentials are refused with 401 rather than another 4xx.

    401 means that authentication is missing or invalid; 403 that it is understood and not enough.
    """
    if refuses(stream.status) and stream.status != 401:
        yield Finding(expected="401", actual=f"{stream.status} to a {stream.attempt.token.value} token", at=stream)


def _unauthorised(transcript: Transcript) -> Iterator[Stream]:
    return (stream for stream in refusals()(transcript) if stream.status == 401)


@rule(
    "auth.challenge",
    level=Level.SHOULD,
    spec=rfc(9110, "11.6.1"),
    over=_unauthorised,
    scenes=("preflight", _SCENE),
    hint="add WWW-Authenticate: Bearer",
)
def refusal_has_challenge(stream: Stream) -> Iterator[Finding]:
    """
    A 401 carries WWW-Authenticate.

    RFC 9110 demands it of the server; clients learn from it what is asked for.
    """
    if not stream.headers("www-authenticate"):
        yield Finding(expected="WWW-Authenticate", actual="none", at=stream)


RULES = (
    *_NEGATIVES,
    other_door_is_shut,
    expired_is_401,
    refusal_is_401,
    refusal_has_challenge,
)
