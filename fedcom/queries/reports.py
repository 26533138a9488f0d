"""Reports: the rows, their subjects, and the number per reporter."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from fedcom.errors import NotFound
from fedcom.models.actor import Actor, Community, Person, actor
from fedcom.models.base import columns_of, first_row
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import ReportRow, moderator, report
from fedcom.models.post import Post
from fedcom.queries.content import is_about
from fedcom.text.html import to_text

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


IS_OF_ACTOR = and_(
    report.c.post_id.is_(None), report.c.comment_id.is_(None), report.c.message_id.is_(None)
)


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
