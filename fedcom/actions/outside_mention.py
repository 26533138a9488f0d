"""RecordMention and ForgetMention: a remote public post in no known community mentions a member.

The member is notified, with the beginning of the text and a link to the rest. It is neither stored
as a post nor as a comment: a thread in no known community is read on its own server.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from database.inserts import upsert
from fedcom.actions.base import Action
from fedcom.actions.record_deletion import RecordDeletion
from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, is_blocked, notify
from fedcom.effects.outside_mentions import forget_mentions, notified_of
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied
from fedcom.models.actor import Person
from fedcom.models.outside_mention import OutsideMention, outside_mention
from fedcom.rules.permissions import may_act


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMention(Action[None]):
    """Members are mentioned by a public post that is in no known community."""

    by: Person
    members: tuple[Person, ...]
    iri: str
    url: str | None
    excerpt: str
    updated: datetime | None = None

    def check(self, ctx: Context) -> None:
        """The author may act here, the post is not deleted, and not every member blocks the
        author.
        """
        may_act(self.by, ctx.now)
        if all(is_blocked(ctx, named.id, self.by.id) for named in self.members):
            raise Denied(
                "person_block",
                "All mentioned members have blocked %(person)s.",
                person=self.by.handle,
            )
        refuse_deleted(ctx, self.iri, self.by.iri)

    def apply(self, ctx: Context) -> None:
        """Store its beginning, and notify each member once, whatever a later edit says."""
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
        notified = notified_of(ctx, mention_id)
        event = NotificationEvent(kind="mention", by_id=self.by.id, outside_mention_id=mention_id)
        for member in self.members:
            if member.id not in notified:
                notify(ctx, member.id, event)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetMention(RecordDeletion):
    """The author has deleted it."""

    mention: OutsideMention

    def apply(self, ctx: Context) -> None:
        """Delete it with its notifications, and remember the deletion."""
        forget_mentions(ctx, outside_mention.c.id == self.mention.id)
        RecordDeletion.apply(self, ctx)
