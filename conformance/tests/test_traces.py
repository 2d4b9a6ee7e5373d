"""Traces of browsers are kept for scenes in which something was in breach, and hold no secret."""

import io
import zipfile

import msgspec

from sse_conform.places import Evidence
from sse_conform.redaction import Redactor
from sse_conform.report import report_of
from sse_conform.traces import Trace, telling
from sse_conform.verdict import Breach, Outcome

from .records import transcript, verdict

SECRET = "a-password-that-nobody-may-see"


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, octets in files.items():
            zipped.writestr(name, octets)
    return out.getvalue()


def report(*scenes: str):
    breaches = tuple(Breach(expected="x", actual="y", evidence=Evidence(scene=scene, t=1)) for scene in scenes)
    failed = msgspec.structs.replace(verdict(Outcome.FAIL), breaches=breaches)
    return msgspec.structs.replace(report_of(transcript(), ()), verdicts=(failed,))


def kept(*scenes: str) -> dict[str, bytes]:
    redactor = Redactor()
    redactor.keep(SECRET, "password")
    traces = [
        Trace(scene=scene, device=number, archive=archive(trace=f'{{"typed":"{SECRET}"}}'.encode()))
        for number, scene in enumerate(("browser.drops", "browser.tabs", "browser.tabs"), start=1)
    ]
    return dict(telling(traces, report(*scenes), redactor))


def test_the_traces_of_every_device_of_a_scene_in_breach_are_kept():
    assert list(kept("browser.tabs")) == ["traces/browser.tabs-device-2.zip", "traces/browser.tabs-device-3.zip"]
    assert kept() == {}


def test_what_is_kept_holds_no_secret_and_is_an_archive_still():
    (octets,) = kept("browser.drops").values()
    with zipfile.ZipFile(io.BytesIO(octets)) as zipped:
        (file,) = zipped.namelist()
        said = zipped.read(file)
    assert SECRET.encode() not in said
    assert len(said) == len(f'{{"typed":"{SECRET}"}}')
