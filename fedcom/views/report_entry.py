"""Reports one by one, for apps; the queue of the pages groups them by reported thing (`report`)."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, func, select

from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import ReportRow, report
from fedcom.views.paging import Page, Start, one_page, page_values, to_page
from fedcom.views.viewer import MODERATED

Subject = Literal["post", "comment", "message"]
"""What the reports of one list are about."""

PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """Selects reports about one kind of thing; 0 means every community, and every thing.

    Admins see all of them, other viewers those of the communities that they moderate.
    """

    subject: Subject
    viewer_id: int
    is_admin: bool
    unresolved: bool = False
    community_id: int = 0
    target_id: int = 0
    after: Start = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class OpenReports:
    """How many reports are open, by what they are about."""

    posts: int
    comments: int
    messages: int


_ENTRIES = one_page(select(*columns_of(ReportRow, report)))
_OPEN = select(
    *(
        func.count(report.c[f"{name}_id"]).label(f"{name}s")
        for name in ("post", "comment", "message")
    )
).where(report.c.resolved_at.is_(None))


def list_entries(conn: Connection, wanted: EntryQuery) -> Page[ReportRow]:
    """Reports, newest first; unresolved ones alone oldest first, as in Lemmy 0.19."""
    reported = report.c[f"{wanted.subject}_id"]
    # Not IS NOT NULL, for which SQLite uses no index.
    conditions = [reported == wanted.target_id if wanted.target_id else reported > 0]
    if wanted.unresolved:
        conditions.append(report.c.resolved_at.is_(None))
    conditions += _permitted(wanted.community_id, is_admin=wanted.is_admin)
    order = report.c.id if wanted.unresolved else report.c.id.desc()
    rows = conn.execute(
        _ENTRIES.where(*conditions).order_by(order),
        {"viewer": wanted.viewer_id, **page_values(wanted.after, wanted.limit)},
    )
    return to_page(rows.mappings().all(), wanted.limit, lambda row: to_row(ReportRow, row), "id")


def count_open(
    conn: Connection, viewer_id: int, *, is_admin: bool, community_id: int = 0
) -> OpenReports:
    """The open reports that the viewer may judge; 0 means every community."""
    found = _OPEN.where(*_permitted(community_id, is_admin=is_admin))
    return to_row(OpenReports, conn.execute(found, {"viewer": viewer_id}).mappings().one())


def _permitted(community_id: int, *, is_admin: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not is_admin:
        found.append(report.c.community_id.in_(MODERATED))
    if community_id:
        found.append(report.c.community_id == community_id)
    return found
