"""What can be wrong with the request templates of a profile: methods, paths, placeholders, pointers."""

from collections.abc import Iterable, Iterator
from typing import Any

from sse_conform.driver.templates import PLACEHOLDER
from sse_conform.profile import SENSITIVE, Carrier, Profile, Recognise, RequestTemplate, Trigger
from sse_conform.profile_problem import Problem, did_you_mean
from sse_conform.profile_shape import join

CREDENTIALS = frozenset({"username", "password"})
USER_NAMES = frozenset({"target.id", "target.username"})
TRIGGER_NAMES = frozenset({SENSITIVE, "text", "target.id", "target.username", "sender.id", "sender.username", "nonce"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def template_problems(profile: Profile) -> Iterator[Problem]:
    """Everything wrong with the requests of a profile."""
    if login := profile.auth.login:
        yield from _request_problems("auth.login", login, CREDENTIALS)
        if profile.auth.carrier is not Carrier.COOKIE:
            yield from _token_problems(profile.auth.token)
    if logout := profile.auth.logout:
        yield from _request_problems("auth.logout", logout, frozenset())
    if signup := profile.users.signup:
        yield from _request_problems("users.signup", signup, CREDENTIALS)
        yield from _signup_problems(signup)
        yield from _pointer_problems("users.signup.id", signup.id, optional=True)
    yield from _pointer_problems("polling.page", profile.polling.page, optional=True)
    yield from _stream_of_problems(profile.paths.stream_of)
    if profile.rest:
        yield from _request_problems("rest", profile.rest, frozenset())
    for name in profile.triggers.__struct_fields__:
        trigger = getattr(profile.triggers, name)
        if trigger:
            yield from _trigger_problems(f"triggers.{name}", trigger, delivers=name != "invalid")


def _stream_of_problems(path: str) -> Iterator[Problem]:
    """A path that names a user, which has no other placeholder."""
    request = RequestTemplate(method="GET", path=path)
    for _, name in _placeholders(request, ""):
        if name not in USER_NAMES:
            remedy = placeholder_remedy(name, USER_NAMES)
            yield Problem(path="paths.stream_of", what=f"uses {{{name}}}, which is unknown", remedy=remedy)
    if path and not any(f"{{{name}}}" in path for name in USER_NAMES):
        remedy = 'put "{target.id}" where the user stands, or leave it out'
        yield Problem(path="paths.stream_of", what=f"is {path!r}, which names no user", remedy=remedy)


def _signup_problems(signup: RequestTemplate) -> Iterator[Problem]:
    missing = sorted(CREDENTIALS - set(_names_in(signup)))
    if missing:
        what = f"does not use {' and '.join(f'{{{name}}}' for name in missing)}"
        remedy = "each new account needs a name and a password of its own: put the placeholders into json or form"
        yield Problem(path="users.signup", what=what, remedy=remedy)


def _trigger_problems(path: str, trigger: Trigger, *, delivers: bool) -> Iterator[Problem]:
    known = set(TRIGGER_NAMES)
    for index, step in enumerate(trigger.steps):
        where = join(f"{path}.steps", index)
        yield from _request_problems(where, step, frozenset(known))
        for name, pointer in step.save.items():
            yield from _pointer_problems(f"{where}.save.{name}", pointer)
            if not PLACEHOLDER.fullmatch(f"{{{name}}}"):
                remedy = "use small letters, digits and underscores, so that {name} can be a placeholder"
                yield Problem(path=f"{where}.save", what=f"names a value {name!r}", remedy=remedy)
        known |= set(step.save)
    if not trigger.steps:
        remedy = f'add [[{path}.steps]] with path = "..." and json = {{ ... }}'
        yield Problem(path=f"{path}.steps", what="is empty, so that nothing would be sent", remedy=remedy)
    elif delivers:
        yield from _recognition_problems(path, trigger)


def _recognition_problems(path: str, trigger: Trigger) -> Iterator[Problem]:
    """An event must be recognisable: by our text in it, or by the id that the answer names."""
    names = {name for step in trigger.steps for name in _names_in(step)}
    if trigger.recognise is Recognise.MARKER and "text" not in names:
        what = 'is "marker", but no step sends {text}'
        remedy = 'put "{text}" where the message comes from, or set recognise = "id"'
        yield Problem(path=f"{path}.recognise", what=what, remedy=remedy)
    if trigger.recognise is Recognise.ID and not trigger.id:
        what = 'is missing, but recognise is "id"'
        remedy = 'give the JSON pointer of the notification\'s id in the last answer, for example id = "/id"'
        yield Problem(path=f"{path}.id", what=what, remedy=remedy)
    else:
        yield from _pointer_problems(f"{path}.id", trigger.id, optional=True)


def _request_problems(path: str, request: RequestTemplate, known: frozenset[str]) -> Iterator[Problem]:
    if request.method not in METHODS:
        remedy = f"{did_you_mean(request.method.upper(), METHODS)}use one of {', '.join(METHODS)}"
        yield Problem(path=f"{path}.method", what=f"is {request.method!r}", remedy=remedy)
    if not request.path.startswith("/"):
        remedy = f'begin it with a slash, without scheme and host: "/{request.path}"'
        yield Problem(path=f"{path}.path", what=f"is {request.path!r}", remedy=remedy)
    if request.json is not None and request.form is not None:
        yield Problem(path=path, what="has both json and form", remedy="a request has one body: leave one out")
    for where, name in _placeholders(request, path):
        if name not in known:
            yield Problem(path=where, what=f"uses {{{name}}}, which is unknown", remedy=placeholder_remedy(name, known))


def placeholder_remedy(name: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown placeholder."""
    names = {f"{{{each}}}" for each in known}
    choice = f"known here: {', '.join(sorted(names))}" if names else "there are no placeholders here"
    return f"{did_you_mean(f'{{{name}}}', names)}{choice}; for braces as such put a space inside them"


def _names_in(request: RequestTemplate) -> Iterator[str]:
    return (name for _, name in _placeholders(request, ""))


def _placeholders(request: RequestTemplate, path: str) -> Iterator[tuple[str, str]]:
    """Each placeholder of a request with the path of the value that holds it."""
    for key in ("path", "headers", "json", "form"):
        for where, text in _texts(getattr(request, key), join(path, key)):
            for found in PLACEHOLDER.finditer(text):
                yield where, found[1]


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any TOML value
    match value:
        case str():
            yield path, value
        case dict():
            for key, element in value.items():
                yield from _texts(element, join(path, key))
        case list() | tuple():
            for index, element in enumerate(value):
                yield from _texts(element, join(path, index))
        case _:
            return


def _token_problems(token: str) -> Iterator[Problem]:
    """A token is in the body, in a cookie, or in a header of the login's answer."""
    kind, _, name = token.partition(":")
    if kind not in {"cookie", "header"}:
        yield from _pointer_problems("auth.token", token)
    elif not name.strip():
        remedy = f'name it: "{kind}:{"sid" if kind == "cookie" else "x-auth-token"}"'
        yield Problem(path="auth.token", what=f"is {token!r}", remedy=remedy)


def _pointer_problems(path: str, pointer: str, *, optional: bool = False) -> Iterator[Problem]:
    """A JSON pointer (RFC 6901) begins with a slash."""
    if not pointer.startswith("/") and not (optional and not pointer):
        remedy = f'write a JSON pointer: "/{pointer.replace(".", "/").lstrip("$/")}"'
        yield Problem(path=path, what=f"is {pointer!r}", remedy=remedy)
