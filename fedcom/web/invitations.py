"""A member's invitations, where the admins let members invite."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.accounts.invitations import (
    Invitation,
    invite_as_member,
    list_invitations,
    remove_invitation,
)
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.personal.sent_forms import once
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.html.routing import button_route, form_route

PATH = "/settings/invitations"


def routes() -> list[Route]:
    """The routes of the page and its button."""
    return [form_route(PATH, edit), button_route(f"{PATH}/remove", remove)]


async def edit(request: Request) -> Response:
    """GET and POST /settings/invitations: the member's own codes, and a new one."""

    def read(conn: Connection, context: PageContext) -> list[Invitation]:
        return list_invitations(conn, member_of(context).person.id)

    context, found = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(request, {"note": ""})
    if form.ready:
        with form.keeping():
            await context.instance.unit(
                lambda ctx: once(
                    ctx, by, form.key, lambda: invite_as_member(ctx, by, form.line("note")).id
                )
            )
            return see_other(PATH, "invitation_made")
    is_open = sum(one.is_good(context.now) for one in found) < context.site.member_invitations
    values = {"form": form, "invitations": found, "may_invite": is_open}
    return form.answer(page(context, "settings_invitations.html", values))


async def remove(request: Request) -> Response:
    """POST /settings/invitations/remove: revoke one of their own."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    which = number_in(sent.get("invitation", ""))
    await instance_of(request).unit(lambda ctx: remove_invitation(ctx.conn, which, by.id))
    return see_other(PATH, "invitation_removed")
