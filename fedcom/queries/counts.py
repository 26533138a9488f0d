"""Statistics: of this instance for NodeInfo, and of the people who are active in a community."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
    union_all,
)

from activitypub.nodeinfo import Usage
from fedcom.db import BigId, UtcDateTime
from fedcom.models.account import account
from fedcom.models.actor import BOT_KINDS, actor, community
from fedcom.models.base import to_row
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.visibility import is_open, is_shown

HALF_YEAR, MONTH = timedelta(days=180), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ActiveUsers:
    """The number of people who posted, commented or voted in the last day, week, month and
    half-year.
    """

    day: int
    week: int
    month: int
    half_year: int


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
            members.where(seen > now - HALF_YEAR).scalar_subquery().label("half_year"),
            members.where(seen > now - MONTH).scalar_subquery().label("month"),
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
        f"{table.name}s": select(func.count())
        .select_from(table)
        .where(table.c.local, is_shown(table))
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


_AGO = {"day": timedelta(days=1), "week": timedelta(days=7), "month": MONTH, "half_year": HALF_YEAR}
_SINCE = {span: bindparam(span, type_=UtcDateTime) for span in _AGO}


def _count_active() -> Select[*tuple[Any, ...]]:
    since = _SINCE["half_year"]
    posts = (
        select(post.c.id, post.c.author_id, post.c.published_at)
        .where(
            post.c.community_id == bindparam("community", type_=BigId),
            or_(post.c.published_at > since, post.c.last_comment_at > since),
        )
        .cte("posts")
        .prefix_with("MATERIALIZED")
    )
    comments = posts.join(comment, comment.c.post_id == posts.c.id)
    # Authors' votes on what they write are no activity of its own: a backfill makes them anew.
    acts = union_all(
        _acts(posts, posts.c.author_id, posts.c.published_at),
        _acts(comments, comment.c.author_id, comment.c.published_at),
        _acts(
            posts.join(post_vote, post_vote.c.post_id == posts.c.id),
            post_vote.c.voter_id,
            post_vote.c.voted_at,
        ).where(post_vote.c.voter_id != posts.c.author_id),
        _acts(
            comments.join(comment_vote, comment_vote.c.comment_id == comment.c.id),
            comment_vote.c.voter_id,
            comment_vote.c.voted_at,
        ).where(comment_vote.c.voter_id != comment.c.author_id),
    ).subquery()
    people = select(acts.c.id, func.max(acts.c.at).label("at")).group_by(acts.c.id).subquery()
    return (
        select(
            *(
                func.count(case((people.c.at > moment, 1))).label(span)
                for span, moment in _SINCE.items()
            )
        )
        .select_from(people.join(actor, actor.c.id == people.c.id))
        .where(actor.c.kind.not_in(BOT_KINDS))
    )


def _acts(
    source: FromClause, person: ColumnElement[int], at: ColumnElement[datetime]
) -> Select[int, datetime]:
    return (
        select(person.label("id"), at.label("at"))
        .select_from(source)
        .where(at > _SINCE["half_year"])
    )


_ACTIVE = _count_active()


def count_active_users(conn: Connection, community_id: int, now: datetime) -> ActiveUsers:
    """The active people of a community, as Lemmy 0.19 counts them: bots are left out.

    Votes on posts older than half a year count only if there are newer comments on the post.
    """
    since = {span: now - ago for span, ago in _AGO.items()}
    row = conn.execute(_ACTIVE, {"community": community_id, **since}).mappings().one()
    return to_row(ActiveUsers, row)
