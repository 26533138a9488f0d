"""Private messages as peers send them: a ChatMessage, or a Note that is not public."""

from activitypub.document import Document
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.actions.post import Provenance
from fedcom.context import Context
from fedcom.effects.notify import is_blocked
from fedcom.errors import Denied, Invalid
from fedcom.inbound.post import is_overtaken
from fedcom.models.actor import Person
from fedcom.models.message import Message
from fedcom.queries.actors import find_actor
from fedcom.queries.messages import find_message
from fedcom.remote.actors import participant_at
from fedcom.wire.body import Body
from fedcom.wire.comment import read_message
from fedcom.wire.message import recipients_of, with_name
from inbox.ports import ReceivedActivity


def recipients(ctx: Context, received: ReceivedActivity, document: Document) -> tuple[Person, ...]:
    """The local people to whom it is addressed, and nobody if it is public."""
    ours = recipients_of(document, received.activity, ctx.is_ours)
    found = [find_actor(ctx.conn, iri) for iri in ours]
    return tuple(recipient for recipient in found if isinstance(recipient, Person))


def read_message_to(
    ctx: Context, received: ReceivedActivity, people: tuple[Person, ...]
) -> SendMessage | EditMessage | None:
    document = received.object
    if document.id is None or document.owner is None:
        raise Invalid(
            "object_incomplete", "The object needs an id and exactly one author (attributedTo)."
        )
    content = read_message(document)
    body = with_name(content.body, document)
    source = Provenance(content.iri, document.type, content.published, content.updated)
    by = participant_at(ctx, document.owner)
    known = find_message(ctx.conn, content.iri)
    if known is None:
        # Some may have blocked the author, who only learns of it if all of them have.
        willing = [person for person in people if not is_blocked(ctx, person.id, by.id)]
        first, *others = willing or people
        return SendMessage(by=by, to=first, others=tuple(others), body=body, source=source)
    if is_overtaken(received, content, known):
        return None
    if by.id == known.author_id and body == Body(known.body_source, known.body_html):
        return None
    return EditMessage(by=by, message=known, body=body, source=source)


def read_delete(ctx: Context, received: ReceivedActivity, direct: Message) -> DeleteMessage | None:
    """A Delete of a message, which only its author may send."""
    action = DeleteMessage(by=_author(ctx, received), message=direct)
    return None if direct.deleted_at is not None and action.by.id == direct.author_id else action


def read_undelete(
    ctx: Context, received: ReceivedActivity, direct: Message
) -> UndeleteMessage | None:
    """An Undo of that."""
    action = UndeleteMessage(by=_author(ctx, received), message=direct)
    return None if direct.deleted_at is None and action.by.id == direct.author_id else action


def _author(ctx: Context, received: ReceivedActivity) -> Person:
    check_sender(received)
    return participant_at(ctx, received.actor)


def check_sender(received: ReceivedActivity) -> None:
    """Raises Denied for a private message that another actor than its author forwards."""
    if not is_from_author(received):
        raise Denied(
            "not_public", "A private message is accepted only from its author, not relayed."
        )


def is_from_author(received: ReceivedActivity) -> bool:
    return received.evidence == "signature"
