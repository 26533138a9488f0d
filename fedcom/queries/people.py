"""What pages show of people: the short name beside everything they wrote, and their own lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, or_, select

from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote

NOBODY = 0
"""The viewer's id of a guest: no actor ever has it, so one statement serves guests and members."""


@dataclass(frozen=True, slots=True)
class Name:
    """As much of an actor as stands beside a post: enough to name it and to link to it."""

    id: int
    name: str
    host: str
    title: str
    local: bool

    @property
    def handle(self) -> str:
        """`name@host`, without a leading sign."""
        return f"{self.name}@{self.host}"

    @property
    def slug(self) -> str:
        """What our addresses call it: `name` when it is local, else `name@host`."""
        return self.name if self.local else self.handle

    @property
    def display_name(self) -> str:
        """What a reader sees first: the chosen title, else the name."""
        return self.title or self.name


NAME_WIDTH = 5


def name_columns(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns of `table` (an alias of `actor`) that `to_name` reads, in its order."""
    return [table.c.id, table.c.name, table.c.host, table.c.title, table.c.local]


def to_name(values: Sequence[Any]) -> Name:
    """The `NAME_WIDTH` values that `name_columns` selected → the name."""
    return Name(*values)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment in the list of its author, with the post it belongs to."""

    id: int
    body_html: str
    published_at: datetime
    updated_at: datetime | None
    upvotes: int
    downvotes: int
    post_id: int
    post_title: str
    vote: int
    community: Name

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes


@dataclass(frozen=True, slots=True)
class RemarkPage:
    """Some comments, newest first, and the id before which the next ones are, if there are any."""

    lines: tuple[Remark, ...]
    next_before: int | None


_community = actor.alias("community_actor")

_LIST_REMARKS = (
    select(
        comment.c.id,
        comment.c.body_html,
        comment.c.published_at,
        comment.c.updated_at,
        comment.c.upvotes,
        comment.c.downvotes,
        post.c.id.label("post_id"),
        post.c.title,
        comment_vote.c.score,
        *name_columns(_community),
    )
    .select_from(comment)
    .join(post, post.c.id == comment.c.post_id)
    .join(_community, _community.c.id == post.c.community_id)
    .outerjoin(
        comment_vote,
        and_(
            comment_vote.c.comment_id == comment.c.id,
            comment_vote.c.voter_id == bindparam("viewer"),
        ),
    )
    .where(
        comment.c.author_id == bindparam("author"),
        comment.c.deleted_at.is_(None),
        comment.c.removed_at.is_(None),
        post.c.deleted_at.is_(None),
        post.c.removed_at.is_(None),
        or_(bindparam("before") == 0, comment.c.id < bindparam("before")),
    )
    .order_by(comment.c.id.desc())
    .limit(bindparam("count"))
)


def list_comments_of(
    conn: Connection,
    author_id: int,
    *,
    viewer_id: int = NOBODY,
    before: int | None = None,
    limit: int = 20,
) -> RemarkPage:
    """The comments of a person that are shown and stand below posts that are shown.

    Newest arrival first, at most `limit`; `before` is the `next_before` of the page before this.
    """
    rows = conn.execute(
        _LIST_REMARKS,
        {"author": author_id, "viewer": viewer_id, "before": before or 0, "count": limit + 1},
    ).all()
    lines = tuple(_to_remark(row) for row in rows[:limit])
    return RemarkPage(lines, lines[-1].id if len(rows) > limit else None)


def _to_remark(row: Sequence[Any]) -> Remark:
    values = [*row[:8], row[8] or 0, to_name(row[9:])]
    return Remark(*values)
