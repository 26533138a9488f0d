"""`home`: an instance with two members and a community, for whatever needs a database."""

import pytest

from fedcom.db import Database
from tests.support.clock import SettableClock
from tests.support.people import Home


@pytest.fixture
def home(database: Database, clock: SettableClock) -> Home:
    """See `tests.support.people`."""
    return Home(database, clock)
