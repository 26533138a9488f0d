"""Two hundred real inboxes on loopback addresses of their own, some of which never respond, refuse
connections or are busy.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Set
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from statistics import median
from time import process_time
from typing import Any

import pytest
from sqlalchemy import delete

from activitypub.fetch import Fetcher
from fedcom.clock import utc_now
from fedcom.db import Database
from outbox import deliveries as tables
from outbox.dispatcher import Dispatcher, DispatcherLimits
from tests.outbox.world import Network, Signers, World
from tests.support.listeners import Asked, http_answer, listening
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

INBOXES = 200
HANGING = frozenset(range(5, INBOXES, 10))
REFUSING = frozenset(range(7, INBOXES, 20))
BUSY = frozenset(range(17, INBOXES, 20))
ROUNDS = 3
AT_MOST = 1.5
CLAIMS = 1
"""Statements that claimed deliveries until the last healthy inbox was reached: one for all, so that
none of them waited for the result of another."""


@asynccontextmanager
async def inboxes(
    *,
    hanging: Set[int] = frozenset(),
    busy: Set[int] = frozenset(),
    refusing: Set[int] = frozenset(),
) -> AsyncIterator[tuple[list[str], Counter[int]]]:
    """Inboxes at 127.1.x.y, and how often each was reached."""
    reached: Counter[int] = Counter()

    def script(number: int) -> Any:
        async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
            reached[number] += 1
            if number in hanging:
                await asyncio.Event().wait()
            writer.write(http_answer(b"", status=503 if number in busy else 202))

        return answer

    async with AsyncExitStack() as stack:
        addresses = []
        for number in range(INBOXES):
            address = f"127.1.{number // 100}.{number % 100 + 1}"
            if number in refusing:
                closed = stack.enter_context(socket.socket())
                closed.bind((address, 0))  # and never listens
                addresses.append(f"http://{address}:{closed.getsockname()[1]}/inbox")
                continue
            listener = await stack.enter_async_context(listening(script(number), address=address))
            addresses.append(f"http://{address}:{listener.port}/inbox")
        yield addresses, reached


@contextmanager
def emptied(db: Database) -> Iterator[None]:
    """Delete all rows in the end, so that each round begins like the first."""
    yield
    with db.begin() as conn:
        for table in (tables.deliveries, tables.activities, tables.peers):
            conn.execute(delete(table))


@asynccontextmanager
async def running(world: World, fetcher: Fetcher) -> AsyncIterator[Dispatcher]:
    """A dispatcher that has nothing to do yet."""
    dispatcher = Dispatcher(
        database=world.db,
        poster=fetcher,
        signers=world.signers,
        inboxes=world.inboxes,
        clock=utc_now,
        limits=DispatcherLimits(grace=0.1),
    )
    task = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0.2)
    yield dispatcher
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def cost_of_the_healthy(world: World, fetcher: Fetcher, *, some_hang: bool) -> float:
    """Seconds of CPU from the commit until the last healthy inbox was reached; no attempt may have
    waited for one that hangs.
    """
    healthy = set(range(INBOXES)) - HANGING
    with emptied(world.db):
        async with (
            inboxes(hanging=HANGING if some_hang else set()) as (addresses, reached),
            running(world, fetcher) as dispatcher,
        ):
            world.publish(addresses)
            with world.claims() as needed:
                began = process_time()
                dispatcher.wake()
                await until(lambda: healthy <= reached.keys(), seconds=60)
                cost = process_time() - began
            assert len(needed) == CLAIMS
            done = INBOXES - (len(HANGING) if some_hang else 0)
            await until(lambda: world.states().get("delivered") == done)
        if some_hang:
            assert world.states() == {"delivered": done, "waiting": len(HANGING)}
        return cost


async def test_twenty_hanging_inboxes_of_two_hundred_hold_up_none_of_the_others(
    db: Database, signers: Signers, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(db, Network(), signers, utc_now)
    fetcher = Fetcher(user_agent="test", development=True, clock=utc_now, key=None)
    await cost_of_the_healthy(world, fetcher, some_hang=False)  # warms up
    without, beside = [], []
    for _ in range(ROUNDS):
        without.append(await cost_of_the_healthy(world, fetcher, some_hang=False))
        beside.append(await cost_of_the_healthy(world, fetcher, some_hang=True))
    await fetcher.aclose()
    ratio = median(beside) / median(without)
    with capsys.disabled():
        print(  # noqa: T201 - the figures are asked for
            f"\n{INBOXES} inboxes on {db.dialect}: the last healthy one after"
            f" {median(without):.2f} s of CPU with none hanging, {median(beside):.2f} s with"
            f" {len(HANGING)} hanging: {ratio:.2f} times as much"
        )
    assert ratio <= AT_MOST


async def test_one_bad_inbox_in_five_holds_up_none_of_the_others_and_stays_queued(
    db: Database, signers: Signers
) -> None:
    world = World(db, Network(), signers, utc_now)
    fetcher = Fetcher(user_agent="test", development=True, clock=utc_now, key=None)
    bad = HANGING | REFUSING | BUSY
    healthy = set(range(INBOXES)) - bad
    assert len(bad) == INBOXES // 5
    async with (
        inboxes(hanging=HANGING, busy=BUSY, refusing=REFUSING) as (addresses, reached),
        running(world, fetcher) as dispatcher,
    ):
        world.publish(addresses)
        with world.claims() as needed:
            dispatcher.wake()
            await until(lambda: healthy <= reached.keys(), seconds=60)
        assert len(needed) == CLAIMS
        await until(lambda: world.states().get("delivered") == len(healthy))
    await fetcher.aclose()
    assert world.states() == {"delivered": len(healthy), "waiting": len(bad)}
    assert {reached[number] for number in healthy} == {1}
