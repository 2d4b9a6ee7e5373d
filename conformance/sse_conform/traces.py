"""The traces of a run's browsers: what each did and asked for, for Playwright's viewer; kept where a rule failed."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from sse_conform.redaction import Redactor
from sse_conform.report import Report

#: The folder of traces, beside the transcript.
TRACES = "traces"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What one device did in a scene, as Playwright archived it: nothing in it is redacted yet."""

    scene: str
    device: int
    archive: bytes

    @property
    def place(self) -> str:
        """Where it lies, seen from the transcript."""
        return f"{TRACES}/{self.scene}-device-{self.device}.zip"


def telling(traces: list[Trace], report: Report, redactor: Redactor) -> Mapping[str, bytes]:
    """The traces of scenes in which something was in breach, by their places, without secrets."""
    scenes = {breach.evidence.scene for verdict in report.verdicts for breach in verdict.breaches}
    return {trace.place: redacted(trace.archive, redactor) for trace in traces if trace.scene in scenes}


def redacted(archive: bytes, redactor: Redactor) -> bytes:
    """An archive with every secret replaced in each of its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, redactor.whole(source.read(name)))
    return out.getvalue()
