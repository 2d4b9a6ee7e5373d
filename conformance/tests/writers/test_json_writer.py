import io
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from sse_conform.schemas import report_schema
from sse_conform.verdict import Outcome
from sse_conform.writers import json_writer

GOLDEN = Path(__file__).parents[3] / "reports" / "golden" / "report.json"


def render(report, rules):
    out = io.StringIO()
    json_writer.write(report, rules, out)
    return out.getvalue()


@pytest.fixture
def schema():
    return jsonschema.Draft202012Validator(report_schema())


def test_the_sample_looks_as_agreed(report, rules, golden):
    golden("report.json", render(report, rules))


def test_a_report_is_valid_by_its_schema(report, rules, schema):
    schema.validate(json.loads(render(report, rules)))


def test_the_schema_refuses_a_report_of_another_version(report, rules, schema):
    document = json.loads(render(report, rules)) | {"schema_version": 99}
    assert not schema.is_valid(document)


def test_the_schema_refuses_a_report_without_an_exit_code(report, rules, schema):
    document = json.loads(render(report, rules))
    del document["exit"]["code"]
    assert not schema.is_valid(document)


def test_a_program_reads_back_the_record(report, rules):
    document = msgspec.json.decode(render(report, rules), type=json_writer.Document)
    assert document.counts == json_writer.document(report, rules).counts
    assert [entry.rule for entry in document.verdicts] == [verdict.rule for verdict in report.verdicts]


def test_the_exit_code_comes_with_its_meaning(report, rules):
    document = json.loads(render(report, rules))
    assert document["exit"] == {"code": 1, "meaning": report.exit_code.meaning}


def test_every_verdict_names_its_rule_level_area_and_references(report, rules):
    entry = json.loads(render(report, rules))["verdicts"][1]
    assert entry["rule"] == "heartbeat.has-data"
    assert entry["level"] == "must"
    assert entry["area"] == "heartbeat"
    assert entry["title"] == "A heartbeat carries a data line"
    assert [reference["document"] for reference in entry["spec"]] == ["Plan", "WHATWG HTML"]
    assert entry["spec"][1]["url"].startswith("https://html.spec.whatwg.org/")
    assert (entry["observations"], entry["findings"], len(entry["breaches"])) == (12, 5, 4)
    assert entry["breaches"][0]["evidence"]["t"] == 3_214_000_000


def test_only_an_accepted_untested_rule_gives_the_reason_of_its_owner(report, rules):
    entries = json.loads(render(report, rules))["verdicts"]
    accepted = {entry["rule"]: entry["accepted"] for entry in entries if entry["accepted"]}
    assert accepted == {"auth.expired": "the key lies in a module that nobody may read"}


def test_counts_add_up_to_the_verdicts(report, rules):
    document = json.loads(render(report, rules))
    assert sum(sum(level.values()) for level in document["counts"].values()) == len(report.verdicts)
    assert all(list(level) == [outcome.value for outcome in Outcome] for level in document["counts"].values())


def test_the_same_report_gives_the_same_text(make_report, rules):
    assert render(make_report(), rules) == render(make_report(), rules)


def test_the_text_is_ascii_and_keeps_what_the_target_sent(report, rules):
    text = render(report, rules)
    assert text.isascii()
    received = json.loads(text)["verdicts"][3]["breaches"][0]["actual"]
    assert received == report.verdicts[3].breaches[0].actual.replace("\ud800", "\\ud800")
