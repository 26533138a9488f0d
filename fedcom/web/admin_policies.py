"""The admin's pages about what is allowed here, who may read it, and the defaults of lists."""

from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.context import Context
from fedcom.errors import Checks, Invalid
from fedcom.http.numbers import number_in
from fedcom.models.site import Site
from fedcom.remote.peers import normalise_host
from fedcom.site.block_lists import ListedServer, list_cut_off
from fedcom.site.settings import (
    SiteChanges,
    edit_site,
    list_allowed_instances,
    list_blocked_urls,
    set_introductions,
)
from fedcom.web.html.forms import count_in, read_form, see_other
from fedcom.web.html.languages import language_fields, languages_in
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, read_page


async def edit_content(request: Request) -> Response:
    """GET and POST /admin/content: votes, sensitive content, words and links that are refused."""

    def read(conn: Connection, context: PageContext) -> list[str]:
        admin_of(context)
        return list_blocked_urls(conn)

    context, links = await read_page(request, read)
    site = context.site
    initial = {
        "downvotes": _box(site.downvotes),
        "nsfw": _box(site.nsfw),
        "content_warning": site.content_warning,
        "only_admins_create_communities": _box(site.only_admins_create_communities),
        "hides_moderators": _box(site.hides_moderators),
        "mails_reports": _box(site.mails_reports),
        "upload_quota": str(site.upload_quota),
        "slur_filter": site.slur_filter,
        "blocked_urls": "\n".join(links),
    }
    form = await read_form(request, initial)
    if form.ready:
        with form.keeping():
            changes = SiteChanges(
                downvotes=form.checked("downvotes"),
                nsfw=form.checked("nsfw"),
                content_warning=form.line("content_warning"),
                only_admins_create_communities=form.checked("only_admins_create_communities"),
                hides_moderators=form.checked("hides_moderators"),
                mails_reports=form.checked("mails_reports"),
                upload_quota=count_in(form, "upload_quota"),
                slur_filter=form.text("slur_filter"),
                blocked_urls=form.text("blocked_urls").splitlines(),
            )
            return await _save(context, changes, "/admin/content")
    values = {"form": form, "sends_mail": context.instance.settings.sends_mail}
    return form.answer(page(context, "admin_content.html", values))


async def edit_access(request: Request) -> Response:
    """GET and POST /admin/access: whether guests may read, and which servers it federates with."""

    def read(conn: Connection, context: PageContext) -> list[str]:
        admin_of(context)
        return list_allowed_instances(conn)

    context, hosts = await read_page(request, read)
    initial = {
        "private": _box(context.site.private),
        "federated": _box(context.site.federated),
        "no_search_engines": _box(not context.site.search_engines),
        "no_ai_crawlers": _box(not context.site.ai_crawlers),
        "host": "\n".join(hosts),
        "confirmed": "",
    }
    form = await read_form(request, initial)
    lost: tuple[ListedServer, ...] = ()
    if form.ready:
        with form.keeping():
            if form.checked("federated"):
                wanted = _hosts_in(form.text("host"))
                lost = await context.instance.read(lambda conn: list_cut_off(conn, wanted))
            if lost and not form.checked("confirmed"):
                raise Invalid("confirmed_missing", "Please confirm whom this cuts off.")
            changes = SiteChanges(
                private=form.checked("private"),
                federated=form.checked("federated"),
                search_engines=not form.checked("no_search_engines"),
                ai_crawlers=not form.checked("no_ai_crawlers"),
                allowed_instances=form.text("host").splitlines(),
            )
            return await _save(context, changes, "/admin/access")
    return form.answer(page(context, "admin_access.html", {"form": form, "lost": lost}))


_DEFAULTS = ("default_scope", "default_sort", "app_listing_mode", "app_theme")


async def edit_defaults(request: Request) -> Response:
    """GET and POST /admin/defaults: the front page of guests and new members; and for apps."""

    def read(_conn: Connection, context: PageContext) -> None:
        admin_of(context)

    context, _ = await read_page(request, read)
    form = await read_form(request, _defaults(context.site))
    if form.ready:
        with form.keeping():
            changes = SiteChanges(
                default_scope=form.line("default_scope"),
                default_sort=form.line("default_sort"),
                languages=languages_in(form),
                app_listing_mode=form.line("app_listing_mode"),
                app_theme=form.line("app_theme"),
                answers_apps_as_lemmy=form.checked("answers_apps_as_lemmy"),
            )
            introductions = _read_post(form.line("introductions"), context.site.origin)

            def work(ctx: Context) -> None:
                checks = Checks()
                with checks:
                    set_introductions(ctx.conn, introductions)
                with checks:
                    edit_site(ctx, **changes)
                checks.finish()

            await context.instance.unit(work)
            return see_other("/admin/defaults", "site_saved")
    return form.answer(page(context, "admin_defaults.html", {"form": form}))


def _defaults(site: Site) -> Mapping[str, str]:
    values: dict[str, str] = {name: getattr(site, name) for name in _DEFAULTS}
    values |= language_fields(site.languages)
    post = site.introductions_id
    values["introductions"] = f"{site.origin}/post/{post}" if post else ""
    return values | {"answers_apps_as_lemmy": _box(site.answers_apps_as_lemmy)}


def _read_post(address: str, origin: str) -> int | None:
    """The number of the post of ours at this address; None for an empty field, and 0, which no post
    has, for anything else.
    """
    if not address:
        return None
    _, is_post, number = address.removeprefix(origin).partition("/post/")
    is_ours = is_post and address.startswith((f"{origin}/post/", "/post/"))
    return number_in(number.partition("#")[0].partition("?")[0]) if is_ours else 0


def _hosts_in(text: str) -> set[str]:
    """The hosts in these lines; `edit_site` refuses those that are none."""
    found: set[str] = set()
    for line in text.splitlines():
        with suppress(Invalid):
            found.add(normalise_host(line))
    return found


async def _save(context: PageContext, changes: SiteChanges, back: str) -> Response:
    await context.instance.unit(lambda ctx: edit_site(ctx, **changes))
    return see_other(back, "site_saved")


def _box(on: bool) -> str:
    """The value of a ticked box, or of an empty one."""
    return "on" if on else ""
