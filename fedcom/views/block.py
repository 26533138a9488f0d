"""The people, communities and servers that a member blocks, for the member's own page."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from fedcom.models.actor import actor, community
from fedcom.models.personal import actor_block, host_block
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.person import PersonView, to_person
from fedcom.views.viewer import VIEWER


@dataclass(frozen=True, slots=True)
class Blocks:
    """Each list is sorted by name."""

    people: tuple[PersonView, ...]
    communities: tuple[CommunityView, ...]
    hosts: tuple[str, ...]


_ACTORS = (
    select(*community_columns(actor, ""))
    .select_from(actor)
    .outerjoin(community, community.c.actor_id == actor.c.id)
    .join(actor_block, actor_block.c.blocked_id == actor.c.id)
    .where(actor_block.c.person_id == VIEWER)
    .order_by(actor.c.name, actor.c.host)
)
_HOSTS = (
    select(host_block.c.host).where(host_block.c.person_id == VIEWER).order_by(host_block.c.host)
)


def list_own_blocks(conn: Connection, viewer_id: int) -> Blocks:
    """Everything that the viewer has blocked."""
    viewer = {"viewer": viewer_id}
    rows = conn.execute(_ACTORS, viewer).mappings().all()
    return Blocks(
        people=tuple(to_person(row, "") for row in rows if row["kind"] != "Group"),
        communities=tuple(to_community(row) for row in rows if row["kind"] == "Group"),
        hosts=tuple(conn.execute(_HOSTS, viewer).scalars()),
    )
