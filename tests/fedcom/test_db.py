"""Units of work on both databases commit wholly or not at all, and survive being thrown out."""

import asyncio
import contextvars
import sqlite3
import stat
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from fedcom import db
from fedcom.db import (
    BigId,
    Database,
    normalise_url,
    open_database,
)
from tests.support.example_table import examples, metadata, opened_with

parts = Table(
    "parts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("example_id", BigId, ForeignKey("examples.id"), nullable=False),
    Column("note", Text),
)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def names(connection: Connection) -> list[str]:
    return list(connection.scalars(select(examples.c.name).order_by(examples.c.name)))


def add(name: str) -> Any:
    return lambda connection: connection.execute(insert(examples).values(name=name))


def now_names(database: Database) -> list[str]:
    with database.connect() as connection:
        return names(connection)


@pytest.mark.anyio
async def test_rows_written_by_a_unit_are_read_by_the_next(database: Database) -> None:
    identifier = await database.write(
        lambda connection: (
            connection.execute(insert(examples).values(name="a")).inserted_primary_key
        )
    )

    assert identifier == (1,)
    assert await database.read(names) == ["a"]


@pytest.mark.anyio
async def test_an_exception_undoes_the_whole_unit(database: Database) -> None:
    def work(connection: Connection) -> None:
        add("a")(connection)
        raise KeyError("no")

    with pytest.raises(KeyError):
        await database.write(work)

    assert await database.read(names) == []


@pytest.mark.anyio
async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        await database.read(add("a"))

    assert await database.read(names) == []


@pytest.mark.anyio
async def test_the_version_changes_with_each_commit_and_only_then(database: Database) -> None:
    async def reading_keeps_it() -> bool:
        # On PostgreSQL, transactions in other databases of the server change it, too.
        for _ in range(20):
            before = await database.find_version()
            await database.read(names)
            if await database.find_version() == before:
                return True
        return False

    versions = [await database.find_version()]
    assert await reading_keeps_it()
    with pytest.raises(IntegrityError):
        await database.write(lambda conn: [conn.execute(insert(examples).values(id=1))] * 2)
    for name in ("one", "two"):
        await database.write(add(name))
        versions.append(await database.find_version())
        assert await reading_keeps_it()
    assert None not in versions
    assert len(set(versions)) == len(versions)


@pytest.mark.anyio
async def test_what_is_not_committed_does_not_change_what_the_version_stands_for(
    database: Database,
) -> None:
    """Equal versions, equal rows: whatever is read before and after another's commit differs."""
    seen = defaultdict(set)

    async def look() -> None:
        version = await database.find_version()
        seen[version].add(tuple(await database.read(names)))

    for name in ("one", "two", "three"):
        with database.begin() as conn:
            await look()
            conn.execute(insert(examples).values(name=name))
            await look()
        await look()
    assert all(len(rows) == 1 for rows in seen.values())


_WRITER = """
import sys
from fedcom.db import open_database
from sqlalchemy import text
database = open_database(sys.argv[1])
with database.begin() as conn:
    conn.execute(text("INSERT INTO examples (name, times) VALUES ('from elsewhere', 0)"))
database.close()
"""


@pytest.mark.anyio
async def test_the_version_changes_when_another_process_commits(
    database: Database, empty_database_url: str
) -> None:
    before = await database.find_version()
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", _WRITER, empty_database_url)
    assert await writer.wait() == 0
    assert await database.read(names) == ["from elsewhere"]
    assert await database.find_version() not in {None, before}


@pytest.mark.anyio
async def test_two_that_open_the_database_see_each_others_commits(
    database: Database, empty_database_url: str
) -> None:
    other = open_database(empty_database_url)
    try:
        before = [await one.find_version() for one in (database, other)]
        await database.write(add("one"))
        between = [await one.find_version() for one in (database, other)]
        await other.write(add("two"))
        after = [await one.find_version() for one in (database, other)]
    finally:
        await other.aclose()
    for versions in zip(before, between, after, strict=True):
        assert len({None, *versions}) == 4


