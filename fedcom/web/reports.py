"""Reports: the forms in which members make them, and the queue in which moderators resolve them,
with the open appeals above it.

The text of a report is shown only to those who resolve it: the public reason of a removal is the
one that the moderator types into the queue.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.accounts.rate_limits import act
from fedcom.actions.lock import Lock
from fedcom.actions.report import Report
from fedcom.context import Context
from fedcom.effects.resolve_reports import DISMISSED, Outcome
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
from fedcom.site.removal import remove_content
from fedcom.site.reports import get_report_for, reopen, resolve
from fedcom.views.appeal import AppealLine, list_open_appeals
from fedcom.views.community import CommunityView
from fedcom.views.paging import Cursor, Page
from fedcom.views.report import ReportQuery, ReportView, list_queues, list_reports
from fedcom.web.html.forms import Form, read_form, safe_path, see_other
from fedcom.web.html.reasons import reason_in, rule_and_words
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.html.routing import Handler, button_route, form_route, page_route

PATH = "/reports"

Target = Post | Comment | Message
Find = Callable[[Connection, int, int], Target]
ReportHandler = Callable[[Context, ReportRow, Person, str], None]
"""The decision on a report: the action, the moderator, the reason."""


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


async def show(request: Request) -> Response:
    """GET /reports: open reports, or `?show=resolved`; `?community=` limits it to one community."""
    return await _show_queue(request, Form({"rule": "", "reason": ""}), 0)


async def _show_queue(request: Request, form: Form, judged: int) -> Response:
    """The queue; `form` is the form of the report `judged`, 0 if none was sent."""
    query = request.query_params

    def read(conn: Connection, context: PageContext) -> _Shown:
        member = member_of(context)
        if not member.is_admin and not moderates_anything(conn, member.person.id):
            raise Denied("not_a_moderator", "Only moderators and admins can resolve reports.")
        queue = ReportQuery(
            viewer_id=member.person.id,
            is_admin=member.is_admin,
            resolved=query.get("show") == "resolved",
            community_id=number_in(query.get("community", "")),
            after=Cursor.of_id(row_in_query(request, "before")),
        )
        names = list_queues(conn, member.person.id, is_admin=member.is_admin)
        found = list_reports(conn, queue)
        places = {one.report.community_id for one in found.items} - {None}
        rules = map_applicable_rules(conn, sorted(one for one in places if one))
        is_first = not queue.resolved and queue.after is None and not queue.community_id
        appeals = list_open_appeals(conn, member.person.id) if is_first else []
        return _Shown(queue, found, names, rules, appeals)

    context, shown = await read_page(request, read)
    values = {
        "queue": shown.queue,
        "found": shown.found,
        "communities": shown.communities,
        "rules": shown.rules,
        "appeals": shown.appeals,
        "form": form,
        "judged": judged,
    }
    return form.answer(page(context, "reports.html", values))


def _report_button(handler: ReportHandler, notice: str) -> Handler:
    async def handle(request: Request) -> Response:
        """POST /reports/{number}/…: a moderator's decision, then back to the queue.

        An error shows the queue with the typed reason.
        """
        form = await read_form(request, {"rule": "", "reason": "", "back": ""})
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
                return see_other(safe_path(form.text("back"), PATH), notice)
        return await _show_queue(request, form, report_id)

    return handle


def _remove(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    """Resolves all reports about it."""
    target = _content(ctx, report)
    if target.removed_at is None:
        remove_content(ctx, by, target, reason)
    else:
        resolve(ctx, report, by, Outcome("removed", reason))


def _lock(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    act(ctx, Lock(by=by, target=_content(ctx, report), locked=True, reason=reason))


def _unlock(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    act(ctx, Lock(by=by, target=_content(ctx, report), locked=False, reason=reason))


def _resolve(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    resolve(ctx, report, by, replace(DISMISSED, reason=reason))


def _reopen(ctx: Context, report: ReportRow, by: Person, reason: str) -> None:
    reopen(ctx.conn, report)


def _content(ctx: Context, report: ReportRow) -> Post | Comment:
    if report.comment_id is not None:
        return get_comment(ctx.conn, report.comment_id)
    if report.post_id is not None:
        return get_post(ctx.conn, report.post_id)
    raise Denied("not_content", "Only posts and comments can be removed or locked.")
