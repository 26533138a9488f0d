"""PurgeActor: an admin ends a local person or community; what they published is erased after it."""

from dataclasses import dataclass

from sqlalchemy import delete

from activitypub.vocab.activities import delete as delete_activity
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.boosts import forget_boosts
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import moderator
from fedcom.queries.actors import is_admin
from fedcom.remote.actors import forget_actor
from fedcom.rules.permissions import must_be_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeActor(Federated[None]):
    """The actor's own Delete, which counts on every server; `admin` decided it."""

    by: Person | Community
    admin: Person

    def check(self, ctx: Context) -> None:
        """For admins of this server."""
        must_be_admin(self.admin, is_admin(ctx.conn, self.admin.id), ctx.now)

    def apply(self, ctx: Context) -> None:
        """End the actor's role as a moderator, and erase its profile. All else takes too long for
        one transaction (`fedcom.site.erasure`).
        """
        ctx.conn.execute(delete(moderator).where(moderator.c.person_id == self.by.id))
        forget_actor(ctx, self.by)
        forget_boosts(ctx, self.by.iri)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Delete of the actor by itself, with everything it published."""
        return delete_activity(ctx.new_iri("delete"), self.by.iri, self.by.iri, remove_data=True)

    def audience(self, ctx: Context, result: None) -> Audience:
        """All known servers, as for `DeleteActor`."""
        return Audience(subject=self.by.iri, to_all=True)
