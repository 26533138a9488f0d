"""Units of work that wait for SQLite's writer are committed together."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from database.sqlite_writer import MAX_SECONDS
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
]


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def names(conn: Connection) -> list[str]:
    return list(conn.scalars(select(examples.c.name).order_by(examples.c.id)))


def add(name: str) -> Any:
    return lambda conn: conn.execute(insert(examples).values(name=name)).lastrowid


@contextmanager
def commits() -> Iterator[list[float]]:
    """When the writer was about to make each commit of meanwhile."""
    found: list[float] = []

    def note(_conn: Connection) -> None:
        if threading.current_thread().name.startswith("db-write"):
            found.append(time.monotonic())

    event.listen(Engine, "commit", note)
    try:
        yield found
    finally:
        event.remove(Engine, "commit", note)


async def waiting_behind(database: Database, *units: Any) -> list[Any]:
    """The results or errors of units that all wait when the writer becomes free."""
    held, leave = threading.Event(), threading.Event()

    def hold(_conn: Connection) -> None:
        held.set()
        leave.wait(10)
        time.sleep(MAX_SECONDS)  # so that it is alone in its transaction

    holding = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(held.wait, 10)
    waiting = [asyncio.create_task(database.write(unit)) for unit in units]
    await asyncio.sleep(0)
    leave.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_units_that_wait_together_are_committed_once(database: Database) -> None:
    with commits() as made:
        found = await waiting_behind(database, add("a"), add("b"), add("c"))
    assert found == [1, 2, 3]
    assert len(made) == 2
    assert await database.read(names) == ["a", "b", "c"]


async def test_a_unit_that_fails_changes_nothing_and_the_others_do_not_notice(
    database: Database,
) -> None:
    def add_and_fail(conn: Connection) -> None:
        add("lost")(conn)
        raise LookupError("after a change")

    def add_twice(conn: Connection) -> None:
        add("half")(conn)
        add("a")(conn)

    found = await waiting_behind(database, add("a"), add_and_fail, add_twice, names)
    assert isinstance(found[1], LookupError)
    assert isinstance(found[2], IntegrityError)
    assert found[3] == ["a"]
    assert await database.read(names) == ["a"]


async def test_no_unit_returns_before_the_commit(database: Database) -> None:
    returned: list[float] = []

    async def write(name: str) -> None:
        await database.write(add(name))
        returned.append(time.monotonic())
        assert name in await database.read(names)

    with commits() as made:
        await asyncio.gather(*(write(str(number)) for number in range(50)))
    assert len(made) < 50
    assert min(returned) > made[0]


async def test_after_a_while_a_transaction_takes_no_more_units(database: Database) -> None:
    def slow(conn: Connection) -> None:
        add("slow")(conn)
        time.sleep(MAX_SECONDS)

    with commits() as made:
        await waiting_behind(database, add("a"), slow, add("b"))
    assert len(made) == 3


async def test_units_of_a_transaction_that_fails_all_fail_and_change_nothing(
    database: Database,
) -> None:
    def fill(conn: Connection) -> None:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        add("x" * 100_000)(conn)

    def end(conn: Connection) -> None:
        conn.exec_driver_sql("ROLLBACK")
        raise OperationalError("", {}, Exception("as SQLite does for some errors"))

    found = await waiting_behind(database, add("a"), end, add("b"))
    assert [type(one) for one in found] == [OperationalError, OperationalError, int]
    found = await waiting_behind(database, add("c"), fill)
    assert isinstance(found[1], OperationalError)
    assert set(await database.read(names)) <= {"b", "c"}
    assert ("c" in await database.read(names)) == isinstance(found[0], int)


async def test_a_conflict_runs_all_units_of_the_transaction_again(database: Database) -> None:
    class Busy(Exception):
        sqlite_errorcode = 5

    runs: list[str] = []

    def count(conn: Connection) -> None:
        runs.append("count")
        add(f"run {len(runs)}")(conn)

    def conflict(_conn: Connection) -> None:
        runs.append("conflict")
        if runs.count("conflict") == 1:
            raise OperationalError("", {}, Busy())

    assert await waiting_behind(database, count, conflict) == [None, None]
    assert runs == ["count", "conflict", "count", "conflict"]
    assert await database.read(names) == ["run 3"]
