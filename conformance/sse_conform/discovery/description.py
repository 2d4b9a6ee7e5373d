"""
An API description read as plain operations: OpenAPI 3.x and Swagger 2.0, as far as requests have to be made from them.

Pure. Documents are foreign: what is missing, odd or endless (schemas that hold themselves) yields less, never an error.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

METHODS = ("get", "post", "put", "patch", "delete")
#: Schemas are followed to this depth.
DEEPEST = 6
_PARAMETER = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """
    One field of a request body.

    ``kind`` is the JSON type (empty where the document does not say), ``example`` a value it may have, ``fields`` those
    of an object, ``items`` the kind of an array's elements.
    """

    name: str
    kind: str
    required: bool
    format: str = ""
    text: str = ""
    example: Any = None
    choices: tuple[Any, ...] = ()
    least: float | None = None
    items: str = ""
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """
    One method of one path.

    ``label`` is how it is called: path, id and summary in lower case; ``words`` has its description and tags as well.
    ``form`` says that the body travels as a form, ``media_types`` are those of good answers, ``answers`` the pointers
    of the scalars in a good answer.
    """

    method: str
    path: str
    label: str
    words: str
    fields: tuple[Field, ...] = ()
    form: bool = False
    media_types: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in braces in the path."""
        return tuple(_PARAMETER.findall(self.path))


def is_description(document: object) -> bool:
    """Whether a JSON document is one of these descriptions."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("paths"), dict)
        and ("openapi" in document or "swagger" in document)
    )


def operations(document: Mapping[str, Any], base_path: str = "") -> tuple[Operation, ...]:
    """Every operation of a description; ``base_path`` is the part of the target's address that paths begin after."""
    reader = _Reader(document)
    prefix = reader.prefix.removeprefix(base_path.rstrip("/"))
    return tuple(
        reader.operation(method, prefix + path, item, item[method])
        for path, item in _objects(document.get("paths"))
        for method in METHODS
        if isinstance(item.get(method), dict)
    )


def _objects(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of an object that are objects themselves."""
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in value.items() if isinstance(inner, dict))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _joined(words: list[Any]) -> str:
    return " ".join(str(word) for word in words if word).lower()


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


class _Reader:
    """One document, whose references it follows."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @property
    def prefix(self) -> str:
        """The path that all paths begin with: of the first server, or the basePath of Swagger 2.0."""
        servers = [server.get("url") for server in _list(self._document.get("servers")) if isinstance(server, dict)]
        given = self._document.get("basePath") or next((url for url in servers if isinstance(url, str)), "")
        return urlsplit(str(given)).path.rstrip("/") if "{" not in str(given) else ""

    def operation(self, method: str, path: str, item: dict[str, Any], given: dict[str, Any]) -> Operation:
        """One operation of a path item."""
        called = [path, given.get("operationId"), given.get("summary")]
        told = [*called, given.get("description"), *_list(given.get("tags"))]
        schema, form = self._body(item, given)
        good = [self._resolved(answer) for code, answer in _objects(given.get("responses")) if code.startswith("2")]
        contents = [pair for answer in good for pair in _objects(answer.get("content"))]
        schemas = [content.get("schema") for _, content in contents] + [answer.get("schema") for answer in good]
        produced = [str(kind) for kind in _list(given.get("produces"))]
        return Operation(
            method=method.upper(),
            path=path,
            label=_joined(called),
            words=_joined(told),
            fields=tuple(self._fields(schema)),
            form=form,
            media_types=tuple(name.lower() for name in [*(name for name, _ in contents), *produced]),
            answers=tuple(pointer for each in schemas for pointer in self._scalars(each)),
        )

    def _body(self, item: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The schema of the body, and whether it is a form."""
        contents = dict(_objects(self._resolved(given.get("requestBody")).get("content")))
        as_json = next((kind for kind in contents if "json" in kind), "")
        as_form = next((kind for kind in contents if "form" in kind), "")
        if as_json or as_form:
            return self._resolved(contents[as_json or as_form].get("schema")), not as_json
        parameters = [self._resolved(p) for p in [*_list(item.get("parameters")), *_list(given.get("parameters"))]]
        in_body = next((p for p in parameters if p.get("in") == "body"), None)
        if in_body:
            return self._resolved(in_body.get("schema")), False
        in_form = [p for p in parameters if p.get("in") == "formData"]
        required = [p.get("name") for p in in_form if p.get("required")]
        return {"properties": {str(p.get("name")): p for p in in_form}, "required": required}, bool(in_form)

    def _resolved(self, schema: object, depth: int = 0) -> dict[str, Any]:
        """The object behind references, with the parts of allOf joined and the first real choice of anyOf and oneOf."""
        found = _object(schema)
        if depth > DEEPEST:
            return {}
        if isinstance(found.get("$ref"), str):
            found = self._resolved(self._referenced(found["$ref"]), depth + 1) | {
                key: value for key, value in found.items() if key != "$ref"
            }
        for part in _list(found.get("allOf")):
            inner = self._resolved(part, depth + 1)
            properties = _object(found.get("properties")) | _object(inner.get("properties"))
            required = [*_list(found.get("required")), *_list(inner.get("required"))]
            found = inner | found | {"properties": properties, "required": required}
        choices = [self._resolved(c, depth + 1) for c in [*_list(found.get("anyOf")), *_list(found.get("oneOf"))]]
        real = next((choice for choice in choices if choice.get("type") != "null"), {})
        return real | found

    def _referenced(self, reference: str) -> object:
        value: object = self._document
        for part in reference.removeprefix("#/").split("/"):
            value = _object(value).get(part.replace("~1", "/").replace("~0", "~"))
        return value

    def _fields(self, schema: object, depth: int = 0) -> Iterator[Field]:
        if depth > DEEPEST:
            return
        found = self._resolved(schema)
        required = {str(name) for name in _list(found.get("required"))}
        for name, given in _objects(found.get("properties")):
            inner = self._resolved(given)
            examples = [inner.get("example"), *_list(inner.get("examples")), inner.get("default"), inner.get("const")]
            least = inner.get("minimum")
            yield Field(
                name=name,
                kind=_kind(inner),
                required=name in required,
                format=str(inner.get("format") or ""),
                text=" ".join(str(inner.get(key) or "") for key in ("title", "description")).strip(),
                example=next((example for example in examples if example is not None), None),
                choices=tuple(_list(inner.get("enum"))),
                least=least if isinstance(least, int | float) else None,
                items=_kind(self._resolved(inner.get("items"))),
                fields=tuple(self._fields(inner, depth + 1)),
            )

    def _scalars(self, schema: object, pointer: str = "", depth: int = 0) -> Iterator[str]:
        if depth > DEEPEST:
            return
        properties = list(_objects(self._resolved(schema).get("properties")))
        if not properties and pointer:
            yield pointer
        for name, inner in properties:
            yield from self._scalars(inner, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", depth + 1)


def _kind(schema: dict[str, Any]) -> str:
    """The JSON type; of a list of them (OpenAPI 3.1) the first that is not null."""
    kind = schema.get("type")
    kinds = [each for each in _list(kind) if each != "null"] or [kind]
    if isinstance(kinds[0], str):
        return kinds[0]
    return "object" if isinstance(schema.get("properties"), dict) else ""
