"""Drafts: unsent text, kept by a button, when sending fails, and through a log-in."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.context import Context
from fedcom.effects.mentions import with_links
from fedcom.errors import Denied, Invalid
from fedcom.http.instance import instance_of
from fedcom.http.problem import wants_page
from fedcom.models.actor import Person
from fedcom.models.personal import Draft
from fedcom.offload import offload
from fedcom.personal.drafts import drop_draft, save_draft
from fedcom.queries.drafts import read_fields
from fedcom.rules.limits import check_body
from fedcom.views.draft import DraftView, list_drafts
from fedcom.web.html.forms import Form, receive, safe_path, see_other
from fedcom.web.html.render import page, piece
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.wire.body import Body

SUBMIT = "submit"
_FORM = re.compile(r"submit|(?:post|comment)/[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list, with the page of its form."""

    draft: DraftView
    path: str
    is_post: bool


def reply_form(post_id: int, parent_id: int) -> str:
    """The name of the form below a post or below one of its comments."""
    return f"comment/{parent_id}" if parent_id else f"post/{post_id}"


async def keep(context: PageContext, form: Form, draft_form: str, names: Iterable[str]) -> None:
    """Save these fields as the draft of `draft_form`. Raises Invalid("draft_too_long")."""
    by, fields = member_of(context).person, {name: form.text(name) for name in names}
    await context.instance.unit(lambda ctx: save_draft(ctx, by, draft_form, fields))


async def keep_unsent(
    context: PageContext, form: Form, draft_form: str, names: Iterable[str]
) -> None:
    """As `keep`, after an error: a text that is too long for a draft stays in the form only."""
    with suppress(Invalid):
        await keep(context, form, draft_form, names)


def restore(form: Form, draft: Draft | None) -> Draft | None:
    """Fill a form that was not sent with its draft; returns the draft, if there is one."""
    if draft is None or form.sent:
        return None
    form.values.update({name: text for name, text in draft.fields.items() if name in form.values})
    return draft


async def preview(context: PageContext, form: Form) -> str:
    """The `body` as rendered HTML, with its mentions linked; "" if it cannot be rendered."""
    try:
        return await _render(context, form)
    except Invalid as error:
        form.fail(error)
        return ""


async def show_preview(request: Request, form: Form) -> Response:
    """For our script: the preview of a form, as the piece of the page that shows it. Raises Invalid
    if it cannot be rendered.
    """
    context = await context_of(request)
    member_of(context)
    title = form.line("title") if "title" in form.values else ""
    values = {"html": await _render(context, form), "title": title}
    return JSONResponse({"html": await offload(piece, context, "preview_fragment.html", values)})


def is_preview_for_script(request: Request, form: Form) -> bool:
    """Whether our script asks for the preview alone; without it, the page with the form has it."""
    return form.ready and form.checked("preview") and not wants_page(request)


async def _render(context: PageContext, form: Form) -> str:
    body = await offload(Body.of_markdown, check_body(form.text("body")))
    instance = context.instance

    def read(conn: Connection) -> Body:
        return with_links(Context(conn, context.now, instance.settings.origin), body)

    return (await instance.read(read)).html


def ask_to_log_in(
    context: PageContext, form: Form, draft_form: str, names: Iterable[str]
) -> Response:
    """The log-in page, which carries along the text of a member whose session has expired."""
    fields = {name: form.text(name) for name in names if form.text(name)}
    values = {
        "name": "",
        "password": "",
        "next": path_of(draft_form),
        "draft": json.dumps(fields),
        "draft_place": draft_form,
    }
    log_in_form = Form(values, sent=True)
    log_in_form.fail(Denied("log_in_first", "Log in to send this. Your text is kept."))
    return page(context, "login.html", {"form": log_in_form}, status=401)


async def take_along(request: Request, form: Form, by: Person) -> None:
    """After such a log-in: save the text that was typed before it as a draft."""
    draft_form, fields = form.line("draft_place"), read_fields(form.text("draft"))
    if _FORM.fullmatch(draft_form) and fields:
        with suppress(Invalid):
            await instance_of(request).unit(lambda ctx: save_draft(ctx, by, draft_form, fields))


def path_of(draft_form: str) -> str:
    """The path of the page with this form."""
    if draft_form == SUBMIT:
        return "/submit"
    kind, _, row_id = draft_form.partition("/")
    return f"/comment/{row_id}?reply={row_id}" if kind == "comment" else f"/post/{row_id}"


async def show(request: Request) -> Response:
    """GET /drafts: the member's drafts."""

    def read(conn: Connection, context: PageContext) -> list[DraftView]:
        return list_drafts(conn, member_of(context).person.id)

    context, found = await read_page(request, read)
    lines = [DraftLine(one, path_of(one.form), one.form == SUBMIT) for one in found]
    return page(context, "drafts.html", {"lines": lines})


async def remove(request: Request) -> Response:
    """POST /drafts/remove: discard the draft of the form that `place` names."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    draft_form = sent.get("place", "")
    await instance_of(request).unit(lambda ctx: drop_draft(ctx.conn, by, draft_form))
    return see_other(safe_path(sent.get("back", ""), "/drafts"), "draft_removed")
