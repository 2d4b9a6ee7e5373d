"""What can be wrong with the page that a profile describes: steps, selectors, placeholders."""

from collections.abc import Iterator

from sse_conform.driver.templates import PLACEHOLDER
from sse_conform.profile import SENSITIVE, Profile, Role
from sse_conform.profile_problem import Problem
from sse_conform.profile_shape import join
from sse_conform.profile_templates import CREDENTIALS, TRIGGER_NAMES, placeholder_remedy
from sse_conform.user_interface import Step, UserInterface

#: What may be typed into the form that creates an event.
CREATE_NAMES = TRIGGER_NAMES - {SENSITIVE}
_STEP = 'write { fill = "SELECTOR", value = "TEXT" } or { click = "SELECTOR" }'
_SELECTORS = {
    "notification": 'give the CSS selector of each entry of the list, for example "#notifications li"',
    "prompt": 'give the CSS selector of what asks for a login once the session has ended, for example "#login"',
}


def ui_problems(profile: Profile) -> Iterator[Problem]:
    """Everything wrong with [ui]."""
    if (ui := profile.ui) is None:
        return
    if not ui.path.startswith("/"):
        remedy = f'begin it with a slash, without scheme and host: "/{ui.path}"'
        yield Problem(path="ui.path", what=f"is {ui.path!r}", remedy=remedy)
    for name, remedy in _SELECTORS.items():
        if not getattr(ui, name).strip():
            yield Problem(path=f"ui.{name}", what="is empty", remedy=remedy)
    yield from _steps_problems("ui.login", ui.login, CREDENTIALS)
    yield from _steps_problems("ui.create", ui.create, CREATE_NAMES)
    yield from _steps_problems("ui.logout", ui.logout, frozenset())
    yield from _login_problems(profile, ui)
    if ui.create and "text" not in _names_in(ui.create):
        remedy = 'put "{text}" into the field that the message of the event comes from: by it the event is recognised'
        yield Problem(path="ui.create", what="types {text} nowhere", remedy=remedy)


def _login_problems(profile: Profile, ui: UserInterface) -> Iterator[Problem]:
    names = _names_in(ui.login)
    if missing := sorted(CREDENTIALS - names):
        what = f"does not use {' and '.join(f'{{{name}}}' for name in missing)}"
        remedy = "fill in the fields of the login with the placeholders, and click on its button"
        yield Problem(path="ui.login", what=what, remedy=remedy)
    for index, account in enumerate(profile.users.accounts):
        if account.role is Role.MEMBER and not account.password and not profile.users.signup:
            what = "has no password to log in with on the page of [ui]"
            remedy = 'add password = "env:NAME" to it, or leave [ui] out'
            yield Problem(path=f"users.accounts[{index}]", what=what, remedy=remedy)


def _steps_problems(path: str, steps: tuple[Step, ...], known: frozenset[str]) -> Iterator[Problem]:
    for index, step in enumerate(steps):
        yield from _step_problems(join(path, index), step, known)


def _step_problems(path: str, step: Step, known: frozenset[str]) -> Iterator[Problem]:
    if bool(step.fill.strip()) == bool(step.click.strip()):
        what = "has both fill and click" if step.fill else "has neither fill nor click"
        yield Problem(path=path, what=what, remedy=_STEP)
    elif step.fill and not step.value:
        yield Problem(path=path, what=f"fills {step.fill!r} with nothing", remedy=_STEP)
    elif step.click and step.value:
        yield Problem(path=path, what="clicks, and has a value", remedy=_STEP)
    for found in PLACEHOLDER.finditer(step.value):
        if found[1] not in known:
            remedy = placeholder_remedy(found[1], known)
            yield Problem(path=f"{path}.value", what=f"uses {{{found[1]}}}, which is unknown", remedy=remedy)


def _names_in(steps: tuple[Step, ...]) -> set[str]:
    return {found[1] for step in steps for found in PLACEHOLDER.finditer(step.value)}
