"""Logging in and out, and signing up."""

import asyncio
from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.invitations import check_invitation
from fedcom.accounts.passwords import (
    check_new_password,
    check_password,
    hash_password,
    stronger_hash,
)
from fedcom.accounts.register import NewAccount, check_email, register
from fedcom.accounts.sessions import create_session, end_session
from fedcom.accounts.sign_in import Client, Login, NewSession, begin_sign_in, finish_sign_in
from fedcom.accounts.throttle import (
    ACCOUNTS_BY_ADDRESS,
    SIGN_UP_BY_ADDRESS,
    address_key,
    count_attempt,
)
from fedcom.context import Context
from fedcom.errors import Denied, FedcomError, NotFound
from fedcom.http.addresses import client_address
from fedcom.http.devices import find_device, remember_device
from fedcom.http.identity import clear_session, credentials_of, set_session
from fedcom.http.instance import instance_of
from fedcom.models.site import Site
from fedcom.rules.limits import MAX_APPLICATION, check_body
from fedcom.rules.names import check_name
from fedcom.web.drafts import take_along
from fedcom.web.email import ask_to_confirm
from fedcom.web.html.forms import Form, error_beside, read_form, receive, safe_path, see_other
from fedcom.web.html.honeypot import BAIT, SHOWN_AT, check_honeypot, set_honeypot
from fedcom.web.html.render import page
from fedcom.web.html.request_context import BANS, PageContext, context_of, read_page


async def log_in(request: Request) -> Response:
    """GET and POST /login; `next` is the path of ours to continue to.

    The text of a form whose session had expired is kept as a draft.
    """
    initial = {"name": "", "password": "", "next": request.query_params.get("next", "")}
    form = await read_form(request, initial)
    context = await context_of(request)
    if form.ready:
        with form.keeping():
            new_session = await _sign_in(request, form)
            await take_along(request, form, new_session.member.person)
            response = see_other(safe_path(form.text("next")), "welcome")
            if new_session.member.person.is_banned(context.now):
                response = see_other(BANS)
            set_session(response, context.instance.settings, new_session.token)
            remember_device(request, response, new_session.member.account)
            return response
    return form.answer(page(context, "login.html", {"form": form}))


async def _sign_in(request: Request, form: Form) -> NewSession:
    """The three steps of `fedcom.accounts.sign_in`; the slow one in threads of its own."""
    instance = instance_of(request)
    name, password = form.line("name"), form.text("password")

    client = Client(client_address(request), partial(find_device, request))

    def begin(ctx: Context) -> Login:
        return begin_sign_in(ctx.conn, name, client, ctx.now)

    login = await instance.unit(begin)
    stored = login.password_hash
    is_right = await asyncio.to_thread(check_password, stored, password)
    stronger = await asyncio.to_thread(stronger_hash, stored, password) if is_right else None
    agent = request.headers.get("user-agent", "")

    def finish(ctx: Context) -> NewSession:
        return finish_sign_in(
            ctx.conn,
            login,
            password_ok=is_right,
            stronger=stronger,
            user_agent=agent,
            now=ctx.now,
        )

    return await instance.unit(finish)


async def log_out(request: Request) -> Response:
    """POST /logout."""
    await receive(request)
    token = credentials_of(request).token
    if token:
        await instance_of(request).unit(lambda ctx: end_session(ctx.conn, token))
    response = see_other("/", "logged_out")
    clear_session(response, instance_of(request).settings)
    return response


async def sign_up(request: Request) -> Response:
    """GET and POST /register: creates an account or an application, or says that registration is
    closed.

    With `?invitation=CODE` it is open to people with the code.
    """
    query = request.query_params
    initial = {"name": "", "password": "", "email": "", "application": ""}
    initial |= {name: query.get(name, "") for name in ("next", "invitation")}
    initial |= {BAIT: "", SHOWN_AT: ""}
    form = await read_form(request, initial)
    sends_mail = instance_of(request).settings.sends_mail
    code = form.line("invitation")
    context, problem = await read_page(
        request, lambda conn, context: _look_at_code(conn, code, context)
    )
    if form.ready:
        with form.keeping():
            new_session = await _register(request, form, context.site)
            if new_session is None:
                return see_other("/", "account_pending")
            asks = new_session.member.account.unconfirmed_email and sends_mail
            notice = "welcome_confirm" if asks else "welcome"
            response = see_other(safe_path(form.text("next")), notice)
            set_session(response, context.instance.settings, new_session.token)
            remember_device(request, response, new_session.member.account)
            return response
    if problem is not None and not form.sent:
        form.fail(problem)
    set_honeypot(form, context.instance.signer, context.now)
    values = {
        "form": form,
        "is_invited": code != "" and problem is None,
        "sends_mail": sends_mail,
    }
    return form.answer(page(context, "register.html", values))


def _look_at_code(conn: Connection, code: str, context: PageContext) -> FedcomError | None:
    """The error for an invalid invitation code; None if it is valid or empty."""
    try:
        if code:
            check_invitation(conn, code, context.now)
    except (NotFound, Denied) as error:
        return error
    return None


async def _register(request: Request, form: Form, site: Site) -> NewSession | None:
    """The new member's first session, None if an admin still has to approve the account."""
    instance = instance_of(request)
    check_honeypot(form, instance.signer, instance.clock())
    name = check_name(form.line("name"), site.name_limit)
    password = check_new_password(form.text("password"), name)
    email = check_email(form.line("email"))
    with error_beside("application"):
        application = check_body(form.text("application"), MAX_APPLICATION)
    address = address_key(client_address(request))
    await instance.unit(lambda ctx: count_attempt(ctx.conn, SIGN_UP_BY_ADDRESS, address, ctx.now))
    new_account = NewAccount(
        name=name,
        password_hash=await asyncio.to_thread(hash_password, password),
        email=email,
        application=application,
        invitation=form.line("invitation"),
    )
    key = await instance.new_key()
    agent = request.headers.get("user-agent", "")

    def work(ctx: Context) -> NewSession | None:
        member = register(ctx, new_account, key)
        ask_to_confirm(instance, ctx, site, member)
        if not new_account.invitation:
            count_attempt(ctx.conn, ACCOUNTS_BY_ADDRESS, address, ctx.now)
        if member.account.state == "pending":
            return None
        return NewSession(member, create_session(ctx.conn, member.person.id, agent, ctx.now))

    return await instance.unit(work)
