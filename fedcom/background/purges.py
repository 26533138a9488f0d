"""Erases what admins have purged, in short transactions, and the files of its pictures.

The queue is a table, so that a restart only interrupts the work. While something is erased it is
not due, and if that fails it is due again a minute later.
"""

import asyncio
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, delete, select, update

from database.pruning import prune
from fedcom.clock import Clock
from fedcom.context import Context
from fedcom.db import Database
from fedcom.media.records import find_media_by_id, forget_media, is_used, media_url
from fedcom.media.remote import RemotePictures
from fedcom.media.store import PictureStore
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, first_row
from fedcom.models.purge import Purge, purge
from fedcom.site.erasure import Erasure, is_preview, leave_next, unboost_next
from fedcom.site.purge import KEYS_KEPT
from fedcom.units import Units

AGAIN_AFTER = timedelta(minutes=1)


class Purges:
    """The erasure of one instance's purges."""

    def __init__(
        self,
        database: Database,
        units: Units,
        store: PictureStore,
        remote_pictures: RemotePictures,
        origin: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._units = units
        self._store = store
        self._remote_pictures = remote_pictures
        self._origin = origin
        self._clock = clock

    async def work(self) -> None:
        """Erase everything that is due, the earliest first."""
        while (
            todo := await self._database.read(partial(_find_due, clock=self._clock))
        ) is not None:
            await self._put_off(todo, AGAIN_AFTER)
            await self._erase(todo)

    async def _put_off(self, todo: Purge, by: timedelta) -> None:
        later = update(purge).where(purge.c.id == todo.id).values(due_at=self._clock() + by)
        await self._database.write(lambda conn: conn.execute(later))

    async def _erase(self, todo: Purge) -> None:
        if todo.kind == "picture":
            await self._erase_picture(todo)
        elif todo.kind == "copy":
            await asyncio.to_thread(self._remote_pictures.forget, todo.url)
            await self._database.write(partial(_finish, todo=todo))
        else:
            await self._erase_rows(todo)

    async def _erase_rows(self, todo: Purge) -> None:
        while todo.kind == "community" and await self._units.unit(partial(leave_next, todo=todo)):
            pass
        while todo.kind == "person" and await self._units.unit(partial(unboost_next, todo=todo)):
            pass
        erasure = Erasure(todo, self._origin, self._clock())
        for step in await self._database.read(lambda conn: tuple(erasure.steps(conn))):
            await prune(self._database, step)
        if todo.kind in {"person", "community"}:
            is_local = await self._database.read(partial(_is_local, actor_id=todo.target_id))
            signs_until = todo.created_at + KEYS_KEPT
            if is_local and self._clock() < signs_until:
                await self._put_off(todo, signs_until - self._clock())
                return
            await self._database.write(erasure.drop_actor)
        await self._database.write(partial(_finish, todo=todo))

    async def _erase_picture(self, todo: Purge) -> None:
        """Delete a picture of our own, unless something else shows it."""
        now = self._clock()
        found = await self._database.read(lambda conn: find_media_by_id(conn, todo.target_id))
        names: list[str] = []
        if found is not None:
            is_needed = await self._database.read(
                lambda conn: is_used(conn, found, self._origin, now) or is_preview(conn, found.id)
            )
            if not is_needed:
                names = await self._database.write(
                    lambda conn: forget_media(Context(conn, now, self._origin), found)
                )
        # Should this be interrupted, housekeeping removes the files that no row names.
        for name in names:
            await asyncio.to_thread(self._store.remove, name)
        if found is not None and names:
            address = media_url(self._origin, found.name)
            await asyncio.to_thread(self._remote_pictures.forget, address)
        await self._database.write(partial(_finish, todo=todo))


def _find_due(conn: Connection, clock: Clock) -> Purge | None:
    due = select(*columns_of(Purge, purge)).where(purge.c.due_at <= clock())
    return first_row(Purge, conn.execute(due.order_by(purge.c.due_at, purge.c.id).limit(1)))


def _is_local(conn: Connection, actor_id: int) -> bool:
    return bool(conn.execute(select(actor.c.local).where(actor.c.id == actor_id)).scalar())


def _finish(conn: Connection, todo: Purge) -> None:
    conn.execute(delete(purge).where(purge.c.id == todo.id))
