"""The browser, and the screens that pages are tried on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.visitor import Visitor

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Screen:
    """A size, a theme, and whether scripts run."""

    name: str
    width: int
    height: int
    theme: Theme = "light"
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.name}-{self.theme}{'' if self.scripts else '-plain'}"


PHONE = Screen("phone", 390, 844)
DESKTOP = Screen("desktop", 1280, 900)
SCREENS = [
    Screen(size.name, size.width, size.height, theme, scripts)
    for size in (PHONE, DESKTOP)
    for theme in ("light", "dark")
    for scripts in (True, False)
]
"""Phone and desktop, light and dark, with scripts and without."""

OPPOSITES = [
    Screen(DESKTOP.name, DESKTOP.width, DESKTOP.height),
    Screen(PHONE.name, PHONE.width, PHONE.height, "dark", scripts=False),
]
"""Two on which everything is tried at least once."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, for as long as it is needed; without its windows if that is installed."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        raise RuntimeError("there is no Chromium: `make browser` installs it")
    with sync_playwright() as playwright:
        # Its sandbox refuses root, which is who tests run as in a container.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser, screen: Screen, who: Visitor, *, zoom: float = 1.0) -> Iterator[Page]:
    """A tab in which `who` is as logged in as they are; every error on the page's console fails.

    `zoom` is the browser's: at 2.0 half as much fits.
    """
    context = browser.new_context(
        base_url=who.origin,
        viewport={"width": int(screen.width / zoom), "height": int(screen.height / zoom)},
        device_scale_factor=zoom,
        color_scheme=screen.theme,
        java_script_enabled=screen.scripts,
    )
    context.set_default_timeout(10_000)
    _log_in(context, who)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _is_bad(said.type) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    # Answers that are errors are noted on the console too; pages of errors are looked at as well.
    bad = [text for text in complaints if "the server responded with a status of" not in text]
    assert bad == [], bad


def _is_bad(kind: str) -> bool:
    return kind in {"error", "warning"}


def _log_in(context: BrowserContext, who: Visitor) -> None:
    for cookie in who.client.cookies.jar:
        context.add_cookies(
            [
                {
                    "name": cookie.name,
                    "value": cookie.value or "",
                    "url": who.origin,
                    "httpOnly": True,
                }
            ]
        )
