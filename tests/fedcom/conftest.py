"""`home`: an instance with two members and a community; `rows`: a transaction to insert rows in;
`peers`: what the peers of `node` serve.
"""

from collections.abc import Iterator

import pytest

from fedcom.db import Database
from tests.support.clock import SettableClock
from tests.support.node import Node
from tests.support.people import Home
from tests.support.rows import Rows
from tests.support.served import serve


@pytest.fixture
def home(database: Database, clock: SettableClock) -> Home:
    """See `tests.support.people`."""
    return Home(database, clock)


@pytest.fixture
def rows(database: Database) -> Iterator[Rows]:
    """See `tests.support.rows`; on each database in turn."""
    with database.begin() as conn:
        yield Rows(conn)


@pytest.fixture
def peers(node: Node) -> None:
    """Let kim's and dogs' servers serve their documents to `node`: see `tests.support.served`."""
    serve(node)
