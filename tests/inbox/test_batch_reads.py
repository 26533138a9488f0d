import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from inbox.batch_reads import BatchReader
from inbox.errors import Refused
from tests.inbox.peers import WatchedDatabase, World

pytestmark = pytest.mark.anyio


def number(value: int) -> Callable[[Connection], int]:
    return lambda conn: int(conn.execute(text(f"SELECT {value}")).scalar_one())


async def test_concurrent_reads_share_transactions_and_get_their_own_results(world: World) -> None:
    database = WatchedDatabase(world.database)
    reads = BatchReader(database)
    answers = await asyncio.gather(*(reads.read(number(value)) for value in range(100)))
    assert answers == list(range(100))
    assert database.reads == 4


async def test_reads_during_a_transaction_go_with_the_next(small_world: World) -> None:
    database = WatchedDatabase(small_world.database)
    reads = BatchReader(database)
    database.gate.clear()
    tasks = []
    for value in range(20):
        tasks.append(asyncio.create_task(reads.read(number(value))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert database.reads == 2
    database.gate.set()
    assert await asyncio.gather(*tasks) == list(range(20))
    assert database.reads == 3


async def test_sequential_reads_do_not_wait_for_a_batch(small_world: World) -> None:
    reads = BatchReader(small_world.database)
    async with asyncio.timeout(5):
        for value in range(50):
            assert await reads.read(number(value)) == value


def refuse(_conn: Connection) -> int:
    raise Refused(403, "banned", "No.")


async def test_an_error_of_one_read_does_not_affect_the_others(world: World) -> None:
    reads = BatchReader(world.database)

    def broken(conn: Connection) -> int:
        return int(conn.execute(text("SELECT nonsense FROM nowhere")).scalar_one())

    answers = await asyncio.gather(
        *map(reads.read, (number(1), refuse, broken, number(2))), return_exceptions=True
    )
    assert answers[0] == 1
    assert isinstance(answers[1], Refused)
    assert isinstance(answers[2], OperationalError | ProgrammingError)
    assert answers[3] == 2


async def test_a_lost_connection_is_retried_by_the_database(
    small_world: World,
) -> None:
    reads = BatchReader(small_world.database)
    lost = OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True)
    failures = [lost]

    def unlucky(conn: Connection) -> int:
        if failures:
            raise failures.pop()
        return 7

    assert await asyncio.gather(*map(reads.read, (number(1), unlucky))) == [1, 7]


async def test_a_failed_batch_raises_for_every_reader(small_world: World) -> None:
    database = WatchedDatabase(small_world.database)
    reads = BatchReader(database)
    database.read_error = OSError("no more files")
    answers = await asyncio.gather(
        *(reads.read(number(value)) for value in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [OSError] * 3
    database.read_error = None
    assert await reads.read(number(5)) == 5


@pytest.mark.parametrize("work", [number(1), refuse])
async def test_a_cancelled_reader_affects_no_others(
    small_world: World, work: Callable[[Connection], int]
) -> None:
    database = WatchedDatabase(small_world.database)
    reads = BatchReader(database)
    database.gate.clear()
    leaving = asyncio.create_task(reads.read(work))
    staying = asyncio.create_task(reads.read(number(2)))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0)
    database.gate.set()
    assert await staying == 2
