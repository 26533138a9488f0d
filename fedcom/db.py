"""The database: units of work in threads, one code for SQLite and PostgreSQL.

The domain is synchronous, the edges are async: `Database.read` and `Database.write` take a plain
function of a connection and run it in a thread. This module has the transactions and the column
types that both databases share; `database.inserts` has the statements that they spell differently.
Tables, and SQL about any of them, do not belong here.

SQLite: one writer (one thread, one connection, `BEGIN IMMEDIATE`: a deferred transaction that reads
and then writes fails at once when another process has written, whatever the timeout), which commits
what waits together (`database.sqlite_writer`), and a few readers beside it. It has no statistics
(ANALYZE, PRAGMA optimize), so a statement has one plan, whatever the size of the tables, which
`tests/fedcom/test_query_plans.py` checks; with a million votes no list was faster with them. The
sqlite3 module's own transaction control is switched off and BEGIN is sent from SQLAlchemy's `begin`
event, as SQLAlchemy recommends for Python 3.11.

PostgreSQL: two small pools, and a connection that notices commits; readers are in autocommit and
can only read.
"""

import asyncio
import contextvars
import random
import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    PoolProxiedConnection,
    QueuePool,
    Text,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, DBAPIError

from database.sqlite_writer import SqliteWriter

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
DialectName = Literal["sqlite", "postgresql"]

BUSY_SECONDS = 10
"""How long a statement waits for another process's write lock on SQLite before it fails."""

RETRIES = 3
"""How often a unit of work is run again after a conflict with another one."""

SQLITE_READERS = 3
POSTGRESQL_CONNECTIONS = 5
"""Connections kept for each of writing and reading."""

PREPARED_STATEMENTS = 64
"""Statements whose plans each PostgreSQL connection keeps: about those of a busy hour. The plan for
a list of posts takes half a megabyte of the server's memory.
"""

LEADER_KEY = int.from_bytes(b"leader")
"""The number of the advisory lock that the leader of all processes holds on PostgreSQL."""

_WAL_LIMIT = 64 * 2**20  # bytes the write-ahead log may keep on disk after a checkpoint
_CACHE_LIMIT = 8 * 2**20  # bytes of pages that each SQLite connection may keep, 2 MB by default
_RETRY_SQLSTATES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
_RETRY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""The type of row ids. SQLite assigns them only in columns of the exact type INTEGER, which has 64
bits, too.
"""

SortableText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its bytes on both databases, whatever the locale: paths of comments, and names
that are compared by range.
"""


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC with microseconds; naive datetimes are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Converts an aware datetime to the driver's form (SQLite has no zones: UTC without
        one).
        """
        if value is None:
            return None
        if value.utcoffset() is None:
            msg = f"naive datetime {value!r}: datetimes are stored with their time zone"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """Converts the driver's value to an aware datetime in UTC.

        One function per database instead of the chain that calls `process_result_value`: a list of
        posts reads hundreds of timestamps, and most of them are null.
        """
        return _from_text if dialect.name == "sqlite" else _to_utc


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _to_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def normalise_url(url: str) -> URL:
    """The address of a database for SQLAlchemy: `sqlite:///path`, or `postgresql://…` with
    psycopg 3.

    Raises ValueError, with a sentence for the admin, for any other kind and for a SQLite database
    in memory (several connections could not share it).
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        msg = "the database URL must look like sqlite:///path or postgresql://user@host/name"
        raise ValueError(msg) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if parsed.database in {None, "", ":memory:"} or "mode" in parsed.query:
            msg = "a SQLite database must be a file: sqlite:///relative/path or sqlite:////absolute/path"
            raise ValueError(msg)
        return parsed.set(drivername="sqlite")
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    msg = f"unsupported database {kind!r}: use sqlite:///path or postgresql://user@host/name"
    raise ValueError(msg)


def open_database(url: str, *, connections: int | None = None) -> "Database":
    """The database at `url`; the folder of a SQLite file is created if missing.

    `connections` is the maximum for each of reading and writing (SQLite always writes through one).
    No connection is made before the first unit of work.
    """
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite":
        make_folder(Path(str(parsed.database)).parent)
        readers = connections or SQLITE_READERS
        return Database(
            "sqlite",
            _sqlite_engine(parsed, size=1, writing=True),
            _sqlite_engine(parsed, size=readers, writing=False),
            _sqlite_engine(parsed, size=1, writing=False),
        )
    size = connections or POSTGRESQL_CONNECTIONS
    return Database(
        "postgresql",
        _postgresql_engine(parsed, size=size, writing=True),
        _postgresql_engine(parsed, size=size, writing=False),
        _postgresql_engine(parsed, size=1, writing=False),
    )


