"""RecordMention and ForgetMention: a public post elsewhere, in no community here, names a member.

The member is told, with the beginning of the text and the way to the rest. It is no post and no
comment: a thread that no community here keeps is read on its own server.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from activitypub.document import Document
from activitypub.errors import FetchFailed
from activitypub.iri import PUBLIC
from activitypub.vocab.activities import create, delete as delete_activity
from activitypub.vocab.base import timestamp
from database.inserts import upsert
from fedcom.actions.base import Action, Activity, Audience, Reader
from fedcom.actions.record_deletion import RecordDeletion
from fedcom.context import Context
from fedcom.effects.notify import News, is_blocked, notify
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied, FedcomError, NeedsFetch
from fedcom.models.actor import Person, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.notification import notification
from fedcom.models.outside_mention import OutsideMention, outside_mention
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, get_community, get_person
from fedcom.queries.content import find_content
from fedcom.queries.notifications import excerpt_of
from fedcom.queries.posts import get_post
from fedcom.remote.actors import page_near, participant_at
from fedcom.rules.permissions import may_act
from fedcom.text.html import escape_text
from fedcom.wire.comment import read_comment
from inbox.ports import ReceivedActivity

MOST_TOLD = 10
"""Members who are told of one post, as with messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMention(Action[None]):
    """Members are named by a public post that has no place here."""

    by: Person
    members: tuple[Person, ...]
    iri: str
    url: str | None
    excerpt: str
    updated: datetime | None = None

    def check(self, ctx: Context) -> None:
        """By somebody who may act here, and not deleted yet; not all of them have blocked them."""
        may_act(self.by, ctx.now)
        if all(is_blocked(ctx, one.id, self.by.id) for one in self.members):
            raise Denied("person_block", "They have blocked %(person)s.", person=self.by.handle)
        refuse_deleted(ctx, self.iri, self.by.iri)

    def apply(self, ctx: Context) -> None:
        """Keep its beginning, and tell each member once, whatever it says after an edit."""
        row = {
            "iri": self.iri,
            "author_id": self.by.id,
            "url": self.url,
            "excerpt": self.excerpt,
            "updated_at": self.updated,
        }
        upsert(ctx.conn, outside_mention, row, key=["iri"])
        mention_id = ctx.conn.execute(
            select(outside_mention.c.id).where(outside_mention.c.iri == self.iri)
        ).scalar_one()
        told = _told_of(ctx, mention_id)
        news = News(kind="mention", by_id=self.by.id, outside_mention_id=mention_id)
        for member in self.members:
            if member.id not in told:
                notify(ctx, member.id, news)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Create; only ever heard."""
        note = {
            "id": self.iri,
            "type": "Note",
            "attributedTo": self.by.iri,
            "to": [PUBLIC],
            "cc": [member.iri for member in self.members],
            "content": f"<p>{escape_text(self.excerpt)}</p>",
            "url": self.url,
            "updated": timestamp(self.updated),
        }
        return create(ctx.new_iri("create"), self.by.iri, note)

    def audience(self, ctx: Context, result: None) -> Audience:
        """Nobody else."""
        return Audience(subject=self.iri)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetMention(RecordDeletion):
    """Its author has deleted it."""

    mention: OutsideMention

    def apply(self, ctx: Context) -> None:
        """Drop it with its notifications, and remember the deletion."""
        forget_mentions(ctx, outside_mention.c.id == self.mention.id)
        RecordDeletion.apply(self, ctx)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Delete; only ever heard."""
        return delete_activity(ctx.new_iri("delete"), self.actor_iri, self.iri)


def find_outside_mention(ctx: Context, iri: str) -> OutsideMention | None:
    """What was kept of the post with this id."""
    found = select(*columns_of(OutsideMention, outside_mention)).where(outside_mention.c.iri == iri)
    row = ctx.conn.execute(found).mappings().first()
    return None if row is None else to_row(OutsideMention, row)


def forget_mentions(ctx: Context, which: ColumnElement[bool]) -> None:
    """Drop some, with what members were told of them."""
    gone = select(outside_mention.c.id).where(which)
    ctx.conn.execute(delete(notification).where(notification.c.outside_mention_id.in_(gone)))
    ctx.conn.execute(delete(outside_mention).where(which))


