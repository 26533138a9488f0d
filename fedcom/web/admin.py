"""The admin's pages about this server: its name and texts, registration, and applications."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.applications import (
    Application,
    NewDecision,
    decide as decide_application,
    get_application,
    list_denied,
    list_waiting,
)
from fedcom.context import Context
from fedcom.errors import Checks, Conflict
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in, whole_number
from fedcom.models.site import Site
from fedcom.offload import offload
from fedcom.rules.limits import check_body
from fedcom.site.first_steps import FirstStep, list_steps
from fedcom.site.settings import (
    MAX_DESCRIPTION,
    MAX_RULES,
    check_short_description,
    check_site_name,
    edit_sign_up,
    edit_site,
    edit_welcome,
    set_hue,
)
from fedcom.views.paging import Page
from fedcom.web.html.colours import read_hue
from fedcom.web.html.forms import Form, count_in, error_beside, read_form, receive, see_other
from fedcom.web.html.render import page, style_address
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from fedcom.wire.body import Body


async def edit(request: Request) -> Response:
    """GET and POST /admin: name, description, rules, colours; `preview` shows without saving.

    Above them are the first steps, until an admin hides them.
    """

    def read(conn: Connection, context: PageContext) -> list[FirstStep]:
        admin_of(context)
        is_hidden = context.site.hides_first_steps
        return [] if is_hidden else list_steps(conn, context.site)

    context, steps = await read_page(request, read)
    form = await read_form(request, _about(context.site))
    style = {}
    if form.ready:
        with form.keeping():
            if form.checked("preview"):
                style = {"style": style_address(read_hue(form.line("hue")))}
            else:
                await _save(request, form)
                return see_other("/admin", "site_saved")
    values = {
        "form": form,
        "steps": steps,
        "sends_mail": context.instance.settings.sends_mail,
        "address_of_admin": admin_of(context).account.contact,
        **style,
    }
    return form.answer(page(context, "admin.html", values))


def _about(site: Site) -> dict[str, str]:
    return {
        "site_name": site.name,
        "body": site.description_source,
        "short_description": site.short_description,
        "rules": site.rules_source,
        "hue": "" if site.hue is None else str(site.hue),
    }


def _read_limit(text: str) -> int | None:
    """The number in the field; None if it is missing, 0 for no number, which is refused."""
    return (whole_number(text, 1_000) or 0) if text else None


async def _save(request: Request, form: Form) -> None:
    checks = Checks()
    with checks, error_beside("site_name"):
        name = check_site_name(form.line("site_name"))
    with checks, error_beside("short_description"):
        short_description = check_short_description(form.line("short_description"))
    with checks:
        description = await _rendered(form, "body", MAX_DESCRIPTION)
    with checks:
        rules = await _rendered(form, "rules", MAX_RULES)
    with checks:
        hue = read_hue(form.line("hue"))
    checks.finish()

    def work(ctx: Context) -> None:
        edit_site(ctx, name=name, short_description=short_description, description=description)
        edit_welcome(ctx.conn, rules=rules)
        set_hue(ctx.conn, hue)

    await instance_of(request).unit(work)


async def _rendered(form: Form, field: str, limit: int) -> Body:
    with error_beside(field):
        return await offload(Body.of_markdown, check_body(form.text(field), limit))


async def edit_registration(request: Request) -> Response:
    """GET and POST /admin/registration: who may join, the application question, and applicants who
    wait or were denied.
    """

    def read(conn: Connection, context: PageContext) -> tuple[Page[Application], Page[Application]]:
        admin_of(context)
        return list_waiting(conn), list_denied(conn)

    context, (waiting, denied) = await read_page(request, read)
    site = context.site
    initial = {
        "registration": site.registration,
        "question": site.application_question,
        "requires_confirmed_email": "on" if site.requires_confirmed_email else "",
        "captcha_enabled": "on" if site.captcha_enabled else "",
        "captcha_difficulty": site.captcha_difficulty,
        "name_limit": str(site.name_limit),
        "member_invitations": str(site.member_invitations),
        "mails_applications": "on" if site.mails_applications else "",
    }
    form = await read_form(request, initial)
    if form.ready:
        with form.keeping():
            await context.instance.unit(lambda ctx: _save_registration(ctx, form))
            return see_other("/admin/registration", "site_saved")
    sends_mail = context.instance.settings.sends_mail
    values = {"form": form, "waiting": waiting, "denied": denied, "sends_mail": sends_mail}
    return form.answer(page(context, "admin_registration.html", values))


def _save_registration(ctx: Context, form: Form) -> None:
    checks = Checks()
    with checks:
        edit_site(
            ctx,
            registration=form.line("registration"),
            name_limit=_read_limit(form.line("name_limit")),
            member_invitations=count_in(form, "member_invitations"),
            mails_applications=form.checked("mails_applications"),
        )
    with checks, error_beside("question"):
        edit_welcome(ctx.conn, question=form.text("question"))
    with checks:
        edit_sign_up(
            ctx.conn,
            requires_confirmed_email=form.checked("requires_confirmed_email"),
            captcha_enabled=form.checked("captcha_enabled"),
            captcha_difficulty=form.line("captcha_difficulty") or None,
        )
    checks.finish()


async def decide(request: Request) -> Response:
    """POST /admin/applications: `decision` is approve or deny, `person` the applicant, `reason` why
    the application is denied.
    """
    sent = await receive(request)
    context = await context_of(request)
    by = admin_of(context).person
    person = number_in(sent.get("person", ""))
    if sent.get("decision") not in ("approve", "deny"):
        raise Conflict("no_decision", "Choose to approve or deny the application.")
    verdict = NewDecision(
        approved=sent["decision"] == "approve",
        reason=sent.get("reason", ""),
        sends_mail=context.instance.settings.sends_mail,
    )

    def work(ctx: Context) -> None:
        found = get_application(ctx.conn, person)
        decide_application(ctx, context.site, by, found, verdict)

    await context.instance.unit(work)
    notice = "application_approved" if verdict.approved else "application_denied"
    return see_other("/admin/registration", notice)
