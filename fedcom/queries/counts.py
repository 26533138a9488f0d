"""Statistics of this instance for NodeInfo."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from activitypub.nodeinfo import Usage
from fedcom.models.account import account
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.queries.visibility import is_shown


def count_usage(conn: Connection, now: datetime) -> Usage:
    """Members, those seen within half a year and a month, and the number of local posts and
    comments.
    """
    seen = account.c.last_seen_at
    active = account.c.state == "active"
    members = select(func.count()).where(active)
    row = conn.execute(
        select(
            members.scalar_subquery().label("users"),
            members.where(seen > now - timedelta(days=180)).scalar_subquery().label("half_year"),
            members.where(seen > now - timedelta(days=30)).scalar_subquery().label("month"),
            *(
                select(func.count())
                .select_from(table)
                .where(table.c.local, is_shown(table))
                .scalar_subquery()
                .label(f"{table.name}s")
                for table in (post, comment)
            ),
        )
    ).one()
    return Usage(
        users=row.users,
        active_half_year=row.half_year,
        active_month=row.month,
        posts=row.posts,
        comments=row.comments,
    )
