"""What moderators know of a person: decisions, warnings, reports, appeals and notes."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, func, literal, select, union_all

from fedcom.models.appeal import appeal
from fedcom.models.moderation import moderator_note, modlog, report
from fedcom.views.appeal import MAY_JUDGE, AppealLine, list_appeals_by
from fedcom.views.moderator_note import MAY_READ, NoteView, list_notes
from fedcom.views.modlog import LogFilter, ModlogView, list_modlog
from fedcom.views.report import MAY_SEE, ReportLine, list_reports_about

EACH = 20
"""Decisions and reports; the modlog and the queue have all of them, page by page."""


@dataclass(frozen=True, slots=True)
class HistoryCounts:
    """How much there is about a person, as far as the viewer may see it."""

    reports: int = 0
    removals: int = 0
    bans: int = 0
    warnings: int = 0
    appeals: int = 0
    notes: int = 0


@dataclass(frozen=True, slots=True)
class ModerationHistory:
    """The newest decisions and reports about a person, all appeals and notes, and the counts."""

    counts: HistoryCounts
    decisions: tuple[ModlogView, ...]
    reports: list[ReportLine]
    appeals: list[AppealLine]
    notes: list[NoteView]


_PEOPLE: BindParameter[int] = bindparam("people", expanding=True)
_KINDS = {"remove": "removals", "ban": "bans", "warn": "warnings"}
_COUNTS = union_all(
    select(report.c.person_id, literal("reports").label("what"), func.count().label("count"))
    .where(report.c.person_id.in_(_PEOPLE), MAY_SEE)
    .group_by(report.c.person_id),
    select(modlog.c.person_id, modlog.c.kind, func.count())
    .where(modlog.c.person_id.in_(_PEOPLE), modlog.c.kind.in_(_KINDS))
    .group_by(modlog.c.person_id, modlog.c.kind),
    select(appeal.c.person_id, literal("appeals"), func.count())
    .select_from(appeal.join(modlog, modlog.c.id == appeal.c.decision_id))
    .where(appeal.c.person_id.in_(_PEOPLE), MAY_JUDGE)
    .group_by(appeal.c.person_id),
    select(moderator_note.c.person_id, literal("notes"), func.count())
    .where(moderator_note.c.person_id.in_(_PEOPLE), MAY_READ)
    .group_by(moderator_note.c.person_id),
)


def count_history(
    conn: Connection, person_ids: Collection[int], *, viewer_id: int
) -> dict[int, HistoryCounts]:
    """The counts for each of these people, in one statement."""
    found: dict[int, dict[str, int]] = {row_id: {} for row_id in person_ids}
    wanted = {"people": list(found), "viewer": viewer_id}
    for person_id, what, count in conn.execute(_COUNTS, wanted):
        found[person_id][_KINDS.get(what, what)] = count
    return {row_id: HistoryCounts(**counts) for row_id, counts in found.items()}


def get_history(conn: Connection, person_id: int, *, viewer_id: int) -> ModerationHistory:
    """The history of a person for a moderator or an admin."""
    decisions = list_modlog(conn, LogFilter(person_id=person_id), viewer_id=viewer_id, limit=EACH)
    return ModerationHistory(
        counts=count_history(conn, [person_id], viewer_id=viewer_id)[person_id],
        decisions=decisions.items,
        reports=list_reports_about(conn, person_id, viewer_id=viewer_id, limit=EACH),
        appeals=list_appeals_by(conn, person_id, viewer_id=viewer_id),
        notes=list_notes(conn, person_id, viewer_id=viewer_id),
    )
