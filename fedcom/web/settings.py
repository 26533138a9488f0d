"""A member's settings: public profile, appearance, password and sessions."""

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.email import propose_email
from fedcom.accounts.members import get_member, set_password
from fedcom.accounts.passkeys import list_passkeys
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.rate_limits import act
from fedcom.accounts.register import check_email
from fedcom.accounts.sessions import Session, SignedIn, end_one_session, list_sessions
from fedcom.accounts.two_factor import has_two_factor
from fedcom.actions.profile import EditProfile
from fedcom.context import Context
from fedcom.errors import Checks, Denied
from fedcom.http.devices import remember_device
from fedcom.http.email_links import ask_to_confirm
from fedcom.http.instance import instance_of
from fedcom.http.log_in import knows_password
from fedcom.http.numbers import number_in
from fedcom.models.account import Account
from fedcom.models.actor import Person
from fedcom.models.site import Site
from fedcom.offload import offload
from fedcom.personal.feed_tokens import find_subscriber
from fedcom.personal.preferences import Preferences, set_preferences
from fedcom.rules.limits import MAX_SUMMARY, check_body, check_display_name, check_matrix_id
from fedcom.rules.time_zones import time_zones
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.i18n import gettext
from fedcom.web.html.languages import language_fields, languages_in
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.private_feeds import make_token
from fedcom.wire.body import Body

_PASSWORD = {"current_password": "", "password": ""}


@dataclass(frozen=True, slots=True)
class Browser:
    """One session of a browser or an app, as its owner sees it."""

    session: Session
    is_this: bool

    @property
    def name(self) -> str:
        """The name of the browser or the app, in the short form that people know."""
        agent = self.session.user_agent
        if not self.session.is_app:
            return browser_name(agent)
        product = agent.partition("/")[0].strip()[:60]
        if product == "Mozilla":
            return gettext("App in %(browser)s") % {"browser": browser_name(agent)}
        return product or gettext("Unknown app")


def browser_name(agent: str) -> str:
    """The browser and the system that this User-Agent names."""
    known = ("Firefox", "Edg", "OPR", "Chrome", "Safari", "curl")
    product = next((name for name in known if f"{name}/" in agent), agent[:60])
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
    system = next((name for name in systems if name in agent), "")
    label = {"Edg": "Edge", "OPR": "Opera"}.get(product, product)
    return f"{label}, {system}" if system and label else label or gettext("Unknown browser")


async def edit_profile(request: Request) -> Response:
    """GET and POST /settings: the public name, biography and Matrix id, and whether it is a bot."""
    context = await context_of(request)
    by = member_of(context).person
    initial = {
        "display_name": by.title,
        "body": by.summary_source,
        "matrix_user_id": by.matrix_user_id or "",
        "is_bot": "on" if by.is_bot else "",
        "no_search_engines": "" if by.indexable else "on",
    }
    form = await read_form(request, initial)
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                title = check_display_name(form.line("display_name"))
            with checks:
                summary = check_body(form.text("body"), MAX_SUMMARY)
            with checks:
                matrix_user_id = check_matrix_id(form.line("matrix_user_id"))
            checks.finish()
            action = EditProfile(
                by=by,
                title=title,
                summary=await offload(Body.of_markdown, summary),
                matrix_user_id=matrix_user_id,
                is_bot=form.checked("is_bot"),
                indexable=not form.checked("no_search_engines"),
            )
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(f"/u/{slug(by)}", "profile_saved")
    return form.answer(page(context, "settings.html", {"form": form}))


async def edit_appearance(request: Request) -> Response:
    """GET and POST /settings/appearance: the look of pages, times, and the defaults of lists."""
    context = await context_of(request)
    mine = member_of(context).account
    form = await read_form(request, _appearance(mine))
    if form.ready:
        with form.keeping():
            chosen = Preferences(
                interface_language=form.line("interface_language"),
                theme=form.line("theme"),
                time_zone=form.line("time_zone"),
                front_scope=form.line("front_scope"),
                front_sort=form.line("front_sort"),
                compact_lists=form.checked("compact_lists"),
                show_nsfw=form.checked("show_nsfw"),
                show_read_posts=form.checked("show_read_posts"),
                show_bot_accounts=form.checked("show_bot_accounts"),
                keyboard_shortcuts=form.checked("keyboard_shortcuts"),
                flat_threads=form.checked("flat_threads"),
                languages=" ".join(languages_in(form)),
                mail_notifications=mine.mail_notifications,
            )
            await context.instance.unit(
                lambda ctx: set_preferences(ctx.conn, mine.actor_id, chosen)
            )
            return see_other("/settings/appearance", "preferences_saved")
    zones = [(name, name.replace("_", " ")) for name in time_zones()]
    values = {"form": form, "time_zones": zones}
    return form.answer(page(context, "settings_appearance.html", values))


