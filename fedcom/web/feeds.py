"""The front page: posts of the communities one follows, of those that live here, or of all."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.queries.feed import Cursor, PostPage, Scope, Sort, Wanted, list_posts
from fedcom.queries.people import NOBODY
from fedcom.web.render import page
from fedcom.web.visits import Visit, visiting

SCOPES: tuple[Scope, ...] = ("subscribed", "local", "all")


def wanted(request: Request, scope: Scope, subject_id: int = NOBODY) -> Wanted:
    """The list that the query asks for: `sort` and `after`. Raises Invalid for a bad cursor."""
    sort: Sort = "new" if request.query_params.get("sort") == "new" else "hot"
    return Wanted(scope, sort, subject_id, after(request, sort))


def after(request: Request, sort: Sort) -> Cursor | None:
    """Where the query says that the list goes on. Raises Invalid for what no page gave."""
    text = request.query_params.get("after", "")
    return Cursor.read(text, sort) if text else None


async def show_front(request: Request) -> Response:
    """GET /: without a choice members see what they follow, or everything if that is empty."""
    asked = request.query_params.get("list", "")

    def read(conn: Connection, visit: Visit) -> tuple[Scope, PostPage]:
        if asked in SCOPES:
            return asked, list_posts(conn, wanted(request, asked), viewer_id=visit.viewer_id)
        if visit.member is not None:
            mine = list_posts(conn, wanted(request, "subscribed"), viewer_id=visit.viewer_id)
            if mine.lines:
                return "subscribed", mine
        return "all", list_posts(conn, wanted(request, "all"), viewer_id=visit.viewer_id)

    visit, (scope, posts) = await visiting(request, read)
    values = {"scope": scope, "sort": wanted(request, scope).sort, "posts": posts}
    return page(request, "front.html", visit, values)
