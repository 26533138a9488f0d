"""Reports that are judged: what is open about a thing is closed, and who was told need not look."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, update

from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.moderation import report
from fedcom.models.notification import notification
from fedcom.models.post import Post

Ids = Sequence[int] | Select[tuple[int]]
"""Row ids, or the statement that finds them."""


def settle_content(ctx: Context, judge: Person, target: Post | Comment) -> None:
    """Close what is open about a post or a comment."""
    if isinstance(target, Post):
        settle_about(ctx, judge, posts=[target.id])
    else:
        settle_about(ctx, judge, comments=[target.id])


def settle_about(ctx: Context, judge: Person, *, posts: Ids = (), comments: Ids = ()) -> None:
    """Close what is open about all of these posts and comments."""
    told = or_(
        notification.c.comment_id.in_(comments),
        and_(notification.c.comment_id.is_(None), notification.c.post_id.in_(posts)),
    )
    settle(ctx, judge, or_(report.c.post_id.in_(posts), report.c.comment_id.in_(comments)), told)


def settle(
    ctx: Context, judge: Person, which: ColumnElement[bool], told: ColumnElement[bool]
) -> None:
    """Close the open ones among the reports `which`; notifications of reports, if `told`, are read.

    No action: what became of a report is told to nobody (docs/decisions/0026).
    """
    ctx.conn.execute(
        update(notification)
        .where(notification.c.kind == "report", notification.c.read_at.is_(None), told)
        .values(read_at=ctx.now)
    )
    ctx.conn.execute(
        update(report)
        .where(which, report.c.resolved_at.is_(None))
        .values(resolved_at=ctx.now, resolver_id=judge.id)
    )
