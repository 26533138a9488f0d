"""The admin's page about the pictures that members uploaded."""

import asyncio

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.http.instance import instance_of
from fedcom.http.paging import row_in_query
from fedcom.personal.uploads import delete_upload
from fedcom.views.paging import Cursor, Page
from fedcom.views.upload import SpaceUsed, UploadView, list_all_uploads, list_space_used
from fedcom.web.html.forms import receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from fedcom.web.html.routing import button_route, page_route

LARGEST = 10
"""The members whose use of space is shown."""


def routes() -> list[Route]:
    """The routes of the page and its buttons."""
    return [
        page_route("/admin/uploads", show),
        button_route("/admin/uploads/delete", delete),
    ]


async def show(request: Request) -> Response:
    """GET /admin/uploads: all uploads, newest first, and who takes up the most space."""
    after = row_in_query(request)

    def read(conn: Connection, context: PageContext) -> tuple[Page[UploadView], list[SpaceUsed]]:
        admin_of(context)
        found = list_all_uploads(conn, after=Cursor.of_id(after))
        return found, [] if after else list_space_used(conn, limit=LARGEST)

    context, (uploads, usage) = await read_page(request, read)
    return page(context, "admin_uploads.html", {"uploads": uploads, "usage": usage})


async def delete(request: Request) -> Response:
    """POST /admin/uploads/delete: delete the picture `name` everywhere."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    instance, name = instance_of(request), sent.get("name", "")
    files = await instance.unit(lambda ctx: delete_upload(ctx, by, name, is_admin=True))
    for file in files:
        await asyncio.to_thread(instance.pictures.store.remove, file)
    return see_other("/admin/uploads", "upload_deleted")
