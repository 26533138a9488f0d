import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from inbox.commits import GroupCommit
from inbox.errors import Later
from tests.inbox.peers import WatchedDatabase, World, entry

pytestmark = pytest.mark.anyio


async def test_a_hundred_entries_share_two_transactions_and_get_their_own_results(
    world: World,
) -> None:
    world.append(entry(7))
    database = WatchedDatabase(world.database)
    commits = GroupCommit(database)
    news = await asyncio.gather(*(commits.put(entry(number)) for number in range(100)))
    assert [number for number, new in enumerate(news) if not new] == [7]
    assert len(world.rows()) == 100
    assert database.writes == 2


async def test_the_same_entry_twice_in_one_transaction_is_new_once(world: World) -> None:
    commits = GroupCommit(world.database)
    assert await asyncio.gather(*(commits.put(entry()) for _ in range(3))) == [True, False, False]
    assert len(world.rows()) == 1


async def test_a_single_entry_waits_only_briefly_for_others(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    timeout = asyncio.timeout

    def noted(delay: float) -> asyncio.Timeout:
        waits.append(delay)
        return timeout(delay)

    monkeypatch.setattr(asyncio, "timeout", noted)
    commits = GroupCommit(small_world.database)

    assert await commits.put(entry(1))
    assert await commits.put(entry(2))
    assert len(waits) == 2
    assert max(waits) <= 0.005


async def test_entries_that_arrive_during_a_commit_go_with_the_next(small_world: World) -> None:
    database = WatchedDatabase(small_world.database)
    database.gate.clear()
    commits = GroupCommit(database, linger=0)
    first = asyncio.create_task(commits.put(entry(1)))
    await database.entered.wait()
    others = [asyncio.create_task(commits.put(entry(number))) for number in range(2, 6)]
    await asyncio.sleep(0.01)
    database.gate.set()
    assert await asyncio.gather(first, *others) == [True] * 5
    assert database.writes == 2


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("INSERT", {}, Exception("database is locked")),
        RuntimeError("cannot schedule new futures after shutdown"),
        OSError("disk full"),
    ],
)
async def test_a_failed_commit_gives_every_waiter_a_temporary_error(
    small_world: World, error: Exception
) -> None:
    database = WatchedDatabase(small_world.database)
    database.write_error = error
    commits = GroupCommit(database)
    answers = await asyncio.gather(
        *(commits.put(entry(number)) for number in range(3)), return_exceptions=True
    )
    assert [(type(answer), getattr(answer, "code", "")) for answer in answers] == [
        (Later, "not_kept")
    ] * 3
    assert small_world.rows() == []
    database.write_error = None
    assert await commits.put(entry(1))


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancelled_waiter_undoes_nothing_and_affects_no_others(
    small_world: World, fails: bool
) -> None:
    database = WatchedDatabase(small_world.database)
    database.gate.clear()
    commits = GroupCommit(database)
    leaving = asyncio.create_task(commits.put(entry(1)))
    staying = asyncio.create_task(commits.put(entry(2)))
    await database.entered.wait()
    leaving.cancel()
    await asyncio.sleep(0)
    if fails:
        database.write_error = OSError("disk full")
    database.gate.set()
    (answer,) = await asyncio.gather(staying, return_exceptions=True)
    assert isinstance(answer, Later) if fails else answer is True
    assert len(small_world.rows()) == (0 if fails else 2)


async def test_closing_commits_what_waits_without_lingering(small_world: World) -> None:
    commits = GroupCommit(small_world.database, linger=3600)
    waiting = asyncio.create_task(commits.put(entry(1)))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        await commits.aclose()
        assert await waiting
        assert await commits.put(entry(2))
    assert len(small_world.rows()) == 2


async def test_closing_without_entries_does_nothing(small_world: World) -> None:
    await GroupCommit(small_world.database).aclose()
