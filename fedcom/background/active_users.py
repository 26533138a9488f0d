"""Counts the people who are active in each community, from time to time."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select, update

from fedcom.clock import Clock
from fedcom.db import Database
from fedcom.models.actor import community
from fedcom.queries.counts import ActiveUsers, count_active_users

BATCH = 100
"""Communities whose numbers are written in one transaction."""


class ActiveUserCounts:
    """The counting for one instance: one community at a time is read, so that nobody waits long."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def refresh(self) -> None:
        """Count the active people of every community, and write the numbers that have changed."""
        now = self._clock()
        changed: dict[int, ActiveUsers] = {}
        for community_id, before in (await self._database.read(_find_stored)).items():

            def count(conn: Connection, community_id: int = community_id) -> ActiveUsers:
                return count_active_users(conn, community_id, now)

            counted = await self._database.read(count)
            if counted != before:
                changed[community_id] = counted
            if len(changed) == BATCH:
                await self._store(changed)
                changed = {}
        await self._store(changed)

    async def _store(self, changed: Mapping[int, ActiveUsers]) -> None:
        if not changed:
            return
        rows = [
            {"row": key, **{name: getattr(found, span) for span, name in _COLUMNS.items()}}
            for key, found in changed.items()
        ]
        await self._database.write(lambda conn: conn.execute(_STORE, rows))


def _find_stored(conn: Connection) -> dict[int, ActiveUsers]:
    return {
        row["actor_id"]: ActiveUsers(*(row[name] for name in _COLUMNS.values()))
        for row in conn.execute(_STORED).mappings()
    }


_COLUMNS = {span: f"users_active_{span}" for span in ActiveUsers.__slots__}
_STORED = select(community.c.actor_id, *(community.c[name] for name in _COLUMNS.values()))
_STORE = (
    update(community)
    .where(community.c.actor_id == bindparam("row"))
    .values({name: bindparam(name) for name in _COLUMNS.values()})
)
