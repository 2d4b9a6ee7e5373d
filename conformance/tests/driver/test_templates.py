import pytest

from sse_conform.driver.templates import fill

VALUES = {"target.id": 7, "text": "hello", "nothing": None, "tags": ["a"]}


def test_a_placeholder_alone_keeps_the_type_of_its_value():
    assert fill("{target.id}", VALUES) == 7
    assert fill("{nothing}", VALUES) is None
    assert fill("{tags}", VALUES) == ["a"]


def test_a_placeholder_in_a_text_becomes_text():
    assert fill("/users/{target.id}/{text}", VALUES) == "/users/7/hello"
    assert fill("{target.id}{target.id}", VALUES) == "77"


def test_placeholders_are_filled_in_however_deep():
    template = {"a": [{"id": "{target.id}"}, 3, True], "b": ("{text}",)}
    assert fill(template, VALUES) == {"a": [{"id": 7}, 3, True], "b": ["hello"]}


def test_names_of_fields_are_not_filled_in():
    assert fill({"{text}": 1}, VALUES) == {"{text}": 1}


@pytest.mark.parametrize("text", ["{unknown}", "a {unknown} b", "{}", "{Text}", "{0}", "{{", "{ text }", "$1 \\1"])
def test_what_is_no_known_placeholder_stays_as_it_is_written(text):
    assert fill(text, VALUES) == text


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_again():
    assert fill("<{text}>", {"text": "{target.id}", "target.id": 7}) == "<{target.id}>"


def test_the_template_is_left_as_it_was():
    template = {"a": ["{text}"]}
    fill(template, VALUES)
    assert template == {"a": ["{text}"]}
