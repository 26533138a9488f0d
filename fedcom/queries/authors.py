"""The author of an object, whatever its type."""

from sqlalchemy import Connection, bindparam, select, union_all

from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.post import post

_AUTHOR_OF = union_all(
    *(
        select(actor.c.iri)
        .join(table, table.c.author_id == actor.c.id)
        .where(table.c.iri == bindparam("iri"))
        for table in (post, comment, message)
    )
)


def find_author(conn: Connection, iri: str | None) -> str | None:
    """The id of the author of the post, comment or message with this id; None if it is unknown."""
    return None if iri is None else conn.execute(_AUTHOR_OF, {"iri": iri}).scalar()
