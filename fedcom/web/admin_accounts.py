"""The admin's page that makes accounts, as `fedcom user create` does."""

import asyncio
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.mail import write_account
from fedcom.accounts.members import Member
from fedcom.accounts.password_reset import NEW_ACCOUNT_VALID, create_reset
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.rate_limits import act
from fedcom.accounts.register import NewAccount, check_email, create_account
from fedcom.actions.moderators import AddModerator
from fedcom.context import Context, NewKey
from fedcom.effects.local_actor import check_free
from fedcom.errors import Checks, NotFound
from fedcom.http.resolve import NO_COMMUNITY, split_slug
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_community
from fedcom.rules.names import check_name
from fedcom.web.html.forms import Form, error_beside, read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of

_FIELDS = {"name": "", "email": "", "community": "", "admin": ""}


@dataclass(frozen=True, slots=True)
class _Made:
    """The new account, and the token of the link with which its owner sets a password."""

    member: Member
    token: str
    is_mailed: bool


async def create(request: Request) -> Response:
    """GET and POST /admin/members/new. The owner sets the password with a link, which is sent to
    the address if this server sends mail; else it is shown, once.
    """
    context = await context_of(request)
    by = admin_of(context).person
    form = await read_form(request, _FIELDS)
    if form.ready:
        with form.keeping():
            made = await _create(context, form, by)
            if made.is_mailed:
                return see_other("/admin/members", "account_mailed")
            link = _link(context, made.token)
            values = {"whose": made.member, "link": link, "is_new": True}
            return page(context, "admin_reset.html", values)
    shown = {"form": form, "sends_mail": context.instance.settings.sends_mail}
    return form.answer(page(context, "admin_account_new.html", shown))


def _link(context: PageContext, token: str) -> str:
    return f"{context.instance.settings.origin}/reset?token={token}"


async def _create(context: PageContext, form: Form, by: Person) -> _Made:
    instance, checks = context.instance, Checks()
    name, email, wanted = form.line("name"), form.line("email"), form.line("community")
    with checks:
        name = check_name(name, context.site.name_limit)
        await instance.read(lambda conn: check_free(conn, name))
    address = None
    with checks:
        address = check_email(email)
    community: Community | None = None
    with checks, error_beside("community"):
        community = await _find_community(context, wanted) if wanted else None
    checks.finish()
    # Nobody knows it: the owner sets another one with the link.
    hashed = await asyncio.to_thread(hash_password, secrets.token_urlsafe(32))
    key = await instance.new_key()
    is_mailed = address is not None and instance.settings.sends_mail

    def work(ctx: Context) -> _Made:
        member = _make(ctx, NewAccount(name=name, password_hash=hashed, email=email), key, form)
        if community is not None:
            act(ctx, AddModerator(by=by, community=community, person=member.person))
        token = create_reset(ctx.conn, member.person.id, ctx.now, valid=NEW_ACCOUNT_VALID)
        if is_mailed and address is not None:
            write_account(ctx, context.site, member, address, _link(context, token))
        return _Made(member, token, is_mailed)

    return await instance.unit(work)


def _make(ctx: Context, new_account: NewAccount, key: NewKey, form: Form) -> Member:
    return create_account(ctx, new_account, key, "admin" if form.checked("admin") else "member")


async def _find_community(context: PageContext, wanted: str) -> Community:
    """The community of this server with this name or handle. Raises NotFound."""
    own_host = context.instance.settings.host
    name, host = split_slug(wanted.removeprefix("!"), own_host, NO_COMMUNITY)
    found = await context.instance.read(lambda conn: find_community(conn, name, host))
    if found is None or not found.local:
        raise NotFound("couldnt_find_community", NO_COMMUNITY, name=wanted)
    return found
