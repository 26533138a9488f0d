"""Lists of posts, in pages that continue where the last one ended.

A list of twenty posts is one statement: posts, authors, communities, the viewer's votes and marks,
and the viewer's blocks. Ranked lists read `post_rank` only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    Column,
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
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from database.counting import count_up_to
from fedcom.db import BigId, UtcDateTime
from fedcom.models.actor import BOT_KINDS, community as community_table
from fedcom.models.personal import (
    followed_post,
    hidden_post,
    muted_post,
    post_visit,
    saved_post,
)
from fedcom.models.post import post, post_rank
from fedcom.models.vote import post_vote
from fedcom.queries.visibility import is_not_blocked, is_not_hidden
from fedcom.views.community import Sort as CommunitySort
from fedcom.views.paging import (
    MAX_ID,
    Cursor,
    Page,
    Start,
    first_rows,
    is_after_cursor,
    is_first_page,
    one_page,
    page_values,
    to_page,
)
from fedcom.views.planning import checked, unindexed
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
from fedcom.views.scopes import (
    CONSIDERED,
    GROUPS,
    Scope,
    are_few,
    none_of,
    ranked,
)
from fedcom.views.viewer import NOBODY, VIEWER, viewer_values

T = TypeVar("T")

Only = Literal["saved", "hidden", "followed", "muted", "liked", "disliked"]
Sort = Literal[
    "active",
    "hot",
    "scaled",
    "new",
    "old",
    "most_comments",
    "new_comments",
    "top",
    "controversial",
]
Span = Literal[
    "hour",
    "six_hours",
    "twelve_hours",
    "day",
    "week",
    "month",
    "three_months",
    "six_months",
    "nine_months",
    "year",
    "all",
]

SPANS: Mapping[Span, timedelta] = {
    "hour": timedelta(hours=1),
    "six_hours": timedelta(hours=6),
    "twelve_hours": timedelta(hours=12),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "three_months": timedelta(days=91),
    "six_months": timedelta(days=182),
    "nine_months": timedelta(days=273),
    "year": timedelta(days=365),
}
"""How far back the top and controversial orders may look; "all" has no limit."""

SPANNED: tuple[Sort, ...] = ("top", "controversial")
"""The orders that take a span of time; the others lose rank with age anyway."""

PAGE = 20
"""Posts per page of a list."""

PINS = 10
"""The maximum of pinned posts at the top of a first page."""

FEW_RECENT = 500
"""As `FEW`, for the posts of a year in one community, if there is an index of all of its posts."""

_SAVED_AT: Mapping[Only | None, Column[Any]] = {
    "saved": saved_post.c.saved_at,
    "hidden": hidden_post.c.hidden_at,
    "followed": followed_post.c.followed_at,
    "muted": muted_post.c.muted_at,
}
_VOTES: Mapping[Only | None, int] = {"liked": 1, "disliked": -1}
_PINNED: Mapping[Scope, Column[Any]] = {
    "community": post.c.featured_at,
    "local": post.c.site_featured_at,
    "all": post.c.site_featured_at,
}
"""The lists that begin with pinned posts, and since when a post is."""

RANK_KEYS: Mapping[Sort, Column[Any]] = {
    "active": post_rank.c.active,
    "hot": post_rank.c.hot,
    "scaled": post_rank.c.scaled,
    "new": post_rank.c.published_at,
    "old": post_rank.c.published_at,
    "most_comments": post_rank.c.comments,
    "new_comments": post_rank.c.commented_at,
    "top": post_rank.c.score,
    "controversial": post_rank.c.controversy,
}
"""The columns of `post_rank` by which posts are sorted."""


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """The selection, order and starting point of a list of posts.

    `subject_id` is the community or author where the scope needs one; `within_id` limits the posts
    of an author to one community. `nsfw` says whether sensitive posts are included; None: only on a
    community's own page. `text` is the number of characters wanted of each post's HTML.

    `only` limits the list to what the viewer saved, hid, follows, muted or voted on, without the
    votes that authors have on their own posts; all but the last are in the order of doing so.
    `show_read` and `show_hidden` include the posts that the viewer has read, or has hidden; an
    author's list always does (as in Lemmy 0.19). Without `show_bots`, posts of bots are left out,
    and with `languages`, those in other ones; one without a language is in all. `url` limits the
    list to posts with this link.
    """

    scope: Scope = "all"
    sort: Sort = "active"
    span: Span = "all"
    subject_id: int = NOBODY
    after: Start = None
    limit: int = PAGE
    nsfw: bool | None = None
    text: int = 0
    only: Only | None = None
    within_id: int = NOBODY
    show_read: bool = True
    show_hidden: bool = False
    show_bots: bool = True
    languages: tuple[str, ...] = ()
    url: str = ""


def communities_beside(sort: Sort, span: Span) -> CommunitySort:
    """The order of communities that are listed or searched with posts in this one, as in Lemmy
    0.19; but "active" by the people active in a month, where Lemmy has a rank of its own.
    """
    return _BY_SPAN.get(span, "active_day") if sort == "top" else _COMMUNITIES.get(sort, "active")


_BY_SPAN: Mapping[Span, CommunitySort] = {
    "week": "active_week",
    "month": "active",
    "three_months": "active_half_year",
    "six_months": "active_half_year",
    "nine_months": "subscribers",
    "year": "subscribers",
    "all": "subscribers",
}
_COMMUNITIES: Mapping[Sort, CommunitySort] = {
    "new": "new",
    "old": "old",
    "most_comments": "comments",
    "controversial": "comments",
    "new_comments": "active_day",
}


def read_cursor(text: str, sort: Sort) -> Cursor:
    """The cursor of a list in this order. Raises Invalid("cursor") if it is not from one of our
    pages.
    """
    return Cursor.read(text, whole=isinstance(RANK_KEYS[sort].type, Integer | UtcDateTime))


def list_posts(
    conn: Connection, wanted: FeedQuery, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> Page[PostView]:
    """One page of visible posts, in one statement; spans of time are counted back from `now`.

    Deleted and removed posts and posts in removed communities are never included; posts that the
    viewer hid or blocked only where the query asks for them. What depends on a viewer
    (`subscribed`, `moderated`, `only`) is empty for guests. The first page of a community begins
    with its pinned posts, in addition to `limit`; that of `all` and `local` with those pinned on
    the site. Posts in hidden communities are in those two lists for followers only.
    """
    return _list(conn, wanted, viewer_id, now, post_reader(), ids_only=False)


def list_post_ids(
    conn: Connection, wanted: FeedQuery, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> Page[int]:
    """As `list_posts`, the row ids only: for apps, whose posts are read in full by their ids."""
    return _list(conn, wanted, viewer_id, now, itemgetter("id"), ids_only=True)


def _list(
    conn: Connection,
    wanted: FeedQuery,
    viewer_id: int,
    now: datetime | None,
    read: Callable[[RowMapping], T],
    *,
    ids_only: bool,
) -> Page[T]:
    spanned = wanted.sort in SPANNED and wanted.only not in _SAVED_AT
    shape = _Shape(
        wanted.scope,
        wanted.sort,
        wanted.span if spanned else "all",
        isinstance(wanted.after, Cursor),
        is_first_page(wanted.after),
        (wanted.scope == "community") if wanted.nsfw is None else wanted.nsfw,
        viewer_id == NOBODY,
        wanted.only,
        wanted.scope == "author" and wanted.within_id != NOBODY,
        wanted.show_read,
        wanted.show_hidden,
        wanted.show_bots or wanted.scope == "author",
        wanted.languages != (),
        wanted.url != "",
        ids_only,
        first_rows(wanted.after, wanted.limit),
    )
    parameters: dict[str, Any] = {
        **viewer_values(viewer_id, now),
        **page_values(wanted.after, wanted.limit, _key(shape)),
        "text": wanted.text,
        "subject": wanted.subject_id,
        "within": wanted.within_id,
        "url": wanted.url,
        "languages": wanted.languages,
    }
    if shape.span != "all":
        parameters["since"] = parameters["now"] - SPANS[shape.span]
    rows = _find(conn, shape, parameters)
    pinned = [read(row) for row in rows if row["pin"]]
    page = to_page(rows[len(pinned) :], wanted.limit, read, "key")
    return replace(page, items=(*pinned, *page.items))


def _find(conn: Connection, shape: "_Shape", parameters: Mapping[str, Any]) -> Sequence[RowMapping]:
    """The pinned posts, then those of the page and one more."""
    most = (parameters["skip"] + parameters["count"]) * CONSIDERED
    rows = conn.execute(_statement(shape), {**parameters, "most": most}).mappings().all()
    listed = [row for row in rows if not row["pin"]]
    if not shape.is_sorted or len(listed) == parameters["count"]:
        return rows
    if listed and listed[0]["considered"] < most:
        return rows
    statement = _statement(replace(shape, is_whole=True))
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
    only: Only | None
    is_within: bool
    show_read: bool
    show_hidden: bool
    show_bots: bool
    has_languages: bool
    is_of_link: bool
    ids_only: bool
    rows: int  # `first_rows`
    is_whole: bool = False  # all of a sorted list are considered, not the best only

    @property
    def is_ascending(self) -> bool:
        """Whether the smallest key comes first."""
        return self.sort == "old" and self.only not in _SAVED_AT

    @property
    def is_young(self) -> bool:
        """Whether only posts of the last hours, days or weeks are wanted."""
        return self.span != "all" and SPANS[self.span] <= SPANS["month"]

    @property
    def has_pins(self) -> bool:
        """Whether pinned posts stand above the list, and not in it."""
        return self.scope in _PINNED and self.only is None and not self.is_of_link

    @property
    def has_parts(self) -> bool:
        """Whether the statement puts several lists together."""
        return self.is_either or (self.has_pins and self.is_first)

    @property
    def is_either(self) -> bool:
        """Whether it depends on the number of posts which way to them is shorter: to sort them, or
        to go down a list of more and skip those not wanted.
        """
        if self.only is not None or self.is_of_link:
            return False
        if self.scope == "community":
            return self.span != "all" and not self.is_young
        return self.scope in GROUPS and not self.is_young

    @property
    def is_sorted(self) -> bool:
        """Whether no index has the order, or not always, so that the posts have to be sorted."""
        if self.only is not None:
            return self.only in _VOTES
        if self.is_of_link:
            return True
        return self.is_either or (self.is_young and self.scope in {"all", "community", *GROUPS})


@cache
def _statement(shape: _Shape) -> Select[Any]:
    parts = [_listed(shape)]
    if shape.is_either:
        # The databases cannot know the number in advance: the statement has both ways, and the
        # unused one costs nothing. By its limit: for another condition, SQLite would read all posts
        # only to drop them.
        unused = case((_are_few(shape), 0), else_=bindparam("count"))
        walked = _listed(shape, walking=True)
        if shape.rows:
            walked = select(walked.subquery("nearest"))
        parts.append(walked.limit(unused))
    if shape.has_pins and shape.is_first:
        parts.append(_pins(shape))
    return _together(shape, *parts) if shape.has_parts else parts[0]


def _together(shape: _Shape, *parts: Select[Any]) -> Select[Any]:
    """The posts of all these parts, which have ids only: what a post shows is said once."""
    both = union_all(*(select(part.subquery()) for part in parts))
    whole = both.cte("whole").prefix_with("MATERIALIZED")
    if shape.ids_only:
        found = select(whole)
    else:
        found = (
            select(*_columns(shape), whole.c.key, whole.c.pin, whole.c.considered)
            .select_from(SOURCE)
            .join(whole, whole.c.id == post.c.id)
        )
    # A union has no order; these are a handful of rows.
    return found.order_by(whole.c.pin.desc(), *_in_order(shape, whole.c.key, whole.c.id))


def _columns(shape: _Shape) -> Sequence[ColumnElement[Any]]:
    if shape.ids_only:
        return [post.c.id]
    return EXCERPTS_FOR_GUESTS if shape.is_guest else EXCERPTS


def _in_order(
    shape: _Shape, key: ColumnElement[Any], row_id: ColumnElement[int]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (key.asc(), row_id.asc()) if shape.is_ascending else (key.desc(), row_id.desc())


def _pins(shape: _Shape) -> Select[Any]:
    since = _PINNED[shape.scope]
    # Some posts out of all: as an operand, so that these are found by their own index.
    scope = _scope(shape, walking=True)
    if shape.scope == "community":
        scope = [post.c.community_id == _SUBJECT]
    conditions = since.is_not(None), *scope, *_unread(shape)
    pinned = _select(shape, _key(shape), 1).where(*conditions)
    return pinned.order_by(since.desc()).limit(PINS)


def _listed(shape: _Shape, *, walking: bool = False) -> Select[Any]:
    """The list without pins. `walking`: go down a list of more posts and skip those not wanted."""
    if shape.is_sorted and not walking:
        return _picked(shape)
    key, post_id = _key(shape), post_rank.c.post_id
    statement = one_page(
        _select(shape, key, 0)
        .where(*_scope(shape, walking=walking), *_bounds(shape, key, walking=walking))
        .order_by(*_in_order(shape, key, post_id)),
        shape.rows,
    )
    return _without_pinned(shape, statement)


def _picked(shape: _Shape) -> Select[Any]:
    """The same, for a list that is sorted: the best are picked by `post_rank` alone, and only they
    are joined with all that decides whether the viewer sees them.
    """
    key, post_id = _key(shape), post_rank.c.post_id
    source: FromClause = post_rank
    if shape.only in _VOTES:
        voted = and_(post_vote.c.post_id == post_id, post_vote.c.voter_id == VIEWER)
        source = source.join(post_vote, voted)
    if shape.scope == "author" or shape.is_of_link:
        source = source.join(post, post.c.id == post_id)
    best = ranked(
        select(post_id, key.label("key"))
        .select_from(source)
        .where(*_scope(shape), *_bounds(shape, key))
        .order_by(*_in_order(shape, key, post_id)),
        0 if shape.is_whole else shape.rows,
        _are_few(shape) if shape.is_either else None,
    )
    considered = select(func.count()).select_from(best).scalar_subquery()
    statement = one_page(
        _select(shape, best.c.key, 0, considered)
        .join(best, best.c.post_id == post.c.id)
        .order_by(*_in_order(shape, best.c.key, best.c.post_id)),
        shape.rows,
    )
    return _without_pinned(shape, statement)


def _bounds(
    shape: _Shape, key: ColumnElement[Any], *, walking: bool = False
) -> list[ColumnElement[bool]]:
    """Which part of the list is wanted."""
    found: list[ColumnElement[bool]] = []
    if shape.span != "all":
        found.append(checked(_IS_RECENT) if walking else _IS_RECENT)
    if shape.only in _VOTES:
        found.append(post_vote.c.score == _VOTES[shape.only])
    found += _unread(shape)
    if shape.has_cursor:
        row_id = post_rank.c.post_id
        found.append(is_after_cursor(key, row_id, ascending=shape.is_ascending))
    return found


def _unread(shape: _Shape) -> list[ColumnElement[bool]]:
    is_own_list = shape.scope == "author" or shape.only in _SAVED_AT
    return [] if shape.show_read or shape.is_guest or is_own_list else [none_of(*_READ)]


def _without_pinned(shape: _Shape, statement: Select[Any]) -> Select[Any]:
    since = _PINNED[shape.scope] if shape.has_pins else None
    return statement if since is None else statement.where(since.is_(None))


def _select(
    shape: _Shape,
    key: ColumnElement[Any],
    pin: int,
    considered: ColumnElement[int] | None = None,
) -> Select[Any]:
    source = RANKED
    if shape.only in _SAVED_AT:
        kept = _SAVED_AT[shape.only].table
        source = source.join(kept, kept.c.post_id == post.c.id)
    return (
        select(
            *([post.c.id] if shape.has_parts else _columns(shape)),
            key.label("key"),
            literal_column(str(pin)).label("pin"),
            (literal_column("0") if considered is None else considered).label("considered"),
        )
        .select_from(source)
        .where(SHOWN, *_wishes(shape))
    )


def _key(shape: _Shape) -> ColumnElement[Any]:
    if shape.only in _SAVED_AT:
        return _SAVED_AT[shape.only]
    if shape.only in _VOTES or shape.is_of_link:
        return unindexed(RANK_KEYS[shape.sort])
    if shape.scope == "author" and shape.sort in {"new", "old"}:
        return post.c.published_at  # the index of an author's posts has this one
    if shape.scope == "community" and shape.sort == "scaled":
        return post_rank.c.hot  # all posts there are scaled by the same number
    # Few posts are this recent: they are found by time and sorted. Without the sum, SQLite would
    # walk down all posts by score to find those few.
    return RANK_KEYS[shape.sort] + 0 if shape.is_young else RANK_KEYS[shape.sort]


_IS_RECENT = post_rank.c.published_at > bindparam("since", type_=UtcDateTime)
RANKED = post_rank.join(SOURCE, post.c.id == post_rank.c.post_id)
_SUBJECT = bindparam("subject", type_=BigId)


def _are_few(shape: _Shape) -> ColumnElement[bool]:
    if shape.scope == "community":
        recent = select(post_rank.c.post_id).where(*_scope(shape), _IS_RECENT)
        return count_up_to(recent, FEW_RECENT + 1) <= FEW_RECENT
    return are_few(community_table.c.posts, GROUPS[shape.scope])


def _scope(shape: _Shape, *, walking: bool = False) -> list[ColumnElement[bool]]:
    where = post_rank.c.community_id
    conditions: list[ColumnElement[bool]] = []
    if shape.scope in GROUPS:
        conditions.append(where.in_(GROUPS[shape.scope]))
    elif shape.scope == "community":
        conditions.append(where == _SUBJECT)
    elif shape.scope == "author":
        conditions.append(post.c.author_id == _SUBJECT)
    if shape.is_within:
        conditions.append(where == bindparam("within", type_=BigId))
    if walking or shape.only is not None or shape.is_of_link:
        conditions = [checked(one) for one in conditions]
    if shape.is_of_link:
        conditions.append(post.c.url == bindparam("url", type_=Text))
    if shape.only in _SAVED_AT:
        conditions.append(_SAVED_AT[shape.only].table.c.person_id == VIEWER)
    return conditions


def _wishes(shape: _Shape) -> list[ColumnElement[bool]]:
    """Leaves out what the viewer does not want to see, except on pages about exactly that."""
    if shape.only in _SAVED_AT:
        return []
    ids: list[ColumnElement[Any]] = []
    hosts: list[ColumnElement[Any]] = []
    conditions = []
    if shape.scope != "community":
        ids.append(post.c.community_id)
    if shape.scope != "author":
        ids.append(post.c.author_id)
        hosts.append(author.c.host)
        if not shape.is_guest and not shape.show_hidden:
            conditions.append(none_of(*_HIDDEN))
    if shape.scope not in {"community", "author"}:
        hosts.append(group.c.host)
    # As in Lemmy 0.19: moderators see what is posted in their communities, whoever posts it.
    if not shape.is_guest and shape.scope != "moderated":
        conditions.append(is_not_blocked(VIEWER, ids=ids, hosts=hosts))
    if shape.scope in {"all", "local"} and shape.only is None:
        conditions.append(is_not_hidden(community_table, VIEWER, guest=shape.is_guest))
    if shape.only in _VOTES:
        conditions.append(post.c.author_id != VIEWER)
    return conditions + _kinds(shape)


def _kinds(shape: _Shape) -> list[ColumnElement[bool]]:
    """Leaves out the kinds of posts that the viewer does not want."""
    conditions: list[ColumnElement[bool]] = []
    if not shape.show_bots:
        conditions.append(author.c.kind.not_in(BOT_KINDS))
    if shape.has_languages:
        known: ColumnElement[Any] = bindparam("languages", expanding=True)
        conditions.append(or_(post.c.language.is_(None), post.c.language.in_(known)))
    if not shape.nsfw:
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    return conditions


_HIDDEN = (hidden_post.c.person_id == VIEWER, hidden_post.c.post_id == post.c.id)
_READ = (post_visit.c.person_id == VIEWER, post_visit.c.post_id == post_rank.c.post_id)
