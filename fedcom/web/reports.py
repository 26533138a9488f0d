"""Reports: the forms in which members make them, and the queue in which moderators resolve them,
with the open appeals above it.

The text of a report is shown only to those who resolve it: the public reason of a removal is the
one that the moderator types into the queue.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.accounts.rate_limits import act
from fedcom.actions.lock import Lock
from fedcom.actions.report import Report
from fedcom.context import Context
from fedcom.effects.resolve_reports import DISMISSED
from fedcom.errors import Denied
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in, number_of
from fedcom.http.paging import row_in_query
from fedcom.http.resolve import check_open
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import ReportRow
from fedcom.models.post import Post
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import get_community, get_person
from fedcom.queries.comments import get_comment
from fedcom.queries.content import community_of
from fedcom.queries.messages import get_own_message
from fedcom.queries.posts import get_post
from fedcom.queries.reports import moderates_anything
from fedcom.queries.rules import (
    ApplicableRules,
    list_applicable_rules,
    map_applicable_rules,
)
from fedcom.rules.limits import check_report
from fedcom.site.moderator_notes import note_on_report
from fedcom.site.reports import (
    get_report_for,
    get_reported_content,
    hand_over,
    remove_reported,
    reopen,
    resolve,
)
from fedcom.views.appeal import AppealLine, list_open_appeals
from fedcom.views.community import CommunityView
from fedcom.views.moderation_history import HistoryCounts, count_history
from fedcom.views.moderator_note import NoteView, list_notes_on
from fedcom.views.paging import Cursor, Page
from fedcom.views.person import PersonView
from fedcom.views.report import (
    ReportQuery,
    ReportView,
    list_queues,
    list_reports,
    map_moderators_here,
)
from fedcom.web.html.flash import Undoing
from fedcom.web.html.forms import Form, read_form, safe_path, see_other
from fedcom.web.html.reasons import reason_in, rule_and_words
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.html.routing import Handler, button_route, form_route, page_route

PATH = "/reports"

Target = Post | Comment | Message
Find = Callable[[Connection, int, int], Target]
ReportHandler = Callable[[Context, ReportRow, Person, str], None]
"""The decision on a report: the action, the moderator, the reason."""

_FIELDS = {"rule": "", "reason": "", "note": "", "assignee": "", "back": ""}


def routes() -> list[Route]:
    """The routes of the forms and of the queue."""
    return [
        form_route("/post/{number:int}/report", _report(lambda conn, n, _: get_post(conn, n))),
        form_route(
            "/comment/{number:int}/report", _report(lambda conn, n, _: get_comment(conn, n))
        ),
        form_route("/message/{number:int}/report", _report(get_own_message)),
        page_route(PATH, show),
        button_route(f"{PATH}/{{number:int}}/remove", _report_button(_remove, "removed")),
        button_route(f"{PATH}/{{number:int}}/lock", _report_button(_lock, "locked")),
        button_route(f"{PATH}/{{number:int}}/unlock", _report_button(_unlock, "unlocked")),
        button_route(f"{PATH}/{{number:int}}/resolve", _report_button(_resolve, "report_resolved")),
        button_route(f"{PATH}/{{number:int}}/reopen", _report_button(_reopen, "report_reopened")),
        button_route(f"{PATH}/{{number:int}}/note", note),
        button_route(f"{PATH}/{{number:int}}/give", give),
    ]


@dataclass(frozen=True, slots=True)
class _Subject:
    """The reported thing, its author and its community; messages are in no community."""

    target: Target
    author: Person
    community: Community | None
    back: str


def _report(find: Find) -> Handler:
    async def report(request: Request) -> Response:
        """GET and POST /post|comment|message/{number}/report: a member reports it."""
        form = await read_form(request, {"rule": "", "reason": ""})

        def read(conn: Connection, context: PageContext) -> tuple[_Subject, ApplicableRules]:
            by = member_of(context).person
            subject = _subject(conn, by, find(conn, number_of(request), by.id))
            return subject, list_applicable_rules(conn, subject.community)

        context, (subject, rules) = await read_page(request, read)
        by = member_of(context).person
        if form.ready:
            with form.keeping():
                reason = check_report(rule_and_words(form, rules))
                action = Report(by=by, target=subject.target, reason=reason)
                await context.instance.unit(
                    lambda ctx: once(ctx, by, form.key, lambda: act(ctx, action).id)
                )
                return see_other(subject.back, "reported")
        values = {"form": form, "subject": subject, "rules": rules}
        return form.answer(page(context, "report.html", values))

    return report


def _subject(conn: Connection, by: Person, target: Target) -> _Subject:
    author = get_person(conn, target.author_id)
    # This must not be a way to read content that is no longer shown.
    if not target.is_shown:
        raise Denied("deleted", "This has been deleted, so it cannot be reported.")
    if isinstance(target, Message):
        return _Subject(target, author, None, f"/messages/{slug(author)}#message-{target.id}")
    community = community_of(conn, target)
    check_open(community)
    anchor = f"#comment-{target.comment_id}" if target.comment_id is not None else ""
    return _Subject(target, author, community, f"/post/{target.post_id}{anchor}")


@dataclass(frozen=True, slots=True)
class _Shown:
    queue: ReportQuery
    found: Page[ReportView]
    communities: list[CommunityView]
    rules: dict[int | None, ApplicableRules]
    appeals: list[AppealLine]
    # The author to whose reports the queue is limited.
    person: Person | None
    history: dict[int, HistoryCounts]
    notes: list[NoteView]
    moderators: dict[int, list[PersonView]]


async def show(request: Request) -> Response:
    """GET /reports: open reports; `?show=mine` those that the viewer has, `?show=resolved` others.
    `?community=` and `?person=` limit it to one community and one author.
    """
    return await show_queue(request)


async def show_queue(
    request: Request, form: Form | None = None, judged: int = 0, selection: Form | None = None
) -> Response:
    """The queue; `form` is the form of the report `judged`, 0 if none was sent, and `selection` the
    one for several reports.
    """
    context, shown = await read_page(request, _read_queue)
    form = form or Form(dict(_FIELDS))
    selection = selection or Form({"rule": "", "reason": "", "days": "", "content": ""})
    values = {
        **{one.name: getattr(shown, one.name) for one in fields(shown)},
        "form": form,
        "judged": judged,
        "selection": selection,
    }
    return (selection if form.status == 200 else form).answer(page(context, "reports.html", values))


def _read_queue(conn: Connection, context: PageContext) -> _Shown:
    member, query = member_of(context), context.request.query_params
    if not member.is_admin and not moderates_anything(conn, member.person.id):
        raise Denied("not_a_moderator", "Only moderators and admins can resolve reports.")
    viewer_id, person_id = member.person.id, number_in(query.get("person", ""))
    queue = ReportQuery(
        viewer_id=viewer_id,
        is_admin=member.is_admin,
        resolved=query.get("show") == "resolved",
        mine=query.get("show") == "mine",
        community_id=number_in(query.get("community", "")),
        person_id=person_id,
        after=Cursor.of_id(row_in_query(context.request, "before")),
    )
    found = list_reports(conn, queue)
    places = sorted({one.report.community_id or 0 for one in found.items} - {0})
    authors = {one.author.id for one in found.items if one.author is not None}
    numbers = [made.id for one in found.items for made in one.complaints]
    narrowed = queue.resolved or queue.mine or queue.community_id or person_id
    is_first = queue.after is None and not narrowed
    return _Shown(
        queue=queue,
        found=found,
        communities=list_queues(conn, viewer_id, is_admin=member.is_admin),
        rules=map_applicable_rules(conn, places),
        appeals=list_open_appeals(conn, viewer_id) if is_first else [],
        person=get_person(conn, person_id) if person_id else None,
        history=count_history(conn, sorted(authors), viewer_id=viewer_id),
        notes=list_notes_on(conn, numbers, viewer_id=viewer_id),
        moderators=map_moderators_here(conn, places),
    )


def _report_button(handler: ReportHandler, notice: str) -> Handler:
    async def handle(request: Request) -> Response:
        """POST /reports/{number}/…: a moderator's decision, then back to the queue.

        An error shows the queue with the typed reason.
        """
        form = await read_form(request, _FIELDS)
        report_id = number_of(request)
        if form.ready:

            def read(conn: Connection, context: PageContext) -> tuple[ReportRow, ApplicableRules]:
                report = get_report_for(conn, report_id, member_of(context).person)
                place = report.community_id
                where = None if place is None else get_community(conn, place)
                return report, list_applicable_rules(conn, where)

            context, (report, rules) = await read_page(request, read)
            by = member_of(context).person
            with form.keeping("reason"):
                reason = reason_in(form, rules)
                await instance_of(request).unit(lambda ctx: handler(ctx, report, by, reason))
                undoing = _undoing(report, notice)
                return see_other(safe_path(form.text("back"), PATH), notice, undoing)
        return await show_queue(request, form, report_id)

    return handle


def _undoing(report: ReportRow, notice: str) -> Undoing | None:
    """What the notice offers to undo: what was done to the content, else that it was resolved."""
    if notice == "report_resolved":
        return Undoing(f"reports/{report.id}")
    if notice == "report_reopened":
        return None
    if report.comment_id is not None:
        return Undoing(f"comment/{report.comment_id}")
    return Undoing(f"post/{report.post_id}")


def _remove(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    """Resolves all reports about it."""
    remove_reported(ctx, report, by, reason)


def _lock(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    target = get_reported_content(ctx.conn, report)
    act(ctx, Lock(by=by, target=target, locked=True, reason=reason))


def _unlock(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    target = get_reported_content(ctx.conn, report)
    act(ctx, Lock(by=by, target=target, locked=False, reason=reason))


def _resolve(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    resolve(ctx, report, by, replace(DISMISSED, reason=reason))


def _reopen(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    reopen(ctx.conn, report)


async def note(request: Request) -> Response:
    """POST /reports/{number}/note: a note for the other moderators."""
    form, report_id = await read_form(request, _FIELDS), number_of(request)
    by = member_of(await context_of(request)).person
    if form.ready:
        with form.keeping("note"):
            await instance_of(request).unit(
                lambda ctx: note_on_report(
                    ctx, by, get_report_for(ctx.conn, report_id, by), form.text("note")
                )
            )
            return see_other(safe_path(form.text("back"), PATH), "note_saved")
    return await show_queue(request, form, report_id)


async def give(request: Request) -> Response:
    """POST /reports/{number}/give: `assignee` is a moderator's row id, "admins", or "" for all."""
    form, report_id = await read_form(request, _FIELDS), number_of(request)
    by = member_of(await context_of(request)).person
    to = form.line("assignee")
    if form.ready:
        with form.keeping("assignee"):

            def work(ctx: Context) -> str:
                report = get_report_for(ctx.conn, report_id, by)
                person = get_person(ctx.conn, number_in(to)) if to not in {"", "admins"} else None
                hand_over(ctx, report, by, person, to_admins=to == "admins")
                if person is None:
                    return "report_given" if to else "report_released"
                return "report_taken" if person.id == by.id else "report_given"

            notice = await instance_of(request).unit(work)
            return see_other(safe_path(form.text("back"), PATH), notice)
    return await show_queue(request, form, report_id)
