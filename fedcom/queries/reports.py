"""Reports: the rows, their subjects, and the number per reporter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from fedcom.errors import NotFound
from fedcom.models.actor import Actor, Community, Person, actor
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.message import Message
from fedcom.models.moderation import ReportRow, moderator, report
from fedcom.models.post import Post
from fedcom.queries.content import is_about
from fedcom.text.html import to_text

Reach = Literal["these", "authors", "posts"]
"""Which open reports a decision about some is for: only these; all about the same authors; all in
the same posts.
"""

Reportable = Post | Comment | Message | Person | Community
"""What a report may be about."""

_REPORT = select(*columns_of(ReportRow, report))


def find_report(conn: Connection, iri: str) -> ReportRow | None:
    """The report whose Flag has this id."""
    return first_row(ReportRow, conn.execute(_REPORT.where(report.c.iri == iri)))


def get_report(conn: Connection, report_id: int) -> ReportRow:
    """The report with this row id. Raises NotFound."""
    found = first_row(ReportRow, conn.execute(_REPORT.where(report.c.id == report_id)))
    if found is None:
        raise NotFound("couldnt_find_report", "Report not found.")
    return found


def text_of(target: Reportable) -> str:
    """The stored copy of a report's subject: its text as plain text, for an actor the id."""
    if isinstance(target, Actor):
        return target.iri
    parts = [target.title, target.url or ""] if isinstance(target, Post) else []
    return "\n\n".join(part for part in (*parts, to_text(target.body_html).strip()) if part)


def is_reported(conn: Connection, reporter_id: int, target: Reportable) -> bool:
    """Whether this person has reported this subject, and the report is still open."""
    mine = and_(report.c.reporter_id == reporter_id, report.c.resolved_at.is_(None))
    return bool(conn.execute(select(exists().where(mine, _is_about(target)))).scalar())


def _is_about(target: Reportable) -> ColumnElement[bool]:
    if isinstance(target, Post | Comment):
        return is_about(report, target)
    if isinstance(target, Message):
        return report.c.message_id == target.id
    return and_(IS_OF_ACTOR, report.c.reported_text == target.iri)


def is_about_same(row: ReportRow) -> ColumnElement[bool]:
    """A condition on rows of `report`: it is about the same thing as this one."""
    if row.comment_id is not None:
        return report.c.comment_id == row.comment_id
    if row.post_id is not None:
        return report.c.post_id == row.post_id
    if row.message_id is not None:
        return report.c.message_id == row.message_id
    return and_(IS_OF_ACTOR, report.c.reported_text == row.reported_text)


@dataclass(frozen=True, slots=True)
class Assignment:
    """To whom a report was given: a person by row id, the admins, or nobody."""

    assignee_id: int | None = None
    for_admins: bool = False


def find_assignment(conn: Connection, target: Reportable) -> Assignment:
    """To whom the open reports about this were given."""
    given = or_(report.c.assignee_id.is_not(None), report.c.for_admins)
    found = (
        select(*columns_of(Assignment, report))
        .where(_is_about(target), report.c.resolved_at.is_(None), given)
        .order_by(report.c.id.desc())
        .limit(1)
    )
    return first_row(Assignment, conn.execute(found)) or Assignment()


def list_reached(
    conn: Connection, report_ids: Sequence[int], reach: Reach, most: int
) -> list[ReportRow]:
    """The open reports that `reach` adds to these, one about each thing, oldest first; at most
    `most`. Some may not be the reader's to resolve.
    """
    chosen: ColumnElement[bool] = report.c.id.in_(report_ids)
    if reach == "authors":
        authors = select(report.c.person_id).where(chosen, report.c.person_id.is_not(None))
        chosen = or_(chosen, report.c.person_id.in_(authors))
    elif reach == "posts":
        posts = (
            select(func.coalesce(report.c.post_id, comment.c.post_id))
            .select_from(report.outerjoin(comment, comment.c.id == report.c.comment_id))
            .where(chosen)
        )
        ids = [row_id for row_id in conn.execute(posts).scalars() if row_id is not None]
        below = select(comment.c.id).where(comment.c.post_id.in_(ids))
        chosen = or_(chosen, report.c.post_id.in_(ids), report.c.comment_id.in_(below))
    wanted = _REPORT.where(chosen, report.c.resolved_at.is_(None)).order_by(report.c.id)
    rows = [to_row(ReportRow, row) for row in conn.execute(wanted).mappings()]
    things = {_thing(one): one for one in reversed(rows)}
    return sorted(things.values(), key=lambda one: one.id)[:most]


IS_OF_ACTOR = and_(
    report.c.post_id.is_(None), report.c.comment_id.is_(None), report.c.message_id.is_(None)
)


def _thing(row: ReportRow) -> tuple[int | str | None, ...]:
    """Equal for reports about the same thing."""
    content = (row.post_id, row.comment_id, row.message_id)
    return content if any(content) else (row.reported_text,)


def count_reports_by(conn: Connection, reporter_id: int, since: datetime) -> int:
    """The number of reports that a person has made since then."""
    mine = select(func.count()).where(
        report.c.reporter_id == reporter_id, report.c.created_at > since
    )
    return int(conn.execute(mine).scalar_one())


def count_reports_from(conn: Connection, host: str, since: datetime) -> int:
    """The number of reports that the people of one server have made since then."""
    theirs = (
        select(func.count())
        .select_from(report.join(actor, actor.c.id == report.c.reporter_id))
        .where(actor.c.host == host, report.c.created_at > since)
    )
    return int(conn.execute(theirs).scalar_one())


def moderates_anything(conn: Connection, person_id: int) -> bool:
    """Whether a person is a moderator of any community."""
    mine = select(exists().where(moderator.c.person_id == person_id))
    return bool(conn.execute(mine).scalar())
