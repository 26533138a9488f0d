"""What happened here on each day, for the plots of the admins.

Days are those of UTC. Only what local people did is counted: what other servers send says little
about this place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    delete,
    func,
    insert,
    select,
    union,
)

from fedcom.accounts.sessions import TOUCH_EVERY
from fedcom.models.account import account
from fedcom.models.actor import BOT_KINDS, actor
from fedcom.models.base import columns_of
from fedcom.models.comment import comment, comment_rank
from fedcom.models.post import post, post_rank
from fedcom.models.site import DailyCount, daily_count, site
from fedcom.models.vote import comment_vote, post_vote
from outbox.health import measure_deliveries

BACK = timedelta(days=90)
"""How far back the first count goes: an older server has its history at once."""


@dataclass(frozen=True, slots=True)
class _Acts:
    """What one kind of act is read from: who did it, and when."""

    source: FromClause
    person: ColumnElement[int]
    at: ColumnElement[datetime]


_POSTS = _Acts(
    post_rank.join(post, post.c.id == post_rank.c.post_id).join(
        account, account.c.actor_id == post.c.author_id
    ),
    post.c.author_id,
    post_rank.c.published_at,
)
_COMMENTS = _Acts(
    comment_rank.join(comment, comment.c.id == comment_rank.c.comment_id).join(
        account, account.c.actor_id == comment.c.author_id
    ),
    comment.c.author_id,
    comment_rank.c.published_at,
)
_POST_VOTES = _Acts(
    account.join(post_vote, post_vote.c.voter_id == account.c.actor_id).join(
        post, post.c.id == post_vote.c.post_id
    ),
    post_vote.c.voter_id,
    post_vote.c.voted_at,
)
_COMMENT_VOTES = _Acts(
    account.join(comment_vote, comment_vote.c.voter_id == account.c.actor_id).join(
        comment, comment.c.id == comment_vote.c.comment_id
    ),
    comment_vote.c.voter_id,
    comment_vote.c.voted_at,
)


def list_uncounted(conn: Connection, now: datetime) -> list[date]:
    """The days to count now, oldest first: today, yesterday (which may have been counted before it
    was over), and those that are missing since the last count.
    """
    today = now.astimezone(UTC).date()
    counted = conn.execute(select(func.max(daily_count.c.day))).scalar()
    if counted is None:
        started = conn.execute(select(site.c.created_at)).scalar()
        first = max(started.date() if started else today, today - BACK)
    else:
        first = max(min(date.fromisoformat(counted), today - timedelta(days=1)), today - BACK)
    return [first + timedelta(days=days) for days in range((today - first).days + 1)]


def count_day(conn: Connection, day: date, now: datetime) -> DailyCount:
    """Count one day; the failing servers only if it is today."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    posts, comments = _during(_POSTS, start, end), _during(_COMMENTS, start, end)
    votes = [
        # Authors' votes on what they write are no activity of their own. Only those who were seen
        # since can have voted: their votes are few, and those of all are many.
        _during(acts, start, end).where(
            acts.person != author, account.c.last_seen_at > start - TOUCH_EVERY
        )
        for acts, author in (
            (_POST_VOTES, post.c.author_id),
            (_COMMENT_VOTES, comment.c.author_id),
        )
    ]
    active = union(posts, comments, *votes).subquery()
    people = (
        select(func.count())
        .select_from(active.join(actor, actor.c.id == active.c.person))
        .where(actor.c.kind.not_in(BOT_KINDS))
    )
    members = select(func.count()).where(account.c.state == "active", account.c.created_at < end)
    row = conn.execute(
        select(
            members.scalar_subquery().label("members"),
            people.scalar_subquery().label("active"),
            _number_of(posts).label("posts"),
            _number_of(comments).label("comments"),
            (_number_of(votes[0]) + _number_of(votes[1])).label("votes"),
        )
    ).one()
    is_today = start <= now < end
    failing = measure_deliveries(conn, now.timestamp()).failing_peers if is_today else None
    return DailyCount(day, *row, failing)


def _during(acts: _Acts, start: datetime, end: datetime) -> Select[Any]:
    return (
        select(acts.person.label("person"))
        .select_from(acts.source)
        .where(acts.at >= start, acts.at < end)
    )


def _number_of(acts: Select[Any]) -> Any:
    return select(func.count()).select_from(acts.subquery()).scalar_subquery()


def store_day(conn: Connection, counted: DailyCount) -> None:
    """Store the row of a day; of the failing servers, the most that were counted on it stays."""
    day = counted.day.isoformat()
    which = daily_count.c.day == day
    before = conn.execute(select(daily_count.c.failing).where(which)).scalar()
    known = [number for number in (before, counted.failing) if number is not None]
    conn.execute(delete(daily_count).where(which))
    conn.execute(
        insert(daily_count).values(
            day=day,
            members=counted.members,
            active=counted.active,
            posts=counted.posts,
            comments=counted.comments,
            votes=counted.votes,
            failing=max(known, default=None),
        )
    )


def list_days(conn: Connection, first: date) -> list[DailyCount]:
    """The days since `first`, oldest first."""
    columns = columns_of(DailyCount, daily_count)
    days = select(*columns).where(daily_count.c.day >= first.isoformat())
    rows = conn.execute(days.order_by(daily_count.c.day)).mappings()
    return [DailyCount(**{**row, "day": date.fromisoformat(row["day"])}) for row in rows]


def to_weeks(days: Sequence[DailyCount]) -> list[DailyCount]:
    """The same by weeks, each under its Monday: sums of what was written and voted, the members at
    the end, and of the active people and failing servers the most on one day.
    """
    weeks: dict[date, list[DailyCount]] = {}
    for one in days:
        weeks.setdefault(one.day - timedelta(days=one.day.weekday()), []).append(one)
    return [
        DailyCount(
            day=monday,
            members=week[-1].members,
            active=max(one.active for one in week),
            posts=sum(one.posts for one in week),
            comments=sum(one.comments for one in week),
            votes=sum(one.votes for one in week),
            failing=max((one.failing for one in week if one.failing is not None), default=None),
        )
        for monday, week in weeks.items()
    ]
