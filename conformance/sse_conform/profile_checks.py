"""What must hold between the keys of a profile; each check yields what is wrong."""

import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sse_conform.profile import Account, Carrier, Profile, Role, Tls
from sse_conform.profile_problem import Problem, did_you_mean
from sse_conform.profile_templates import template_problems
from sse_conform.user_interface_checks import ui_problems

ALGORITHMS = tuple(f"{family}{bits}" for family in ("HS", "RS", "PS", "ES") for bits in (256, 384, 512))
KNOWN_ALGORITHMS = (*ALGORITHMS, "ES256K", "EdDSA")
#: A promised duration beyond this was probably meant in milliseconds.
LONGEST_SECONDS = 3600.0
#: A retry below this was probably meant in seconds.
SHORTEST_RETRY = 100

#: What a request line and a header can carry.
_SENDABLE = re.compile(r"[!-~]+")
#: What the name of a cookie or of a query parameter consists of (RFC 6265, 4.1.1: a token of HTTP).
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_CREDENTIALS = re.compile(r"//[^/@]*@")

NO_ACCOUNT = """\
name an account that may log in:
    [[users.accounts]]
    username = "alice"
    token = "env:ALICE_TOKEN"
or give it a password and say how to log in, with [auth.login]; or let the suite make accounts, with [users.signup].
`conform init` writes a commented profile, `conform doctor` tries it"""


def cross_problems(profile: Profile) -> Iterator[Problem]:
    """Everything about a well-shaped profile that cannot work."""
    yield from _address_problems(profile)
    yield from _tls_problems(profile.tls)
    yield from _path_problems(profile)
    yield from _auth_problems(profile)
    yield from _user_problems(profile)
    yield from template_problems(profile)
    yield from ui_problems(profile)
    yield from _trigger_problems(profile)
    yield from _number_problems(profile)
    yield from _control_problems(profile)
    yield from _list_problems(profile)


def url_problems(path: str, url: str) -> Iterator[Problem]:
    """What is wrong with an address; a password in it is not shown."""
    import httpx  # noqa: PLC0415 - heavy, and what it refuses cannot be sent

    example = "write it as https://service.example or http://127.0.0.1:3000"
    shown = f"is {_CREDENTIALS.sub('//...@', url)!r}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        yield Problem(path=path, what=f"{shown}, which is no address ({error})", remedy=example)
        return
    if parts.scheme not in {"http", "https"}:
        yield Problem(path=path, what=f"{shown}, which is neither http nor https", remedy=example)
    elif not parts.hostname:
        yield Problem(path=path, what=f"{shown}, which names no host", remedy=example)
    elif port == 0:
        yield Problem(path=path, what="names port 0, which nobody listens on", remedy=example)
    elif not _SENDABLE.fullmatch(url):
        remedy = "percent-encode what is not printable ASCII, spaces too; write a name beyond ASCII as xn--..."
        yield Problem(path=path, what=f"{shown}, which no request line can carry", remedy=remedy)
    else:
        try:
            httpx.URL(url).host.encode("idna")
        except (httpx.InvalidURL, UnicodeError) as error:
            yield Problem(path=path, what=f"{shown}, which names no possible host ({error})", remedy=example)


def _address_problems(profile: Profile) -> Iterator[Problem]:
    yield from url_problems("url", profile.url)
    parts = urlsplit(profile.url) if not list(url_problems("url", profile.url)) else None
    if parts and "@" in parts.netloc:
        remedy = "leave them out: accounts belong into [[users.accounts]]"
        yield Problem(path="url", what="holds credentials", remedy=remedy)
    if parts and (parts.query or parts.fragment):
        yield Problem(
            path="url", what="holds a query or a fragment", remedy="give scheme, host, port and base path alone"
        )
    if profile.other_instance:
        yield from _other_problems(profile)
    if profile.proxy:
        yield from url_problems("proxy", profile.proxy)
        if profile.source_addresses:
            remedy = "leave source_addresses out: the target sees the proxy's address, whichever is used here"
            yield Problem(path="source_addresses", what="stands beside proxy", remedy=remedy)
    for index, address in enumerate(profile.source_addresses):
        yield from _source_problems(f"source_addresses[{index}]", address)


def _other_problems(profile: Profile) -> Iterator[Problem]:
    """The other instance is reached in the same way, and is another one."""
    problems = list(url_problems("other_instance", profile.other_instance))
    yield from problems
    one, other = urlsplit(profile.url), urlsplit(profile.other_instance)
    if not problems and one.scheme != other.scheme:
        what = f"is reached by {other.scheme}, url by {one.scheme}"
        yield Problem(path="other_instance", what=what, remedy="name both in the same way")
    elif not problems and one.netloc == other.netloc:
        remedy = "name the second instance itself, not what stands before both"
        yield Problem(path="other_instance", what="is url again", remedy=remedy)


