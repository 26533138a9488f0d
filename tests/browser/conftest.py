"""One browser and one set of servers for all tests of the pages: starting them takes seconds."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.screens import OPPOSITES, Screen, chromium, tab
from tests.browser.servers import Servers, open_servers
from tests.support.visitor import Visitor

# The time that a tab waits for an element it should press.
expect.set_options(timeout=10_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with open_servers(tmp_path_factory.mktemp("servers")) as opened:
        yield opened


@pytest.fixture(params=OPPOSITES, ids=str)
def screen(request: pytest.FixtureRequest) -> Screen:
    """The screen of a scenario; the scenario about all screens overrides it."""
    chosen: Screen = request.param
    return chosen


class Tabs:
    """Opens tabs for people of the servers on the scenario's screen."""

    def __init__(
        self, browser: Browser, servers: Servers, screen: Screen, stack: ExitStack
    ) -> None:
        self._browser, self._servers, self._screen, self._stack = browser, servers, screen, stack

    def __call__(self, who: str | Visitor, *, workers: bool = False) -> Page:
        """A tab of a person of the servers, or of another visitor; open until the scenario ends.
        With `workers`, it installs our service worker.
        """
        visitor = self._servers.people[who] if isinstance(who, str) else who
        opened = tab(self._browser, self._screen, visitor, workers=workers)
        return self._stack.enter_context(opened)


@pytest.fixture
def tab_of(browser: Browser, servers: Servers, screen: Screen) -> Iterator[Tabs]:
    with ExitStack() as stack:
        yield Tabs(browser, servers, screen, stack)
