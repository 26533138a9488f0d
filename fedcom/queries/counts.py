"""Numbers about this instance, as NodeInfo tells them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from activitypub.nodeinfo import Usage
from fedcom.models.account import account
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.queries.visibility import is_shown


def count_usage(conn: Connection, now: datetime) -> Usage:
    """Members, those seen within half a year and a month, and what was written here."""
    seen = account.c.last_seen_at
    active = account.c.state == "active"
    row = conn.execute(
        select(
            select(func.count()).where(active).scalar_subquery(),
            select(func.count()).where(active, seen > now - timedelta(days=180)).scalar_subquery(),
            select(func.count()).where(active, seen > now - timedelta(days=30)).scalar_subquery(),
            select(func.count())
            .select_from(post)
            .where(post.c.local, is_shown(post))
            .scalar_subquery(),
            select(func.count())
            .select_from(comment)
            .where(comment.c.local, is_shown(comment))
            .scalar_subquery(),
        )
    ).one()
    return Usage(
        users=row[0], active_half_year=row[1], active_month=row[2], posts=row[3], comments=row[4]
    )
