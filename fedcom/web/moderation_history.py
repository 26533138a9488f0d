"""A person as moderators know them: decisions, reports, appeals, and notes among moderators."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in, number_of
from fedcom.http.resolve import get_person_named
from fedcom.models.actor import Person
from fedcom.models.moderation import MODERATION_LABELS
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import get_community
from fedcom.queries.reports import moderates_anything
from fedcom.rules.limits import MAX_NOTE
from fedcom.site.moderator_notes import delete_note, note_on_person
from fedcom.views.community import CommunityView
from fedcom.views.moderation_history import ModerationHistory, get_history
from fedcom.views.moderator_note import list_places_of_notes
from fedcom.web.html.forms import read_form, receive, safe_path, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.html.routing import button_route, form_route

PATH = "/reports"
"""Where a deleted note leads without a way back."""


def routes() -> list[Route]:
    """The routes of the page, and of its button that deletes a note."""
    return [
        form_route("/u/{slug}/moderation", show),
        button_route("/notes/{number:int}/delete", delete),
    ]


@dataclass(frozen=True, slots=True)
class _HistoryPage:
    person: Person
    history: ModerationHistory
    # Whose moderators a new note may be for.
    communities: list[CommunityView]


async def show(request: Request) -> Response:
    """GET and POST /u/{slug}/moderation: for moderators and admins, except the person; the form
    writes a note. `in` is the row id of a community, "" for the admins.
    """

    def read(conn: Connection, context: PageContext) -> _HistoryPage:
        viewer = member_of(context)
        viewer_id = viewer.person.id
        if not (viewer.is_admin or moderates_anything(conn, viewer_id)):
            raise Denied("not_a_moderator", "Only moderators and admins can see this page.")
        person = get_person_named(conn, request, with_deleted=True)
        if person.id == viewer_id:
            raise Denied("own_history", "The other moderators see this page, not you.")
        history = get_history(conn, person.id, viewer_id=viewer_id)
        return _HistoryPage(person, history, list_places_of_notes(conn, viewer_id))

    context, shown = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(request, {"note": "", "in": ""})
    if form.ready:
        with form.keeping("note"):
            place = number_in(form.line("in"))

            def work(ctx: Context) -> int:
                where = get_community(ctx.conn, place) if place else None
                note_on_person(ctx, by, shown.person, where, form.text("note"))
                return shown.person.id

            await context.instance.unit(lambda ctx: once(ctx, by, form.key, lambda: work(ctx)))
            return see_other(f"/u/{slug(shown.person)}/moderation", "note_saved")
    values = {
        "person": shown.person,
        "history": shown.history,
        "communities": shown.communities,
        "form": form,
        "labels": MODERATION_LABELS,
        "longest": MAX_NOTE,
    }
    return form.answer(page(context, "moderation_history.html", values))


async def delete(request: Request) -> Response:
    """POST /notes/{number}/delete: by its author and admins; then back to where it stood."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    await instance_of(request).unit(lambda ctx: delete_note(ctx, by, number_of(request)))
    return see_other(safe_path(sent.get("back", ""), PATH), "note_deleted")
