"""The `rig`: a started instance's database."""

import pytest

from fedcom.db import Database
from tests.fedcom.accounts.rig import Rig
from tests.support.clock import SettableClock


@pytest.fixture
def rig(database: Database, clock: SettableClock) -> Rig:
    made = Rig(database, clock)
    made.start()
    return made
