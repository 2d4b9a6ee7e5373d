import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_conform.discovery.description import METHODS, is_description, operations


def openapi(path="/x", method="post", *, schemas=None, servers=(), **operation):
    return {
        "openapi": "3.1.0",
        "servers": list(servers),
        "paths": {path: {method: operation}},
        "components": {"schemas": schemas or {}},
    }


def body(schema, kind="application/json"):
    return {"content": {kind: {"schema": schema}}}


def only(document, base_path=""):
    (operation,) = operations(document, base_path)
    return operation


def test_references_are_followed_and_joined() -> None:
    schemas = {
        "Named": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "User": {"allOf": [{"$ref": "#/components/schemas/Named"}, {"properties": {"age": {"type": "integer"}}}]},
    }
    found = only(openapi(schemas=schemas, requestBody=body({"$ref": "#/components/schemas/User"})))
    assert {(f.name, f.kind, f.required) for f in found.fields} == {("name", "string", True), ("age", "integer", False)}


def test_a_field_that_may_be_null_keeps_its_type() -> None:
    for schema in ({"anyOf": [{"type": "null"}, {"type": "string"}]}, {"type": ["null", "string"]}):
        (field,) = only(openapi(requestBody=body({"properties": {"owner": schema}}))).fields
        assert field.kind == "string"


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    schemas = {"Node": {"properties": {"child": {"$ref": "#/components/schemas/Node"}, "n": {"type": "integer"}}}}
    found = only(openapi(schemas=schemas, requestBody=body({"$ref": "#/components/schemas/Node"})))
    assert [field.name for field in found.fields] == ["child", "n"]
    itself = {"$ref": "#/components/schemas/A"}
    assert only(openapi(schemas={"A": itself}, requestBody=body(itself))).fields == ()


def test_a_form_is_told_from_json() -> None:
    schema = {"properties": {"password": {"type": "string"}}}
    assert only(openapi(requestBody=body(schema, "application/x-www-form-urlencoded"))).form
    assert not only(openapi(requestBody=body(schema))).form


def test_answers_are_pointers_and_media_types() -> None:
    schema = {"properties": {"data": {"properties": {"id": {"type": "integer"}}}}}
    good = {"content": {"application/json": {"schema": schema}, "Text/Event-Stream": {}}}
    found = only(openapi(responses={"201": good, "404": {"content": {"text/html": {}}}}))
    assert found.answers == ("/data/id",)
    assert found.media_types == ("application/json", "text/event-stream")


def test_swagger_2_has_bodies_forms_and_a_base_path() -> None:
    login = {
        "consumes": ["application/json"],
        "produces": ["text/event-stream"],
        "parameters": [{"in": "body", "schema": {"$ref": "#/definitions/Login"}}],
        "responses": {"200": {"schema": {"properties": {"id": {}}}}},
    }
    sign_up = {"parameters": [{"in": "formData", "name": "password", "type": "string", "required": True}]}
    document = {
        "swagger": "2.0",
        "basePath": "/v2",
        "paths": {"/login": {"post": login}, "/signup": {"post": sign_up}},
        "definitions": {"Login": {"properties": {"user": {"type": "string"}}}},
    }
    first, second = operations(document)
    assert (first.path, first.fields[0].name, first.media_types, first.answers) == (
        "/v2/login", "user", ("text/event-stream",), ("/id",),
    )  # fmt: skip
    assert (second.form, second.fields[0].name, second.fields[0].required) == (True, "password", True)


@pytest.mark.parametrize(
    ("server", "base_path", "path"),
    [
        ("/api/v1", "", "/api/v1/x"),
        ("https://other.example/api", "", "/api/x"),
        ("/api", "/api", "/x"),
        ("/api", "/api/", "/x"),
        ("https://{tenant}.example/{version}", "", "/x"),
    ],
)
def test_a_path_begins_after_the_address_of_the_target(server, base_path, path) -> None:
    assert only(openapi(servers=[{"url": server}]), base_path).path == path


KEYS = (
    "paths post get requestBody content application/json schema properties allOf anyOf type $ref responses 200 "
    "parameters in body required servers url /x"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.just("/x"), st.dictionaries(st.sampled_from(METHODS), JSON)), JSON)
def test_nonsense_yields_less_and_never_an_error(paths, rest) -> None:
    document = {"openapi": "3.0.0", "paths": paths} | (rest if isinstance(rest, dict) else {})
    operations(document)


def test_other_documents_are_no_descriptions() -> None:
    assert is_description(openapi())
    assert not is_description({"paths": {}})
    assert not is_description([])
    assert not is_description({"openapi": "3.0.0", "paths": []})
