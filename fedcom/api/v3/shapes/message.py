"""Private messages."""

from collections.abc import Mapping
from datetime import datetime

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText
from fedcom.api.v3.shapes.person import Person, person
from fedcom.api.v3.shapes.text import markdown
from fedcom.views.full import FullPerson
from fedcom.views.message import MessageSource


class PrivateMessage(Shape):
    """A message from one person to another."""

    id: int
    creator_id: int
    recipient_id: int
    content: MarkdownText
    deleted: bool
    read: bool
    published: datetime
    updated: datetime | None = None
    ap_id: str
    local: bool


class PrivateMessageView(Shape):
    """A message with the two people."""

    private_message: PrivateMessage
    creator: Person
    recipient: Person


def private_message(of: MessageSource) -> PrivateMessage:
    """A message."""
    return PrivateMessage(
        id=of.id,
        creator_id=of.author_id,
        recipient_id=of.recipient_id,
        content=markdown(of.body_source, of.body_html),
        deleted=of.deleted_at is not None,
        read=of.is_read,
        published=of.published_at,
        updated=of.updated_at,
        ap_id=of.iri,
        local=of.local,
    )


def private_message_view(
    of: MessageSource, people: Mapping[int, FullPerson], now: datetime
) -> PrivateMessageView:
    """A message with its people."""
    return PrivateMessageView(
        private_message=private_message(of),
        creator=person(people[of.author_id], now),
        recipient=person(people[of.recipient_id], now),
    )
