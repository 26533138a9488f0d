"""Works the journal: several rows at a time, each from claim to close.

The handler closes the row in the transaction of its effect, so both happen or neither. `Refused`
closes the row too, `Later` parks it, and any other exception is logged with its traceback and parks
it. No row is dropped silently, and none is retried for ever.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.parse import parse
from database.transactions import Transactions
from inbox import claims
from inbox.claims import ClaimedEntry, ClaimLost
from inbox.errors import Ignored, Later, Refused
from inbox.ports import Handlers, ReceivedActivity
from inbox.receive import READ_ASIDE_FROM

log = logging.getLogger(__name__)

LEASE = 20.0
"""Seconds for which a row is claimed. Leases in use are renewed after a third of that time. After a
crash a row waits until its lease ends on PostgreSQL; on SQLite it does not wait."""

HANDLER_SECONDS = 300.0
"""How long a handler may take before its row is parked and its worker is free again."""

IDLE_SECONDS = 5.0
"""Longest pause between two queries for work: rows of other processes wake nobody here."""

LATER_TRIES = 10
LATER_SECONDS = 3 * 86_400.0
"""A row whose handler always raises `Later` is given up after this many tries, or this long after
it was received."""

FAILURE_TRIES = 8
"""A row that always fails unexpectedly is refused with `internal_error` after this many tries."""

FAILURE_PAUSE = 30.0
"""Least seconds for which a row is parked after an unexpected failure."""

MAX_REASON = 500
"""Characters of a reason that are stored."""

_LONGEST_PAUSE = 12 * 3600.0


def pause_after(tries: int, requested: float) -> float:
    """Seconds to park a row after this many tries: what the handler asks for, or a growing minimum.

    The minimum is 0 the first time, then 15 s, 1 min, 4 min … 12 h: ten tries take a day and a
    half.
    """
    least = 0.0 if tries < 2 else min(15.0 * 4.0 ** (tries - 2), _LONGEST_PAUSE)
    return min(max(requested, least), LATER_SECONDS)


class Processor:
    """Works the journal with several workers in one event loop.

    One host gets at most half of them at a time, and the last quarter is reserved for hosts that
    have none, so that a few hosts whose activities need slow fetches do not block the others.
    """

    def __init__(
        self,
        database: Transactions,
        handlers: Handlers,
        *,
        clock: Callable[[], datetime],
        workers: int,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._workers = workers
        self._per_host = max(1, workers // 2)
        self._shared = workers - workers // 4
        self._name = uuid.uuid4().hex
        self._waiting: deque[ClaimedEntry] = deque()
        # By row and attempt: after a stall, a row can be claimed whose older attempt still runs.
        self._running: dict[tuple[int, int], ClaimedEntry] = {}
        self._taking = asyncio.Lock()
        self._woken = asyncio.Event()
        # The last claim left these hosts out and found nothing; None if it has to be repeated.
        self._nothing_beside: frozenset[str] | None = None
        self._rest_until = 0.0  # monotonic

    def wake(self, host: str | None = None) -> None:
        """Query for work now: there are new rows, of `host` or of any. Call it in the event loop
        of `run`.
        """
        if self._nothing_beside is not None and host not in self._nothing_beside:
            self._nothing_beside = None
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled, then release the claimed rows."""
        await self._recover()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_forever(self._keep_leases))
                for _ in range(self._workers):
                    tasks.create_task(_forever(self._work_next))
        finally:
            await self._give_back()

    async def drain(self) -> None:
        """Work until nothing is due. Raises what the database raises."""
        while True:
            await self._claim()
            rows = list(self._waiting)
            if rows:
                self._waiting.clear()
                self._running |= {(row.id, row.tries): row for row in rows}
                await asyncio.gather(*(self._work(row) for row in rows))
            elif self._running:
                await asyncio.sleep(0.01)  # `run` is working at the same time
            else:
                return

    async def _recover(self) -> None:
        while True:
            try:
                freed = await self._database.write(
                    lambda conn: claims.recover(conn, now=self._now())
                )
            except SQLAlchemyError:
                log.exception("inbox_start_failed")
                await asyncio.sleep(IDLE_SECONDS)
            else:
                if freed:
                    log.warning("activities_recovered", extra={"count": freed})
                return

    async def _work_next(self) -> None:
        await self._work(await self._take())

    async def _take(self) -> ClaimedEntry:
        """The next row for one worker. Only one worker queries at a time; the others wait."""
        async with self._taking:
            while True:
                self._woken.clear()
                row = self._pick()
                if row is not None:
                    return row
                if self._may_find_more():
                    if await self._claim():
                        continue
                    await self._plan_rest()
                await self._rest()

    def _pick(self) -> ClaimedEntry | None:
        busy = self._busy_hosts()
        for row in self._waiting:
            if row.host not in busy:
                self._waiting.remove(row)
                self._running[row.id, row.tries] = row
                return row
        return None

    def _busy_hosts(self) -> set[str]:
        running = Counter(row.host for row in self._running.values())
        most = self._per_host if len(self._running) < self._shared else 1
        return {host for host, number in running.items() if number >= most}

    def _skipped(self) -> frozenset[str]:
        return frozenset(self._busy_hosts() | {row.host for row in self._waiting})

    def _may_find_more(self) -> bool:
        """Whether a claim may find what the last one did not. While a host floods, each new row and
        each that is done wakes a worker, and asking the database every time costs as much as work.
        """
        known = self._nothing_beside
        return known is None or not known <= self._skipped() or time.monotonic() > self._rest_until

    async def _claim(self) -> bool:
        """Claim up to as many rows as there are workers: a commit for each would cost too much."""
        skipped = self._skipped()
        # Before the query, so that a wake-up meanwhile is not forgotten.
        self._nothing_beside, self._rest_until = skipped, 0.0
        rows: list[ClaimedEntry] = []
        try:
            rows = await self._database.write(
                lambda conn: claims.claim(
                    conn,
                    worker=self._name,
                    now=self._now(),
                    lease=LEASE,
                    most=self._workers,
                    skip_hosts=skipped,
                )
            )
        except BaseException:
            self._nothing_beside = None
            raise
        finally:
            self._waiting.extend(rows)
        if rows:
            self._nothing_beside = None
        return bool(rows)

    async def _plan_rest(self) -> None:
        try:
            due = await self._database.read(claims.find_next_due)
        except BaseException:
            self._nothing_beside = None
            raise
        # A due row that could not be claimed waits for one in another process: no need to hurry.
        pause = IDLE_SECONDS if due is None else min(max(due - self._now(), 0.5), IDLE_SECONDS)
        self._rest_until = time.monotonic() + pause

    async def _rest(self) -> None:
        # Not `wait_for`: in Python 3.11 it swallows a cancellation that arrives with the event, and
        # `run` would never end.
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._rest_until - time.monotonic(), 0.0)):
                await self._woken.wait()

    async def _keep_leases(self) -> None:
        await asyncio.sleep(LEASE / 3)
        rows = {row.id for row in (*self._running.values(), *self._waiting)}
        if rows:
            until = self._now() + LEASE
            await self._database.write(
                lambda conn: claims.renew(conn, worker=self._name, rows=rows, until=until)
            )

    async def _give_back(self) -> None:
        try:
            await self._database.write(
                lambda conn: claims.release(conn, worker=self._name, now=self._now())
            )
        except SQLAlchemyError:
            log.exception("claims_not_released")

    async def _work(self, row: ClaimedEntry) -> None:
        try:
            await self._attempt(row)
        except ClaimLost as error:
            log.warning(
                "claim_lost", extra={"row": row.id, "attempt": row.tries, "error": str(error)}
            )
        finally:
            del self._running[row.id, row.tries]
            self.wake(row.host)  # a row of the same subject or host may be next

    async def _attempt(self, row: ClaimedEntry) -> None:
        try:
            await self._handle(row)
        except ClaimLost:
            raise
        except Refused as error:
            log.info(
                "activity_refused",
                extra={
                    "row": row.id,
                    "request_id": row.request_id,
                    "code": error.code,
                    "error": str(error),
                },
            )
            await self._refuse(row, error.code, error.detail, isinstance(error, Ignored))
        except Later as error:
            await self._come_back(row, error)
        except Exception:
            log.exception("activity_failed", extra={"row": row.id, "request_id": row.request_id})
            await self._try_again(row)

    async def _handle(self, row: ClaimedEntry) -> None:
        if row.tries > LATER_TRIES:
            # Retries end earlier, so the process must have died in every attempt.
            raise Refused(500, "internal_error", "Gave up: no attempt ever finished.")
        received = await _to_received_aside(row)
        closing = _Closing(row, self._now)
        async with asyncio.timeout(HANDLER_SECONDS):
            if not row.authenticated:
                received = await self._handlers.authenticate(received)
            await self._handlers.handle(received, closing)
        if not closing.called:
            # The handler had nothing to write, so there was no transaction to close the row in.
            await self._database.write(closing)

    async def _come_back(self, row: ClaimedEntry, error: Later) -> None:
        now = self._now()
        if row.tries >= LATER_TRIES or now - row.received_at >= LATER_SECONDS:
            await self._refuse(row, "gave_up", error.reason)
            return
        await self._park(row, now + pause_after(row.tries, error.after), error.reason)

    async def _try_again(self, row: ClaimedEntry) -> None:
        if row.tries >= FAILURE_TRIES:
            await self._refuse(
                row, "internal_error", "Internal error on this server; it has been logged."
            )
            return
        pause = pause_after(row.tries, FAILURE_PAUSE)
        await self._park(row, self._now() + pause, "internal_error")

    async def _refuse(
        self, row: ClaimedEntry, code: str, reason: str, is_ignored: bool = False
    ) -> None:
        close = claims.ignore if is_ignored else claims.refuse
        await self._database.write(
            lambda conn: close(conn, row, now=self._now(), code=code, reason=_storable(reason))
        )

    async def _park(self, row: ClaimedEntry, due_at: float, reason: str) -> None:
        await self._database.write(
            lambda conn: claims.park(conn, row, due_at=due_at, reason=_storable(reason))
        )

    def _now(self) -> float:
        return self._clock().timestamp()


