import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_conform.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢 😀", "plain ü 漢 😀"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\x1b[31m\x9b1m\x07", "\\x1b[31m\\x9b1m\\x07"),
        ("\u202eright to left\u2028", "\\u202eright to left\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_everything_unprintable_is_escaped(text, shown):
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_any_text_becomes_one_line_that_can_be_encoded(text):
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert printable(shown) == shown
