"""ChangePictures: the avatar and banner of a person or a community, as Update of the actor."""

from dataclasses import dataclass

from sqlalchemy import update

from activitypub.vocab.activities import update as update_activity
from fedcom.actions.base import Activity, Audience, Federated, Microblogs
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Community, Person, actor
from fedcom.queries.actors import get_community, get_person
from fedcom.queries.located import standing_in
from fedcom.rules.limits import check_url
from fedcom.rules.permissions import may_act, must_moderate
from fedcom.wire.actor import to_document


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePictures(Federated[Person | Community]):
    """A member changes their own pictures, or a moderator those of a local community."""

    by: Person
    subject: Person | Community
    # URLs; None: no picture.
    icon_url: str | None
    image_url: str | None

    def check(self, ctx: Context) -> None:
        """Members change their own, and moderators their community's."""
        may_act(self.by, ctx.now)
        if isinstance(self.subject, Community):
            community = self.subject
            must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        elif self.subject.id != self.by.id:
            raise Denied("not_the_owner", "You can change only your own pictures.")
        if not self.subject.local:
            raise Invalid("not_local", "These pictures can be changed only on their own server.")
        for url in (self.icon_url, self.image_url):
            if url is not None:
                check_url(url)

    def apply(self, ctx: Context) -> Person | Community:
        """Replace both."""
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == self.subject.id)
            .values(icon_url=self.icon_url, image_url=self.image_url, updated_at=ctx.now)
        )
        if isinstance(self.subject, Community):
            return get_community(ctx.conn, self.subject.id)
        return get_person(ctx.conn, self.subject.id)

    def to_activity(self, ctx: Context, result: Person | Community) -> Activity:
        """Update{Person} or Update{Group}."""
        followers = result.followers_iri
        document = to_document(result, ctx.origin)
        return update_activity(ctx.new_iri("update"), self.by.iri, document, cc=[followers])

    def audience(self, ctx: Context, result: Person | Community) -> Audience:
        """The followers of either, and servers that have content of the member's."""
        if isinstance(result, Community):
            community, microblogs = result, Microblogs.THE_COMMUNITY
            return Audience(subject=result.iri, community=community, microblogs=microblogs)
        return Audience(subject=result.iri, to_followers=True, to_readers=True)
