"""Group commit: entries that arrive within a few milliseconds share one transaction.

A commit that survives a power failure costs as much for one row as for sixty-four.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection

from database.transactions import Transactions
from inbox.errors import Later
from inbox.journal import JournalEntry, append

log = logging.getLogger(__name__)

LINGER = 0.005
"""Seconds that the first entry waits for others."""

MOST = 64
"""Entries in one transaction."""

RETRY_AFTER = 30.0
"""Seconds after which a peer should retry when our database failed."""


class GroupCommit:
    """Appends entries to the journal, many at a time, and gives each caller its own result."""

    def __init__(self, database: Transactions, *, linger: float = LINGER, most: int = MOST) -> None:
        self._database = database
        self._linger = linger
        self._most = most
        self._waiting: list[tuple[JournalEntry, asyncio.Future[bool]]] = []
        self._full = asyncio.Event()
        self._closing = False
        self._committer: asyncio.Task[None] | None = None

    async def put(self, entry: JournalEntry) -> bool:
        """Store this entry; returns once it is on disk, True if it was new.

        Raises `Later` when the transaction failed. Cancelling the caller changes nothing: its entry
        is committed with the others.
        """
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        if len(self._waiting) >= self._most or self._closing:
            self._full.set()
        if self._committer is None:
            self._committer = asyncio.create_task(self._commit_all())
        return await kept

    async def aclose(self) -> None:
        """Commit the waiting entries at once; so are entries that are put later."""
        self._closing = True
        self._full.set()
        if self._committer is not None:
            await asyncio.wait([self._committer])

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._commit(batch)
        finally:
            self._committer = None

    async def _gather(self) -> None:
        if len(self._waiting) < self._most and not self._closing:
            self._full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._linger):
                    await self._full.wait()

    async def _commit(self, batch: Sequence[tuple[JournalEntry, asyncio.Future[bool]]]) -> None:
        entries = [entry for entry, _ in batch]

        def work(conn: Connection) -> list[bool]:
            return append(conn, entries)

        try:
            answers = await self._database.write(work)
        except Exception as error:
            log.exception("journal_write_failed", extra={"count": len(batch)})
            self._fail(batch, error)
            return
        for (_, kept), new in zip(batch, answers, strict=True):
            if not kept.done():
                kept.set_result(new)

    def _fail(
        self, batch: Sequence[tuple[JournalEntry, asyncio.Future[bool]]], cause: BaseException
    ) -> None:
        for _, kept in batch:
            if not kept.done():
                later = Later(
                    RETRY_AFTER, "Our database could not store the activity.", code="not_kept"
                )
                later.__cause__ = cause
                kept.set_exception(later)
