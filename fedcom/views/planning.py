"""How a statement is written so that both databases plan it well, without its parameters
(docs/decisions/0042).
"""

from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column


def checked(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Row by row: no index is used, and PostgreSQL expects to keep nearly every row."""
    return case((condition, 1), else_=0) != 0


def unindexed(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same key, in which no index is sorted: for a few rows that are found by other means, so
    that no database walks down all rows in order to find these.
    """
    return func.coalesce(key, key)


def constant(rows: int) -> ColumnElement[int]:
    """A limit that PostgreSQL knows when it plans the statement, and SQLite does not.

    PostgreSQL takes a limit that is a parameter for a tenth of all rows, and reads whole tables to
    join so many. SQLite prefers to sort a whole table to going down an index if it knows a low one.
    """
    return literal_column(f"{rows} + 0")
