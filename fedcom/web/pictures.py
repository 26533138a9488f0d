"""Picture uploads: for posts, texts and profiles; and the list of a member's own uploads."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.pictures import ChangePictures
from fedcom.context import Context
from fedcom.errors import Checks, Invalid
from fedcom.http.instance import instance_of
from fedcom.http.paging import row_in_query
from fedcom.http.problem import wants_page
from fedcom.media.picture import AVATAR, BANNER, POST, Size
from fedcom.media.pictures import too_big
from fedcom.media.records import media_url, name_in
from fedcom.models.actor import Community, Person
from fedcom.models.media import Purpose
from fedcom.models.post import Post
from fedcom.personal.uploads import (
    PAGE,
    begin_upload,
    delete_upload,
    finish_upload,
    is_upload,
    list_uploads_of,
)
from fedcom.rules.limits import check_alt
from fedcom.site.settings import set_banner, set_logo
from fedcom.web.communities import managed
from fedcom.web.html import i18n
from fedcom.web.html.forms import Form, error_beside, read_form, receive, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, admin_of, context_of, member_of, read_page
from fedcom.wire.illustration import Illustration

FIELDS = {"picture": "", "alt": "", "kept": "", "no_picture": "", "content_warning": ""}
"""The fields that `picture_fields.html` adds to the form of a post, and its content warning."""


async def take(
    request: Request, form: Form, field: str, by: Person, size: Size, purpose: Purpose = "upload"
) -> str | None:
    """The address of the picture chosen in `field`, stored now; None if none was chosen.

    Raises Invalid with a code that names the field, Denied and TooMany.
    """
    instance = instance_of(request)
    check_file(request, form, field)
    content = form.files.get(field)
    if not content:
        return None
    await instance.unit(lambda ctx: begin_upload(ctx, by))
    with error_beside(field):
        kept = await instance.pictures.keep(content, size)
    made = await instance.unit(lambda ctx: finish_upload(ctx, by, kept, purpose))
    return media_url(instance.settings.origin, made.name)


def check_file(request: Request, form: Form, field: str, *, required: bool = False) -> None:
    """What can be told of a chosen file before it is read. Raises Invalid with a code that names
    the field, also for none if it is `required`.
    """
    if field in form.too_big:
        raise too_big(field, instance_of(request).pictures.max_bytes)
    if required and not form.files.get(field):
        raise Invalid(f"{field}_missing", "Choose a picture first.")


async def take_illustration(
    request: Request, form: Form, by: Person, post: Post | None = None
) -> Illustration | None:
    """The picture of a post with its description: newly chosen, chosen before an error, or
    unchanged.

    The form remembers it in `kept`, so that it need not be chosen again. Raises like `take`.
    """
    checks = Checks()
    with checks:
        taken = await take(request, form, "picture", by, POST)
        if taken is not None:
            form.values["kept"] = taken
        elif form.checked("no_picture"):
            form.values["kept"] = ""
    kept = form.line("kept")
    with checks:
        alt = check_alt(form.line("alt"))
    checks.finish()
    if not kept or not await _may_show(request, kept, post):
        return None
    return Illustration(kept, alt)


async def _may_show(request: Request, url: str, post: Post | None) -> bool:
    """Whether the member uploaded it here, or the post already shows it."""
    if post is not None and url == post.image_url:
        return True
    instance = instance_of(request)
    name = name_in(instance.settings.origin, url)
    return await instance.read(lambda conn: is_upload(conn, name))


def values_of(post: Post) -> dict[str, str]:
    """The values of the picture fields when a post is edited."""
    return {
        **FIELDS,
        "alt": post.image_alt,
        "kept": post.image_url or "",
        "content_warning": post.content_warning,
    }


@dataclass(frozen=True, slots=True)
class Upload:
    """One picture in its owner's list."""

    name: str
    address: str
    thumbnail: str
    size: str
    markdown: str


async def upload(request: Request) -> Response:
    """GET and POST /upload: a picture for any text; responds with the Markdown that shows it.

    Our script asks for JSON.
    """
    context = await context_of(request)
    by = member_of(context).person
    form = await read_form(request, {"picture": "", "alt": ""})
    if form.ready and not wants_page(request):
        _, markdown = await _take_with_words(request, form, by, "picture", "alt")
        return JSONResponse({"markdown": markdown}, 201)
    if form.ready:
        with form.keeping():
            address, markdown = await _take_with_words(request, form, by, "picture", "alt")
            values = {"form": form, "address": address, "markdown": markdown}
            return page(context, "upload.html", values)
    values = {"form": form, "address": "", "markdown": ""}
    return form.answer(page(context, "upload.html", values))


TEXT_FIELDS = {"image": "", "image_alt": ""}
"""The fields that the macro `attach` adds to the form of a text."""


