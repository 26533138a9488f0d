"""Statistics of this instance for NodeInfo."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from activitypub.nodeinfo import Usage
from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.queries.visibility import is_open, is_shown


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


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """What this instance has of its own: members, posts, comments, open communities, and how many
    members were seen within a day, a week, a month and half a year.
    """

    users: int
    posts: int
    comments: int
    communities: int
    active_day: int
    active_week: int
    active_month: int
    active_half_year: int


def count_site(conn: Connection, now: datetime) -> SiteCounts:
    """The counts for apps, in one statement."""
    active = account.c.state == "active"
    members = select(func.count()).where(active)
    seen = {
        f"active_{span}": members.where(account.c.last_seen_at > now - timedelta(days=days))
        for span, days in (("day", 1), ("week", 7), ("month", 30), ("half_year", 180))
    }
    own = {
        f"{table.name}s": select(func.count()).select_from(table).where(
            table.c.local, is_shown(table)
        )
        for table in (post, comment)
    }
    groups = (
        select(func.count())
        .select_from(actor.join(community, community.c.actor_id == actor.c.id))
        .where(actor.c.local, actor.c.kind == "Group", is_open(actor))
    )
    counted = {"users": members, "communities": groups, **own, **seen}
    columns = (count.scalar_subquery().label(name) for name, count in counted.items())
    return SiteCounts(**conn.execute(select(*columns)).mappings().one())
