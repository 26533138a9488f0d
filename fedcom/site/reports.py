"""What becomes of reports: resolved and opened again, here and told to nobody.

No action: no peer hears of it (docs/decisions/0026).
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, update

from fedcom.errors import Denied
from fedcom.models.actor import Person
from fedcom.models.moderation import Report, report
from fedcom.models.notification import notification
from fedcom.queries.actors import get_community, is_admin, standing
from fedcom.queries.reports import get_report


def get_report_for(conn: Connection, number: int, judge: Person) -> Report:
    """The report with this row id, for a moderator of its community, or an admin.

    Raises NotFound, and Denied for anybody else.
    """
    found = get_report(conn, number)
    if is_admin(conn, judge.id):
        return found
    if found.community_id is not None:
        place = get_community(conn, found.community_id)
        if standing(conn, judge, place).is_moderator:
            return found
    raise Denied("not_a_moderator", "Only moderators of the community and admins judge this.")


def resolve(conn: Connection, about: Report, judge: Person, now: datetime) -> int:
    """All open reports about the same thing are judged; how many. Their notifications are read."""
    resolved = conn.execute(
        update(report)
        .where(_is_same(about), report.c.resolved_at.is_(None))
        .values(resolved_at=now, resolver_id=judge.id)
    ).rowcount
    told = notification.c.comment_id == about.comment_id
    if about.comment_id is None:
        told = and_(notification.c.post_id == about.post_id, notification.c.comment_id.is_(None))
    conn.execute(
        update(notification)
        .where(notification.c.kind == "report", notification.c.read_at.is_(None), told)
        .values(read_at=now)
    )
    return resolved


def reopen(conn: Connection, about: Report) -> None:
    """This report is to be judged once more."""
    conn.execute(
        update(report).where(report.c.id == about.id).values(resolved_at=None, resolver_id=None)
    )


def _is_same(about: Report) -> ColumnElement[bool]:
    columns = ("post_id", "comment_id", "message_id")
    same = and_(*(report.c[name].is_not_distinct_from(getattr(about, name)) for name in columns))
    is_account = all(getattr(about, name) is None for name in columns)
    return and_(same, report.c.said == about.said) if is_account else same
