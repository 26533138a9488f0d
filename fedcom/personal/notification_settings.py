"""Which notifications a member gets in which ways, and from which communities."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, delete, insert, select, update

from database.inserts import insert_ignoring
from fedcom.accounts.rate_limits import LISTS, count_action
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.account import Account, MailPace, account
from fedcom.models.actor import Community, Person
from fedcom.models.follow import follow
from fedcom.models.notification import (
    KINDS,
    Kind,
    muted_community,
    notification,
    notification_choice,
)
from fedcom.rules.mail_times import next_mail_time
from fedcom.rules.time_zones import to_zone

Level = Literal["", "posts", "muted"]
"""Of a community: replies and mentions, as everywhere; also each new post; nothing."""

LEVELS: tuple[Level, ...] = get_args(Level)
PACES: tuple[MailPace, ...] = get_args(MailPace)


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in which a member gets the notifications of one kind."""

    on_site: bool = True
    by_mail: bool = True
    by_push: bool = True


@dataclass(frozen=True, slots=True)
class MailWish:
    """When a member gets mail; `hour` (0 to 23, in their time zone) is for the daily and the weekly
    one.
    """

    is_wanted: bool
    pace: str
    hour: int


def list_ways(conn: Connection, person_id: int) -> dict[Kind, Ways]:
    """The member's choice for every kind."""
    chosen = notification_choice
    rows = conn.execute(
        select(chosen.c.kind, chosen.c.on_site, chosen.c.by_mail, chosen.c.by_push).where(
            chosen.c.person_id == person_id
        )
    )
    changed = {row.kind: Ways(row.on_site, row.by_mail, row.by_push) for row in rows}
    return {kind: changed.get(kind, Ways()) for kind in KINDS}


def set_ways(conn: Connection, person_id: int, ways: Mapping[Kind, Ways]) -> None:
    """Store the choice for every kind. Some are always in the list, whatever `ways` says."""
    chosen = notification_choice
    conn.execute(delete(chosen).where(chosen.c.person_id == person_id))
    for kind, way in ways.items():
        kept = replace(way, on_site=True) if KINDS[kind].is_always_listed else way
        if kept != Ways():
            row = {"person_id": person_id, "kind": kind, **asdict(kept)}
            conn.execute(insert(chosen).values(row))


def set_mail(conn: Connection, mine: Account, wish: MailWish, now: datetime) -> None:
    """Store when the member gets mail. A new rhythm begins with what comes from now on.

    Raises Invalid: `mail_pace_unknown`, `mail_hour_unknown`.
    """
    pace = next((one for one in PACES if one == wish.pace), None)
    if pace is None:
        raise Invalid("mail_pace_unknown", "Choose one of: %(choices)s.", choices=", ".join(PACES))
    if wish.hour not in range(24):
        raise Invalid("mail_hour_unknown", "Choose an hour from 0 to 23.")
    values: dict[str, object] = {
        "mail_notifications": wish.is_wanted,
        "mail_pace": pace,
        "mail_hour": wish.hour,
        "digest_at": next_mail_time(
            now, wish.hour, to_zone(mine.time_zone), weekly=pace == "weekly"
        ),
    }
    if (wish.is_wanted, pace) != (mine.mail_notifications, mine.mail_pace):
        values["mailed_at"] = now
    conn.execute(update(account).where(account.c.actor_id == mine.actor_id).values(values))


def set_quoting(conn: Connection, person_id: int, *, quotes_messages: bool) -> None:
    """Store whether mail and push messages quote the member's private messages."""
    mine = account.c.actor_id == person_id
    conn.execute(update(account).where(mine).values(quotes_messages=quotes_messages))


def stop_mail(conn: Connection, person_id: int) -> None:
    """Send this member no more mail about notifications; what waits for one is left out."""
    mine = account.c.actor_id == person_id
    conn.execute(update(account).where(mine).values(mail_notifications=False))
    waiting = notification.c.recipient_id == person_id, notification.c.awaits_mail
    conn.execute(update(notification).where(*waiting).values(awaits_mail=False))


def set_level(ctx: Context, by: Person, community: Community, level: str) -> None:
    """Choose which notifications come from a community. "posts" needs a follow of it, since nothing
    else makes other servers send them; without one it is as "".

    Raises Invalid("level_unknown"), TooMany.
    """
    if level not in LEVELS:
        raise Invalid("level_unknown", "Choose one of: %(choices)s.", choices=", ".join(LEVELS))
    count_action(ctx, by, LISTS)
    own_follow = follow.c.follower_id == by.id, follow.c.target_id == community.id
    if level == "posts":
        is_new = follow.c.watched_since.is_(None)
        ctx.conn.execute(update(follow).where(*own_follow, is_new).values(watched_since=ctx.now))
    else:
        ctx.conn.execute(update(follow).where(*own_follow).values(watched_since=None))
    if level == "muted":
        row = {"person_id": by.id, "community_id": community.id, "muted_at": ctx.now}
        insert_ignoring(ctx.conn, muted_community, row)
    else:
        mine = muted_community.c.person_id == by.id
        one = muted_community.c.community_id == community.id
        ctx.conn.execute(delete(muted_community).where(mine, one))
