"""The ids of a thread's posts and comments, as the collections of a conversation list them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post
from fedcom.queries.visibility import is_shown

_BY_TIME = (comment.c.published_at, comment.c.id)


def find_thread_ids(
    conn: Connection, post_id: int, *, offset: int = 0, limit: int | None = None
) -> list[str]:
    """The ids of all visible comments of a post, in the order in which they were written."""
    query = (
        select(comment.c.iri)
        .where(comment.c.post_id == post_id, is_shown(comment))
        .order_by(*_BY_TIME)
        .offset(offset)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def count_thread(conn: Connection, post_id: int) -> int:
    """The number of comments that `find_thread_ids` would list."""
    return _count(conn, comment.c.post_id == post_id)


def find_reply_ids(
    conn: Connection, content: Post | Comment, *, offset: int = 0, limit: int
) -> list[str]:
    """The ids of the visible direct replies to a post or a comment.

    Local ones come first: Mastodon 4.6 reads five at once, and only those on the host that lists
    them.
    """
    query = (
        select(comment.c.iri)
        .where(_answers(content), is_shown(comment))
        .order_by(comment.c.local.desc(), *_BY_TIME)
        .offset(offset)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def count_replies(conn: Connection, content: Post | Comment) -> int:
    """The total number of comments that `find_reply_ids` would list."""
    return _count(conn, _answers(content))


def _answers(content: Post | Comment) -> ColumnElement[bool]:
    # The parent alone would be enough for a comment, but there is an index on both.
    is_below = comment.c.parent_id.is_not_distinct_from(content.comment_id)
    return (comment.c.post_id == content.post_id) & is_below


def _count(conn: Connection, which: ColumnElement[Any]) -> int:
    return conn.execute(select(func.count()).where(which, is_shown(comment))).scalar_one()
