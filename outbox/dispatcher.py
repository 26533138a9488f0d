"""The dispatcher: the loop that sends the deliveries, in the server's process or a worker's.

It takes a turn when it is woken, when an attempt has ended, and when a delivery or a probe is due;
without any of these, every few seconds. In one turn it finds hosts with due deliveries, stores the
results that have come in, claims what fits into the free slots (both in one transaction, so that
two hundred deliveries are a few transactions), and starts the attempts. Each attempt is a task.

Everything in memory is a hint. The process may be killed at any point: the rows are still there,
and what was claimed is released by the next start (`DispatcherLimits.alone`) or when its lease
ends.
"""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from database.transactions import Transactions
from outbox import claims
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.claims import Bounds, ClaimedDelivery, ClaimResult, WaitingHost
from outbox.concurrency import ConcurrencyLimiter, Slots
from outbox.deliver import attempt
from outbox.ports import Inboxes, Poster, Signers
from outbox.record import Recorded, Result, record
from outbox.schedule import Schedule

logger = logging.getLogger(__name__)

MARGIN = 10.0
"""How many seconds a woken dispatcher looks back. Deliveries of a transaction that took longer to
commit are found by the next sweep."""

FULL_PAUSE = 0.25
"""Seconds until a host for which there was no slot is tried again."""

AT_ONCE = 16
"""Attempts that are started together, so that they are signed together."""

BATCH = 128
PATIENCE = 0.1
"""While nobody waits for them, results are stored once there are `BATCH`, or after `PATIENCE`
seconds: a transaction costs as much as several deliveries."""

ERROR_PAUSE = 1.0
"""Seconds until the next turn after one that failed, for example without the database."""


