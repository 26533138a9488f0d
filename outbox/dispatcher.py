"""The dispatcher: the loop that drains the deliveries, inside the server's process or a worker's.

It turns when it is woken, when an attempt has ended, or when a delivery or a probe is due; only
every few seconds does it look by itself. In one turn it looks for hosts with something due, writes
down the results that have come in, claims what fits into the free seats (these two in one
transaction, so that two hundred deliveries are a few transactions), and starts the attempts.
Attempts are tasks of their own.

Everything here in memory is a hint. Kill the process at any point: the rows are still there, and
what was claimed is released by the next start (`Limits.alone`) or when its lease ends.
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

from outbox import claims
from outbox.answers import Kind, Outcome
from outbox.claims import Bounds, Claim, Claimed, Found
from outbox.concurrency import ConcurrencyLimiter, Slots
from outbox.deliver import attempt
from outbox.ports import Database, Inboxes, Poster, Signers
from outbox.record import Recorded, Result, record
from outbox.schedule import Schedule

logger = logging.getLogger(__name__)

MARGIN = 10.0
"""Seconds a woken dispatcher looks back. A transaction that published and took longer to commit is
found by the next sweep."""

FULL_PAUSE = 0.25
"""Seconds until a host is looked at again for which there was no seat."""

ERROR_PAUSE = 1.0
"""Seconds until the next turn after one that failed, because the database is away, say."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a dispatcher works; times in seconds.

    per_host  deliveries in flight to one host, over all workers
    attempt   the longest an attempt may take
    lease     after which another worker may take what this one claimed; it is renewed while
              attempts are under way, so it is short: a killed worker's claims hold seats that long
    sweep     between two looks at all waiting rows, for those that nobody was woken for
    gather    between two transactions; results that come in meanwhile are written together
    grace     that attempts under way get when the dispatcher is stopped
    alone     whether this is the only dispatcher: then whatever is claimed at its start was left
              behind, and is released at once
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
    """What one transaction is to do."""

    results: Sequence[Result]
    healthy: Sequence[str]
    suspect: Sequence[str]
    free: tuple[int, int]
    now: float


