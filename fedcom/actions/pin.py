"""Pin: Add to and Remove from a community's featured collection, the posts shown first."""

from dataclasses import dataclass

from sqlalchemy import update

from activitypub.vocab.activities import add, remove
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.modlog import log_content
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.models.post import Post, post
from fedcom.queries.located import locate, standing_in
from fedcom.queries.posts import get_post
from fedcom.rules.permissions import must_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Federated[Post]):
    """A moderator pins a post to the top of its community, or unpins it."""

    by: Person
    post: Post
    pinned: bool

    def check(self, ctx: Context) -> None:
        """For moderators, if the post is visible and the state would change."""
        community = locate(ctx, self.post).community
        must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        if self.pinned == (self.post.featured_at is not None):
            raise Conflict("already_so", "Nothing to change.")
        if self.pinned and not self.post.is_shown:
            raise Denied("deleted", "Deleted and removed posts cannot be pinned.")

    def apply(self, ctx: Context) -> Post:
        """Set or clear the pin, and write the modlog."""
        log_content(ctx, self.by, self.post, "pin" if self.pinned else "unpin", "")
        moment = ctx.now if self.pinned else None
        ctx.conn.execute(update(post).where(post.c.id == self.post.id).values(featured_at=moment))
        return get_post(ctx.conn, self.post.id)

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Add to the featured collection, or Remove."""
        kind, build = ("add", add) if self.pinned else ("remove", remove)
        community = locate(ctx, result).community
        collection = community.featured_iri or f"{community.iri}/featured"
        return build(
            ctx.new_iri(kind), self.by.iri, result.iri, collection, community=community.iri
        )

    def audience(self, ctx: Context, result: Post) -> Audience:
        """The community: its followers if it is local, its server if it is remote."""
        return Audience(subject=result.iri, community=locate(ctx, result).community)
