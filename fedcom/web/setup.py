"""The first page of a new instance: its name, first admin and first community."""

import asyncio
import hmac

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.rate_limits import act
from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.sessions import create_session
from fedcom.accounts.sign_in import NewSession
from fedcom.actions.community import CreateCommunity
from fedcom.context import Context
from fedcom.errors import Checks, Conflict, Denied, Invalid
from fedcom.http.devices import remember_device
from fedcom.http.identity import set_session
from fedcom.http.instance import instance_of
from fedcom.rules.limits import check_display_name
from fedcom.rules.names import check_name
from fedcom.site.settings import check_registration, check_site_name
from fedcom.site.setup import finish_setup, is_set_up
from fedcom.web.html.forms import Form, error_beside, read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import context_of

_FIELDS = {
    "token": "",
    "site_name": "",
    "registration": "closed",
    "name": "",
    "password": "",
    "community": "",
    "display_name": "",
}


async def set_up(request: Request) -> Response:
    """GET and POST /setup: only until the set-up is complete."""
    instance = instance_of(request)
    form = await read_form(request, _FIELDS)
    context = await context_of(request)
    if context.site.set_up_at is not None:
        return RedirectResponse("/", 303)
    if form.ready:
        with form.keeping():
            path, new_session = await _set_up(request, form)
            response = see_other(path, "set_up")
            set_session(response, instance.settings, new_session.token)
            remember_device(request, response, new_session.member.account)
            return response
    values = {"form": form, "asks_token": instance.setup_token is not None}
    return form.answer(page(context, "setup.html", values))


async def _set_up(request: Request, form: Form) -> tuple[str, NewSession]:
    """Returns the path of the first community, and the admin's first session."""
    instance, checks, name = instance_of(request), Checks(), form.line("name")
    with checks:
        _check_token(instance.setup_token, form.line("token"))
    with checks, error_beside("site_name"):
        site_name = check_site_name(form.line("site_name"))
    with checks:
        registration = check_registration(form.line("registration"))
    with checks:
        name = check_name(name)
    with checks:
        password = check_new_password(form.text("password"), name)
    with checks:
        title = check_display_name(form.line("display_name"))
    with checks:
        community_name = _check_community(form.line("community"), name)
    checks.finish()
    hashed = await asyncio.to_thread(hash_password, password)
    keys = await instance.new_key(), await instance.new_key()
    agent = request.headers.get("user-agent", "")

    def work(ctx: Context) -> NewSession:
        if is_set_up(ctx.conn):
            raise Conflict("site_already_exists", "This server is already set up.")
        new_account = NewAccount(name=name, password_hash=hashed)
        admin = create_account(ctx, new_account, keys[0], role="admin")
        act(ctx, CreateCommunity(by=admin.person, name=community_name, key=keys[1], title=title))
        finish_setup(ctx.conn, name=site_name, registration=registration, now=ctx.now)
        return NewSession(admin, create_session(ctx.conn, admin.person.id, agent, ctx.now))

    return f"/c/{community_name}", await instance.unit(work)


def _check_token(wanted: str | None, given: str) -> None:
    if wanted is not None and not hmac.compare_digest(wanted.encode(), given.encode()):
        raise Denied("token_wrong", "Wrong set-up token. Find it in the server's log.")


def _check_community(name: str, admin: str) -> str:
    """Check the community's name, which must differ from the admin's."""
    with error_beside("community"):
        name = check_name(name)
    if name == admin:
        raise Invalid(
            "community_name_taken",
            "Your account already has this name. An account and a community can't share one.",
        )
    return name
