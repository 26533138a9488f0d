"""Inserts that meet an existing row: the row is left unchanged, updated, or added to.

Both databases spell ON CONFLICT alike, but SQLAlchemy's classes for it have no common base.
Building a statement costs several times as much as running it, so each shape is built once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, bindparam, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert


def insert_new(
    connection: Connection, rows: Sequence[Mapping[str, Any]], returning: Column[Any]
) -> list[Any]:
    """Insert those of `rows` that violate no unique constraint; returns `returning` of each.

    The rows go into the table of that column, all with one statement.
    """
    return [row[0] for row in insert_new_rows(connection, rows, returning)]


def insert_new_rows(
    connection: Connection, rows: Sequence[Mapping[str, Any]], *returning: Column[Any]
) -> list[Row[*tuple[Any, ...]]]:
    """As `insert_new`, with several columns of each inserted row, in no particular order."""
    statement = _insert_new(connection.dialect.name, returning)
    return list(connection.execute(statement, [dict(row) for row in rows]))


def insert_ignoring(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless it violates a unique constraint; returns whether it was inserted."""
    statement = _insert_ignoring(connection.dialect.name, table)
    return connection.execute(statement, dict(values)).first() is not None


def upsert(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    *,
    key: Iterable[str],
    keep: Iterable[str] = (),
) -> Row[Any]:
    """Insert one row or update the one with the same `key`; returns the row afterwards.

    `key` names the columns of one unique constraint or index. An existing row takes all of `values`
    except `key` and the columns in `keep`, which only a new row gets (when it was first seen, say).
    """
    statement = _upsert(connection.dialect.name, table, tuple(values), tuple(key), tuple(keep))
    return connection.execute(statement, dict(values)).one()


def add_up(
    connection: Connection, table: Table, values: Mapping[str, Any], *, key: Iterable[str]
) -> None:
    """Add `values` to the counters in the row with the same `key`, or insert them as a new row."""
    statement = _add_up(connection.dialect.name, table, tuple(values), tuple(key))
    connection.execute(statement, dict(values))


@lru_cache(maxsize=64)
def _insert_new(dialect: str, returning: tuple[Column[Any], ...]) -> ReturningInsert[Any]:
    # RETURNING makes SQLAlchemy send many rows in one statement, and shows which were inserted.
    table = returning[0].table
    return _insert(dialect, table).on_conflict_do_nothing().returning(*returning)


@lru_cache(maxsize=256)
def _insert_ignoring(dialect: str, table: Table) -> ReturningInsert[Any]:
    statement = _insert(dialect, table).on_conflict_do_nothing()
    # Not rowcount, which SQLAlchemy leaves at -1 where it reads the new id by RETURNING.
    return statement.returning(literal_column("1"))


@lru_cache(maxsize=256)
def _upsert(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    keep: tuple[str, ...],
) -> ReturningInsert[Any]:
    statement = _insert(dialect, table)
    changed = [name for name in names if name not in {*key, *keep}]
    # With nothing to change, DO NOTHING would return no row.
    changes = {name: statement.excluded[name] for name in changed or key}
    return statement.on_conflict_do_update(index_elements=key, set_=changes).returning(table)


@lru_cache(maxsize=64)
def _add_up(
    dialect: str, table: Table, names: tuple[str, ...], key: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    statement = _insert(dialect, table).values({name: bindparam(name) for name in names})
    changes = {name: table.c[name] + statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=changes)


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
