"""Two hundred real inboxes on loopback addresses of their own, twenty of which never respond."""

import asyncio
from collections.abc import AsyncIterator, Iterator
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
ROUNDS = 3
AT_MOST = 1.5
TRANSACTIONS = 3
"""Writing transactions until the last healthy inbox was reached: one claims for all."""


@asynccontextmanager
async def inboxes(*, some_hang: bool) -> AsyncIterator[tuple[list[str], set[int]]]:
    """Listening inboxes at 127.1.x.y, and a set of those that were reached."""
    reached: set[int] = set()

    def script(number: int) -> Any:
        async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
            reached.add(number)
            if some_hang and number in HANGING:
                await asyncio.Event().wait()
            writer.write(http_answer(b"", status=202))

        return answer

    async with AsyncExitStack() as stack:
        addresses = []
        for number in range(INBOXES):
            address = f"127.1.{number // 100}.{number % 100 + 1}"
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


async def cost_of_the_healthy(world: World, fetcher: Fetcher, *, some_hang: bool) -> float:
    """Seconds of CPU from the commit until the last healthy inbox was reached; no attempt may have
    waited for one that hangs.
    """
    healthy = set(range(INBOXES)) - HANGING
    with emptied(world.db):
        async with inboxes(some_hang=some_hang) as (addresses, reached):
            dispatcher = Dispatcher(
                database=world.db,
                poster=fetcher,
                signers=world.signers,
                inboxes=world.inboxes,
                clock=utc_now,
                limits=DispatcherLimits(grace=0.1),
            )
            running = asyncio.create_task(dispatcher.run())
            await asyncio.sleep(0.2)
            world.publish(addresses)
            with world.transactions() as needed:
                began = process_time()
                dispatcher.wake()
                await until(lambda: healthy <= reached, seconds=60)
                cost = process_time() - began
            assert needed.count("write") <= TRANSACTIONS
            done = INBOXES - (len(HANGING) if some_hang else 0)
            await until(lambda: world.states().get("delivered") == done)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
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
