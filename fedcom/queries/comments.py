"""Comments by id and by IRI."""

from sqlalchemy import Connection, select

from fedcom.errors import NotFound
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment, comment

COMMENT = select(*columns_of(Comment, comment))


def find_comment(conn: Connection, iri: str) -> Comment | None:
    """The comment with this id on the wire, deleted or not."""
    row = conn.execute(COMMENT.where(comment.c.iri == iri)).mappings().first()
    return None if row is None else to_row(Comment, row)


def get_comment(conn: Connection, number: int) -> Comment:
    """The comment with this row id, deleted or not. Raises NotFound."""
    row = conn.execute(COMMENT.where(comment.c.id == number)).mappings().first()
    if row is None:
        raise NotFound("couldnt_find_comment", "There is no such comment here.")
    return to_row(Comment, row)
