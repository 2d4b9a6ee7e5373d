"""
Plays one run for each signal named on the command line, which comes in its middle, and prints what came of it.

Signals reach the main thread of a process alone, and tests may run in another.
"""

import asyncio
import json
import signal
import sys
from typing import Any

from sse_conform import entries as e
from sse_conform.scenario import Nature, Stage, scenario

from .records import rule_of
from .tiny_target import play_on, tiny_target


async def interrupted(number: signal.Signals) -> dict[str, Any]:
    """What came of a run whose first scene was interrupted and whose second waited for it."""

    @scenario("one", attempts=1, users=("alice",), nature=Nature.TIMED)
    async def one(stage: Stage) -> None:
        """The owner loses patience."""
        await (await stage.subscribe("alice")).until_snapshot()
        signal.raise_signal(number)
        await stage.pass_time(60.0, "an interrupt")

    @scenario("loud", attempts=1, users=("alice",), nature=Nature.LOUD)
    async def loud(stage: Stage) -> None:
        """Never played."""

    async with tiny_target() as target:
        rules = (rule_of(id="area.one", scenes=("one",)), rule_of(id="area.loud", scenes=("loud",)))
        result = await play_on(target, one, loud, rules=rules)
    (stream,) = result.transcript.streams_in("one")
    return {
        "exit": result.report.exit_code,
        "scenes": {name: ended.outcome for name, ended in result.transcript.outcomes.items()},
        "verdicts": [verdict.outcome for verdict in result.report.verdicts],
        "footer": result.transcript.footer.interrupted,
        "stream": [len(stream.events), stream.end.kind if stream.end else None],
        "waits": len(result.transcript.of(e.Waited)),
        "handler": signal.getsignal(number) in {signal.default_int_handler, signal.SIG_DFL},
    }


if __name__ == "__main__":
    outcomes = [asyncio.new_event_loop().run_until_complete(interrupted(signal.Signals[name])) for name in sys.argv[1:]]
    json.dump(outcomes, sys.stdout)
