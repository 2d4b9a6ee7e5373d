import io
import re

import msgspec
import pytest

from sse_conform.places import Evidence
from sse_conform.spec import Level
from sse_conform.verdict import Breach, Outcome, Verdict
from sse_conform.writers import terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """A text file that says that it is a terminal."""

    def isatty(self):
        return True


def render(report, rules, out=None, **options):
    out = out or io.StringIO()
    terminal.write(report, rules, out, **options)
    return out.getvalue()


def failing(**evidence):
    breach = Breach(expected="this", actual="that", evidence=Evidence(scene="head", t=0, **evidence))
    return Verdict(
        rule="heartbeat.present",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        observations=1,
        findings=1,
        breaches=(breach,),
    )


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_the_sample_looks_as_agreed(report, rules, golden):
    golden("terminal.txt", render(report, rules, rerun="--profile sample.toml"))


def test_a_failure_names_clause_instant_place_and_the_command_to_rerun_it(report, rules):
    text = render(report, rules)
    block = text[text.index("FAIL  heartbeat.has-data") :].split("\n\n")[0] + "\n"
    assert "Plan, Backend Design" in block
    assert re.search(r"Expected +a data field\n", block)
    assert re.search(r"Received +event: ping\\n\\n\n", block)
    assert "t+3.214 s, scene idle.long, connection 2, bytes 120 to 133" in block
    assert "a browser drops events without data" in block
    assert "conform --target http://127.0.0.1:8080 --only heartbeat.has-data\n" in block
    assert "and 2 more, in 12 observations" in block


def test_the_rerun_command_is_safe_to_paste(make_report, rules):
    report = make_report(target="http://h/?a=1&b=$(reboot)")
    assert "conform --target 'http://h/?a=1&b=$(reboot)' --profile t.toml --only" in render(
        report, rules, rerun="--profile t.toml"
    )


def test_failures_come_before_everything_else(report, rules):
    text = render(report, rules)
    marks = ["✗ FAIL", "! warn", "○ untested", "? inconclusive", "‼ error", "✓ pass", "\N{EN DASH} n/a", "Summary"]
    assert sorted(marks, key=lambda mark: text.index(f"\n{mark}")) == marks


def test_every_outcome_is_a_symbol_and_a_word_without_colour(report, rules):
    text = render(report, rules)
    assert "\x1b" not in text
    for mark in (
        "✗ FAIL  ",
        "! warn  ",
        "○ untested  ",
        "? inconclusive  ",
        "‼ error  ",
        "✓ pass  ",
        "\N{EN DASH} n/a  ",
    ):
        assert f"\n{mark}" in text


