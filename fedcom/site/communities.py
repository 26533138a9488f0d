"""Closed communities, for the admins."""

from sqlalchemy import Connection, select

from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.queries.visibility import is_not_removed


def list_closed(conn: Connection) -> list[Community]:
    """All communities that were closed, here or on their own servers, latest first."""
    rows = conn.execute(
        select(*columns_of(Community, actor, community))
        .join(community, community.c.actor_id == actor.c.id)
        .where(~is_not_removed(community))
        .order_by(community.c.removed_at.desc())
    ).mappings()
    return [to_row(Community, row) for row in rows]