async def attach(request: Request, form: Form, by: Person) -> None:
    """Put the picture chosen beside the text `body` at its end, for browsers without our script.

    Raises like `take`, and Invalid("image_missing") if only the button `attach` was pressed.
    """
    if not (form.checked("attach") or "image" in form.files or "image" in form.too_big):
        return
    _, markdown = await _take_with_words(request, form, by, "image", "image_alt")
    form.values["body"] = f"{form.text('body').rstrip()}\n\n{markdown}".lstrip()
    form.values |= TEXT_FIELDS
    form.files.pop("image")


async def _take_with_words(
    request: Request, form: Form, by: Person, field: str, alt_field: str
) -> tuple[str, str]:
    """The address of the chosen picture, and the Markdown that shows it. Raises like `take`."""
    checks = Checks()
    with checks:
        check_file(request, form, field, required=True)
    with checks, error_beside(alt_field):
        alt = check_alt(form.line(alt_field))
    checks.finish()
    address = await take(request, form, field, by, POST) or ""
    return address, _markdown(address, alt)


def _markdown(address: str, alt: str) -> str:
    text = alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return f"![{text}]({address})"


async def list_mine(request: Request) -> Response:
    """GET /settings/uploads: all pictures that the member uploaded, with their Markdown."""
    before = row_in_query(request, "before")
    origin = instance_of(request).settings.origin

    def read(conn: Connection, context: PageContext) -> tuple[list[Upload], int]:
        found = list_uploads_of(conn, member_of(context).person, before)
        lines = [
            Upload(
                one.name,
                f"/media/{one.name}",
                f"/media/{one.thumbnail or one.name}",
                f"{one.width} × {one.height}, {i18n.size(one.bytes)}",  # noqa: RUF001 - the sign between sides
                _markdown(media_url(origin, one.name), ""),
            )
            for one in found
        ]
        return lines, found[-1].id if len(found) == PAGE else 0

    context, (lines, more) = await read_page(request, read)
    return page(context, "uploads.html", {"uploads": lines, "more": more})


async def delete_mine(request: Request) -> Response:
    """POST /settings/uploads/delete: delete the picture `name` everywhere."""
    sent = await receive(request)
    by = member_of(await context_of(request))
    instance = instance_of(request)
    name = sent.get("name", "")
    files = await instance.unit(
        lambda ctx: delete_upload(ctx, by.person, name, is_admin=by.account.is_admin)
    )
    for file in files:
        await asyncio.to_thread(instance.pictures.store.remove, file)
    return see_other("/settings/uploads", "upload_deleted")


_PROFILE_PICTURES = {"icon": "", "banner": "", "no_icon": "", "no_banner": ""}


async def edit_mine(request: Request) -> Response:
    """GET and POST /settings/pictures: the member's own avatar and banner."""
    context = await context_of(request)
    by = member_of(context).person
    return await _edit(context, by, by, "/settings/pictures")


async def edit_community(request: Request) -> Response:
    """GET and POST /c/{slug}/pictures: the community's, for its moderators."""
    context, _, community = await managed(request)
    by = member_of(context).person
    return await _edit(context, by, community, f"/c/{slug(community)}/edit")


async def _edit(
    context: PageContext, by: Person, subject: Person | Community, back: str
) -> Response:
    form = await read_form(context.request, _PROFILE_PICTURES)
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                icon = await take(context.request, form, "icon", by, AVATAR, "avatar")
            with checks:
                banner = await take(context.request, form, "banner", by, BANNER, "avatar")
            checks.finish()
            action = ChangePictures(
                by=by,
                subject=subject,
                icon_url=icon or (None if form.checked("no_icon") else subject.icon_url),
                image_url=banner or (None if form.checked("no_banner") else subject.image_url),
            )
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(back, "pictures_saved")
    values = {"form": form, "subject": subject, "back": back}
    return form.answer(page(context, "pictures.html", values))


async def edit_logo(request: Request) -> Response:
    """GET and POST /admin/logo: the logo and the banner of this server."""
    context = await context_of(request)
    by = admin_of(context).person
    form = await read_form(request, {"logo": "", "no_logo": "", "banner": "", "no_banner": ""})
    if form.ready:
        with form.keeping():
            origin, checks = context.instance.settings.origin, Checks()
            with checks:
                address = await take(request, form, "logo", by, AVATAR, "site")
            with checks:
                banner = await take(request, form, "banner", by, BANNER, "site")
            checks.finish()
            changes = [
                (set_logo, address, form.checked("no_logo")),
                (set_banner, banner, form.checked("no_banner")),
            ]
            if not any(url or is_gone for _, url, is_gone in changes):
                raise Invalid("logo_missing", "Choose a picture first.")

            def work(ctx: Context) -> None:
                for set_picture, url, is_gone in changes:
                    if url or is_gone:
                        set_picture(ctx.conn, name_in(origin, url), url)

            await context.instance.unit(work)
            return see_other("/admin/logo", "pictures_saved")
    return form.answer(page(context, "logo.html", {"form": form}))
