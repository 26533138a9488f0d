"""Moves an instance from one database to another, empty one: `fedcom db move`.

Rows are read and written through the column types of the models, so both databases have the same
values: times, booleans, bytes. What the database keeps itself (search indexes, by triggers) is made
anew by the target. Everything is one transaction of the target, at whose end the rows of both are
compared; before it, the target gets a mark with which no server starts. So a move that is
interrupted leaves an empty target with the mark, and is simply run again.

The source is only read, and nobody else may use it meanwhile. On SQLite, every connection to a
database in WAL mode holds a lock for as long as it is open, and servers and workers keep theirs
open: so an exclusive lock is refused while one of them runs, and stops any that starts. On
PostgreSQL, their connections have a name, and locks stop all that write.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    NullPool,
    Select,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError

from fedcom import migrate
from fedcom.db import normalise_url
from fedcom.migrate import MigrationError
from fedcom.tables import load_metadata

Progress = Callable[[str, int, int], None]
"""Told the table, the rows done, and all its rows, which are counted twice: copied and compared."""

BATCH = 500
"""Rows in memory at a time."""

IN_USE = (
    "The database is in use: stop the server and all workers first (and any other program that has"
    " it open)."
)
_LOCK_MILLISECONDS = 1000  # a command that is just ending may finish

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class TableContents:
    """How many rows a table has, and a digest of all its values, whatever the order of its rows."""

    name: str
    rows: int
    digest: str


def move(
    source_url: str,
    target_url: str,
    *,
    examine: Callable[[Connection], None],
    progress: Progress,
) -> tuple[TableContents, ...]:
    """Copy everything from the source to the target; returns what both contain, table by table.

    `examine` raises an exception if a database is not the expected one: it is called with the
    source, and with the target before anything is kept there. Raises MigrationError if the source
    is not at the newest revision or in use, if the target is not empty or refuses a row, or if the
    two differ in the end.
    """
    _check_revision(source_url)
    with _connected_alone(source_url) as source:
        examine(source)
        with migrate.locked(target_url) as target:
            _refuse_unless_empty(target)
            _mark(target)
        with migrate.locked(target_url) as target:
            _refuse_unless_empty(target)
            target.exec_driver_sql("DROP TABLE alembic_version")
            migrate.upgrade_within(target)
            copied = tuple(_copy(source, target, table, progress) for table in _tables())
            migrate.check_foreign_keys(target)
            for table, contents in zip(_tables(), copied, strict=True):
                _compare(target, table, contents, progress)
            examine(target)
            if target.dialect.name == "postgresql":
                target.exec_driver_sql("ANALYZE")
    return copied


def _tables() -> list[Table]:
    """All tables, each after those that it refers to."""
    return [table for metadata in load_metadata() for table in metadata.sorted_tables]


def _check_revision(url: str) -> None:
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise MigrationError(f"There is no database {parsed.database} to be moved.")
    if migrate.check(url):
        raise MigrationError(
            "The database is not as this version made it, so something would be lost: see fedcom"
            " db check."
        )


@contextmanager
def _connected_alone(url: str) -> Iterator[Connection]:
    """A transaction that reads, while nobody else uses the database. Raises MigrationError if
    somebody does.
    """
    engine = create_engine(normalise_url(url), poolclass=NullPool, hide_parameters=True)
    if engine.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute(f"PRAGMA busy_timeout = {_LOCK_MILLISECONDS}")
            connection.execute("PRAGMA query_only = ON")

        @event.listens_for(engine, "begin")
        def send_begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    lock = _lock_sqlite if engine.name == "sqlite" else _lock_postgresql
    with engine.connect() as connection:
        try:
            lock(connection)
        except OperationalError as error:
            raise MigrationError(IN_USE) from error
        yield connection


def _lock_sqlite(connection: Connection) -> None:
    """The first statement that reads takes the lock, until the connection is closed."""
    connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")


def _lock_postgresql(connection: Connection) -> None:
    names = ", ".join(f'"{table.name}"' for table in _tables())
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE NOWAIT")
    others = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'fedcom' AND pid <> pg_backend_pid()"
    )
    if others.scalar():
        raise MigrationError(IN_USE)


def _refuse_unless_empty(target: Connection) -> None:
    if target.dialect.name == "postgresql":
        encoding = target.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise MigrationError(f"The target has the encoding {encoding}; it must be UTF8.")
    found = inspect(target).get_table_names()
    if found == ["alembic_version"] and migrate.find_revision(target) == migrate.UNFINISHED_MOVE:
        return
    if found:
        some = ", ".join(sorted(found)[:3])
        raise MigrationError(
            f"The target is not empty: it has {len(found)} tables ({some}, …). Nothing was changed."
            " Give a new database without tables."
        )


def _mark(target: Connection) -> None:
    """Let no server start with the target."""
    target.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    target.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    target.execute(
        text("INSERT INTO alembic_version VALUES (:mark)"), {"mark": migrate.UNFINISHED_MOVE}
    )


def _copy(
    source: Connection, target: Connection, table: Table, progress: Progress
) -> TableContents:
    total = _count(source, table)
    adding = _Adding(table.name)
    progress(table.name, 0, 2 * total)
    # A comment refers to another of its own table, which is older.
    for rows in _read(source, select(table).order_by(*table.primary_key.columns)):
        adding.add(rows)
        _insert(target, table, rows)
        progress(table.name, adding.rows, 2 * total)
    _carry_ids(source, target, table)
    return adding.contents()


def _insert(target: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        with target.begin_nested():
            target.execute(insert(table), rows)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        for row in rows:
            _insert_one(target, table, row)


def _insert_one(target: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Raises MigrationError if the target refuses the row, such as a text with a NUL, which only
    SQLite can store.
    """
    try:
        with target.begin_nested():
            target.execute(insert(table), row)
    except DBAPIError as error:
        key = ", ".join(f"{column.name} {row[column.name]!r}" for column in table.primary_key)
        # Without the detail on the lines after, which has the values.
        reason = str(error.orig).partition("\n")[0]
        raise MigrationError(
            f"The target refuses a row of the table {table.name} ({key}): {reason}. Correct it or"
            " delete it in the source, and move again."
        ) from error


