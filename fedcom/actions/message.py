"""SendMessage, EditMessage, DeleteMessage, UndeleteMessage: words between two people.

On the wire a message is a ChatMessage or any other object, mostly a Note, and what makes that
private is its audience alone. So the readers of Note and its kin are here, above those of posts and
comments: they look at the audience first, and what is not for everybody never becomes a comment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, func, insert, select, update

from activitypub.document import Document
from activitypub.iri import PUBLIC
from activitypub.vocab.activities import (
    create,
    delete as delete_activity,
    undo,
    update as update_activity,
)
from fedcom.actions.base import Action, Activity, Audience, Readers
from fedcom.actions.comment import read_content
from fedcom.actions.move import find_move
from fedcom.actions.outside_mention import or_mention
from fedcom.actions.post import Provenance, is_overtaken
from fedcom.actions.sent import last_iri
from fedcom.context import Context
from fedcom.effects.mentions import with_links
from fedcom.effects.notify import News, is_blocked, notify
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Conflict, Denied, Invalid, NotFound, TooMany
from fedcom.models.actor import Person
from fedcom.models.message import Message, message
from fedcom.queries.actors import find_actor, get_person
from fedcom.queries.messages import find_message, find_message_before, get_message
from fedcom.remote.actors import participant_at, refuse_blocked
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import takes_chat
from fedcom.rules.limits import check_message, check_seen
from fedcom.rules.permissions import may_act, may_edit
from fedcom.wire.addressing import message_iri
from fedcom.wire.body import Body
from fedcom.wire.comment import read_message
from fedcom.wire.message import CHAT, copies_of, recipients_of, to_message, with_name
from fedcom.wire.post import TYPES
from inbox.ports import ReceivedActivity

TO_STRANGERS = 20
"""Messages an hour that a member may send to people who never wrote to them."""


class _Private(Action[Message]):
    """Whatever is done with a message, nobody is told but whom it is for."""

    def audience(self, ctx: Context, result: Message) -> Audience:
        """The other person."""
        recipient = get_person(ctx.conn, result.recipient_id)
        return Audience(subject=result.iri, people=(recipient,), private=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(_Private):
    """Words for one person, and for nobody else."""

    by: Person
    to: Person
    body: Body
    # Other members whom a peer's message is addressed to as well.
    others: tuple[Person, ...] = ()
    # Null for a message that is written here.
    source: Provenance | None = None

    def check(self, ctx: Context) -> None:
        """To somebody who can be reached and takes it."""
        may_act(self.by, ctx.now)
        if self.to.id == self.by.id:
            raise Invalid("message_to_self", "You can't send a message to yourself.")
        _check_reach(ctx, self.by, self.to)
        if self.source is not None:
            refuse_deleted(ctx, self.source.iri, self.by.iri)
            return
        check_message(self.body.source)
        check_seen(self.body.html, "message_empty")
        _check_pace(ctx, self.by, self.to)

    def apply(self, ctx: Context) -> Message:
        """One row for each member who gets it, who is told; what is given is the first of them."""
        body = self.body if self.source else with_links(ctx, self.body, here=False)
        source = self.source or Provenance(f"new:{uuid4().hex}", CHAT, None, None)
        numbers = []
        for iri, recipient in zip(copies_of(source.iri), (self.to, *self.others), strict=False):
            values = {
                "iri": iri,
                "local": self.source is None,
                "author_id": self.by.id,
                "recipient_id": recipient.id,
                "body_source": body.source,
                "body_html": body.html,
                "published_at": min(source.published or ctx.now, ctx.now),
                "updated_at": source.updated,
            }
            inserted = ctx.conn.execute(insert(message).values(values).returning(message.c.id))
            message_id = inserted.scalar_one()
            notify(ctx, recipient.id, News(kind="message", by_id=self.by.id, message_id=message_id))
            numbers.append(message_id)
        if self.source is None:
            iri = message_iri(ctx.origin, numbers[0])
            ctx.conn.execute(update(message).where(message.c.id == numbers[0]).values(iri=iri))
        return get_message(ctx.conn, numbers[0])

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Create{ChatMessage} or Create{Note}."""
        return create(ctx.new_iri("create"), self.by.iri, _words_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMessage(_Private):
    """Other words for a message, by its author."""

    by: Person
    message: Message
    body: Body
    source: Provenance | None = None

    def check(self, ctx: Context) -> None:
        """The author's own, while the other one still takes messages (Lemmy 0.19.19 learned it)."""
        may_edit(self.by, self.message, ctx.now)
        if self.message.deleted_at is not None:
            raise Denied("deleted", "A deleted message cannot be edited; restore it first.")
        _check_reach(ctx, self.by, get_person(ctx.conn, self.message.recipient_id))
        if self.source is None:
            check_message(self.body.source)
            check_seen(self.body.html, "message_empty")

    def apply(self, ctx: Context) -> Message:
        """Replace the words; nobody is told anew."""
        body = self.body if self.source else with_links(ctx, self.body, here=False)
        return _change(
            ctx,
            self.message,
            {
                "body_source": body.source,
                "body_html": body.html,
                "updated_at": (self.source.updated if self.source else None) or ctx.now,
            },
        )

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Update of what was created."""
        return update_activity(ctx.new_iri("update"), self.by.iri, _words_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMessage(_Private):
    """The author takes it back, from the other one too."""

    by: Person
    message: Message

    def check(self, ctx: Context) -> None:
        """The author's own, and still there. The banned may still take their words back."""
        if self.message.author_id != self.by.id:
            may_edit(self.by, self.message, ctx.now)
        if self.message.deleted_at is not None:
            raise Conflict("already_deleted", "It is already deleted.")

    def apply(self, ctx: Context) -> Message:
        """Hide it at once. The words are erased later: nobody could be asked for them again when
        the deletion is undone (`fedcom.background.housekeeping`).
        """
        return _change(ctx, self.message, {"deleted_at": ctx.now})

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Delete of the bare id, to the other person."""
        return _deletion(ctx, ctx.new_iri("delete"), self.by, result)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeleteMessage(_Private):
    """The author gives it again."""

    by: Person
    message: Message

    def check(self, ctx: Context) -> None:
        """The author's own, deleted, and not so long ago that the words are gone."""
        may_edit(self.by, self.message, ctx.now)
        if self.message.deleted_at is None:
            raise Conflict("not_deleted", "It is not deleted.")
        if not (self.message.body_source or self.message.body_html):
            raise Denied("erased", "It was deleted too long ago to be restored.")

    def apply(self, ctx: Context) -> Message:
        """Show it again."""
        return _change(ctx, self.message, {"deleted_at": None})

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Undo{Delete}."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        return undo(ctx.new_iri("undo"), _deletion(ctx, sent, self.by, result))


def _check_reach(ctx: Context, by: Person, to: Person) -> None:
    """Raises Denied or Invalid for somebody who is gone, is no person, or wants nothing of `by`."""
    if to.deleted_at is not None:
        raise Denied("deleted", "%(person)s has been deleted.", person=to.handle)
    if to.local and to.kind == "Application":
        raise Invalid(
            "not_a_person", "This account stands for the server itself; nobody reads its messages."
        )
    if not to.local:
        refuse_blocked(ctx, to.iri)
    if is_blocked(ctx, to.id, by.id):
        raise Denied(
            "person_block", "%(person)s doesn't accept messages from you.", person=to.handle
        )


def _check_pace(ctx: Context, by: Person, to: Person) -> None:
    """Raises TooMany for who writes to one stranger after the other."""
    theirs = message.alias()
    answered = exists().where(
        theirs.c.author_id == message.c.recipient_id, theirs.c.recipient_id == by.id
    )
    since = ctx.now - timedelta(hours=1)
    sent = select(func.count()).where(
        message.c.author_id == by.id, message.c.published_at > since, ~answered
    )
    knows = select(exists().where(message.c.author_id == to.id, message.c.recipient_id == by.id))
    if ctx.conn.execute(knows).scalar_one():
        return
    if ctx.conn.execute(sent).scalar_one() >= TO_STRANGERS:
        raise TooMany(
            "rate_limit_error",
            "Too many messages to people who have never written to you. Try again in an hour.",
            retry_after=3600.0,
        )


def _change(ctx: Context, about: Message, values: Mapping[str, Any]) -> Message:
    """Write `values` to all rows of a message; the one that was given, as it is now."""
    ctx.conn.execute(update(message).where(message.c.iri.in_(copies_of(about.iri))).values(values))
    return get_message(ctx.conn, about.id)


def _words_of(ctx: Context, about: Message) -> dict[str, Any]:
    recipient = get_person(ctx.conn, about.recipient_id)
    peer = find_peer(ctx.conn, recipient.host)
    chat = peer is not None and takes_chat(peer.software, peer.version)
    above = find_message_before(ctx.conn, about)
    author = get_person(ctx.conn, about.author_id)
    return to_message(about, author, recipient, chat=chat, above=above)


def _deletion(ctx: Context, iri: str, by: Person, about: Message) -> Activity:
    recipient = get_person(ctx.conn, about.recipient_id)
    return delete_activity(iri, by.iri, about.iri, to=[recipient.iri])


def _read_chat(ctx: Context, received: ReceivedActivity) -> SendMessage | EditMessage | None:
    document = received.object
    _check_sender(received)
    if PUBLIC in document.addressed:
        raise Denied("not_private", "A private message must not be addressed to the public.")
    people = _recipients(ctx, received, document)
    if not people:
        raise NotFound(
            "couldnt_find_person", "The message is not addressed to anybody on this server."
        )
    return _read_message(ctx, received, people)


def _read_content(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    """A message to the members whom it is addressed to, if it is not public; else a comment or a
    post; else, where it has no place here, a mention of the members whom it names."""
    moved = find_move(ctx, received)
    if moved is not None:
        return moved
    people = _recipients(ctx, received, received.object) if _is_from_author(received) else ()
    return (
        _read_message(ctx, received, people) if people else or_mention(read_content, ctx, received)
    )


def _recipients(ctx: Context, received: ReceivedActivity, document: Document) -> tuple[Person, ...]:
    """The people here whom it is addressed to, and nobody when everybody may read it."""
    ours = recipients_of(document, received.activity, ctx.is_ours)
    found = [find_actor(ctx.conn, iri) for iri in ours]
    return tuple(someone for someone in found if isinstance(someone, Person))


def _read_message(
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
        # Some may have blocked the author, who does not learn of it unless all of them have.
        willing = [one for one in people if not is_blocked(ctx, one.id, by.id)]
        first, *others = willing or people
        return SendMessage(by=by, to=first, others=tuple(others), body=body, source=source)
    if is_overtaken(received, content, known):
        return None
    if by.id == known.author_id and body == Body(known.body_source, known.body_html):
        return None
    return EditMessage(by=by, message=known, body=body, source=source)


def read_delete(ctx: Context, received: ReceivedActivity, about: Message) -> DeleteMessage | None:
    """A Delete of a message, which only its author can mean."""
    action = DeleteMessage(by=_author(ctx, received), message=about)
    return None if about.deleted_at is not None and action.by.id == about.author_id else action


def read_undelete(
    ctx: Context, received: ReceivedActivity, about: Message
) -> UndeleteMessage | None:
    """An Undo of that."""
    action = UndeleteMessage(by=_author(ctx, received), message=about)
    return None if about.deleted_at is None and action.by.id == about.author_id else action


def _author(ctx: Context, received: ReceivedActivity) -> Person:
    _check_sender(received)
    return participant_at(ctx, received.actor)


def _check_sender(received: ReceivedActivity) -> None:
    """Raises Denied for a private message that somebody else than its author passes on."""
    if not _is_from_author(received):
        raise Denied(
            "not_public", "A private message is accepted only from its author, not relayed."
        )


def _is_from_author(received: ReceivedActivity) -> bool:
    return received.evidence == "signature"


READERS: Readers = {
    ("Create", "ChatMessage"): _read_chat,
    ("Update", "ChatMessage"): _read_chat,
    **{(verb, kind): _read_content for verb in ("Create", "Update") for kind in TYPES},
}
