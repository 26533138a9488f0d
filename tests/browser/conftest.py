"""One browser and one town for all tests of the pages: starting them takes longer than a test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.screens import OPPOSITES, Screen, chromium, tab
from tests.browser.town import Town, open_town
from tests.support.visitor import Visitor

# The time that a tab waits for an element it should press.
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


@pytest.fixture(params=OPPOSITES, ids=str)
def screen(request: pytest.FixtureRequest) -> Screen:
    """The screen of a story; the story about all screens overrides it."""
    chosen: Screen = request.param
    return chosen


class Seats:
    """Opens tabs for people of the town on the story's screen."""

    def __init__(self, browser: Browser, town: Town, screen: Screen, stack: ExitStack) -> None:
        self._browser, self._town, self._screen, self._stack = browser, town, screen, stack

    def __call__(self, who: str | Visitor) -> Page:
        """A tab of a person of the town, or of another visitor; open until the story ends."""
        visitor = self._town.people[who] if isinstance(who, str) else who
        return self._stack.enter_context(tab(self._browser, self._screen, visitor))


@pytest.fixture
def sit(browser: Browser, town: Town, screen: Screen) -> Iterator[Seats]:
    with ExitStack() as stack:
        yield Seats(browser, town, screen, stack)
