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
from fedcom.models.actor import community as community_table
from fedcom.queries.actors import get_community
from fedcom.remote.actors import community_at
from inbox.ports import ReceivedActivity


def _read(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    target = received.activity.target
    if target is None and received.via is not None:
        # PieFed and Mbin may leave it out. What the origin serves is right whatever was meant.
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
    number, is_featured = found
    community = get_community(ctx.conn, number)
    check_vouched(ctx, received, community)
    read = read_pin if is_featured else read_moderator
    return read(ctx, received, community)


READERS: Readers = {("Add",): _read, ("Remove",): _read}
