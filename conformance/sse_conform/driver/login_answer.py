"""What the answer to a login gives: the token where the profile says it is, else a word on where it really is."""

from sse_conform.driver.refusal_hints import remedy
from sse_conform.driver.rest import Answer
from sse_conform.printable import printable
from sse_conform.profile import Account, Auth, Carrier, RequestTemplate
from sse_conform.token_places import TokenPlace, Where, bare, token_places
from sse_conform.toml_text import toml


def token_in(answer: Answer, auth: Auth) -> str:
    """The token at the place that the profile names; empty where there is none."""
    kind, _, name = auth.token.partition(":")
    if auth.carrier is Carrier.COOKIE:
        return answer.cookies.get(auth.parameter, "")
    if kind == Where.COOKIE:
        return answer.cookies.get(name, "")
    if kind == Where.HEADER:
        return bare(dict(answer.headers).get(name.lower(), ""))
    token = answer.value(auth.token)
    return token if isinstance(token, str) else ""


def login_failure(login: RequestTemplate, account: Account, answer: Answer, auth: Auth) -> tuple[str, str]:
    """Why there is no token, and what to do about it."""
    where = f"{login.method} {login.path}"
    if not answer.ok:
        said = f"{where} did not log {account.username} in: {answer.summary}"
        wrong = "check the name and the password of the account, and whether [auth.login] is to send json or form"
        return said, answer.hint or (
            wrong if answer.status == 401 else remedy("[auth.login]", answer.status, answer.summary)
        )
    found = next(iter(token_places(answer.document, answer.cookies, answer.headers)), None)
    fix = f"there seems to be one elsewhere: {lines_for(found)}" if found else "check [auth.login] and the account"
    if auth.carrier is Carrier.COOKIE:
        names = ", ".join(answer.cookies) or "none"
        return f"{where} answered {answer.status} without the cookie {auth.parameter} (cookies: {names})", fix
    if answer.document is None and found is None:
        kind = dict(answer.headers).get("content-type", "no Content-Type")
        said = f"{where} answered {answer.status} with no JSON ({printable(kind)}), so there is no token in it"
        return said, fix
    return f"{where} answered {answer.status}, but there is no token at {auth.token}", fix


def lines_for(place: TokenPlace) -> str:
    """The lines of [auth] that lead to a token."""
    if place.where is Where.COOKIE:
        return f'carrier = "cookie" and name = {toml(place.name)} in [auth]'
    return f"token = {toml(place.setting)} in [auth]"