def _source_problems(path: str, address: str) -> Iterator[Problem]:
    """An address counts as ours where a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address)
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError as error:
        remedy = "list addresses of this machine (`ip address` shows them), or leave source_addresses out"
        reason = "is no IP address" if error.errno is None else f"cannot be used on this machine ({error.strerror})"
        yield Problem(path=path, what=f"is {address!r}, which {reason}", remedy=remedy)


def _tls_problems(tls: Tls) -> Iterator[Problem]:
    for name in ("ca_file", "client_certificate", "client_key"):
        file = getattr(tls, name)
        if file and not Path(file).is_file():
            remedy = "name a PEM file; a relative path begins at the folder of the profile"
            yield Problem(path=f"tls.{name}", what=f"is {file}, which is no file", remedy=remedy)
    if tls.client_key and not tls.client_certificate:
        remedy = "name the certificate of that key too"
        yield Problem(path="tls.client_certificate", what="is missing, but there is a client_key", remedy=remedy)


def _path_problems(profile: Profile) -> Iterator[Problem]:
    for name in profile.paths.__struct_fields__:
        path = getattr(profile.paths, name)
        if name == "stream_of" and not path:
            continue
        if not path.startswith("/"):
            remedy = f'begin it with a slash: "/{path}"'
            yield Problem(path=f"paths.{name}", what=f"is {path!r}", remedy=remedy)
        elif not _SENDABLE.fullmatch(path):
            remedy = "percent-encode what is not printable ASCII, spaces too"
            yield Problem(path=f"paths.{name}", what=f"is {path!r}, which no request line can carry", remedy=remedy)


def _auth_problems(profile: Profile) -> Iterator[Problem]:
    auth = profile.auth
    if auth.carrier is Carrier.COOKIE and auth.login and not auth.name:
        remedy = 'name the cookie that the login sets, for example name = "session"'
        yield Problem(path="auth.name", what="is missing, but the token travels as a cookie", remedy=remedy)
    if profile.capabilities.header_and_cookie and not auth.name:
        remedy = 'name the cookie that is taken beside the header, for example name = "session"'
        yield Problem(path="auth.name", what="is missing, but capabilities.header_and_cookie is true", remedy=remedy)
    for index, account in enumerate(profile.users.accounts):
        if auth.logout and account.token and account.role is Role.MEMBER:
            remedy = "give it a password instead, so that it can log in again, or leave out auth.logout"
            what = "would be used up by the logout"
            yield Problem(path=f"users.accounts[{index}].token", what=what, remedy=remedy)
    if not _NAME.fullmatch(auth.parameter):
        remedy = "give the plain name of the cookie or of the query parameter"
        yield Problem(path="auth.name", what=f"is {auth.name!r}, which no request can carry", remedy=remedy)
    if not auth.algorithms:
        yield Problem(
            path="auth.algorithms", what="is empty", remedy='list what the service accepts, such as ["HS256"]'
        )
    for index, algorithm in enumerate(auth.algorithms):
        if algorithm not in KNOWN_ALGORITHMS:
            remedy = f"{did_you_mean(algorithm, KNOWN_ALGORITHMS)}the known ones are {', '.join(KNOWN_ALGORITHMS)}"
            yield Problem(path=f"auth.algorithms[{index}]", what=f"is {algorithm!r}", remedy=remedy)
    if auth.key and auth.algorithms and not auth.algorithms[0].startswith("HS"):
        yield from key_problems(auth.key, auth.algorithms[0])


def key_problems(key: str, algorithm: str) -> Iterator[Problem]:
    """Whether a key can sign with an algorithm that wants a key pair."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - heavy, and only here
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    wanted: dict[str, tuple[type, ...]] = {
        "RS": (rsa.RSAPrivateKey,),
        "PS": (rsa.RSAPrivateKey,),
        "ES": (ec.EllipticCurvePrivateKey,),
        "Ed": (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey),
    }
    remedy = f'give the private key that signs {algorithm}, unencrypted, in PEM: key = "file:signing-key.pem"'
    if "PUBLIC KEY" in key:
        yield Problem(path="auth.key", what="is a public key, which signs nothing", remedy=remedy)
        return
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except TypeError:
        yield Problem(path="auth.key", what="is encrypted", remedy=remedy)
    except (ValueError, UnsupportedAlgorithm):
        yield Problem(path="auth.key", what="is no private key in PEM", remedy=remedy)
    else:
        if not isinstance(private, wanted.get(algorithm[:2], ())):
            what = f"is of another kind than auth.algorithms[0] = {algorithm!r} wants"
            yield Problem(path="auth.key", what=what, remedy=remedy)