_LEADER = """
import asyncio, sys
from fedcom.db import open_database
database = open_database(sys.argv[1])
print(asyncio.run(database.is_leader()), flush=True)
sys.stdin.readline()
"""


# A SQLite database belongs to one server.
@pytest.mark.anyio
@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_one_process_leads_until_it_is_killed(
    database: Database, empty_database_url: str
) -> None:
    pipe = asyncio.subprocess.PIPE
    leader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LEADER, empty_database_url), stdin=pipe, stdout=pipe
    )
    assert leader.stdout is not None
    assert await leader.stdout.readline() == b"True\n"
    assert [await database.is_leader() for _ in range(2)] == [False, False]
    leader.kill()
    await leader.wait()
    async with asyncio.timeout(10):
        while not await database.is_leader():  # noqa: ASYNC110 - PostgreSQL notices it
            await asyncio.sleep(0.01)
    assert await database.is_leader()


@pytest.mark.anyio
async def test_a_version_is_never_equal_to_one_of_another_connection(database: Database) -> None:
    """The numbers begin again there, or may have: after a restore, for example."""
    before = await database.find_version()
    database._watcher.close()
    assert await database.find_version() not in {None, before}


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.anyio
async def test_a_statement_that_ran_before_is_not_planned_again(database: Database) -> None:
    def plans(conn: Connection) -> tuple[str, int]:
        names(conn), names(conn), names(conn)
        mode = conn.exec_driver_sql("SHOW plan_cache_mode").scalar_one()
        kept = conn.exec_driver_sql(
            "SELECT generic_plans FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT examples%%'"
        )
        return mode, kept.scalar_one()

    def fail(_conn: Connection) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    assert await database.read(plans) == ("force_generic_plan", 2)
    assert await database.write(plans) == ("force_generic_plan", 2)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.anyio
async def test_the_version_is_unknown_when_the_server_has_gone(database: Database) -> None:
    before = await database.find_version()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    await database.read(lambda conn: conn.execute(text(f"{end} AND datname = current_database()")))
    assert await database.find_version() is None
    assert await database.find_version() not in {None, before}


def test_begin_and_connect_serve_plain_code(database: Database) -> None:
    with database.begin() as connection:
        add("a")(connection)
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(examples), [{"name": "b"}, {"name": "a"}])

    assert now_names(database) == ["a"]


@pytest.mark.anyio
async def test_units_that_read_before_they_write_do_not_lose_each_others_writes(
    database: Database,
) -> None:
    await database.write(add("a"))

    def count_up(connection: Connection) -> None:
        locked = select(examples.c.times).where(examples.c.name == "a").with_for_update()
        times = connection.scalar(locked)
        connection.execute(update(examples).values(times=times + 1))

    await asyncio.gather(*(database.write(count_up) for _ in range(40)))

    assert await database.read(lambda c: c.scalar(select(examples.c.times))) == 40


@pytest.mark.anyio
async def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    await database.write(add("a"))
    inside, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add("b")(connection)
        inside.set()
        leave.wait(10)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(inside.wait, 10)
    seen = await asyncio.wait_for(database.read(names), 5)
    leave.set()
    await writing

    assert seen == ["a"]


