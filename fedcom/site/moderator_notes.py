"""Notes among moderators, about people and reports.

This is no action, because no peer is told of it (docs/decisions/0059).
"""

from sqlalchemy import delete, insert, select

from fedcom.accounts.rate_limits import MODERATION, count_action
from fedcom.context import Context
from fedcom.errors import Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.base import columns_of, first_row
from fedcom.models.moderation import ModeratorNote, ReportRow, moderator_note
from fedcom.queries.actors import is_admin, standing
from fedcom.rules.limits import MAX_NOTE, check_body
from fedcom.rules.permissions import may_act
from fedcom.site.reports import get_report_for


def note_on_person(
    ctx: Context, by: Person, person: Person, community: Community | None, text: str
) -> None:
    """Write a note about a person, for the moderators of a community and the admins; without a
    community, for the admins alone.

    Raises Denied, Invalid (`note_empty`, `body_…`) and TooMany.
    """
    may_act(by, ctx.now)
    _check_other(by, person.id)
    is_own = community is not None and standing(ctx.conn, by, community).is_moderator
    if not (is_own or is_admin(ctx.conn, by.id)):
        raise Denied("not_a_moderator", "Only moderators and admins can write notes.")
    _write(ctx, by, text, person_id=person.id, community_id=community.id if community else None)


def note_on_report(ctx: Context, by: Person, report_row: ReportRow, text: str) -> None:
    """Write a note about a report and its author, for those who may resolve the report.

    Raises Denied, Invalid (`note_empty`, `body_…`) and TooMany.
    """
    may_act(by, ctx.now)
    found = get_report_for(ctx.conn, report_row.id, by)
    _check_other(by, found.person_id)
    _write(
        ctx,
        by,
        text,
        person_id=found.person_id,
        community_id=found.community_id,
        report_id=found.id,
    )


def delete_note(ctx: Context, by: Person, note_id: int) -> ModeratorNote:
    """Delete a note: its author may, and admins. Raises NotFound, and Denied for everyone else."""
    wanted = select(*columns_of(ModeratorNote, moderator_note))
    row = ctx.conn.execute(wanted.where(moderator_note.c.id == note_id))
    found = first_row(ModeratorNote, row)
    if found is None or found.person_id == by.id:
        raise NotFound("couldnt_find_note", "There is no such note.")
    if found.author_id != by.id and not is_admin(ctx.conn, by.id):
        raise Denied("not_your_note", "Only its author and admins can delete a note.")
    ctx.conn.execute(delete(moderator_note).where(moderator_note.c.id == note_id))
    return found


def _check_other(by: Person, person_id: int | None) -> None:
    if by.id == person_id:
        raise Denied("own_content", "Notes about you are written by the other moderators.")


def _write(ctx: Context, by: Person, text: str, **about: int | None) -> None:
    text = check_body(text, MAX_NOTE)
    if not text:
        raise Invalid("note_empty", "Please write something first.")
    count_action(ctx, by, MODERATION)
    values = {"author_id": by.id, "text": text, "created_at": ctx.now, **about}
    ctx.conn.execute(insert(moderator_note).values(values))
