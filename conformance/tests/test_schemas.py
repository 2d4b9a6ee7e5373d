import json
import os
from pathlib import Path

import jsonschema
import pytest

from sse_conform.schemas import report_schema, transcript_schema

COMMITTED = Path(__file__).parents[2] / "fixtures" / "schemas"


@pytest.mark.parametrize("make", [report_schema, transcript_schema])
def test_a_schema_is_itself_valid(make):
    jsonschema.Draft202012Validator.check_schema(make())


@pytest.mark.parametrize(
    ("name", "make"), [("report.schema.json", report_schema), ("transcript.schema.json", transcript_schema)]
)
def test_the_committed_schema_is_the_generated_one(name, make):
    text = json.dumps(make(), indent=2) + "\n"
    path = COMMITTED / name
    if os.environ.get("REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; see reports/golden/README.md"