def test_nothing_a_target_sends_reaches_the_terminal_unescaped(report, rules, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = render(report, rules, Screen())
    rest = COLOUR.sub("", text)
    assert not [c for c in rest if c != "\n" and not c.isprintable()]
    assert "\\x1b[2J\\x9b1mred [bold]markup[/bold] :smile: \\r\\n✓ pass everything\\u202e \\ud800 \\x00" in rest


def test_a_target_cannot_forge_a_line_of_the_report(report, rules):
    for line in render(report, rules).splitlines():
        assert not line.startswith("✓ pass everything")


def test_ids_and_commands_are_never_wrapped(make_report, rules, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    text = COLOUR.sub("", render(make_report(), rules, Screen()))
    assert "✗ FAIL  heartbeat.has-data  A heartbeat carries a data line\n" in text
    assert "conform --target http://127.0.0.1:8080 --only heartbeat.has-data\n" in text


def test_prose_is_wrapped_to_the_terminal(report, rules, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = COLOUR.sub("", render(report, rules, Screen()))
    hint = text[text.index("Likely cause") :].split("  Only this")[0]
    assert max(map(len, hint.splitlines())) <= 60
    assert len(hint.splitlines()) > 1


def test_a_terminal_is_coloured(report, rules):
    assert "\x1b[1;31m✗ FAIL" in render(report, rules, Screen())


def test_no_color_takes_the_colours_from_a_terminal(report, rules, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    codes = "".join(COLOUR.findall(render(report, rules, Screen())))
    assert not re.search(r"\b[349][0-7]\b", codes)


def test_force_color_colours_a_file(report, rules, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31m✗ FAIL" in render(report, rules)


def test_a_terminal_without_utf_8_gets_words_only(report, rules):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    terminal.write(report, rules, out)
    out.flush()
    text = raw.getvalue().decode("ascii")
    assert "\nFAIL  heartbeat.has-data" in text
    assert "\\u2713 pass everything" in text


def test_the_last_lines_before_an_event_are_shown(make_report, rules):
    wire = "".join(f"data: {number}\n" for number in range(20)) + "\n"
    text = render(make_report((failing(start=1, end=2, wire=wire),)), rules)
    assert re.findall(r"\| data: (\d+)", text) == ["14", "15", "16", "17", "18", "19"]


def test_spaces_at_the_end_of_a_wire_line_are_kept(make_report, rules):
    text = render(make_report((failing(start=1, end=2, wire="data: x  \r\nid: \n\n"),)), rules)
    assert "| data: x  \\r\n" in text
    assert "| id: \n" in text


def test_the_first_lines_of_an_exchange_are_shown(make_report, rules):
    wire = "\n".join(["> GET /", "< 200 OK", *(f"< x-{number}: y" for number in range(20))])
    text = render(make_report((failing(wire=wire),)), rules)
    assert "| > GET /\n" in text
    assert "| < 200 OK\n" in text
    assert "x-19" not in text


def test_a_long_text_is_shortened_and_says_so(make_report, rules):
    breach = Breach(expected="short", actual="x" * 70_000, evidence=Evidence(scene="head", t=0))
    verdict = Verdict(rule="heartbeat.present", level=Level.MUST, outcome=Outcome.FAIL, findings=1, breaches=(breach,))
    text = render(make_report((verdict,)), rules)
    assert "(70000 characters)" in " ".join(text.split())
    assert len(text) < 5_000


def test_the_summary_counts_by_level_and_outcome(report, rules):
    summary = render(report, rules).split("\nSummary\n")[1]
    heads, must, should = (line.split() for line in summary.splitlines()[:3])
    assert dict(zip(heads, must[1:], strict=True)) == {
        "pass": "1",
        "FAIL": "2",
        "warn": "0",
        "untested": "2",
        "inconclusive": "1",
        "error": "1",
        "n/a": "1",
    }
    assert should == ["SHOULD", "1", "0", "1", "0", "0", "0", "0"]


def test_the_summary_says_what_was_not_judged_and_what_to_add(report, rules):
    summary = render(report, rules).split("\nSummary\n")[1]
    assert "Judged         5 of 10 rules, 1 not applicable\n" in summary
    assert "Not judged     4, of which 1 accepted\n" in summary
    assert "- add [users.signup]: the request that makes a new, empty account (1 rule)\n" in summary
    assert "burst was limited: 429 after 18 attempts\n" in summary


def test_the_summary_ends_with_the_exit_code_and_its_meaning(report, rules):
    assert render(report, rules).endswith("  Exit code      1: a MUST rule failed (with --strict, a SHOULD rule too)\n")


def test_a_run_without_verdicts_says_that_nothing_was_judged(make_report, rules):
    text = render(make_report((), trouble="the target is gone\n  start it"), rules)
    assert "Judged         0 of 0 rules" in text
    assert "Trouble        the target is gone start it\n" in text
    assert "Exit code      3:" in text


def quick(report):
    terms = msgspec.structs.replace(report.header.terms, quick=True)
    header = msgspec.structs.replace(report.header, terms=terms, rules=("a.b",), left_out=("a.c", "a.d"))
    return msgspec.structs.replace(report, header=header)


def test_a_quick_run_says_above_and_below_that_it_is_not_about_all_rules(report, rules):
    assert render(quick(report), rules).count("quick: 1 of 3 rules") == 2
    assert "quick" not in render(report, rules)
