"""The items of local actors' collections: the newest public posts and comments, pins."""

from sqlalchemy import Connection, func, literal, select, union_all

from fedcom.models.base import to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import POST, get_post
from fedcom.queries.visibility import is_closed, is_shown

# Posts disappear with a closed or deleted community, and so do the comments in it, although their
# rows stay.
_SHOWN = (is_shown(post), ~is_closed(post.c.community_id))
_SHOWN_COMMENT = (
    is_shown(comment),
    ~is_closed(
        select(post.c.community_id)
        .where(post.c.id == comment.c.post_id)
        .correlate(comment)
        .scalar_subquery()
    ),
)


def newest_in(conn: Connection, community_id: int, limit: int, offset: int = 0) -> list[Post]:
    """The newest visible posts of a community after the first `offset`, newest first."""
    rows = conn.execute(
        POST.where(post.c.community_id == community_id, *_SHOWN)
        .order_by(post.c.published_at.desc(), post.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).mappings()
    return [to_row(Post, row) for row in rows]


def featured_in(conn: Connection, community_id: int) -> list[Post]:
    """The pinned posts of a community, the last pinned first."""
    rows = conn.execute(
        POST.where(post.c.community_id == community_id, post.c.featured_at.is_not(None), *_SHOWN)
        .order_by(post.c.featured_at.desc())
        .limit(50)
    ).mappings()
    return [to_row(Post, row) for row in rows]


def newest_by(
    conn: Connection, author_id: int, limit: int, offset: int = 0
) -> list[Post | Comment]:
    """The newest visible posts and comments of a person after the first `offset`, newest first."""
    posts = select(literal(1).label("is_post"), post.c.id, post.c.published_at).where(
        post.c.author_id == author_id, *_SHOWN
    )
    comments = select(literal(0), comment.c.id, comment.c.published_at).where(
        comment.c.author_id == author_id, *_SHOWN_COMMENT
    )
    both = union_all(posts, comments).subquery()
    rows = conn.execute(
        select(both.c.is_post, both.c.id)
        .order_by(both.c.published_at.desc(), both.c.is_post, both.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        get_post(conn, row.id) if row.is_post else get_comment(conn, row.id) for row in rows.all()
    ]


def count_by(conn: Connection, author_id: int) -> int:
    """The number of visible posts and comments of a person."""
    posts = select(func.count()).where(post.c.author_id == author_id, *_SHOWN)
    comments = select(func.count()).where(comment.c.author_id == author_id, *_SHOWN_COMMENT)
    return conn.execute(posts).scalar_one() + conn.execute(comments).scalar_one()


def count_in(conn: Connection, community_id: int) -> int:
    """The number of visible posts of a community."""
    query = select(func.count()).where(post.c.community_id == community_id, *_SHOWN)
    return conn.execute(query).scalar_one()
