"""The browser, and the screens on which pages are tested."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

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
"""Two screens that cover every option at least once."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, for the duration of the block; the headless one if installed."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        raise RuntimeError("there is no Chromium: `make browser` installs it")
    with sync_playwright() as playwright:
        # Its sandbox refuses root, the user of tests in a container.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def tab(
    browser: Browser, screen: Screen, who: Visitor, *, zoom: float = 1.0, workers: bool = False
) -> Iterator[Page]:
    """A tab with the session of `who`; every error on the page's console fails the test.

    `zoom` is the browser's: at 2.0 half as much fits. `workers`: it installs our service worker.
    """
    context = _context(browser, screen, who.origin, zoom, workers=workers)
    _log_in(context, who)
    page = context.new_page()
    complaints = _complaints(page)
    try:
        yield page
    finally:
        context.close()
    assert complaints == [], complaints


class Windows:
    """A window for each server with one tab, which stays open until the stack is closed: opening a
    tab starts a process of the browser.

    `script` runs before all others on each page, as a part of the browser.
    """

    def __init__(self, browser: Browser, screen: Screen, stack: ExitStack, *, script: Path) -> None:
        self._browser, self._screen, self._stack, self._script = browser, screen, stack, script
        self._open: dict[str, tuple[Page, list[str]]] = {}

    @contextmanager
    def tab(self, who: Visitor) -> Iterator[Page]:
        """The tab with the session of `who` and the screen's size and theme, whatever was done in
        it before; errors fail as in `tab`.
        """
        page, complaints = self._tab(who.origin)
        page.context.clear_cookies()
        _log_in(page.context, who)
        page.unroute_all()
        page.set_extra_http_headers({})
        page.set_viewport_size({"width": self._screen.width, "height": self._screen.height})
        page.emulate_media(color_scheme=self._screen.theme)
        complaints.clear()
        yield page
        assert complaints == [], complaints

    def _tab(self, origin: str) -> tuple[Page, list[str]]:
        if origin not in self._open:
            window = _context(self._browser, self._screen, origin)
            self._stack.callback(window.close)
            window.add_init_script(path=self._script)
            page = window.new_page()
            self._open[origin] = page, _complaints(page)
        return self._open[origin]


def _context(
    browser: Browser, screen: Screen, origin: str, zoom: float = 1.0, *, workers: bool = False
) -> BrowserContext:
    context = browser.new_context(
        base_url=origin,
        viewport={"width": int(screen.width / zoom), "height": int(screen.height / zoom)},
        device_scale_factor=zoom,
        color_scheme=screen.theme,
        java_script_enabled=screen.scripts,
        # Installing it takes requests, in the middle of whatever is being tested.
        service_workers="allow" if workers else "block",
    )
    context.set_default_timeout(10_000)
    return context


def _complaints(page: Page) -> list[str]:
    """A list that grows by every error on the page's console."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # Error responses are recorded too; error pages are looked at as well.
        expected = ("the server responded with a status of", "registration blocked by Playwright")
        is_expected = any(words in message.text for words in expected)
        if message.type in {"error", "warning"} and not is_expected:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


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
