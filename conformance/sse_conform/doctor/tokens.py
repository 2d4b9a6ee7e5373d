"""What a genuine token says of itself, and whether the key makes tokens that the target takes."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from sse_conform.discovery.words import SUBJECTS
from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, Visit
from sse_conform.driver.accounts import Identity
from sse_conform.entries import TokenKind
from sse_conform.profile import Profile
from sse_conform.token_places import decoded, is_jwt
from sse_conform.toml_text import toml

_NAME = "token"
#: The keys of [auth] that promise what a claim has to be.
_DECLARABLE = (("issuer", "iss"), ("audience", "aud"))


def token_checks(identity: Identity, profile: Profile) -> Iterator[Check]:
    """Whether a genuine token is what [auth] says: its algorithm, subject, issuer, audience and end."""
    if not is_jwt(identity.token):
        said = "it is no JWT, so no forged one can be made from it"
        fix = 'check auth.token; where it is meant to be opaque, name "auth.*" in accept_untested with the reason'
        yield Check(name=_NAME, said=said, fix=fix, missing=True)
        return
    header, claims = decoded(identity.token, 0), decoded(identity.token, 1)
    problems = [*_mismatches(header, claims, profile), *_lifetime(claims, profile)]
    yield from problems
    if not problems:
        yield Check(name=_NAME, said=_description(header, claims, profile))


def _mismatches(header: dict[str, Any], claims: dict[str, Any], profile: Profile) -> Iterator[Check]:
    auth = profile.auth
    if header["alg"] not in auth.algorithms:
        fix = f"set auth.algorithms = [{toml(header['alg'])}]"
        yield Check(name=_NAME, said=f"it is signed with {header['alg']}, which auth.algorithms does not name", fix=fix)
    if auth.subject_claim not in claims:
        likely = next((name for name in SUBJECTS if name in claims), "")
        fix = f"set auth.subject_claim = {toml(likely)}" if likely else "name in auth.subject_claim who it is for"
        said = f"it has no claim {auth.subject_claim} that names the user; it has {', '.join(claims)}"
        yield Check(name=_NAME, said=said, fix=fix)
    for key, claim in _DECLARABLE:
        wanted, there = getattr(auth, key), claims.get(claim)
        if wanted and wanted != there and not (isinstance(there, list) and wanted in there):
            said = f"its {claim} is {'missing' if there is None else toml(there)}, auth.{key} is {toml(wanted)}"
            fix = f"set {_named(key, there)}" if there else f"leave auth.{key} out: the token names none"
            yield Check(name=_NAME, said=said, fix=fix)


def _lifetime(claims: dict[str, Any], profile: Profile) -> Iterator[Check]:
    """Accounts log in once in a run, so their tokens have to last for it."""
    ends = claims.get("exp")
    if not isinstance(ends, int | float):
        return
    left, needed = ends - time.time(), profile.terms.idle + profile.terms.rate_window
    if left < needed:
        said = f"it ends in {left:.0f} s" if left > 0 else f"it ended {-left:.0f} s ago"
        fix = "give a fresh token, or let the suite log in; where logins give such short ones, let them live longer"
        yield Check(name=_NAME, said=f"{said}, and a run takes {needed:.0f} s and more", fix=fix)


def _description(header: dict[str, Any], claims: dict[str, Any], profile: Profile) -> str:
    auth = profile.auth
    parts = [f"a JWT signed with {header['alg']}", f"{auth.subject_claim} names its user"]
    ends = claims.get("exp")
    parts.append(f"it ends in {ends - time.time():.0f} s" if isinstance(ends, int | float) else "it never ends")
    undeclared = [key for key, claim in _DECLARABLE if claim in claims and not getattr(auth, key)]
    if undeclared:
        names = " and ".join(_named(key, claims[claim]) for key, claim in _DECLARABLE if key in undeclared)
        parts.append(f"where the service insists on it, {names} may be set too")
    return "; ".join(parts)


def _named(key: str, claim: Any) -> str:  # noqa: ANN401 - any JSON value
    """The line of the profile for a claim; of an audience of several the service looks for one (RFC 7519, 4.1.3)."""
    values = claim if isinstance(claim, list) else [claim]
    line = " or ".join(toml(value) for value in values)
    return f"auth.{key} = {line}" + (" (the one that this service looks for)" if len(values) > 1 else "")


async def key_checks(visit: Visit) -> AsyncIterator[Check]:
    """Whether a genuine token signed anew is taken, and one that has expired is not."""
    try:
        resigned = await visit.stage.subscribe(ONE, part="resigned", token=TokenKind.RESIGNED)
    except LookupError as trouble:
        yield Check(name="key", said=str(trouble.args[0]), fix="correct auth.key, or leave it out")
        return
    await resigned.close()
    if resigned.status != 200:
        alg = decoded(visit.cast[ONE].token, 0).get("alg")
        said = f"the stream route answers {resigned.status} to the genuine token signed anew with it"
        fix = f"auth.key is to be the very key that the service signs with ({alg}): no other spelling, no line end"
        yield Check(name="key", said=said, fix=fix)
        return
    yield Check(name="key", said="tokens signed with it are accepted")
    expired = await visit.stage.subscribe(ONE, part="expired", token=TokenKind.EXPIRED)
    await expired.close()
    leeway = visit.profile.auth.leeway
    if expired.status == 200:
        said = f"a token that is past its end by more than auth.leeway = {leeway:g} s is accepted"
        fix = "raise auth.leeway to what the service forgives; where it never looks at exp, it is to be mended itself"
        yield Check(name="leeway", said=said, fix=fix)
    else:
        yield Check(name="leeway", said=f"a token that ended long ago gets {expired.status}")
