"""Lists of communities, and what a community's own page needs beside its posts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from fedcom.errors import NotFound
from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of
from fedcom.models.follow import follow
from fedcom.models.moderation import CommunityBan, community_ban
from fedcom.models.personal import actor_block
from fedcom.models.post import post_rank
from fedcom.queries.cursors import Cursor, goes_on, no_cursor
from fedcom.queries.people import NAME_WIDTH, NOBODY, ActorRef, name_columns, to_name

Scope = Literal["subscribed", "local", "all"]
FollowState = Literal["pending", "accepted"]
Sort = Literal["subscribers", "active", "new"]

_WILD = re.compile(r"([%_~])")

PAGE = 50
"""Communities in one page of the list."""


@dataclass(frozen=True, slots=True)
class CommunityLine:
    """A community as lists show it; `follow` is the viewer's, None when there is none.

    `subscribers` are the followers known here, `claimed_followers` what its own server says.
    """

    name: ActorRef
    nsfw: bool
    posting_restricted: bool
    posts: int
    comments: int
    subscribers: int
    claimed_followers: int | None
    follow: FollowState | None


@dataclass(frozen=True, slots=True)
class CommunityQuery:
    """Which communities, in which order, from where on.

    `name`: only those with it in their name or title. `after`: the `next` of the page before.
    """

    scope: Scope = "all"
    sort: Sort = "subscribers"
    name: str = ""
    after: str = ""
    limit: int = PAGE


EVERYTHING = CommunityQuery()


@dataclass(frozen=True, slots=True)
class CommunityPage:
    """Some communities and where the list goes on, "" at its end."""

    lines: tuple[CommunityLine, ...]
    next: str


_ACTIVE = func.coalesce(
    select(func.max(post_rank.c.active))
    .where(post_rank.c.community_id == community.c.actor_id)
    .correlate(community)
    .scalar_subquery(),
    0.0,
)
_CLAIMED = func.coalesce(community.c.claimed_followers, 0)
# The larger of what is known here and what its own server says.
_FOLLOWERS = case((community.c.subscribers < _CLAIMED, _CLAIMED), else_=community.c.subscribers)
_KEYS: dict[Sort, ColumnElement[Any]] = {
    "subscribers": _FOLLOWERS,
    "active": _ACTIVE,
    "new": community.c.actor_id,
}


@cache
def _list(scope: Scope, sort: Sort, *, named: bool, has_begun: bool) -> Select[Any]:
    key = _KEYS[sort]
    statement = (
        select(
            *name_columns(actor),
            community.c.nsfw,
            community.c.posting_restricted,
            community.c.posts,
            community.c.comments,
            community.c.subscribers,
            community.c.claimed_followers,
            follow.c.state,
            key,
        )
        .select_from(community)
        .join(actor, actor.c.id == community.c.actor_id)
        .outerjoin(
            follow,
            and_(
                follow.c.target_id == community.c.actor_id,
                follow.c.follower_id == bindparam("viewer"),
            ),
        )
        .where(community.c.removed_at.is_(None), actor.c.deleted_at.is_(None), *_scope(scope))
        .order_by(key.desc(), community.c.actor_id.desc())
        .limit(bindparam("count"))
    )
    if named:
        like = bindparam("name", type_=Text)
        called = [
            func.lower(column).like(like, escape="~") for column in (actor.c.name, actor.c.title)
        ]
        statement = statement.where(or_(*called))
    if has_begun:
        statement = statement.where(goes_on(key, community.c.actor_id))
    return statement


def _scope(scope: Scope) -> list[ColumnElement[bool]]:
    if scope == "local":
        return [actor.c.local.is_(True)]
    return [follow.c.state.is_not(None)] if scope == "subscribed" else []


def list_communities(
    conn: Connection, wanted: CommunityQuery = EVERYTHING, *, viewer_id: int = NOBODY
) -> CommunityPage:
    """Communities that are open. Raises Invalid("cursor") for an `after` that no page gave."""
    parameters: dict[str, Any] = {"viewer": viewer_id, "count": wanted.limit + 1}
    if wanted.name:
        parameters["name"] = "%" + _WILD.sub(r"~\1", wanted.name.lower()) + "%"
    if wanted.after:
        cursor = Cursor.read(wanted.after, whole=wanted.sort != "active")
        if wanted.sort == "subscribers" and cursor.key < 0:
            raise no_cursor()
        parameters |= cursor.values_for(_KEYS[wanted.sort])
    statement = _list(
        wanted.scope, wanted.sort, named=bool(wanted.name), has_begun=bool(wanted.after)
    )
    rows = conn.execute(statement, parameters).all()
    lines = tuple(_to_line(row[:-1]) for row in rows[: wanted.limit])
    if len(rows) <= wanted.limit:
        return CommunityPage(lines, "")
    return CommunityPage(lines, str(Cursor(rows[wanted.limit - 1][-1], lines[-1].name.id)))


def _to_line(row: Sequence[Any]) -> CommunityLine:
    return CommunityLine(to_name(row[:NAME_WIDTH]), *row[NAME_WIDTH:])


_WRITABLE = (
    select(*name_columns(actor))
    .join(community, community.c.actor_id == actor.c.id)
    .outerjoin(
        follow,
        and_(follow.c.target_id == actor.c.id, follow.c.follower_id == bindparam("viewer")),
    )
    .where(
        community.c.removed_at.is_(None),
        actor.c.deleted_at.is_(None),
        or_(actor.c.local.is_(True), follow.c.state.is_not(None)),
    )
    .order_by(follow.c.state.is_(None), actor.c.name, actor.c.id)
    .limit(bindparam("count"))
)


def list_writable(conn: Connection, viewer_id: int, *, limit: int = 200) -> tuple[ActorRef, ...]:
    """The communities a member may want to post in: those followed first, then the local ones."""
    rows = conn.execute(_WRITABLE, {"viewer": viewer_id, "count": limit})
    return tuple(to_name(row) for row in rows)


_COMMUNITY = columns_of(Community, actor, community)
_BAN = columns_of(CommunityBan, community_ban)
_IS_BLOCKED = exists().where(
    actor_block.c.person_id == bindparam("viewer"), actor_block.c.blocked_id == actor.c.id
)
_PLACE = (
    select(*_COMMUNITY, follow.c.state, _IS_BLOCKED, *_BAN)
    .select_from(actor)
    .join(community, community.c.actor_id == actor.c.id)
    .outerjoin(
        follow,
        and_(follow.c.target_id == actor.c.id, follow.c.follower_id == bindparam("viewer")),
    )
    .outerjoin(
        community_ban,
        and_(
            community_ban.c.community_id == actor.c.id,
            community_ban.c.person_id == bindparam("viewer"),
        ),
    )
    .where(actor.c.id == bindparam("community"))
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A community, and what the viewer is to it: following, waiting to, blocking it, or banned."""

    community: Community
    follow: FollowState | None
    is_blocked: bool
    ban: CommunityBan | None


def get_relation(conn: Connection, community_id: int, *, viewer_id: int = NOBODY) -> Relation:
    """The community with this row id, in one statement. Raises NotFound."""
    row = conn.execute(_PLACE, {"community": community_id, "viewer": viewer_id}).one_or_none()
    if row is None:
        raise NotFound("couldnt_find_community", "Community not found.")
    width = len(_COMMUNITY)
    ban = row[width + 2 :]
    return Relation(
        Community(*row[:width]),
        row[width],
        bool(row[width + 1]),
        None if ban[0] is None else CommunityBan(*ban),
    )
