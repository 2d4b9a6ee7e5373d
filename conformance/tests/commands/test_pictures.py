from pathlib import Path

import msgspec

from sse_conform.commands.output import save_evidence
from sse_conform.places import Evidence
from sse_conform.report import Report, report_of
from sse_conform.verdict import Breach, Outcome

from ..records import transcript, verdict

PICTURES = {"pictures/page-1-a.png": b"a", "pictures/page-1-b.png": b"b"}


def resting_on(*pictures: str) -> Report:
    """A report with a breach for each of these pictures."""
    breaches = tuple(
        Breach(expected="x", actual="y", evidence=Evidence(scene="s", t=1, picture=picture)) for picture in pictures
    )
    failed = msgspec.structs.replace(verdict(Outcome.FAIL), breaches=breaches)
    return msgspec.structs.replace(report_of(transcript(), ()), verdicts=(failed,))


def written(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.png")}


def test_the_pictures_that_breaches_rest_on_are_kept_and_no_others(tmp_path):
    assert save_evidence(resting_on("pictures/page-1-b.png", ""), PICTURES, {}, tmp_path) == []
    assert written(tmp_path) == {"pictures/page-1-b.png": b"b"}


def test_pictures_of_an_earlier_run_go(tmp_path):
    save_evidence(resting_on(*PICTURES), PICTURES, {}, tmp_path)
    save_evidence(resting_on(), PICTURES, {}, tmp_path)
    assert written(tmp_path) == {}


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "pictures").write_text("in the way")
    (trouble,) = save_evidence(resting_on(*PICTURES), PICTURES, {}, tmp_path)
    assert str(tmp_path) in str(trouble)


def test_traces_are_kept_and_those_of_an_earlier_run_go(tmp_path):
    first, second = "traces/browser.tabs-device-1.zip", "traces/browser.drops-device-4.zip"
    assert save_evidence(resting_on(), {}, {first: b"old"}, tmp_path) == []
    assert save_evidence(resting_on(), {}, {second: b"new"}, tmp_path) == []
    left = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*.zip")}
    assert left == {second: b"new"}