@pytest.mark.anyio
async def test_cancelling_never_leaves_half_a_transaction(database: Database) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add("first half")(connection)
        inside.set()
        leave.wait(10)
        add("second half")(connection)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(inside.wait, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    leave.set()
    await database.aclose()

    assert now_names(database) == ["first half", "second half"]


@pytest.mark.anyio
async def test_cancelling_before_the_work_began_does_nothing(empty_database_url: str) -> None:
    database = open_database(empty_database_url, connections=1)
    with database.begin() as connection:
        metadata.create_all(connection)
    inside, leave = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        inside.set()
        leave.wait(10)

    holding = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(inside.wait, 10)
    waiting = asyncio.create_task(database.write(add("never")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    leave.set()
    await holding
    await database.aclose()

    assert now_names(database) == []
    database.close()


@pytest.mark.anyio
async def test_the_work_sees_the_context_of_the_request(database: Database) -> None:
    request_id = contextvars.ContextVar("request_id", default="none")
    request_id.set("r1")

    assert await database.read(lambda _: request_id.get()) == "r1"


class Thrown(Exception):
    """Stands for a driver's exception with the facts that decide on a retry."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("thrown")
        self.__dict__.update(facts)


@pytest.mark.parametrize(
    ("facts", "lost"),
    [
        ({"sqlstate": "40001"}, False),
        ({"sqlstate": "40P01"}, False),
        ({"sqlite_errorcode": sqlite3.SQLITE_BUSY}, False),
        ({"sqlite_errorcode": sqlite3.SQLITE_BUSY_SNAPSHOT}, False),
        ({"sqlstate": None}, True),
    ],
)
@pytest.mark.anyio
async def test_a_unit_aborted_by_a_conflict_is_run_again(
    database: Database, facts: dict[str, Any], lost: bool
) -> None:
    runs = []

    def work(connection: Connection) -> str:
        add(f"run {len(runs)}")(connection)
        runs.append(1)
        if len(runs) <= db.RETRIES:
            raise OperationalError("SELECT 1", {}, Thrown(**facts), connection_invalidated=lost)
        return "done"

    assert await database.write(work) == "done"
    assert await database.read(names) == [f"run {db.RETRIES}"]


@pytest.mark.parametrize(
    "facts", [{"sqlstate": "23505"}, {"sqlite_errorcode": sqlite3.SQLITE_CONSTRAINT}]
)
@pytest.mark.anyio
async def test_a_programming_error_is_not_retried(
    database: Database, facts: dict[str, Any]
) -> None:
    runs = []

    def work(_connection: Connection) -> None:
        runs.append(1)
        raise OperationalError("SELECT 1", {}, Thrown(**facts))

    with pytest.raises(OperationalError):
        await database.write(work)

    assert len(runs) == 1


@pytest.mark.anyio
async def test_retries_are_limited(database: Database) -> None:
    runs = []

    def work(_connection: Connection) -> None:
        runs.append(1)
        raise OperationalError("SELECT 1", {}, Thrown(sqlstate="40001"))

    with pytest.raises(OperationalError):
        await database.write(work)

    assert len(runs) == 1 + db.RETRIES


def test_a_connection_lost_while_committing_is_not_tried_again() -> None:
    lost = OperationalError("COMMIT", {}, Thrown(), connection_invalidated=True)

    assert not db._is_passing(lost, committing=True)
    assert db._is_passing(lost, committing=False)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.anyio
async def test_a_real_deadlock_is_survived(database: Database) -> None:
    await database.write(add("a"))
    await database.write(add("b"))
    both_hold_one = threading.Barrier(2)

    def lock(first: str, second: str) -> Any:
        met = []

        def work(connection: Connection) -> None:
            for name in (first, second):
                row = update(examples).where(examples.c.name == name)
                connection.execute(row.values(times=examples.c.times + 1))
                if name == first and not met:
                    met.append(1)
                    both_hold_one.wait(10)

        return work

    await asyncio.gather(database.write(lock("a", "b")), database.write(lock("b", "a")))

    assert await database.read(lambda c: c.scalar(select(func.sum(examples.c.times)))) == 4


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.anyio
async def test_a_server_that_closed_our_connections_is_found_again(
    database: Database, empty_database_url: str
) -> None:
    await database.write(add("a"))
    await database.read(names)
    with psycopg.connect(empty_database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    await database.write(add("b"))

    assert await database.read(names) == ["a", "b"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.anyio
async def test_a_writer_waits_for_another_process(
    database: Database, empty_database_url: str
) -> None:
    other = sqlite3.connect(empty_database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.write(add("a")))
    await asyncio.sleep(0.2)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await asyncio.wait_for(writing, 5)

    assert await database.read(names) == ["a"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.anyio
async def test_no_other_process_writes_between_a_units_read_and_its_write(
    database: Database, empty_database_url: str
) -> None:
    path = empty_database_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)

    def look_then_write(connection: Connection) -> None:
        assert names(connection) == []
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO examples (name, times) VALUES ('theirs', 0)")
        add("ours")(connection)

    await database.write(look_then_write)
    other.close()

    assert await database.read(names) == ["ours"]


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits wait for the disk, as they do outside the tests."""
    monkeypatch.setattr(db, "prepare_sqlite", db.prepare_sqlite.__wrapped__)


@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_sqlite_is_opened_durable_and_strict(database: Database) -> None:
    def pragma(connection: Connection, name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    with database.begin() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "busy_timeout") == 10_000
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(parts).values(example_id=99))


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_reading_unit_sees_one_snapshot(database: Database) -> None:
    with database.connect() as reader:
        before = names(reader)
        with database.begin() as writer:
            add("a")(writer)
        assert names(reader) == before == []


def test_row_ids_are_never_used_again(database: Database) -> None:
    with database.begin() as connection:
        add("a")(connection)
        connection.execute(examples.delete())
        again = add("b")(connection)

    assert again.inserted_primary_key == (2,)


def test_moments_keep_their_microseconds_and_come_back_in_utc(database: Database) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=timezone(timedelta(hours=2)))
    with database.begin() as connection:
        connection.execute(insert(examples).values(name="a", seen_at=moment))
        connection.execute(insert(examples).values(name="b", seen_at=None))
    with database.connect() as connection:
        seen, never = connection.scalars(select(examples.c.seen_at).order_by(examples.c.name))
        later = select(examples.c.name).where(
            examples.c.seen_at > moment - timedelta(microseconds=1)
        )
        assert connection.scalars(later).all() == ["a"]

    assert (seen, seen.tzinfo, never) == (moment, UTC, None)


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive"), database.begin() as connection:
        connection.execute(insert(examples).values(name="a", seen_at=naive))


def test_text_that_must_sort_sorts_by_its_bytes(database: Database) -> None:
    with database.begin() as connection:
        for name in ("b", "a.1", "a", "B", "a/1", "é"):
            add(name)(connection)

    assert now_names(database) == ["B", "a", "a.1", "a/1", "b", "é"]
    if database.dialect == "postgresql":
        with database.connect() as connection:
            collation = "SELECT collation_name FROM information_schema.columns WHERE"
            named = "table_name = 'examples' AND column_name = 'name'"
            found = connection.execute(text(f"{collation} {named}")).scalar()
        assert found == "C"


def test_errors_do_not_show_the_values_of_a_statement(database: Database) -> None:
    with database.begin() as connection:
        add("a")(connection)
    with pytest.raises(IntegrityError) as caught, database.begin() as connection:
        connection.execute(insert(examples).values(name="a", times=987654))

    assert "987654" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("sqlite:///a/b.sqlite3", "sqlite:///a/b.sqlite3"),
        ("sqlite+pysqlite:////srv/b", "sqlite:////srv/b"),
        ("postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgres://h/n?host=/run", "postgresql+psycopg://h/n?host=%2Frun"),
        ("postgresql+psycopg2://h/n", "postgresql+psycopg://h/n"),
    ],
)
def test_addresses_of_databases_are_rewritten_for_our_drivers(url: str, opened: str) -> None:
    assert normalise_url(url).render_as_string(hide_password=False) == opened


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fedcom.sqlite3",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://h/n",
        "sqlite:///a?mode=memory",
    ],
)
def test_other_databases_are_refused_with_an_explanation(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        normalise_url(url)


def test_the_folder_of_a_sqlite_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/new/folder/x.sqlite3")
    with database.begin() as connection:
        metadata.create_all(connection)
    database.close()

    assert (tmp_path / "new/folder/x.sqlite3").exists()
    assert stat.S_IMODE((tmp_path / "new/folder").stat().st_mode) == 0o700


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    database = open_database(f"sqlite:///{tmp_path}/x.sqlite3")
    asyncio.run(database.read(lambda conn: conn.execute(text("SELECT 1")).scalar()))
    database.close()
    database.close()

    assert set(threading.enumerate()) <= before
