"""Batched reads: small reads that are asked for at the same time share one trip to the database.

A trip to a reader's thread and back costs several times as much as most of these reads. Nothing
waits to fill a batch: reads that are asked for during a trip go with the next one.
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
"""Reads in one trip."""

_Outcome = tuple[Any, Exception | None]
_Read = tuple[Callable[[Connection], Any], asyncio.Future[Any]]


class BatchReader:
    """Runs functions that only read, several on one connection, and gives each its own result."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._waiting: list[_Read] = []
        self._trips: set[asyncio.Task[None] | None] = set()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`. Raises what it raises, or what the database raises."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if len(self._trips) < TRIPS_AT_ONCE:
            self._trips.add(asyncio.create_task(self._run_trip()))
        return await answer

    async def _run_trip(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                outcomes = await self._ask([work for work, _ in batch])
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _deliver(answer, outcome)
        finally:
            # Here and not in a callback, so that no read can be added to a trip that has ended.
            self._trips.remove(asyncio.current_task())

    async def _ask(self, functions: Sequence[Callable[[Connection], Any]]) -> list[_Outcome]:
        try:
            return await self._database.read(
                lambda conn: [_outcome(work, conn) for work in functions]
            )
        except Exception as error:  # noqa: BLE001 - an outermost loop: every asker gets an answer
            return [(None, error)] * len(functions)


def _deliver(answer: asyncio.Future[Any], outcome: _Outcome) -> None:
    value, error = outcome
    if answer.done():
        return  # its caller was cancelled
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
