"""Who the suite may be: accounts are made and logged in, each once."""

from collections.abc import AsyncIterator

from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, OTHER, Visit
from sse_conform.driver.accounts import Identity
from sse_conform.errors import ConformError, SignUpError
from sse_conform.profile import Account, Role

#: After so many accounts that could not log in no more are tried: services lock out whoever goes on.
FAILURES = 3


async def account_checks(visit: Visit) -> AsyncIterator[Check]:
    """Sign-up and login; afterwards the cast has one user or two, or nobody where none could log in."""
    if visit.profile.users.signup:
        async for check in _made(visit):
            yield check
        if ONE not in visit.cast:
            return  # others would fail in the same way
    if visit.profile.users.accounts:
        async for check in _given(visit):
            yield check


async def _made(visit: Visit) -> AsyncIterator[Check]:
    signup = visit.profile.users.signup
    assert signup is not None
    try:
        for label in (ONE, OTHER):
            visit.cast[label] = await visit.world.accounts.sign_up(label)
    except ConformError as trouble:
        made = not isinstance(trouble, SignUpError)
        if made:
            yield Check(name="sign-up", said=f"{signup.method} {signup.path} makes accounts")
        yield Check(name="login" if made else "sign-up", said=trouble.message, fix=trouble.hint or "look into its logs")
        return
    one = visit.cast[ONE]
    source = f"at {signup.id} of the answer" if signup.id else _source_of_id(visit, one)
    yield Check(
        name="sign-up", said=f"{signup.method} {signup.path} made {one.username}, whose id is {one.id} ({source})"
    )
    yield Check(name="login", said="whom it made can log in")


def _source_of_id(visit: Visit, one: Identity) -> str:
    if one.id == one.username:
        return "its name, for users.signup.id is not set and the token names no other"
    return f"{visit.profile.auth.subject_claim} of the token"


async def _given(visit: Visit) -> AsyncIterator[Check]:
    """Each account logs in; the first two members play, and whoever is kept apart to cause events does not."""
    accounts, failures, members = visit.profile.users.accounts, 0, list[Identity]()
    for number, account in enumerate(accounts):
        if failures == FAILURES:
            said = f"{len(accounts) - number} accounts more were not tried"
            yield Check(name="login", said=said, fix="mend those above first")
            break
        try:
            identity = await visit.world.accounts.log_in(account)
        except ConformError as trouble:
            failures += 1
            yield Check(name=_name(account), said=trouble.message, fix=trouble.hint or "look into its logs")
        else:
            members += [identity] if account.role is Role.MEMBER else []
    if not failures:
        names = ", ".join(account.username for account in accounts[:4])
        yield Check(name="accounts", said=f"{names}{', ...' * (len(accounts) > 4)}: {_how(accounts)}")
    if not (visit.profile.users.signup or members or failures):
        fix = "add [[users.accounts]] of the role member, or [users.signup]"
        yield Check(name="accounts", said="none of them is a member, so nobody can listen", fix=fix)
    if not visit.profile.users.signup and members:
        apart = await visit.world.accounts.sender(Role.MEMBER) if not failures else None
        playing = [identity for identity in members if identity is not apart]
        visit.cast.update(zip((ONE, OTHER), playing, strict=False))


def _name(account: Account) -> str:
    return "admin" if account.role is Role.ADMIN else "login"


def _how(accounts: tuple[Account, ...]) -> str:
    given = sum(bool(account.token) for account in accounts)
    if not given:
        return "logged in"
    return "their tokens are given" if given == len(accounts) else f"logged in, or one of {given} tokens given"