def adopt_mention(ctx: Context, iri: str, news: News) -> frozenset[int]:
    """`iri` has a place here now, as when its community announced it after its author: whoever was
    told of it is led there. Returns the row ids of who was told.
    """
    known = find_outside_mention(ctx, iri)
    if known is None:
        return frozenset()
    told = _told_of(ctx, known.id)
    ctx.conn.execute(
        update(notification)
        .where(notification.c.outside_mention_id == known.id)
        .values(
            outside_mention_id=None,
            community_id=news.community_id,
            post_id=news.post_id,
            comment_id=news.comment_id,
        )
    )
    ctx.conn.execute(delete(outside_mention).where(outside_mention.c.id == known.id))
    return told


def or_mention(read: Reader, ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    """What `read` makes of a post or comment; where that is refused and the author tells it to
    everybody, a mention of the members whom it names.

    What its thread needs is not waited for unless it names a community known here: the server of
    somebody it answers may be gone, and the members are told nevertheless. What was made of the
    thread until it was refused stays.
    """
    members = _members_named(ctx, received)
    if not members:
        return read(ctx, received)
    try:
        return read(ctx, received)
    except NeedsFetch as missing:
        raise NeedsFetch(missing.iri, required=_names_place(ctx, received.object)) from missing
    except (FedcomError, FetchFailed):
        if _is_kept(ctx, received.object):
            raise
    return _mention(ctx, received, members)


def _mention(
    ctx: Context, received: ReceivedActivity, members: tuple[Person, ...]
) -> RecordMention | None:
    document = received.object
    content = read_comment(document)
    known = find_outside_mention(ctx, content.iri)
    written = content.updated
    excerpt = content.content_warning or excerpt_of(content.body.html) or document.name or ""
    if known is not None:
        is_older = written is None or (known.updated_at is not None and written < known.updated_at)
        told = _told_of(ctx, known.id)
        if is_older or (excerpt == known.excerpt and told.issuperset(one.id for one in members)):
            return None
    return RecordMention(
        by=participant_at(ctx, document.owner or ""),
        members=members,
        iri=content.iri,
        url=page_near(document),
        excerpt=excerpt,
        updated=written,
    )


def _members_named(ctx: Context, received: ReceivedActivity) -> tuple[Person, ...]:
    """The members whom a public object names in its tags or addresses, or answers elsewhere, if its
    author brings it.
    """
    document = received.object
    if received.via is not None or received.evidence not in ("signature", "proof"):
        return ()
    if not document.is_public or document.id is None or document.owner != received.actor:
        return ()
    named = (*(tag.href for tag in document.mentions), *document.addressed)
    answered = _answered_elsewhere(ctx, document.in_reply_to)
    ours = [iri for iri in dict.fromkeys((*answered, *named)) if ctx.is_ours(iri)][:MOST_TOLD]
    if not ours:
        return ()
    found = (find_actor(ctx.conn, iri) for iri in ours)
    return tuple(one for one in found if isinstance(one, Person) and one.kind == "Person")


def _answered_elsewhere(ctx: Context, iri: str | None) -> tuple[str, ...]:
    """The author of what is answered in a community elsewhere. Microblogs send an answer to whom it
    answers also when they took the name out of it, and to no community.
    """
    if iri is None or not ctx.is_ours(iri):
        return ()
    about = find_content(ctx.conn, iri)
    if about is None:
        return ()
    post = about if isinstance(about, Post) else get_post(ctx.conn, about.post_id)
    if get_community(ctx.conn, post.community_id).local:
        return ()
    return (get_person(ctx.conn, about.author_id).iri,)


def _names_place(ctx: Context, document: Document) -> bool:
    named = (*document.addressed, *(tag.href for tag in document.mentions))
    condition = actor.c.iri.in_(dict.fromkeys(named)), actor.c.kind == "Group"
    return ctx.conn.execute(select(actor.c.id).where(*condition).limit(1)).first() is not None


def _is_kept(ctx: Context, document: Document) -> bool:
    iri = document.id or ""
    return find_content(ctx.conn, iri) is not None


def _told_of(ctx: Context, mention_id: int) -> frozenset[int]:
    about = notification.c.outside_mention_id == mention_id
    return frozenset(ctx.conn.execute(select(notification.c.recipient_id).where(about)).scalars())
