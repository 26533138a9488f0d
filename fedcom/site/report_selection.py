"""One decision about several reports.

Each is a unit of its own, so that one that fails keeps none of the others back.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection

from fedcom.accounts.rate_limits import act
from fedcom.actions.ban import Ban
from fedcom.context import Context
from fedcom.effects.resolve_reports import DISMISSED, Outcome
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Person
from fedcom.models.moderation import ReportRow
from fedcom.queries.actors import get_community, get_person, is_admin, standing
from fedcom.queries.reports import Reach, list_reached
from fedcom.site.reports import get_report_for, remove_reported, resolve

MOST = 100
"""Things that one decision may be about."""

Deed = Literal["resolve", "remove", "ban"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is done with each report: its reason, and for bans the days (0: permanent) and whether
    everything that the person wrote is removed.
    """

    deed: Deed
    reason: str
    days: int = 0
    removes_content: bool = False


def select_reports(
    conn: Connection, by: Person, report_ids: Sequence[int], reach: Reach
) -> list[ReportRow]:
    """The open reports that are chosen, one about each thing, without those that others reach and
    `by` may not resolve.

    Raises Invalid if none is chosen, and Denied for one that `by` may not resolve.
    """
    if not report_ids:
        raise Invalid("none_selected", "Please select at least one report.")
    for report_id in report_ids:
        get_report_for(conn, report_id, by)
    found = list_reached(conn, report_ids, reach, MOST)
    if is_admin(conn, by.id):
        return found
    places = {one.community_id for one in found} - {None}
    own = {
        place
        for place in places
        if place and standing(conn, by, get_community(conn, place)).is_moderator
    }
    return [one for one in found if one.community_id in own]


def judge(ctx: Context, by: Person, report_id: int, judgement: Judgement) -> None:
    """Decide one report, and with it all others about the same thing.

    Nothing happens if it was resolved in the meantime, perhaps by the decision before. Raises
    NotFound, Denied, Conflict, Invalid and TooMany.
    """
    report_row = get_report_for(ctx.conn, report_id, by)
    if report_row.resolved_at is not None:
        return
    if judgement.deed == "remove":
        remove_reported(ctx, report_row, by, judgement.reason)
        return
    if judgement.deed == "ban":
        _ban(ctx, by, report_row, judgement)
    resolve(ctx, report_row, by, Outcome(DISMISSED.detail, judgement.reason))


def _ban(ctx: Context, by: Person, report_row: ReportRow, judgement: Judgement) -> None:
    """Ban the author from the community, or from the server if an admin does not moderate that."""
    if report_row.person_id is None:
        raise Denied("couldnt_find_person", "This account is not known here.")
    where = report_row.community_id
    place = None if where is None else get_community(ctx.conn, where)
    if place is not None and not standing(ctx.conn, by, place).may_moderate:
        place = None
    ends_at = ctx.now + timedelta(days=judgement.days) if judgement.days else None
    action = Ban(
        by=by,
        person=get_person(ctx.conn, report_row.person_id),
        community=place,
        reason=judgement.reason,
        expires_at=ends_at,
        removes_content=judgement.removes_content,
    )
    with suppress(Conflict):  # banned with the report before
        act(ctx, action)
