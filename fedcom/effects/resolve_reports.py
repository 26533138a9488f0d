"""Resolving reports: open reports about an object are closed, their notifications are marked as
read, and local reporters are notified of the outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select, update

from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.actor import Person
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment, comment
from fedcom.models.moderation import ReportRow, report
from fedcom.models.notification import notification
from fedcom.models.post import Post

Ids = Sequence[int] | Select[tuple[int]]
"""Row ids, or the statement that finds them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A moderator's decision about a reported object.

    `detail` is shown in the reporter's notification. `reason` is the moderator's statement, as in
    the modlog: never the text of a report.
    """

    detail: Literal["removed", "dismissed"]
    reason: str = ""


DISMISSED = Outcome("dismissed")

HANDED_OVER = "handed_over"
"""The detail of the notification that a report was given to its recipient."""


def resolve_content(
    ctx: Context, resolver: Person, target: Post | Comment, outcome: Outcome
) -> None:
    """Close the open reports about a post or a comment."""
    if isinstance(target, Post):
        resolve_reports_about(ctx, resolver, outcome, posts=[target.id])
    else:
        resolve_reports_about(ctx, resolver, outcome, comments=[target.id])


def resolve_reports_about(
    ctx: Context, resolver: Person, outcome: Outcome, *, posts: Ids = (), comments: Ids = ()
) -> None:
    """Close the open reports about all of these posts and comments."""
    has_notice = or_(
        notification.c.comment_id.in_(comments),
        and_(notification.c.comment_id.is_(None), notification.c.post_id.in_(posts)),
    )
    which = or_(report.c.post_id.in_(posts), report.c.comment_id.in_(comments))
    resolve_reports(ctx, resolver, outcome, which, has_notice)


def resolve_reports(
    ctx: Context,
    resolver: Person,
    outcome: Outcome,
    which: ColumnElement[bool],
    has_notice: ColumnElement[bool],
) -> None:
    """Close the open ones among the reports `which`, and mark as read those of the reports'
    notifications for which `has_notice` holds.

    No action: no other server is told the outcome of a report (docs/decisions/0026).
    """
    ctx.conn.execute(
        update(notification)
        .where(
            notification.c.kind == "report",
            notification.c.detail.in_(["", HANDED_OVER]),
            notification.c.read_at.is_(None),
            has_notice,
        )
        .values(read_at=ctx.now)
    )
    closed = ctx.conn.execute(
        update(report)
        .where(which, report.c.resolved_at.is_(None))
        .values(resolved_at=ctx.now, resolver_id=resolver.id)
        .returning(*columns_of(ReportRow, report))
    )
    for row in closed.mappings().all():
        _notify_reporter(ctx, resolver, outcome, to_row(ReportRow, row))


def _notify_reporter(
    ctx: Context, resolver: Person, outcome: Outcome, report_row: ReportRow
) -> None:
    """Without the moderator's name, so that disputes stay in the modlog."""
    if report_row.reporter_id == resolver.id:
        return
    post_id = report_row.post_id
    if report_row.comment_id is not None:
        found = select(comment.c.post_id).where(comment.c.id == report_row.comment_id)
        post_id = ctx.conn.execute(found).scalar_one()
    event = NotificationEvent(
        kind="report",
        community_id=report_row.community_id,
        post_id=post_id,
        comment_id=report_row.comment_id,
        message_id=report_row.message_id,
        detail=outcome.detail,
        reason=outcome.reason,
    )
    notify(ctx, report_row.reporter_id, event)
