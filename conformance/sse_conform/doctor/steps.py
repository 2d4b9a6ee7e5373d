"""The steps of an examination in their order: where it ends early, it says which of them were not tried."""

from collections.abc import Collection, Iterator

from sse_conform.doctor.check import Check
from sse_conform.profile import Profile


def steps_of(profile: Profile) -> Iterator[str]:
    """The names of the checks that a profile calls for, once there is a way to the target."""
    if profile.users.signup:
        yield "sign-up"
    yield from ("login", "token", "stream")
    if profile.auth.key:
        yield "key"
    yield "second user"
    yield from trigger_steps(profile)
    yield "numbers"
    beside = {
        "page": profile.ui and profile.browser.engine,
        "rest": profile.rest,
        "polling": profile.capabilities.polling,
        "metrics": profile.capabilities.metrics,
        "replay": profile.capabilities.replay,
        "cors": profile.capabilities.cors,
        "logout": profile.auth.logout,
    }
    yield from (name for name, declared in beside.items() if declared)


def trigger_steps(profile: Profile) -> Iterator[str]:
    """A step for each trigger."""
    triggers = profile.triggers
    yield from (f"trigger {kind.value}" for kind in triggers.kinds)
    if triggers.sensitive and profile.sensitive_fields:
        yield "trigger sensitive"
    if triggers.invalid:
        yield "trigger invalid"


def steps_after(profile: Profile, step: str) -> list[str]:
    """The steps that come after one."""
    steps = list(steps_of(profile))
    return steps[steps.index(step) + 1 :]


def not_tried(steps: Collection[str]) -> Iterator[Check]:
    """What could not be tried, for it needs what failed."""
    if steps:
        count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
        yield Check(name="not tried", said=f"{count} not tried: {', '.join(steps)}", note=True)
