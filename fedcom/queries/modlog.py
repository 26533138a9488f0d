"""The modlog as everybody may read it: of one community or of all, and narrowed down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, case, or_, select

from fedcom.db import BigId
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.moderation import modlog
from fedcom.models.post import post
from fedcom.queries.people import NAME_WIDTH, NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.visibility import is_admin, is_closed, may_read

PAGE = 50
"""Lines in one page."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is wanted; None and "" want everything.

    `person_id` is whom it concerns: themselves, or what they wrote.
    """

    community_id: int | None = None
    moderator_id: int | None = None
    person_id: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One act of a moderator.

    What it was about is `path` when it is known here, and `title` (of a comment its post's) when
    the viewer may still read that; `subject` is the person it was about, or whose post or comment
    that was. `community` is None for what concerns the whole instance.
    """

    id: int
    kind: str
    reason: str
    expires_at: datetime | None
    created_at: datetime
    target_iri: str
    title: str | None
    path: str | None
    subject: ActorRef | None
    moderator: ActorRef | None
    community: ActorRef | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some lines, the newest first, and before which id the next ones are, None at the end."""

    lines: tuple[LogLine, ...]
    next_before: int | None


_moderator = actor.alias("moderator_actor")
_named = actor.alias("named_actor")
_place = actor.alias("place_actor")
_author = actor.alias("author_actor")
_above = post.alias("post_above")
_HEAD = (
    modlog.c.id,
    modlog.c.kind,
    modlog.c.reason,
    modlog.c.expires_at,
    modlog.c.created_at,
    modlog.c.target_iri,
)
_VIEWER = bindparam("viewer", type_=BigId)


def _names(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a name; the title of a closed community is for admins only."""
    hidden = and_(is_closed(table.c.id), ~is_admin(_VIEWER))
    return name_columns(table, title=case((hidden, ""), else_=table.c.title))


_ABOUT = (
    post.c.id,
    comment.c.id,
    case((may_read(post, post.c.community_id, _VIEWER), post.c.title)),
    case((may_read(_above, _above.c.community_id, _VIEWER), _above.c.title)),
    _named.c.kind,
)
_NAMES = (*_names(_named), *name_columns(_author), *name_columns(_moderator), *_names(_place))

_LOG = (
    select(*_HEAD, *_ABOUT, *_NAMES)
    .select_from(modlog)
    .outerjoin(post, post.c.iri == modlog.c.target_iri)
    .outerjoin(comment, comment.c.iri == modlog.c.target_iri)
    .outerjoin(_above, _above.c.id == comment.c.post_id)
    .outerjoin(_named, _named.c.iri == modlog.c.target_iri)
    .outerjoin(_author, or_(_author.c.id == post.c.author_id, _author.c.id == comment.c.author_id))
    .outerjoin(_moderator, _moderator.c.id == modlog.c.moderator_id)
    .outerjoin(_place, _place.c.id == modlog.c.community_id)
    .order_by(modlog.c.id.desc())
)


def list_modlog(
    conn: Connection,
    wanted: LogFilter,
    *,
    viewer_id: int = NOBODY,
    before: int | None = None,
    limit: int = PAGE,
) -> LogPage:
    """What moderators did, newest first, with an id below `before`; one statement.

    What was deleted or removed is named by its title only to those who may still read it.
    """
    statement = _LOG.where(*_conditions(wanted)).limit(limit + 1)
    if before is not None:
        statement = statement.where(modlog.c.id < before)
    rows = conn.execute(statement, {"viewer": viewer_id}).all()
    lines = tuple(_to_line(row) for row in rows[:limit])
    return LogPage(lines, lines[-1].id if len(rows) > limit else None)


def find_reasons(conn: Connection, iris: Collection[str]) -> dict[str, str]:
    """Why moderators removed each of these posts and comments the last time, if they said why."""
    if not iris:
        return {}
    rows = conn.execute(
        select(modlog.c.target_iri, modlog.c.reason)
        .where(modlog.c.target_iri.in_(iris), modlog.c.kind == "remove")
        .order_by(modlog.c.id)
    )
    return {row.target_iri: row.reason for row in rows}


def find_remover(conn: Connection, iri: str) -> int | None:
    """Who was the last to remove this post or comment: the row of a moderator or a community."""
    row = conn.execute(
        select(modlog.c.moderator_id)
        .where(modlog.c.target_iri == iri, modlog.c.kind == "remove")
        .order_by(modlog.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else row.moderator_id


def is_taken_down(conn: Connection, iri: str) -> bool:
    """Whether the last to remove this post or comment was an admin of this server."""
    row = conn.execute(
        select(account.c.role)
        .select_from(modlog.outerjoin(account, account.c.actor_id == modlog.c.moderator_id))
        .where(modlog.c.target_iri == iri, modlog.c.kind == "remove")
        .order_by(modlog.c.id.desc())
        .limit(1)
    ).first()
    return row is not None and row.role == "admin"


def _conditions(wanted: LogFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.community_id is not None:
        found.append(modlog.c.community_id == wanted.community_id)
    if wanted.moderator_id is not None:
        found.append(modlog.c.moderator_id == wanted.moderator_id)
    if wanted.person_id is not None:
        found.append(or_(_named.c.id == wanted.person_id, _author.c.id == wanted.person_id))
    if wanted.kind:
        found.append(modlog.c.kind == wanted.kind)
    return found


def _to_line(row: Sequence[Any]) -> LogLine:
    head, about, names = row[:6], row[6:11], row[11:]
    post_id, comment_id, title, title_above, kind = about
    named, author, by, place = (
        _name(names[start : start + NAME_WIDTH]) for start in range(0, 4 * NAME_WIDTH, NAME_WIDTH)
    )
    path = None
    if post_id is not None:
        path = f"/post/{post_id}"
    elif comment_id is not None:
        path, title = f"/comment/{comment_id}", title_above
    elif named is not None:
        path = f"/{'c' if kind == 'Group' else 'u'}/{named.slug}"
    values = [*head, title, path, named or author, by, place]
    return LogLine(*values)


def _name(values: Sequence[Any]) -> ActorRef | None:
    return None if values[0] is None else to_name(values)
