"""Sends push messages to members' browsers, in the background (RFC 8030, RFC 8291, RFC 8292).

A notification waits (`awaits_push`) until it is a row for each browser of its recipient, and a row
waits until the push service has taken the message, or never will. After a crash in between it is
sent again, with the same topic and tag, so that the browser shows it once.

An endpoint is whatever somebody's browser said it is, so it is as hostile as any address: all
requests go through the `Fetcher`.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import http_ece
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, delete, exists, insert, literal, select, update

from activitypub.errors import FetchFailed, Unreachable
from activitypub.fetch import Fetcher
from fedcom.accounts.notices import to_words
from fedcom.catalogues import DEFAULT, LANGUAGES, catalogue
from fedcom.clock import Clock
from fedcom.context import Context
from fedcom.db import UtcDateTime
from fedcom.models.account import account, session
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.notification import notification
from fedcom.models.push import (
    PushDelivery,
    PushSubscription,
    push_delivery,
    push_subscription,
)
from fedcom.personal.push import decode, find_vapid_key, public_key_of, read_vapid_key
from fedcom.units import Units
from fedcom.views.notification import list_news

BATCH = 20
"""Messages that are sent at the same time."""

SPREAD = 500
"""Notifications that become rows in one transaction."""

SECONDS = 15.0
"""How long a push service may take."""

FIRST_PAUSE = timedelta(minutes=1)

GIVE_UP = timedelta(days=1)
"""Age at which a message is dropped; also how long the push service keeps it for a browser that is
not connected.
"""

VALID = timedelta(hours=12)
"""Of the token for a push service, which takes at most a day (RFC 8292, section 2)."""

MAX_SENTENCE = 150
MAX_WORDS = 300
"""Characters: a message has at most 3,993 bytes (RFC 8291, section 4)."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Message:
    """One delivery with its browser; `payload` is None if it is not to be told any more."""

    delivery: PushDelivery
    subscription: PushSubscription
    payload: bytes | None


class PushSender:
    """Sends the push messages of one instance."""

    def __init__(self, units: Units, fetcher: Fetcher, origin: str, clock: Clock) -> None:
        self._units = units
        self._fetcher = fetcher
        self._origin = origin
        self._clock = clock

    async def send_due(self) -> None:
        """Send all messages that are due, some at a time."""
        if await self._units.read(_is_spread_due):
            while await self._units.unit(spread) == SPREAD:
                pass
        while messages := await self._units.read(lambda conn: list_due(conn, self._clock())):
            key = await self._units.read(find_vapid_key)
            await asyncio.gather(*(self._send(one, key or "") for one in messages))

    async def _send(self, message: _Message, key: str) -> None:
        delivery = message.delivery
        if message.payload is None:
            await self._units.unit(lambda ctx: _drop(ctx, delivery))
            return
        try:
            answer = await self._post(message, message.payload, key)
        except Unreachable as error:
            await self._later(delivery, None, error.code)
            return
        except FetchFailed as error:
            # No address that may be connected to: it will never be one.
            await self._forget(message.subscription, error.code)
            return
        if answer.status in (404, 410):  # RFC 8030, section 7.3
            await self._forget(message.subscription, str(answer.status))
        elif answer.status == 429 or answer.status >= 500:
            await self._later(delivery, answer.retry_after, str(answer.status))
        else:
            if answer.status >= 300:
                logger.warning("push_refused", delivery=delivery.id, status=answer.status)
            await self._units.unit(lambda ctx: _drop(ctx, delivery))

    async def _post(self, message: _Message, payload: bytes, key: str) -> Any:
        subscription = message.subscription
        headers = {
            "Authorization": _authorization(
                key, subscription.endpoint, self._origin, self._clock()
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(GIVE_UP.total_seconds())),
            "Urgency": "normal",
            # A later try takes the place of an earlier one that arrived after all.
            "Topic": f"n{message.delivery.notification_id}",
        }
        return await self._fetcher.post_unsigned(
            subscription.endpoint, encrypt(payload, subscription), headers, seconds=SECONDS
        )

    async def _later(self, delivery: PushDelivery, wait: float | None, why: str) -> None:
        again = await self._units.unit(lambda ctx: _postpone(ctx, delivery, wait))
        logger.info("push_not_sent", delivery=delivery.id, error=why, retry=again)

    async def _forget(self, gone: PushSubscription, why: str) -> None:
        table = push_subscription
        await self._units.unit(
            lambda ctx: ctx.conn.execute(delete(table).where(table.c.id == gone.id))
        )
        logger.info("push_subscription_ended", subscription=gone.id, error=why)


def encrypt(payload: bytes, subscription: PushSubscription) -> bytes:
    """The payload as only the browser can read it, in one record of aes128gcm (RFC 8291)."""
    body: bytes = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decode(subscription.p256dh),
        auth_secret=decode(subscription.auth),
        version="aes128gcm",
    )
    return body


