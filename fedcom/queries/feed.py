"""Lists of posts, in pages that continue where the last one ended, and one post for its page.

A list of twenty is one statement: posts, authors, communities and the viewer's votes together.
Lists are ranked from `post_rank` alone; the cursor is (rank, id), so a page costs the same however
far back it lies, and nothing is shown twice because something new arrived above.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from fedcom.db import BigId
from fedcom.errors import Invalid
from fedcom.models.actor import actor, community as community_table
from fedcom.models.follow import follow
from fedcom.models.post import post, post_rank
from fedcom.models.vote import post_vote
from fedcom.queries.people import NAME_WIDTH, NOBODY, Name, name_columns, to_name

Scope = Literal["subscribed", "local", "all", "community", "author"]
Sort = Literal["hot", "new"]

PAGE = 20
"""Posts in one page of a list."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FAR = 2**53
"""Ids stay below this, and so do the numbers a cursor may hold."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: after the post with this rank and this id.

    `key` is the hot key, or for lists by time the microseconds since 1970.
    """

    key: float
    post_id: int

    def __str__(self) -> str:
        return f"{self.key!r}_{self.post_id}"

    @classmethod
    def read(cls, text: str, sort: Sort) -> "Cursor":
        """The cursor that `str()` wrote; raises Invalid("cursor") for anything else."""
        key_text, _, id_text = text.partition("_")
        try:
            key = float(key_text) if sort == "hot" else int(key_text)
            post_id = int(id_text)
        except ValueError:
            raise Invalid("cursor", "This address does not say where the list goes on.") from None
        if not math.isfinite(key) or abs(key) >= _FAR or not 0 < post_id < _FAR:
            raise Invalid("cursor", "This address does not say where the list goes on.")
        return cls(key, post_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which posts, in which order, from where on.

    `subject_id` is the community's or the author's id where the scope names one.
    """

    scope: Scope = "all"
    sort: Sort = "hot"
    subject_id: int = NOBODY
    after: Cursor | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post as lists show it, with the names around it and the viewer's vote (-1, 0, 1)."""

    id: int
    title: str
    url: str | None
    nsfw: bool
    published_at: datetime
    updated_at: datetime | None
    locked_at: datetime | None
    featured_at: datetime | None
    upvotes: int
    downvotes: int
    comments: int
    vote: int
    author: Name
    community: Name

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes


@dataclass(frozen=True, slots=True)
class PostPage:
    """Some posts and where the list goes on, None at its end."""

    lines: tuple[PostLine, ...]
    next: Cursor | None


_author = actor.alias("author")
_community = actor.alias("community_actor")

_LINE = (
    post.c.id,
    post.c.title,
    post.c.url,
    post.c.nsfw,
    post.c.published_at,
    post.c.updated_at,
    post.c.locked_at,
    post.c.featured_at,
    post.c.upvotes,
    post.c.downvotes,
    post.c.comments,
)
_VOTE = len(_LINE)
_AUTHOR = _VOTE + 1
_COMMUNITY = _AUTHOR + NAME_WIDTH
_KEY = _COMMUNITY + NAME_WIDTH

_viewer_vote = and_(post_vote.c.post_id == post.c.id, post_vote.c.voter_id == bindparam("viewer"))
_viewer_follows = (
    select(follow.c.target_id).where(follow.c.follower_id == bindparam("viewer")).scalar_subquery()
)


def _scope(scope: Scope) -> list[ColumnElement[bool]]:
    conditions: dict[Scope, list[ColumnElement[bool]]] = {
        "all": [],
        "local": [_community.c.local.is_(True)],
        "subscribed": [post_rank.c.community_id.in_(_viewer_follows)],
        "community": [post_rank.c.community_id == bindparam("subject", type_=BigId)],
        "author": [post.c.author_id == bindparam("subject", type_=BigId)],
    }
    return conditions[scope]


@cache
def _list(scope: Scope, sort: Sort, *, goes_on: bool) -> Select[Any]:
    key = post_rank.c.hot if sort == "hot" else post_rank.c.published_at
    statement = (
        select(*_LINE, post_vote.c.score, *name_columns(_author), *name_columns(_community), key)
        .select_from(post_rank)
        .join(post, post.c.id == post_rank.c.post_id)
        .join(_author, _author.c.id == post.c.author_id)
        .join(_community, _community.c.id == post.c.community_id)
        .join(community_table, community_table.c.actor_id == post.c.community_id)
        .outerjoin(post_vote, _viewer_vote)
        .where(
            post.c.deleted_at.is_(None),
            post.c.removed_at.is_(None),
            community_table.c.removed_at.is_(None),
            _community.c.deleted_at.is_(None),
            *_scope(scope),
        )
        .order_by(key.desc(), post_rank.c.post_id.desc())
        .limit(bindparam("count"))
    )
    if goes_on:
        # The first condition alone would do; it is there so that an index can bound the range.
        at = bindparam("key", type_=key.type)
        statement = statement.where(
            key <= at, or_(key < at, post_rank.c.post_id < bindparam("after_id"))
        )
    return statement


def list_posts(conn: Connection, wanted: Wanted, *, viewer_id: int = NOBODY) -> PostPage:
    """One page of posts that are shown, in one statement.

    Deleted and removed posts, and those in removed communities, are never in it. `subscribed` is
    empty for guests.
    """
    parameters: dict[str, Any] = {"viewer": viewer_id, "count": wanted.limit + 1}
    if wanted.scope in {"community", "author"}:
        parameters["subject"] = wanted.subject_id
    if wanted.after is not None:
        parameters["key"] = _to_key(wanted.after.key, wanted.sort)
        parameters["after_id"] = wanted.after.post_id
    statement = _list(wanted.scope, wanted.sort, goes_on=wanted.after is not None)
    rows = conn.execute(statement, parameters).all()
    lines = tuple(_to_line(row) for row in rows[: wanted.limit])
    if len(rows) <= wanted.limit:
        return PostPage(lines, None)
    last = rows[wanted.limit - 1]
    return PostPage(lines, Cursor(_from_key(last[_KEY]), last[0]))


def _to_line(row: Sequence[Any]) -> PostLine:
    names = to_name(row[_AUTHOR:_COMMUNITY]), to_name(row[_COMMUNITY:_KEY])
    values = [*row[:_VOTE], row[_VOTE] or 0, *names]
    return PostLine(*values)


def _to_key(key: float, sort: Sort) -> float | datetime:
    if sort == "hot":
        return key
    try:
        return _EPOCH + timedelta(microseconds=key)
    except OverflowError:
        raise Invalid("cursor", "This address does not say where the list goes on.") from None


def _from_key(key: float | datetime) -> float:
    return (key - _EPOCH) // _MICROSECOND if isinstance(key, datetime) else float(key)
