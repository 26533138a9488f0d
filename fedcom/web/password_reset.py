"""Forgotten passwords: requesting a link, and choosing a new password with it."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.members import Member
from fedcom.accounts.password_reset import find_reset
from fedcom.errors import NotFound
from fedcom.http.devices import remember_device
from fedcom.http.password_reset import reset_password, send_reset
from fedcom.web.html.forms import read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, read_page


async def ask(request: Request) -> Response:
    """GET and POST /forgot: the response is the same whether or not the account exists."""
    form = await read_form(request, {"name": ""})
    context = await context_of(request)
    sends_mail = context.instance.settings.sends_mail
    is_done = False
    if form.ready and sends_mail:
        with form.keeping():
            await send_reset(request, context.site, form.line("name"))
            is_done = True
    values = {"form": form, "sends_mail": sends_mail, "is_done": is_done}
    return form.answer(page(context, "forgot.html", values))


async def choose(request: Request) -> Response:
    """GET and POST /reset: `token` is that of the link."""
    form = await read_form(
        request, {"token": request.query_params.get("token", ""), "password": ""}
    )
    token = form.line("token")

    def read(conn: Connection, context: PageContext) -> Member | None:
        try:
            return find_reset(conn, token, context.now)
        except NotFound as error:
            form.fail(error)
            return None

    context, whose = await read_page(request, read)
    if form.ready and whose is not None:
        with form.keeping():
            owner = await reset_password(request, token, form.text("password"))
            response = see_other("/login", "password_reset")
            # The owner of the link may log in with it from here, whatever others try meanwhile.
            remember_device(request, response, owner.account)
            return response
    return form.answer(page(context, "reset.html", {"form": form, "whose": whose}))
