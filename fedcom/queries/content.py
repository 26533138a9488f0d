"""Content: a post or a comment in a community, whichever of the two it is.

Differences between the two in name only are handled here, so that callers need not check the type.
"""

from typing import Any, TypedDict

from sqlalchemy import Column, ColumnElement, Connection, Table

from fedcom.models.actor import Community
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post
from fedcom.queries.actors import get_community
from fedcom.queries.comments import find_comment, get_comment
from fedcom.queries.posts import find_post, get_post

Content = Post | Comment


class Reference(TypedDict):
    """The two columns by which a row refers to its content."""

    post_id: int | None
    comment_id: int | None


def find_content(conn: Connection, iri: str) -> Content | None:
    """The post or comment with this ActivityPub id, deleted or not."""
    return find_post(conn, iri) or find_comment(conn, iri)


def get_again(conn: Connection, content: Content) -> Content:
    """The current row of the same post or comment. Raises NotFound."""
    if isinstance(content, Comment):
        return get_comment(conn, content.id)
    return get_post(conn, content.id)


def post_of(conn: Connection, content: Content) -> Post:
    """The post itself, or the post that the comment is on."""
    return content if isinstance(content, Post) else get_post(conn, content.post_id)


def community_of(conn: Connection, content: Content) -> Community:
    """The community that a post or comment is in."""
    return get_community(conn, post_of(conn, content).community_id)


def table_of(content: Content) -> Table:
    """The table of its row."""
    return post if isinstance(content, Post) else comment


def reference_to(content: Content) -> Reference:
    """For a revision or a report: one of the two is null."""
    if isinstance(content, Post):
        return Reference(post_id=content.id, comment_id=None)
    return Reference(post_id=None, comment_id=content.id)


def placed(content: Content) -> Reference:
    """For a notification, which also names the post of a comment."""
    return Reference(post_id=content.post_id, comment_id=content.comment_id)


def is_about(table: Table, content: Content) -> ColumnElement[bool]:
    """A condition for the rows of a table with these columns that refer to it."""
    column: Column[Any] = table.c.post_id if isinstance(content, Post) else table.c.comment_id
    return column == content.id
