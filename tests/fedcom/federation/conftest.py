"""`node`: the whole instance behind its HTTP; documents are the same on every database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedcom.db import Database
from tests.support.clock import SettableClock
from tests.support.node import Node, open_node


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """On SQLite, unless a test asks for another (`indirect`)."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def node(
    database: Database, database_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Node]:
    """See `tests.support.node`."""
    async with open_node(database, database_url, clock, tmp_path) as opened:
        yield opened
