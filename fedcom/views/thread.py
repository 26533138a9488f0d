"""The comments below a post: in tree order, and the tree built from them; as one flat list by time;
or for apps, level by level, as Lemmy lists them. One statement reads the comments, one their
authors, who are few.

Deleted and removed comments have an empty text: the tree needs their position, but the text must
not leave the database except for viewers who may judge a removal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)

from database.counting import count_up_to
from database.id_lists import one_of
from fedcom.db import BigId
from fedcom.models.comment import DIGITS, Comment, comment, comment_rank
from fedcom.queries.visibility import is_not_blocked, is_shown, reads_removed
from fedcom.rules.ranking import comment_hot, controversy
from fedcom.views.comment import (
    COMMENT_SHOWN,
    COMMENTS,
    CommentView,
    PostOfComment,
    author_columns,
    comment_columns,
    to_author,
    to_comment,
)
from fedcom.views.comment_feed import Order
from fedcom.views.community import CommunityView
from fedcom.views.paging import MAX_ID, Cursor, is_after_cursor, page_values
from fedcom.views.post import PostView, author
from fedcom.views.viewer import NOBODY, VIEWER, viewer_values

CAP = 1000
"""Comments per page of a thread."""

MOST = 300
"""Comments of a thread that apps get at once; Lemmy 0.19 has the same limit."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Comments in tree order, or by time, and the path or the cursor after which the next ones
    follow, None at the end.
    """

    comments: tuple[CommentView, ...]
    next_after: str | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """A part of a thread: `number` levels from the first one on, or `top` and `number` levels below
    it.
    """

    order: Order
    number: int
    top: Comment | None = None


@dataclass(frozen=True, slots=True)
class ByTime:
    """A page of a flat list of comments: the oldest first, or the newest."""

    newest: bool = False
    after: Cursor | None = None
    limit: int = CAP


@dataclass(frozen=True, slots=True)
class LevelsFound:
    """Comments level by level, and the Markdown of each by its id, "" if a peer sent none or the
    viewer may not read it. Only comments without Markdown have HTML.
    """

    comments: tuple[CommentView, ...]
    sources: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class AroundComments:
    """The post that comments are on, and its community."""

    post: PostOfComment
    community: CommunityView


def place_of(post: PostView) -> AroundComments:
    """The place of the comments on this post."""
    about = PostOfComment(post.id, post.iri, post.title, post.nsfw, post.locked_at)
    return AroundComments(about, post.community)


@dataclass(slots=True)
class Node:
    """A comment in the tree with its replies."""

    comment: CommentView
    children: list["Node"] = field(default_factory=list)


_COMMUNITY = bindparam("community", type_=BigId)
_IS_BEHIND = comment.c.path > bindparam("after", type_=comment.c.path.type)
# Exactly the paths from "p." up to, not including, "p/" are below "p": "/" follows "." in ASCII.
_IS_IN_BRANCH = or_(
    one_of(comment.c.id, "chosen"),
    and_(
        comment.c.path > bindparam("from", type_=comment.c.path.type),
        comment.c.path < bindparam("until", type_=comment.c.path.type),
    ),
)


# Hidden comments have no rank, and stand after their siblings.
_COLUMNS: Mapping[Order, ColumnElement[Any]] = {
    "hot": func.coalesce(comment_rank.c.hot, 0.0),
    "top": comment.c.upvotes - comment.c.downvotes,
    "new": comment.c.published_at,
    "old": comment.c.published_at,
    "controversial": func.coalesce(comment_rank.c.controversy, 0.0),
}


@cache
def _statement(*, is_branch: bool, guest: bool) -> Select[Any]:
    wanted = (
        comment.c.post_id == bindparam("post", type_=BigId),
        _IS_IN_BRANCH if is_branch else _IS_BEHIND,
    )
    columns = _columns(comment.c.body_html, guest=guest)
    ordered = select(*columns).where(*wanted).order_by(comment.c.path)
    return ordered.limit(bindparam("count"))


def _readable(*, guest: bool) -> ColumnElement[bool]:
    shown = is_shown(comment)
    return shown if guest else or_(shown, reads_removed(comment, _COMMUNITY, VIEWER))


def _columns(body_html: ColumnElement[str], *, guest: bool) -> list[ColumnElement[Any]]:
    readable = _readable(guest=guest)
    own_columns = comment_columns(
        body_html=case((readable, body_html), else_=""),
        content_warning=case((readable, comment.c.content_warning), else_=""),
        guest=guest,
    )
    return [comment.c.author_id, *own_columns]


@cache
def _authors(*, guest: bool) -> Select[Any]:
    return select(*author_columns(_COMMUNITY, guest=guest)).where(one_of(author.c.id, "ids"))


def find_thread(
    conn: Connection,
    post: PostView,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
    after: str = "",
    limit: int = CAP,
) -> Thread:
    """The comments on a post in tree order, at most `limit`, after the path `after`."""
    wanted = {**viewer_values(viewer_id, now), "after": after}
    statement = _statement(is_branch=False, guest=viewer_id == NOBODY)
    return _find(conn, statement, place_of(post), wanted, limit)


@cache
def _flat(*, newest: bool, has_cursor: bool, guest: bool) -> Select[Any]:
    key, row_id = comment.c.published_at, comment.c.id
    wanted = [comment.c.post_id == bindparam("post", type_=BigId)]
    if has_cursor:
        wanted.append(is_after_cursor(key, row_id, ascending=not newest))
    order = (key.desc(), row_id.desc()) if newest else (key, row_id)
    columns = _columns(comment.c.body_html, guest=guest)
    return select(*columns).where(*wanted).order_by(*order).limit(bindparam("count"))


def list_by_time(
    conn: Connection,
    post: PostView,
    wanted: ByTime,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
) -> Thread:
    """The comments on a post in one flat list."""
    after, is_guest = wanted.after, viewer_id == NOBODY
    values = {
        **page_values(after, wanted.limit, comment.c.published_at),
        **viewer_values(viewer_id, now),
    }
    statement = _flat(newest=wanted.newest, has_cursor=after is not None, guest=is_guest)
    found = _find(conn, statement, place_of(post), values, wanted.limit)
    if found.next_after is None:
        return found
    last = found.comments[-1]
    return replace(found, next_after=str(Cursor.after(last.published_at, last.id)))


MANY = 100
"""New comments are counted up to this number."""

_NEW = (
    select(comment.c.id)
    .select_from(COMMENTS)
    .where(
        COMMENT_SHOWN,
        comment.c.post_id == bindparam("post", type_=BigId),
        comment.c.id > bindparam("since", type_=BigId),
        comment.c.author_id != VIEWER,
        is_not_blocked(VIEWER, ids=[comment.c.author_id], hosts=[author.c.host]),
    )
)


_COUNT_NEW = select(count_up_to(_NEW, MANY))


def count_new_comments(
    conn: Connection, post_id: int, since: int, *, viewer_id: int = NOBODY
) -> int:
    """How many comments on a post that others wrote came after the one with the row id `since`, up
    to `MANY`: 0 also if the post is not shown, or does not exist.
    """
    if not 0 < post_id < MAX_ID:
        return 0
    wanted = {"post": post_id, "since": min(since, MAX_ID), "viewer": viewer_id}
    return int(conn.execute(_COUNT_NEW, wanted).scalar_one())


def find_branch(
    conn: Connection,
    post: PostView,
    top: Comment,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
    context: int = 3,
) -> Thread:
    """The comment `top`, up to `context` of its ancestors, and all comments below it, in tree
    order.
    """
    above = [int(part) for part in top.path.split(".")[-1 - context : -1]]
    wanted = {
        **viewer_values(viewer_id, now),
        "chosen": [*above, top.id],
        "from": f"{top.path}.",
        "until": f"{top.path}/",
    }
    statement = _statement(is_branch=True, guest=viewer_id == NOBODY)
    return _find(conn, statement, place_of(post), wanted, CAP)


def list_levels(
    conn: Connection,
    place: AroundComments,
    levels: Levels,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
) -> LevelsFound:
    """The comments of a thread: siblings together, in the chosen order, those of the first level
    first. Official ones precede their siblings, except by time.

    At most `MOST` of them, and none by whom the viewer blocks. Apps find further replies by asking
    for those below a comment whose `replies` they have not got (`max_depth` and `parent_id` in
    Lemmy 0.19).
    """
    top = levels.top
    wanted = {
        **viewer_values(viewer_id, now),
        "from": "" if top is None else top.path,
        "until": LAST if top is None else f"{top.path}/",
        "deepest": levels.number - 1 if top is None else top.depth + levels.number,
    }
    rows = _rows(conn, _levels(levels.order, guest=viewer_id == NOBODY), place, wanted, MOST)
    comments = _with_authors(conn, rows, place, wanted)
    return LevelsFound(comments, {row["id"]: row["body_source"] for row in rows})


LAST = ":"
"""After all paths: it follows the digits in ASCII."""


@cache
def _levels(order: Order, *, guest: bool) -> Select[Any]:
    path = comment.c.path
    # The digits and the dot of each ancestor.
    parent = func.substr(path, 1, comment.c.depth * DIGITS)
    key = _COLUMNS[order]
    siblings = [one.asc() if order == "old" else one.desc() for one in (key, comment.c.id)]
    if order not in {"new", "old"}:
        siblings.insert(0, comment.c.distinguished.desc())
    position = func.row_number().over(order_by=[parent, *siblings]).label("position")
    shown = [
        comment.c.post_id == bindparam("post", type_=BigId),
        path >= bindparam("from", type_=path.type),
        path < bindparam("until", type_=path.type),
        comment.c.depth <= bindparam("deepest", type_=BigId),
    ]
    if not guest:
        blocked = is_not_blocked(VIEWER, ids=[comment.c.author_id], hosts=[author.c.host])
        shown.append(blocked)
    chosen = (
        select(comment.c.id, position)
        .select_from(
            comment.join(author, author.c.id == comment.c.author_id).outerjoin(
                comment_rank, comment_rank.c.comment_id == comment.c.id
            )
        )
        .where(*shown)
        .order_by(position)
        .limit(bindparam("count"))
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    source = comment.c.body_source
    html = case((source == "", comment.c.body_html), else_="")
    readable_source = case((_readable(guest=guest), source), else_="").label("body_source")
    return (
        select(*_columns(html, guest=guest), readable_source)
        .join(chosen, chosen.c.id == comment.c.id)
        .order_by(chosen.c.position)
    )


def _find(
    conn: Connection,
    statement: Select[Any],
    place: AroundComments,
    wanted: dict[str, Any],
    limit: int,
) -> Thread:
    rows = _rows(conn, statement, place, wanted, limit + 1)
    comments = _with_authors(conn, rows[:limit], place, wanted)
    return Thread(comments, comments[-1].path if len(rows) > limit else None)


def _rows(
    conn: Connection,
    statement: Select[Any],
    place: AroundComments,
    wanted: dict[str, Any],
    count: int,
) -> Sequence[RowMapping]:
    parameters = {"post": place.post.id, "community": place.community.id, "count": count}
    return conn.execute(statement, parameters | wanted).mappings().all()


def _with_authors(
    conn: Connection, rows: Sequence[RowMapping], place: AroundComments, wanted: dict[str, Any]
) -> tuple[CommentView, ...]:
    if not rows:
        return ()
    ids = {row["author_id"] for row in rows}
    parameters = {"community": place.community.id, "ids": ids} | wanted
    found = conn.execute(_authors(guest=wanted["viewer"] == NOBODY), parameters).mappings()
    authors = {row["author_id"]: to_author(row) for row in found}
    return tuple(
        to_comment(row, authors[row["author_id"]], place.post, place.community) for row in rows
    )


def to_tree(comments: Iterable[CommentView], order: Order = "hot") -> list[Node]:
    """Comments in tree order → nested nodes, the replies to each sorted by `order`.

    Official ones precede the others beside them, except by time. A comment whose parent is missing
    becomes a root: nothing is lost if a thread is cut.
    """
    nodes: dict[int, Node] = {}
    roots: list[Node] = []
    for one in comments:
        node = nodes[one.id] = Node(one)
        parent = nodes.get(one.parent_id) if one.parent_id is not None else None
        (roots if parent is None else parent.children).append(node)
    key = _KEYS[order]
    for siblings in (roots, *(node.children for node in nodes.values())):
        siblings.sort(key=key, reverse=True)
    return roots


def _hot(node: Node) -> tuple[bool, float, int]:
    hot = comment_hot(node.comment.score, node.comment.published_at)
    return node.comment.distinguished, hot, node.comment.id


def _top(node: Node) -> tuple[bool, int, float, int]:
    # Ties keep their earlier order.
    return (
        node.comment.distinguished,
        node.comment.score,
        -node.comment.published_at.timestamp(),
        -node.comment.id,
    )


def _new(node: Node) -> tuple[float, int]:
    return node.comment.published_at.timestamp(), node.comment.id


def _old(node: Node) -> tuple[float, int]:
    return -node.comment.published_at.timestamp(), -node.comment.id


def _controversial(node: Node) -> tuple[bool, float, int]:
    key = controversy(node.comment.upvotes, node.comment.downvotes)
    return node.comment.distinguished, key, node.comment.id


# Each sorts the highest value first.
_KEYS: dict[Order, Callable[[Node], tuple[float, ...]]] = {
    "hot": _hot,
    "top": _top,
    "new": _new,
    "old": _old,
    "controversial": _controversial,
}