class _Closing:
    """What a handler calls in its transaction, to close its row."""

    def __init__(self, row: ClaimedEntry, now: Callable[[], float]) -> None:
        self._row = row
        self._now = now
        self.called = False

    def __call__(self, conn: Connection) -> None:
        claims.close(conn, self._row, now=self._now())
        self.called = True


async def _forever(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await step()
        except Exception:
            log.exception("inbox_step_failed")
            await asyncio.sleep(IDLE_SECONDS)


async def _to_received_aside(row: ClaimedEntry) -> ReceivedActivity:
    """As `_to_received`; in a thread for a long document, so that requests do not wait."""
    if len(row.body) <= READ_ASIDE_FROM:
        return _to_received(row)
    return await asyncio.to_thread(_to_received, row)


def _to_received(row: ClaimedEntry) -> ReceivedActivity:
    try:
        activity = Document(parse(row.body))
    except Malformed as error:  # a newer version may read more strictly than the one that stored it
        raise Refused(400, error.code, error.detail, error.facts) from error
    return ReceivedActivity(
        activity=activity,
        body=row.body,
        actor=row.actor,
        signer=row.signer,
        spliceable=row.spliceable,
        request_id=row.request_id,
        received_at=row.received_at,
        evidence="signature" if row.authenticated else None,
        signed_at=row.signed_at,
    )


def _storable(reason: str) -> str:
    return reason.replace("\0", "")[:MAX_REASON]
