"""Communities: next to their content, in lists, and on their own page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from database.patterns import containing, fits
from fedcom.db import BigId
from fedcom.errors import NotFound
from fedcom.models.actor import actor, community
from fedcom.models.base import columns_of, to_row, values_of
from fedcom.models.follow import follow
from fedcom.models.moderation import CommunityBan, community_ban, moderator
from fedcom.models.notification import muted_community
from fedcom.queries.follows import find_follow
from fedcom.queries.visibility import (
    is_admin,
    is_blocked,
    is_found,
    is_not_blocked,
    is_not_hidden,
    is_open,
)
from fedcom.rules.permissions import Standing
from fedcom.views.paging import (
    Cursor,
    Page,
    Start,
    first_rows,
    invalid_cursor,
    is_after_cursor,
    one_page,
    page_values,
    to_page,
)
from fedcom.views.person import ActorView, PersonView, actor_columns, to_person
from fedcom.views.viewer import MODERATED, NOBODY, NOW, VIEWER, own, viewer_values
from outbox.maintenance import find_failure

Scope = Literal["subscribed", "local", "all", "moderated"]
FollowState = Literal["pending", "accepted"]
Sort = Literal[
    "subscribers",
    "active",
    "new",
    "old",
    "comments",
    "active_day",
    "active_week",
    "active_half_year",
]


PAGE = 50
"""Communities per page of the list."""


@dataclass(frozen=True, slots=True)
class CommunityView(ActorView):
    """A community with its counts and the viewer's relation to it.

    `subscribers` counts the followers known here, `claimed_followers` is the count its own server
    reports. `follow` is the viewer's follow, None without one; `is_blocked` says whether the viewer
    blocks it.
    """

    nsfw: bool
    posting_restricted: bool
    removed_at: datetime | None
    hidden_at: datetime | None
    posts: int
    comments: int
    subscribers: int
    claimed_followers: int | None
    follow: FollowState | None
    is_blocked: bool

    @property
    def is_open(self) -> bool:
        """Neither deleted on its own server nor closed here; closed ones show no content."""
        return self.deleted_at is None and self.removed_at is None


@dataclass(frozen=True, slots=True)
class CommunityPage(CommunityView):
    """A community as its own pages show it: its description, its moderators, and the viewer's
    relation to it.
    """

    summary_source: str
    summary_html: str
    image_url: str | None
    url: str | None
    # The hue of its pages in degrees; None: the site's.
    hue: int | None
    large_pictures: bool
    # One per line.
    rule_names: str
    # When the viewer last looked at it, as far as they follow it.
    visited_at: datetime | None
    # The viewer is notified of each new post; or of nothing that happens here.
    is_watched: bool
    is_muted: bool
    # The viewer's ban, while it is in effect.
    ban: CommunityBan | None
    moderators: tuple[PersonView, ...]
    standing: Standing
    # The viewer's request to follow was refused, or never arrived.
    is_refused: bool

    @property
    def may_post(self) -> bool:
        """Whether a post by the viewer would be accepted, as far as can be told in advance."""
        is_open = not self.posting_restricted or self.standing.may_moderate
        return is_open and self.ban is None


@dataclass(frozen=True, slots=True)
class CommunityQuery:
    """The selection, order and starting point of a list of communities.

    `name` limits it to those with this text in their name or title; `nsfw` and `blocked` include
    sensitive ones and those that the viewer blocks, and `hidden` those that an admin hid, which
    only followers find otherwise. `after` is the `next` of the previous page.
    """

    scope: Scope = "all"
    sort: Sort = "subscribers"
    name: str = ""
    after: Start = None
    limit: int = PAGE
    nsfw: bool = True
    blocked: bool = True
    hidden: bool = False


EVERYTHING = CommunityQuery()

_OWN_COLUMNS = (
    *("nsfw", "posting_restricted", "removed_at", "hidden_at"),
    *("posts", "comments", "subscribers", "claimed_followers"),
)


def community_columns(
    group: FromClause,
    prefix: str,
    *,
    itself: FromClause = community,
    title: ColumnElement[str] | None = None,
    guest: bool = False,
) -> list[ColumnElement[Any]]:
    """The columns that `to_community` reads, labelled: those of `group` (an alias of `actor`) and
    its row of `community`, and VIEWER's relation to it unless VIEWER is a guest.
    """
    state = (
        select(follow.c.state)
        .where(follow.c.target_id == group.c.id, follow.c.follower_id == VIEWER)
        .correlate(group)
        .scalar_subquery()
    )
    return [
        *actor_columns(group, prefix, title=title),
        *(itself.c[name].label(prefix + name) for name in _OWN_COLUMNS),
        own(state, f"{prefix}follow", guest=guest),
        own(
            is_blocked(VIEWER, ids=[group.c.id]),
            f"{prefix}is_blocked",
            guest=guest,
            otherwise=false(),
        ),
    ]


def to_community(row: RowMapping, prefix: str = "") -> CommunityView:
    """The community of a row of `community_columns`."""
    return CommunityView(*values_of(CommunityView, prefix)(row))


def find_community_in(row: RowMapping, prefix: str) -> CommunityView | None:
    """As `to_community`; None if the row holds no community."""
    return None if row[f"{prefix}id"] is None else to_community(row, prefix)


_KEYS: Mapping[Sort, ColumnElement[Any]] = {
    "subscribers": community.c.followers,
    "active": community.c.users_active_month,
    "active_day": community.c.users_active_day,
    "active_week": community.c.users_active_week,
    "active_half_year": community.c.users_active_half_year,
    "new": community.c.actor_id,
    "old": community.c.actor_id,
    "comments": community.c.comments,
}
# No index has the sum, so SQLite reads the communities and looks up their actors; without it, it
# may read all actors instead, nearly all of which are people.
_ITS_ACTOR = actor.c.id == community.c.actor_id + 0
_FOLLOWED = select(follow.c.target_id).where(follow.c.follower_id == VIEWER)
_LOCAL = select(actor.c.id).where(actor.c.local, actor.c.kind == "Group")
_PARTS: Mapping[Scope, Select[tuple[int]]] = {
    "local": _LOCAL,
    "subscribed": _FOLLOWED,
    "moderated": MODERATED,
}
"""The ids of the communities in the scopes that are a part of all."""


def _in_scope(scope: Scope) -> FromClause:
    """The rows of `community` and `actor`."""
    if scope not in _PARTS:
        return community.join(actor, _ITS_ACTOR)
    # Found first: PostgreSQL would read all actors in the order of their ids, of which it expects
    # to meet enough soon.
    part = _PARTS[scope].cte("part").prefix_with("MATERIALIZED")
    (part_id,) = part.c
    return part.join(community, community.c.actor_id == part_id).join(actor, _ITS_ACTOR)


def read_community_cursor(text: str) -> Cursor:
    """The cursor of the list, whatever its order. Raises Invalid("cursor") if it is not from one of
    our pages.
    """
    cursor = Cursor.read(text, whole=True)
    if cursor.key < 0:
        raise invalid_cursor()
    return cursor


@dataclass(frozen=True, slots=True)
class _CommunityShape:
    """The parameters that shape the statement."""

    scope: Scope
    sort: Sort
    named: bool
    has_cursor: bool
    nsfw: bool
    blocked: bool
    hidden: bool
    rows: int  # `first_rows`


@cache
def _list(shape: _CommunityShape) -> Select[Any]:
    """The page is chosen by what decides about it alone: the columns are read for its rows only."""
    key, row_id, is_ascending = _KEYS[shape.sort], community.c.actor_id, shape.sort == "old"
    chosen = (
        select(row_id, key.label("key"))
        .select_from(_in_scope(shape.scope))
        .where(is_open(actor))
        .order_by(*_in_order(shape, key, row_id))
    )
    if not shape.nsfw:
        chosen = chosen.where(community.c.nsfw.is_(False))
    if not shape.blocked:
        chosen = chosen.where(is_not_blocked(VIEWER, ids=[row_id], hosts=[actor.c.host]))
    if not shape.hidden:
        chosen = chosen.where(is_not_hidden(community, VIEWER))
    if shape.named:
        like = bindparam("name", type_=Text)
        called = [fits(func.lower(column), like) for column in (actor.c.name, actor.c.title)]
        chosen = chosen.where(or_(*called))
    if shape.has_cursor:
        chosen = chosen.where(is_after_cursor(key, row_id, ascending=is_ascending))
    page = one_page(chosen, shape.rows).cte("page").prefix_with("MATERIALIZED")
    found = _columns_of(page).add_columns(page.c.key)
    return found.order_by(*_in_order(shape, page.c.key, actor.c.id))


def _in_order(
    shape: _CommunityShape, key: ColumnElement[Any], row_id: ColumnElement[int]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (key.asc(), row_id.asc()) if shape.sort == "old" else (key.desc(), row_id.desc())


def _columns_of(chosen: CTE) -> Select[Any]:
    """The columns of the communities `chosen`, by their `actor_id`."""
    return (
        select(*community_columns(actor, ""))
        .select_from(chosen)
        .join(community, community.c.actor_id == chosen.c.actor_id)
        .join(actor, actor.c.id == chosen.c.actor_id)
    )


def list_communities(
    conn: Connection, wanted: CommunityQuery = EVERYTHING, *, viewer_id: int = NOBODY
) -> Page[CommunityView]:
    """A page of open communities."""
    parameters: dict[str, Any] = {
        "viewer": viewer_id,
        **page_values(wanted.after, wanted.limit, _KEYS[wanted.sort]),
    }
    if wanted.name:
        parameters["name"] = containing(wanted.name.lower())
    shape = _CommunityShape(
        wanted.scope,
        wanted.sort,
        bool(wanted.name),
        isinstance(wanted.after, Cursor),
        wanted.nsfw,
        wanted.blocked,
        wanted.hidden,
        first_rows(wanted.after, wanted.limit),
    )
    rows = conn.execute(_list(shape), parameters).mappings().all()
    return to_page(rows, wanted.limit, to_community, "key")


def _takes_posts() -> ColumnElement[bool]:
    """Whether VIEWER may post in the community, and has not blocked it or its server."""
    moderates_it = or_(community.c.actor_id.in_(MODERATED), and_(actor.c.local, is_admin(VIEWER)))
    ban = is_found(
        community_ban,
        community_ban.c.community_id == community.c.actor_id,
        community_ban.c.person_id == VIEWER,
        or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > NOW),
    )
    return and_(
        is_open(actor),
        is_not_hidden(community, VIEWER),
        or_(community.c.posting_restricted.is_(False), moderates_it),
        ~ban,
        is_not_blocked(VIEWER, ids=[community.c.actor_id], hosts=[actor.c.host]),
    )


def _named_first(place: int, *where: ColumnElement[bool]) -> Select[Any]:
    """The first communities by name; `place` orders these among others."""
    return (
        select(
            community.c.actor_id, literal_column(str(place), Integer).label("place"), actor.c.name
        )
        .select_from(actor.join(community, community.c.actor_id == actor.c.id))
        .where(_takes_posts(), *where)
        .order_by(actor.c.name, actor.c.id)
        .limit(bindparam("count"))
    )


def _writable() -> Select[Any]:
    local = actor.c.local, actor.c.kind == "Group", actor.c.id.not_in(_FOLLOWED)
    parts = _named_first(0, actor.c.id.in_(_FOLLOWED)), _named_first(1, *local)
    found = union_all(*(select(part.subquery()) for part in parts)).cte("found")
    order = found.c.place, found.c.name, found.c.actor_id
    return _columns_of(found).order_by(*order).limit(bindparam("count"))


def _writable_called() -> Select[Any]:
    """Those with the text in their name, title or handle: first the one of exactly this name."""
    handle = func.lower(actor.c.name) + "@" + actor.c.host
    like = bindparam("like", type_=Text)
    called = [
        fits(text, like) for text in (func.lower(actor.c.name), func.lower(actor.c.title), handle)
    ]
    named = bindparam("named", type_=Text)
    place = case(
        (or_(func.lower(actor.c.name) == named, handle == named), 0),
        (community.c.actor_id.in_(_FOLLOWED), 1),
        (actor.c.local, 2),
        else_=3,
    )
    found = (
        select(community.c.actor_id, place.label("place"), actor.c.name)
        .select_from(community.join(actor, _ITS_ACTOR))
        .where(_takes_posts(), or_(*called))
        .order_by(place, actor.c.name, community.c.actor_id)
        .limit(bindparam("count"))
        .cte("found")
    )
    return _columns_of(found).order_by(found.c.place, found.c.name, found.c.actor_id)


_WRITABLE = _writable()
_WRITABLE_CALLED = _writable_called()


def list_writable(
    conn: Connection, viewer_id: int, now: datetime, *, text: str = "", limit: int = 200
) -> tuple[CommunityView, ...]:
    """The communities offered for a new post, of those that would take it: the ones the member
    follows, then local ones. With a `text`, those with it in their name, title or handle, also
    others that are known here.
    """
    called = text.strip().lstrip("!").lower()
    values = {**viewer_values(viewer_id, now), "count": limit}
    if called:
        values |= {"named": called, "like": containing(called)}
    rows = conn.execute(_WRITABLE_CALLED if called else _WRITABLE, values).mappings()
    return tuple(to_community(row) for row in rows)


_VISITED_AT = (
    select(follow.c.visited_at)
    .where(follow.c.target_id == actor.c.id, follow.c.follower_id == VIEWER)
    .correlate(actor)
    .scalar_subquery()
)
_IS_WATCHED = is_found(
    follow,
    follow.c.target_id == actor.c.id,
    follow.c.follower_id == VIEWER,
    follow.c.watched_since.is_not(None),
)
_IS_MUTED = is_found(
    muted_community,
    muted_community.c.community_id == actor.c.id,
    muted_community.c.person_id == VIEWER,
)
_PAGE = (
    select(
        *community_columns(actor, ""),
        *(actor.c[name] for name in ("summary_source", "summary_html", "image_url", "url")),
        community.c.hue,
        community.c.large_pictures,
        community.c.rule_names,
        _VISITED_AT.label("visited_at"),
        _IS_WATCHED.label("is_watched"),
        _IS_MUTED.label("is_muted"),
        *columns_of(CommunityBan, community_ban, prefix="ban_of_"),
    )
    .select_from(actor)
    .join(community, community.c.actor_id == actor.c.id)
    .outerjoin(
        community_ban,
        and_(community_ban.c.community_id == actor.c.id, community_ban.c.person_id == VIEWER),
    )
    .where(actor.c.id == bindparam("community", type_=BigId))
)
_MODERATORS = (
    select(*actor_columns(actor, ""))
    .join(moderator, moderator.c.person_id == actor.c.id)
    .where(moderator.c.community_id == bindparam("community", type_=BigId))
    .order_by(moderator.c.appointed_at, moderator.c.person_id)
)
_NOT_IN_THE_ROW = ("ban", "moderators", "standing", "is_refused")


def get_community_page(
    conn: Connection,
    community_id: int,
    *,
    viewer_id: int = NOBODY,
    is_admin: bool = False,
    now: datetime,
) -> CommunityPage:
    """The community with this row id, in two statements; in two more while the viewer's follow is
    waiting for the community's server. Raises NotFound.
    """
    wanted = {"community": community_id, "viewer": viewer_id}
    row = conn.execute(_PAGE, wanted).mappings().one_or_none()
    if row is None:
        raise NotFound("couldnt_find_community", "Community not found.")
    rows = conn.execute(_MODERATORS, {"community": community_id}).mappings()
    moderators = tuple(to_person(one, "") for one in rows)
    ban = None if row["ban_of_person_id"] is None else to_row(CommunityBan, row, "ban_of_")
    own = values_of(CommunityPage, without=_NOT_IN_THE_ROW)(row)
    found = CommunityPage(*(*own, None, moderators, Standing(), False))
    if viewer_id == NOBODY:
        return found
    return replace(
        found,
        ban=ban if ban is not None and ban.holds(now) else None,
        standing=Standing(
            is_moderator=any(person.id == viewer_id for person in moderators),
            is_admin=found.local and is_admin,
            ban=ban,
        ),
        is_refused=found.follow == "pending" and is_refused(conn, viewer_id, community_id),
    )


def is_refused(conn: Connection, viewer_id: int, community_id: int) -> bool:
    """Whether the viewer's request to follow it was refused or could not be delivered."""
    own_follow = find_follow(conn, viewer_id, community_id)
    return own_follow is not None and find_failure(conn, own_follow.iri) is not None
