"""Closed communities, for the admins."""

from sqlalchemy import Connection, exists, select

from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.purge import purge
from fedcom.queries.visibility import is_not_removed


def list_closed(conn: Connection) -> list[Community]:
    """All communities that were closed, here or on their own servers, latest first; without those
    that are being purged.
    """
    is_purged = exists().where(
        purge.c.kind == "community", purge.c.target_id == community.c.actor_id
    )
    rows = conn.execute(
        select(*columns_of(Community, actor, community))
        .join(community, community.c.actor_id == actor.c.id)
        .where(~is_not_removed(community), ~is_purged)
        .order_by(community.c.removed_at.desc())
    ).mappings()
    return [to_row(Community, row) for row in rows]
