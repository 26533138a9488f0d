"""Resolves, reopens and hands over reports; local reporters are notified of the outcome.

This is not an action, because no peer is told of it (docs/decisions/0026).
"""

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_, update

from fedcom.accounts.rate_limits import MODERATION, count_action
from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.effects.resolve_reports import (
    DISMISSED,
    HANDED_OVER,
    Outcome,
    resolve_reports,
    resolve_reports_about,
)
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.moderation import ReportRow, report
from fedcom.models.notification import notification
from fedcom.models.post import Post
from fedcom.queries.actors import get_community, is_admin, list_admins, standing
from fedcom.queries.comments import get_comment
from fedcom.queries.content import Reference, placed
from fedcom.queries.posts import get_post
from fedcom.queries.reports import Assignment, get_report, is_about_same
from fedcom.rules.permissions import may_act
from fedcom.site.removal import remove_content


def get_report_for(conn: Connection, report_id: int, resolver: Person) -> ReportRow:
    """The report with this row id, for a moderator of its community or an admin.

    Raises NotFound, and Denied for anybody else.
    """
    found = get_report(conn, report_id)
    if _may_resolve(conn, resolver, found):
        return found
    raise Denied(
        "not_a_moderator", "Only moderators of the community and admins can resolve this report."
    )


def _may_resolve(conn: Connection, person: Person, report_row: ReportRow) -> bool:
    if is_admin(conn, person.id):
        return True
    if report_row.community_id is None:
        return False
    return standing(conn, person, get_community(conn, report_row.community_id)).is_moderator


def resolve(
    ctx: Context, report_row: ReportRow, resolver: Person, outcome: Outcome = DISMISSED
) -> None:
    """Resolve all open reports about the same thing, with the same outcome."""
    if report_row.comment_id is not None:
        resolve_reports_about(ctx, resolver, outcome, comments=[report_row.comment_id])
    elif report_row.post_id is not None:
        resolve_reports_about(ctx, resolver, outcome, posts=[report_row.post_id])
    else:
        same = is_about_same(report_row)
        resolve_reports(ctx, resolver, outcome, same, _notifications_of(same))


def remove_reported(ctx: Context, report_row: ReportRow, by: Person, reason: str) -> None:
    """Remove what was reported, and resolve all reports about it. Raises Denied."""
    target = get_reported_content(ctx.conn, report_row)
    if target.removed_at is None:
        remove_content(ctx, by, target, reason)
    else:
        resolve(ctx, report_row, by, Outcome("removed", reason))


def get_reported_content(conn: Connection, report_row: ReportRow) -> Post | Comment:
    """The reported post or comment. Raises Denied if the report is about anything else."""
    if report_row.comment_id is not None:
        return get_comment(conn, report_row.comment_id)
    if report_row.post_id is not None:
        return get_post(conn, report_row.post_id)
    raise Denied("not_content", "Only posts and comments can be removed or locked.")


def reopen(conn: Connection, report_row: ReportRow) -> None:
    """Open a resolved report again."""
    conn.execute(
        update(report)
        .where(report.c.id == report_row.id)
        .values(resolved_at=None, resolver_id=None)
    )


def hand_over(
    ctx: Context, report_row: ReportRow, by: Person, to: Person | None, *, to_admins: bool = False
) -> None:
    """Give all open reports about the same thing to a person, to the admins, or back to all.

    The recipients are notified, except for who takes it. Raises Denied if `by` may not resolve it,
    Invalid("assignee_unknown") if `to` may not, Conflict if it is resolved, and TooMany.
    """
    may_act(by, ctx.now)
    report_row = get_report_for(ctx.conn, report_row.id, by)
    if report_row.resolved_at is not None:
        raise Conflict("already_resolved", "It is already resolved.")
    if to is not None and not (to.local and _may_resolve(ctx.conn, to, report_row)):
        raise Invalid("assignee_unknown", "%(person)s can't resolve this report.", person=to.handle)
    count_action(ctx, by, MODERATION)
    given = Assignment(None if to is None else to.id, to_admins and to is None)
    ctx.conn.execute(
        update(report)
        .where(is_about_same(report_row), report.c.resolved_at.is_(None))
        .values(assignee_id=given.assignee_id, for_admins=given.for_admins)
    )
    recipients = [to.id] if to is not None else list_admins(ctx.conn) if to_admins else []
    where = Reference(post_id=None, comment_id=None)
    if report_row.post_id is not None or report_row.comment_id is not None:
        where = placed(get_reported_content(ctx.conn, report_row))
    event = NotificationEvent(
        kind="report",
        by_id=by.id,
        community_id=report_row.community_id,
        **where,
        detail=HANDED_OVER,
    )
    for recipient_id in recipients:
        notify(ctx, recipient_id, event)


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