def _user_problems(profile: Profile) -> Iterator[Problem]:
    accounts, signup, login = profile.users.accounts, profile.users.signup, profile.auth.login
    if not accounts and not signup:
        yield Problem(path="users", what="names no account, so that nobody can connect", remedy=NO_ACCOUNT)
    if signup and not login:
        remedy = "add [auth.login]: a new account logs in with its password"
        yield Problem(path="users.signup", what="makes accounts, but there is no login", remedy=remedy)
    for index, account in enumerate(accounts):
        yield from _account_problems(f"users.accounts[{index}]", account, can_log_in=login is not None)
    for name, times in Counter(account.username for account in accounts).items():
        if times > 1:
            remedy = "list each account once: overlapping scenes must not share one"
            yield Problem(path="users.accounts", what=f"names {name!r} {times} times", remedy=remedy)


def _account_problems(path: str, account: Account, *, can_log_in: bool) -> Iterator[Problem]:
    if not account.username:
        yield Problem(path=f"{path}.username", what="is empty", remedy="give the name that the account logs in with")
    if not account.password and not account.token:
        remedy = 'add password = "env:NAME" or token = "env:NAME"'
        yield Problem(path=path, what="has neither a password nor a token", remedy=remedy)
    elif account.token and not _SENDABLE.fullmatch(account.token):
        remedy = "give the token alone, without quotes, spaces or line ends"
        what = "holds characters that no request can carry"
        yield Problem(path=f"{path}.token", what=what, remedy=remedy)
    elif not account.token and not can_log_in:
        remedy = "add [auth.login], the request that gives a token, or give the account a token"
        yield Problem(path=f"{path}.password", what="is of no use: there is no login", remedy=remedy)


def _trigger_problems(profile: Profile) -> Iterator[Problem]:
    roles = {account.role for account in profile.users.accounts} | ({Role.MEMBER} if profile.users.signup else set())
    for name in profile.triggers.__struct_fields__:
        trigger = getattr(profile.triggers, name)
        if trigger and roles and trigger.by not in roles:
            what = f"is {trigger.by.value!r}, but no account has that role"
            remedy = f'add an account with role = "{trigger.by.value}"'
            yield Problem(path=f"triggers.{name}.by", what=what, remedy=remedy)


def _number_problems(profile: Profile) -> Iterator[Problem]:
    numbers = profile.numbers
    for name in ("heartbeat", "latency", "rate_window", "fallback", "grace"):
        seconds = getattr(numbers, name)
        if seconds > LONGEST_SECONDS:
            remedy = f"seconds are meant: if these are milliseconds, write {seconds / 1000:g}"
            yield Problem(path=f"numbers.{name}", what=f"is {seconds:g} s, more than an hour", remedy=remedy)
    if numbers.retry is not None and numbers.retry < SHORTEST_RETRY:
        remedy = f"milliseconds are meant: if these are seconds, write {numbers.retry * 1000}"
        yield Problem(path="numbers.retry", what=f"is {numbers.retry} ms", remedy=remedy)
    if numbers.latency >= numbers.heartbeat:
        remedy = (
            "promise less, or correct numbers.heartbeat: an event must be due before the next heartbeat, "
            "else one that only a heartbeat releases would look punctual"
        )
        what = f"is {numbers.latency:g} s, not less than numbers.heartbeat = {numbers.heartbeat:g} s"
        yield Problem(path="numbers.latency", what=what, remedy=remedy)
    if numbers.max_stream_age is not None and numbers.max_stream_age <= numbers.heartbeat:
        what = f"is {numbers.max_stream_age:g} s, not more than numbers.heartbeat = {numbers.heartbeat:g} s"
        remedy = "no stream would live to see a heartbeat: correct either"
        yield Problem(path="numbers.max_stream_age", what=what, remedy=remedy)


def _control_problems(profile: Profile) -> Iterator[Problem]:
    broker = profile.control and (profile.control.broker_stop or profile.control.broker_start)
    keys = ("stop", "start", *(("broker_stop", "broker_start") if broker else ()))
    for key in keys if profile.control else ():
        command = getattr(profile.control, key)
        if not (command if isinstance(command, str) else "".join(command[:1])).strip():
            remedy = f'give a line for the shell, or a list of strings: {key} = "systemctl {key} notifications"'
            yield Problem(path=f"control.{key}", what="is empty", remedy=remedy)


def _list_problems(profile: Profile) -> Iterator[Problem]:
    for index, name in enumerate(profile.sensitive_fields):
        if not name.strip():
            remedy = "give the name of a field that must never be sent"
            yield Problem(path=f"sensitive_fields[{index}]", what="is empty", remedy=remedy)
    for index, accepted in enumerate(profile.accept_untested):
        for key in ("rule", "reason"):
            if not getattr(accepted, key).strip():
                remedy = "name the rule (a glob will do) and say why it may stay untested"
                yield Problem(path=f"accept_untested[{index}].{key}", what="is empty", remedy=remedy)
