"""What the collections of local actors hold: the newest public posts and comments, pins."""

from sqlalchemy import Connection, func, select

from fedcom.models.actor import community
from fedcom.models.base import to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post
from fedcom.queries.comments import COMMENT
from fedcom.queries.posts import POST

# Posts go with their community when it is closed.
_CLOSED = select(community.c.actor_id).where(community.c.removed_at.is_not(None))
SHOWN = (
    post.c.deleted_at.is_(None),
    post.c.removed_at.is_(None),
    post.c.community_id.not_in(_CLOSED),
)
_SHOWN_COMMENT = (
    comment.c.deleted_at.is_(None),
    comment.c.removed_at.is_(None),
    comment.c.post_id.not_in(select(post.c.id).where(post.c.community_id.in_(_CLOSED))),
)


def newest_in(conn: Connection, community_id: int, limit: int) -> list[Post]:
    """The newest shown posts of a community, newest first."""
    rows = conn.execute(
        POST.where(post.c.community_id == community_id, *SHOWN)
        .order_by(post.c.published_at.desc(), post.c.id.desc())
        .limit(limit)
    ).mappings()
    return [to_row(Post, row) for row in rows]


def featured_in(conn: Connection, community_id: int) -> list[Post]:
    """The pinned posts of a community, the last pinned first."""
    rows = conn.execute(
        POST.where(post.c.community_id == community_id, post.c.featured_at.is_not(None), *SHOWN)
        .order_by(post.c.featured_at.desc())
        .limit(50)
    ).mappings()
    return [to_row(Post, row) for row in rows]


def newest_by(conn: Connection, author_id: int, limit: int) -> tuple[list[Post], list[Comment]]:
    """The newest shown posts and comments of a person, each newest first."""
    posts = conn.execute(
        POST.where(post.c.author_id == author_id, *SHOWN)
        .order_by(post.c.published_at.desc())
        .limit(limit)
    ).mappings()
    comments = conn.execute(
        COMMENT.where(comment.c.author_id == author_id, *_SHOWN_COMMENT)
        .order_by(comment.c.published_at.desc())
        .limit(limit)
    ).mappings()
    return [to_row(Post, row) for row in posts], [to_row(Comment, row) for row in comments]


def count_by(conn: Connection, author_id: int) -> int:
    """How many shown posts and comments a person has."""
    posts = select(func.count()).where(post.c.author_id == author_id, *SHOWN)
    comments = select(func.count()).where(comment.c.author_id == author_id, *_SHOWN_COMMENT)
    return conn.execute(posts).scalar_one() + conn.execute(comments).scalar_one()


def count_in(conn: Connection, community_id: int) -> int:
    """How many shown posts a community has."""
    query = select(func.count()).where(post.c.community_id == community_id, *SHOWN)
    return conn.execute(query).scalar_one()
