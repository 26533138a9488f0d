"""Fixtures for the inbox: a world with one inbox in it, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedcom.db import open_database
from tests.inbox.peers import World
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database


@pytest.fixture
def world(empty_database_url: str, clock: SettableClock) -> Iterator[World]:
    """An inbox on each database."""
    database = open_database(empty_database_url)
    yield World(database, clock)
    database.close()


@pytest.fixture
def small_world(tmp_path: Path, clock: SettableClock) -> Iterator[World]:
    """An inbox on SQLite, for tests that do not depend on the kind of database."""
    database = open_database(sqlite_database(tmp_path / "inbox.sqlite3", migrated=False))
    yield World(database, clock)
    database.close()
