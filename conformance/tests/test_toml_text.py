import tomllib

from hypothesis import given
from hypothesis import strategies as st

from sse_conform.toml_text import key, toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(TEXTS, VALUES)
def test_what_is_written_is_read_again(name, value) -> None:
    assert tomllib.loads(f"{key(name)} = {toml(value)}\n") == {name: value}


def test_a_value_stays_on_one_line_and_a_plain_key_bare() -> None:
    assert toml({"title": "{text}", "a b": [1, True]}) == '{ title = "{text}", "a b" = [1, true] }'
    assert "\n" not in toml("one\ntwo")
    assert toml({}) == "{}"
