"""The pinned posts of a remote community, as its own featured collection lists them."""

from collections.abc import Collection

from sqlalchemy import case, update

from activitypub.document import Document
from activitypub.types import COLLECTION_TYPES
from fedcom.context import Context
from fedcom.models.actor import Community
from fedcom.models.post import post

MAX_PINS = 50
"""Posts of one remote community; if more are pinned, none is shown as pinned."""


def pins_in(collection: Document) -> list[str] | None:
    """The ids in a featured collection, at most MAX_PINS; None if it does not list them."""
    if collection.type not in COLLECTION_TYPES:
        return None
    if collection.first is not None and not collection.items:
        return None  # split into pages: no known server has so many
    ids = [item if isinstance(item, str) else item.id for item in collection.items]
    return [iri for iri in ids if iri is not None][:MAX_PINS]


def put_pins(ctx: Context, community: Community, iris: Collection[str]) -> None:
    """Pin exactly these posts of a remote community, as its own collection lists them.

    No local actor did it, so nothing is logged.
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
