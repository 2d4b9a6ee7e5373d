from sse_conform.discovery.bodies import (
    Shape,
    credential_shape,
    event_body,
    free_object,
    sample,
    unknown_recipient,
    variants,
    words_in,
)
from sse_conform.discovery.description import Field


def field(name, kind="string", *, required=True, **more) -> Field:
    return Field(name=name, kind=kind, required=required, **more)


def test_a_login_takes_a_name_and_a_password() -> None:
    shape = credential_shape([field("username"), field("password")], form=True, domain="example.test")
    assert shape == Shape(body={"username": "{username}", "password": "{password}"}, form=True)
    assert shape.request("/login") == {"path": "/login", "form": shape.body}


def test_an_address_gets_a_domain_and_what_is_required_a_value() -> None:
    fields = [field("email", format="email"), field("pass_phrase_password"), field("plan", choices=("free", "pro"))]
    shape = credential_shape(fields, form=False, domain="corp.example")
    assert shape is not None
    assert shape.body == {
        "email": "{username}@corp.example", "pass_phrase_password": "{password}", "plan": "free",
    }  # fmt: skip


def test_of_several_names_that_are_optional_one_is_given() -> None:
    fields = [field("login", required=False), field("username", required=False), field("password")]
    shape = credential_shape(fields, form=False, domain="example.test")
    assert shape is not None
    assert shape.body == {"username": "{username}", "password": "{password}"}


def test_credentials_may_be_wrapped() -> None:
    user = field("user", "object", fields=(field("email"), field("password")))
    shape = credential_shape([user], form=False, domain="example.test")
    assert shape is not None
    assert shape.body == {"user": {"email": "{username}@example.test", "password": "{password}"}}


def test_without_a_password_it_is_no_login() -> None:
    assert credential_shape([field("username")], form=False, domain="x") is None


def test_what_a_refusal_names_is_tried_first() -> None:
    first = next(variants(words_in('{"error": "email must be a string"}'), "example.test"))
    assert first.body == {"email": "{username}@example.test", "password": "{password}"}
    assert [shape.form for shape in variants((), "x")].index(True) == 5
    assert next(variants((), "x")).body == {"username": "{username}", "password": "{password}"}


def test_an_event_has_our_text_and_whom_it_concerns() -> None:
    fields = [field("description", required=False), field("title"), field("assigneeId", "integer"), field("level", "integer", least=3)]  # fmt: skip # noqa: E501
    body, has_text, concerned = event_body(fields, "target")
    assert (has_text, concerned) == (True, True)
    assert body == {"title": "{text}", "assigneeId": "{target.id}", "level": 3}


def test_a_recipient_may_be_a_name_or_a_list() -> None:
    assert event_body([field("text"), field("assigned_to", text="The username.")], "sender")[0] == {
        "text": "{text}", "assigned_to": "{sender.username}",
    }  # fmt: skip
    assert event_body([field("text"), field("userIds", "array")], "target")[0]["userIds"] == ["{target.id}"]


def test_a_body_without_any_text_says_so() -> None:
    assert event_body([field("count", "integer")], "target")[1] is False


def test_a_free_object_takes_sensitive_values() -> None:
    fields = [field("details", "object"), field("title")]
    assert free_object(fields) == "details"
    assert free_object([field("details", "object", fields=(field("a"),))]) == ""


def test_an_unknown_recipient_makes_a_request_to_be_refused() -> None:
    assert unknown_recipient({"title": "{text}", "owner": "{target.id}"}) == {
        "title": "{text}", "owner": "nobody-of-this-name",
    }  # fmt: skip
    assert unknown_recipient({"title": "{text}"}) is None
    assert unknown_recipient({"userIds": ["{target.id}"]}) == {"userIds": ["nobody-of-this-name"]}


def test_a_sample_fits_its_kind() -> None:
    assert sample(field("a", "boolean")) is False
    assert sample(field("a", "array")) == []
    assert sample(field("a", format="date-time")).endswith("Z")
    assert sample(field("a", "object", fields=(field("b", "integer"), field("c", required=False)))) == {"b": 1}
    assert sample(field("a", example="given")) == "given"
