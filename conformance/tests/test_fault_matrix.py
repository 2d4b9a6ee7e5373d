import json

import pytest

from sse_conform.fault_matrix import (
    FAULTLESS,
    Kind,
    Row,
    Standing,
    Trial,
    Variant,
    compare,
    flips_of,
    matrix_of,
    worst,
)
from sse_conform.writers import kill_matrix

RULES = ("a.one", "a.two", "b.three")
PLAIN = Variant(name=FAULTLESS, summary="Nothing.", kind=Kind.NOTHING)


def fault(*rules: str, name: str = "broken") -> Variant:
    return Variant(name=name, summary="It is broken.", rules=rules)


def oddity(*warns: str, name: str = "strange") -> Variant:
    return Variant(name=name, summary="It is legal.", kind=Kind.ODDITY, rules=warns, trap="3. Anything goes.")


def trial(*failed: str, name: str = "broken", trouble: str = "", **more: tuple[str, ...]) -> Trial:
    return Trial(variant=name, seconds=1.0, failed=failed, trouble=trouble, **more)


def matrix(*rows: Row, **more):
    return matrix_of("0", "f", rows, RULES, **more)


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
    assert compare(fault(*breaks), trial(warned=raised), RULES).standing is standing


@pytest.mark.parametrize(
    ("warns", "failed", "warned", "unjudged", "standing"),
    [
        ((), (), (), (), Standing.QUIET),
        (("a.one",), (), ("a.one",), (), Standing.QUIET),
        (("a.one",), ("a.one",), (), (), Standing.FALSE_ALARM),
        (("a.one",), (), ("a.one", "a.two"), (), Standing.FALSE_ALARM),
        ((), ("b.three",), (), (), Standing.FALSE_ALARM),
        ((), (), ("b.three",), (), Standing.FALSE_ALARM),
        ((), (), (), ("b.three",), Standing.FALSE_ALARM),
        (("a.one",), (), (), (), Standing.SURVIVOR),
    ],
)
def test_an_oddity_raises_exactly_the_warnings_that_it_names(warns, failed, warned, unjudged, standing):
    made = trial(*failed, name="strange", warned=warned, unjudged=unjudged)
    assert compare(oddity(*warns), made, RULES).standing is standing


def test_a_row_names_what_is_missing_and_what_is_too_much():
    row = compare(fault("a.one", "a.two", "c.future"), trial("a.one", "b.three"), RULES)
    assert (row.missing, row.unexpected, row.future) == (("a.two",), ("b.three",), ("c.future",))


@pytest.mark.parametrize("variant", [fault("a.one"), oddity(), PLAIN], ids=lambda variant: variant.kind.value)
def test_a_run_in_trouble_is_neither_kill_nor_quiet(variant):
    row = compare(variant, trial("a.one", trouble="exit code 4"), RULES)
    assert row.standing is Standing.TROUBLE
    assert matrix(row).unbroken == RULES
    assert not matrix(row).proven


@pytest.mark.parametrize("raised", [{"failed": ("a.one",)}, {"warned": ("a.one",)}, {"unjudged": ("a.one",)}])
def test_the_faultless_server_may_raise_nothing_and_leave_nothing_unjudged(raised):
    assert compare(PLAIN, trial(name=FAULTLESS), RULES).standing is Standing.CLEAN
    assert compare(PLAIN, Trial(variant=FAULTLESS, seconds=1.0, **raised), RULES).standing is Standing.FALSE_ALARM


def test_a_rule_that_only_came_along_counts_as_broken_by_none():
    assert matrix(compare(fault("a.one"), trial("a.one", "b.three"), RULES)).unbroken == ("a.two", "b.three")


def test_a_warning_on_an_oddity_is_no_kill():
    assert matrix(compare(oddity("a.one"), trial(name="strange", warned=("a.one",)), RULES)).unbroken == RULES


@pytest.mark.parametrize(
    ("raised", "trouble", "proven"),
    [(("a.one",), "", True), ((), "", False), (("a.one", "a.two"), "", False), (("a.one",), "it hung", False)],
)
def test_a_matrix_is_proven_only_when_every_row_is(raised, trouble, proven):
    fine = compare(fault("b.three", name="other"), trial("b.three", name="other"), RULES)
    doubtful = compare(fault("a.one"), trial(*raised, trouble=trouble), RULES)
    assert matrix(fine, doubtful).proven is proven


