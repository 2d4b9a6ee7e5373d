import pytest

from sse_conform.prometheus_text import value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("open 3", 3.0),
        ("open 3.5e1\n", 35.0),
        ("open{} 2", 2.0),
        ('open{worker="1"} 2\nopen{worker="2"} 3\n', 5.0),
        ("open 3 1700000000000", 3.0),
        ('open{worker="of 2: #1} 7"} 2 1700000000000', 2.0),
        ('open{worker="1"}\t2', 2.0),
        ("# HELP open 9\n# TYPE open gauge\nopen 1\n# EOF\n", 1.0),
        ("opened 3\nopen_total 4", None),
        ("", None),
        ("open many", None),
    ],
)
def test_the_samples_of_a_metric_are_added_up(text: str, value: float | None):
    assert value_of(text, "open") == value


def test_a_name_is_no_pattern():
    assert value_of("openXtotal 1", "open.total") is None
