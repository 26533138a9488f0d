"""Delete an actor, by default with everything it published."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from activitypub.vocab.activities import delete as delete_activity
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.boosts import forget_boosts
from fedcom.effects.bulk_removal import blank_all
from fedcom.effects.counts import count_subscribers
from fedcom.effects.modlog import LogEntry, log_community
from fedcom.effects.outside_mentions import forget_mentions
from fedcom.effects.revisions import forget_revisions_of
from fedcom.models.actor import Community, Person
from fedcom.models.follow import follow
from fedcom.models.message import message
from fedcom.models.moderation import moderator
from fedcom.models.outside_mention import outside_mention
from fedcom.queries.actors import get_person
from fedcom.queries.visibility import is_not_deleted
from fedcom.remote.actors import forget_actor


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteActor(Federated[None]):
    """The end of a person or a community; a request for erasure is always accepted."""

    by: Person | Community
    # Departing people may leave their content in place.
    removes_content: bool = True

    def check(self, ctx: Context) -> None:
        """Nobody can be prevented from leaving."""

    def apply(self, ctx: Context) -> None:
        """Blank their content, end all follows and moderator roles, and erase the profile. The
        members who follow a community are notified.
        """
        if isinstance(self.by, Community):
            by = get_person(ctx.conn, self.by.id)
            log_community(ctx, LogEntry(by=by, kind="remove_community", community=None), self.by)
        if self.removes_content:
            self._blank(ctx)
        else:
            forget_revisions_of(ctx, self.by)
        followed = ctx.conn.execute(
            select(follow.c.target_id).where(follow.c.follower_id == self.by.id)
        ).scalars()
        followed_before = sorted(followed)
        ended = follow.c.follower_id == self.by.id
        if not self.by.local:
            ended |= follow.c.target_id == self.by.id
        # A local actor's followers are yet to be told; `forget_followers` runs after that.
        ctx.conn.execute(delete(follow).where(ended))
        for community_id in (*followed_before, self.by.id):
            count_subscribers(ctx, community_id)
        ctx.conn.execute(delete(moderator).where(moderator.c.person_id == self.by.id))
        forget_actor(ctx, self.by)
        forget_boosts(ctx, self.by.iri)

    def _blank(self, ctx: Context) -> None:
        blank_all(ctx, self.by)
        self._blank_messages(ctx)
        forget_mentions(ctx, outside_mention.c.author_id == self.by.id)

    def _blank_messages(self, ctx: Context) -> None:
        sent = message.c.author_id == self.by.id
        ctx.conn.execute(update(message).where(sent).values(body_source="", body_html=""))
        shown = sent & is_not_deleted(message)
        ctx.conn.execute(update(message).where(shown).values(deleted_at=ctx.now))

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Delete of the actor by itself."""
        return delete_activity(
            ctx.new_iri("delete"), self.by.iri, self.by.iri, remove_data=self.removes_content
        )

    def audience(self, ctx: Context, result: None) -> Audience:
        """Every server that may have been sent something of theirs: a post, a boost of one, a
        message, a vote. Each of these went to an actor that is known here, so all known servers are
        told, as Mastodon does.
        """
        return Audience(subject=self.by.iri, to_all=True)


def forget_followers(ctx: Context, person: Person) -> None:
    """Run after a member has left and their followers were told."""
    ctx.conn.execute(delete(follow).where(follow.c.target_id == person.id))
