"""One browser and one town for all tests of the pages: starting them takes longer than a test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.screens import chromium
from tests.browser.town import Town, open_town


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened
