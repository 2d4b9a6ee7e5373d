"""Bodies of requests made from the fields that a description or an error message names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sse_conform.discovery.description import Field
from sse_conform.discovery.words import BY_NAME, FREE_OBJECT, NAMES, PASSWORDS, RECIPIENT, TEXTS

#: Where new accounts have their addresses, if none is given (RFC 2606 keeps the name free).
DOMAIN = "example.test"
#: What a field of a certain format may hold.
_FORMATS = {
    "email": f"conform@{DOMAIN}",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://app.example",
    "url": "https://app.example",
    "date": "2030-01-01",
    "date-time": "2030-01-01T00:00:00Z",
}
_VARIANTS = (
    ("username", "password"),
    ("email", "password"),
    ("username", "email", "password"),
    ("name", "email", "password"),
    ("login", "password"),
)
#: The resource owner password credentials grant (RFC 6749, 4.3.2).
_GRANT = {"grant_type": "password", "username": "{username}", "password": "{password}"}
_WORD = re.compile(r"[A-Za-z_]+")

Body = dict[str, Any]

_NAME_OF_NOBODY = "nobody-of-this-name"
#: What stands for somebody who does not exist, by what stands for the one concerned.
_NOBODY: dict[str, Any] = {"{target.id}": _NAME_OF_NOBODY, "{target.username}": _NAME_OF_NOBODY}
_NOBODY |= {str([name]): [_NAME_OF_NOBODY] for name in tuple(_NOBODY)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The body of a request, as JSON or as a form."""

    body: Body
    form: bool = False

    def request(self, path: str, method: str = "POST") -> dict[str, Any]:
        """The request template of the profile."""
        verb = {} if method == "POST" else {"method": method}
        return {**verb, "path": path, "form" if self.form else "json": self.body}


OAUTH = Shape(body=_GRANT, form=True)


def credential_shape(fields: Iterable[Field], *, form: bool, domain: str) -> Shape | None:
    """The body of a login or a sign-up; None where no field takes a password."""
    body = _credentials(fields, domain)
    return Shape(body=body, form=form) if "{password}" in _texts(body) else None


def _credentials(fields: Iterable[Field], domain: str) -> Body:
    given = list(fields)
    naming = sorted((f for f in given if f.name in NAMES and not f.fields), key=lambda f: NAMES.index(f.name))
    # Where several fields could name the person, those that are not asked for stay out.
    named = {f.name for f in naming if f.required} or {f.name for f in naming[:1]}
    body: Body = {}
    for field in given:
        if _is_password(field):
            body[field.name] = "{password}"
        elif field.name in named:
            body[field.name] = _identity(field.name, domain, field.format)
        elif field.fields and "{password}" in _texts(_credentials(field.fields, domain)):
            body[field.name] = _credentials(field.fields, domain)
        elif field.required:
            body[field.name] = sample(field)
    return body


def _is_password(field: Field) -> bool:
    return field.name.lower() in PASSWORDS or "password" in field.name.lower() or field.format == "password"


def _identity(name: str, domain: str, form: str = "") -> str:
    return f"{{username}}@{domain}" if form == "email" or "mail" in name.lower() else "{username}"


def variants(evidence: Iterable[str], domain: str) -> Iterator[Shape]:
    """The usual bodies, those first that use what an error message named: a JSON body before a form."""
    words = set(evidence)
    best = sorted(_VARIANTS, key=lambda names: (-len(words & set(names)), len(set(names) - words)))
    for form in (False, True):
        for names in best:
            body = {name: "{password}" if name == "password" else _identity(name, domain) for name in names}
            yield Shape(body=body, form=form)


def login_variants(evidence: Iterable[str], domain: str) -> Iterator[Shape]:
    """The usual bodies for what is known to be a login: each as JSON, then as a form; OAuth's form comes early."""
    shapes = list(variants(evidence, domain))
    forms = [shape for shape in shapes if shape.form]
    for number, pair in enumerate(zip([shape for shape in shapes if not shape.form], forms, strict=True)):
        yield from pair
        if not number:
            yield OAUTH


def words_in(text: str) -> set[str]:
    """The names of credentials that a message mentions."""
    return {word for word in _WORD.findall(text) if word in NAMES or word in PASSWORDS}


def event_body(fields: Iterable[Field], recipient: str) -> tuple[Body, bool, bool]:
    """
    The body of a request that causes an event: our text, whom it concerns (``target`` or ``sender``), what it needs.

    Gives the body, whether the text has a place in it, and whether the recipient has.
    """
    given = list(fields)
    strings = [f for f in given if f.kind in {"string", ""} and not f.choices and not _is_recipient(f)]
    text = min(
        (f for f in strings if f.name in TEXTS), key=lambda f: (not f.required, TEXTS.index(f.name)), default=None
    )
    text = text or next((f for f in strings if f.required and not f.format), None)
    body: Body = {}
    concerned = False
    for field in given:
        if field is text:
            body[field.name] = "{text}"
        elif _is_recipient(field) and not concerned:
            body[field.name] = _recipient(field, recipient)
            concerned = True
        elif field.required:
            body[field.name] = sample(field)
    return body, text is not None, concerned


def free_object(fields: Iterable[Field]) -> str:
    """The field that takes any JSON object, such as details; empty without one."""
    objects = [f.name for f in fields if f.kind == "object" and not f.fields]
    return next((name for name in objects if FREE_OBJECT.search(name)), "")


def _is_recipient(field: Field) -> bool:
    return bool(RECIPIENT.search(field.name)) and field.kind in {"string", "integer", "number", "array", ""}


def _recipient(field: Field, recipient: str) -> Any:  # noqa: ANN401 - a JSON value
    name = "username" if BY_NAME.search(f"{field.name} {field.text}") else "id"
    value = f"{{{recipient}.{name}}}"
    return [value] if field.kind == "array" else value


def sample(field: Field) -> Any:  # noqa: ANN401, PLR0911 - any JSON value, one line a kind
    """A value that the field probably takes."""
    if field.choices:
        return field.choices[0]
    if field.example is not None:
        return field.example
    match field.kind:
        case "integer" | "number":
            return field.least if field.least is not None else 1
        case "boolean":
            return False
        case "array":
            return []
        case "object":
            return {inner.name: sample(inner) for inner in field.fields if inner.required}
        case _:
            return _FORMATS.get(field.format, "conform")


def _texts(value: object) -> list[str]:
    """Every string in a body."""
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for inner in value.values() for text in _texts(inner)]
        case _:
            return []


def unknown_recipient(body: Body) -> Body | None:
    """The same body for somebody who does not exist; None where it names nobody."""
    changed = {key: _NOBODY.get(str(value), value) for key, value in body.items()}
    return changed if changed != body else None
