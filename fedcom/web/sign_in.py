"""Logging in and out, and signing up."""

import base64
from datetime import timedelta

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.accounts.email import propose_email
from fedcom.accounts.invitations import check_invitation
from fedcom.accounts.members import Member, get_member
from fedcom.accounts.passwords import check_new_password
from fedcom.accounts.register import check_email, require_application, require_email
from fedcom.accounts.sessions import end_session
from fedcom.accounts.sign_in import CodeNeeded, EmailNeeded, NewSession
from fedcom.accounts.throttle import CONFIRMATIONS_BY_ACCOUNT, count_attempt
from fedcom.context import Context
from fedcom.effects.local_actor import check_free
from fedcom.errors import Checks, Denied, FedcomError, NotFound
from fedcom.http.captcha import make_captcha, record_captcha
from fedcom.http.devices import remember_device
from fedcom.http.email_links import ask_to_confirm
from fedcom.http.identity import clear_session, credentials_of, set_session
from fedcom.http.instance import instance_of
from fedcom.http.log_in import (
    begin_with_passkey as options_for,
    log_in as first_step,
    log_in_with_code as second_step,
    log_in_with_passkey as by_passkey,
)
from fedcom.http.numbers import number_in
from fedcom.http.sign_up import Newcomer, SignedUp, sign_up as make_account
from fedcom.http.signer import parts_of
from fedcom.models.site import Site
from fedcom.queries.rules import list_rules
from fedcom.rules.limits import MAX_APPLICATION, check_body
from fedcom.rules.names import check_name
from fedcom.web.drafts import take_along
from fedcom.web.html.forms import Form, error_beside, read_form, receive, safe_path, see_other
from fedcom.web.html.honeypot import BAIT, SHOWN_AT, check_honeypot, set_honeypot
from fedcom.web.html.render import page
from fedcom.web.html.request_context import BANS, PageContext, context_of, read_page

TICKET_VALID = timedelta(minutes=10)
"""How long the second step of a log-in may take."""

WELCOME = "/welcome"
"""Where new members go first, unless they came from a page of ours."""

_CODE, _EMAIL = "code of a log-in", "address of a log-in"
"""What a ticket permits."""


async def log_in(request: Request) -> Response:
    """GET and POST /login; `next` is the path of ours to continue to.

    The text of a form whose session had expired is kept as a draft.
    """
    initial = {"name": "", "password": "", "next": request.query_params.get("next", "")}
    form = await read_form(request, initial)
    context = await context_of(request)
    if form.ready:
        with form.keeping():
            result = await first_step(request, form.line("name"), form.text("password"))
            if isinstance(result, CodeNeeded):
                form.values["ticket"] = _ticket(context, _CODE, result.member)
                return page(context, "login_code.html", {"form": form})
            return await _enter(request, form, context, result)
    return _log_in_page(context, form)


async def begin_with_passkey(request: Request) -> Response:
    """POST /login/passkey/begin: what our script needs to log in with a passkey (JSON)."""
    await receive(request)
    return JSONResponse(await options_for(request), headers={"Cache-Control": "no-store"})


async def log_in_with_passkey(request: Request) -> Response:
    """POST /login/passkey: the passkey's answer is in `credential`; the rest as for /login."""
    form = await read_form(request, {"name": "", "password": "", "credential": "", "next": ""})
    context = await context_of(request)
    if form.ready:
        with form.keeping():
            result = await by_passkey(request, form.text("credential"))
            return await _enter(request, form, context, result)
    return _log_in_page(context, form)


def _log_in_page(context: PageContext, form: Form) -> Response:
    values = {"form": form}
    return form.answer(page(context, "login.html", values))


async def log_in_with_code(request: Request) -> Response:
    """POST /login/code: the second step, which `ticket` permits for ten minutes."""
    form = await read_form(request, {"ticket": "", "code": "", "recovery_code": "", "next": ""})

    def read(conn: Connection, context: PageContext) -> Member | None:
        return _holder(conn, context, _CODE, form.line("ticket"))

    context, member = await read_page(request, read)
    if member is None:
        return _begin_again(context, form)
    if form.ready:
        with form.keeping("code"):
            code = form.line("code") or form.line("recovery_code")
            result = await second_step(request, member, code)
            return await _enter(request, form, context, result)
    if form.line("recovery_code") and "code" in form.errors:
        form.errors = {"recovery_code": form.errors["code"]}
    return form.answer(page(context, "login_code.html", {"form": form}))


async def ask_for_email(request: Request) -> Response:
    """POST /login/email: the address to confirm before the first log-in, by `ticket`."""
    form = await read_form(request, {"ticket": "", "email": "", "next": ""})
    instance = instance_of(request)

    def read(conn: Connection, context: PageContext) -> Member | None:
        return _holder(conn, context, _EMAIL, form.line("ticket"))

    context, member = await read_page(request, read)
    if member is None:
        return _begin_again(context, form)
    if form.ready:
        with form.keeping("email"):
            require_email(form.line("email"))
            address, whose = check_email(form.line("email")), member.person.id

            def work(ctx: Context) -> None:
                count_attempt(ctx.conn, CONFIRMATIONS_BY_ACCOUNT, f"{whose}", ctx.now)
                propose_email(ctx.conn, whose, address, sends_mail=instance.settings.sends_mail)
                ask_to_confirm(instance, ctx, context.site, get_member(ctx.conn, whose))

            await instance.unit(work)
            return see_other("/login", "email_first")
    return form.answer(page(context, "login_email.html", {"form": form}))


