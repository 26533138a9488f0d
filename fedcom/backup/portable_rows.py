"""Rows as lines of JSON that either database can take, also one of a later version.

A backup describes its own tables: a later version restores them as they were, and then upgrades
them like any database of that time. So nothing here depends on today's models.
"""

import base64
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from fedcom.db import UtcDateTime

PORTION = 1024 * 1024
"""Bytes of JSON after which rows go on in the next member of the archive."""

_Row = Mapping[str, Any]

_KINDS: tuple[tuple[str, type[TypeEngine[Any]], TypeEngine[Any]], ...] = (
    ("time", UtcDateTime, UtcDateTime()),
    ("boolean", Boolean, Boolean()),
    ("bytes", LargeBinary, LargeBinary()),
    ("integer", Integer, BigInteger()),
    ("float", Double, Double()),
    ("text", String, Text()),
)
"""The kinds of values: their names in a backup, the models' types, and what they are written as."""

_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "time": datetime.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode("ascii"),
}
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "bytes": base64.b64decode,
}


def describe_columns(table: Table) -> list[dict[str, Any]]:
    """Name, kind and whether it belongs to the primary key, for each column. Raises TypeError for a
    type that has no kind yet.
    """
    return [
        {"name": column.name, "kind": _kind_of(column), "key": column.primary_key}
        for column in table.columns
    ]


def _kind_of(column: Column[Any]) -> str:
    for kind, model_type, _ in _KINDS:
        if isinstance(column.type, model_type):
            return kind
    msg = f"{column}: a backup has no kind of value for {column.type!r}"
    raise TypeError(msg)


def to_table(name: str, columns: Sequence[Mapping[str, Any]]) -> Table:
    """The table that `describe_columns` described. Raises KeyError for an unknown kind."""
    types = {kind: written_as for kind, _, written_as in _KINDS}
    made = [
        Column(one["name"], types[one["kind"]], primary_key=one["key"], autoincrement=False)
        for one in columns
    ]
    return Table(name, MetaData(), *made)


def write_portions(
    columns: Sequence[Mapping[str, Any]], batches: Iterator[Sequence[_Row]]
) -> Iterator[tuple[int, bytes]]:
    """Compressed portions of about `PORTION` bytes of JSON, each with the rows so far."""
    convert = [(one["name"], _TO_JSON.get(one["kind"])) for one in columns]
    lines: list[bytes] = []
    rows = size = 0
    for batch in batches:
        for row in batch:
            lines.append(orjson.dumps([_converted(row[name], to) for name, to in convert]))
            size += len(lines[-1])
            rows += 1
            if size >= PORTION:
                yield rows, _packed(lines)
                lines, size = [], 0
    if lines:
        yield rows, _packed(lines)


def read_portion(columns: Sequence[Mapping[str, Any]], portion: bytes) -> list[dict[str, Any]]:
    """The rows of a portion. Raises ValueError, OSError, EOFError or zlib.error for others."""
    convert = [(one["name"], _FROM_JSON.get(one["kind"])) for one in columns]
    rows = []
    for line in gzip.decompress(portion).splitlines():
        values = zip(convert, orjson.loads(line), strict=True)
        rows.append({name: _converted(value, to) for (name, to), value in values})
    return rows


def _converted(value: Any, to: Callable[[Any], Any] | None) -> Any:
    return value if value is None or to is None else to(value)


def _packed(lines: Sequence[bytes]) -> bytes:
    # Without a time, so that equal rows are equal bytes.
    return gzip.compress(b"\n".join(lines), compresslevel=6, mtime=0)
