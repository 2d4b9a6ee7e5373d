"""
What the pytest plugin does once a target is named: items are rules, and one run before the first item observes for all.

Selection (``-k``, ``--deselect``, ``--lf``) comes first, so that only what was selected is observed. The items hang on
a collector of their own; area and level are keywords (``-k "heartbeat and must"``).
"""

import asyncio
import os
import warnings
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import pytest

from sse_conform.embedded import EMBEDDED, Embedded
from sse_conform.errors import ConformError
from sse_conform.plugin import NAME
from sse_conform.profile_file import LoadedProfile, load_profile
from sse_conform.report import Report, acceptance
from sse_conform.rule import Rule
from sse_conform.rules import ALL
from sse_conform.run import RunResult, run
from sse_conform.run_events import RunEvent
from sse_conform.selection import check_accepted, plan_of, without_browser
from sse_conform.spec import Level
from sse_conform.verdict import Outcome, Verdict


class ConformanceWarning(UserWarning):
    """A SHOULD was breached."""


class Breached(Exception):  # noqa: N818 - it is what a failing item reports, not a programming error
    """An item failed; the message is the whole report on it."""


class RuleCollector(pytest.Collector):
    """The node under which the rules hang."""

    def collect(self) -> Iterator["RuleItem"]:
        """One item a rule."""
        browser = self.config.getoption("--conform-browser")
        for rule in ALL if browser else without_browser(ALL):
            yield RuleItem.make(self, rule)


class RuleItem(pytest.Item):
    """One rule, judged over what the run observed."""

    rule: Rule

    @classmethod
    def make(cls, parent: RuleCollector, rule: Rule) -> "RuleItem":
        """The item of a rule."""
        item: RuleItem = cls.from_parent(parent, name=rule.id)
        item.rule = rule
        item.extra_keyword_matches |= {rule.area, rule.level.value, "conform"}
        return item

    def runtest(self) -> None:
        """Turn the verdict into what pytest knows."""
        plugin = self.config.pluginmanager.get_plugin(NAME)
        assert isinstance(plugin, Conformance)
        plugin.settle(self.rule)

    def repr_failure(  # type: ignore[override]
        self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None
    ) -> object:
        """A breach is shown as its report, without a traceback of ours."""
        if isinstance(excinfo.value, Breached):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)  # type: ignore[arg-type]

    def reportinfo(self) -> tuple[Path, None, str]:
        """How pytest names it in headings."""
        return self.path, None, f"{self.rule.id}: {self.rule.title}"


class Conformance:
    """The hooks of one session."""

    def __init__(self, config: pytest.Config) -> None:
        if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
            raise pytest.UsageError(
                "the rules share one observation, and the target limits connections: leave out -n with --conform-target"
            )
        self._target: str = config.getoption("--conform-target") or ""
        self._file: str = config.getoption("--conform-profile") or ""
        engine = config.getoption("--conform-browser")
        self._chosen: dict[str, object] = {"browser.engine": engine} if engine else {}
        if config.getoption("--conform-quick"):
            self._chosen["quick"] = True
        self._strict: bool = config.getoption("--conform-strict")
        self._report: Report | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the rules before others select among the items."""
        collector = RuleCollector.from_parent(session, name=NAME, nodeid=NAME)
        report = session.ihook.pytest_make_collect_report(collector=collector)
        session.ihook.pytest_collectreport(report=report)
        items.extend(report.result)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Observe once, for the rules that were selected."""
        rules = tuple(item.rule for item in session.items if isinstance(item, RuleItem))
        if not rules or session.config.option.collectonly or session.testsfailed:
            return
        try:
            result = self._observe(rules)
        except ConformError as trouble:
            pytest.exit(f"conform: error: {trouble}", returncode=trouble.exit_code)
        if result.report.interrupted:
            raise KeyboardInterrupt
        self._report = result.report
        self._deselect(session, result.report.header.left_out)

    @staticmethod
    def _deselect(session: pytest.Session, left_out: Collection[str]) -> None:
        """What a quick run leaves out is no item that passed."""
        out = [item for item in session.items if isinstance(item, RuleItem) and item.rule.id in left_out]
        if out:
            session.config.hook.pytest_deselected(items=out)
            session.items[:] = [item for item in session.items if item not in out]

    def _observe(self, rules: tuple[Rule, ...]) -> RunResult:
        if self._target != EMBEDDED:
            overrides = {**({"url": self._target} if self._target else {}), **self._chosen}
            file = Path(self._file) if self._file else None
            return self._run(load_profile(file=file, overrides=overrides, environ=os.environ), rules)
        with Embedded() as server:
            file = Path(self._file) if self._file else server.profile_file()
            environ, overrides = {**os.environ, **server.secrets}, {**server.overrides, **self._chosen}
            loaded = load_profile(file=file, overrides=overrides, environ=environ)
            return self._run(replace(loaded, operator=server), rules)

    def _run(self, loaded: LoadedProfile, rules: tuple[Rule, ...]) -> RunResult:
        profile = loaded.profile
        check_accepted(ALL, profile.accept_untested)
        plan = plan_of(profile, rules)
        return asyncio.run(run(loaded, plan, listener=_silent, strict=self._strict))

    def settle(self, rule: Rule) -> None:
        """Pass, fail, skip or warn by the verdict on a rule."""
        assert self._report is not None
        verdict = next(verdict for verdict in self._report.verdicts if verdict.rule == rule.id)
        accepted = acceptance(verdict, self._report.header.terms.accept_untested)
        binding = self._strict or verdict.level is Level.MUST
        match verdict.outcome:
            case Outcome.PASS:
                return
            case Outcome.FAIL:
                raise Breached(describe(verdict, rule))
            case Outcome.WARN:
                if self._strict:
                    raise Breached(describe(verdict, rule))
                warnings.warn(ConformanceWarning(describe(verdict, rule)), stacklevel=1)
            case Outcome.NOT_APPLICABLE:
                pytest.skip(verdict.reason)
            case Outcome.UNTESTED:
                if accepted or not binding:
                    pytest.skip(f"untested: {accepted or verdict.reason}")
                raise Breached(f"{rule.id} is untested: {verdict.reason}")
            case Outcome.INCONCLUSIVE | Outcome.ERROR:
                raise Breached(f"{rule.id}: {verdict.outcome.value}: {verdict.reason}")
            case _:
                assert_never(verdict.outcome)


def describe(verdict: Verdict, rule: Rule) -> str:
    """What was expected, what came, and where, for each breach listed."""
    lines = [f"{rule.id} ({rule.level.value.upper()}): {rule.title}"]
    lines += [f"  clause    {ref}  {ref.url}".rstrip() for ref in rule.spec]
    for breach in verdict.breaches:
        at = breach.evidence
        lines += [f"  expected  {breach.expected}", f"  received  {breach.actual}"]
        lines += [f"  at        t+{at.t / 1e9:.3f} s, scene {at.scene}, connection {at.conn}"]
        lines += [f"            | {line}" for line in at.wire.splitlines()]
    if rule.hint:
        lines.append(f"  likely    {rule.hint}")
    return "\n".join(lines)


def _silent(event: RunEvent, /) -> None:
    """What there is to say, pytest says."""
