"""`column IN (…)` for a list of row ids or words that is one parameter: one statement for all
lengths, which is compiled and prepared once.
"""

import json
from collections.abc import Collection
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


def one_of(ids: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Whether a row id is in the parameter `name`, a collection of numbers."""
    return _OneOf(ids, bindparam(name, type_=_IdList()))


def one_of_texts(texts: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether a text is in the parameter `name`, a collection of texts."""
    return _OneOf(texts, bindparam(name, type_=_TextList()))


class _IdList(TypeDecorator[Collection[Any]]):
    """An array; for SQLite, which has none, JSON."""

    impl = Text
    cache_ok = True
    item: ClassVar[TypeEngine[Any]] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(self.item) if is_postgresql else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        items = list(value or ())
        return items if dialect.name == "postgresql" else json.dumps(items)


class _TextList(_IdList):
    cache_ok = True
    item = Text()


class _OneOf(FunctionElement[bool]):
    # Without a type: for SQLite, to a Boolean is added `= 1`, and then no index is used.
    inherit_cache = True


@compiles(_OneOf, "postgresql")
def _as_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    ids, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{ids} = ANY ({given})"


@compiles(_OneOf, "sqlite")
def _as_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    ids, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{ids} IN (SELECT value FROM json_each({given}))"  # noqa: S608 (both are compiled)
