"""Lists of posts, in pages that continue where the last one ended.

A list of twenty posts is one statement: posts, authors, communities, the viewer's votes and marks,
and the viewer's blocks. Ranked lists read `post_rank` only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from database.counting import count_up_to
from fedcom.db import BigId, UtcDateTime
from fedcom.models.actor import actor, community as community_table
from fedcom.models.follow import follow
from fedcom.models.personal import hidden_post, saved_post
from fedcom.models.post import post, post_rank
from fedcom.queries.visibility import is_not_blocked
from fedcom.views.paging import (
    MAX_ID,
    Cursor,
    Page,
    Start,
    is_after_cursor,
    is_first_page,
    one_page,
    page_values,
    to_page,
)
from fedcom.views.post import (
    EXCERPTS,
    EXCERPTS_FOR_GUESTS,
    SHOWN,
    SOURCE,
    PostView,
    author,
    group,
    post_reader,
)
from fedcom.views.viewer import NOBODY, VIEWER, viewer_values

Scope = Literal["subscribed", "local", "all", "community", "author", "saved", "hidden"]
Sort = Literal["active", "hot", "new", "top", "controversial"]
Span = Literal["day", "week", "month", "year", "all"]

SPANS: Mapping[Span, timedelta] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
"""How far back the top and controversial orders may look; "all" has no limit."""

SPANNED: tuple[Sort, ...] = ("top", "controversial")
"""The orders that take a span of time; the others lose rank with age anyway."""

PAGE = 20
"""Posts per page of a list."""

PINS = 10
"""The maximum of pinned posts at the top of the first page of a community."""

FEW = 2000
"""Sorting up to this many posts is faster than finding them among all (measured with 100 000
posts).
"""

FEW_RECENT = 500
"""The same for the posts of a year in one community, if there is an index of all of its posts."""

CONSIDERED = 5
"""Of a list that has to be sorted, so many times the posts of a page are read whole at first: the
others are only compared by their keys. If the viewer may see too few of them, all are read.
"""

_SAVED_AT: Mapping[Scope, Column[Any]] = {
    "saved": saved_post.c.saved_at,
    "hidden": hidden_post.c.hidden_at,
}
_KEYS: Mapping[Sort, ColumnElement[Any]] = {
    "active": post_rank.c.active,
    "hot": post_rank.c.hot,
    "new": post_rank.c.published_at,
    "top": post_rank.c.score,
    "controversial": post_rank.c.controversy,
}


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """The selection, order and starting point of a list of posts.

    `subject_id` is the community or author where the scope needs one. `nsfw` includes sensitive
    posts (a community's own page always does). `text` is the number of characters wanted of each
    post's HTML. Saved and hidden posts are in the order of saving and hiding.
    """

    scope: Scope = "all"
    sort: Sort = "active"
    span: Span = "all"
    subject_id: int = NOBODY
    after: Start = None
    limit: int = PAGE
    nsfw: bool = False
    text: int = 0


def read_cursor(text: str, sort: Sort) -> Cursor:
    """The cursor of a list in this order. Raises Invalid("cursor") if it is not from one of our
    pages.
    """
    return Cursor.read(text, whole=sort in {"new", "top"})


def list_posts(
    conn: Connection, wanted: FeedQuery, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> Page[PostView]:
    """One page of visible posts, in one statement; spans of time are counted back from `now`.

    Deleted and removed posts and posts in removed communities are never included; posts that the
    viewer hid or blocked only where the scope asks for them. `subscribed` is empty for guests. The
    first page of a community begins with its pinned posts, in addition to `limit`.
    """
    spanned = wanted.sort in SPANNED and wanted.scope not in _SAVED_AT
    shape = _Shape(
        wanted.scope,
        wanted.sort,
        wanted.span if spanned else "all",
        isinstance(wanted.after, Cursor),
        is_first_page(wanted.after),
        wanted.nsfw,
        viewer_id == NOBODY,
    )
    parameters: dict[str, Any] = {
        **viewer_values(viewer_id, now),
        **page_values(wanted.after, wanted.limit, _key(shape)),
        "text": wanted.text,
        "subject": wanted.subject_id,
    }
    if shape.span != "all":
        parameters["since"] = parameters["now"] - SPANS[shape.span]
    rows = _find(conn, shape, parameters)
    read = post_reader()
    pinned = [read(row) for row in rows if row["pin"]]
    page = to_page(rows[len(pinned) :], wanted.limit, read, "key")
    return replace(page, items=(*pinned, *page.items))


def _find(conn: Connection, shape: "_Shape", parameters: Mapping[str, Any]) -> Sequence[RowMapping]:
    """The pinned posts, then those of the page and one more."""
    most = (parameters["skip"] + parameters["count"]) * CONSIDERED
    statement = _statement(shape)
    rows = conn.execute(statement, {**parameters, "most": most}).mappings().all()
    listed = [row for row in rows if not row["pin"]]
    if not shape.is_sorted or len(listed) == parameters["count"]:
        return rows
    if listed and listed[0]["considered"] < most:
        return rows
    return conn.execute(statement, {**parameters, "most": MAX_ID}).mappings().all()


@dataclass(frozen=True, slots=True)
class _Shape:
    """The parameters that shape the statement; building a statement costs more than running it."""

    scope: Scope
    sort: Sort
    span: Span
    has_cursor: bool
    is_first: bool
    nsfw: bool
    is_guest: bool

    @property
    def is_young(self) -> bool:
        """Whether only posts of the last days or weeks are wanted."""
        return self.span in {"day", "week", "month"}

    @property
    def is_either(self) -> bool:
        """Whether it depends on the number of posts which way to them is shorter: to sort them, or
        to go down a list of more and skip those not wanted.
        """
        if self.scope == "community":
            return self.span == "year"
        return self.scope in _GROUPS and not self.is_young

    @property
    def is_sorted(self) -> bool:
        """Whether no index has the order, or not always, so that the posts have to be sorted."""
        return self.is_either or (self.is_young and self.scope in {"all", "community", *_GROUPS})


@cache
def _statement(shape: _Shape) -> Select[Any]:
    parts = [_listed(shape)]
    if shape.is_either:
        # The databases cannot know the number in advance: the statement has both ways, and the
        # unused one costs nothing. By its limit: for another condition, SQLite would read all posts
        # only to drop them.
        walked = case((_are_few(shape), 0), else_=bindparam("count"))
        parts.append(_listed(shape, walking=True).limit(walked))
    if shape.scope == "community" and shape.is_first:
        parts.append(_pins(shape))
    return _together(*parts) if len(parts) > 1 else parts[0]


def _together(*parts: Select[Any]) -> Select[Any]:
    whole = union_all(*(select(part.subquery()) for part in parts)).subquery()
    # A union has no order; these are a handful of rows.
    return select(whole).order_by(whole.c.pin.desc(), whole.c.key.desc(), whole.c.id.desc())


def _pins(shape: _Shape) -> Select[Any]:
    pinned = _select(shape, _key(shape), 1).where(
        post.c.community_id == _SUBJECT, post.c.featured_at.is_not(None)
    )
    return pinned.order_by(post.c.featured_at.desc()).limit(PINS)


def _listed(shape: _Shape, *, walking: bool = False) -> Select[Any]:
    """The list without pins. `walking`: go down a list of more posts and skip those not wanted."""
    if shape.is_sorted and not walking:
        return _picked(shape)
    key, post_id = _key(shape), post_rank.c.post_id
    statement = one_page(
        _select(shape, key, 0)
        .where(*_scope(shape.scope, walking=walking), *_bounds(shape, key, walking=walking))
        .order_by(key.desc(), post_id.desc())
    )
    return _without_pinned(shape, statement)


def _picked(shape: _Shape) -> Select[Any]:
    """The same, for a list that is sorted: the best are picked by `post_rank` alone, and only they
    are joined with all that decides whether the viewer sees them.
    """
    key, post_id = _key(shape), post_rank.c.post_id
    most: ColumnElement[int] = bindparam("most")
    if shape.is_either:
        most = case((_are_few(shape), most), else_=0)
    ranked = (
        select(post_id, key.label("key"))
        .where(*_scope(shape.scope), *_bounds(shape, key))
        .order_by(key.desc(), post_id.desc())
        .limit(most)
        .cte("ranked")
        .prefix_with("MATERIALIZED")
    )
    considered = select(func.count()).select_from(ranked).scalar_subquery()
    statement = one_page(
        _select(shape, ranked.c.key, 0, considered)
        .join(ranked, ranked.c.post_id == post.c.id)
        .order_by(ranked.c.key.desc(), ranked.c.post_id.desc())
    )
    return _without_pinned(shape, statement)


def _bounds(
    shape: _Shape, key: ColumnElement[Any], *, walking: bool = False
) -> list[ColumnElement[bool]]:
    """Which part of the list is wanted."""
    found: list[ColumnElement[bool]] = []
    if shape.span != "all":
        found.append(_checked(_IS_RECENT) if walking else _IS_RECENT)
    if shape.has_cursor:
        found.append(is_after_cursor(key, post_rank.c.post_id))
    return found


def _without_pinned(shape: _Shape, statement: Select[Any]) -> Select[Any]:
    return (
        statement.where(post.c.featured_at.is_(None)) if shape.scope == "community" else statement
    )


def _select(
    shape: _Shape,
    key: ColumnElement[Any],
    pin: int,
    considered: ColumnElement[int] | None = None,
) -> Select[Any]:
    columns = EXCERPTS_FOR_GUESTS if shape.is_guest else EXCERPTS
    source = RANKED
    if shape.scope in _SAVED_AT:
        kept = _SAVED_AT[shape.scope].table
        source = source.join(kept, kept.c.post_id == post.c.id)
    return (
        select(
            *columns,
            key.label("key"),
            literal_column(str(pin)).label("pin"),
            (literal_column("0") if considered is None else considered).label("considered"),
        )
        .select_from(source)
        .where(SHOWN, *_wishes(shape))
    )


def _key(shape: _Shape) -> ColumnElement[Any]:
    if shape.scope in _SAVED_AT:
        return _SAVED_AT[shape.scope]
    if shape.scope == "author" and shape.sort == "new":
        return post.c.published_at  # the index of an author's posts has this one
    # Few posts are this recent: they are found by time and sorted. Without the sum, SQLite would
    # walk down all posts by score to find those few.
    return _KEYS[shape.sort] + 0 if shape.is_young else _KEYS[shape.sort]


_IS_RECENT = post_rank.c.published_at > bindparam("since", type_=UtcDateTime)
RANKED = post_rank.join(SOURCE, post.c.id == post_rank.c.post_id)
_SUBJECT = bindparam("subject", type_=BigId)
_FOLLOWED = select(follow.c.target_id).where(follow.c.follower_id == VIEWER)
_LOCAL = select(actor.c.id).where(actor.c.local, actor.c.kind == "Group")
_GROUPS: Mapping[Scope, Select[Any]] = {"subscribed": _FOLLOWED, "local": _LOCAL}
"""The scopes that are a number of communities, and the ids of those."""


def _are_few(shape: _Shape) -> ColumnElement[bool]:
    if shape.scope == "community":
        recent = select(post_rank.c.post_id).where(*_scope(shape.scope), _IS_RECENT)
        return count_up_to(recent, FEW_RECENT + 1) <= FEW_RECENT
    posts = select(func.coalesce(func.sum(community_table.c.posts), 0))
    where = community_table.c.actor_id.in_(_GROUPS[shape.scope])
    return posts.where(where).scalar_subquery() <= FEW


def _checked(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Post by post: no index is used, and PostgreSQL expects to keep nearly every post."""
    return case((condition, 1), else_=0) != 0


def _scope(scope: Scope, *, walking: bool = False) -> list[ColumnElement[bool]]:
    where = post_rank.c.community_id
    if walking and scope in _GROUPS:
        return [_checked(where.in_(_GROUPS[scope]))]
    conditions: dict[Scope, list[ColumnElement[bool]]] = {
        "all": [],
        "local": [where.in_(_LOCAL)],
        "subscribed": [where.in_(_FOLLOWED)],
        "community": [where == _SUBJECT],
        "author": [post.c.author_id == _SUBJECT],
        "saved": [saved_post.c.person_id == VIEWER],
        "hidden": [hidden_post.c.person_id == VIEWER],
    }
    return conditions[scope]


def _wishes(shape: _Shape) -> list[ColumnElement[bool]]:
    """Leaves out what the viewer does not want to see, except on pages about exactly that."""
    if shape.scope in _SAVED_AT:
        return []
    ids: list[ColumnElement[Any]] = []
    hosts: list[ColumnElement[Any]] = []
    conditions = []
    if shape.scope != "community":
        ids.append(post.c.community_id)
    if shape.scope != "author":
        ids.append(post.c.author_id)
        hosts.append(author.c.host)
        if not shape.is_guest:
            conditions.append(_none(*_HIDDEN, hidden_post.c.post_id == post.c.id))
    if shape.scope not in {"community", "author"}:
        hosts.append(group.c.host)
    if not shape.is_guest:
        conditions.append(is_not_blocked(VIEWER, ids=ids, hosts=hosts))
    if not shape.nsfw and shape.scope != "community":
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    return conditions


_HIDDEN = (hidden_post.c.person_id == VIEWER,)


def _none(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """No such row exists, written so that PostgreSQL expects to keep nearly every post.

    It estimates that NOT IN and NOT EXISTS keep half of the rows, so that a few of them leave next
    to none, and then chooses joins that are a hundred times slower.
    """
    found = select(func.max(1)).where(*conditions).correlate(post, author, group)
    return func.coalesce(found.scalar_subquery(), 0) != 1
