"""
The JSON schemas of what the suite writes, generated from the records themselves (JSON Schema 2020-12).

Copies lie in ``fixtures/schemas`` for those who read the files with other tools.
"""

import inspect
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
    return {"$schema": _DIALECT, "title": title, **_of_any_version(msgspec.json.schema(kind))}


def _of_any_version(schema: Schema) -> Schema:
    """
    The same whatever the version of msgspec.

    Not each frees docstrings of their indentation, or says that the keys of an object are among those of an enum.
    """

    def plain(key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        match value:
            case dict():
                return {name: plain(name, inner) for name, inner in value.items() if name != "propertyNames"}
            case list():
                return [plain("", inner) for inner in value]
            case str() if key == "description":
                return inspect.cleandoc(value)
            case _:
                return value

    told: Schema = plain("", schema)
    return told
