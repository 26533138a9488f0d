"""A transaction to insert rows in and to read from, on each database in turn."""

from collections.abc import Iterator

import pytest

from fedcom.db import Database
from tests.fedcom.queries.rows import Rows


@pytest.fixture
def rows(database: Database) -> Iterator[Rows]:
    with database.begin() as conn:
        yield Rows(conn)
