"""INSERT of a row whose other columns contain its id, such as the address of a new post.

The next id is taken in the same statement. An UPDATE after the INSERT would write the row a second
time, and its entry in every index.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.functions import FunctionElement

Columns = Mapping[str, ColumnElement[Any]]
"""The expressions of some columns, by the columns' names."""

_PREFIX = "new_"  # SQLAlchemy keeps the columns' own names for itself


def insert_with_id(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    derive: Callable[[ColumnElement[str], Columns], Columns],
) -> RowMapping:
    """Insert one row and return it, with all of its columns.

    `derive`, a function of a module, makes the columns that contain the id, of the id as text and
    of the expressions of `values`. The table has an automatic `id`; on SQLite, one with
    `sqlite_autoincrement`.
    """
    statement = _insert_with_id(table, tuple(values), derive)
    parameters = {_PREFIX + name: value for name, value in values.items()}
    return connection.execute(statement, parameters).mappings().one()


@lru_cache(maxsize=64)
def _insert_with_id(
    table: Table,
    names: tuple[str, ...],
    derive: Callable[[ColumnElement[str], Columns], Columns],
) -> ReturningInsert[Any]:
    numbered = select(_NextId(table.name).label("id")).subquery("numbered")
    given = {name: bindparam(_PREFIX + name, type_=table.c[name].type) for name in names}
    row = {"id": numbered.c.id, **given, **derive(cast(numbered.c.id, Text), given)}
    rows = select(*row.values()).select_from(numbered)
    return insert(table).from_select(list(row), rows).returning(*table.c)


def padded(number: ColumnElement[str], digits: int) -> ColumnElement[str]:
    """The digits of a number with zeros before them, `digits` characters in all."""
    return func.substr(literal("0" * digits, Text) + number, func.length(number) + 1)


class _NextId(FunctionElement[int]):
    """The id that the database would give to the next row of a table."""

    type = Integer()
    inherit_cache = True

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(literal_column(f"'{table}'"))  # so that it is part of the cache's key


@compiles(_NextId, "postgresql")
def _on_postgresql(element: _NextId, _compiler: SQLCompiler, **_: Any) -> str:
    return f"nextval('{element.table}_id_seq'::regclass)"


@compiles(_NextId, "sqlite")
def _on_sqlite(element: _NextId, _compiler: SQLCompiler, **_: Any) -> str:
    # Only one connection writes at a time.
    last = f"(SELECT seq FROM sqlite_sequence WHERE name = '{element.table}')"  # noqa: S608 - a table's name
    return f"coalesce({last}, 0) + 1"
