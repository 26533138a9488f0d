"""Notifications: the list, with a form to reply from, and marking them as read."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.notices import moderation_notice
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.http.paging import row_in_query
from fedcom.models.notification import Filter
from fedcom.personal.notifications import read_kinds, read_one
from fedcom.queries.notifications import LISTS
from fedcom.views.notification import NotificationView, list_notifications
from fedcom.views.paging import Cursor, Page
from fedcom.web.html.forms import receive, safe_path, see_other
from fedcom.web.html.i18n import gettext
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page

PATH = "/notifications"


async def show(request: Request) -> Response:
    """GET /notifications: the unread ones, or all with `?show=all`; `?kind=` for one kind."""
    only = _filter(request.query_params.get("kind", ""))
    everything = request.query_params.get("show") == "all"
    after = Cursor.of_id(row_in_query(request, "before"))

    def read(conn: Connection, context: PageContext) -> Page[NotificationView]:
        by = member_of(context).person
        return list_notifications(conn, by.id, only, unread=not everything, after=after)

    context, notifications = await read_page(request, read)
    values = {
        "notifications": notifications,
        "only": only,
        "everything": everything,
        "notice_of": lambda item: moderation_notice(item, gettext),
    }
    return page(context, "notifications.html", values)


async def mark(request: Request) -> Response:
    """POST /notifications/read: the one with the id `number`, or all of a `kind` up to `until`."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    notification_id, until = number_in(sent.get("number", "")), number_in(sent.get("until", ""))
    kinds = LISTS[_filter(sent.get("kind", ""))]

    def work(ctx: Context) -> None:
        if notification_id:
            read_one(ctx.conn, by.id, notification_id, ctx.now)
        else:
            read_kinds(ctx.conn, by.id, kinds, until, ctx.now)

    await instance_of(request).unit(work)
    return see_other(safe_path(sent.get("back", ""), PATH))


def _filter(text: str) -> Filter:
    return next((name for name in LISTS if name == text), "")
