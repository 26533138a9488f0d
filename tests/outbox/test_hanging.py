"""Two hundred real inboxes on loopback addresses of their own, twenty of which never respond."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from types import FrameType
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
AT_MOST = 1.05
"""Times as many function calls with the hanging inboxes as without them."""

TRANSACTIONS = 3
"""Writing transactions until the last healthy inbox was reached: one claims for all."""


@asynccontextmanager
async def inboxes(*, some_hang: bool) -> AsyncIterator[tuple[list[str], list[int]]]:
    """Listening inboxes at 127.1.x.y, and a list of those that were reached, by request."""
    reached: list[int] = []

    def script(number: int) -> Any:
        async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
            reached.append(number)
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


class CallCounter:
    """Counts the calls of functions in this thread, which is that of the event loop.

    Unlike CPU time, they do not depend on what else the machine does.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> "CallCounter":
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _count(self, _frame: FrameType, event: str, _function: object) -> None:
        self.calls += event in {"call", "c_call"}


async def calls_until_delivered(world: World, fetcher: Fetcher, *, some_hang: bool) -> int:
    """The number of function calls from the commit until the last healthy inbox was reached; no
    attempt may have waited for one that hangs.
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
            with world.transactions() as needed, CallCounter() as counter:
                dispatcher.wake()
                await until(lambda: healthy <= set(reached), seconds=60)
            assert needed.count("write") <= TRANSACTIONS
            done = INBOXES - (len(HANGING) if some_hang else 0)
            await until(lambda: world.states().get("delivered") == done)
            # No inbox was sent a second request, as it would be after an attempt that timed out.
            assert sorted(reached) == list(range(INBOXES))
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        if some_hang:
            assert world.states() == {"delivered": done, "waiting": len(HANGING)}
        return counter.calls


async def test_twenty_hanging_inboxes_of_two_hundred_hold_up_none_of_the_others(
    db: Database, signers: Signers, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(db, Network(), signers, utc_now)
    fetcher = Fetcher(user_agent="test", development=True, clock=utc_now, key=None)
    await calls_until_delivered(world, fetcher, some_hang=False)  # fills the caches
    without = await calls_until_delivered(world, fetcher, some_hang=False)
    beside = await calls_until_delivered(world, fetcher, some_hang=True)
    await fetcher.aclose()
    with capsys.disabled():
        print(  # noqa: T201 - the figures are of interest
            f"\n{INBOXES} inboxes on {db.dialect}: the last healthy one after {without} calls with"
            f" none hanging, {beside} with {len(HANGING)} hanging"
        )
    assert beside <= AT_MOST * without
