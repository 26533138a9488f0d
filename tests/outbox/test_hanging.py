"""Two hundred real inboxes on loopback addresses of their own, some of which never respond, refuse
connections or are busy.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Set
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
from tests.support.clock import SettableClock
from tests.support.listeners import Asked, http_answer, listening
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

INBOXES = 200
HANGING = frozenset(range(5, INBOXES, 10))
REFUSING = frozenset(range(7, INBOXES, 20))
BUSY = frozenset(range(17, INBOXES, 20))
AT_MOST = 1.05
"""Times as many function calls with the hanging inboxes as without them."""

CLAIMS = 1
"""Statements that claimed deliveries until the last healthy inbox was reached: one for all, so that
none of them waited for the result of another."""


@asynccontextmanager
async def inboxes(
    *,
    hanging: Set[int] = frozenset(),
    busy: Set[int] = frozenset(),
    refusing: Set[int] = frozenset(),
) -> AsyncIterator[tuple[list[str], list[int]]]:
    """Inboxes at 127.1.x.y, and a list of those that were reached, by request."""
    reached: list[int] = []

    def script(number: int) -> Any:
        async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
            reached.append(number)
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
        clock=world.clock,
        limits=DispatcherLimits(grace=0.1),
    )
    task = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0.2)
    yield dispatcher
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


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
        async with (
            inboxes(hanging=HANGING if some_hang else set()) as (addresses, reached),
            running(world, fetcher) as dispatcher,
        ):
            world.publish(addresses)
            with world.claims() as needed, CallCounter() as counter:
                dispatcher.wake()
                await until(lambda: healthy <= set(reached), seconds=60)
            assert len(needed) == CLAIMS
            done = INBOXES - (len(HANGING) if some_hang else 0)
            await until(lambda: world.states().get("delivered") == done)
            # No inbox was sent a second request, as it would be after an attempt that timed out.
            assert sorted(reached) == list(range(INBOXES))
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


async def test_one_bad_inbox_in_five_holds_up_none_of_the_others_and_stays_queued(
    db: Database, signers: Signers, clock: SettableClock
) -> None:
    world = World(db, Network(), signers, clock)  # time stands still, so nothing is tried again
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
            await until(lambda: healthy <= set(reached), seconds=60)
        assert len(needed) == CLAIMS
        await until(lambda: world.states().get("delivered") == len(healthy))
    await fetcher.aclose()
    assert world.states() == {"delivered": len(healthy), "waiting": len(bad)}
    assert {reached.count(number) for number in healthy} == {1}
