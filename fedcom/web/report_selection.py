"""One decision about several reports of the queue, and what came of it."""

from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.context import Context
from fedcom.errors import Checks, FedcomError
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.models.actor import Person
from fedcom.models.moderation import ReportRow
from fedcom.queries.actors import get_community
from fedcom.queries.reports import Reach
from fedcom.queries.rules import ApplicableRules, list_applicable_rules
from fedcom.site.report_selection import Deed, Judgement, judge, select_reports
from fedcom.views.report import ReportLine, map_reports
from fedcom.web.html.forms import Form, read_form
from fedcom.web.html.i18n import sentence
from fedcom.web.html.reasons import ban_days, reason_in
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.html.routing import Handler, button_route
from fedcom.web.reports import PATH, show_queue

_FIELDS = {"rule": "", "reason": "", "days": "", "content": "", "reach": "", "all": "", "shown": ""}
_BOX = "report-"
"""The beginning of the names of the boxes to tick; the row id of a report follows."""


def routes() -> list[Route]:
    """The routes of the buttons below the queue."""
    return [button_route(f"{PATH}/selected/{deed}", _button(deed)) for deed in get_args(Deed)]


@dataclass(frozen=True, slots=True)
class FailedReport:
    """A report that could not be decided, and why."""

    report: ReportLine
    why: str


def _button(deed: Deed) -> Handler:
    async def handle(request: Request) -> Response:
        """POST /reports/selected/resolve, /remove and /ban: the chosen reports.

        Shows what was done, and what failed. An error in the form shows the queue again.
        """
        form = await read_form(request, _FIELDS)

        def read(conn: Connection, context: PageContext) -> tuple[list[ReportRow], ApplicableRules]:
            by = member_of(context).person
            chosen: list[ReportRow] = []
            if form.ready:
                with form.keeping():
                    chosen = select_reports(conn, by, _chosen(form), _reach(form))
            return chosen, _rules(conn, chosen)

        context, (chosen, rules) = await read_page(request, read)
        by = member_of(context).person
        if form.ready:
            with form.keeping():
                judgement = _judgement(form, rules, deed)
                done, failed = await _judge_all(request, by, chosen, judgement)
                values = {"deed": deed, "done": done, "failed": failed, "reason": judgement.reason}
                return page(context, "reports_judged.html", values)
        return await show_queue(request, selection=form)

    return handle


async def _judge_all(
    request: Request, by: Person, chosen: list[ReportRow], judgement: Judgement
) -> tuple[list[ReportLine], list[FailedReport]]:
    """What was done, and what failed; each in a unit of its own."""
    why: dict[int, str] = {}
    for one in chosen:

        def work(ctx: Context, report_id: int = one.id) -> None:
            judge(ctx, by, report_id, judgement)

        try:
            await instance_of(request).unit(work)
        except FedcomError as error:
            why[one.id] = sentence(error, error.detail)
    lines = await instance_of(request).read(lambda conn: map_reports(conn, [o.id for o in chosen]))
    done = [line for number, line in lines.items() if number not in why]
    failed = [FailedReport(line, why[number]) for number, line in lines.items() if number in why]
    return done, failed


def _chosen(form: Form) -> list[int]:
    """The row ids of the ticked reports, or of all on the page."""
    if form.checked("all"):
        found = form.text("shown").split(",")
    else:
        found = [name.removeprefix(_BOX) for name in form.values if name.startswith(_BOX)]
    return [number for text in found if (number := number_in(text))]


def _reach(form: Form) -> Reach:
    found: dict[str, Reach] = {"authors": "authors", "posts": "posts"}
    return found.get(form.text("reach"), "these")


def _rules(conn: Connection, chosen: list[ReportRow]) -> ApplicableRules:
    """Those of the community, if all are in one, and those of the site."""
    places = {one.community_id for one in chosen}
    place = places.pop() if len(places) == 1 else None
    return list_applicable_rules(conn, None if place is None else get_community(conn, place))


def _judgement(form: Form, rules: ApplicableRules, deed: Deed) -> Judgement:
    """Raises Invalid, with all errors."""
    checks = Checks()
    reason, days = "", 0
    with checks:
        reason = reason_in(form, rules)
    with checks:
        days = ban_days(form.line("days")) if deed == "ban" else 0
    checks.finish()
    return Judgement(deed, reason, days, form.checked("content"))
