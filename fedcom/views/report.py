"""The report queue, grouped by reported thing.

Admins see all of it, moderators the part of their communities, other members nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    union_all,
)

from fedcom.db import BigId
from fedcom.models.actor import actor, community
from fedcom.models.base import columns_of, to_row, values_of
from fedcom.models.comment import comment
from fedcom.models.moderation import ReportRow, moderator, report
from fedcom.models.post import post
from fedcom.queries.visibility import is_found, is_not_deleted, moderates
from fedcom.text.html import excerpt_of, to_text
from fedcom.views.community import (
    CommunityView,
    community_columns,
    find_community_in,
    to_community,
)
from fedcom.views.paging import Cursor, Page, Start, first_rows, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, find_person_in, to_person
from fedcom.views.planning import constant
from fedcom.views.viewer import MODERATED, VIEWER, decides_in

PAGE = 20
"""Reported things per page."""

EACH = 50
"""The maximum of reports shown for one thing."""

LATEST = 200
"""The reports whose communities an admin may choose from."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One report: who made it, why and when."""

    by: PersonView
    id: int
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    """One reported thing with its context.

    `report` is the newest report, `complaints` are all of them, newest first. `former_text` is the
    text at the time of the report, "" if it has not changed since. For a private message it is the
    only text.
    """

    report: ReportRow
    post_id: int | None
    post_title: str
    is_locked: bool
    body_html: str
    parent: str
    former_text: str
    is_deleted: bool
    is_removed: bool
    # The viewer may remove and lock it: moderators may, and admins in local communities.
    may_moderate: bool
    author: PersonView | None
    community: CommunityView | None
    resolver: PersonView | None
    # To whom it was given, if to a person.
    assignee: PersonView | None
    complaints: tuple[Complaint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Selects the reports to show; `community_id` 0 means every community, `person_id` 0 every
    author. `mine` are the open ones that the viewer has; those of the admins are every admin's.
    """

    viewer_id: int
    is_admin: bool
    resolved: bool = False
    mine: bool = False
    community_id: int = 0
    person_id: int = 0
    after: Start = None
    limit: int = PAGE


_group = actor.alias("community_actor")
_author = actor.alias("author")
_resolver = actor.alias("resolver")
_assignee = actor.alias("assignee")
_by = actor.alias("reporter")
_parent = comment.alias("parent")
_newer = report.alias("newer")
_MODERATED = moderates(report.c.community_id, VIEWER)
_IS_ADMIN = bindparam("is_admin", type_=Boolean)


def _alternatives(one: FromClause, other: FromClause) -> list[ColumnElement[bool]]:
    """The ways in which two reports are about the same thing, of which one holds; accounts are
    compared by `reported_text`. Each has an index.
    """
    names = ("post_id", "comment_id", "message_id")
    is_account = [table.c[name].is_(None) for table in (one, other) for name in names]
    return [
        *(one.c[name] == other.c[name] for name in names),
        and_(*is_account, one.c.reported_text == other.c.reported_text),
    ]


def _is_same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return or_(*_alternatives(one, other))


def _is_open(table: FromClause) -> ColumnElement[bool]:
    return table.c.resolved_at.is_(None)


_IS_COMMENT = comment.c.id.is_not(None)


def _of_either(name: str) -> ColumnElement[Any]:
    """The column of the reported comment, else of the reported post."""
    return case((_IS_COMMENT, comment.c[name]), else_=post.c[name])


def _reports(page: FromClause) -> Select[Any]:
    """All about the reports `page`, by their ids."""
    return (
        select(
            *columns_of(ReportRow, report, prefix="report_"),
            post.c.id.label("post_id"),
            post.c.title.label("post_title"),
            _of_either("locked_at").label("locked_at"),
            post.c.url.label("url"),
            _of_either("body_html").label("body_html"),
            func.coalesce(_parent.c.body_html, "").label("parent_html"),
            _of_either("deleted_at").label("deleted_at"),
            _of_either("removed_at").label("removed_at"),
            or_(_MODERATED, and_(_IS_ADMIN, func.coalesce(_group.c.local, false()))).label(
                "may_moderate"
            ),
            *actor_columns(_author, "author_"),
            *actor_columns(_resolver, "resolver_"),
            *actor_columns(_assignee, "assignee_"),
            *community_columns(_group, "community_"),
        )
        .select_from(
            page.join(report, report.c.id == page.c.id)
            .outerjoin(comment, comment.c.id == report.c.comment_id)
            .outerjoin(post, post.c.id == func.coalesce(report.c.post_id, comment.c.post_id))
            .outerjoin(_parent, _parent.c.id == comment.c.parent_id)
            .outerjoin(_group, _group.c.id == report.c.community_id)
            .outerjoin(community, community.c.actor_id == report.c.community_id)
            .outerjoin(_resolver, _resolver.c.id == report.c.resolver_id)
            .outerjoin(_assignee, _assignee.c.id == report.c.assignee_id)
            .outerjoin(_author, _author.c.id == report.c.person_id)
        )
        .order_by(report.c.id.desc())
    )


@dataclass(frozen=True, slots=True)
class _QueueShape:
    """What decides about a page. Each has a statement of its own, because PostgreSQL plans without
    parameters: for a condition that they may turn off, it would read and sort all reports.
    """

    resolved: bool
    is_admin: bool
    mine: bool
    in_community: bool
    of_person: bool
    has_cursor: bool
    rows: int  # `first_rows`


@cache
def _list(shape: _QueueShape) -> Select[Any]:
    """The newest report about each thing, open or resolved. They are chosen first, and only they
    are joined with everything else.
    """
    is_wanted, is_again = (
        ~_is_open(table) if shape.resolved else _is_open(table) for table in (report, _newer)
    )
    again = is_found(_newer, _is_same(_newer, report), is_again, _newer.c.id > report.c.id)
    # Phrased so that PostgreSQL expects to keep nearly every row, and stops after a page.
    is_newest = case((again, 1), else_=0) != 1
    chosen = select(report.c.id).where(is_wanted, is_newest).order_by(report.c.id.desc())
    if not shape.is_admin:
        chosen = chosen.where(report.c.community_id.in_(MODERATED))
    if shape.mine:
        given = report.c.assignee_id == VIEWER
        chosen = chosen.where(or_(given, report.c.for_admins) if shape.is_admin else given)
    if shape.of_person:
        chosen = chosen.where(report.c.person_id == bindparam("person", type_=BigId))
    if shape.in_community:
        chosen = chosen.where(report.c.community_id == bindparam("community", type_=BigId))
    if shape.has_cursor:
        chosen = chosen.where(report.c.id < bindparam("after_id", type_=BigId))
    page = one_page(chosen, shape.rows).cte("page").prefix_with("MATERIALIZED")
    return _reports(page)


def _complaints() -> Select[Any]:
    """All reports about the same things as some. By each reference separately: for all of them in
    one condition, PostgreSQL would compare each report with each.
    """
    parts = (
        select(
            _newer.c.id.label("about_id"),
            *(report.c[name] for name in ("id", "reason", "created_at")),
            *actor_columns(_by, "by_"),
        )
        .select_from(
            _newer.join(report, and_(same, _is_open(report) == _is_open(_newer))).join(
                _by, _by.c.id == report.c.reporter_id
            )
        )
        .where(_newer.c.id.in_(bindparam("reports", expanding=True)))
        for same in _alternatives(_newer, report)
    )
    found = union_all(*parts).subquery()
    return select(found).order_by(found.c.id.desc()).limit(bindparam("count"))


_COMPLAINTS = _complaints()


def list_reports(conn: Connection, wanted: ReportQuery) -> Page[ReportView]:
    """One page of the queue, in two statements: the things, and the reports about them."""
    parameters = {
        "viewer": wanted.viewer_id,
        "is_admin": wanted.is_admin,
        "community": wanted.community_id,
        "person": wanted.person_id,
        **page_values(wanted.after, wanted.limit),
    }
    shape = _QueueShape(
        resolved=wanted.resolved,
        is_admin=wanted.is_admin,
        mine=wanted.mine,
        in_community=wanted.community_id != 0,
        of_person=wanted.person_id != 0,
        has_cursor=isinstance(wanted.after, Cursor),
        rows=first_rows(wanted.after, wanted.limit),
    )
    rows = conn.execute(_list(shape), parameters).mappings().all()
    shown = rows[: wanted.limit]
    complaints: dict[int, list[Complaint]] = {row["report_id"]: [] for row in shown}
    of_these = {"reports": list(complaints), "count": len(shown) * EACH}
    for row in conn.execute(_COMPLAINTS, of_these).mappings():
        if len(complaints[row["about_id"]]) < EACH:
            complaints[row["about_id"]].append(_to_complaint(row))
    return to_page(
        rows,
        wanted.limit,
        lambda row: _to_report(row, tuple(complaints[row["report_id"]])),
        "report_id",
        "report_id",
    )


def _to_complaint(row: RowMapping) -> Complaint:
    return Complaint(to_person(row, "by_"), row["id"], row["reason"], row["created_at"])


def _to_report(row: RowMapping, complaints: tuple[Complaint, ...]) -> ReportView:
    made = to_row(ReportRow, row, "report_")
    title, html = row["post_title"] or "", row["body_html"] or ""
    parts = [title, row["url"]] if made.post_id else []
    now = "\n\n".join(part for part in (*parts, to_text(html).strip()) if part)
    is_account = made.post_id is None and made.comment_id is None and made.message_id is None
    return ReportView(
        report=made,
        post_id=row["post_id"],
        post_title=title,
        is_locked=row["locked_at"] is not None,
        body_html=html,
        parent=excerpt_of(row["parent_html"]),
        former_text="" if is_account or made.reported_text == now else made.reported_text,
        is_deleted=row["deleted_at"] is not None,
        is_removed=row["removed_at"] is not None,
        may_moderate=bool(row["may_moderate"]) and row["post_id"] is not None,
        author=find_person_in(row, "author_"),
        community=find_community_in(row, "community_"),
        resolver=find_person_in(row, "resolver_"),
        assignee=find_person_in(row, "assignee_"),
        complaints=complaints,
    )


_LATEST = (
    select(report.c.community_id).order_by(report.c.id.desc()).limit(constant(LATEST)).subquery()
)
_QUEUES = (
    select(*community_columns(actor, ""))
    .select_from(community.join(actor, actor.c.id == community.c.actor_id))
    .order_by(actor.c.name, actor.c.id)
)
_OF_ADMIN = _QUEUES.where(actor.c.id.in_(select(_LATEST.c.community_id)))
_OF_MODERATOR = _QUEUES.where(
    actor.c.id.in_(MODERATED),
    exists().where(report.c.community_id == actor.c.id),
)


_ASSIGNABLE = (
    select(moderator.c.community_id, *actor_columns(_by, "by_"))
    .select_from(moderator.join(_by, _by.c.id == moderator.c.person_id))
    .where(
        moderator.c.community_id.in_(bindparam("communities", expanding=True)),
        _by.c.local,
        is_not_deleted(_by),
    )
    .order_by(moderator.c.appointed_at, moderator.c.person_id)
)


def map_moderators_here(
    conn: Connection, community_ids: Collection[int]
) -> dict[int, list[PersonView]]:
    """The moderators of these communities who are members of this server."""
    found: dict[int, list[PersonView]] = {row_id: [] for row_id in community_ids}
    for row in conn.execute(_ASSIGNABLE, {"communities": list(found)}).mappings():
        found[row["community_id"]].append(to_person(row, "by_"))
    return found


def list_queues(conn: Connection, viewer_id: int, *, is_admin: bool) -> list[CommunityView]:
    """The communities with reports, open or resolved, that the viewer may judge; for an admin those
    of the `LATEST` reports.
    """
    statement = _OF_ADMIN if is_admin else _OF_MODERATOR
    rows = conn.execute(statement, {"viewer": viewer_id}).mappings()
    return [to_community(row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report in a list: its number and reason, and what it is about. `post_id` is also set for a
    comment; all three ids are None for an account, whose id is the `reported_text`.
    """

    author: PersonView | None
    community: CommunityView | None
    id: int
    reason: str
    reported_text: str
    created_at: datetime
    resolved_at: datetime | None
    post_id: int | None
    comment_id: int | None
    message_id: int | None
    post_title: str | None


_LINE_VALUES = values_of(ReportLine, without=("author", "community"))
_LINES = (
    select(
        *(report.c[name] for name in ("id", "reason", "reported_text", "created_at")),
        *(report.c[name] for name in ("resolved_at", "comment_id", "message_id")),
        post.c.id.label("post_id"),
        post.c.title.label("post_title"),
        *actor_columns(_author, "author_"),
        *community_columns(_group, "community_"),
    )
    .select_from(
        report.outerjoin(comment, comment.c.id == report.c.comment_id)
        .outerjoin(post, post.c.id == func.coalesce(report.c.post_id, comment.c.post_id))
        .outerjoin(_group, _group.c.id == report.c.community_id)
        .outerjoin(community, community.c.actor_id == report.c.community_id)
        .outerjoin(_author, _author.c.id == report.c.person_id)
    )
    .order_by(report.c.id.desc())
)
MAY_SEE = decides_in(report.c.community_id)
"""Whether the viewer may resolve a report."""
_OF_PERSON = _LINES.where(report.c.person_id == bindparam("person", type_=BigId), MAY_SEE).limit(
    bindparam("count")
)
_BY_ID = _LINES.where(report.c.id.in_(bindparam("reports", expanding=True)))


def list_reports_about(
    conn: Connection, person_id: int, *, viewer_id: int, limit: int
) -> list[ReportLine]:
    """The newest reports about a person and what they wrote, as far as the viewer may resolve
    them.
    """
    wanted = {"person": person_id, "viewer": viewer_id, "count": limit}
    return [_to_line(row) for row in conn.execute(_OF_PERSON, wanted).mappings()]


def map_reports(conn: Connection, report_ids: Collection[int]) -> dict[int, ReportLine]:
    """The reports with these row ids. It does not check who may see them."""
    rows = conn.execute(_BY_ID, {"reports": list(report_ids)}).mappings()
    return {row["id"]: _to_line(row) for row in rows}


def _to_line(row: RowMapping) -> ReportLine:
    return ReportLine(
        find_person_in(row, "author_"), find_community_in(row, "community_"), *_LINE_VALUES(row)
    )
