"""What members are told: how much waits for them, and the list of it.

What was deleted or removed since, or is in a community that was closed, is not told any more:
neither counted nor listed. What moderators did is told whatever became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.notification import Kind, notification
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import post
from fedcom.queries.people import NAME_WIDTH, ActorRef, name_columns, to_name
from fedcom.queries.visibility import is_admin, is_closed, may_read
from fedcom.text.html import to_text
from fedcom.text.plain import cut

Filter = Literal["", "replies", "mentions", "messages", "moderation"]

KINDS: dict[Filter, tuple[Kind, ...]] = {
    "": ("reply", "mention", "message", "moderation", "report", "application"),
    "replies": ("reply",),
    "mentions": ("mention",),
    "messages": ("message",),
    "moderation": ("moderation", "report", "application"),
}
"""Which kinds each list holds."""

PAGE = 20
EXCERPT = 280
"""Characters that are shown of what somebody wrote."""

WITH_SUBJECTS = (
    notification.outerjoin(comment, comment.c.id == notification.c.comment_id)
    .outerjoin(post, post.c.id == notification.c.post_id)
    .outerjoin(message, message.c.id == notification.c.message_id)
    .outerjoin(community, community.c.actor_id == notification.c.community_id)
)
IS_SHOWN = or_(
    notification.c.kind.not_in(["reply", "mention", "message"]),
    and_(
        *(
            column.is_(None)
            for column in (
                comment.c.deleted_at,
                comment.c.removed_at,
                post.c.deleted_at,
                post.c.removed_at,
                message.c.deleted_at,
                community.c.removed_at,
            )
        )
    ),
)
"""Of rows of `WITH_SUBJECTS`: whether it is still there."""


@dataclass(frozen=True, slots=True)
class NewsLine:
    """One thing that a member is told, with the beginning of what was written, or the warning that
    stands before it.

    `detail` and `reason` are the modlog's, for what moderators did.
    """

    id: int
    kind: Kind
    detail: str
    reason: str
    created_at: datetime
    read_at: datetime | None
    post_id: int | None
    comment_id: int | None
    message_id: int | None
    # Where a post elsewhere can be read that has no place here.
    address: str | None
    post_title: str | None
    # Whether it takes replies, so that it can be answered from here.
    is_open: bool
    excerpt: str
    by: ActorRef | None
    community: ActorRef | None


@dataclass(frozen=True, slots=True)
class NewsPage:
    """Some of it, newest first, and the id before which the next ones are, if there are any."""

    lines: tuple[NewsLine, ...]
    next_before: int | None


_by = actor.alias("by_actor")
_place = actor.alias("place_actor")
_VIEWER = bindparam("viewer", type_=BigId)
# What moderators did is told whatever became of it since, but without the words of others.
_READS_POST = may_read(post, post.c.community_id, _VIEWER)
_READS_COMMENT = may_read(comment, post.c.community_id, _VIEWER)
_PLACE_TITLE = case((and_(is_closed(_place.c.id), ~is_admin(_VIEWER)), ""), else_=_place.c.title)
_COLUMNS = (
    notification.c.id,
    notification.c.kind,
    notification.c.detail,
    notification.c.reason,
    notification.c.created_at,
    notification.c.read_at,
    notification.c.post_id,
    notification.c.comment_id,
    notification.c.message_id,
    func.coalesce(outside_mention.c.url, outside_mention.c.iri),
    case((_READS_POST, post.c.title)),
    and_(post.c.id.is_not(None), post.c.locked_at.is_(None), comment.c.locked_at.is_(None)),
    case(
        (notification.c.comment_id.is_(None), case((_READS_POST, post.c.content_warning))),
        (_READS_COMMENT, comment.c.content_warning),
    ),
    outside_mention.c.excerpt,
    case(
        (notification.c.message_id.is_not(None), message.c.body_html),
        (notification.c.comment_id.is_(None), case((_READS_POST, post.c.body_html))),
        (_READS_COMMENT, comment.c.body_html),
    ),
)
_BY = len(_COLUMNS)
_PLACE = _BY + NAME_WIDTH
_LIST = (
    select(*_COLUMNS, *name_columns(_by), *name_columns(_place, title=_PLACE_TITLE))
    .select_from(
        WITH_SUBJECTS.outerjoin(_by, _by.c.id == notification.c.actor_id)
        .outerjoin(_place, _place.c.id == notification.c.community_id)
        .outerjoin(outside_mention, outside_mention.c.id == notification.c.outside_mention_id)
    )
    .where(
        notification.c.recipient_id == _VIEWER,
        notification.c.kind.in_(bindparam("kinds", expanding=True)),
        or_(bindparam("before") == 0, notification.c.id < bindparam("before")),
        IS_SHOWN,
    )
    .order_by(notification.c.id.desc())
    .limit(bindparam("count"))
)
_UNREAD = _LIST.where(notification.c.read_at.is_(None))


def list_news(
    conn: Connection,
    viewer_id: int,
    only: Filter = "",
    *,
    unread: bool = False,
    before: int = 0,
    limit: int = PAGE,
) -> NewsPage:
    """What a member is told, newest first: all of it, or of some kinds, or what is unread.

    `before` is the `next_before` of the page before this, 0 for the first.
    """
    wanted = {"viewer": viewer_id, "kinds": KINDS[only], "before": before, "count": limit + 1}
    rows = conn.execute(_UNREAD if unread else _LIST, wanted).all()
    lines = tuple(_to_line(row) for row in rows[:limit])
    return NewsPage(lines, lines[-1].id if len(rows) > limit else None)


def _to_line(row: Sequence[Any]) -> NewsLine:
    *values, is_open, warning, outside, html = row[:_BY]
    names = (
        to_name(columns) if columns[0] is not None else None
        for columns in (row[_BY:_PLACE], row[_PLACE:])
    )
    excerpt = warning or outside or excerpt_of(html or "")
    return NewsLine(*[*values, bool(is_open), excerpt, *names])


def excerpt_of(html: str) -> str:
    """The beginning of a text as plain words."""
    return cut(" ".join(to_text(html).split()), EXCERPT)
