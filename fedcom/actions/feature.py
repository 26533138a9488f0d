"""Pin: Add to and Remove from a community's featured collection, the posts above all others."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, update

from activitypub.document import Document
from activitypub.types import COLLECTION_TYPES
from activitypub.vocab.activities import add, remove
from fedcom.actions.base import Action, Activity, Audience
from fedcom.actions.comment import content_at
from fedcom.context import Context
from fedcom.effects.modlog import log_content
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post, post
from fedcom.queries.actors import standing
from fedcom.queries.content import community_of
from fedcom.queries.posts import find_post, get_post
from fedcom.remote.actors import person_at
from fedcom.rules.permissions import may_moderate
from inbox.ports import ReceivedActivity

MAX_PINS = 50
"""Posts of one peer's community; where too many stand above the others, none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Action[Post]):
    """A moderator puts a post above the others of its community, or back among them."""

    by: Person
    post: Post
    pinned: bool

    def check(self, ctx: Context) -> None:
        """For moderators, of what is shown and not so yet."""
        community = community_of(ctx.conn, self.post)
        may_moderate(self.by, community, standing(ctx.conn, self.by, community), ctx.now)
        if self.pinned == (self.post.featured_at is not None):
            raise Conflict("already_so", "Nothing to change.")
        if self.pinned and not self.post.is_shown:
            raise Denied("deleted", "Deleted and removed posts cannot be pinned.")

    def apply(self, ctx: Context) -> Post:
        """Set or clear the mark, and write the modlog."""
        log_content(ctx, self.by, self.post, "pin" if self.pinned else "unpin", "")
        moment = ctx.now if self.pinned else None
        ctx.conn.execute(update(post).where(post.c.id == self.post.id).values(featured_at=moment))
        return get_post(ctx.conn, self.post.id)

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Add to the featured collection, or Remove."""
        word, build = ("add", add) if self.pinned else ("remove", remove)
        community = community_of(ctx.conn, result)
        collection = community.featured_iri or f"{community.iri}/featured"
        return build(
            ctx.new_iri(word), self.by.iri, result.iri, collection, community=community.iri
        )

    def audience(self, ctx: Context, result: Post) -> Audience:
        """The community: its followers if it is ours, its server if it is not."""
        return Audience(subject=result.iri, community=community_of(ctx.conn, result))


def read_pin(ctx: Context, received: ReceivedActivity, community: Community) -> Pin | None:
    """Add or Remove, with the featured collection of `community` as its target."""
    iri = received.activity.object_id or ""
    pinned = received.activity.type == "Add"
    # What is in a community of ours is here: a moderator elsewhere brings nothing new into it.
    is_fetched = pinned and not community.local
    target = content_at(ctx, iri, community.iri) if is_fetched else find_post(ctx.conn, iri)
    if target is None:
        return None
    if not isinstance(target, Post) or target.community_id != community.id:
        raise Denied(
            "wrong_community",
            "%(iri)s is not a post in %(community)s.",
            iri=iri,
            community=community.handle,
        )
    if pinned == (target.featured_at is not None):
        return None
    return Pin(by=person_at(ctx, received.actor), post=target, pinned=pinned)


def pins_in(collection: Document) -> list[str] | None:
    """The ids in a featured collection, at most MAX_PINS; None where it does not show them."""
    if collection.type not in COLLECTION_TYPES:
        return None
    if collection.first is not None and not collection.items:
        return None  # on pages: nobody known here has so many
    ids = [item if isinstance(item, str) else item.id for item in collection.items]
    return [iri for iri in ids if iri is not None][:MAX_PINS]


def put_pins(ctx: Context, community: Community, iris: Collection[str]) -> None:
    """Let exactly these posts of a peer's community be pinned, as its own collection has them.

    Nobody here did it, so nothing is logged.
    """
    is_listed = post.c.iri.in_(iris)
    ctx.conn.execute(
        update(post)
        .where(
            post.c.community_id == community.id,
            is_listed != post.c.featured_at.is_not(None),
        )
        .values(featured_at=case((is_listed, ctx.now), else_=None))
    )
