"""TransferCommunity: another moderator becomes the first one, whom no other moderator can remove.

Lemmy 0.19 tells nobody. The community's collection of moderators is in their order, so an
Update{Group} makes peers fetch it again.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from activitypub.vocab.activities import update as update_activity
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_person
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person, actor
from fedcom.models.moderation import moderator
from fedcom.queries.actors import find_moderators, get_community
from fedcom.queries.located import standing_in
from fedcom.rules.permissions import may_act
from fedcom.wire.actor import to_document


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCommunity(Federated[Community]):
    """The first moderator of a local community, or an admin, makes `person` its first one."""

    by: Person
    community: Community
    person: Person

    def check(self, ctx: Context) -> None:
        """For the first moderator and admins; `person` must be another moderator."""
        may_act(self.by, ctx.now)
        if not self.community.local:
            raise Invalid(
                "not_local", "Only the community's own server can change its first moderator."
            )
        order = [one.id for one in find_moderators(ctx.conn, self.community)]
        is_admin = standing_in(ctx, self.by, self.community).is_admin
        if not is_admin and self.by.id not in order[:1]:
            raise Denied(
                "not_top_mod", "Only the first moderator and admins can transfer a community."
            )
        if self.person.id not in order:
            raise NotFound(
                "not_a_moderator", "%(person)s is not a moderator.", person=self.person.handle
            )
        if self.person.id == order[0]:
            raise Conflict("already_so", "Nothing to change.")

    def apply(self, ctx: Context) -> Community:
        """Date their appointment before all others, which keep their order; write the modlog."""
        inside = moderator.c.community_id == self.community.id
        first = ctx.conn.execute(select(func.min(moderator.c.appointed_at)).where(inside)).scalar()
        before = (first or ctx.now) - timedelta(microseconds=1)
        theirs = update(moderator).where(inside, moderator.c.person_id == self.person.id)
        ctx.conn.execute(theirs.values(appointed_at=before))
        itself = update(actor).where(actor.c.id == self.community.id)
        ctx.conn.execute(itself.values(updated_at=ctx.now))
        entry = LogEntry(by=self.by, kind="transfer_community", community=self.community)
        log_person(ctx, entry, self.person)
        return get_community(ctx.conn, self.community.id)

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Update{Group}."""
        return update_activity(
            ctx.new_iri("update"),
            self.by.iri,
            to_document(result, ctx.origin),
            cc=[result.followers_iri],
        )

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The community's followers, and the new first moderator."""
        return Audience(subject=result.iri, community=result, people=(self.person,))
