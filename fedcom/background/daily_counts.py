"""Counts what happened on each day, for the statistics of the admins."""

from functools import partial

from fedcom.clock import Clock
from fedcom.db import Database
from fedcom.site.statistics import count_day, list_uncounted, store_day


class DailyCounts:
    """The counting for one instance: one day at a time is read, so that nobody waits long."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def refresh(self) -> None:
        """Count today again, and the days before that are not final or missing."""
        now = self._clock()
        for day in await self._database.read(partial(list_uncounted, now=now)):
            counted = await self._database.read(partial(count_day, day=day, now=now))
            await self._database.write(partial(store_day, counted=counted))
