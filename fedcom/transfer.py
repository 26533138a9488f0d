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
    check_revision(source_url)
    with _connected_alone(source_url) as source:
        examine(source)
        with migrate.locked(target_url) as target:
            refuse_unless_empty(target)
            mark_unfinished(target)
        with migrate.locked(target_url) as target:
            refuse_unless_empty(target)
            target.exec_driver_sql("DROP TABLE alembic_version")
            migrate.upgrade_within(target)
            copied = tuple(_copy(source, target, table, progress) for table in list_tables())
            migrate.check_foreign_keys(target)
            for table, contents in zip(list_tables(), copied, strict=True):
                compare_rows(target, table, contents, progress)
            examine(target)
            if target.dialect.name == "postgresql":
                target.exec_driver_sql("ANALYZE")
    return copied


def list_tables() -> list[Table]:
    """All tables, each after those that it refers to."""
    return [table for metadata in load_metadata() for table in metadata.sorted_tables]


def check_revision(url: str) -> None:
    """Raises MigrationError if there is no database, or if it is not exactly what this version
    expects.
    """
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise MigrationError(f"There is no database {parsed.database}.")
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
    names = ", ".join(f'"{table.name}"' for table in list_tables())
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE NOWAIT")
    refuse_others(connection)


def refuse_others(connection: Connection) -> None:
    """Raises MigrationError if a server, a worker or a command has this PostgreSQL database
    open."""
    others = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'fedcom' AND pid <> pg_backend_pid()"
    )
    if others.scalar():
        raise MigrationError(IN_USE)


def refuse_other_encodings(target: Connection) -> None:
    """Raises MigrationError if a PostgreSQL database cannot have every text."""
    if target.dialect.name == "postgresql":
        encoding = target.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise MigrationError(f"The target has the encoding {encoding}; it must be UTF8.")


def refuse_unless_empty(target: Connection) -> None:
    """Raises MigrationError if the database has tables, unless they are those that
    `mark_unfinished` left.
    """
    refuse_other_encodings(target)
    found = inspect(target).get_table_names()
    if found == ["alembic_version"] and migrate.find_revision(target) == migrate.UNFINISHED_MOVE:
        return
    if found:
        some = ", ".join(sorted(found)[:3])
        raise MigrationError(
            f"The target is not empty: it has {len(found)} tables ({some}, …). Nothing was changed."
            " Give a new database without tables."
        )


def mark_unfinished(target: Connection) -> None:
    """Let no server start with the target."""
    target.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    target.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    target.execute(
        text("INSERT INTO alembic_version VALUES (:mark)"), {"mark": migrate.UNFINISHED_MOVE}
    )


def _copy(
    source: Connection, target: Connection, table: Table, progress: Progress
) -> TableContents:
    total = count_rows(source, table)
    adding = RowDigest(table.name)
    progress(table.name, 0, 2 * total)
    # A comment refers to another of its own table, which is older.
    for rows in read_rows(source, select(table).order_by(*table.primary_key.columns)):
        adding.add(rows)
        insert_rows(target, table, rows)
        progress(table.name, adding.rows, 2 * total)
    last = find_last_id(source, table)
    if last is not None:
        set_last_id(target, last)
    return adding.contents()


def insert_rows(target: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert these rows. Raises MigrationError, which names the row that the target refuses."""
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
            " delete it in the source, and try again."
        ) from error


@dataclass(frozen=True, slots=True)
class LastId:
    """The highest id that a table has ever assigned, and its column."""

    table: str
    column: str
    last: int


def set_last_id(target: Connection, given: LastId) -> None:
    """Let the target go on with the ids where the source stopped: those of deleted rows, which
    peers may know, are not assigned again.
    """
    named = {"table": given.table, "column": given.column, "last": given.last}
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


def find_last_id(source: Connection, table: Table) -> LastId | None:
    """The highest id that the table has ever assigned; None if it has not assigned any."""
    column = table.autoincrement_column
    if column is None:
        return None
    named = {"table": table.name, "column": column.name}
    last = source.execute(_LAST_ID[source.dialect.name], named).scalar()
    return LastId(table.name, column.name, int(last)) if last else None


class RowDigest:
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


def compare_rows(
    target: Connection, table: Table, copied: TableContents, progress: Progress
) -> None:
    """Read the whole table again. Raises MigrationError if it does not contain what was copied."""
    adding = RowDigest(table.name)
    for rows in read_rows(target, select(table)):
        adding.add(rows)
        progress(table.name, copied.rows + adding.rows, 2 * copied.rows)
    found = adding.contents()
    if found != copied:
        raise MigrationError(
            f"The copy of the table {table.name} differs: {found.rows} rows with the digest"
            f" {found.digest}, instead of {copied.rows} with {copied.digest}. Nothing was kept."
        )


def read_rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The rows of the query, `BATCH` at a time."""
    found = connection.execute(query, execution_options={"yield_per": BATCH})
    for rows in found.mappings().partitions():
        yield [dict(row) for row in rows]


def count_rows(connection: Connection, table: Table) -> int:
    """How many rows the table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
