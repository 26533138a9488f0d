import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from arq.worker import Worker

from fedcom.db import Database
from outbox import arq_worker
from outbox.arq_worker import MANY_HOSTS, QUEUE, ArqWaker, connect, has_worker, worker
from outbox.dispatcher import Dispatcher, DispatcherLimits
from tests.outbox.world import Network, RedisServer, Signers, World, inbox
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

QUIET = DispatcherLimits(sweep=3600.0, grace=0.1)
SWEEPING = DispatcherLimits(sweep=0.2, grace=0.1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arq_worker, "RECONNECT", 0.1)


@pytest.fixture
def live_world(db: Database, network: Network, signers: Signers) -> World:
    """An outbox with a running clock."""
    return World(db, network, signers, lambda: datetime.now(UTC))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """A worker that counts its polls of Redis."""
    looked: list[Worker] = []
    look: Any = Worker._poll_iteration

    async def counted(worker: Worker) -> None:
        looked.append(worker)
        await look(worker)

    monkeypatch.setattr(Worker, "_poll_iteration", counted)
    return looked


@asynccontextmanager
async def working(
    world: World, redis_url: str, limits: DispatcherLimits
) -> AsyncIterator[Dispatcher]:
    dispatcher = world.dispatcher(limits)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Dispatcher]:
        yield dispatcher

    task = asyncio.create_task(worker(opened, redis_url))
    await asyncio.sleep(0)
    try:
        await dispatcher.drain()
        yield dispatcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def waking(redis_url: str, pause: float = 0.1) -> AsyncIterator[ArqWaker]:
    waker = ArqWaker(redis_url, timeout=0.5, pause=pause)
    try:
        yield waker
    finally:
        await waker.aclose()


@pytest.mark.parametrize("hosts", [(), ("peer1.example",)])
async def test_a_worker_is_woken_through_redis(
    hosts: tuple[str, ...], live_world: World, redis_server: RedisServer, looks: list[Worker]
) -> None:
    assert not await has_worker(redis_server.url)
    async with (
        working(live_world, redis_server.url, QUIET),
        waking(redis_server.url) as waker,
    ):
        await until(lambda: looks != [])
        assert await has_worker(redis_server.url)
        looks.clear()
        live_world.publish([inbox(1)])
        await waker.wake(hosts)
        await until(lambda: live_world.states() == {"delivered": 1})
        assert len(looks) < 40


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_being_woken_again_while_a_job_runs_loses_nothing(
    live_world: World, redis_server: RedisServer
) -> None:
    async with (
        working(live_world, redis_server.url, DispatcherLimits(sweep=3.0, grace=0.1)),
        waking(redis_server.url) as waker,
    ):
        for _ in range(40):
            live_world.publish([inbox(1)])
            await waker.wake(["peer1.example"])
            await asyncio.sleep(0.01)
        await until(lambda: live_world.states() == {"delivered": 40})


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_two_workers_share_one_queue_without_duplicates(
    live_world: World, redis_server: RedisServer
) -> None:
    async with (
        working(live_world, redis_server.url, DispatcherLimits(sweep=0.5, grace=0.1)),
        working(live_world, redis_server.url, DispatcherLimits(sweep=0.5, grace=0.1)),
        waking(redis_server.url) as waker,
    ):
        for _ in range(5):
            live_world.publish([inbox(number) for number in range(20)])
            await waker.wake()
        await until(lambda: live_world.states() == {"delivered": 100}, seconds=15)
    assert len(live_world.network.posted) == 100


async def test_a_worker_without_redis_delivers_by_polling(
    live_world: World, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.stop()
    with caplog.at_level(logging.WARNING, logger="outbox"):
        async with working(live_world, redis_server.url, SWEEPING):
            live_world.publish([inbox(1)])
            await until(lambda: live_world.states() == {"delivered": 1})
            await asyncio.sleep(0.3)
    assert caplog.text.count("redis_connection_lost") == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_worker_survives_a_restart_of_redis(
    live_world: World, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        working(live_world, redis_server.url, QUIET) as dispatcher,
        waking(redis_server.url) as waker,
    ):

        async def restart(number: int) -> None:
            live_world.publish([inbox(1)])
            await waker.wake()
            await until(lambda: live_world.states() == {"delivered": number})
            redis_server.stop()
            await until(lambda: caplog.text.count("redis_connection_lost") == number)
            redis_server.start()
            await asyncio.sleep(0.3)

        for number in range(1, 4):
            await restart(number)
        assert dispatcher is not None


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_lost_redis_neither_fails_nor_delays_who_publishes(
    live_world: World, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.stop()
    async with waking(redis_server.url, pause=0.05) as waker:
        for _ in range(6):
            with pytest.raises(StopIteration):  # it ended without waiting once
                waker.wake(["peer1.example"]).send(None)
            await asyncio.sleep(0.03)
        assert caplog.text.count("redis_unavailable") == 1
        redis_server.start()
        await asyncio.sleep(0.06)
        async with working(live_world, redis_server.url, QUIET):
            live_world.publish([inbox(1)])
            await waker.wake()
            await until(lambda: live_world.states() == {"delivered": 1})


@pytest.mark.parametrize(
    ("hosts", "jobs"),
    [
        ((), {"new"}),
        (("a.example", "b.example"), {"peer:a.example", "peer:b.example"}),
        (tuple(f"{n}.example" for n in range(MANY_HOSTS + 1)), {"new"}),
    ],
)
async def test_jobs_are_few_unique_and_plain_json(
    hosts: tuple[str, ...], jobs: set[str], redis_server: RedisServer
) -> None:
    async with waking(redis_server.url) as waker:
        for _ in range(3):
            await waker.wake(hosts)
            await waker.wake(hosts)
            await asyncio.sleep(0.02)
    redis = connect(redis_server.url)
    try:
        queued = {name.decode() for name in await redis.zrange(QUEUE, 0, -1)}
        payloads = [orjson.loads(await redis.get(f"arq:job:{name}") or b"") for name in queued]
    finally:
        await redis.aclose()
    assert queued == jobs
    assert {payload["f"] for payload in payloads} <= {"deliver_new", "deliver_peer"}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_worker_leaves_no_results_in_redis(
    live_world: World, redis_server: RedisServer
) -> None:
    async with (
        working(live_world, redis_server.url, QUIET),
        waking(redis_server.url) as waker,
    ):
        live_world.publish([inbox(1)])
        await waker.wake()
        await until(lambda: live_world.states() == {"delivered": 1})
        await asyncio.sleep(0.2)
        redis = connect(redis_server.url)
        try:
            keys = {key.decode() for key in await redis.keys("arq:*")}
        finally:
            await redis.aclose()
    assert keys == set()
