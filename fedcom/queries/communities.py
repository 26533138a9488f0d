"""Lists of communities, and what a community's own page needs beside its posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import Community, actor, community
from fedcom.models.base import columns_of
from fedcom.models.follow import follow
from fedcom.models.moderation import CommunityBan, community_ban
from fedcom.queries.people import NAME_WIDTH, NOBODY, Name, name_columns, to_name
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

Scope = Literal["subscribed", "local", "all"]
FollowState = Literal["pending", "accepted"]

PAGE = 50
"""Communities in one page of the list."""


@dataclass(frozen=True, slots=True)
class CommunityLine:
    """A community as lists show it; `follow` is the viewer's, None when there is none."""

    name: Name
    nsfw: bool
    posting_restricted: bool
    posts: int
    comments: int
    subscribers: int
    follow: FollowState | None


@dataclass(frozen=True, slots=True)
class CommunityPage:
    """Some communities and where the list goes on, "" at its end."""

    lines: tuple[CommunityLine, ...]
    next: str


@cache
def _list(scope: Scope, *, goes_on: bool) -> Select[Any]:
    statement = (
        select(
            *name_columns(actor),
            community.c.nsfw,
            community.c.posting_restricted,
            community.c.posts,
            community.c.comments,
            community.c.subscribers,
            follow.c.state,
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
        .order_by(community.c.subscribers.desc(), community.c.actor_id.desc())
        .limit(bindparam("count"))
    )
    if goes_on:
        statement = statement.where(
            or_(
                community.c.subscribers < bindparam("subscribers"),
                and_(
                    community.c.subscribers == bindparam("subscribers"),
                    community.c.actor_id < bindparam("after_id"),
                ),
            )
        )
    return statement


def _scope(scope: Scope) -> list[ColumnElement[bool]]:
    if scope == "local":
        return [actor.c.local.is_(True)]
    return [follow.c.state.is_not(None)] if scope == "subscribed" else []


def list_communities(
    conn: Connection,
    scope: Scope = "all",
    *,
    viewer_id: int = NOBODY,
    after: str = "",
    limit: int = PAGE,
) -> CommunityPage:
    """Communities that are open, most subscribers first; `after` is the `next` of the page before.

    Raises Invalid("cursor") for an `after` that no page gave.
    """
    parameters: dict[str, Any] = {"viewer": viewer_id, "count": limit + 1}
    if after:
        parameters["subscribers"], parameters["after_id"] = _read_cursor(after)
    rows = conn.execute(_list(scope, goes_on=bool(after)), parameters).all()
    lines = tuple(_to_line(row) for row in rows[:limit])
    if len(rows) <= limit:
        return CommunityPage(lines, "")
    return CommunityPage(lines, f"{lines[-1].subscribers}_{lines[-1].name.id}")


def _read_cursor(text: str) -> tuple[int, int]:
    subscribers, _, actor_id = text.partition("_")
    try:
        found = int(subscribers), int(actor_id)
    except ValueError:
        found = (-1, -1)
    if not (0 <= found[0] < 2**31 and 0 < found[1] < 2**53):
        raise Invalid("cursor", "This address does not say where the list goes on.")
    return found


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


def list_writable(conn: Connection, viewer_id: int, *, limit: int = 200) -> tuple[Name, ...]:
    """The communities a member may want to post in: those followed first, then the local ones."""
    rows = conn.execute(_WRITABLE, {"viewer": viewer_id, "count": limit})
    return tuple(to_name(row) for row in rows)


_COMMUNITY = columns_of(Community, actor, community)
_BAN = columns_of(CommunityBan, community_ban)
_PLACE = (
    select(*_COMMUNITY, follow.c.state, *_BAN)
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
    """A community, and what the viewer is to it: following, waiting to, or banned."""

    community: Community
    follow: FollowState | None
    ban: CommunityBan | None


def get_relation(conn: Connection, community_id: int, *, viewer_id: int = NOBODY) -> Relation:
    """The community with this row id, in one statement. Raises NotFound."""
    row = conn.execute(_PLACE, {"community": community_id, "viewer": viewer_id}).one_or_none()
    if row is None:
        raise NotFound("couldnt_find_community", "There is no such community here.")
    width = len(_COMMUNITY)
    ban = row[width + 1 :]
    return Relation(
        Community(*row[:width]),
        row[width],
        None if ban[0] is None else CommunityBan(*ban),
    )