class Dispatcher:
    """Delivers what is published. `run` it as a task; `wake` it after commits.

    `clock` gives aware datetimes. One per process.
    """

    def __init__(
        self,
        *,
        database: Database,
        poster: Poster,
        signers: Signers,
        inboxes: Inboxes,
        clock: Callable[[], datetime],
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._poster = poster
        self._signers = signers
        self._inboxes = inboxes
        self._clock = clock
        self._limits = limits or Limits()
        self._name = uuid.uuid4().hex
        self._rng = random.SystemRandom()
        self._schedule = Schedule()
        self._lanes = ConcurrencyLimiter(self._limits.slots)
        self._crowded: set[str] = set()
        self._results: list[Result] = []
        self._attempts: set[asyncio.Task[None]] = set()
        self._stir = asyncio.Event()
        self._idle = asyncio.Event()
        self._is_woken = False
        self._wants_sweep = True
        self._wants_release = self._limits.alone
        self._next_sweep = 0.0  # monotonic, like _last_turn
        self._last_turn = 0.0
        self._last_look = 0.0
        self._is_running = False
        self._is_stopping = False

    def wake(self) -> None:
        """Rows were committed: look for them now. To be called in the event loop's thread."""
        self._is_woken = True
        self._stir.set()

    def look_at(self, host: str) -> None:
        """Like `wake`, for one host: look what is due there now."""
        self._schedule.put(host, self._now())
        self._stir.set()

    async def run(self) -> None:
        """Deliver until cancelled. Then attempts under way get `grace` seconds, and what is still
        claimed is released. Not to be called twice at once."""
        self._is_running, self._is_stopping = True, False
        # A turn is never cut off in the middle: what it claims must not be forgotten.
        turning = asyncio.create_task(self._turn_until_stopped())
        keeping = asyncio.create_task(self._keep_leases())
        try:
            await asyncio.shield(turning)
        finally:
            self._is_stopping = True
            self._stir.set()
            await turning
            await self._land()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            self._is_running = False

    async def drain(self, timeout: float = 30.0) -> None:
        """Until nothing is due and nothing under way (later retries are not waited for).

        Runs the dispatcher meanwhile if nobody does. Raises TimeoutError.
        """
        await asyncio.sleep(0)  # a task that is to run it may not have begun
        own = None if self._is_running else asyncio.create_task(self.run())
        try:
            async with asyncio.timeout(timeout):
                self._idle.clear()
                self._wants_sweep = True
                self._stir.set()
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
            self._stir.clear()
            try:
                await self._turn()
            except Exception:  # this loop must outlive whatever happens to the database
                logger.exception("dispatcher_turn_failed")
                await asyncio.sleep(ERROR_PAUSE)
            else:
                await self._rest()

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lease / 3)
            if not (self._attempts or self._results):
                continue
            until = self._now() + self._limits.lease
            renew = partial(claims.renew, worker=self._name, until=until)
            try:
                await self._database.write(renew)
            except Exception:  # where the database is away, nobody else can claim either
                logger.exception("lease_renewal_failed")

    async def _turn(self) -> None:
        now = self._now()
        await self._look(now)
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
        for claim in found:
            for row in claim.rows:
                self._start(row)
                # An attempt signs before it first waits, which takes a millisecond: let the
                # server's requests have their turn in between.
                await asyncio.sleep(0)

    async def _look(self, now: float) -> None:
        """Find hosts that have something due: everywhere, or only where it is new."""
        if self._wants_release:
            await self._database.write(claims.release)
            self._wants_release = False
        is_sweep = self._wants_sweep or time.monotonic() >= self._next_sweep
        if not (is_sweep or self._is_woken):
            return
        self._wants_sweep = self._is_woken = False
        try:
            found = await (self._sweep(now) if is_sweep else self._look_lately(now))
        except Exception:
            self._wants_sweep = True
            raise
        if is_sweep:
            self._next_sweep = time.monotonic() + self._limits.sweep
        self._last_look = now
        for item in found:
            self._schedule.put(item.host, item.when)
            self._lanes.note(item.host, is_failing=item.is_failing)

    async def _sweep(self, now: float) -> list[Found]:
        if await self._database.read(partial(claims.has_expired, now=now)):
            await self._database.write(partial(claims.release_expired, now=now))
        return await self._database.read(claims.find_hosts)

    async def _look_lately(self, now: float) -> list[Found]:
        since = self._last_look - MARGIN
        return await self._database.read(partial(claims.find_hosts_due_since, since=since, now=now))

    def _plan(self, now: float) -> _Turn:
        """Take the results, and as many hosts as there are seats for their deliveries."""
        results, self._results = self._results, []
        for result in results:
            host = result.row.host
            if host in self._crowded:
                self._crowded.discard(host)
                self._schedule.put(host, now)
        free = self._lanes.free()
        chosen: tuple[list[str], list[str]] = ([], [])
        while len(chosen[0]) < free[0] and (due := self._schedule.pop(now)) is not None:
            lane = int(self._lanes.is_suspect(due))
            if len(chosen[lane]) < free[lane]:
                chosen[lane].append(due)
            else:
                self._schedule.put(due, now + FULL_PAUSE)
        return _Turn(results, *chosen, free, now)

    def _book(self, conn: Connection, turn: _Turn) -> tuple[Recorded, list[Claim]]:
        """The one transaction of a turn. It may be run twice, so it changes nothing in memory."""
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

    def _learn(self, turn: _Turn, recorded: Recorded, found: list[Claim]) -> None:
        for result in turn.results:
            host = result.row.host
            self._lanes.note(host, is_failing=host in recorded.failing)
        for look_at in (recorded.look_at, *(claim.look_at for claim in found)):
            for host, when in look_at.items():
                self._schedule.put(host, when)
        for claim in found:
            self._crowded |= claim.crowded

    def _start(self, row: Claimed) -> None:
        self._lanes.enter(row.id, row.host)
        task = asyncio.create_task(self._deliver(row))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _deliver(self, row: Claimed) -> None:
        started_at = self._now()
        try:
            outcome = await attempt(
                row, signers=self._signers, poster=self._poster, seconds=self._limits.attempt
            )
        except Exception as error:  # one delivery's surprise must not end the others
            logger.exception("delivery_failed", extra={"delivery": row.id, "inbox": row.inbox})
            outcome = Outcome(Kind.OURS, text=f"internal error: {type(error).__name__}")
        finally:
            self._lanes.leave(row.id)
        self._results.append(Result(row, outcome, started_at, self._now()))
        self._stir.set()

    async def _rest(self) -> None:
        """Until there is something to do, but not less than `gather` after the last transaction."""
        if self._is_all_done():
            self._idle.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds_to_rest()):
                await self._stir.wait()
        early = self._last_turn + self._limits.gather - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)

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
        if seconds <= 0 and self._lanes.free()[0] == 0:
            seconds = FULL_PAUSE  # or until an attempt ends, whichever is first
        return min(to_sweep, max(seconds, 0.0))

    async def _land(self) -> None:
        """Let the attempts end, write down what came of them, give the rest back."""
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=self._limits.grace)
        for task in self._attempts:
            task.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        results, self._results = self._results, []
        turn = _Turn(results, (), (), (0, 0), self._now())

        def land(conn: Connection) -> None:
            self._book(conn, turn)
            claims.release(conn, self._name)

        try:
            await self._database.write(land)
        except Exception:  # we are leaving; the leases will end
            logger.exception("delivery_results_not_saved")
