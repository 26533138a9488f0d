"""Shared reads: looks at the database that come at the same moment share one trip to it.

A trip to a reader's thread and back costs several times what most looks do there. Nobody waits for
company: who comes while a trip is under way goes with the next.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from database.transactions import Transactions

T = TypeVar("T")

TRIPS_AT_ONCE = 2
MOST = 32
"""Looks on one trip."""

_Outcome = tuple[Any, Exception | None]
_Look = tuple[Callable[[Connection], Any], asyncio.Future[Any]]


class BatchReader:
    """Runs functions that only read, several on one connection, and gives each its own answer."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._waiting: list[_Look] = []
        self._trips: set[asyncio.Task[None] | None] = set()

    async def look(self, work: Callable[[Connection], T]) -> T:
        """The answer of `work`; raises what it raises, or what the database raises."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if len(self._trips) < TRIPS_AT_ONCE:
            self._trips.add(asyncio.create_task(self._travel()))
        return await answer

    async def _travel(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                outcomes = await self._ask([work for work, _ in batch])
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _tell(answer, outcome)
        finally:
            # At once and not in a callback: nobody may come in between and count on this trip.
            self._trips.remove(asyncio.current_task())

    async def _ask(self, works: Sequence[Callable[[Connection], Any]]) -> list[_Outcome]:
        try:
            return await self._database.read(lambda conn: [_outcome(work, conn) for work in works])
        except Exception as error:  # noqa: BLE001 - an outermost loop: every asker gets an answer
            return [(None, error)] * len(works)


def _tell(answer: asyncio.Future[Any], outcome: _Outcome) -> None:
    value, error = outcome
    if answer.done():
        return  # its asker has gone
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _outcome(work: Callable[[Connection], Any], conn: Connection) -> _Outcome:
    try:
        return work(conn), None
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # then the others have no connection either, and the database may try again
        return None, error
    except Exception as error:  # noqa: BLE001 - it belongs to one asker and must not reach the rest
        return None, error
