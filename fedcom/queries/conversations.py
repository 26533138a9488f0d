"""A thread's posts and comments, mostly by id, as the collections of a conversation list them."""

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from fedcom.models.base import to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.located import DirectReplies
from fedcom.models.post import Post
from fedcom.queries.comments import COMMENT
from fedcom.queries.visibility import is_shown

_BY_TIME = (comment.c.published_at, comment.c.id)
_LOCAL_FIRST = (comment.c.local.desc(), *_BY_TIME)


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


def find_thread(conn: Connection, post_id: int, *, limit: int) -> list[Comment]:
    """The first comments that `find_thread_ids` would list."""
    query = COMMENT.where(comment.c.post_id == post_id, is_shown(comment)).order_by(*_BY_TIME)
    return [to_row(Comment, row) for row in conn.execute(query.limit(limit)).mappings()]


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
        .order_by(*_LOCAL_FIRST)
        .offset(offset)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def find_replies_to(
    conn: Connection, comment_ids: Collection[int], *, limit: int
) -> Mapping[int, DirectReplies]:
    """The replies to each of these comments that has any: the first `limit`, as `find_reply_ids`
    lists them, and `count_replies`. In one statement.
    """
    parent = comment.c.parent_id
    ranked = (
        select(
            parent,
            comment.c.iri,
            func.row_number().over(partition_by=parent, order_by=_LOCAL_FIRST).label("number"),
            func.count().over(partition_by=parent).label("total"),
        )
        .where(parent.in_(comment_ids), is_shown(comment))
        .subquery()
    )
    rows = conn.execute(
        select(ranked).where(ranked.c.number <= limit).order_by(ranked.c.parent_id, ranked.c.number)
    ).all()
    found = {}
    for parent_id, group in groupby(rows, lambda row: row.parent_id):
        listed = list(group)
        found[parent_id] = DirectReplies([row.iri for row in listed], listed[0].total)
    return found


def count_replies(conn: Connection, content: Post | Comment) -> int:
    """The total number of comments that `find_reply_ids` would list."""
    return _count(conn, _answers(content))


def _answers(content: Post | Comment) -> ColumnElement[bool]:
    # The parent alone would be enough for a comment, but there is an index on both.
    is_below = comment.c.parent_id.is_not_distinct_from(content.comment_id)
    return (comment.c.post_id == content.post_id) & is_below


def _count(conn: Connection, which: ColumnElement[Any]) -> int:
    return conn.execute(select(func.count()).where(which, is_shown(comment))).scalar_one()
