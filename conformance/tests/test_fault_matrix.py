import json

import pytest

from sse_conform.fault_matrix import FAULTLESS, FaultInfo, Standing, Trial, compare, matrix_of
from sse_conform.writers import kill_matrix

RULES = ("a.one", "a.two", "b.three")


def fault(*breaks: str, name: str = "broken") -> FaultInfo:
    return FaultInfo(name=name, summary="It is broken.", breaks=breaks)


def trial(*raised: str, name: str = "broken", trouble: str = "") -> Trial:
    return Trial(fault=name, seconds=1.0, raised=raised, trouble=trouble)


@pytest.mark.parametrize(
    ("breaks", "raised", "standing"),
    [
        (("a.one",), ("a.one",), Standing.CAUGHT),
        (("a.one", "a.two"), ("a.two", "a.one"), Standing.CAUGHT),
        (("a.one",), (), Standing.SURVIVOR),
        (("a.one", "a.two"), ("a.one",), Standing.SURVIVOR),
        (("a.one",), ("a.two",), Standing.SURVIVOR),
        (("a.one",), ("a.one", "b.three"), Standing.COMPANIONS),
        ((), ("b.three",), Standing.COMPANIONS),
        ((), (), Standing.NOT_YET_JUDGED),
        (("c.future",), (), Standing.NOT_YET_JUDGED),
        (("a.one", "c.future"), ("a.one",), Standing.CAUGHT),
    ],
)
def test_a_fault_is_caught_by_exactly_the_rules_that_it_names(breaks, raised, standing):
    assert compare(fault(*breaks), trial(*raised), RULES).standing is standing


def test_a_row_names_what_is_missing_and_what_is_too_much():
    row = compare(fault("a.one", "a.two", "c.future"), trial("a.one", "b.three"), RULES)
    assert (row.missing, row.unexpected, row.future) == (("a.two",), ("b.three",), ("c.future",))


def test_a_run_in_trouble_is_no_kill():
    row = compare(fault("a.one"), trial("a.one", trouble="exit code 4"), RULES)
    assert row.standing is Standing.TROUBLE
    assert matrix_of("0", [row], RULES).unbroken == RULES


def test_the_faultless_server_may_raise_nothing():
    nothing = fault(name=FAULTLESS)
    assert compare(nothing, trial(name=FAULTLESS), RULES).standing is Standing.CLEAN
    assert compare(nothing, trial("a.one", name=FAULTLESS), RULES).standing is Standing.FALSE_ALARM


def test_a_rule_that_only_came_along_counts_as_broken_by_none():
    row = compare(fault("a.one"), trial("a.one", "b.three"), RULES)
    assert matrix_of("0", [row], RULES).unbroken == ("a.two", "b.three")


@pytest.mark.parametrize(
    ("raised", "trouble", "proven"),
    [(("a.one",), "", True), ((), "", False), (("a.one", "a.two"), "", False), (("a.one",), "it hung", False)],
)
def test_a_matrix_is_proven_only_when_every_row_is(raised, trouble, proven):
    fine = compare(fault("b.three", name="other"), trial("b.three", name="other"), RULES)
    doubtful = compare(fault("a.one"), trial(*raised, trouble=trouble), RULES)
    assert matrix_of("0", [fine, doubtful], RULES).proven is proven


def test_faults_that_no_rule_judges_yet_are_listed_apart(tmp_path):
    rows = [
        compare(fault("a.one", name="now"), trial("a.one", name="now"), RULES),
        compare(fault("c.future", name="later"), trial(name="later"), RULES),
    ]
    kill_matrix.save(matrix_of("0", rows, RULES), tmp_path)
    text = (tmp_path / kill_matrix.MARKDOWN_FILE).read_text()
    matrix, _, later = text.partition("## Not yet judged")
    assert "| `now` |" in matrix
    assert "| `later` |" not in matrix
    assert "| `later` | It is broken. | `c.future` |" in later


def test_the_json_form_holds_every_row(tmp_path):
    rows = [compare(fault("a.one"), trial("a.one", "a.two"), RULES)]
    kill_matrix.save(matrix_of("0", rows, RULES), tmp_path)
    document = json.loads((tmp_path / kill_matrix.JSON_FILE).read_bytes())
    assert document["rows"][0]["standing"] == "unexpected companions"
    assert document["rows"][0]["unexpected"] == ["a.two"]
    assert document["unbroken"] == ["a.two", "b.three"]


def test_a_bar_in_a_summary_does_not_end_the_cell(tmp_path):
    odd = FaultInfo(name="odd", summary="It writes a|b.", breaks=("a.one",))
    kill_matrix.save(matrix_of("0", [compare(odd, trial("a.one", name="odd"), RULES)], RULES), tmp_path)
    assert "It writes a\\|b." in (tmp_path / kill_matrix.MARKDOWN_FILE).read_text()
