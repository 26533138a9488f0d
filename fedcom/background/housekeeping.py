"""Prunes what grows: received and sent activities, sessions, attempts, mail, bans, pictures."""

import asyncio
from dataclasses import astuple
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, delete, select, update

from database.pruning import Step, delete_some, prune
from fedcom.accounts import rate_limits as pace
from fedcom.accounts.mail import prune_mail
from fedcom.accounts.password_reset import prune_resets
from fedcom.accounts.sessions import prune_sessions
from fedcom.accounts.throttle import LIMITS, prune_attempts
from fedcom.clock import Clock
from fedcom.context import Context
from fedcom.db import Database
from fedcom.media.pictures import Pictures
from fedcom.media.records import (
    BATCH,
    forget_media,
    is_used,
    list_forgotten_previews,
    list_names,
    list_old_uploads,
)
from fedcom.media.remote import RemotePictures
from fedcom.media.store import PictureStore
from fedcom.models.actor import actor
from fedcom.models.message import message
from fedcom.models.moderation import community_ban, tombstone
from fedcom.models.omission import omission
from fedcom.personal.notifications import prune_notifications, prune_outside_mentions
from fedcom.personal.sent_forms import prune_sent_forms
from fedcom.settings import Settings
from inbox import journal
from outbox import maintenance

# Peers retry for a week at most (Lemmy), and a proof is valid for a week; a tombstone has to
# outlast both.
TOMBSTONES_KEPT = timedelta(days=31)
DELETED_KEPT = timedelta(days=30)
OMISSIONS_KEPT = timedelta(days=31)


class Housekeeping:
    """The clean-up of one instance: its rows and its files."""

    def __init__(
        self,
        database: Database,
        pictures: Pictures,
        remote_pictures: RemotePictures,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = pictures.store
        self._remote_pictures = remote_pictures
        self._settings = settings
        self._clock = clock

    async def clean_rows(self) -> None:
        """Prune the tables."""
        await clean_up(self._database, self._clock())

    async def clean_files(self) -> None:
        """Delete the pictures that nobody shows, and old copies of what other servers show."""
        now = self._clock()
        await clean_pictures(self._database, self._store, self._settings, now)
        most = self._settings.remote_pictures_megabytes * 1_000_000
        await asyncio.to_thread(self._remote_pictures.prune, now, most)


async def clean_up(database: Database, now: datetime) -> None:
    """Delete everything that is outdated, in short transactions so that nobody waits long."""
    for step in _steps(now):
        await prune(database, step)
    await database.write(lambda conn: _end_bans(conn, now))


def _steps(now: datetime) -> tuple[Step, ...]:
    old_tombstone = tombstone.c.created_at < now - TOMBSTONES_KEPT
    old_omission = omission.c.created_at < now - OMISSIONS_KEPT
    limits = (*LIMITS, *pace.LIMITS)
    return (
        lambda conn, most: sum(astuple(journal.prune(conn, now.timestamp(), most))),
        lambda conn, most: maintenance.prune(conn, now.timestamp(), most),
        lambda conn, most: prune_sessions(conn, now, most),
        lambda conn, most: prune_attempts(conn, limits, now, most),
        lambda conn, most: prune_resets(conn, now, most),
        lambda conn, most: prune_notifications(conn, now, most),
        prune_outside_mentions,
        lambda conn, most: prune_sent_forms(conn, now, most),
        lambda conn, most: prune_mail(conn, now, most),
        lambda conn, most: _erase_messages(conn, now, most),
        lambda conn, most: delete_some(conn, tombstone, old_tombstone, most),
        lambda conn, most: delete_some(conn, omission, old_omission, most),
    )


def _end_bans(conn: Connection, now: datetime) -> None:
    # Expired bans have no effect anyway; this only stops showing them.
    conn.execute(delete(community_ban).where(community_ban.c.expires_at <= now))
    conn.execute(
        update(actor)
        .where(actor.c.ban_expires_at <= now)
        .values(banned_at=None, ban_reason="", ban_expires_at=None)
    )


def _erase_messages(conn: Connection, now: datetime, most: int) -> int:
    """Erase the text of deleted messages once their deletion can no longer be undone; of how
    many.
    """
    old = message.c.deleted_at < now - DELETED_KEPT
    gone = old & ((message.c.body_source != "") | (message.c.body_html != ""))
    some = message.c.id.in_(select(message.c.id).where(gone).limit(most))
    erased = update(message).where(some).values(body_source="", body_html="")
    return conn.execute(erased).rowcount


# A younger file may still get its row.
UNREFERENCED_KEPT = timedelta(days=1)


async def clean_pictures(
    database: Database, store: PictureStore, settings: Settings, now: datetime
) -> None:
    """Delete the rows of uploads that nothing shows, then every file that no row names."""
    after = 0
    while True:
        last = await database.write(
            partial(_forget_unused, origin=settings.origin, now=now, after=after)
        )
        if last is None:
            break
        after = last
    while await database.write(partial(_forget_previews, now=now, origin=settings.origin)):
        pass
    names = await database.read(list_names)
    await asyncio.to_thread(_remove_unreferenced, store, names, now)


def _forget_unused(conn: Connection, origin: str, now: datetime, after: int) -> int | None:
    """One batch; the id after which the next one begins, None after the last."""
    ctx = Context(conn, now, origin)
    batch = list_old_uploads(conn, origin, now, after)
    for found in batch:
        if not is_used(conn, found, origin, now):
            forget_media(ctx, found)
    return batch[-1].id if len(batch) == BATCH else None


def _forget_previews(conn: Connection, origin: str, now: datetime) -> bool:
    """One batch; whether there may be more."""
    batch = list_forgotten_previews(conn, now)
    for found in batch:
        forget_media(Context(conn, now, origin), found)
    return len(batch) == BATCH


def _remove_unreferenced(store: PictureStore, names: set[str], now: datetime) -> None:
    for name, kept_at, _ in store.files():
        if name not in names and kept_at < now - UNREFERENCED_KEPT:
            store.remove(name)
