"""Add and Remove, by the collection they change: a community's moderators or its pinned posts."""

from typing import Any

from sqlalchemy import or_, select

from fedcom.actions.base import Action, Readers
from fedcom.actions.community import RefreshCommunity
from fedcom.actions.feature import read_pin
from fedcom.actions.moderators import read_moderator
from fedcom.actions.vouching import check_vouched
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.actor import community
from fedcom.queries.actors import get_community
from fedcom.remote.actors import community_at
from inbox.ports import ReceivedActivity


def _read(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    target = received.activity.target
    if target is None and received.via is not None:
        # PieFed and Mbin may leave it out. What the origin serves is right whatever was meant.
        place = community_at(ctx, received.via)
        return RefreshCommunity(by=place, community=place)
    found = ctx.conn.execute(
        select(community.c.actor_id, community.c.featured_iri == target).where(
            or_(community.c.moderators_iri == target, community.c.featured_iri == target)
        )
    ).first()
    if found is None or target is None:
        raise Invalid(
            "unknown_collection",
            "%(target)s is no collection of a community known here.",
            target=target,
        )
    number, is_featured = found
    place = get_community(ctx.conn, number)
    check_vouched(ctx, received, place)
    read = read_pin if is_featured else read_moderator
    return read(ctx, received, place)


READERS: Readers = {("Add",): _read, ("Remove",): _read}
