"""The communities, people and servers that a member follows, moderates or blocks, by row id."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from fedcom.models.actor import actor, community
from fedcom.models.follow import follow
from fedcom.models.instance import instance
from fedcom.models.moderation import moderator
from fedcom.queries.visibility import is_open
from fedcom.views.block import list_own_blocks
from fedcom.views.viewer import VIEWER


@dataclass(frozen=True, slots=True)
class BlockedHost:
    """A server that the member blocks, with its number."""

    host: str
    instance_id: int
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Mine:
    """Each list by name. Pending follows count; closed communities are left out."""

    followed: tuple[int, ...]
    moderated: tuple[int, ...]
    blocked_people: tuple[int, ...]
    blocked_communities: tuple[int, ...]
    blocked_hosts: tuple[BlockedHost, ...]


_OPEN = actor.join(community, community.c.actor_id == actor.c.id)
_BY_NAME = (actor.c.name, actor.c.host)
_FOLLOWED = (
    select(actor.c.id)
    .select_from(_OPEN.join(follow, follow.c.target_id == actor.c.id))
    .where(follow.c.follower_id == VIEWER, is_open(actor))
    .order_by(*_BY_NAME)
)
_MODERATED = (
    select(actor.c.id)
    .select_from(_OPEN.join(moderator, moderator.c.community_id == actor.c.id))
    .where(moderator.c.person_id == VIEWER, is_open(actor))
    .order_by(*_BY_NAME)
)
_NUMBERS = (
    select(instance.c.host, instance.c.id, instance.c.first_seen_at)
    .where(instance.c.host.in_(bindparam("hosts", expanding=True)))
    .order_by(instance.c.host)
)


def list_mine(conn: Connection, viewer_id: int) -> Mine:
    """Everything of this member, in five statements. Servers without a number, which were blocked
    before anything was heard of them, are left out.
    """
    blocks = list_own_blocks(conn, viewer_id)
    numbers = conn.execute(_NUMBERS, {"hosts": blocks.hosts})
    return Mine(
        followed=tuple(conn.execute(_FOLLOWED, {"viewer": viewer_id}).scalars()),
        moderated=list_moderated(conn, viewer_id),
        blocked_people=tuple(one.id for one in blocks.people),
        blocked_communities=tuple(one.id for one in blocks.communities),
        blocked_hosts=tuple(BlockedHost(row.host, row.id, row.first_seen_at) for row in numbers),
    )


def list_moderated(conn: Connection, person_id: int) -> tuple[int, ...]:
    """The open communities that a person moderates, by name."""
    return tuple(conn.execute(_MODERATED, {"viewer": person_id}).scalars())