def _begin_again(context: PageContext, form: Form) -> Response:
    """Back to the first step, since the ticket is not valid any more."""
    if form.ready:
        return see_other("/login", "log_in_again")
    return _log_in_page(context, form)


async def _enter(
    request: Request, form: Form, context: PageContext, result: NewSession | EmailNeeded
) -> Response:
    """The redirect into the site, with the cookie, or the page that asks for an address."""
    if isinstance(result, EmailNeeded):
        form.values["ticket"] = _ticket(context, _EMAIL, result.member)
        form.values["email"] = result.member.account.unconfirmed_email or ""
        return page(context, "login_email.html", {"form": form})
    await take_along(request, form, result.member.person)
    response = see_other(safe_path(form.text("next")), "welcome")
    if result.member.person.is_banned(context.now):
        response = see_other(BANS)
    set_session(response, context.instance.settings, result.token)
    remember_device(request, response, result.member.account)
    return response


def _ticket(context: PageContext, purpose: str, member: Member) -> str:
    """Shows for a while that the steps before were passed, until the password is changed."""
    login, until = member.account, str(int((context.now + TICKET_VALID).timestamp()))
    signer = context.instance.signer
    return signer.sign(purpose, str(login.actor_id), until, bound_to=login.password_hash)


def _holder(conn: Connection, context: PageContext, purpose: str, ticket: str) -> Member | None:
    """The member whose ticket it is; None if it is invalid or has expired."""
    account_id, until = parts_of(ticket, 2)
    if number_in(until) <= context.now.timestamp():
        return None
    try:
        member = get_member(conn, number_in(account_id))
    except NotFound:
        return None
    is_good = context.instance.signer.verify(purpose, ticket, member.account.password_hash)
    return member if is_good else None


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
    initial |= {BAIT: "", SHOWN_AT: "", "captcha": "", "captcha_answer": ""}
    form = await read_form(request, initial)
    sends_mail = instance_of(request).settings.sends_mail
    code = form.line("invitation")
    context, (problem, rules) = await read_page(
        request,
        lambda conn, context: (_look_at_code(conn, code, context), list_rules(conn, None)),
    )
    is_invited = code != "" and problem is None
    if form.ready:
        with form.keeping():
            await _check(request, form, context.site, is_invited=is_invited)
            made = await _register(request, form, context.site)
            if made.is_pending:
                return see_other("/", "account_pending")
            if made.session is None:
                return see_other("/", "email_first")
            notice = "welcome_confirm" if made.asks_to_confirm else "welcome"
            response = see_other(safe_path(form.text("next"), WELCOME), notice)
            set_session(response, context.instance.settings, made.session.token)
            remember_device(request, response, made.member.account)
            return response
    if problem is not None and not form.sent:
        form.fail(problem)
    set_honeypot(form, context.instance.signer, context.now)
    captcha = None if is_invited else await make_captcha(request, context.site)
    # The new picture needs a new answer.
    is_redrawn = form.line("captcha_answer") != "" and "captcha_answer" not in form.errors
    form.values["captcha_answer"] = ""
    values = {
        "form": form,
        "is_invited": is_invited,
        "rules": rules,
        "captcha": captcha,
        "is_redrawn": is_redrawn,
        "captcha_png": base64.b64encode(captcha.png).decode() if captcha else "",
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


async def play_captcha(request: Request) -> Response:
    """GET /register/captcha.wav: the recording of the captcha whose ticket is `captcha`."""
    content = await record_captcha(request, request.query_params.get("captcha", ""))
    return Response(content, media_type="audio/wav", headers={"Cache-Control": "private, no-store"})


async def _check(request: Request, form: Form, site: Site, *, is_invited: bool) -> None:
    """Raise all errors of the form at once, before its captcha is used up."""
    instance, checks, name = instance_of(request), Checks(), form.line("name")
    with checks:
        check_honeypot(form, instance.signer, instance.clock())
    with checks:
        name = check_name(name, site.name_limit)
    with checks:
        await instance.read(lambda conn: check_free(conn, name))
    with checks:
        check_new_password(form.text("password"), name)
    with checks:
        check_email(form.line("email"))
        if site.requires_confirmed_email and instance.settings.sends_mail:
            require_email(form.line("email"))
    with checks, error_beside("application"):
        check_body(form.text("application"), MAX_APPLICATION)
        if site.registration == "approval" and not is_invited:
            require_application(form.text("application"))
    checks.finish()


async def _register(request: Request, form: Form, site: Site) -> SignedUp:
    newcomer = Newcomer(
        name=form.line("name"),
        password=form.text("password"),
        email=form.line("email"),
        application=check_body(form.text("application"), MAX_APPLICATION),
        invitation=form.line("invitation"),
        captcha=form.line("captcha"),
        captcha_answer=form.line("captcha_answer"),
    )
    return await make_account(request, site, newcomer)
