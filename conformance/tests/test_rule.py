from collections.abc import Iterator

from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, rfc
from sse_conform.terms import Terms
from sse_conform.transcript import Stream

from .records import only, stream, transcript


def make(check, **details):
    fields = {"level": Level.MUST, "spec": plan("Testing"), "over": lambda recorded: recorded.streams, "scenes": "one"}
    return rule("stream.opens", **(fields | details))(check)


def with_title_and_why(subject):
    """
    A stream opens.

    Without it nobody hears
    of anything.
    """
    yield from ()


def test_the_docstring_gives_the_title_and_the_why():
    made = make(with_title_and_why)
    assert made.title == "A stream opens."
    assert made.why == "Without it nobody hears\nof anything."


def test_a_one_line_docstring_leaves_the_why_empty():
    def check(subject):
        """A stream opens."""
        yield from ()

    assert (make(check).title, make(check).why) == ("A stream opens.", "")


def test_a_check_of_one_parameter_gets_the_subject_alone():
    def check(subject: Stream) -> Iterator[Finding]:
        """A stream opens."""
        yield Finding(expected="200", actual=str(subject.status), at=subject)

    subject = only(transcript(stream(status=500)))
    assert [finding.actual for finding in make(check).check(subject, Terms())] == ["500"]


def test_a_check_of_two_parameters_gets_the_terms_too():
    def check(subject: Stream, terms: Terms) -> Iterator[Finding]:
        """A stream opens."""
        yield Finding(expected=f"{terms.latency}", actual="", at=subject)

    subject = only(transcript(stream()))
    assert [finding.expected for finding in make(check).check(subject, Terms(latency=0.7))] == ["0.7"]


def test_one_reference_and_one_scene_are_taken_for_lists_of_one():
    one = make(with_title_and_why)
    several = make(with_title_and_why, spec=(plan("a"), rfc(9110, "8")), scenes=("a", "b"))
    assert (one.spec, one.scenes) == ((plan("Testing"),), ("one",))
    assert (len(several.spec), several.scenes) == (2, ("a", "b"))


def test_the_area_is_the_heading_of_the_id():
    assert make(with_title_and_why).area == "stream"


def test_needs_hint_and_timing_are_kept():
    made = make(with_title_and_why, needs=[Capability.REST, Capability.REST], timed=True, hint="look there")
    assert (made.needs, made.timed, made.hint) == (frozenset({Capability.REST}), True, "look there")
