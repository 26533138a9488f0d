"""Resolves and reopens reports; local reporters are notified.

This is not an action, because no peer is told of it (docs/decisions/0026).
"""

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_, update

from fedcom.context import Context
from fedcom.effects.resolve_reports import (
    DISMISSED,
    Outcome,
    resolve_reports,
    resolve_reports_about,
)
from fedcom.errors import Denied
from fedcom.models.actor import Person
from fedcom.models.moderation import ReportRow, report
from fedcom.models.notification import notification
from fedcom.queries.actors import get_community, is_admin, standing
from fedcom.queries.reports import IS_OF_ACTOR, get_report


def get_report_for(conn: Connection, report_id: int, resolver: Person) -> ReportRow:
    """The report with this row id, for a moderator of its community or an admin.

    Raises NotFound, and Denied for anybody else.
    """
    found = get_report(conn, report_id)
    if is_admin(conn, resolver.id):
        return found
    if found.community_id is not None:
        community = get_community(conn, found.community_id)
        if standing(conn, resolver, community).is_moderator:
            return found
    raise Denied(
        "not_a_moderator", "Only moderators of the community and admins can resolve this report."
    )


def resolve(
    ctx: Context, report_row: ReportRow, resolver: Person, outcome: Outcome = DISMISSED
) -> None:
    """Resolve all open reports about the same thing, with the same outcome."""
    if report_row.comment_id is not None:
        resolve_reports_about(ctx, resolver, outcome, comments=[report_row.comment_id])
    elif report_row.post_id is not None:
        resolve_reports_about(ctx, resolver, outcome, posts=[report_row.post_id])
    else:
        same = _is_same(report_row)
        resolve_reports(ctx, resolver, outcome, same, _notifications_of(same))


def reopen(conn: Connection, report_row: ReportRow) -> None:
    """Open a resolved report again."""
    conn.execute(
        update(report)
        .where(report.c.id == report_row.id)
        .values(resolved_at=None, resolver_id=None)
    )


def _is_same(report_row: ReportRow) -> ColumnElement[bool]:
    """Reports of the same message, or of the same account, which has no column of its own."""
    if report_row.message_id is not None:
        return report.c.message_id == report_row.message_id
    return and_(IS_OF_ACTOR, report.c.reported_text == report_row.reported_text)


def _notifications_of(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """The notifications about these reports. Those of messages and accounts do not name them: they
    are found by the reporter and the time.
    """
    made = select(report.c.reporter_id, report.c.created_at).where(
        which, report.c.resolved_at.is_(None)
    )
    return and_(
        notification.c.post_id.is_(None),
        tuple_(notification.c.actor_id, notification.c.created_at).in_(made),
    )
