import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_conform.strict_json import NotJson, strict_json, texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=40)
@given(JSON)
def test_what_was_written_is_read(value):
    assert strict_json(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a": NaN}', "[1, -Infinity]"])
def test_no_number_that_json_lacks_is_taken(text):
    with pytest.raises(NotJson, match="is not JSON"):
        strict_json(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "{'a': 1}", '{"a": 1} {"b": 2}', "undefined", '"\n"', "\ufeff{}", "01", "[1,]", "\u00a01"]
)
def test_what_a_browser_refuses_is_refused(text):
    with pytest.raises(NotJson):
        strict_json(text)


def test_a_document_too_deep_to_read_is_refused_and_does_no_harm():
    with pytest.raises(NotJson):
        strict_json("[" * 100_000)


@pytest.mark.parametrize("text", [' {"a":1}\r\n', '"\\ud800"', "1e999", '{"a":1,"a":2}'])
def test_what_a_browser_takes_is_taken(text):
    strict_json(text)


def test_every_string_is_found_however_deep():
    value = {"a": "one", "b": [{"c": "two"}, ["three", 4, None]], "d": {"e": {"f": "four"}}}
    assert sorted(texts(value)) == ["four", "one", "three", "two"]
    assert texts("alone") == ["alone"]
    assert texts(7) == []


def test_the_names_of_fields_are_not_among_the_texts():
    assert texts({"password": None}) == []
