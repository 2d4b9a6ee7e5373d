"""Rule on the process behind the stream: nothing that the suite sends ends it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sse_conform import entries as e
from sse_conform.death_entry import Action
from sse_conform.deaths import Death
from sse_conform.evidence import SECOND
from sse_conform.rule import Finding, rule
from sse_conform.spec import Capability, Level, plan, practice
from sse_conform.transcript import Transcript

#: The scenes that send what a process may die of: odd requests, tokens, ids and texts, and readers that fall behind.
_SCENES = (
    "stream.methods",
    "stream.odd-requests",
    "auth.refusals",
    "framing.hostile-text",
    "reconnect.malformed-ids",
    "delivery.burst",
)
#: So many of the actions before a death are shown.
SHOWN = 5
_EXPECTED = "the process goes on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordeal:
    """
    One scene that the target went through, or one of its deaths, with those before it.

    ``repeated`` says that a scene that acted shortly before the death was played again.
    """

    death: e.Died | None = None
    before: tuple[e.Died, ...] = ()
    repeated: bool = False


def ordeals(transcript: Transcript) -> Iterator[Ordeal]:
    """Every scene that reached for the stream, and every death."""
    yield from (Ordeal() for _ in {attempt.scene for attempt in transcript.every(e.Attempted)})
    deaths, repeated = transcript.of(e.Died), {entry.scene for entry in transcript.of(e.Repeated)}
    for number, death in enumerate(deaths):
        yield Ordeal(
            death=death,
            before=deaths[:number],
            repeated=any(action.scene in repeated for action in death.after),
        )


@rule(
    "stream.survives",
    level=Level.MUST,
    spec=(
        plan("Goals"),
        practice("CWE-248: Uncaught Exception", "https://cwe.mitre.org/data/definitions/248.html"),
    ),
    over=ordeals,
    scenes=_SCENES,
    needs={Capability.TRIGGERS},
    hint="an error that nobody catches, in a callback, a promise or native code: the last words of the process tell",
)
def survives(ordeal: Ordeal) -> Iterator[Finding]:
    """
    The process outlives whatever the suite sends.

    What ends the process ends everybody's streams, and whoever knows of it can do it again. One death may be chance, so
    what preceded it is tried again once the target is back.
    """
    death = ordeal.death
    if death is None:
        return
    if same := _shared(death, ordeal.before):
        actual = f"it was gone {_since(death, same[0])} after {same[0]}, twice"
        yield Finding(expected=_EXPECTED, actual=actual, at=Death(died=death, actions=same[:SHOWN]))
    else:  # where a later one came after the same, that is the breach, and doubts of this one do not count
        doubt = "it lived on" if ordeal.repeated else _once(death)
        for scene in dict.fromkeys(action.scene for action in death.after) or [""]:
            actions = tuple(action for action in death.after if action.scene == scene)
            at = Death(died=death, actions=actions)
            yield Finding(expected=_EXPECTED, actual=_once(death), at=at, doubt=doubt)


def _shared(death: e.Died, others: tuple[e.Died, ...]) -> tuple[Action, ...]:
    """The actions before a death that came before one of the others, too; the latest first."""
    names = {action.name for other in others for action in other.after}
    return tuple(action for action in death.after if action.name in names)


def _once(death: e.Died) -> str:
    last = death.after[0] if death.after else None
    when = f"{_since(death, last)} after {last}" if last else "though nothing was done in the second before"
    back = "" if death.back else ", and did not come back"
    return f"the target died once, {when}{back}"


def _since(death: e.Died, action: Action) -> str:
    return f"{(death.t - action.t) / SECOND:.3f} s"


RULES = (survives,)