def test_of_repeats_the_one_that_proves_least_stands():
    good, bad = (compare(fault("a.one"), each, RULES) for each in (trial("a.one"), trial()))
    troubled = compare(fault("a.one"), trial(trouble="it hung"), RULES)
    assert worst([good, bad]) is bad
    assert worst([bad, good]) is bad
    assert worst([bad, troubled, good]) is troubled


def test_a_flip_is_a_verdict_that_differs_between_repeats():
    same = [trial("a.one", name="steady")] * 3
    changing = [trial("a.one"), trial("a.one"), trial(warned=("a.one",)), trial("a.one", trouble="it hung")]
    (flip,) = flips_of([*same, *changing])
    assert (flip.rule, flip.runs, flip.flips, flip.variants) == ("a.one", 6, 1, ("broken",))
    assert flip.rate == 1 / 6
    row = compare(fault("a.one"), trial("a.one"), RULES)
    assert matrix(row).proven
    assert not matrix(row, flips=[flip]).proven


def test_a_verdict_that_was_missing_once_is_a_flip():
    (flip,) = flips_of([trial(), trial(unjudged=("a.two",))])
    assert (flip.rule, flip.flips) == ("a.two", 1)


def test_faults_that_no_rule_judges_yet_are_listed_apart(tmp_path):
    rows = [
        compare(fault("a.one", name="now"), trial("a.one", name="now"), RULES),
        compare(fault("c.future", name="later"), trial(name="later"), RULES),
    ]
    kill_matrix.save(matrix(*rows), tmp_path)
    text = (tmp_path / kill_matrix.MARKDOWN_FILE).read_text()
    judged, _, later = text.partition("## Not yet judged")
    assert "| `now` |" in judged
    assert "| `later` |" not in judged
    assert "| `later` | It is broken. | `c.future` |" in later


def test_oddities_and_flips_have_tables_of_their_own(tmp_path):
    (flip,) = flips_of([trial(), trial("a.two")])
    odd = compare(oddity(), trial("b.three", name="strange"), RULES)
    kill_matrix.save(matrix(odd, flips=[flip]), tmp_path)
    text = (tmp_path / kill_matrix.MARKDOWN_FILE).read_text()
    row = "| `strange` | It is legal. | 3. Anything goes. | `b.three` | false alarm: unexpected: b.three |"
    assert row in text.partition("## Legal oddities")[2]
    assert "| `a.two` | 50.0% | 2 | `broken` |" in text.partition("## Flips")[2]


def test_the_json_form_holds_every_row_and_is_read_back(tmp_path):
    whole = matrix(compare(fault("a.one"), trial("a.one", "a.two"), RULES))
    kill_matrix.save(whole, tmp_path)
    document = json.loads((tmp_path / kill_matrix.JSON_FILE).read_bytes())
    assert document["rows"][0]["standing"] == "unexpected companions"
    assert document["rows"][0]["unexpected"] == ["a.two"]
    assert document["unbroken"] == ["a.two", "b.three"]
    assert kill_matrix.load(tmp_path) == whole


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"suite": "0"}'])
def test_what_is_no_matrix_is_not_resumed(tmp_path, content):
    if content is not None:
        (tmp_path / kill_matrix.JSON_FILE).write_bytes(content)
    assert kill_matrix.load(tmp_path) is None


def test_a_bar_in_a_summary_does_not_end_the_cell(tmp_path):
    strange = Variant(name="odd", summary="It writes a|b.", rules=("a.one",))
    kill_matrix.save(matrix(compare(strange, trial("a.one", name="odd"), RULES)), tmp_path)
    assert "It writes a\\|b." in (tmp_path / kill_matrix.MARKDOWN_FILE).read_text()


def test_the_line_of_a_run_says_how_long_the_others_may_take():
    row = compare(fault("a.one"), trial("a.one"), RULES)
    assert "about 60 s left" in kill_matrix.line(row, count="1/9", left=60)
    assert "about 5 min left" in kill_matrix.line(row, count="1/9", left=300)
    assert "left" not in kill_matrix.line(row, count="9/9")
