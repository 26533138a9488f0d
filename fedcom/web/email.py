"""The pages behind links in e-mail: to confirm an address, and to stop mail about notifications."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.members import Member, get_member
from fedcom.errors import NotFound
from fedcom.http.email_links import (
    Proof,
    ask_to_confirm,
    confirm_by_token,
    read_link,
    read_unsubscribe,
)
from fedcom.http.instance import instance_of
from fedcom.personal.notification_settings import stop_mail
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page


async def confirm(request: Request) -> Response:
    """GET and POST /confirm-email: `token` is that of the link.

    Opening it changes nothing: mail programs look at links before people do.
    """
    instance = instance_of(request)
    form = await read_form(request, {"token": request.query_params.get("token", "")})
    token = form.line("token")

    def read(conn: Connection, context: PageContext) -> Proof | None:
        try:
            return read_link(conn, instance.signer, token, context.now)
        except NotFound as error:
            # A cross-site form is refused as such, whatever its token.
            if form.ready or not form.sent:
                form.fail(error)
            return None

    context, proof = await read_page(request, read)
    if form.ready and proof is not None:
        with form.keeping():
            await instance.unit(lambda ctx: confirm_by_token(ctx, instance.signer, token))
            return see_other("/settings/account" if context.member else "/login", "email_confirmed")
    values = {"form": form, "proof": proof}
    return form.answer(page(context, "confirm_email.html", values))


async def unsubscribe(request: Request) -> Response:
    """GET and POST /unsubscribe: `token` is that of the link. Needs no log-in.

    Opening it changes nothing, as above. Mail programs also send the POST themselves, with
    `List-Unsubscribe=One-Click`, and take a redirect for a failure (RFC 8058 §3.1).
    """
    instance = instance_of(request)
    form = await read_form(request, {"token": ""})
    token = form.line("token") or request.query_params.get("token", "")

    def read(conn: Connection, context: PageContext) -> Member | None:
        try:
            return read_unsubscribe(conn, instance.signer, token)
        except NotFound as error:
            form.fail(error)
            return None

    context, member = await read_page(request, read)
    is_done = form.ready and member is not None
    if is_done and member is not None:
        person_id = member.person.id
        await instance.unit(lambda ctx: stop_mail(ctx.conn, person_id))
    values = {"form": form, "owner": member, "token": token, "is_done": is_done}
    return form.answer(page(context, "unsubscribe.html", values))


async def send_again(request: Request) -> Response:
    """POST /settings/email/again: send the link again."""
    await receive(request)
    context = await context_of(request)
    by = member_of(context).person
    instance = context.instance
    await instance.unit(
        lambda ctx: ask_to_confirm(instance, ctx, context.site, get_member(ctx.conn, by.id))
    )
    return see_other("/settings/account", "email_asked")
