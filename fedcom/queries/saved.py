"""What a member keeps for themselves, as their own pages list it; saved posts are in `feed`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, literal, select, true

from fedcom.db import BigId
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.personal import actor_block, host_block, saved_comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote
from fedcom.queries import visibility
from fedcom.queries.cursors import Cursor, goes_on
from fedcom.queries.people import NAME_WIDTH, ActorRef, name_columns, to_name
from fedcom.queries.post_lines import author, place
from fedcom.queries.remarks import REMARK_SHOWN, REMARKS

PAGE = 20
"""Comments in one page of those that were saved."""


@dataclass(frozen=True, slots=True)
class SavedComment:
    """A comment somebody saved, with the post it belongs to and the viewer's vote."""

    id: int
    body_html: str
    content_warning: str
    published_at: datetime
    saved_at: datetime
    upvotes: int
    downvotes: int
    post_id: int
    post_title: str
    vote: int
    author: ActorRef
    community: ActorRef

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes


@dataclass(frozen=True, slots=True)
class SavedComments:
    """Some saved comments and where the list goes on, None at its end."""

    lines: tuple[SavedComment, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Blocks:
    """Whom and what a member does not want to see, each in the order of their names."""

    people: tuple[ActorRef, ...]
    communities: tuple[ActorRef, ...]
    hosts: tuple[str, ...]


_COLUMNS = (
    comment.c.id,
    comment.c.body_html,
    comment.c.content_warning,
    comment.c.published_at,
    saved_comment.c.saved_at,
    comment.c.upvotes,
    comment.c.downvotes,
    post.c.id.label("post_id"),
    post.c.title,
    comment_vote.c.score,
)
_SAVED = (
    select(*_COLUMNS, *name_columns(author), *name_columns(place))
    .select_from(REMARKS)
    .join(saved_comment, saved_comment.c.comment_id == comment.c.id)
    .join(author, author.c.id == comment.c.author_id)
    .outerjoin(
        comment_vote,
        and_(
            comment_vote.c.comment_id == comment.c.id,
            comment_vote.c.voter_id == saved_comment.c.person_id,
        ),
    )
    .where(saved_comment.c.person_id == bindparam("viewer"), REMARK_SHOWN)
    .order_by(saved_comment.c.saved_at.desc(), comment.c.id.desc())
    .limit(bindparam("count"))
)


def list_saved_comments(
    conn: Connection, viewer_id: int, *, after: Cursor | None = None, limit: int = PAGE
) -> SavedComments:
    """The comments that the viewer saved and that are shown, the last saved first."""
    statement = _SAVED.where(true() if after is None else _IS_AFTER)
    parameters: dict[str, Any] = {"viewer": viewer_id, "count": limit + 1}
    if after is not None:
        parameters |= after.values_for(saved_comment.c.saved_at)
    rows = conn.execute(statement, parameters).all()
    lines = tuple(_to_saved(row) for row in rows[:limit])
    more = len(rows) > limit
    return SavedComments(lines, Cursor.after(lines[-1].saved_at, lines[-1].id) if more else None)


_IS_AFTER = goes_on(saved_comment.c.saved_at, comment.c.id)


def _to_saved(row: Sequence[Any]) -> SavedComment:
    width = len(_COLUMNS)
    by, where = row[width : width + NAME_WIDTH], row[width + NAME_WIDTH :]
    values = [*row[: width - 1], row[width - 1] or 0, to_name(by), to_name(where)]
    return SavedComment(*values)


def list_own_blocks(conn: Connection, viewer_id: int) -> Blocks:
    """Everything that the viewer has blocked for themselves."""
    rows = conn.execute(
        select(actor.c.kind, *name_columns(actor))
        .join(actor_block, actor_block.c.blocked_id == actor.c.id)
        .where(actor_block.c.person_id == viewer_id)
        .order_by(actor.c.name, actor.c.host)
    ).all()
    hosts = conn.execute(
        select(host_block.c.host)
        .where(host_block.c.person_id == viewer_id)
        .order_by(host_block.c.host)
    ).scalars()
    return Blocks(
        people=tuple(to_name(row[1:]) for row in rows if row[0] != "Group"),
        communities=tuple(to_name(row[1:]) for row in rows if row[0] == "Group"),
        hosts=tuple(hosts),
    )


def is_blocked(conn: Connection, viewer_id: int, actor_id: int) -> bool:
    """Whether the viewer has blocked this person or community by name."""
    blocked = select(visibility.is_blocked(viewer_id, ids=[literal(actor_id, BigId)]))
    return bool(conn.execute(blocked).scalar())
