import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_conform.exit_code import ExitCode
from sse_conform.places import Evidence
from sse_conform.report import Report, Timing
from sse_conform.rule import Rule
from sse_conform.spec import Level
from sse_conform.terms import Accepted, Terms
from sse_conform.transcript import TranscriptHeader
from sse_conform.verdict import Breach, Outcome, Verdict
from sse_conform.writers import junit

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[3] / "fixtures" / "schemas" / "junit.xsd")


def render(report, rules):
    out = io.StringIO()
    junit.write(report, rules, out)
    return out.getvalue()


def cases(text):
    return {case.get("name"): case for case in ET.fromstring(text.encode()).iter("testcase")}


def red(text):
    root = ET.fromstring(text.encode())
    return int(root.get("failures")) + int(root.get("errors")) > 0


def kind(case):
    return [child.tag for child in case]


def test_the_sample_looks_as_agreed(report, rules, golden):
    golden("junit.xml", render(report, rules))


def test_the_document_is_valid_by_the_common_schema(report, rules):
    SCHEMA.validate(render(report, rules))


@pytest.mark.parametrize("attribute", ["name", "classname", "time"])
def test_the_schema_refuses_a_case_that_lacks_an_attribute(report, rules, attribute):
    root = ET.fromstring(render(report, rules).encode())
    del next(root.iter("testcase")).attrib[attribute]
    assert not SCHEMA.is_valid(ET.tostring(root, encoding="unicode"))


def test_the_schema_refuses_two_cases_of_one_name(report, rules):
    root = ET.fromstring(render(report, rules).encode())
    heartbeat = next(suite for suite in root if suite.get("name") == "heartbeat")
    heartbeat.append(heartbeat.find("testcase"))
    assert not SCHEMA.is_valid(ET.tostring(root, encoding="unicode"))


def test_there_is_a_suite_for_each_area_and_one_for_the_run(report, rules):
    root = ET.fromstring(render(report, rules).encode())
    names = [suite.get("name") for suite in root]
    assert names == ["auth", "delivery", "framing", "heartbeat", "polling", "snapshot", "stream", "run"]
    assert all(case.get("classname") == suite.get("name") for suite in root for case in suite.iter("testcase"))


def test_each_suite_says_which_target_and_which_version(report, rules):
    for suite in ET.fromstring(render(report, rules).encode()):
        properties = {item.get("name"): item.get("value") for item in suite.iter("property")}
        assert properties == {"target": "http://127.0.0.1:8080", "suite": "0.1.0", "profile": "sample"}


def test_each_outcome_has_its_element(report, rules):
    elements = {name: kind(case) for name, case in cases(render(report, rules)).items()}
    assert elements == {
        "heartbeat.present": [],
        "heartbeat.has-data": ["failure"],
        "heartbeat.not-hasty": [],
        "stream.content-type": ["failure"],
        "stream.proxy-hint": ["system-out"],
        "snapshot.fresh": ["error"],
        "auth.expired": ["skipped"],
        "delivery.in-time": ["error"],
        "framing.utf8": ["error"],
        "polling.cursor": ["skipped"],
        "run.completed": [],
    }


def test_a_warning_is_a_failure_where_the_run_is_strict(make_report, rules):
    text = render(make_report(strict=True), rules)
    assert kind(cases(text)["stream.proxy-hint"]) == ["failure"]


def test_counts_are_those_of_the_elements(report, rules):
    root = ET.fromstring(render(report, rules).encode())
    for parent in [root, *root]:
        assert int(parent.get("tests")) == len(list(parent.iter("testcase")))
        assert int(parent.get("failures")) == len(list(parent.iter("failure")))
        assert int(parent.get("errors")) == len(list(parent.iter("error")))
        assert int(parent.get("skipped")) == len(list(parent.iter("skipped")))


def test_what_xml_cannot_carry_is_escaped(report, rules):
    failure = cases(render(report, rules))["stream.content-type"].find("failure")
    assert "\\x1b[2J\\x9b1mred [bold]markup[/bold]" in failure.text
    assert "\\u202e \\ud800 \\x00 ]]> <a&b>" in failure.text


def test_a_failure_holds_expected_received_place_and_wire(report, rules):
    failure = cases(render(report, rules))["heartbeat.has-data"].find("failure")
    assert failure.get("message") == "A heartbeat carries a data line"
    for line in (
        "level: MUST",
        "expected: a data field",
        "received: event: ping\\n\\n",
        "at: t+3.214 s, scene idle.long, connection 2, bytes 120 to 133",
        "  event: ping",
        "and 1 more",
    ):
        assert line in failure.text.split("\n")


def test_a_run_that_judged_nothing_is_an_error(make_report, rules):
    assert kind(cases(render(make_report(()), rules))["run.completed"]) == ["error"]


def test_an_interrupted_run_is_an_error(make_report, rules):
    passed = tuple(verdict for verdict in make_report().verdicts if verdict.outcome is Outcome.PASS)
    assert not red(render(make_report(passed), rules))
    assert kind(cases(render(make_report(passed, interrupted=True), rules))["run.completed"]) == ["error"]


ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=30)


@st.composite
def reports(draw):
    """Any report of some rules, and the rules."""
    verdicts, rules = [], {}
    for number in range(draw(st.integers(0, 5))):
        level = draw(st.sampled_from(Level))
        possible = set(Outcome) - {Outcome.WARN if level is Level.MUST else Outcome.FAIL}
        outcome = draw(st.sampled_from(sorted(possible)))
        breaches = ()
        if outcome in {Outcome.FAIL, Outcome.WARN}:
            evidence = Evidence(scene="s", t=draw(st.integers(0, 10**12)), wire=draw(ANY_TEXT))
            breaches = (Breach(expected=draw(ANY_TEXT), actual=draw(ANY_TEXT), evidence=evidence),)
        verdict = Verdict(
            rule=f"area{number % 2}.rule{number}",
            level=level,
            outcome=outcome,
            findings=len(breaches),
            breaches=breaches,
            reason=draw(ANY_TEXT),
        )
        rules[verdict.rule] = Rule(
            id=verdict.rule,
            level=level,
            title=draw(ANY_TEXT),
            why="",
            spec=(),
            scenes=(),
            over=lambda transcript: (),
            check=lambda subject, terms: (),
        )
        verdicts.append(verdict)
    accepted = draw(st.sampled_from([(), (Accepted(rule="area0.*", reason="agreed"),)]))
    header = TranscriptHeader(
        suite="1",
        target=draw(ANY_TEXT),
        name="n",
        started_at="2026-01-02T03:04:05+00:00",
        terms=Terms(accept_untested=accepted),
        rules=(),
        scenes=(),
    )
    report = Report(
        header=header,
        verdicts=tuple(verdicts),
        scenes=(),
        timing=Timing(wall=1, lower_bound=1, attempts=0),
        strict=draw(st.booleans()),
        interrupted=draw(st.booleans()),
        trouble=draw(st.sampled_from(["", "the suite broke\n  do this"])),
    )
    return report, rules


@settings(max_examples=150, deadline=None)
@given(reports())
def test_junit_is_red_exactly_where_the_exit_code_is_not_0(drawn):
    report, rules = drawn
    text = render(report, rules)
    assert red(text) == (report.exit_code is not ExitCode.CONFORMS)


@settings(max_examples=50, deadline=None)
@given(reports())
def test_any_report_is_a_well_formed_document(drawn):
    report, rules = drawn
    root = ET.fromstring(render(report, rules).encode())
    assert int(root.get("tests")) == len(report.verdicts) + 1