@dataclass(frozen=True, slots=True)
class DispatcherLimits:
    """How hard a dispatcher works; times in seconds.

    slots     how many attempts may run at the same time
    per_host  deliveries in flight to one host, over all workers
    attempt   how long an attempt may take
    lease     after this time another worker may take what this one has claimed; leases are renewed
              during attempts, so they can be short: a killed worker's claims block slots that long
    sweep     time between two searches for all hosts with waiting rows, which find those that no
              wake-up told of
    gather    least time between two transactions; results that come in meanwhile share one, and
              wait a little longer for others if nobody waits for them
    grace     how long running attempts may go on when the dispatcher is stopped
    alone     whether this is the only dispatcher: then anything claimed at its start is left over
              from before, and is released at once
    """

    slots: Slots = field(default_factory=Slots)
    per_host: int = 4
    attempt: float = 60.0
    lease: float = 20.0
    sweep: float = 5.0
    gather: float = 0.02
    grace: float = 5.0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one transaction has to do."""

    results: Sequence[Result]
    healthy: Sequence[str]
    suspect: Sequence[str]
    free: tuple[int, int]
    now: float


class Dispatcher:
    """Delivers what is published. `run` it as a task; `wake` it after commits.

    `clock` returns aware datetimes. There is one dispatcher in a process.
    """

    def __init__(
        self,
        *,
        database: Transactions,
        poster: Poster,
        signers: Signers,
        inboxes: Inboxes,
        clock: Callable[[], datetime],
        limits: DispatcherLimits | None = None,
    ) -> None:
        self._database = database
        self._poster = poster
        self._signers = signers
        self._inboxes = inboxes
        self._clock = clock
        self._limits = limits or DispatcherLimits()
        self._name = uuid.uuid4().hex
        self._rng = random.SystemRandom()
        self._schedule = Schedule()
        self._limiter = ConcurrencyLimiter(self._limits.slots)
        self._crowded: set[str] = set()
        self._results: list[Result] = []
        self._attempts: set[asyncio.Task[None]] = set()
        self._wakeup = asyncio.Event()
        self._idle = asyncio.Event()
        self._is_woken = False
        self._wants_sweep = True
        self._wants_release = self._limits.alone
        self._next_sweep = 0.0  # monotonic, like _last_turn
        self._last_turn = 0.0
        self._last_query = 0.0
        self._is_running = False
        self._is_stopping = False

    def wake(self) -> None:
        """Find new rows now: some were committed. Call it in the event loop's thread."""
        self._is_woken = True
        self._wakeup.set()

    def schedule_host(self, host: str) -> None:
        """Like `wake`, for one host."""
        self._schedule.put(host, self._now())
        self._wakeup.set()

    async def run(self) -> None:
        """Deliver until cancelled. Then running attempts get `grace` seconds, and the remaining
        claims are released. Must not run twice at the same time."""
        self._is_running, self._is_stopping = True, False
        # A turn is never interrupted, or its claims would be forgotten.
        turning = asyncio.create_task(self._turn_until_stopped())
        keeping = asyncio.create_task(self._keep_leases())
        try:
            await asyncio.shield(turning)
        finally:
            self._is_stopping = True
            self._wakeup.set()
            await turning
            await self._finish()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            self._is_running = False

    async def drain(self, timeout: float = 30.0) -> None:
        """Wait until nothing is due and no attempt is running; later retries are not waited for.

        Runs the dispatcher meanwhile if it is not running. Raises TimeoutError.
        """
        await asyncio.sleep(0)  # a task that will run it may not have begun
        own = None if self._is_running else asyncio.create_task(self.run())
        try:
            async with asyncio.timeout(timeout):
                self._idle.clear()
                self._wants_sweep = True
                self._wakeup.set()
                await self._idle.wait()
        finally:
            if own is not None:
                own.cancel()
                with suppress(asyncio.CancelledError):
                    await own

    def _now(self) -> float:
        return self._clock().timestamp()

    async def _turn_until_stopped(self) -> None:
        while not self._is_stopping:
            if self._may_gather():
                await asyncio.sleep(self._limits.gather)
                continue
            self._wakeup.clear()
            try:
                await self._turn()
            except Exception:  # this loop must survive any failure of the database
                logger.exception("dispatcher_turn_failed")
                await asyncio.sleep(ERROR_PAUSE)
            else:
                await self._rest()

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lease / 3)
            rows = self._limiter.rows() | {result.row.id for result in self._results}
            if not rows:
                continue
            until = self._now() + self._limits.lease
            renew = partial(claims.renew, worker=self._name, rows=rows, until=until)
            try:
                await self._database.write(renew)
            except Exception:  # without the database, nobody else can claim either
                logger.exception("lease_renewal_failed")

    async def _turn(self) -> None:
        now = self._now()
        await self._find_due(now)
        turn = self._plan(now)
        if not (turn.results or turn.healthy or turn.suspect):
            return
        try:
            recorded, found = await self._database.write(partial(self._book, turn=turn))
        except Exception:
            self._results[:0] = turn.results
            for host in (*turn.healthy, *turn.suspect):
                self._schedule.put(host, now)
            raise
        self._last_turn = time.monotonic()
        self._learn(turn, recorded, found)
        rows = [row for claim in found for row in claim.rows]
        for first in range(0, len(rows), AT_ONCE):
            for row in rows[first : first + AT_ONCE]:
                self._start(row)
            await asyncio.sleep(0)  # let the server's requests run in between

    async def _find_due(self, now: float) -> None:
        """Find hosts with due deliveries: all of them, or only those with new ones."""
        if self._wants_release:
            await self._database.write(claims.release)
            self._wants_release = False
        is_sweep = self._wants_sweep or time.monotonic() >= self._next_sweep
        if not (is_sweep or self._is_woken):
            return
        self._wants_sweep = self._is_woken = False
        try:
            found = await (self._sweep(now) if is_sweep else self._find_recent(now))
        except Exception:
            self._wants_sweep = True
            raise
        if is_sweep:
            self._next_sweep = time.monotonic() + self._limits.sweep
        self._last_query = now
        for item in found:
            self._schedule.put(item.host, item.when)
            self._limiter.note(item.host, is_failing=item.is_failing)

    async def _sweep(self, now: float) -> list[WaitingHost]:
        if await self._database.read(partial(claims.has_expired, now=now)):
            await self._database.write(partial(claims.release_expired, now=now))
        return await self._database.read(claims.find_hosts)

    async def _find_recent(self, now: float) -> list[WaitingHost]:
        since = self._last_query - MARGIN
        return await self._database.read(partial(claims.find_hosts_due_since, since=since, now=now))

    def _plan(self, now: float) -> _Turn:
        """Take the results, and as many due hosts as there are free slots."""
        results, self._results = self._results, []
        for result in results:
            host = result.row.host
            if host in self._crowded:
                self._crowded.discard(host)
                self._schedule.put(host, now)
        free = self._limiter.free()
        chosen: tuple[list[str], list[str]] = ([], [])
        while len(chosen[0]) < free[0] and (due := self._schedule.pop(now)) is not None:
            group = int(self._limiter.is_suspect(due))
            if len(chosen[group]) < free[group]:
                chosen[group].append(due)
            else:
                self._schedule.put(due, now + FULL_PAUSE)
        return _Turn(results, *chosen, free, now)

    def _book(self, conn: Connection, turn: _Turn) -> tuple[Recorded, list[ClaimResult]]:
        """The transaction of a turn. It may be run twice, so it changes nothing in memory."""
        recorded = Recorded({}, frozenset())
        if turn.results:
            recorded = record(
                conn, turn.results, worker=self._name, inboxes=self._inboxes, rng=self._rng
            )
        found = []
        for hosts, rows in zip((turn.healthy, turn.suspect), turn.free, strict=True):
            if hosts:
                bounds = Bounds(self._limits.per_host, rows, self._limits.lease)
                found.append(
                    claims.claim(conn, hosts, bounds=bounds, worker=self._name, now=turn.now)
                )
        return recorded, found

    def _learn(self, turn: _Turn, recorded: Recorded, found: list[ClaimResult]) -> None:
        for result in turn.results:
            host = result.row.host
            self._limiter.note(host, is_failing=host in recorded.failing)
        for query_at in (recorded.query_at, *(claim.query_at for claim in found)):
            for host, when in query_at.items():
                self._schedule.put(host, when)
        for claim in found:
            self._crowded |= claim.crowded

    def _start(self, row: ClaimedDelivery) -> None:
        self._limiter.enter(row.id, row.host)
        task = asyncio.create_task(self._deliver(row))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _deliver(self, row: ClaimedDelivery) -> None:
        started_at = self._now()
        try:
            outcome = await attempt(
                row, signers=self._signers, poster=self._poster, seconds=self._limits.attempt
            )
        except Exception as error:  # an unexpected failure must not end the other deliveries
            logger.exception("delivery_failed", extra={"delivery": row.id, "inbox": row.inbox})
            outcome = AttemptOutcome(
                AnswerKind.OURS, text=f"internal error: {type(error).__name__}"
            )
        finally:
            self._limiter.leave(row.id)
        self._results.append(Result(row, outcome, started_at, self._now()))
        self._wakeup.set()

    async def _rest(self) -> None:
        """Wait for something to do, and at least until `gather` after the last transaction."""
        if self._is_all_done():
            self._idle.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds_to_rest()):
                await self._wakeup.wait()
        early = self._last_turn + self._limits.gather - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)

    def _may_gather(self) -> bool:
        """Whether storing the results can wait: more of them will come, no host
        waits for one of them, and nothing new was published."""
        if self._is_woken or self._wants_sweep or self._crowded or not len(self._limiter):
            return False
        return 0 < len(self._results) < BATCH and time.monotonic() < self._last_turn + PATIENCE

    def _is_all_done(self) -> bool:
        is_asked = self._is_woken or self._wants_sweep
        is_busy = self._attempts or self._results
        when = self._schedule.next_time()
        return not (is_asked or is_busy) and (when is None or when > self._now())

    def _seconds_to_rest(self) -> float:
        to_sweep = max(self._next_sweep - time.monotonic(), 0.0)
        when = self._schedule.next_time()
        if when is None:
            return to_sweep
        seconds = when - self._now()
        if seconds <= 0 and self._limiter.free()[0] == 0:
            seconds = FULL_PAUSE  # or until an attempt ends, if that is sooner
        return min(to_sweep, max(seconds, 0.0))

    async def _finish(self) -> None:
        """Let the attempts end, store their results, and release the other claims."""
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=self._limits.grace)
        for task in self._attempts:
            task.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        results, self._results = self._results, []
        turn = _Turn(results, (), (), (0, 0), self._now())

        def finish(conn: Connection) -> None:
            self._book(conn, turn)
            claims.release(conn, self._name)

        try:
            await self._database.write(finish)
        except Exception:  # the process is ending, and the leases will too
            logger.exception("delivery_results_not_saved")
