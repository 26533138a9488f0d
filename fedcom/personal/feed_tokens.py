"""The part of the addresses of members' private feeds that they can reset."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.base import first_row


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The owner of private feeds. `salt` is part of what is signed in their addresses."""

    id: int
    name: str
    salt: str
    interface_language: str
    show_nsfw: bool


def find_subscriber(conn: Connection, person_id: int, now: datetime) -> Subscriber | None:
    """The member with this row id, if they may log in."""
    result = conn.execute(
        select(
            account.c.actor_id.label("id"),
            actor.c.name,
            account.c.feed_salt.label("salt"),
            account.c.interface_language,
            account.c.show_nsfw,
        )
        .join(actor, actor.c.id == account.c.actor_id)
        .where(
            account.c.actor_id == person_id,
            account.c.state == "active",
            actor.c.deleted_at.is_(None),
            or_(actor.c.banned_at.is_(None), actor.c.ban_expires_at <= now),
        )
    )
    return first_row(Subscriber, result)


def renew_feed_salt(conn: Connection, person_id: int) -> None:
    """Give a member's feeds new addresses; the old ones stop working."""
    fresh = secrets.token_hex(8)
    conn.execute(update(account).where(account.c.actor_id == person_id).values(feed_salt=fresh))
