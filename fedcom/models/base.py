"""The metadata of the domain's tables, and the one way from a row to a dataclass.

Rows are frozen dataclasses whose fields are named like the columns; there is no ORM, so reading a
row never touches the database again.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, MetaData, Result, RowMapping, text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

EMPTY = text("''")
"""The server default of texts; as SQL, because Alembic takes a plain "" of SQLite for a change."""

R = TypeVar("R")


def columns_of(
    row_type: type[Any], *tables: FromClause, prefix: str = ""
) -> list[ColumnElement[Any]]:
    """The columns that `row_type` (a dataclass) is read from; the first table with the name wins.

    With a `prefix` they are labelled with it, for statements with several rows of one kind. Raises
    LookupError for a field that is in no table: a programming error, found at import.
    """
    found = [(field.name, _column(row_type, field.name, tables)) for field in fields(row_type)]
    return [column.label(prefix + name) if prefix else column for name, column in found]


def _column(row_type: type[Any], name: str, tables: Iterable[FromClause]) -> ColumnElement[Any]:
    for table in tables:
        if name in table.c:
            return table.c[name]
    raise LookupError(f"{row_type.__name__}.{name} is a column of none of the tables")


@cache
def values_of(
    row_type: type[Any], prefix: str = "", *, without: tuple[str, ...] = ()
) -> Callable[[RowMapping], tuple[Any, ...]]:
    """A function that takes the fields of `row_type` out of a result row by name, in their order.

    `without` are fields that are not columns, such as those that hold other rows.
    """
    names = [field.name for field in fields(row_type) if field.name not in without]
    return itemgetter(*(prefix + name for name in names))


def to_row(row_type: type[R], mapping: RowMapping, prefix: str = "") -> R:
    """Build the frozen `row_type` from one result row that was selected with `columns_of`."""
    # mypy takes a class given by a type variable for not hashable, which every class is.
    known: Any = row_type
    return row_type(*values_of(known, prefix)(mapping))


def first_row(row_type: type[R], result: Result[Any]) -> R | None:
    """The first row of a statement that selects the columns of `row_type`; None if it has none."""
    found = result.mappings().first()
    return None if found is None else to_row(row_type, found)
