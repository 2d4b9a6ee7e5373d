"""What a person does in a page, step by step: fields are filled, buttons are clicked."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sse_conform.driver.templates import fill
from sse_conform.errors import TargetError
from sse_conform.user_interface import Step

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

#: A page that was just loaded may need so many seconds until it can be used.
STEP_SECONDS = 6.0
#: So many fields and buttons of a page are named where one was not found.
NAMED = 8
#: What can be used on a page, each as a selector would name it.
_USABLE = """limit => [...document.querySelectorAll("input, select, textarea, button, a[id], [role=button]")]
  .filter((element) => element.checkVisibility())
  .slice(0, limit)
  .map((element) => {
    const mark = element.id ? `#${element.id}` : element.name ? `[name=${element.name}]` : "";
    const words = mark ? "" : ` "${element.textContent.trim().slice(0, 20)}"`;
    return element.tagName.toLowerCase() + mark + words;
  })"""

#: Of these selectors those that are none.
_BROKEN = """selectors => selectors.filter((selector) => {
  try {
    document.querySelector(selector);
    return false;
  } catch {
    return true;
  }
})"""


class StepError(TargetError):
    """A step could not be done; the message names it."""


async def perform(page: "Page", path: str, steps: Iterable[Step], values: Mapping[str, Any], *, first: int = 0) -> None:
    """
    Do the steps of ``path`` in the profile, from the ``first`` on, with these values in place of placeholders.

    :raises StepError: one of them cannot be done.
    """
    from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

    for index, step in enumerate(steps, start=first):
        place = visible(page, step.fill or step.click)
        try:
            if step.fill:
                await place.fill(str(fill(step.value, values)), timeout=STEP_SECONDS * 1000)
            else:
                await place.click(timeout=STEP_SECONDS * 1000)
        except Error as trouble:
            raise await _explained(page, f"ui.{path}[{index}]", step, trouble) from None


async def demand_selectors(page: "Page", named: Mapping[str, str]) -> None:
    """
    Let the page read these selectors, which stand at these keys of [ui].

    :raises StepError: one of them is none.
    """
    broken = await page.evaluate(_BROKEN, list(named.values()))
    for name, selector in named.items():
        if selector in broken:
            raise StepError(f'ui.{name} = "{selector}" is no CSS selector', hint=f"correct ui.{name}")


def visible(page: "Page", selector: str) -> "Locator":
    """The first visible element that a CSS selector names."""
    return page.locator(f"css={selector}").locator("visible=true").first


async def _explained(page: "Page", where: str, step: Step, trouble: Exception) -> StepError:
    kind, selector = ("fill", step.fill) if step.fill else ("click", step.click)
    named = f'{where}.{kind} = "{selector}"'
    reason = str(trouble).partition("\n")[0]
    try:
        if await page.locator(f"css={selector}").locator("visible=true").count():
            return StepError(f"{named} names something that one cannot {kind}: {reason}", hint="correct the selector")
        usable = ", ".join(await page.evaluate(_USABLE, NAMED)) or "nothing"
    except Exception as unusable:  # noqa: BLE001 - a selector that is none, or a page that is gone: both are said
        return StepError(f"{named} cannot be used: {str(unusable).partition(chr(10))[0]}", hint="write a CSS selector")
    hint = f"correct the selector; what can be used there: {usable}"
    return StepError(f"{named} matches nothing visible on {page.url}", hint=hint)
