"""Closed communities, for the admins; and how the pages of a community look here.

No peer is told of either.
"""

from sqlalchemy import Connection, exists, select, update

from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.purge import purge
from fedcom.queries.visibility import is_not_removed
from fedcom.rules.limits import check_hue


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


def set_looks(
    conn: Connection, community_id: int, *, hue: int | None, large_pictures: bool
) -> None:
    """Set the hue of links and buttons on the pages of a community, in degrees (None: the site's),
    and whether its list shows large pictures. The caller checks that its moderators ask for it.

    Raises Invalid("hue_unknown").
    """
    check_hue(hue)
    looks = {"hue": hue, "large_pictures": large_pictures}
    conn.execute(update(community).where(community.c.actor_id == community_id).values(looks))
