"""Comments by id and by IRI."""

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select

from fedcom.errors import NotFound
from fedcom.models.base import columns_of, first_row
from fedcom.models.comment import Comment, comment

COMMENT = select(*columns_of(Comment, comment))
_BY_IRI = COMMENT.where(comment.c.iri == bindparam("iri"))
_BY_ID = COMMENT.where(comment.c.id == bindparam("id"))


def find_comment(conn: Connection, iri: str) -> Comment | None:
    """The comment with this ActivityPub id, deleted or not."""
    return first_row(Comment, conn.execute(_BY_IRI, {"iri": iri}))


def is_in_branch(top: Comment) -> ColumnElement[bool]:
    """A condition on rows of comments: whether it is `top` or below it."""
    # The paths below "p" are those from "p." up to, not including, "p/": "/" follows "." in ASCII.
    below = and_(comment.c.path > f"{top.path}.", comment.c.path < f"{top.path}/")
    return and_(comment.c.post_id == top.post_id, or_(comment.c.id == top.id, below))


def get_comment(conn: Connection, comment_id: int) -> Comment:
    """The comment with this row id, deleted or not. Raises NotFound."""
    found = first_row(Comment, conn.execute(_BY_ID, {"id": comment_id}))
    if found is None:
        raise NotFound("couldnt_find_comment", "Comment not found.")
    return found
