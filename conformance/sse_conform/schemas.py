"""
The JSON schemas of what the suite writes, generated from the records themselves (JSON Schema 2020-12).

Copies lie in ``fixtures/schemas`` for those who read the files with other tools.
"""

from typing import Any

import msgspec

from sse_conform.entries import AnyEntry
from sse_conform.transcript import TranscriptFooter, TranscriptHeader
from sse_conform.writers.json_writer import Document

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def report_schema() -> Schema:
    """The schema of the JSON report."""
    return _schema(Document, "sse-conform report")


def transcript_schema() -> Schema:
    """The schema of one line of a transcript file: the header, an entry, or the footer."""
    return _schema(TranscriptHeader | AnyEntry | TranscriptFooter, "sse-conform transcript, one line")


def _schema(kind: Any, title: str) -> Schema:  # noqa: ANN401 - a type or a union of types
    return {"$schema": _DIALECT, "title": title, **msgspec.json.schema(kind)}
