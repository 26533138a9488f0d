"""The page on which a member imports settings from another server, and sees how far it is."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.offload import offload
from fedcom.personal.app_preferences import set_app_preferences, usable_preferences
from fedcom.personal.imports import (
    ImportProgress,
    begin_import,
    find_progress,
    read_settings,
)
from fedcom.rules.limits import MAX_SUMMARY, check_body
from fedcom.web.html.forms import read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.wire.body import Body


async def import_settings(request: Request) -> Response:
    """GET and POST /settings/import: a file of exported settings."""

    def read(conn: Connection, context: PageContext) -> ImportProgress:
        return find_progress(conn, member_of(context).person.id)

    context, progress = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(request, {"file": ""})
    if form.ready:
        with form.keeping("file"):
            content = form.files.get("file")
            if not content:
                raise Invalid("file_missing", "Choose a file first.")
            imported = await offload(read_settings, content)
            bio = None
            if imported.bio is not None:
                bio = await offload(Body.of_markdown, check_body(imported.bio, MAX_SUMMARY))

            def work(ctx: Context) -> None:
                begin_import(ctx, by, imported, bio)
                set_app_preferences(ctx.conn, by.id, usable_preferences(imported.settings))

            await context.instance.unit(work)
            return see_other("/settings/import", "import_begun")
    values = {"form": form, "progress": progress}
    return form.answer(page(context, "settings_import.html", values))
