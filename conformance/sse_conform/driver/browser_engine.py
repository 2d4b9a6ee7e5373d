"""Which browser there is, and how it is started: a build of Playwright, or a Chromium of the system."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sse_conform.errors import TargetError
from sse_conform.profile import BrowserChoice, Engine

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

#: What a Chromium may be called on the path; only Chromium itself is driven from outside Playwright's own builds.
#: The shell is the same engine without windows, which Playwright drives too where nobody sees them, and lighter.
SYSTEM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
#: A second list takes the place of Playwright's own, so the first names are from there: upgrades to HTTPS, paints that
#: are held back, what is fetched unasked. The last three make a process, of 63 MB, for every context and every page.
CHROMIUM_WITHOUT = (
    "AimEnabled",
    "AutofillServerCommunication",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "Translate",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
#: Quiet: nothing but the pages' own requests leaves the browser, and every stream has a TCP connection of its own.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",  # containers and root have no user namespaces to make one from
    "--disable-gpu",
    "--disable-quic",
    "--disable-http2",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # all tabs of a device share one
    f"--disable-features={','.join(CHROMIUM_WITHOUT)}",
)
#: Playwright turns this cache off by default; people have it on.
CHROMIUM_UNWANTED = ("--disable-back-forward-cache",)
LAUNCH_SECONDS = 30.0
FIX = "conform doctor --browser --fix installs one"


class NoBrowserError(TargetError):
    """There is no browser to judge in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A browser that is there: its executable, None for the build that Playwright finds by itself."""

    engine: Engine
    executable: str | None
    source: str


def find(choice: BrowserChoice, playwright: "Playwright") -> Installed:
    """
    The browser to start: the one named, else Playwright's own build, else a Chromium of the system.

    :raises NoBrowserError: there is none.
    """
    engine = choice.engine or Engine.CHROMIUM
    if choice.executable:
        if shutil.which(choice.executable) is None:
            raise NoBrowserError(f"{choice.executable} is no program", hint="correct browser.executable in the profile")
        return Installed(engine=engine, executable=choice.executable, source=choice.executable)
    own = getattr(playwright, engine.value).executable_path
    if own and Path(own).exists():
        return Installed(engine=engine, executable=None, source="a build of Playwright")
    if engine is Engine.CHROMIUM:
        for name in SYSTEM_NAMES:
            if path := shutil.which(name):
                return Installed(engine=engine, executable=path, source=path)
    raise NoBrowserError(f"no {engine.value} is installed", hint=FIX)


async def launch(installed: Installed, playwright: "Playwright") -> "Browser":
    """
    Start it, without a window.

    :raises NoBrowserError: it does not start.
    """
    from playwright.async_api import Error  # noqa: PLC0415 - heavy, and only there with the extra

    chromium = installed.engine is Engine.CHROMIUM
    kind = getattr(playwright, installed.engine.value)
    try:
        browser: Browser = await kind.launch(
            executable_path=installed.executable,
            args=list(CHROMIUM_ARGUMENTS) if chromium else [],
            ignore_default_args=list(CHROMIUM_UNWANTED) if chromium else None,
            timeout=LAUNCH_SECONDS * 1000,
            # An interrupt is for the run, which then closes the browser.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except Error as trouble:
        reason = trouble.message.strip().partition("\n")[0]
        raise NoBrowserError(f"{installed.source} does not start: {reason}", hint=FIX) from trouble
    return browser
