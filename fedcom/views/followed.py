"""The communities that a member follows, with what is new in each since they were last there."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from database.counting import count_up_to
from fedcom.models.actor import actor, community
from fedcom.models.follow import follow
from fedcom.models.post import post_rank
from fedcom.queries.visibility import is_open
from fedcom.views.person import ActorView, actor_columns, to_actor
from fedcom.views.viewer import VIEWER

SHOWN = 12
"""Communities next to the front page."""

MOST = 10
"""New posts are counted up to here; this many means "or more"."""


@dataclass(frozen=True, slots=True)
class FollowedCommunity:
    """A followed community, and the number of posts since the last visit, up to `MOST`."""

    community: ActorView
    new_posts: int


_NEWEST = (
    select(func.max(post_rank.c.published_at))
    .where(post_rank.c.community_id == follow.c.target_id)
    .correlate(follow)
    .scalar_subquery()
)
_LATEST = func.coalesce(_NEWEST, follow.c.created_at).label("newest")
_CHOSEN = (
    select(
        follow.c.target_id,
        func.coalesce(follow.c.visited_at, follow.c.created_at).label("since"),
        _LATEST,
    )
    .join(actor, actor.c.id == follow.c.target_id)
    .join(community, community.c.actor_id == actor.c.id)
    .where(follow.c.follower_id == VIEWER, is_open(actor))
    .order_by(_LATEST.desc(), follow.c.target_id)
    .limit(bindparam("count"))
    .cte("chosen")
)
_NEW = (
    select(post_rank.c.post_id)
    .where(
        post_rank.c.community_id == _CHOSEN.c.target_id,
        post_rank.c.published_at > _CHOSEN.c.since,
    )
    .correlate(_CHOSEN)
)
_LIST = (
    select(*actor_columns(actor, ""), count_up_to(_NEW, MOST).label("new_posts"))
    .select_from(_CHOSEN.join(actor, actor.c.id == _CHOSEN.c.target_id))
    .order_by(_CHOSEN.c.newest.desc(), _CHOSEN.c.target_id)
)


def list_followed(
    conn: Connection, viewer_id: int, limit: int = SHOWN
) -> tuple[FollowedCommunity, ...]:
    """The open communities that a member follows, those with the newest posts first, in one
    statement.

    A community that they have not opened yet counts from when they followed it. Pending follows
    count.
    """
    rows = conn.execute(_LIST, {"viewer": viewer_id, "count": limit}).mappings()
    return tuple(FollowedCommunity(to_actor(row, ""), row["new_posts"]) for row in rows)