def _carry_ids(source: Connection, target: Connection, table: Table) -> None:
    """Let the target go on with the ids where the source stopped: those of deleted rows, which
    peers may know, are not assigned again.
    """
    column = table.autoincrement_column
    last = None if column is None else _last_id(source, table.name, column.name)
    if column is None or last is None:
        return
    named = {"table": table.name, "column": column.name, "last": last}
    for statement in _SET_LAST_ID[target.dialect.name]:
        target.execute(statement, named)


_LAST_ID = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = :table"),
    "postgresql": text(
        "SELECT last_value FROM pg_sequences"
        " WHERE CAST(format('%I.%I', schemaname, sequencename) AS regclass)"
        " = CAST(pg_get_serial_sequence(:table, :column) AS regclass)"
    ),
}
_SET_LAST_ID = {
    "sqlite": (
        text("DELETE FROM sqlite_sequence WHERE name = :table"),
        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"),
    ),
    "postgresql": (
        text("SELECT setval(CAST(pg_get_serial_sequence(:table, :column) AS regclass), :last)"),
    ),
}


def _last_id(source: Connection, table: str, column: str) -> int | None:
    """The highest id that the table has ever assigned; None if it has not assigned any."""
    query = _LAST_ID[source.dialect.name]
    last = source.execute(query, {"table": table, "column": column}).scalar()
    return int(last) if last else None


class _Adding:
    """Adds up the digests of rows, so that their order does not matter."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.rows = 0
        self._sum = 0

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count these rows."""
        for row in rows:
            values = repr(tuple(row.values())).encode()
            digest = blake2b(values, digest_size=_DIGEST_BYTES).digest()
            self._sum += int.from_bytes(digest)
            self.rows += 1

    def contents(self) -> TableContents:
        """The rows and the digest so far."""
        bits = 8 * _DIGEST_BYTES
        return TableContents(self._name, self.rows, f"{self._sum % 2**bits:0{bits // 4}x}")


def _compare(target: Connection, table: Table, copied: TableContents, progress: Progress) -> None:
    adding = _Adding(table.name)
    for rows in _read(target, select(table)):
        adding.add(rows)
        progress(table.name, copied.rows + adding.rows, 2 * copied.rows)
    found = adding.contents()
    if found != copied:
        raise MigrationError(
            f"The copy of the table {table.name} differs: {found.rows} rows with the digest"
            f" {found.digest}, instead of {copied.rows} with {copied.digest}. Nothing was kept."
        )


def _read(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
    found = connection.execute(query, execution_options={"yield_per": BATCH})
    for rows in found.mappings().partitions():
        yield [dict(row) for row in rows]


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
