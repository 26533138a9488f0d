"""Private messages by id. The reader is part of the statements for a member's own messages, so
that no page can show a message to anybody but its two correspondents.
"""

from sqlalchemy import Connection, bindparam, or_, select

from fedcom.errors import NotFound
from fedcom.models.base import columns_of, first_row
from fedcom.models.message import Message, message
from fedcom.queries.visibility import is_not_deleted

_MESSAGE = select(*columns_of(Message, message))
_BY_IRI = _MESSAGE.where(message.c.iri == bindparam("iri"))
_BY_ID = _MESSAGE.where(message.c.id == bindparam("id"))
_MINE = _BY_ID.where(
    or_(message.c.author_id == bindparam("viewer"), message.c.recipient_id == bindparam("viewer"))
)


def find_message(conn: Connection, iri: str) -> Message | None:
    """The message with this ActivityPub id, deleted or not."""
    return first_row(Message, conn.execute(_BY_IRI, {"iri": iri}))


def find_message_before(conn: Connection, private_message: Message) -> Message | None:
    """The last message between the same two people before this one that is not deleted."""
    pair = (private_message.author_id, private_message.recipient_id)
    between = message.c.author_id.in_(pair) & message.c.recipient_id.in_(pair)
    statement = _MESSAGE.where(between, message.c.id < private_message.id, is_not_deleted(message))
    return first_row(Message, conn.execute(statement.order_by(message.c.id.desc()).limit(1)))


def get_message(conn: Connection, message_id: int) -> Message:
    """The message with this row id, for any reader. Raises NotFound."""
    found = first_row(Message, conn.execute(_BY_ID, {"id": message_id}))
    if found is None:
        raise NotFound("couldnt_find_private_message", "Message not found.")
    return found


def get_own_message(conn: Connection, message_id: int, viewer_id: int) -> Message:
    """The message with this row id, for its author or recipient. Raises NotFound for others."""
    found = first_row(Message, conn.execute(_MINE, {"id": message_id, "viewer": viewer_id}))
    if found is None:
        raise NotFound("couldnt_find_private_message", "Message not found.")
    return found