def _authorization(key: str, endpoint: str, origin: str, now: datetime) -> str:
    """Who sends this, for the push service (RFC 8292, section 3)."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + VALID).timestamp()),
        "sub": origin,
    }
    token = jwt.encode(claims, read_vapid_key(key), algorithm="ES256")
    return f"vapid t={token}, k={public_key_of(key)}"


def _is_spread_due(conn: Connection) -> bool:
    return bool(conn.execute(select(exists().where(notification.c.awaits_push))).scalar())


def spread(ctx: Context) -> int:
    """Write a row for each browser of the recipients of notifications that wait; of how many."""
    waiting = (
        select(notification.c.id)
        .where(notification.c.awaits_push)
        .order_by(notification.c.id)
        .limit(SPREAD)
    )
    taken = update(notification).where(notification.c.awaits_push, notification.c.id.in_(waiting))
    ids = (
        ctx.conn.execute(taken.values(awaits_push=False).returning(notification.c.id))
        .scalars()
        .all()
    )
    browsers = (
        notification.join(
            push_subscription, push_subscription.c.account_id == notification.c.recipient_id
        )
        .join(session, session.c.id == push_subscription.c.session_id)
        .join(account, account.c.actor_id == push_subscription.c.account_id)
        .join(actor, actor.c.id == account.c.actor_id)
    )
    row = {
        "subscription_id": push_subscription.c.id,
        "notification_id": notification.c.id,
        "created_at": literal(ctx.now, UtcDateTime),
        "due_at": literal(ctx.now, UtcDateTime),
    }
    ctx.conn.execute(
        insert(push_delivery).from_select(
            list(row),
            select(*row.values())
            .select_from(browsers)
            .where(
                notification.c.id.in_(ids),
                # A browser is not told of what came before it.
                push_subscription.c.created_at <= notification.c.created_at,
                session.c.expires_at > ctx.now,
                account.c.state == "active",
                actor.c.deleted_at.is_(None),
                actor.c.banned_at.is_(None),
            ),
        )
    )
    return len(ids)


def list_due(conn: Connection, now: datetime) -> list[_Message]:
    """Messages that are due, the longest-waiting first, with what they say now."""
    rows = conn.execute(
        select(
            *columns_of(PushDelivery, push_delivery, prefix="delivery_"),
            *columns_of(PushSubscription, push_subscription, prefix="subscription_"),
            account.c.interface_language,
            account.c.quotes_messages,
        )
        .select_from(
            push_delivery.join(
                push_subscription, push_subscription.c.id == push_delivery.c.subscription_id
            ).join(account, account.c.actor_id == push_subscription.c.account_id)
        )
        .where(push_delivery.c.due_at <= now)
        .order_by(push_delivery.c.due_at, push_delivery.c.id)
        .limit(BATCH)
    ).mappings()
    return [
        _Message(
            delivery := to_row(PushDelivery, row, "delivery_"),
            subscription := to_row(PushSubscription, row, "subscription_"),
            _payload(
                conn,
                subscription.account_id,
                delivery.notification_id,
                language=row["interface_language"],
                quotes_messages=row["quotes_messages"],
            ),
        )
        for row in rows
    ]


def _payload(
    conn: Connection, person_id: int, number: int, *, language: str, quotes_messages: bool
) -> bytes | None:
    """What `push_worker.js` shows; None if it was read meanwhile, or what it is about is gone."""
    for item in list_news(conn, person_id, [number], 1):
        say = catalogue(language).gettext
        notice = to_words(item, say, quotes_messages=quotes_messages)
        shown = {
            "title": _cut(notice.sentence, MAX_SENTENCE),
            "body": _cut(notice.words, MAX_WORDS),
            "url": notice.path,
            "tag": f"notification-{number}",
            "lang": language if language in LANGUAGES else DEFAULT,
        }
        return orjson.dumps(shown)
    return None


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _drop(ctx: Context, delivery: PushDelivery) -> None:
    ctx.conn.execute(delete(push_delivery).where(push_delivery.c.id == delivery.id))


def _postpone(ctx: Context, delivery: PushDelivery, wait: float | None) -> bool:
    """Try it again later, each time after twice the pause, and not before `wait` (seconds); whether
    it will be: what is too old is dropped.
    """
    pause = FIRST_PAUSE * 2 ** min(delivery.tries, 10)
    due_at = ctx.now + max(pause, timedelta(seconds=min(wait or 0, GIVE_UP.total_seconds())))
    if due_at > delivery.created_at + GIVE_UP:
        _drop(ctx, delivery)
        return False
    ctx.conn.execute(
        update(push_delivery)
        .where(push_delivery.c.id == delivery.id)
        .values(tries=delivery.tries + 1, due_at=due_at)
    )
    return True
