"""Web Push: the browsers that show notifications while no page of ours is open, and what waits for
them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

push_subscription = Table(
    "push_subscription",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", BigId, ForeignKey("account.actor_id"), nullable=False),
    # It ends with the session: nobody who has logged out gets messages.
    Column("session_id", BigId, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    # An address at the push service of the browser's maker, which only we are told.
    Column("endpoint", Text, nullable=False, unique=True),
    # The browser's public key (P-256) and secret, base64url: only the browser reads the messages.
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_push_subscription_account_id", "account_id"),
    Index("ix_push_subscription_session_id", "session_id"),
    sqlite_autoincrement=True,
)

push_delivery = Table(
    "push_delivery",
    metadata,
    Column("id", BigId, primary_key=True),
    Column(
        "subscription_id",
        BigId,
        ForeignKey("push_subscription.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column(
        "notification_id", BigId, ForeignKey("notification.id", ondelete="CASCADE"), nullable=False
    ),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index("ix_push_delivery_due_at", "due_at"),
    Index("ix_push_delivery_subscription_id", "subscription_id"),
    Index("ix_push_delivery_notification_id", "notification_id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """One browser, as its push service knows it."""

    id: int
    account_id: int
    session_id: int
    endpoint: str
    p256dh: str
    auth: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PushDelivery:
    """One notification for one browser."""

    id: int
    subscription_id: int
    notification_id: int
    tries: int
    created_at: datetime
    due_at: datetime
