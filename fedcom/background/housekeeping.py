"""Prunes what grows: received and sent activities, sessions, attempts, mail, bans, pictures."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, delete, select, update

from database.pruning import Outdated, outdated_in, prune
from fedcom.accounts import rate_limits as pace
from fedcom.accounts.applications import old_denials
from fedcom.accounts.captcha import expired_captchas
from fedcom.accounts.mail import unsent_mail
from fedcom.accounts.passkeys import expired_challenges
from fedcom.accounts.password_reset import expired_resets
from fedcom.accounts.sessions import expired_sessions
from fedcom.accounts.throttle import LIMITS, old_attempts
from fedcom.accounts.two_factor import abandoned_secrets
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
from fedcom.personal.notifications import old_notifications, unused_outside_mentions
from fedcom.personal.sent_forms import old_sent_forms
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
    for outdated in list_outdated(now):
        await prune(database, outdated)
    await database.write(lambda conn: _end_bans(conn, now))


def list_outdated(now: datetime) -> tuple[Outdated, ...]:
    """All kinds of rows that are outdated at `now`."""
    old_tombstone = tombstone.c.created_at < now - TOMBSTONES_KEPT
    old_omission = omission.c.created_at < now - OMISSIONS_KEPT
    limits = (*LIMITS, *pace.LIMITS)
    return (
        *journal.list_outdated(now.timestamp()),
        *maintenance.list_outdated(now.timestamp()),
        expired_sessions(now),
        old_attempts(limits, now),
        expired_resets(now),
        old_denials(now),
        abandoned_secrets(now),
        expired_captchas(now),
        expired_challenges(now),
        old_notifications(now),
        unused_outside_mentions(),
        old_sent_forms(now),
        unsent_mail(now),
        _deleted_messages(now),
        outdated_in(tombstone, old_tombstone),
        outdated_in(omission, old_omission),
    )


def _end_bans(conn: Connection, now: datetime) -> None:
    # Expired bans have no effect anyway; this only stops showing them.
    conn.execute(delete(community_ban).where(community_ban.c.expires_at <= now))
    conn.execute(
        update(actor)
        .where(actor.c.ban_expires_at <= now)
        .values(banned_at=None, ban_reason="", ban_expires_at=None)
    )


def _deleted_messages(now: datetime) -> Outdated:
    """The texts of deleted messages, once their deletion can no longer be undone."""
    old = message.c.deleted_at < now - DELETED_KEPT
    gone = old & ((message.c.body_source != "") | (message.c.body_html != ""))
    found = select(message.c.id).where(gone)

    def find(conn: Connection, most: int) -> Sequence[int]:
        return conn.execute(found.limit(most)).scalars().all()

    def drop(conn: Connection, ids: Sequence[int]) -> int:
        erased = update(message).where(message.c.id.in_(ids), gone)
        return conn.execute(erased.values(body_source="", body_html="")).rowcount

    return Outdated(find, drop)


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
