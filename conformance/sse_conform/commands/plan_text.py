"""The plan of a run, printed instead of followed."""

import json
from typing import TextIO

from sse_conform.profile import Profile
from sse_conform.scenario import Scenario
from sse_conform.schedule import PREFLIGHT_ATTEMPTS, Plan


def write_plan(plan: Plan, profile: Profile, *, target: str, form: str, out: TextIO) -> None:
    """Write scenes, attempts and seconds, as text or, for any other form, as JSON."""
    if form == "text":
        _write_text(plan, profile, target, out)
        return
    document = {
        "target": target,
        "rules": [rule.id for rule in plan.rules],
        "left_out": [rule.id for rule in plan.left_out],
        "scenes": [_scene(scene, profile) for scene in plan.scenes],
        "skipped": [{"id": name, "reason": reason} for name, reason in plan.skipped],
        "attempts": plan.attempts,
        "most_attempts": plan.most,
        "seconds": round(plan.seconds, 1),
    }
    out.write(json.dumps(document, indent=2) + "\n")


def _scene(scene: Scenario, profile: Profile) -> dict[str, object]:
    return {
        "id": scene.id,
        "title": scene.title,
        "nature": scene.nature.value,
        "attempts": scene.expected(profile.terms),
        "most_attempts": scene.most(profile.terms),
        "seconds": round(scene.waits(profile.terms), 1),
    }


def _write_text(plan: Plan, profile: Profile, target: str, out: TextIO) -> None:
    width = max((len(scene.id) for scene in plan.scenes), default=0)
    rules = f"quick: {len(plan.rules)} of {len(plan.rules) + len(plan.left_out)}" if profile.quick else len(plan.rules)
    out.write(f"{target}: {rules} rules, {len(plan.scenes)} scenes\n\n")
    out.write(f"  {'scene':<{width}}  attempts  at most  seconds  nature\n")
    for scene in plan.scenes:
        attempts, most = scene.expected(profile.terms), scene.most(profile.terms)
        seconds = scene.waits(profile.terms)
        numbers = f"{attempts:>8}  {most:>7}  {seconds:>7.1f}"
        out.write(f"  {scene.id:<{width}}  {numbers}  {scene.nature.value:<7}  {scene.title}\n")
    out.writelines(f"  {name:<{width}}  left out: {reason}\n" for name, reason in plan.skipped)
    out.write(
        f"\n{plan.attempts} attempts on the stream route where the target conforms, at most {plan.most};"
        f" {PREFLIGHT_ATTEMPTS} of them to see whether it can be judged; at least {plan.seconds:.0f} s\n"
    )
