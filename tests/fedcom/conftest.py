"""`home`: an instance with two members and a community; `rows`: a transaction to insert rows in;
`peers`: what the peers of `node` serve; `target_url`: a database to move to.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedcom.db import Database
from tests.support.clock import SettableClock
from tests.support.databases import PostgresqlDatabases
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


@pytest.fixture
def target_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the other kind than that of the test, to which that is moved."""
    if dialect == "postgresql":
        yield f"sqlite:///{tmp_path}/target.sqlite3"
        return
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    url = databases.create(migrated=False)
    yield url
    databases.drop(url)
