"""Which posts of a peer's community are pinned, as its own featured collection has them."""

from collections.abc import Collection

from sqlalchemy import case, update

from activitypub.document import Document
from activitypub.types import COLLECTION_TYPES
from fedcom.context import Context
from fedcom.models.actor import Community
from fedcom.models.post import post

MAX_PINS = 50
"""Posts of one peer's community; where too many stand above the others, none does."""


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
