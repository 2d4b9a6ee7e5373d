"""Who the suite is: accounts made or given, logged in once, leased to one scene at a time."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sse_conform import corpus
from sse_conform.corpus import Alias
from sse_conform.driver.login_answer import login_failure, token_in
from sse_conform.driver.refusal_hints import remedy
from sse_conform.driver.rest import Rest
from sse_conform.driver.tokens import claims_of
from sse_conform.errors import LoginError, SignUpError, TargetError
from sse_conform.json_pointer import ids_in
from sse_conform.namesakes import namesakes
from sse_conform.profile import Account, Profile, Role
from sse_conform.redaction import Redactor
from sse_conform.scenario import Scenario, User

#: Servers refuse heads of some 8 to 64 KiB: a longer token is none.
LONGEST_TOKEN = 16 * 1024


@dataclass(kw_only=True, slots=True)
class Identity:
    """An account that is logged in. ``id`` keeps the type that the service gave it; a given token needs no password."""

    username: str
    id: str | int
    token: str
    role: Role
    password: str = field(default="", repr=False)
    made_at: int | None = field(default=None)

    def as_user(self, label: str) -> User:
        """What a scene may know of it."""
        return User(label=label, username=self.username, id=str(self.id))


class Accounts:
    """
    The pool.

    Where the profile can sign users up, every label of every scene gets a new, empty account. Else the given members
    are leased: a scene waits until as many as it asks for are free. One member stays apart as the sender of events,
    where there are enough of them.
    """

    def __init__(self, profile: Profile, rest: Rest, redactor: Redactor, nonce: str) -> None:
        self._profile = profile
        self._rest = rest
        self._redactor = redactor
        self._nonce = nonce
        self._numbers = 0
        self._logged_in: dict[str, Identity] = {}
        self._senders: dict[Role, Identity] = {}
        self._lock = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._waiting = 0
        self._free = [account for account in profile.users.accounts if account.role is Role.MEMBER]
        self._alike = namesakes(self._free)
        self._apart = self._set_apart() if len(self._free) > 2 and profile.users.signup is None else None
        self.capacity = None if profile.users.signup else len(self._free)

    async def lease(self, scene: Scenario) -> dict[str, Identity]:
        """The accounts of a scene by label; waits until enough are free."""
        if self._profile.users.signup:
            if scene.alike:
                return await self._sign_up_alike(scene.users)
            made = await asyncio.gather(*(self.sign_up(label) for label in scene.users))
            return dict(zip(scene.users, made, strict=True))
        async with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            try:
                await self._changed.wait_for(lambda: self._choice(scene))
            finally:
                self._waiting -= 1
            taken = self._choice(scene)
            self._free = [account for account in self._free if account not in taken]
        try:
            return {label: await self.log_in(account) for label, account in zip(scene.users, taken, strict=True)}
        except BaseException:
            await self._give_back({account.username for account in taken})
            raise

    async def wanted(self) -> bool:
        """Wait until a scene has to wait for accounts: whoever holds some without need is to give them back."""
        async with self._changed:
            return await self._changed.wait_for(lambda: self._waiting > 0)

    def _set_apart(self) -> Account | None:
        """Take a member away to cause events, but none of the two that are alike unless only they are left."""
        chosen = next((account for account in self._free if account not in self._alike), self._free[0])
        self._free.remove(chosen)
        return chosen

    def _choice(self, scene: Scenario) -> list[Account]:
        """The free accounts that a scene would get now; none where it has to wait."""
        if scene.alike:
            return list(self._alike) if all(account in self._free for account in self._alike) else []
        return self._free[: len(scene.users)] if len(self._free) >= len(scene.users) else []

    async def _sign_up_alike(self, labels: tuple[str, ...]) -> dict[str, Identity]:
        longer = next(alias for alias in corpus.aliases() if not alias.odd)
        first = await self.sign_up(labels[0])
        return {labels[0]: first, labels[1]: await self.sign_up(labels[1], longer.of(first.username))}

    async def namesake(self, identity: Identity, alias: Alias) -> Identity | None:
        """A new account whose name is this alias of another one's; None where the service refuses it."""
        try:
            return await self.sign_up(alias.name, alias.of(identity.username))
        except TargetError:
            return None

    async def release(self, identities: Iterable[Identity]) -> None:
        """Give leased accounts back; those that were made stay unused."""
        if self._profile.users.signup:
            return
        await self._give_back({identity.username for identity in identities})

    async def _give_back(self, names: set[str]) -> None:
        async with self._changed:
            self._free += [account for account in self._profile.users.accounts if account.username in names]
            self._changed.notify_all()

    def forget(self, username: str) -> None:
        """The account was logged out: whoever leases it next logs in again."""
        self._logged_in.pop(username, None)

    def renew(self) -> None:
        """The target was started anew, and may know nobody any more: all log in again, senders are found again."""
        self._logged_in.clear()
        self._senders.clear()

    async def again(self, identity: Identity) -> Identity:
        """The same account, logged in anew; as it was where the target no longer takes its password."""
        given = (account for account in self._profile.users.accounts if account.username == identity.username)
        own = Account(username=identity.username, password=identity.password, id=identity.id, role=identity.role)
        try:
            return await self.log_in(next(given, own))
        except LoginError:
            return identity

    async def second_login(self, identity: Identity) -> Identity | None:
        """The same account with a token of a login more; None where no other one is to be had."""
        given = next((a for a in self._profile.users.accounts if a.username == identity.username), None)
        password = given.password if given else identity.password
        if self._profile.auth.login is None or not password:
            return None
        try:
            token = await self._fetch_token(Account(username=identity.username, password=password))
        except TargetError:
            return None
        return None if token == identity.token else replace(identity, token=token)

    def succeed(self, identity: Identity) -> None:
        """The token of this login is the one that counts: the account has no other any more."""
        self._logged_in[identity.username] = identity

    async def sender(self, role: Role) -> Identity | None:
        """The account that causes events; None where the concerned user itself has to."""
        async with self._lock:
            if role not in self._senders:
                found = await self._find_sender(role)
                if found is None:
                    return None
                self._senders[role] = found
            return self._senders[role]

    async def _find_sender(self, role: Role) -> Identity | None:
        given = [account for account in self._profile.users.accounts if account.role is role]
        if role is Role.ADMIN:
            return await self.log_in(given[0])
        if self._profile.users.signup:
            return await self.sign_up("sender")
        return await self.log_in(self._apart) if self._apart else None

    async def sign_up(self, label: str, name: str = "") -> Identity:
        """Make an account, and log it in; its name begins with the label unless one is given."""
        signup = self._profile.users.signup
        assert signup is not None
        self._numbers += 1
        # Of equal length, so that no name begins with another one unless it is meant to.
        username = name or f"{label}-{self._nonce}-{self._numbers:04d}"
        password = secrets.token_urlsafe(18)
        self._redactor.keep(password, "password")
        answer = await self._rest.send(signup, {"username": username, "password": password})
        if not answer.ok:
            raise SignUpError(
                f"{signup.method} {signup.path} did not make an account: {answer.summary}",
                hint=answer.hint
                or f"{remedy('[users.signup]', answer.status, answer.summary)}; or give [[users.accounts]] instead",
            )
        given = answer.value(signup.id) if signup.id else None
        if signup.id and (not isinstance(given, str | int) or isinstance(given, bool)):
            ids = ", ".join(f"{pointer} is {value!r}" for pointer, value in ids_in(answer.document)) or "none seen"
            raise SignUpError(
                f"{signup.method} {signup.path} answered {answer.status}, but there is no id at {signup.id}",
                hint=f"correct the pointer users.signup.id in the profile, or leave it out; ids in the answer: {ids}",
            )
        account = Account(username=username, password=password, id=given)
        return await self.log_in(account, made_at=answer.sent)

    async def log_in(self, account: Account, made_at: int | None = None) -> Identity:
        """Who an account is, with its token; it logs in where it has none yet."""
        if account.username not in self._logged_in:
            token = account.token or await self._fetch_token(account)
            self._redactor.keep(token, "token")
            subject = claims_of(token).get(self._profile.auth.subject_claim)
            self._logged_in[account.username] = Identity(
                username=account.username,
                id=next(each for each in (account.id, subject, account.username) if isinstance(each, str | int)),
                token=token,
                role=account.role,
                password=account.password,
                made_at=made_at,
            )
        return self._logged_in[account.username]

    async def _fetch_token(self, account: Account) -> str:
        login = self._profile.auth.login
        if login is None:
            raise LoginError(
                f"there is no token for the account {account.username}",
                hint="add [auth.login] to the profile, or token = ... to the account",
            )
        answer = await self._rest.send(login, {"username": account.username, "password": account.password})
        token = token_in(answer, self._profile.auth)
        if not answer.ok or not token:
            message, hint = login_failure(login, account, answer, self._profile.auth)
            raise LoginError(message, hint=hint)
        if not is_sendable(token):
            raise LoginError(
                f"{login.method} {login.path} gave a token that no request can carry: "
                f"it must be printable ASCII without spaces, at most {LONGEST_TOKEN} characters",
                hint=f"check that auth.token = {self._profile.auth.token} points at the token itself",
            )
        return token


def is_sendable(token: str) -> bool:
    """Whether a header or a query can carry it."""
    return len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
