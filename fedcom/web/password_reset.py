"""Forgotten passwords: requesting a link, and choosing a new password with it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.mail import write_reset
from fedcom.accounts.members import Member, find_member
from fedcom.accounts.password_reset import create_reset, find_reset, use_reset
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.throttle import (
    RESET_BY_ACCOUNT,
    RESET_BY_ADDRESS,
    RESET_BY_PAIR,
    address_key,
    count_attempt,
    name_key,
)
from fedcom.context import Context
from fedcom.errors import Invalid, NotFound, TooMany
from fedcom.http.addresses import client_address
from fedcom.http.devices import remember_device
from fedcom.http.instance import instance_of
from fedcom.models.site import Site
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
            await _send(request, context.site, form.line("name"))
            is_done = True
    values = {"form": form, "sends_mail": sends_mail, "is_done": is_done}
    return form.answer(page(context, "forgot.html", values))


async def _send(request: Request, site: Site, name: str) -> None:
    if not name:
        raise Invalid("name_required", "Enter your name or e-mail address.")
    address = address_key(client_address(request))

    def work(ctx: Context) -> None:
        member = find_member(ctx.conn, name)
        count_attempt(ctx.conn, RESET_BY_ADDRESS, address, ctx.now)
        # Not by the name alone, or any stranger could keep the owner from requesting a link.
        count_attempt(ctx.conn, RESET_BY_PAIR, f"{name_key(name)} {address}", ctx.now)
        if member is None or member.account.email is None:
            return
        # An error here would reveal that the account exists. Its owner has the links that were sent
        # before, which are all still valid.
        with suppress(TooMany):
            count_attempt(ctx.conn, RESET_BY_ACCOUNT, f"{member.person.id}", ctx.now)
            token = create_reset(ctx.conn, member.person.id, ctx.now)
            write_reset(ctx, site, member, member.account.email, token)

    await instance_of(request).unit(work)


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
            password = check_new_password(form.text("password"), whose.person.name)
            hashed = await asyncio.to_thread(hash_password, password)
            await context.instance.unit(lambda ctx: use_reset(ctx.conn, token, hashed, ctx.now))
            response = see_other("/login", "password_reset")
            # The owner of the link may log in with it from here, whatever others try meanwhile.
            remember_device(request, response, replace(whose.account, password_hash=hashed))
            return response
    return form.answer(page(context, "reset.html", {"form": form, "whose": whose}))
