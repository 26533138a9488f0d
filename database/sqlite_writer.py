"""One commit for all units of work that wait for SQLite's only writer.

A commit waits until the disk has the changes, and meanwhile other units wait for it. The rule: the
writer runs the units that wait one after the other in one transaction, each in a savepoint of its
own, until none waits or `MAX_SECONDS` have passed, and commits. A unit that raises is rolled back
to its savepoint, and the others do not notice. No unit returns before the commit, so what it
promises is on the disk. After a conflict all units of the transaction are run again; if it fails,
all of them fail, and none has changed anything.
"""

import contextvars
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

MAX_SECONDS = 0.02
"""How long a transaction takes more units; other processes wait for the lock meanwhile."""


class Transact(Protocol):
    """Runs a function of a connection in one transaction, and again after a conflict."""

    def __call__(self, work: Callable[[Connection], T], /) -> T: ...


class SqliteWriter:
    """The writer's thread, and the units that wait for it."""

    def __init__(self, transact: Transact, is_conflict: Callable[[Exception], bool]) -> None:
        """`is_conflict` tells which errors of a unit `transact` must see to run all of it again."""
        self._transact = transact
        self._is_conflict = is_conflict
        self._waiting: deque[_Unit] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-write")

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Let the writer run `work`, in the caller's context; the result comes after the commit.

        Until `work` begins it can be cancelled.
        """
        future: Future[T] = Future()
        self._waiting.append(_Unit(work, future))
        self._thread.submit(self._run_waiting)
        return future

    def close(self) -> None:
        """Finish what waits."""
        self._thread.shutdown(wait=True)

    def _run_waiting(self) -> None:
        """Called once for each unit; most calls find that another one has run theirs."""
        first = self._next()
        if first is None:
            return
        group = [first]

        def run(connection: Connection) -> list[Callable[[], None]]:
            ends_at = time.monotonic() + MAX_SECONDS
            answers = [unit.run(connection, self._is_conflict) for unit in group]
            while time.monotonic() < ends_at and (unit := self._next()) is not None:
                group.append(unit)
                answers.append(unit.run(connection, self._is_conflict))
            return answers

        try:
            answers = self._transact(run)
        except BaseException as error:  # noqa: BLE001 - every future is told
            answers = [partial(unit.future.set_exception, error) for unit in group]
        for answer in answers:
            answer()

    def _next(self) -> "_Unit | None":
        while self._waiting:
            unit = self._waiting.popleft()
            if unit.future.set_running_or_notify_cancel():
                return unit
        return None


class _Unit:
    def __init__(self, work: Callable[[Connection], Any], future: "Future[Any]") -> None:
        self.future = future
        self._work = work
        self._context = contextvars.copy_context()

    def run(
        self, connection: Connection, is_conflict: Callable[[Exception], bool]
    ) -> Callable[[], None]:
        """Run it in a savepoint; returns what tells its future."""
        driver: Any = connection.connection.driver_connection
        driver.execute("SAVEPOINT unit")
        try:
            result = self._context.run(self._work, connection)
        except Exception as error:
            # SQLite itself rolls back the whole transaction when the disk is full, for example.
            if is_conflict(error) or not driver.in_transaction:
                raise
            driver.execute("ROLLBACK TO unit")
            driver.execute("RELEASE unit")
            return partial(self.future.set_exception, error)
        driver.execute("RELEASE unit")
        return partial(self.future.set_result, result)
