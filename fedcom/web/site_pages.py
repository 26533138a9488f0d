"""The admins' texts about this server: their pages, and the forms in which admins write them."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.errors import Invalid
from fedcom.http.cookies import set_host_cookie
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.models.site import Site
from fedcom.offload import offload
from fedcom.rules.limits import check_body
from fedcom.rules.time_zones import to_zone
from fedcom.site.announcement import MAX_ANNOUNCEMENT, dismiss_announcement, set_announcement
from fedcom.site.pages import MAX_PAGE, NAMES, edit_page, find_written, get_page
from fedcom.web.html.forms import Form, error_beside, read_form, receive, safe_path, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import (
    ANNOUNCEMENT_COOKIE,
    PageContext,
    admin_of,
    context_of,
    read_page,
)
from fedcom.web.html.routing import button_route, form_route, page_route, shared_route
from fedcom.wire.body import Body

DISMISSED_FOR = timedelta(days=365)
"""How long a guest's browser keeps that an announcement was dismissed."""


def routes() -> list[Route]:
    """The routes of the pages and their forms."""
    return [
        *(shared_route(f"/{name}", show) for name in NAMES),
        page_route("/admin/pages", list_all),
        form_route("/admin/pages/{name}", edit),
        form_route("/admin/announcement", announce),
        button_route("/announcement/dismiss", dismiss),
    ]


async def show(request: Request) -> Response:
    """GET /about, /privacy, /contact, /legal: the admins' text, if they wrote one."""
    name = request.url.path.removeprefix("/")
    context, text = await read_page(request, lambda conn, _context: get_page(conn, name))
    if not text.html:
        raise HTTPException(404)
    return page(context, "site_page.html", {"name": name, "text": text})


async def list_all(request: Request) -> Response:
    """GET /admin/pages: the pages, and which of them have a text."""

    def read(conn: Connection, context: PageContext) -> frozenset[str]:
        admin_of(context)
        return find_written(conn)

    context, written = await read_page(request, read)
    return page(context, "admin_pages.html", {"names": NAMES, "written": written})


async def edit(request: Request) -> Response:
    """GET and POST /admin/pages/{name}; `preview` shows the text without saving it."""
    name = request.path_params["name"]

    def read(conn: Connection, context: PageContext) -> Body:
        admin_of(context)
        return get_page(conn, name)

    context, before = await read_page(request, read)
    form, preview = await read_form(request, {"body": before.source}), ""
    if form.ready:
        with form.keeping():
            text = await _rendered(form, MAX_PAGE)
            if not form.checked("preview"):
                await context.instance.unit(lambda ctx: edit_page(ctx, name, text))
                return see_other("/admin/pages", "site_saved")
            preview = text.html
    values = {"form": form, "name": name, "preview": preview}
    return form.answer(page(context, "admin_page.html", values))


async def announce(request: Request) -> Response:
    """GET and POST /admin/announcement: the text, and the last day on which it is shown, in the
    admin's time zone.
    """
    context = await context_of(request)
    admin_of(context)
    form, preview = await read_form(request, _announcement(context.site, to_zone(context.zone))), ""
    if form.ready:
        with form.keeping():
            text = await _rendered(form, MAX_ANNOUNCEMENT)
            until = _end_of(form.line("until"), to_zone(context.zone))
            if not form.checked("preview"):
                await context.instance.unit(lambda ctx: set_announcement(ctx, text, until))
                return see_other("/admin/announcement", "site_saved")
            preview = text.html
    values = {"form": form, "preview": preview}
    return form.answer(page(context, "admin_announcement.html", values))


async def dismiss(request: Request) -> Response:
    """POST /announcement/dismiss: `number` is the announcement's, `back` the page to return to."""
    sent = await receive(request)
    context, number = await context_of(request), number_in(sent.get("number", ""))
    response = see_other(safe_path(sent.get("back", "")))
    member = context.member
    if member is None:
        settings = instance_of(request).settings
        shown = min(number, context.site.announcement_number)
        set_host_cookie(response, settings, ANNOUNCEMENT_COOKIE, str(shown), kept=DISMISSED_FOR)
    else:
        await context.instance.unit(
            lambda ctx: dismiss_announcement(ctx.conn, member.person.id, number)
        )
    return response


def _announcement(site: Site, zone: tzinfo) -> dict[str, str]:
    until = site.announcement_until
    last = "" if until is None else _last_day(until, zone).isoformat()
    return {"body": site.announcement_source, "until": last}


def _last_day(until: datetime, zone: tzinfo) -> date:
    """The last day that begins before this moment."""
    return (until.astimezone(zone) - timedelta(microseconds=1)).date()


def _end_of(day: str, zone: tzinfo) -> datetime | None:
    """The end of this day, as browsers send it: 2026-11-30; None for an empty field."""
    if not day:
        return None
    try:
        last = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("until_unknown", "Enter a date such as 2026-12-31.") from None


async def _rendered(form: Form, limit: int) -> Body:
    with error_beside("body"):
        return await offload(Body.of_markdown, check_body(form.text("body"), limit))
