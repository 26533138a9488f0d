"""Appeals: the conversation about a removal or a ban, in which even the banned may write."""

from collections.abc import Callable

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.http.numbers import number_of
from fedcom.models.actor import Person
from fedcom.personal.sent_forms import once
from fedcom.rules.limits import MAX_APPEAL
from fedcom.site.appeals import undo, uphold, write
from fedcom.views.appeal import AppealPage, get_appeal_page
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import APPEALS, PageContext, member_of, read_page
from fedcom.web.html.routing import Handler, button_route, form_route

Judge = Callable[[Context, Person, int, Form], None]
"""The end of an appeal: the moderator, the decision's number, and the form with their words."""

_EMPTY = {"body": "", "content": ""}


def routes() -> list[Route]:
    """The routes of the conversation and its buttons."""
    at = f"{APPEALS}{{number:int}}"
    return [
        form_route(at, converse),
        button_route(f"{at}/uphold", _end(_uphold, "appeal_upheld")),
        button_route(f"{at}/undo", _end(_undo, "appeal_undone")),
    ]


async def converse(request: Request) -> Response:
    """GET and POST /appeal/{number}: the decision with this number in the modlog, and what is
    written about it.
    """
    form, decision_id = await read_form(request, _EMPTY), number_of(request)
    context, found = await _read(request)
    by = member_of(context).person
    if form.ready:
        with form.keeping("body"):
            await context.instance.unit(
                lambda ctx: once(
                    ctx, by, form.key, lambda: write(ctx, by, decision_id, form.text("body")).id
                )
            )
            notice = "appeal_answered" if found.may_judge else "appeal_sent"
            return see_other(f"{APPEALS}{decision_id}", notice)
    return _show(context, found, form)


def _end(judge: Judge, notice: str) -> Handler:
    async def handle(request: Request) -> Response:
        """POST /appeal/{number}/uphold and /undo: a moderator decides, with or without words."""
        form, decision_id = await read_form(request, _EMPTY), number_of(request)
        context, found = await _read(request)
        by = member_of(context).person
        if form.ready:
            with form.keeping("body"):
                await context.instance.unit(lambda ctx: judge(ctx, by, decision_id, form))
                return see_other(f"{APPEALS}{decision_id}", notice)
        return _show(context, found, form)

    return handle


def _uphold(ctx: Context, by: Person, decision_id: int, form: Form) -> None:
    uphold(ctx, by, decision_id, form.text("body"))


def _undo(ctx: Context, by: Person, decision_id: int, form: Form) -> None:
    restores = form.checked("content")
    undo(ctx, by, decision_id, form.text("body"), restores_content=restores)


async def _read(request: Request) -> tuple[PageContext, AppealPage]:
    """The page for its reader. Raises Denied for people whom it does not concern."""

    def read(conn: Connection, context: PageContext) -> AppealPage:
        viewer = member_of(context).person
        found = get_appeal_page(conn, number_of(request), viewer.id, context.now)
        if found is None:
            raise Denied(
                "not_your_decision",
                "Only the person concerned, the moderators and the admins can see this.",
            )
        return found

    return await read_page(request, read)


def _show(context: PageContext, found: AppealPage, form: Form) -> Response:
    values = {"found": found, "form": form, "longest": MAX_APPEAL}
    return form.answer(page(context, "appeal.html", values))
