"""Comments in the list of who wrote them, newest or best first, in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from fedcom.db import BigId
from fedcom.models.actor import community as community_table
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote
from fedcom.queries.cursors import Cursor, goes_on
from fedcom.queries.feed import FeedQuery, Sort
from fedcom.queries.people import NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.post_lines import place
from fedcom.queries.visibility import is_comment_shown, is_not_blocked


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment in the list of its author, with the post it belongs to."""

    id: int
    body_html: str
    content_warning: str
    language: str | None
    published_at: datetime
    updated_at: datetime | None
    upvotes: int
    downvotes: int
    post_id: int
    post_title: str
    vote: int
    community: ActorRef

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes


@dataclass(frozen=True, slots=True)
class RemarkPage:
    """Some comments and where the list goes on, None at its end."""

    lines: tuple[Remark, ...]
    next: Cursor | None


_VIEWER = bindparam("viewer", type_=BigId)
_COLUMNS = (
    comment.c.id,
    comment.c.body_html,
    comment.c.content_warning,
    comment.c.language,
    comment.c.published_at,
    comment.c.updated_at,
    comment.c.upvotes,
    comment.c.downvotes,
    post.c.id.label("post_id"),
    post.c.title,
    select(comment_vote.c.score)
    .where(comment_vote.c.comment_id == comment.c.id, comment_vote.c.voter_id == _VIEWER)
    .correlate(comment)
    .scalar_subquery(),
)
_WIDTH = len(_COLUMNS)

REMARKS = (
    comment.join(post, post.c.id == comment.c.post_id)
    .join(place, place.c.id == post.c.community_id)
    .join(community_table, community_table.c.actor_id == post.c.community_id)
)
"""The tables behind a comment in such a list."""

REMARK_SHOWN = is_comment_shown(place)
"""Neither the comment was taken away, nor its post, nor the community."""

# Nobody has so many comments that sorting them by score would be slow; by time there is an index.
_KEYS: Mapping[Sort, ColumnElement[Any]] = {
    "new": comment.c.published_at,
    "top": comment.c.upvotes - comment.c.downvotes,
}


def list_comments_of(conn: Connection, wanted: FeedQuery, *, viewer_id: int = NOBODY) -> RemarkPage:
    """The comments of `wanted.subject_id` that are shown and stand below posts that are shown.

    `wanted.sort` is "new" or "top" (of all time). What stands below sensitive posts is left out
    where they are, and what stands in communities that the viewer blocked.
    """
    statement = _statement(wanted.sort, has_begun=wanted.after is not None, nsfw=wanted.nsfw)
    parameters: dict[str, Any] = {
        "author": wanted.subject_id,
        "viewer": viewer_id,
        "count": wanted.limit + 1,
    }
    if wanted.after is not None:
        parameters |= wanted.after.values_for(_KEYS[wanted.sort])
    rows = conn.execute(statement, parameters).all()
    lines = tuple(_to_remark(row) for row in rows[: wanted.limit])
    if len(rows) <= wanted.limit:
        return RemarkPage(lines, None)
    return RemarkPage(lines, Cursor.after(key_of(lines[-1], wanted.sort), lines[-1].id))


def key_of(line: Any, sort: Sort) -> datetime | int:
    """What a post or comment is sorted by, newest or best first."""
    key: datetime | int = line.published_at if sort == "new" else line.score
    return key


@cache
def _statement(sort: Sort, *, has_begun: bool, nsfw: bool) -> Select[Any]:
    key = _KEYS[sort]
    shown = is_not_blocked(_VIEWER, ids=[post.c.community_id])
    statement = (
        select(*_COLUMNS, *name_columns(place))
        .select_from(REMARKS)
        .where(comment.c.author_id == bindparam("author", type_=BigId), REMARK_SHOWN, shown)
        .order_by(key.desc(), comment.c.id.desc())
        .limit(bindparam("count"))
    )
    if not nsfw:
        statement = statement.where(post.c.nsfw.is_(False), community_table.c.nsfw.is_(False))
    if has_begun:
        statement = statement.where(goes_on(key, comment.c.id))
    return statement


def _to_remark(row: Sequence[Any]) -> Remark:
    values = [*row[: _WIDTH - 1], row[_WIDTH - 1] or 0, to_name(row[_WIDTH:])]
    return Remark(*values)
