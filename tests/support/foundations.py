"""The initial rows of many tests: built once per process, then copied into each new database."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from sqlalchemy import MetaData, Table, delete, insert, select, text

import inbox.journal
import outbox.deliveries
from fedcom.db import Database
from fedcom.models import base

T = TypeVar("T")

_METADATA: tuple[MetaData, ...] = (
    base.metadata,
    inbox.journal.metadata,
    outbox.deliveries.metadata,
)
_SEQUENCES = text(
    "SELECT schemaname || '.' || sequencename AS name, last_value AS last FROM pg_sequences"
    " WHERE last_value IS NOT NULL"
)
# Not back to a number below those that triggers have used since, in tables without a model.
_SET = text(
    "SELECT setval(CAST(CAST(:name AS text) AS regclass), greatest(:last, (SELECT last_value"
    " FROM pg_sequences WHERE schemaname || '.' || sequencename = CAST(:name AS text))))"
)

_Rows = list[tuple[Table, list[dict[str, Any]]]]
_made: dict[Hashable, tuple[Any, _Rows, list[dict[str, Any]]]] = {}


def founded(database: Database, what: Hashable, build: Callable[[], T]) -> T:
    """The result of `build`; the database then has the rows that it had when that was done.

    `what` contains everything that the result depends on, as the rows that are there before: for
    equal values, `build` is called once per kind of database. The result is shared, so it must not
    be changed.
    """
    key = (database.dialect, what)
    if key in _made:
        result, rows, sequences = _made[key]
        with database.begin() as conn:
            for table, _ in reversed(rows):
                conn.execute(delete(table))
            for table, values in rows:
                conn.execute(insert(table), values)
            if sequences:
                conn.execute(_SET, sequences)
        return cast("T", result)
    result = build()
    with database.connect() as conn:
        tables = [table for metadata in _METADATA for table in metadata.sorted_tables]
        found = [
            (table, [dict(row) for row in conn.execute(_all_of(table)).mappings()])
            for table in tables
        ]
        sequences: list[dict[str, Any]] = []
        if database.dialect == "postgresql":
            sequences = [dict(row) for row in conn.execute(_SEQUENCES).mappings()]
    _made[key] = result, [(table, values) for table, values in found if values], sequences
    return result


def _all_of(table: Table) -> Any:
    return select(table).order_by(*table.primary_key.columns)
