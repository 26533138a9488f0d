"""Indexes of the rows that meet a condition, for both databases."""

from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Index, and_, column, text


def partial_index(
    name: str, *columns: str | Column[Any], where: str | ColumnElement[bool]
) -> Index:
    """An index of the rows for which `where` holds: SQL that both databases understand, or what
    `flagged` makes.
    """
    condition = text(where) if isinstance(where, str) else where
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def flagged(name: str, *others: str) -> ColumnElement[bool]:
    """The condition that the Boolean column `name` is true, and that the SQL of `others` holds.

    It is written as in statements, which is `name = 1` on SQLite: for these, SQLite does not use an
    index of the rows with `name`.
    """
    return and_(True, column(name, Boolean), *(text(one) for one in others))