def _appearance(mine: Account) -> dict[str, str]:
    return {
        "interface_language": mine.interface_language,
        "theme": mine.theme,
        "time_zone": mine.time_zone,
        "front_scope": mine.front_scope,
        "front_sort": mine.front_sort,
        "compact_lists": "on" if mine.compact_lists else "",
        "show_nsfw": "on" if mine.show_nsfw else "",
        "show_read_posts": "on" if mine.show_read_posts else "",
        "show_bot_accounts": "on" if mine.show_bot_accounts else "",
        "keyboard_shortcuts": "on" if mine.keyboard_shortcuts else "",
        "flat_threads": "on" if mine.flat_threads else "",
        **language_fields(mine.languages),
    }


async def show_change_password(_request: Request) -> Response:
    """GET /.well-known/change-password, where password managers look (W3C): to the form."""
    return RedirectResponse("/settings/account#password", 303)


async def show_account(request: Request) -> Response:
    """GET /settings/account: password, e-mail address, sessions and feeds."""
    return await _show_account(request)


async def _show_account(
    request: Request, *, password: Form | None = None, email: Form | None = None
) -> Response:
    instance = instance_of(request)

    def read(conn: Connection, context: PageContext) -> tuple[list[Browser], str, bool, int]:
        member = member_of(context)
        found = list_sessions(conn, member.account.actor_id, context.now)
        browsers = [Browser(session, session.id == member.session.id) for session in found]
        reader = find_subscriber(conn, member.person.id, context.now)
        token = make_token(instance.signer, reader) if reader else ""
        account_id = member.account.actor_id
        keys = len(list_passkeys(conn, account_id))
        return browsers, token, has_two_factor(conn, account_id), keys

    context, (browsers, token, is_on, passkeys) = await read_page(request, read)
    member = member_of(context)
    password = password or Form(dict(_PASSWORD))
    email = email or Form({"email": member.account.contact or "", "email_password": ""})
    values = {
        "browsers": browsers,
        "password": password,
        "email": email,
        "feed_token": token,
        "has_two_factor": is_on,
        "passkeys": passkeys,
        "sends_mail": instance.settings.sends_mail,
    }
    shown = page(context, "settings_account.html", values)
    return email.answer(password.answer(shown))


async def change_password(request: Request) -> Response:
    """POST /settings/password: asks for the current one; all other sessions end."""
    form = await read_form(request, _PASSWORD)
    member = member_of(await context_of(request))
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                chosen = check_new_password(form.text("password"), member.person.name)
            with checks:
                await confirm(request, member, form, "current_password")
            checks.finish()
            hashed = await asyncio.to_thread(hash_password, chosen)

            def work(ctx: Context) -> None:
                kept = member.session.id
                set_password(ctx.conn, member.person.id, hashed, keep_session=kept)

            await instance_of(request).unit(work)
            response = see_other("/settings/account", "password_changed")
            remember_device(request, response, replace(member.account, password_hash=hashed))
            return response
    return await _show_account(request, password=form)


async def change_email(request: Request) -> Response:
    """POST /settings/email: asks for the password, because the address can reset it."""
    form = await read_form(request, {"email": "", "email_password": ""})
    context = await context_of(request)
    member = member_of(context)
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                address = check_email(form.line("email"))
            with checks:
                await confirm(request, member, form, "email_password")
            checks.finish()
            needs_confirmation = await _propose(request, context.site, member.person, address)
            return see_other(
                "/settings/account", "email_asked" if needs_confirmation else "email_changed"
            )
    return await _show_account(request, email=form)


async def _propose(request: Request, site: Site, by: Person, address: str | None) -> bool:
    """Store the address, and send a confirmation link if required; returns whether it was."""
    instance = instance_of(request)
    sends_mail = instance.settings.sends_mail

    def work(ctx: Context) -> bool:
        waits = propose_email(ctx.conn, by.id, address, sends_mail=sends_mail)
        if waits:
            ask_to_confirm(instance, ctx, site, get_member(ctx.conn, by.id))
        return waits

    return await instance.unit(work)


async def confirm(request: Request, member: SignedIn, form: Form, field: str) -> None:
    """Check that the person at the keyboard knows the member's password, typed into `field`.

    Raises Denied(`<field>_wrong`) and TooMany.
    """
    if not await knows_password(request, member, form.text(field)):
        raise Denied(f"{field}_wrong", "The password is wrong.")


async def end_session_elsewhere(request: Request) -> Response:
    """POST /settings/sessions: log out the browser or app that `session` names."""
    sent = await receive(request)
    member = member_of(await context_of(request))
    session_id = number_in(sent.get("session", ""))
    await instance_of(request).unit(
        lambda ctx: end_one_session(ctx.conn, member.account.actor_id, session_id)
    )
    return see_other("/settings/account", "session_ended")
