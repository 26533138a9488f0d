"""Conditions on a list of any length, passed as one parameter.

SQLAlchemy's `in_` writes one parameter for each item, and a statement with another number of them
is another statement: it is written anew for each call, and neither database can keep its plan.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


def among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether `column` is one of the items of the parameter `name`, a list."""
    return _Among(column, bindparam(name, type_=_List(type(column.type))))


class _List(TypeDecorator[Sequence[Any]]):
    """A list as each database takes one: SQLite as JSON, PostgreSQL as an array."""

    impl = Text
    cache_ok = True

    def __init__(self, item: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(self.item())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        items = list(value or ())
        return json.dumps(items) if dialect.name == "sqlite" else items


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        # Otherwise SQLite would be given `… = 1`, for which it uses no index.
        return self


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **named: Any) -> str:
    column, items = (compiler.process(one, **named) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({items}))"  # noqa: S608 - compiled parts


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **named: Any) -> str:
    column, items = (compiler.process(one, **named) for one in element.clauses)
    return f"{column} = ANY({items})"
