"""The admin's next steps after the set-up: hiding the list, and the test mail."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.accounts.mail import write_test
from fedcom.accounts.members import get_member
from fedcom.accounts.throttle import CONFIRMATIONS_BY_RECIPIENT, count_attempt, name_key
from fedcom.context import Context
from fedcom.errors import Conflict, NotFound
from fedcom.http.email_links import is_test_link, link_of_test
from fedcom.http.instance import instance_of
from fedcom.site.first_steps import hide_steps, mark_step
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from fedcom.web.html.routing import button_route, form_route


def routes() -> list[Route]:
    """The routes of the buttons and of the page behind the link in the test mail."""
    return [
        button_route("/admin/first-steps", show_or_hide),
        button_route("/admin/test-mail/send", send_test_mail),
        form_route("/admin/test-mail", confirm_test_mail),
    ]


async def show_or_hide(request: Request) -> Response:
    """POST /admin/first-steps: `hidden` is "on" to hide the list."""
    sent = await receive(request)
    admin_of(await context_of(request))
    hidden = sent.get("hidden") == "on"
    await instance_of(request).unit(lambda ctx: hide_steps(ctx.conn, hidden=hidden))
    return see_other("/admin", "first_steps_hidden" if hidden else "")


async def send_test_mail(request: Request) -> Response:
    """POST /admin/test-mail/send: to the admin's own address."""
    await receive(request)
    context = await context_of(request)
    by, instance = admin_of(context).person, context.instance

    def work(ctx: Context) -> None:
        member = get_member(ctx.conn, by.id)
        address = member.account.contact
        if not instance.settings.sends_mail or address is None:
            raise Conflict(
                "no_test_mail", "A test mail needs a mail server and an e-mail address of yours."
            )
        count_attempt(ctx.conn, CONFIRMATIONS_BY_RECIPIENT, name_key(address), ctx.now)
        write_test(ctx, context.site, member, address, link_of_test(instance, member, ctx.now))

    await instance.unit(work)
    return see_other("/admin", "test_mail_sent")


async def confirm_test_mail(request: Request) -> Response:
    """GET and POST /admin/test-mail: `token` is that of the link in the mail."""
    form = await read_form(request, {"token": request.query_params.get("token", "")})
    token = form.line("token")

    def read(conn: Connection, context: PageContext) -> bool:
        member = get_member(conn, admin_of(context).person.id)
        return is_test_link(instance_of(request), member, token, context.now)

    context, is_good = await read_page(request, read)
    if not is_good and (form.ready or not form.sent):
        form.fail(
            NotFound("confirmation_unknown", "This link has already been used or has expired.")
        )
    if form.ready:
        await context.instance.unit(lambda ctx: mark_step(ctx.conn, "mail_tested_at", ctx.now))
        return see_other("/admin", "test_mail_arrived")
    values = {"form": form, "is_good": is_good}
    return form.answer(page(context, "admin_test_mail.html", values))
