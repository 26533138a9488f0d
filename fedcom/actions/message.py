"""SendMessage, EditMessage, DeleteMessage, UndeleteMessage: private messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, func, insert, select, update

from activitypub.vocab.activities import (
    create,
    delete as delete_activity,
    undo,
    update as update_activity,
)
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.actions.post import Provenance
from fedcom.context import Context
from fedcom.effects.mentions import with_links
from fedcom.effects.notify import NotificationEvent, is_blocked, notify
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Conflict, Denied, Invalid, TooMany
from fedcom.models.actor import Person
from fedcom.models.message import Message, message
from fedcom.queries.actors import get_person
from fedcom.queries.messages import find_message_before, get_message
from fedcom.queries.sent import last_iri
from fedcom.remote.actors import refuse_blocked
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import takes_chat
from fedcom.rules.limits import check_message, check_seen
from fedcom.rules.permissions import may_act, may_edit
from fedcom.wire.addressing import message_iri
from fedcom.wire.body import Body
from fedcom.wire.message import CHAT, copies_of, to_message

TO_STRANGERS = 20
"""Messages an hour that a member may send to people who never wrote to them."""


class _Private(Federated[Message]):
    """Anything that concerns a message: only its recipient is told."""

    def audience(self, ctx: Context, result: Message) -> Audience:
        """The other person."""
        recipient = get_person(ctx.conn, result.recipient_id)
        return Audience(subject=result.iri, people=(recipient,), private=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(_Private):
    """A private message to one person."""

    by: Person
    to: Person
    body: Body
    # Other members to whom a peer's message is addressed as well.
    others: tuple[Person, ...] = ()
    # None for a message that is written here.
    source: Provenance | None = None

    def check(self, ctx: Context) -> None:
        """The recipient must be reachable and accept messages."""
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
        """Store one row for each local recipient and notify them; return the first row."""
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
            notify(
                ctx,
                recipient.id,
                NotificationEvent(kind="message", by_id=self.by.id, message_id=message_id),
            )
            numbers.append(message_id)
        if self.source is None:
            iri = message_iri(ctx.origin, numbers[0])
            ctx.conn.execute(update(message).where(message.c.id == numbers[0]).values(iri=iri))
        return get_message(ctx.conn, numbers[0])

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Create{ChatMessage} or Create{Note}."""
        return create(ctx.new_iri("create"), self.by.iri, _object_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMessage(_Private):
    """New text for a message, by its author."""

    by: Person
    message: Message
    body: Body
    source: Provenance | None = None

    def check(self, ctx: Context) -> None:
        """Only the author's own, while the recipient accepts messages (as Lemmy 0.19.19 does)."""
        may_edit(self.by, self.message, ctx.now)
        if self.message.deleted_at is not None:
            raise Denied("deleted", "A deleted message cannot be edited; undelete it first.")
        _check_reach(ctx, self.by, get_person(ctx.conn, self.message.recipient_id))
        if self.source is None:
            check_message(self.body.source)
            check_seen(self.body.html, "message_empty")

    def apply(self, ctx: Context) -> Message:
        """Replace the text; nobody is notified again."""
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
        """Update of the created object."""
        return update_activity(ctx.new_iri("update"), self.by.iri, _object_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMessage(_Private):
    """The author deletes it, for the recipient too."""

    by: Person
    message: Message

    def check(self, ctx: Context) -> None:
        """Only the author's own, if not deleted yet. Banned authors may still delete theirs."""
        if self.message.author_id != self.by.id:
            may_edit(self.by, self.message, ctx.now)
        if self.message.deleted_at is not None:
            raise Conflict("already_deleted", "It is already deleted.")

    def apply(self, ctx: Context) -> Message:
        """Hide it at once. The text is erased later: it could not be fetched again when the
        deletion is undone (`fedcom.background.housekeeping`).
        """
        return _change(ctx, self.message, {"deleted_at": ctx.now})

    def to_activity(self, ctx: Context, result: Message) -> Activity:
        """Delete of the bare id, to the other person."""
        return _deletion(ctx, ctx.new_iri("delete"), self.by, result)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeleteMessage(_Private):
    """The author restores it."""

    by: Person
    message: Message

    def check(self, ctx: Context) -> None:
        """Only the author's own, if deleted, and recently enough that the text still exists."""
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
    """Raises Denied or Invalid if the recipient is deleted, no person, or refuses `by`."""
    if to.deleted_at is not None:
        raise Denied("deleted", "%(person)s has been deleted.", person=to.handle)
    if to.local and to.kind == "Application":
        raise Invalid(
            "not_a_person",
            "This account represents the server itself; nobody reads messages sent to it.",
        )
    if not to.local:
        refuse_blocked(ctx, to.iri)
    if is_blocked(ctx, to.id, by.id):
        raise Denied(
            "person_block", "%(person)s doesn't accept messages from you.", person=to.handle
        )


def _check_pace(ctx: Context, by: Person, to: Person) -> None:
    """Raises TooMany for a member who writes to many strangers."""
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


def _change(ctx: Context, private_message: Message, values: Mapping[str, Any]) -> Message:
    """Write `values` to all rows of a message; returns the given one as it is now."""
    ctx.conn.execute(
        update(message).where(message.c.iri.in_(copies_of(private_message.iri))).values(values)
    )
    return get_message(ctx.conn, private_message.id)


def _object_of(ctx: Context, private_message: Message) -> dict[str, Any]:
    recipient = get_person(ctx.conn, private_message.recipient_id)
    peer = find_peer(ctx.conn, recipient.host)
    chat = peer is not None and takes_chat(peer.software, peer.version)
    above = find_message_before(ctx.conn, private_message)
    author = get_person(ctx.conn, private_message.author_id)
    return to_message(private_message, author, recipient, chat=chat, above=above)


def _deletion(ctx: Context, iri: str, by: Person, private_message: Message) -> Activity:
    recipient = get_person(ctx.conn, private_message.recipient_id)
    return delete_activity(iri, by.iri, private_message.iri, to=[recipient.iri])
