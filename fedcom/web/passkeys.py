"""The settings of passkeys: added with the password, renamed, removed."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.accounts.mail import write_passkey_change
from fedcom.accounts.members import Member, get_member
from fedcom.accounts.passkeys import (
    Passkey,
    begin_adding,
    check_passkey_name,
    finish_adding,
    list_passkeys,
    remove_passkey,
    rename_passkey,
    take_challenge,
)
from fedcom.accounts.sessions import SignedIn
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.models.site import Site
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.html.routing import button_route, page_route
from fedcom.web.settings import browser_name, confirm

PATH = "/settings/passkeys"
_FIELDS = {"name": "", "current_password": "", "credential": ""}


def routes() -> list[Route]:
    """The page, and its forms."""
    return [
        page_route(PATH, show),
        button_route(f"{PATH}/begin", begin),
        button_route(f"{PATH}/add", add),
        button_route(f"{PATH}/rename", rename),
        button_route(f"{PATH}/remove", remove),
    ]


async def show(request: Request) -> Response:
    """GET /settings/passkeys: the member's passkeys, and the form that adds one."""
    return await _show(request, Form(dict(_FIELDS)))


async def _show(request: Request, form: Form) -> Response:
    def read(conn: Connection, context: PageContext) -> list[Passkey]:
        return list_passkeys(conn, member_of(context).account.actor_id)

    context, found = await read_page(request, read)
    values = {"passkeys": found, "form": form}
    return form.answer(page(context, "settings_passkeys.html", values))


async def begin(request: Request) -> Response:
    """POST /settings/passkeys/begin: with the password, what the browser needs (JSON)."""
    form = Form(_FIELDS | await receive(request))
    context = await context_of(request)
    member = member_of(context)
    if form.line("name"):
        check_passkey_name(form.line("name"))
    await confirm(request, member, form, "current_password")
    account_id, name, site = member.account.actor_id, member.person.name, context.site.name
    options = await context.instance.unit(lambda ctx: begin_adding(ctx, account_id, name, site))
    return JSONResponse(options, headers={"Cache-Control": "no-store"})


async def add(request: Request) -> Response:
    """POST /settings/passkeys/add: the passkey that the browser has made, in `credential`."""
    form = await read_form(request, _FIELDS)
    context = await context_of(request)
    member, instance = member_of(context), context.instance
    account_id = member.account.actor_id
    name = form.line("name") or browser_name(request.headers.get("user-agent", ""))
    if form.ready:
        with form.keeping():
            answer = await instance.unit(
                lambda ctx: take_challenge(ctx, form.text("credential"), account_id)
            )

            def work(ctx: Context) -> None:
                made = finish_adding(ctx, account_id, name, answer)
                _tell(request, ctx, context.site, member, made.name, is_new=True)

            await instance.unit(work)
            return see_other(PATH, "passkey_added")
    return await _show(request, form)


async def rename(request: Request) -> Response:
    """POST /settings/passkeys/rename: `passkey` is called `name` from now on."""
    sent = await receive(request)
    member = member_of(await context_of(request))
    number, name = number_in(sent.get("passkey", "")), sent.get("name", "")
    await instance_of(request).unit(
        lambda ctx: rename_passkey(ctx.conn, member.account.actor_id, number, name)
    )
    return see_other(PATH, "passkey_renamed")


async def remove(request: Request) -> Response:
    """POST /settings/passkeys/remove: `passkey` does not log in any more."""
    sent = await receive(request)
    context = await context_of(request)
    member = member_of(context)
    number = number_in(sent.get("passkey", ""))

    def work(ctx: Context) -> None:
        name = remove_passkey(ctx.conn, member.account.actor_id, number)
        _tell(request, ctx, context.site, member, name, is_new=False)

    await context.instance.unit(work)
    return see_other(PATH, "passkey_removed")


def _tell(
    request: Request, ctx: Context, site: Site, member: SignedIn, name: str, *, is_new: bool
) -> None:
    """Mail the member, in case it was somebody else."""
    owner: Member = get_member(ctx.conn, member.person.id)
    address = owner.account.email
    if address and instance_of(request).settings.sends_mail:
        write_passkey_change(ctx, site, owner, address, name, is_new=is_new)
