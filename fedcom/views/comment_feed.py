"""Lists of comments from many threads, in pages: of communities, of an author, of one post, and
those that a member saved or voted on.

Ranked lists read `comment_rank` only; a page is one statement, or two if the viewer may see few of
the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from fedcom.db import BigId, UtcDateTime
from fedcom.models.actor import community as community_table
from fedcom.models.comment import comment, comment_rank
from fedcom.models.personal import saved_comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote
from fedcom.queries.visibility import is_not_blocked, is_not_hidden
from fedcom.views import scopes
from fedcom.views.comment import (
    COMMENT_SHOWN,
    COMMENTS,
    LISTED,
    LISTED_FOR_GUESTS,
    CommentView,
    to_listed,
)
from fedcom.views.feed import FeedQuery, Sort
from fedcom.views.paging import (
    MAX_ID,
    Cursor,
    Page,
    Start,
    first_rows,
    is_after_cursor,
    one_page,
    page_values,
    to_page,
)
from fedcom.views.planning import checked, unindexed
from fedcom.views.post import author, group
from fedcom.views.scopes import CONSIDERED, GROUPS, are_few, ranked
from fedcom.views.viewer import NOBODY, VIEWER, viewer_values

Scope = scopes.Scope | Literal["post"]
Only = Literal["saved", "liked", "disliked"]
Order = Literal["hot", "top", "new", "old", "controversial"]

PAGE = 20
"""Comments per page of a list."""

COMMENT_KEYS: Mapping[Order, Column[Any]] = {
    "hot": comment_rank.c.hot,
    "top": comment_rank.c.score,
    "new": comment_rank.c.published_at,
    "old": comment_rank.c.published_at,
    "controversial": comment_rank.c.controversy,
}
"""The columns of `comment_rank` by which comments are sorted."""
_VOTES: Mapping[Only | None, int] = {"liked": 1, "disliked": -1}
_GROUPS: Mapping[Scope, Select[Any]] = dict(GROUPS.items())


@dataclass(frozen=True, slots=True)
class CommentQuery:
    """The selection, order and starting point of a list of comments.

    `subject_id` is the community, author or post where the scope needs one; `within_id` limits the
    comments of an author to one community, and `below` those on a post to a comment, by its path,
    and its replies. `nsfw` says whether comments on sensitive posts are included; None: only for
    one community or post.

    `only` limits the list to what the viewer saved or voted on, without the votes that authors have
    on their own comments; saved comments are in the order of saving.
    """

    scope: Scope = "all"
    sort: Order = "hot"
    subject_id: int = NOBODY
    after: Start = None
    limit: int = PAGE
    nsfw: bool | None = None
    only: Only | None = None
    within_id: int = NOBODY
    below: str = ""


def comments_beside(posts: FeedQuery) -> CommentQuery:
    """The comments of the same author or communities, in the order that goes with theirs."""
    return CommentQuery(
        posts.scope,
        order_beside(posts.sort),
        posts.subject_id,
        posts.after,
        posts.limit,
        posts.nsfw,
        within_id=posts.within_id,
    )


def order_beside(sort: Sort) -> Order:
    """The order of comments that are listed or searched with posts in this one, as in Lemmy
    0.19.
    """
    return _BESIDE.get(sort, "new")


_BESIDE: Mapping[Sort, Order] = {
    "active": "hot",
    "hot": "hot",
    "scaled": "hot",
    "old": "old",
    "top": "top",
    "controversial": "controversial",
}


def read_comment_cursor(text: str, sort: Order) -> Cursor:
    """The cursor of a list in this order. Raises Invalid("cursor") if it is not from one of our
    pages.
    """
    return Cursor.read(text, whole=isinstance(COMMENT_KEYS[sort].type, Integer | UtcDateTime))


def list_comments(
    conn: Connection, wanted: CommentQuery, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> Page[CommentView]:
    """One page of visible comments on visible posts in open communities.

    What the viewer blocks is left out, except on the pages of exactly that and among saved
    comments; what is written in hidden communities is in `all` and `local` for followers only.
    What depends on a viewer (`subscribed`, `moderated`, `only`) is empty for guests.
    """
    shape = _CommentShape(
        wanted.scope,
        wanted.sort,
        isinstance(wanted.after, Cursor),
        (wanted.scope in {"community", "post"}) if wanted.nsfw is None else wanted.nsfw,
        viewer_id == NOBODY,
        wanted.only,
        wanted.scope == "author" and wanted.within_id != NOBODY,
        wanted.scope == "post" and wanted.below != "",
        first_rows(wanted.after, wanted.limit),
    )
    parameters: dict[str, Any] = {
        **viewer_values(viewer_id, now),
        **page_values(wanted.after, wanted.limit, _key(shape)),
        "subject": wanted.subject_id,
        "within": wanted.within_id,
        # Exactly the paths from "p." up to, not including, "p/" are below "p": "/" follows ".".
        "from": wanted.below,
        "until": f"{wanted.below}/",
    }
    return to_page(_find(conn, shape, parameters), wanted.limit, to_listed, "key")


def _find(
    conn: Connection, shape: "_CommentShape", parameters: Mapping[str, Any]
) -> Sequence[RowMapping]:
    most = (parameters["skip"] + parameters["count"]) * CONSIDERED
    rows = conn.execute(_statement(shape), {**parameters, "most": most}).mappings().all()
    if not shape.is_sorted or len(rows) == parameters["count"]:
        return rows
    if rows and rows[0]["considered"] < most:
        return rows
    statement = _statement(replace(shape, is_whole=True))
    return conn.execute(statement, {**parameters, "most": MAX_ID}).mappings().all()


@dataclass(frozen=True, slots=True)
class _CommentShape:
    """The parameters that shape the statement."""

    scope: Scope
    sort: Order
    has_cursor: bool
    nsfw: bool
    is_guest: bool
    only: Only | None
    is_within: bool
    is_below: bool
    rows: int  # `first_rows`
    is_whole: bool = False  # all of a sorted list are considered, not the best only

    @property
    def is_ascending(self) -> bool:
        """Whether the smallest key comes first."""
        return self.sort == "old" and self.only != "saved"

    @property
    def is_either(self) -> bool:
        """Whether it depends on the number of comments which way to them is shorter: to sort them,
        or to go down a list of more and skip those not wanted.
        """
        return self.only is None and self.scope in _GROUPS

    @property
    def is_sorted(self) -> bool:
        """Whether no index has the order, or not always, so that the comments have to be sorted."""
        if self.only is not None:
            return self.only in _VOTES
        if self.scope in {"author", "post"}:
            return self.sort not in {"new", "old"} or self.is_below
        return self.is_either


@cache
def _statement(shape: _CommentShape) -> Select[Any]:
    if not shape.is_sorted:
        return _walked(shape)
    if not shape.is_either:
        return _picked(shape)
    # As for posts: the statement has both ways, and the unused one costs nothing.
    unused = case((_are_few(shape), 0), else_=bindparam("count"))
    parts = _picked(shape), _walked(shape).limit(unused)
    whole = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(whole).order_by(*_in_order(shape, whole.c.key, whole.c.id))


def _walked(shape: _CommentShape) -> Select[Any]:
    """The page of a list whose order an index has."""
    key = _key(shape)
    conditions = _scope(shape, walking=True) + _bounds(shape, key)
    statement = _select(shape, key).where(*conditions)
    statement = statement.order_by(*_in_order(shape, key, _row_id(key)))
    page = one_page(statement, shape.rows)
    if not shape.rows or not shape.is_either:
        return page
    # Around it is another limit: none of these, if they are sorted.
    return select(page.subquery("nearest"))


def _picked(shape: _CommentShape) -> Select[Any]:
    """The page of a list that is sorted: the best are picked by `comment_rank`, and only they are
    joined with all that decides whether the viewer sees them.
    """
    key, comment_id = _key(shape), comment_rank.c.comment_id
    source: FromClause = comment_rank
    conditions = _scope(shape) + _bounds(shape, key)
    if shape.only in _VOTES:
        voted = and_(comment_vote.c.comment_id == comment_id, comment_vote.c.voter_id == VIEWER)
        source = source.join(comment_vote, voted)
        conditions.append(comment_vote.c.score == _VOTES[shape.only])
    if shape.scope in {"author", "post"}:
        source = source.join(comment, comment.c.id == comment_id)
    best = ranked(
        select(comment_id, key.label("key"))
        .select_from(source)
        .where(*conditions)
        .order_by(*_in_order(shape, key, comment_id)),
        0 if shape.is_whole else shape.rows,
        _are_few(shape) if shape.is_either else None,
    )
    considered = select(func.count()).select_from(best).scalar_subquery()
    statement = (
        _select(shape, best.c.key, considered)
        .join(best, best.c.comment_id == comment.c.id)
        .order_by(*_in_order(shape, best.c.key, best.c.comment_id))
    )
    return one_page(statement, shape.rows)


def _in_order(
    shape: _CommentShape, key: ColumnElement[Any], row_id: ColumnElement[int]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (key.asc(), row_id.asc()) if shape.is_ascending else (key.desc(), row_id.desc())


def _select(
    shape: _CommentShape, key: ColumnElement[Any], considered: ColumnElement[int] | None = None
) -> Select[Any]:
    source: FromClause = COMMENTS.join(comment_rank, comment_rank.c.comment_id == comment.c.id)
    if shape.only == "saved":
        source = source.join(saved_comment, saved_comment.c.comment_id == comment.c.id)
    return (
        select(
            *(LISTED_FOR_GUESTS if shape.is_guest else LISTED),
            key.label("key"),
            (literal_column("0") if considered is None else considered).label("considered"),
        )
        .select_from(source)
        .where(COMMENT_SHOWN, *_wishes(shape))
    )


def _key(shape: _CommentShape) -> ColumnElement[Any]:
    if shape.only == "saved":
        return saved_comment.c.saved_at
    if shape.only in _VOTES:
        return unindexed(COMMENT_KEYS[shape.sort])
    if shape.scope in {"author", "post"}:
        # The indexes of an author's and of a post's comments have the time; the others are sorted.
        is_by_time = shape.sort in {"new", "old"} and not shape.is_below
        return comment.c.published_at if is_by_time else unindexed(COMMENT_KEYS[shape.sort])
    return COMMENT_KEYS[shape.sort]


_SUBJECT = bindparam("subject", type_=BigId)


def _scope(shape: _CommentShape, *, walking: bool = False) -> list[ColumnElement[bool]]:
    where = comment_rank.c.community_id
    conditions: list[ColumnElement[bool]] = []
    if shape.scope in _GROUPS:
        inside = where.in_(_GROUPS[shape.scope])
        conditions.append(checked(inside) if walking else inside)
    elif shape.scope == "community":
        conditions.append(where == _SUBJECT)
    elif shape.scope == "author":
        conditions.append(comment.c.author_id == _SUBJECT)
    elif shape.scope == "post":
        conditions.append(comment.c.post_id == _SUBJECT)
    if shape.is_within:
        conditions.append(checked(where == bindparam("within", type_=BigId)))
    if shape.is_below:
        path = comment.c.path
        first, last = (bindparam(name, type_=path.type) for name in ("from", "until"))
        conditions += [path >= first, path < last]
    if shape.only is not None:
        conditions = [checked(one) for one in conditions]
    if shape.only == "saved":
        conditions.append(saved_comment.c.person_id == VIEWER)
    return conditions


def _bounds(shape: _CommentShape, key: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    if not shape.has_cursor:
        return []
    return [is_after_cursor(key, _row_id(key), ascending=shape.is_ascending)]


def _row_id(key: ColumnElement[Any]) -> Column[int]:
    """The id of the comment in the table that the key is in, whose index has both."""
    return comment.c.id if getattr(key, "table", None) is comment else comment_rank.c.comment_id


def _are_few(shape: _CommentShape) -> ColumnElement[bool]:
    return are_few(community_table.c.comments, _GROUPS[shape.scope])


def _wishes(shape: _CommentShape) -> list[ColumnElement[bool]]:
    """Leaves out what the viewer does not want to see, except on pages about exactly that."""
    if shape.only == "saved":
        return []
    ids: list[ColumnElement[Any]] = []
    hosts: list[ColumnElement[Any]] = []
    conditions: list[ColumnElement[bool]] = []
    if shape.scope not in {"community", "post"}:
        ids.append(post.c.community_id)
        if shape.scope != "author":
            hosts.append(group.c.host)
    if shape.scope != "author":
        ids.append(comment.c.author_id)
        hosts.append(author.c.host)
    # As in Lemmy 0.19: moderators see what is written in their communities, whoever writes it.
    if not shape.is_guest and shape.scope != "moderated":
        conditions.append(is_not_blocked(VIEWER, ids=ids, hosts=hosts))
    if shape.scope in {"all", "local"} and shape.only is None:
        conditions.append(is_not_hidden(community_table, VIEWER, guest=shape.is_guest))
    if not shape.nsfw:
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    if shape.only in _VOTES:
        conditions.append(comment.c.author_id != VIEWER)
    return conditions