def make_folder(path: Path) -> None:
    """Create the folder, unless it exists: for its owner only, as it will hold password hashes."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sqlite_engine(url: URL, *, size: int, writing: bool) -> Engine:
    engine = create_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=3 * BUSY_SECONDS, hide_parameters=True
    )
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves, below
        prepare_sqlite(connection)
        if not writing:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def send_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Set the options of a new SQLite connection that all processes must agree on."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_LIMIT // 1024}")
    connection.execute(
        "PRAGMA synchronous = FULL"
    )  # in WAL, NORMAL loses the last commits when the power goes
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")


def _postgresql_engine(url: URL, *, size: int, writing: bool) -> Engine:
    """Make an engine whose parameters are numbered in the SQL text, as PostgreSQL itself has them.

    psycopg passes such a statement on as it is. Named ones it rewrites, each time anew if the text
    is longer than 4,096 characters (psycopg 3.3), as those of the lists of posts are.
    """
    # Imported here, because an instance on SQLite does without psycopg.
    from database.postgresql_cursor import PostgresqlCursor  # noqa: PLC0415

    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=2,  # for `begin()` and `connect()` outside the threads
        pool_timeout=3 * BUSY_SECONDS,
        isolation_level="READ COMMITTED" if writing else "AUTOCOMMIT",
        hide_parameters=True,  # errors are logged, and a row may hold a password's hash
        paramstyle="numeric_dollar",
        connect_args={
            "application_name": "fedcom",
            "connect_timeout": BUSY_SECONDS,
            "cursor_factory": PostgresqlCursor,
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: "psycopg.Connection[Any]", _record: object) -> None:
        connection.autocommit = True  # a rollback would undo SET
        _prepare_postgresql(connection)
        if writing:
            connection.autocommit = False
        else:
            connection.execute("SET default_transaction_read_only = on")

    return engine


def _prepare_postgresql(connection: "psycopg.Connection[Any]") -> None:
    """Set the options of a new PostgreSQL connection.

    A statement is planned once for each connection, without its parameters: planning a list of
    posts takes several times as long as running it, and PostgreSQL's own choice is to plan it again
    each time. `tests/fedcom/test_query_plans.py` checks the plans made this way. Compiling
    expressions (`jit`) takes longer than any of our statements. A page at random is taken for
    nearly as cheap as the next one, as on flash storage and in memory: by default PostgreSQL would
    read a table of tens of thousands of rows to join it with hundreds.
    """
    connection.prepare_threshold = 1  # from its second run on
    connection.prepared_max = PREPARED_STATEMENTS
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("SET jit = off")
    connection.execute("SET random_page_cost = 1.1")


class Database:
    """Units of work on one database, from async code (`read`, `write`) and from plain code
    (`connect`, `begin`).

    A unit of work is a function of a `sqlalchemy.Connection`. It must not use the network or the
    event loop, must not keep the connection, and may be run again from the start if the database
    requires it, so it must have no effect outside its connection.

    Cancelling the task that awaits `write` never leaves half a transaction: work that is waiting
    for its thread is dropped, work that has begun is finished and committed, and its result is
    lost.
    """

    def __init__(
        self, dialect: DialectName, writer: Engine, reader: Engine, watcher: Engine
    ) -> None:
        self.dialect: DialectName = dialect
        self._writer = writer
        self._reader = reader
        self._watcher = _Watcher(watcher)
        self.connections = {"read": _size(reader), "write": _size(writer)}
        """Connections for units of work that read and that write."""
        self.units = {"read": 0, "write": 0}
        """Units of work that run or wait for a connection, of those that async code awaits."""
        # One thread per connection: work waits in the executor's queue and never for the pool.
        self._write_threads = ThreadPoolExecutor(_size(writer), thread_name_prefix="db-write")
        self._sqlite_writer = SqliteWriter(lambda work: _retrying(writer, work), _is_conflict)
        self._read_threads = ThreadPoolExecutor(_size(reader), thread_name_prefix="db-read")
        self._watcher_thread = ThreadPoolExecutor(1, thread_name_prefix="db-watch")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a reader's thread and return its result; it cannot write.

        On SQLite all its statements see one snapshot; on PostgreSQL each sees what is committed
        when it starts.
        """
        with self._counted("read"):
            return await _in_thread(self._read_threads, lambda: _retrying(self._reader, work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return its result once that is committed; an exception
        rolls it back.

        After a conflict with another transaction (serialization failure, deadlock, lock) or a
        connection lost before the commit, it is run again, up to `RETRIES` times. On SQLite, what
        waits together is committed together.
        """
        with self._counted("write"):
            if self.dialect == "sqlite":
                return await asyncio.wrap_future(self._sqlite_writer.submit(work))
            return await _in_thread(self._write_threads, lambda: _retrying(self._writer, work))

    @contextmanager
    def _counted(self, kind: Literal["read", "write"]) -> Iterator[None]:
        self.units[kind] += 1
        try:
            yield
        finally:
            self.units[kind] -= 1

    async def find_version(self) -> Hashable:
        """A value that changes with every commit, whichever process makes it; None if it is
        unknown.

        While it is the same, a read finds what an earlier read found that began after an equal
        value was read. Other things change it, too: rely on equal values only.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._watcher_thread, self._watcher.find_version
        )

    async def is_leader(self) -> bool:
        """Whether this process does what only one of all on this database may do.

        The first that asks is the leader until its connection ends. Always true on SQLite, which
        belongs to one server; false while the database cannot be asked.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._watcher_thread, self._watcher.is_leader
        )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction in the caller's thread, rolled back on an exception. Not nested."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading in the caller's thread."""
        with self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Finish all pending work, then close every connection."""
        self._sqlite_writer.close()
        self._write_threads.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        self._watcher_thread.shutdown(wait=True)
        self._watcher.close()
        self._reader.dispose()
        self._writer.dispose()

    async def aclose(self) -> None:
        """`close()`, without blocking the event loop."""
        await asyncio.to_thread(self.close)


class _Watcher:
    """Notices commits and holds the leader's lock, on a connection of its own that is never in a
    transaction.

    On SQLite, `PRAGMA data_version` changes when any other connection, of this process or another,
    has committed; values of two connections cannot be compared. On PostgreSQL, equal snapshots (the
    transactions that are finished) see the same rows. So a value is only ever equal to one that was
    read on the same connection.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._connection: PoolProxiedConnection | None = None
        self._opened = object()
        self._leads = False

    def find_version(self) -> Hashable:
        """The present version; None if the database cannot be asked."""
        found = self._ask(
            "PRAGMA data_version" if self._is_sqlite else "SELECT pg_current_snapshot()::text"
        )
        return None if found is None else (self._opened, found)

    def is_leader(self) -> bool:
        """See `Database.is_leader`. The lock is PostgreSQL's to release when the connection ends,
        so a leader that was killed leaves none behind."""
        if self._is_sqlite:
            return True
        if self._leads:  # the lock counts how often it is taken
            self._ask("SELECT 1")
        if not self._leads:
            self._leads = bool(self._ask(f"SELECT pg_try_advisory_lock({LEADER_KEY})"))
        return self._leads

    def _ask(self, query: str) -> Any:
        driver = self._engine.dialect.loaded_dbapi.Error
        try:
            if self._connection is None:
                self._connection, self._opened = self._engine.raw_connection(), object()
            cursor = self._connection.cursor()
            cursor.execute(query)
            ((found,),) = cursor.fetchall()
            cursor.close()
        except (driver, DBAPIError):
            self.close()
            return None
        return found

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        self._leads = False
        if self._connection is not None:
            self._connection.invalidate()  # ends it, and with it the lock
            self._connection = None
        self._engine.dispose()


def _size(engine: Engine) -> int:
    return cast("QueuePool", engine.pool).size()


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    context = (
        contextvars.copy_context()
    )  # the request's id is copied into the log lines of the work
    return await asyncio.get_running_loop().run_in_executor(threads, context.run, call)


def _retrying(engine: Engine, work: Callable[[Connection], T]) -> T:
    for attempt in range(RETRIES):
        committing = False
        try:
            with engine.begin() as connection:
                result = work(connection)
                committing = True
            return result
        except DBAPIError as error:
            if not _is_passing(error, committing=committing):
                raise
            time.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)  # noqa: S311 - spreads contenders, hides nothing
    with engine.begin() as connection:
        return work(connection)


def _is_conflict(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and _is_passing(error, committing=False)


def _is_passing(error: DBAPIError, *, committing: bool) -> bool:
    """Whether the same work may succeed if run again, and has certainly not been committed."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return (
            code & 0xFF in _RETRY_SQLITE
        )  # the low byte is the primary code, the rest says more exactly why
    if getattr(error.orig, "sqlstate", None) in _RETRY_SQLSTATES:
        return True
    return error.connection_invalidated and not committing
