"""Add and Remove, by the collection they change: a community's moderators or its pinned posts."""

from typing import Any

from sqlalchemy import or_, select

from fedcom.actions.base import Action, Readers
from fedcom.actions.community import RefreshCommunity
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.pin import Pin
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.inbound.content_at import content_at
from fedcom.models.actor import Community, community as community_table
from fedcom.models.post import Post
from fedcom.queries.actors import find_moderators, get_community
from fedcom.queries.posts import find_post
from fedcom.remote.actors import community_at, person_at
from fedcom.remote.vouching import check_vouched
from inbox.ports import ReceivedActivity


def _read(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    target = received.activity.target
    if target is None and received.via is not None:
        # PieFed and Mbin may omit it. The origin's collection is right, whichever one was meant.
        community = community_at(ctx, received.via)
        return RefreshCommunity(by=community, community=community)
    found = ctx.conn.execute(
        select(community_table.c.actor_id, community_table.c.featured_iri == target).where(
            or_(
                community_table.c.moderators_iri == target, community_table.c.featured_iri == target
            )
        )
    ).first()
    if found is None or target is None:
        raise Invalid(
            "unknown_collection",
            "%(target)s is not a collection of any community known here.",
            target=target,
        )
    community_id, is_featured = found
    community = get_community(ctx.conn, community_id)
    check_vouched(ctx, received, community)
    read = _read_pin if is_featured else _read_moderator
    return read(ctx, received, community)


def _read_pin(ctx: Context, received: ReceivedActivity, community: Community) -> Pin | None:
    """Add or Remove, with the featured collection of `community` as its target."""
    iri = received.activity.object_id or ""
    pinned = received.activity.type == "Add"
    # Posts in a local community are stored here: a remote moderator adds no new ones.
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


def _read_moderator(
    ctx: Context, received: ReceivedActivity, community: Community
) -> AddModerator | RemoveModerator | None:
    """Add or Remove, with the moderators collection of `community` as its target."""
    iri = received.activity.object_id or ""
    listed = {person.iri: person for person in find_moderators(ctx.conn, community)}.get(iri)
    if (listed is not None) == (received.activity.type == "Add"):
        return None  # nothing to change
    by = person_at(ctx, received.actor)
    if listed is not None:
        return RemoveModerator(by=by, community=community, person=listed)
    return AddModerator(by=by, community=community, person=person_at(ctx, iri))


READERS: Readers = {("Add",): _read, ("Remove",): _read}
