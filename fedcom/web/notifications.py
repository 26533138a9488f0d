"""Notifications: what a member is told, with a form to answer from, and that it was read."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.personal.notifications import read_kinds, read_one
from fedcom.queries.notifications import KINDS, Filter
from fedcom.views.notification import NotificationView, list_notifications
from fedcom.views.paging import Cursor, Page
from fedcom.web.html.forms import receive, safe_path, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import Visit, member_of, visit_of, visiting
from fedcom.web.places import number_in

PATH = "/notifications"


async def show(request: Request) -> Response:
    """GET /notifications: what is unread, or `?show=all`; `?kind=` for some of it."""
    only = _filter(request.query_params.get("kind", ""))
    everything = request.query_params.get("show") == "all"
    after = Cursor.of_id(number_in(request.query_params.get("before", "")))

    def read(conn: Connection, visit: Visit) -> Page[NotificationView]:
        by = member_of(request, visit).person
        return list_notifications(conn, by.id, only, unread=not everything, after=after)

    visit, notifications = await visiting(request, read)
    values = {"notifications": notifications, "only": only, "everything": everything}
    return page(request, "notifications.html", visit, values)


async def mark(request: Request) -> Response:
    """POST /notifications/read: the one that `number` names, or all of a `kind` up to `until`."""
    sent = await receive(request)
    by = member_of(request, await visit_of(request)).person
    number, until = number_in(sent.get("number", "")), number_in(sent.get("until", ""))
    kinds = KINDS[_filter(sent.get("kind", ""))]

    def work(ctx: Context) -> None:
        if number:
            read_one(ctx.conn, by.id, number, ctx.now)
        else:
            read_kinds(ctx.conn, by.id, kinds, until, ctx.now)

    await instance_of(request).unit(work)
    return see_other(safe_path(sent.get("back", ""), PATH))


def _filter(text: str) -> Filter:
    return text if text in KINDS else ""
