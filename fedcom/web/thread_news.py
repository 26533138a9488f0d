"""What a page asks for while it is open: whether a thread has got new comments."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.http.numbers import number_in, number_of
from fedcom.http.page_cache import SHARED, is_shareable
from fedcom.views.thread import count_new_comments
from fedcom.web.html.i18n import ngettext
from fedcom.web.html.request_context import PageContext, read_page


async def show(request: Request) -> Response:
    """GET /post/{number}/news?since=ID: how many comments after that one the viewer could read, and
    the words of a link that shows them.

    With an ETag that changes with the number alone, so that most of the answers are empty (304).
    """
    since = number_in(request.query_params.get("since", ""))

    def read(conn: Connection, context: PageContext) -> int:
        return count_new_comments(conn, number_of(request), since, viewer_id=context.viewer_id)

    context, count = await read_page(request, read)
    headers = {
        "Cache-Control": SHARED if is_shareable(request) else "private, no-cache",
        "ETag": f'W/"{count}-{context.language}"',
        "Vary": "Accept-Language, Cookie",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    said = ngettext("Show %(count)s new comment", "Show %(count)s new comments", count)
    return JSONResponse({"count": count, "text": said % {"count": count}}, headers=headers)
