"""What a purge would erase, for the page that asks for confirmation."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, FromClause, select

from database.counting import count_up_to
from fedcom.models.actor import Community, Person
from fedcom.models.comment import comment
from fedcom.models.post import Post, post
from fedcom.queries.comments import is_in_branch
from fedcom.queries.content import Content


@dataclass(frozen=True, slots=True)
class PurgePreview:
    """Numbers of posts and comments, each up to `COUNTED`: of a post without the post, of a comment
    with it. For a person those that they wrote, not those of others below them.
    """

    posts: int
    comments: int


def get_purge_preview(conn: Connection, target: Content | Person | Community) -> PurgePreview:
    """The extent of a purge of this."""
    posts: ColumnElement[bool] | None = None
    on: FromClause = comment
    if isinstance(target, Post):
        comments = comment.c.post_id == target.id
    elif isinstance(target, Person):
        posts, comments = post.c.author_id == target.id, comment.c.author_id == target.id
    elif isinstance(target, Community):
        posts = comments = post.c.community_id == target.id
        on = comment.join(post, post.c.id == comment.c.post_id)
    else:
        comments = is_in_branch(target)
    counted = count_up_to(select(comment.c.id).select_from(on).where(comments))
    found = conn.execute(select(counted)).scalar_one()
    if posts is None:
        return PurgePreview(0, found)
    written = conn.execute(select(count_up_to(select(post.c.id).where(posts)))).scalar_one()
    return PurgePreview(written, found)
