"""The admin's pages about taglines and custom emoji."""

from typing import TypedDict

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Checks
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.media.picture import EMOJI
from fedcom.models.decoration import CustomEmoji, Tagline
from fedcom.offload import offload
from fedcom.queries.decoration import list_emoji, list_taglines
from fedcom.rules.limits import check_alt, check_display_name
from fedcom.site.decoration import (
    MAX_TAGLINES,
    check_keywords,
    check_shortcode,
    create_emoji,
    delete_emoji,
    edit_emoji,
    get_emoji,
    set_taglines,
)
from fedcom.web.html.forms import Form, error_beside, read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from fedcom.web.pictures import check_file, take
from fedcom.wire.body import Body

_EMOJI = {"shortcode": "", "picture": "", "alt": "", "category": "", "keywords": ""}


async def edit_taglines(request: Request) -> Response:
    """GET and POST /admin/taglines: one on each line."""

    def read(conn: Connection, context: PageContext) -> list[Tagline]:
        admin_of(context)
        return list_taglines(conn)

    context, found = await read_page(request, read)
    form = await read_form(request, {"body": "\n".join(one.source for one in found)})
    if form.ready:
        with form.keeping("body"):
            lines = [line for line in form.text("body").splitlines() if line.strip()]
            texts = await offload(_rendered, lines[: MAX_TAGLINES + 1])
            await context.instance.unit(lambda ctx: set_taglines(ctx, texts))
            return see_other("/admin/taglines", "site_saved")
    return form.answer(page(context, "admin_taglines.html", {"form": form}))


def _rendered(lines: list[str]) -> list[Body]:
    return [Body.of_markdown(line) for line in lines]


async def edit_all_emoji(request: Request) -> Response:
    """GET and POST /admin/emoji: all custom emoji, and a new one."""

    def read(conn: Connection, context: PageContext) -> list[CustomEmoji]:
        admin_of(context)
        return list_emoji(conn)

    context, found = await read_page(request, read)
    form = await read_form(request, _EMOJI)
    if form.ready:
        with form.keeping():
            by, checks = admin_of(context).person, Checks()
            with checks:
                shortcode = check_shortcode(form.line("shortcode"))
            with checks:
                check_file(request, form, "picture", required=True)
            with checks:
                words = _words(form)
            checks.finish()
            address = await take(request, form, "picture", by, EMOJI, "site") or ""
            await context.instance.unit(lambda ctx: create_emoji(ctx, shortcode, address, **words))
            return see_other("/admin/emoji", "emoji_saved")
    return form.answer(page(context, "admin_emoji.html", {"form": form, "emoji": found}))


async def edit_one_emoji(request: Request) -> Response:
    """GET and POST /admin/emoji/{number}: its picture, description, category and keywords."""
    number = request.path_params["number"]

    def read(conn: Connection, context: PageContext) -> CustomEmoji:
        admin_of(context)
        return get_emoji(conn, number)

    context, one = await read_page(request, read)
    initial = {"picture": "", "alt": one.alt, "category": one.category, "keywords": one.keywords}
    form = await read_form(request, initial)
    if form.ready:
        with form.keeping():
            by, checks = admin_of(context).person, Checks()
            with checks:
                check_file(request, form, "picture")
            with checks:
                words = _words(form)
            checks.finish()
            address = await take(request, form, "picture", by, EMOJI, "site") or one.image_url
            await context.instance.unit(lambda ctx: edit_emoji(ctx, number, address, **words))
            return see_other("/admin/emoji", "emoji_saved")
    return form.answer(page(context, "admin_emoji_edit.html", {"form": form, "one": one}))


async def remove_emoji(request: Request) -> Response:
    """POST /admin/emoji/remove: delete the emoji with the row id `emoji`."""
    sent = await receive(request)
    admin_of(await context_of(request))
    number = number_in(sent.get("emoji", ""))
    await instance_of(request).unit(lambda ctx: delete_emoji(ctx, number))
    return see_other("/admin/emoji", "emoji_deleted")


class _Words(TypedDict):
    alt: str
    category: str
    keywords: list[str]


def _words(form: Form) -> _Words:
    """Raises Invalid, with all errors."""
    checks, keywords = Checks(), form.line("keywords").replace(",", " ").split()
    with checks:
        alt = check_alt(form.line("alt"))
    with checks, error_beside("category"):
        category = check_display_name(form.line("category"))
    with checks:
        check_keywords(keywords)
    checks.finish()
    return {"alt": alt, "category": category, "keywords": keywords}
