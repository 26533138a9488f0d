"""A table for tests of the database itself, which are about no table of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Integer, MetaData, Table, UniqueConstraint

from fedcom.db import BigId, Database, SortableText, UtcDateTime, open_database

metadata = MetaData()
examples = Table(
    "examples",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", SortableText, nullable=False),
    Column("times", Integer, nullable=False, default=0),
    Column("seen_at", UtcDateTime),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)


@contextmanager
def opened_with(tables: MetaData, url: str) -> Iterator[Database]:
    """The empty database at `url`, with `tables` in it."""
    database = open_database(url)
    with database.begin() as connection:
        tables.create_all(connection)
    yield database
    database.close()
