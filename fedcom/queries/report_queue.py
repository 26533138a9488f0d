"""The queue in which reports are judged, grouped by what they are about.

Admins see all of it, moderators that of their communities; nobody else sees anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from fedcom.db import BigId
from fedcom.models.actor import actor
from fedcom.models.base import columns_of
from fedcom.models.comment import comment
from fedcom.models.message import message
from fedcom.models.moderation import ReportRow, moderator, report
from fedcom.models.post import post
from fedcom.queries.notifications import excerpt_of
from fedcom.queries.people import NAME_WIDTH, ActorRef, name_columns, to_name
from fedcom.text.html import to_text

PAGE = 20
"""Reported things on one page."""

EACH = 50
"""Reports that are shown of one thing."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One report: who, why, when."""

    id: int
    reason: str
    created_at: datetime
    by: ActorRef


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was reported, with what is around it.

    `report` is the newest about it; `complaints` are all, the newest first. `said` are its words
    when it was reported, "" when they are the same now. Of a private message there are no others.
    """

    report: ReportRow
    post_id: int | None
    post_title: str
    is_locked: bool
    body_html: str
    parent: str
    said: str
    is_deleted: bool
    is_removed: bool
    # The viewer may remove it and lock its post, which moderators do, and admins in our own.
    may_moderate: bool
    # How often the author was reported and had something removed, here, at any time.
    reported: int
    removed: int
    author: ActorRef | None
    community: ActorRef | None
    resolver: ActorRef | None
    complaints: tuple[Complaint, ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some of them, the newest first, and the id before which the next ones are."""

    cases: tuple[Case, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Which reports somebody wants to see; `community_id` 0: of every community."""

    viewer_id: int
    is_admin: bool
    resolved: bool = False
    community_id: int = 0
    before: int = 0


_place = actor.alias("place")
_author = actor.alias("author")
_resolver = actor.alias("resolver")
_by = actor.alias("reporter")
_parent = comment.alias("parent")
_newer = report.alias("newer")
_MODERATED = exists().where(
    moderator.c.community_id == report.c.community_id,
    moderator.c.person_id == bindparam("viewer"),
)
_IS_ADMIN = bindparam("is_admin", type_=Boolean)


def _is_same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Two reports about the same thing; accounts, which have no column, are told by `said`."""
    columns = ("post_id", "comment_id", "message_id")
    ids = [one.c[name].is_not_distinct_from(other.c[name]) for name in columns]
    has_id = or_(*(one.c[name].is_not(None) for name in columns))
    return and_(*ids, or_(has_id, one.c.said == other.c.said))


def _is_open(table: FromClause) -> ColumnElement[bool]:
    return table.c.resolved_at.is_(None)


_REPORTED = (
    select(func.count())
    .select_from(
        report.outerjoin(post, post.c.id == report.c.post_id).outerjoin(
            comment, comment.c.id == report.c.comment_id
        )
    )
    .where(func.coalesce(post.c.author_id, comment.c.author_id) == _author.c.id)
    .correlate(_author)
    .scalar_subquery()
)


def _removed(table: FromClause) -> ColumnElement[int]:
    return (
        select(func.count())
        .where(table.c.author_id == _author.c.id, table.c.removed_at.is_not(None))
        .correlate(_author)
        .scalar_subquery()
    )


_REPORT = columns_of(ReportRow, report)
_AROUND = (
    post.c.id,
    post.c.title,
    post.c.locked_at,
    post.c.url,
    case((comment.c.id.is_not(None), comment.c.body_html), else_=post.c.body_html),
    func.coalesce(_parent.c.body_html, ""),
    case((comment.c.id.is_not(None), comment.c.deleted_at), else_=post.c.deleted_at),
    case((comment.c.id.is_not(None), comment.c.removed_at), else_=post.c.removed_at),
    or_(_MODERATED, and_(_IS_ADMIN, func.coalesce(_place.c.local, false()))),
    _REPORTED,
    _removed(post) + _removed(comment),
)
_NAMES = len(_REPORT) + len(_AROUND)
_AUTHOR_ID = func.coalesce(comment.c.author_id, post.c.author_id, message.c.author_id)
_CASES = (
    select(
        *_REPORT,
        *_AROUND,
        *name_columns(_author),
        *name_columns(_place),
        *name_columns(_resolver),
    )
    .select_from(
        report.outerjoin(comment, comment.c.id == report.c.comment_id)
        .outerjoin(post, post.c.id == func.coalesce(report.c.post_id, comment.c.post_id))
        .outerjoin(_parent, _parent.c.id == comment.c.parent_id)
        .outerjoin(message, message.c.id == report.c.message_id)
        .outerjoin(_place, _place.c.id == report.c.community_id)
        .outerjoin(_resolver, _resolver.c.id == report.c.resolver_id)
        .outerjoin(
            _author,
            or_(
                _author.c.id == _AUTHOR_ID,
                and_(_AUTHOR_ID.is_(None), _author.c.iri == report.c.said),
            ),
        )
    )
    .where(
        or_(_IS_ADMIN, _MODERATED),
        or_(bindparam("before") == 0, report.c.id < bindparam("before")),
        or_(
            bindparam("community", type_=BigId) == 0,
            report.c.community_id == bindparam("community", type_=BigId),
        ),
    )
    .order_by(report.c.id.desc())
    .limit(bindparam("count"))
)


def _newest(statement: Select[Any], *, resolved: bool) -> Select[Any]:
    """Of each thing the newest report, open or resolved."""
    if resolved:
        again = exists().where(
            _is_same(_newer, report), ~_is_open(_newer), _newer.c.id > report.c.id
        )
        return statement.where(~_is_open(report), ~again)
    again = exists().where(_is_same(_newer, report), _is_open(_newer), _newer.c.id > report.c.id)
    return statement.where(_is_open(report), ~again)


_OPEN, _RESOLVED = (_newest(_CASES, resolved=resolved) for resolved in (False, True))
_COMPLAINTS = (
    select(_newer.c.id, report.c.id, report.c.reason, report.c.created_at, *name_columns(_by))
    .select_from(
        _newer.join(
            report, and_(_is_same(_newer, report), _is_open(report) == _is_open(_newer))
        ).join(_by, _by.c.id == report.c.reporter_id)
    )
    .where(_newer.c.id.in_(bindparam("cases", expanding=True)))
    .order_by(report.c.id.desc())
    .limit(PAGE * EACH)
)


def list_cases(conn: Connection, wanted: ReportQuery) -> CasePage:
    """One page of the queue, in two statements: the things, and the reports about them."""
    parameters = {
        "viewer": wanted.viewer_id,
        "is_admin": wanted.is_admin,
        "community": wanted.community_id,
        "before": wanted.before,
        "count": PAGE + 1,
    }
    rows = conn.execute(_RESOLVED if wanted.resolved else _OPEN, parameters).all()
    shown = rows[:PAGE]
    complaints: dict[int, list[Complaint]] = {row[0]: [] for row in shown}
    for leader, number, reason, created_at, *by in conn.execute(
        _COMPLAINTS, {"cases": list(complaints)}
    ):
        if len(complaints[leader]) < EACH:
            complaints[leader].append(Complaint(number, reason, created_at, to_name(by)))
    cases = tuple(_to_case(row, tuple(complaints[row[0]])) for row in shown)
    return CasePage(cases, cases[-1].report.id if len(rows) > PAGE else None)


def _to_case(row: Sequence[Any], complaints: tuple[Complaint, ...]) -> Case:
    made = ReportRow(*row[: len(_REPORT)])
    post_id, title, locked_at, url, html, parent, deleted_at, removed_at, *more = row[
        len(_REPORT) : _NAMES
    ]
    may_moderate, reported, removed = more
    names = [row[at : at + NAME_WIDTH] for at in range(_NAMES, len(row), NAME_WIDTH)]
    author, community, resolver = (to_name(one) if one[0] else None for one in names)
    words = [title, url] if made.post_id else []
    now = "\n\n".join(part for part in (*words, to_text(html or "").strip()) if part)
    is_account = made.post_id is None and made.comment_id is None and made.message_id is None
    return Case(
        report=made,
        post_id=post_id,
        post_title=title or "",
        is_locked=locked_at is not None,
        body_html=html or "",
        parent=excerpt_of(parent),
        said="" if is_account or made.said == now else made.said,
        is_deleted=deleted_at is not None,
        is_removed=removed_at is not None,
        may_moderate=bool(may_moderate) and post_id is not None,
        reported=reported,
        removed=removed,
        author=author,
        community=community,
        resolver=resolver,
        complaints=complaints,
    )


def list_queues(conn: Connection, viewer_id: int, *, is_admin: bool) -> list[ActorRef]:
    """The communities that somebody may judge reports of and that have any, open or not."""
    has_any = exists().where(report.c.community_id == actor.c.id)
    is_mine = exists().where(
        moderator.c.community_id == actor.c.id, moderator.c.person_id == viewer_id
    )
    wanted = select(*name_columns(actor)).where(has_any).order_by(actor.c.name, actor.c.id)
    if not is_admin:
        wanted = wanted.where(is_mine)
    return [to_name(row) for row in conn.execute(wanted)]


def moderates_anything(conn: Connection, person_id: int) -> bool:
    """Whether somebody is a moderator of any community."""
    mine = select(exists().where(moderator.c.person_id == person_id))
    return bool(conn.execute(mine).scalar())
