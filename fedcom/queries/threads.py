"""The comments below a post, in tree order, in one statement; and the tree made of them.

Rows of comments that were deleted or removed are given with an empty text: their place in the tree
is needed, their words must not leave the database, but for those who may judge a removal.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, case, exists, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor
from fedcom.models.comment import Comment, comment
from fedcom.models.personal import actor_block, host_block, saved_comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote
from fedcom.queries.people import NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.visibility import reads_removed
from fedcom.rules.ranking import comment_hot, controversy

CAP = 1000
"""Comments in one page of a thread."""

Order = Literal["hot", "top", "new", "old", "controversial"]


@dataclass(frozen=True, slots=True)
class CommentLine:
    """A comment as threads show it, with its author's name and the viewer's vote (-1, 0, 1)."""

    id: int
    iri: str
    post_id: int
    parent_id: int | None
    path: str
    depth: int
    body_html: str
    content_warning: str
    language: str | None
    published_at: datetime
    updated_at: datetime | None
    is_deleted: bool
    is_removed: bool
    is_locked: bool
    upvotes: int
    downvotes: int
    replies: int
    vote: int
    is_saved: bool
    # The viewer does not want to see this author, or the author's server.
    is_blocked: bool
    author: ActorRef

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.upvotes - self.downvotes

    @property
    def is_shown(self) -> bool:
        """Neither deleted by its author nor removed by a moderator."""
        return not (self.is_deleted or self.is_removed)


@dataclass(frozen=True, slots=True)
class Thread:
    """Comments in tree order, and the path after which the next ones are, None at the end."""

    lines: tuple[CommentLine, ...]
    next_after: str | None = None


@dataclass(slots=True)
class Node:
    """A comment in the tree with its answers."""

    line: CommentLine
    children: list["Node"] = field(default_factory=list)


_author = actor.alias("author")
_viewer: BindParameter[int] = bindparam("viewer", type_=BigId)
_place_id = (
    select(post.c.community_id)
    .where(post.c.id == comment.c.post_id)
    .correlate(comment)
    .scalar_subquery()
)
_is_readable = or_(
    and_(comment.c.deleted_at.is_(None), comment.c.removed_at.is_(None)),
    reads_removed(comment, _place_id, _viewer),
)

_LINE = (
    comment.c.id,
    comment.c.iri,
    comment.c.post_id,
    comment.c.parent_id,
    comment.c.path,
    comment.c.depth,
    case((_is_readable, comment.c.body_html), else_="").label("body_html"),
    case((_is_readable, comment.c.content_warning), else_="").label("content_warning"),
    comment.c.language,
    comment.c.published_at,
    comment.c.updated_at,
    comment.c.deleted_at.is_not(None).label("is_deleted"),
    comment.c.removed_at.is_not(None).label("is_removed"),
    comment.c.locked_at.is_not(None).label("is_locked"),
    comment.c.upvotes,
    comment.c.downvotes,
    comment.c.replies,
)
_VOTE = len(_LINE)
_is_saved = exists().where(
    saved_comment.c.comment_id == comment.c.id, saved_comment.c.person_id == _viewer
)
_is_blocked = or_(
    exists().where(
        actor_block.c.person_id == _viewer, actor_block.c.blocked_id == comment.c.author_id
    ),
    exists().where(host_block.c.person_id == _viewer, host_block.c.host == _author.c.host),
)


def _lines() -> Select[Any]:
    return (
        select(*_LINE, comment_vote.c.score, _is_saved, _is_blocked, *name_columns(_author))
        .select_from(comment)
        .join(_author, _author.c.id == comment.c.author_id)
        .outerjoin(
            comment_vote,
            and_(
                comment_vote.c.comment_id == comment.c.id,
                comment_vote.c.voter_id == bindparam("viewer"),
            ),
        )
        .where(comment.c.post_id == bindparam("post"))
        .order_by(comment.c.path)
        .limit(bindparam("count"))
    )


_THREAD = _lines().where(comment.c.path > bindparam("after", type_=comment.c.path.type))
# Below "p" lie exactly the paths from "p." up to, not including, "p/": "/" follows "." in ASCII.
_BRANCH = _lines().where(
    or_(
        comment.c.id.in_(bindparam("line", expanding=True)),
        and_(
            comment.c.path > bindparam("from", type_=comment.c.path.type),
            comment.c.path < bindparam("until", type_=comment.c.path.type),
        ),
    )
)


def find_thread(
    conn: Connection,
    post_id: int,
    *,
    viewer_id: int = NOBODY,
    after: str = "",
    limit: int = CAP,
) -> Thread:
    """The comments of a post in tree order, at most `limit`, after the path `after`."""
    rows = conn.execute(
        _THREAD, {"post": post_id, "viewer": viewer_id, "after": after, "count": limit + 1}
    ).all()
    lines = tuple(_to_line(row) for row in rows[:limit])
    return Thread(lines, lines[-1].path if len(rows) > limit else None)


def find_branch(
    conn: Connection, top: Comment, *, viewer_id: int = NOBODY, context: int = 3, limit: int = CAP
) -> Thread:
    """The comment `top`, up to `context` of those it answers, and all below it, in tree order."""
    above = [int(part) for part in top.path.split(".")[-1 - context : -1]]
    rows = conn.execute(
        _BRANCH,
        {
            "post": top.post_id,
            "viewer": viewer_id,
            "line": [*above, top.id],
            "from": f"{top.path}.",
            "until": f"{top.path}/",
            "count": limit + 1,
        },
    ).all()
    lines = tuple(_to_line(row) for row in rows[:limit])
    return Thread(lines, lines[-1].path if len(rows) > limit else None)


def _to_line(row: Sequence[Any]) -> CommentLine:
    vote, is_saved, is_blocked = row[_VOTE : _VOTE + 3]
    values = [*row[:_VOTE], vote or 0, bool(is_saved), bool(is_blocked), to_name(row[_VOTE + 3 :])]
    return CommentLine(*values)


def to_tree(lines: Iterable[CommentLine], order: Order = "hot") -> list[Node]:
    """Lines in tree order → nested nodes, answers of one comment sorted by `order`.

    A line whose parent is not among the lines becomes a root of its own: nothing is lost when a
    thread is cut.
    """
    nodes: dict[int, Node] = {}
    roots: list[Node] = []
    for line in lines:
        node = nodes[line.id] = Node(line)
        parent = nodes.get(line.parent_id) if line.parent_id is not None else None
        (roots if parent is None else parent.children).append(node)
    key = _KEYS[order]
    for siblings in (roots, *(node.children for node in nodes.values())):
        siblings.sort(key=key, reverse=True)
    return roots


def _hot(node: Node) -> tuple[float, int]:
    return comment_hot(node.line.score, node.line.published_at), node.line.id


def _top(node: Node) -> tuple[int, float, int]:
    # Of equals the one that stood there first.
    return node.line.score, -node.line.published_at.timestamp(), -node.line.id


def _new(node: Node) -> tuple[float, int]:
    return node.line.published_at.timestamp(), node.line.id


def _old(node: Node) -> tuple[float, int]:
    return -node.line.published_at.timestamp(), -node.line.id


def _controversial(node: Node) -> tuple[float, int]:
    return controversy(node.line.upvotes, node.line.downvotes), node.line.id


# Each puts what comes first highest.
_KEYS: dict[Order, Callable[[Node], tuple[float, ...]]] = {
    "hot": _hot,
    "top": _top,
    "new": _new,
    "old": _old,
    "controversial": _controversial,
}
