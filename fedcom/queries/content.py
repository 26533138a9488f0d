"""Content: what stands in a community, a post or a comment, whichever of the two it is."""

from sqlalchemy import Connection

from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import get_community
from fedcom.queries.comments import find_comment, get_comment
from fedcom.queries.posts import find_post, get_post

Content = Post | Comment


def find_content(conn: Connection, iri: str) -> Content | None:
    """The post or comment with this id on the wire, deleted or not."""
    return find_post(conn, iri) or find_comment(conn, iri)


def get_again(conn: Connection, content: Content) -> Content:
    """The same post or comment as it is now. Raises NotFound."""
    if isinstance(content, Comment):
        return get_comment(conn, content.id)
    return get_post(conn, content.id)


def post_of(conn: Connection, content: Content) -> Post:
    """The post that this is, or that the comment stands below."""
    return content if isinstance(content, Post) else get_post(conn, content.post_id)


def community_of(conn: Connection, content: Content) -> Community:
    """The community that a post or comment is in."""
    return get_community(conn, post_of(conn, content).community_id)
